"""Asking a colleague to do one's steps while one is away, and taking it back; nobody can be sent on another's behalf."""

from typing import Any

from handlers.base import allow
from handlers.console.approvals import LIST, may_supervise
from handlers.console.case import moment_of, read_as
from handlers.page import Goto, Page, Shown
from schemas.approvals import DelegationView, NewDelegation
from schemas.common import Nothing
from server.approvals import delegations, desk
from server.kit.clock import SHANGHAI
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError, Invalid

HERE = f"{LIST}/delegations"
_SHOWN = frozenset({404, 409, 422})
_HINTS = {
    "deputy_id": "请选一位同事",
    "from": "请选从什么时候开始",
    "until": "请选到什么时候为止，要在开始之后",
    "reason": "请写明原因，100 字以内",
}


class Delegations(Page):
    path = HERE

    @allow(*sorted(delegations.ROLES))
    async def get(self) -> Shown:
        """What I gave and what I was given."""
        facts = await self.building.db.reading(lambda reader: self._facts(reader, {}, ""))
        return Shown("console/approvals_away.html", facts | {"flash": self.flashed()})

    @allow(*sorted(delegations.ROLES))
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """Ask a colleague; sent twice it is done once."""
        rules, actor = self.building.settings, self.actor
        body: dict[str, Any] = {name: text.strip() for name, text in form.items()}
        for name in ("from", "until"):
            body[name] = moment_of(body.get(name, ""))

        async def given(tx: Tx) -> DelegationView:
            return await delegations.give(tx, actor, read_as(body, NewDelegation), rules)

        try:
            await self.once(given)
        except HoelunError as error:
            if error.status not in _SHOWN:
                raise
            await self.note_refusal(error)
            message = (
                _HINTS.get(error.field or "", error.message) if type(error) is Invalid else error.message
            )
            facts = await self.building.db.reading(lambda reader: self._facts(reader, form, message))
            return Shown("console/approvals_away.html", facts | {"flash": ""}, error.status)
        self.flash("已经请同事代办，到时对方就能办您的步骤")
        return Goto(HERE)

    async def _facts(self, reader: Reader, given: dict[str, str], problem: str) -> dict[str, Any]:
        return {
            "found": await delegations.listed(reader, self.actor),
            "colleagues": desk.deputies(reader, self.actor),
            "given": given,
            "problem": problem,
            "earliest": f"{reader.now.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}",
            "supervises": may_supervise(self.actor),
        }


class Revoke(Page):
    path = f"{HERE}/{{delegation_id}}"

    @allow(*sorted(delegations.ROLES))
    async def get(self, delegation_id: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(HERE)

    @allow(*sorted(delegations.ROLES))
    async def post(self, delegation_id: str, form: dict[str, str]) -> Goto:
        """Take back what I gave; what has been taken back stays so."""

        async def revoked(tx: Tx) -> Nothing:
            await delegations.revoke(tx, self.actor, delegation_id)
            return Nothing()

        await self.once(revoked)
        self.flash("已收回，同事不再能办您的步骤")
        return Goto(HERE)
