"""Internal notes on a case, for the staff only."""

from handlers.base import Answer, Endpoint, allow
from schemas.notes import FindNotes, NewNote, NotesView, NoteView
from server import cases, notes
from server.kit.db import Reader, Tx

TITLE = "内部备注"


class Notes(Endpoint):
    path = "/v1/cases/{case_no}/notes"

    @allow("staff")
    async def get(self, case_no: str, query: FindNotes) -> NotesView:
        """What the staff have noted on this case, newest first."""

        async def seen(reader: Reader) -> NotesView:
            case = await cases.find(reader, case_no, self.actor)
            return await notes.listed(reader, case, self.actor, cursor=query.cursor, limit=query.limit)

        return await self.building.db.reading(seen)

    @allow("staff", status=201)
    async def post(self, case_no: str, wanted: NewNote) -> Answer[NoteView]:
        """Note something for colleagues; the resident never sees it."""

        async def written(tx: Tx) -> NoteView:
            case = await cases.find(tx, case_no, self.actor)
            return notes.view(await notes.write(tx, case, self.actor, wanted), self.actor)

        return await self.once(written, status=201)
