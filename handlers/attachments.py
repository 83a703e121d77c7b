"""Photos and papers on a case: sent up in a stream, opened by links that expire."""

import asyncio
from contextlib import aclosing

from tornado.iostream import StreamClosedError
from tornado.web import stream_request_body

from handlers.base import ANYONE, Answer, Endpoint, allow
from handlers.uploads import Upload
from schemas.attachments import AttachmentsView, AttachmentView, FindAttachments, Link
from server import attachments, cases
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError

TITLE = "照片和文件"

_PIECE = 64 * 1024
_ENDINGS = {"image/jpeg": "jpg", "image/png": "png", "application/pdf": "pdf"}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-site",
    "Referrer-Policy": "no-referrer",
}


@stream_request_body
class Attachments(Upload):
    path = "/v1/cases/{case_no}/attachments"

    @allow("resident", "staff")
    async def get(self, case_no: str, query: FindAttachments) -> AttachmentsView:
        """The files of a case with fresh links: those of its messages and the proof of work."""

        async def seen(reader: Reader) -> AttachmentsView:
            case = await cases.find(reader, case_no, self.actor)
            if not cases.shows_files(reader, case, self.actor):
                return AttachmentsView(items=[])
            return await attachments.listed(reader, case, self.building.settings, query.cursor, query.limit)

        return await self.building.db.reading(seen)

    @allow("resident", "staff", status=201)
    async def post(self, case_no: str) -> Answer[AttachmentView]:
        """Send a photo (JPG, PNG, WebP) or a PDF: as the body, or as the one file of a form.

        What it is is seen by its content. A message or a proof of work that names its id has to follow within an
        hour, or it is deleted. Place and camera are taken out of photos.
        """

        async with self.taken_in() as arrival:

            async def kept(tx: Tx) -> AttachmentView:
                attachment = await self.keep_file(tx, case_no, arrival)
                return attachments.view(attachment, self.building.settings, tx.now)

            answer = await self.once(kept, status=201)
            arrival.kept = not answer.replayed
        return answer


class File(Endpoint):
    path = "/files/{file_id}"
    documented = False  # opened by the links that views carry

    @allow(ANYONE)
    async def get(self, file_id: str, query: Link) -> Answer[bytes]:
        """A file by its signed link, in pieces."""
        house = self.building
        attachments.check(house.settings, file_id, query.until, query.sig, house.clock.now())
        found = await house.db.reading(lambda reader: attachments.find(reader, file_id))
        is_small = file_id.endswith(attachments.THUMBNAIL)
        media = "image/jpeg" if is_small else found.type
        self._head(file_id, media, None if is_small else found.size)
        if self.request.method != "HEAD":
            await self._stream(file_id)
        return Answer(b"", content_type=media)

    def _head(self, file_id: str, media: str, size: int | None) -> None:
        for name, value in _HEADERS.items():
            self.set_header(name, value)
        how = "inline" if media.startswith("image/") else "attachment"
        self.set_header("Content-Disposition", f'{how}; filename="{file_id}.{_ENDINGS[media]}"')
        self.set_header("Content-Type", media)
        if size is not None:
            self.set_header("Content-Length", str(size))

    async def _stream(self, file_id: str) -> None:
        """A client that takes too long for a piece is let go; what fails on the way ends the connection, so that half
        a file is not taken for a whole one."""
        patience = self.building.settings.attachments.piece_s
        try:
            async with aclosing(self.building.files.read(file_id)) as pieces:  # type: ignore[type-var]
                async for piece in pieces:
                    for start in range(0, len(piece), _PIECE):
                        self.write(piece[start : start + _PIECE])
                        async with asyncio.timeout(patience):
                            await self.flush()
        except (StreamClosedError, TimeoutError, HoelunError):
            if not self._headers_written:
                raise
            self.request.connection.stream.close()  # type: ignore[union-attr]
