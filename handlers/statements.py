"""Points by month: the months, a month's statement as view, PDF and table; and one entry, opened."""

from handlers.base import Answer, Endpoint, allow
from schemas.documents import SlipView
from schemas.statements import (
    AskStatement,
    FindMonths,
    FindStatement,
    OpenedEntryView,
    PointsMonthsView,
    StatementView,
)
from server import documents, points, statements
from server.kit.db import Reader, Tx

TITLE = "积分对账单"


class Months(Endpoint):
    path = "/v1/points/months"

    @allow("resident")
    async def get(self, query: FindMonths) -> PointsMonthsView:
        """What was earned, used and lost in each month; the newest first."""

        async def seen(reader: Reader) -> PointsMonthsView:
            whose = await points.views.whose(reader, self.actor, query.resident_id, self.on_behalf_of)
            return await statements.listed(reader, whose, query.cursor, query.limit)

        return await self.building.db.reading(seen)


class Entry(Endpoint):
    path = "/v1/points/entries/{seq}"

    @allow("resident")
    async def get(self, seq: str, query: FindStatement) -> OpenedEntryView:
        """One entry and the purchase that it came from."""

        async def seen(reader: Reader) -> OpenedEntryView:
            whose = await points.views.whose(reader, self.actor, query.resident_id, self.on_behalf_of)
            return await statements.opened(reader, whose, seq)

        return await self.building.db.reading(seen)


class Statement(Endpoint):
    path = "/v1/points/statements/{month}"

    @allow("resident")
    async def get(self, month: str, query: FindStatement) -> StatementView:
        """The statement of a month such as 2026-11; what it sums up is at /v1/points/entries?month=."""

        async def seen(reader: Reader) -> StatementView:
            whose = await points.views.whose(reader, self.actor, query.resident_id, self.on_behalf_of)
            return await statements.find(reader, whose, month)

        return await self.building.db.reading(seen)


class Paper(Endpoint):
    path = "/v1/points/statements/{month}/paper"

    @allow("resident")
    async def get(self, month: str, query: FindStatement) -> SlipView:
        """The PDF that was asked for; its link is there when it has been drawn."""
        rules = self.building.settings

        async def seen(reader: Reader) -> SlipView:
            whose = await points.views.whose(reader, self.actor, query.resident_id, self.on_behalf_of)
            slip = await documents.slips.find(reader, statements.slip_id(whose, month), whose)
            return documents.slips.view(slip, rules, reader.now)

        return await self.building.db.reading(seen)

    @allow("resident", status=201)
    async def post(self, month: str, wanted: AskStatement) -> Answer[SlipView]:
        """Have the statement drawn as PDF; asked again it is the same one unless something has changed."""
        rules = self.building.settings

        async def asked(tx: Tx) -> SlipView:
            whose = await points.views.whose(tx, self.actor, wanted.resident_id, self.on_behalf_of)
            return documents.slips.view(await statements.ask(tx, whose, month, rules), rules, tx.now)

        return await self.once(asked, status=201)


class Table(Endpoint):
    path = "/v1/points/statements/{month}/entries.csv"

    @allow("resident")
    async def get(self, month: str, query: FindStatement) -> Answer[str]:
        """The statement as CSV for a spreadsheet, with every entry."""

        async def seen(reader: Reader) -> bytes:
            whose = await points.views.whose(reader, self.actor, query.resident_id, self.on_behalf_of)
            return await statements.table(reader, whose, month)

        content = await self.building.db.reading(seen)
        self.set_header("Content-Disposition", f'attachment; filename="points-{month}.csv"')
        return Answer(content, content_type="text/csv; charset=utf-8")
