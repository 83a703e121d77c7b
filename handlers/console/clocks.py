"""The clocks on a case's page: paused with a reason that the resident reads, and let run again."""

from typing import Any

from handlers.base import allow
from handlers.console import case
from handlers.page import Goto, Page, Shown
from schemas.clocks import ClocksView, PauseClock, ResumeClock
from server import clocks
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError


class CaseClock(Page):
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
            if error.status not in (403, 404, 409, 422):
                raise
            await self.note_refusal(error)
            return await self._again(case_no, name, form, error)
        self.flash("已暂停计时" if "reason" in form else "已恢复计时")
        return Goto(case.address(case_no))

    async def _do(self, case_no: str, name: str, form: dict[str, str]) -> None:
        pausing = "reason" in form
        wanted = case.read_as({one: form[one].strip() for one in form}, PauseClock) if pausing else None

        async def done(tx: Tx) -> ClocksView:
            if wanted is not None:
                return await clocks.pause_by_hand(tx, case_no, name, wanted, self.actor, self.channel)
            return await clocks.resume_by_hand(tx, case_no, name, ResumeClock(), self.actor, self.channel)

        await self.once(done, lanes=[case_no])

    async def _again(self, case_no: str, name: str, form: dict[str, str], error: HoelunError) -> Shown:
        """The page as it is now, with what went wrong. Raises CaseNotFound for what is not theirs."""
        message = "请写明原因，200 字以内" if error.status == 422 else error.message
        problem = case.Problem(f"clock-{name}", message, form)

        async def seen(reader: Reader) -> dict[str, Any]:
            return await case.picture(reader, case_no, self.actor, problem, self.building.settings)

        facts = await self.building.db.reading(seen)
        return Shown("console/case.html", facts | {"flash": ""}, error.status)
