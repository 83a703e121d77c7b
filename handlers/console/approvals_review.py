"""The materials of one approval, one after the other beside those of an earlier case, with a verdict on each; and the
one notice of all that is lacking, as the resident will read it."""

from typing import Any

import msgspec
from msgspec import Struct

from handlers.base import RouteNotFound, allow
from handlers.console import case as case_page
from handlers.console.approvals import LIST, address
from handlers.console.case import Problem
from handlers.page import Goto, Page, Shown
from schemas.approvals import MaterialShown, ReuseView
from schemas.attachments import AttachmentView
from schemas.cases import CaseView
from schemas.common import View
from server import attachments, cases
from server.approvals import desk
from server.cases import Case, CaseNotFound
from server.config import Settings
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError
from server.sessions import Actor

ACTIONS = frozenset({"take_up", "judge", "supplement", "allow_second", "accept", "grant_now"})
_SHOWN = frozenset({403, 404, 409, 422})
_KEYS = {"fine": "1", "unclear": "2", "missing": "3", "wrong": "4"}


class Sheet(Struct, frozen=True):
    """A material as it lies on the desk: its photos, and beside them those of an earlier case."""

    material: MaterialShown
    photos: list[AttachmentView]
    earlier: ReuseView | None
    before: list[AttachmentView]


class Done(View, frozen=True):
    """What is remembered of an act, and where it leads."""

    text: str
    url: str


async def picture(
    reader: Reader, case_no: str, actor: Actor, problem: Problem, rules: Settings
) -> dict[str, Any]:
    """What the page is filled with. Raises CaseNotFound, also for what is no approval."""
    case = await cases.find(reader, case_no, actor)
    if case.kind != desk.KIND:
        raise CaseNotFound
    view = cases.view(reader, case, actor)
    sheets = await sheets_of(reader, case, view, rules)
    may = {one.name for one in view.actions}
    return {
        "case": view,
        "it": view.details,
        "sheets": sheets,
        "verdicts": desk.verdicts(),
        "keys": _KEYS,
        "may": may,
        "letter": desk.letter(reader, case),
        "seen": sum(one.material.verdict != "pending" for one in sheets),
        "problem": problem,
    }


async def sheets_of(reader: Reader, case: Case, view: CaseView, rules: Settings) -> list[Sheet]:
    """Those that apply, or were handed in all the same."""
    shown = msgspec.convert(view.details["materials"], list[MaterialShown])
    materials = [one for one in shown if one.applies or one.files or one.paper]
    earlier = {one.key: one for one in (await desk.reuses(reader, case)).items}
    ids = {name for one in materials for name in one.files} | {
        name for one in earlier.values() for name in one.files
    }
    known = await attachments.views(reader, sorted(ids), rules)

    def pictures(names: list[str]) -> list[AttachmentView]:
        return [known[one] for one in names if one in known]

    found = []
    for one in materials:
        before = earlier.get(one.key)
        found.append(Sheet(one, pictures(one.files), before, pictures(before.files) if before else []))
    return found


class Review(Page):
    path = "/console/approvals/{case_no}"

    @allow("staff")
    async def get(self, case_no: str) -> Shown:
        """The materials of a case."""
        house = self.building
        facts = await house.db.reading(
            lambda reader: picture(reader, case_no, self.actor, Problem(), house.settings)
        )
        whose = facts["case"].resident
        await self.saw("cases.open", case_no, whose.id if whose else None)
        return Shown("console/approvals_review.html", facts | {"flash": self.flashed()})


class Act(Page):
    path = "/console/approvals/{case_no}/{action}"

    @allow("staff")
    async def get(self, case_no: str, action: str) -> Goto:
        """The address of a form that was sent, typed again: nothing is done by looking."""
        return Goto(address(case_no))

    @allow("staff")
    async def post(self, case_no: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """A verdict, or what follows from all of them; sent twice it is done once."""
        if action not in ACTIONS:
            raise RouteNotFound
        try:
            answer = await self.once(lambda tx: self._done(tx, case_no, action, form), lanes=[case_no])
        except HoelunError as error:
            if error.status not in _SHOWN:
                raise
            await self.note_refusal(error)
            return await self._again(case_no, action, form, error)
        done = msgspec.json.decode(answer.body, type=Done)
        self.flash(done.text)
        return Goto(done.url)

    async def _done(self, tx: Tx, case_no: str, action: str, form: dict[str, str]) -> Done:
        body = {name: text.strip().replace("\r\n", "\n") for name, text in form.items() if text.strip()}
        version = body.pop("version", "")
        seen = {"version": int(version)} if version.isascii() and version.isdigit() else {}
        moved = await cases.move(
            tx, case_no, action, body | seen, self.actor, self.channel, self.building.settings
        )
        if not cases.parts(self.actor, moved):
            return Done("已办好", LIST)
        text = f"已办好：{cases.kind_of(moved).flow.actions[action].text}"
        if action == "judge":
            return Done(text, f"{address(case_no)}#{_next(tx, moved, self.actor, form.get('key', ''))}")
        here = address(case_no) if moved.state in desk.REVIEWED else case_page.address(case_no)
        return Done(text, here)

    async def _again(self, case_no: str, action: str, form: dict[str, str], error: HoelunError) -> Shown:
        """The page as it is now, with what went wrong. Raises CaseNotFound for what is not theirs."""
        problem = Problem(action, error.message, form)
        facts = await self.building.db.reading(
            lambda reader: picture(reader, case_no, self.actor, problem, self.building.settings)
        )
        return Shown("console/approvals_review.html", facts | {"flash": ""}, error.status)


def _next(reader: Reader, case: Case, actor: Actor, key: str) -> str:
    """The next that nobody has looked at yet, from this one on and then from the first; else what to do now."""
    shown = msgspec.convert(cases.view(reader, case, actor).details["materials"], list[MaterialShown])
    order = [one for one in shown if one.applies or one.files or one.paper]
    here = next((index for index, one in enumerate(order) if one.key == key), -1)
    left = [one for one in [*order[here + 1 :], *order[: here + 1]] if one.verdict == "pending"]
    return f"m-{left[0].key}" if left else "what-now"
