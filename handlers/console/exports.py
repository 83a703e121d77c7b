"""The list that stands in the inbox as a file for a spreadsheet, as far as whoever asks may see it."""

from contextlib import aclosing
from urllib.parse import quote

import msgspec
from tornado.iostream import StreamClosedError

from handlers.base import allow
from handlers.console.inbox import SEARCH_HINT, Look
from handlers.page import Page
from server.cases import exports
from server.kit.clock import SHANGHAI
from server.kit.errors import Invalid


class Export(Page):
    path = "/console/export"

    @allow("staff")
    async def get(self, query: Look) -> None:
        """The cases of the list, streamed; that it was taken is on record."""
        query = msgspec.structs.replace(query, q="".join(query.q.split()))
        try:
            wanted = query.wanted(100)
        except msgspec.ValidationError as error:
            raise Invalid(SEARCH_HINT) from error
        async with aclosing(exports.table(self.building.db, wanted, self.actor)) as pieces:
            first = await anext(pieces)
            await self.saw("cases.export")
            self._headers_of_a_file()
            self.write(first)
            async for piece in pieces:
                self.write(piece)
                await self.flush()

    def _headers_of_a_file(self) -> None:
        day = self.building.clock.now().astimezone(SHANGHAI)
        name = quote(f"办件-{day:%Y%m%d-%H%M}.csv", safe="")
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        self.set_header("Content-Disposition", f"attachment; filename=\"cases.csv\"; filename*=UTF-8''{name}")

    def answer(self, result: object, status: int) -> None:
        """It has been written."""
        try:
            self.finish()
        except StreamClosedError:
            return
