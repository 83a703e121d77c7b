"""One's own data: all of it in one file."""

import asyncio
from contextlib import aclosing

import structlog
from tornado.iostream import StreamClosedError

from handlers.base import Answer, Endpoint, allow
from schemas.accounts import ExportView
from server import accounts

TITLE = "我的数据"
log = structlog.get_logger()


class Export(Endpoint):
    path = "/v1/me/export"

    @allow("resident")
    async def get(self) -> Answer[ExportView]:
        """Everything that is kept of me, as one file, in pieces as it is read."""
        self.set_header("Content-Disposition", 'attachment; filename="hoelun-my-data.json"')
        if self.request.method != "HEAD":
            await self._stream()
        return Answer(b"")

    async def _stream(self) -> None:
        """A client that takes too long for a piece is let go; what fails on the way ends the connection, so that half
        a file is not taken for a whole one."""
        patience = self.building.settings.attachments.piece_s
        try:
            pieces = accounts.export(self.building.db.reader(), self.actor, self.building.vault)
            async with aclosing(pieces):  # type: ignore[type-var]
                async for piece in pieces:
                    self.write(piece)
                    async with asyncio.timeout(patience):
                        await self.flush()
                    await asyncio.sleep(0)
        except Exception as error:
            if not self._headers_written:
                raise
            self.request.connection.stream.close()  # type: ignore[union-attr]
            if not isinstance(error, StreamClosedError | TimeoutError):
                log.exception("accounts.export_broken", request_id=self.request_id)
