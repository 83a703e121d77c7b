"""The clocks on a case's page: paused with a reason that the resident reads, let run again, extended by two."""

from typing import Any

from handlers.base import RouteNotFound, allow
from handlers.console import case
from handlers.console.case import read_as
from handlers.page import Goto, Page, Shown
from schemas.clocks import AllowExtension, AskExtension, ClocksView, PauseClock, RefuseExtension, ResumeClock
from server import clocks
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError

_SHOWN = frozenset({403, 404, 409, 422})
_DONE = {"ask": "已申请，等另一位同事批准", "allow": "已同意延长", "refuse": "没有同意延长"}


class ClockPage(Page):
    """A form on the case's page that changes one of its clocks."""

    async def refused(self, case_no: str, name: str, form: dict[str, str], error: HoelunError) -> Shown:
        """The page as it is now, with what went wrong. Raises CaseNotFound for what is not theirs."""
        if error.status not in _SHOWN:
            raise error
        await self.note_refusal(error)
        message = "请写明原因，200 字以内" if error.code == "invalid" else error.message
        problem = case.Problem(f"clock-{name}", message, form)

        async def seen(reader: Reader) -> dict[str, Any]:
            return await case.picture(reader, case_no, self.actor, problem, self.building.settings)

        facts = await self.building.db.reading(seen)
        return Shown("console/case.html", facts | {"flash": ""}, error.status)


class CaseClock(ClockPage):
    path = "/console/cases/{case_no}/clocks/{name}"

    @allow("staff")
    async def get(self, case_no: str, name: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(case.address(case_no))

    @allow("staff")
    async def post(self, case_no: str, name: str, form: dict[str, str]) -> Shown | Goto:
        """Pause, or with nothing filled in resume; sent twice it is done once."""
        try:
            await self._do(case_no, name, form)
        except HoelunError as error:
            return await self.refused(case_no, name, form, error)
        self.flash("已暂停计时" if "reason" in form else "已恢复计时")
        return Goto(case.address(case_no))

    async def _do(self, case_no: str, name: str, form: dict[str, str]) -> None:
        wanted = read_as(_stripped(form), PauseClock) if "reason" in form else None

        async def done(tx: Tx) -> ClocksView:
            if wanted is not None:
                return await clocks.pause_by_hand(tx, case_no, name, wanted, self.actor, self.channel)
            return await clocks.resume_by_hand(tx, case_no, name, ResumeClock(), self.actor, self.channel)

        await self.once(done, lanes=[case_no])


class ClockExtension(ClockPage):
    path = "/console/cases/{case_no}/clocks/{name}/{step}"

    @allow("staff")
    async def get(self, case_no: str, name: str, step: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(case.address(case_no))

    @allow("staff")
    async def post(self, case_no: str, name: str, step: str, form: dict[str, str]) -> Shown | Goto:
        """Ask for more time, or allow or refuse what a colleague has asked for."""
        if step not in _DONE:
            raise RouteNotFound
        try:
            await self._do(case_no, name, step, _stripped(form))
        except HoelunError as error:
            return await self.refused(case_no, name, form, error)
        self.flash(_DONE[step])
        return Goto(case.address(case_no))

    async def _do(self, case_no: str, name: str, step: str, form: dict[str, str]) -> None:
        rules, actor, channel = self.building.settings, self.actor, self.channel

        async def done(tx: Tx) -> ClocksView:
            match step:
                case "ask":
                    asked = read_as(form | {"amount": _number(form)}, AskExtension)
                    return await clocks.ask_extension(tx, case_no, name, asked, actor, channel, rules)
                case "allow":
                    return await clocks.allow_extension(tx, case_no, name, AllowExtension(), actor, channel)
            refused = read_as(form, RefuseExtension)
            return await clocks.refuse_extension(tx, case_no, name, refused, actor, channel)

        await self.once(done, lanes=[case_no])


def _stripped(form: dict[str, str]) -> dict[str, str]:
    return {name: text.strip() for name, text in form.items()}


def _number(form: dict[str, str]) -> int | str:
    amount = form.get("amount", "")
    return int(amount) if amount.isdecimal() and len(amount) < 4 else amount
