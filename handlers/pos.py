"""Where the terminals at the community windows send each swipe, signed, and the post office its files."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from msgspec.structs import replace
from tornado.web import stream_request_body

from handlers.base import Answer, Endpoint, allow
from handlers.uploads import FORM_BYTES, Streamed
from schemas.pos import FilesView, FileView, FindFiles, NewSwipe, RejectsView, SwipeView
from server import pos
from server.config import Settings
from server.kit.content import FileTooLarge
from server.kit.db import Once, Reader, Tx
from server.kit.errors import Invalid, Unavailable
from server.kit.files import Sink
from server.kit.multipart import FormBroken

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
            house.settings,
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


class FileEmpty(Invalid):
    """没有收到文件内容"""


class StatementUpload(Streamed):
    """The file goes to the store as it comes and is never whole in memory."""

    sink: Sink | None = None
    stored = ""

    @classmethod
    def largest_body(cls, settings: Settings) -> int | None:
        return settings.pos.max_file_bytes + FORM_BYTES

    def patience_s(self) -> float:
        return self.building.settings.pos.upload_s

    async def begin(self) -> None:
        house = self.building
        self.digest, self.size = hashlib.sha256(), 0
        self.stored = await house.db.alone(lambda tx: pos.arrivals.begin(tx, house.settings))
        self.sink = house.files.create(self.stored)

    async def take(self, piece: bytes) -> None:
        """Raises FileTooLarge."""
        most = self.building.settings.pos.max_file_bytes
        self.size += len(piece)
        if self.size > most:
            raise FileTooLarge(f"文件太大了，最多 {most >> 20} MB，请分成几份再传")
        self.digest.update(piece)
        if self.sink is not None:
            await self.sink.write(piece)

    def once_key(self) -> Once | None:
        """The same file under the same key is the same request."""
        key = super().once_key()
        return replace(key, body=self.digest.digest()) if key and self.stored else key

    @asynccontextmanager
    async def arrived(self) -> AsyncIterator[str]:
        """The SHA-256 of a file that has come as a whole. In the end the bytes are let go of; those of a file that was
        taken in stay. Raises FormBroken, FileEmpty."""
        try:
            if self.refusal is not None or self.sink is None:
                raise self.refusal or FileEmpty()
            if self.form_of is not None and not self.form_of.complete:
                raise FormBroken
            if not self.size:
                raise FileEmpty
            await self.sink.close()
            yield self.digest.hexdigest()
        finally:
            with suppress(Unavailable):  # then it is swept later
                await self.building.db.alone(lambda tx: pos.arrivals.let_go(tx, self.stored))

    async def taken(self, tx: Tx, digest: str) -> FileView:
        """Raises FileTooSlow, FileSentAtOnce."""
        file, known = await pos.files.receive_file(tx, digest, self.stored, self.size, self.actor)
        return pos.files.view(tx, file, known=known)


@stream_request_body
class StatementFiles(StatementUpload):
    path = "/v1/pos/files"

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
        async with self.arrived() as digest:
            return await self.once(
                lambda tx: self.taken(tx, digest), status=201, lanes=[pos.files.lane(digest)]
            )


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
        content = b"".join([piece async for piece in pos.reject_sheets.table(self.building.db, file_id)])
        self.set_header("Content-Disposition", 'attachment; filename="rejects.csv"')
        return Answer(content, content_type="text/csv; charset=utf-8")
