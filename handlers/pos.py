"""Where the terminals at the community windows send each swipe, signed, and the post office its files."""

import csv
import hashlib
import io
from collections.abc import AsyncIterator

from msgspec.structs import replace
from tornado.web import stream_request_body

from handlers.base import Answer, Endpoint, allow
from schemas.pos import FilesView, FileView, FindFiles, NewSwipe, RejectsView, RejectView, SwipeView
from server import pos
from server.config import Settings
from server.kit.chance import chance
from server.kit.db import Once, Reader, Tx
from server.kit.errors import HoelunError, Invalid
from server.kit.files import Sink

TITLE = "刷卡终端"
_NONCE = 64


class Swipes(Endpoint):
    path = "/v1/pos/swipes"

    @allow("anyone", once=False)  # the terminal's own numbers tell repeats apart
    async def post(self, new: NewSwipe) -> SwipeView:
        """A purchase or its reversal. `X-Terminal`, `X-Timestamp` (seconds since 1970), `X-Nonce` and `X-Signature`, the
        HMAC-SHA256 in hexadecimal of `timestamp\\nnonce\\nbody`, say who sends it."""
        house = self.building
        told = {name: self.request.headers.get(f"X-{name}", "") for name in _TOLD}
        terminal = pos.terminals.check(
            house.db.reader(),
            house.vault,
            told["Terminal"],
            told["Timestamp"],
            told["Nonce"],
            told["Signature"],
            self.request.body,
        )
        lanes = await house.db.reading(lambda reader: pos.lanes(reader, terminal.id, new))

        async def heard(tx: Tx) -> SwipeView:
            await pos.terminals.hear_once(tx, terminal, told["Nonce"][:_NONCE])
            return await pos.receive(tx, terminal.id, new, "api", house.settings)

        return await house.db.atomically(heard, lanes=lanes)


_TOLD = ("Terminal", "Timestamp", "Nonce", "Signature")


_LARGEST = 100 << 20
_SECONDS = 600.0


class FileEmpty(Invalid):
    """没有收到文件内容"""


@stream_request_body
class StatementFiles(Endpoint):
    """The body is the file as it is; it goes to the store as it comes and is never whole in memory."""

    path = "/v1/pos/files"
    takes_files = True
    refusal: HoelunError | None = None
    sink: Sink | None = None
    known = False

    @classmethod
    def largest_body(cls, settings: Settings) -> int | None:
        return _LARGEST

    async def prepare(self) -> None:
        super().prepare()
        if self.request.method != "POST":
            return
        self.request.connection.set_body_timeout(_SECONDS)  # type: ignore[union-attr]
        self.digest, self.size, self.stored = hashlib.sha256(), 0, f"pos-{chance.hex(12)}"
        try:
            await Endpoint.authenticate(self, self.plans["post"].rule)
            self.sink = self.building.files.create(self.stored)
        except HoelunError as error:
            self.refusal = error

    async def data_received(self, chunk: bytes) -> None:
        if self.refusal is not None or self.sink is None:
            return
        self.size += len(chunk)
        self.digest.update(chunk)
        try:
            await self.sink.write(chunk)
        except HoelunError as error:
            self.refusal = error

    def once_key(self) -> Once | None:
        """The same file under the same key is the same request."""
        key = super().once_key()
        return replace(key, body=self.digest.digest()) if key else None

    @allow("accountant", "admin")
    async def get(self, query: FindFiles) -> FilesView:
        """The files that were sent, the newest first, and how far each has come."""
        return await self.building.db.reading(
            lambda reader: pos.files.listed(reader, query.cursor, query.limit)
        )

    @allow("accountant", "admin", status=201)
    async def post(self) -> Answer[FileView]:
        """Send the statement file of a day; it is checked as a whole and then posted, see `GET /v1/pos/files/{file_id}`.

        The same content again is the same file.
        """
        if self.refusal is not None or self.sink is None or not self.size:
            await self.building.files.delete(self.stored)
            raise self.refusal or FileEmpty()
        await self.sink.close()
        digest = self.digest.hexdigest()

        async def taken(tx: Tx) -> FileView:
            file, self.known = await pos.files.receive_file(tx, digest, self.stored, self.size, self.actor)
            return pos.files.view(tx, file, known=self.known)

        answer = await self.once(taken, status=201, lanes=[f"pos {digest}"])
        if self.known:
            await self.building.files.delete(self.stored)
        return answer


class StatementFile(Endpoint):
    path = "/v1/pos/files/{file_id}"

    @allow("accountant", "admin")
    async def get(self, file_id: str) -> FileView:
        """How far it has come."""

        async def seen(reader: Reader) -> FileView:
            return pos.files.view(reader, await pos.files.find(reader, file_id))

        return await self.building.db.reading(seen)


class Rejects(Endpoint):
    path = "/v1/pos/files/{file_id}/rejects"

    @allow("accountant", "admin")
    async def get(self, file_id: str, query: FindFiles) -> RejectsView:
        """The lines that were not taken, each with the reason."""
        return await self.building.db.reading(
            lambda reader: pos.files.rejects(reader, file_id, query.cursor, query.limit)
        )


class RejectsFile(Endpoint):
    path = "/v1/pos/files/{file_id}/rejects.csv"

    @allow("accountant", "admin")
    async def get(self, file_id: str) -> Answer[str]:
        """The same as a file to work through: line number, reason, and the line as it stood there."""
        written = io.StringIO()
        table = csv.writer(written)
        table.writerow(["行号", "原因", "原文"])
        async for one in self._all(file_id):
            table.writerow([one.row, one.message, one.line])
        self.set_header("Content-Disposition", 'attachment; filename="rejects.csv"')
        return Answer(("\ufeff" + written.getvalue()).encode(), content_type="text/csv; charset=utf-8")

    async def _all(self, file_id: str) -> AsyncIterator[RejectView]:
        cursor: str | None = None
        while True:
            page = await self.building.db.reading(
                lambda reader, cursor=cursor: pos.files.rejects(reader, file_id, cursor, _PAGE)  # type: ignore[misc]
            )
            for one in page.items:
                yield one
            if page.next is None:
                return
            cursor = page.next


_PAGE = 100
