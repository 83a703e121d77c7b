"""The conversation on a case's page: what was said, a form to answer, and files for it or for a proof of work."""

from typing import Any

from tornado.web import stream_request_body

from handlers.base import allow
from handlers.console import case
from handlers.page import Goto, Page, Shown
from handlers.uploads import Upload
from schemas.common import Nothing
from schemas.talks import NewTalk
from server import cases, talks
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError
from server.kit.multipart import FormBroken

_TICKED = "attachments:"


class CaseTalk(Page):
    path = "/console/cases/{case_no}/messages"

    @allow("staff")
    async def get(self, case_no: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(case.address(case_no))

    @allow("staff")
    async def post(self, case_no: str, form: dict[str, str]) -> Shown | Goto:
        """Say something to the resident; sent twice it is said once."""
        try:
            await self._say(case_no, form)
        except HoelunError as error:
            if error.status not in (404, 409, 422):
                raise
            await self.note_refusal(error)
            return await self._again(case_no, form, error)
        self.flash("已发给居民")
        return Goto(f"{case.address(case_no)}#talk")

    async def _say(self, case_no: str, form: dict[str, str]) -> None:
        said = self.read_form(form)

        async def told(tx: Tx) -> Nothing:
            found = await cases.find(tx, case_no, self.actor)
            await talks.say(tx, found, self.actor, said, self.channel)
            return Nothing()

        await self.once(told, lanes=[f"talks-{case_no}"])
        self.building.unread.changed(case_no)

    def read_form(self, form: dict[str, str]) -> NewTalk:
        """Raises Invalid."""
        ids = [name.removeprefix(_TICKED) for name in form if name.startswith(_TICKED)]
        text = form.get("text", "").replace("\r\n", "\n")
        return case.read_as({"text": text, "attachments": ids}, NewTalk)

    async def _again(self, case_no: str, form: dict[str, str], error: HoelunError) -> Shown:
        problem = case.Problem("messages", error.message, form)

        async def seen(reader: Reader) -> dict[str, Any]:
            return await case.picture(reader, case_no, self.actor, problem, self.building.settings)

        facts = await self.building.db.reading(seen)
        return Shown("console/case.html", facts | {"flash": ""}, error.status)


@stream_request_body
class CaseFiles(Upload, Page):
    path = "/console/cases/{case_no}/attachments"

    @allow("staff")
    async def get(self, case_no: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(case.address(case_no))

    @allow("staff")
    async def post(self, case_no: str) -> Goto:
        """Send a photo or a PDF from the page; it then waits there to be sent or to prove work."""
        if self.form_of is not None and not self.form_of.has_file:
            self.refusal = self.refusal or FormBroken("请先选一张照片或一个文件")
        async with self.taken_in() as arrival:

            async def kept(tx: Tx) -> Nothing:
                await self.keep_file(tx, case_no, arrival)
                return Nothing()

            arrival.kept = not (await self.once(kept)).replayed
        self.flash("文件已传好，请接着发送或提交")
        return Goto(f"{case.address(case_no)}#talk")
