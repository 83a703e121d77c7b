"""Internal notes on a case's page."""

from typing import Any

from handlers.base import allow
from handlers.console import case
from handlers.page import Goto, Page, Shown
from schemas.common import Nothing
from schemas.notes import NewNote
from server import cases, notes
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError


class CaseNotes(Page):
    path = "/console/cases/{case_no}/notes"

    @allow("staff")
    async def get(self, case_no: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(f"{case.address(case_no)}#notes")

    @allow("staff")
    async def post(self, case_no: str, form: dict[str, str]) -> Shown | Goto:
        """Note something for colleagues; sent twice it is noted once."""
        try:
            await self._write(case_no, form)
        except HoelunError as error:
            if error.status not in (403, 404, 422):
                raise
            return await self._again(case_no, form, error)
        self.flash("已记下，居民看不到")
        return Goto(f"{case.address(case_no)}#notes")

    async def _write(self, case_no: str, form: dict[str, str]) -> None:
        text = form.get("text", "").replace("\r\n", "\n").strip()
        if not text:
            raise notes.NoteEmpty
        wanted = case.read_as({"text": text, "street_only": "street_only" in form}, NewNote)

        async def written(tx: Tx) -> Nothing:
            found = await cases.find(tx, case_no, self.actor)
            await notes.write(tx, found, self.actor, wanted)
            return Nothing()

        await self.once(written)

    async def _again(self, case_no: str, form: dict[str, str], error: HoelunError) -> Shown:
        await self.note_refusal(error)
        message = "请写短一些，500 字以内" if error.code == "invalid" else error.message
        problem = case.Problem("notes", message, form)

        async def seen(reader: Reader) -> dict[str, Any]:
            return await case.picture(reader, case_no, self.actor, problem, self.building.settings)

        facts = await self.building.db.reading(seen)
        return Shown("console/case.html", facts | {"flash": ""}, error.status)
