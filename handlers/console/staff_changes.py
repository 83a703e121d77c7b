"""Changes of roles that wait for another administrator, and those that were answered."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.console.case import read_as
from handlers.console.providers import Done, Refused
from handlers.page import Goto, Page, Shown
from schemas.staff import DeclineProposal
from server import role_changes, staff
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError
from server.role_changes import Line, Proposal, ProposalNotFound
from server.sessions import Actor

CHANGES = role_changes.PAGE


class Look(Struct, frozen=True):
    """Those that wait, or all of them."""

    all: bool = False
    cursor: str | None = None

    def address(self, cursor: str = "") -> str:
        wanted = {"all": "true" if self.all else "", "cursor": cursor}
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"{CHANGES}?{query}" if query else CHANGES


class Card(Struct, frozen=True):
    """A proposal as it is shown."""

    row: Proposal
    about: str
    lines: list[Line]
    touched: list[str]
    by: str
    decided_by: str
    can_answer: bool
    own: bool
    stuck: bool


def card(reader: Reader, row: Proposal, actor: Actor) -> Card:
    return Card(
        row=row,
        about=role_changes.about(reader, row),
        lines=role_changes.diff(reader, row),
        touched=role_changes.touched(reader, row),
        by=staff.name_of(reader, row.by),
        decided_by=staff.name_of(reader, row.decided_by) if row.decided_by else "",
        can_answer=role_changes.may_answer(reader, row, actor.id),
        own=row.by == actor.id,
        stuck=role_changes.nobody_can_answer(reader, row),
    )


async def picture(page: Page, look: Look, refused: Refused) -> dict[str, Any]:
    """What the page is filled with. Raises BadCursor."""

    async def seen(reader: Reader) -> dict[str, Any]:
        state: Any = None if look.all else "open"
        found = await role_changes.listed(reader, state, look.cursor, 20)
        return {
            "look": look,
            "cards": [card(reader, one, page.actor) for one in found.items],
            "next": found.next,
            "states": role_changes.STATES,
            "tones": role_changes.TONES,
            "refused": refused,
        }

    return await page.building.db.reading(seen)


class RoleChanges(Page):
    path = CHANGES
    under = "/console/staff"

    @allow("admin")
    async def get(self, query: Look) -> Shown:
        """What waits for a second administrator."""
        facts = await picture(self, query, Refused())
        return Shown("console/staff_changes.html", facts | {"flash": self.flashed()})


Deed = Callable[["RoleChangeAct", Tx, str, dict[str, str]], Awaitable[str]]


class RoleChangeAct(Page):
    path = CHANGES + "/{proposal_id}/{action}"

    @allow("admin")
    async def get(self, proposal_id: str, action: str) -> Goto:
        """The address of a form that was sent, typed again: nothing is done by looking."""
        return Goto(CHANGES)

    @allow("admin")
    async def post(self, proposal_id: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Approve, decline with a reason, or withdraw one's own; sent twice it is done once."""
        deed = DEEDS.get(action)
        if deed is None:
            raise ProposalNotFound

        async def done(tx: Tx) -> Done:
            return Done(await deed(self, tx, proposal_id, form))

        try:
            answer = await self.once(done)
        except HoelunError as error:
            if error.status not in (403, 409, 422):
                raise
            await self.note_refusal(error)
            facts = await picture(self, Look(), Refused(proposal_id, error.message, form))
            return Shown("console/staff_changes.html", facts | {"flash": ""}, error.status)
        self.flash(msgspec.json.decode(answer.body, type=Done).text)
        return Goto(CHANGES)


async def _approve(page: RoleChangeAct, tx: Tx, proposal_id: str, form: dict[str, str]) -> str:
    await role_changes.approve(tx, proposal_id, page.actor)
    return "已同意，马上生效"


async def _decline(page: RoleChangeAct, tx: Tx, proposal_id: str, form: dict[str, str]) -> str:
    reason = read_as({"reason": form.get("reason", "").strip()}, DeclineProposal).reason
    await role_changes.decline(tx, proposal_id, reason, page.actor)
    return "已告诉提出的人：不同意"


async def _withdraw(page: RoleChangeAct, tx: Tx, proposal_id: str, form: dict[str, str]) -> str:
    await role_changes.withdraw(tx, proposal_id, page.actor)
    return "已撤回"


DEEDS: dict[str, Deed] = {"approve": _approve, "decline": _decline, "withdraw": _withdraw}
