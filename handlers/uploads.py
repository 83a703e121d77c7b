"""What every address that takes a file has: the body goes to the store as it comes, and is never whole in memory.

A refusal waits until the client has sent everything: one that is still sending would not read it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from msgspec import Struct
from msgspec.structs import replace

from handlers.base import Endpoint
from server import attachments, cases
from server.config import Settings
from server.kit.db import Once, Reader, Tx
from server.kit.errors import HoelunError, Unavailable
from server.kit.multipart import FormBroken, Multipart

log = structlog.get_logger()

_FORM_BYTES = 64 * 1024
"""What a form may have around its file."""


class Arrival(Struct):
    """A file that has come; `kept` says that it belongs there now."""

    attachment_id: str
    facts: attachments.Facts = attachments.Facts("", 0)
    kept: bool = False


class Upload(Endpoint):
    """Takes one file for a case, or for what `holder` finds: raw, or as the one file of a form.

    Subclasses carry `@stream_request_body`.
    """

    takes_files = True
    refusal: HoelunError | None = None
    intake: attachments.Intake | None = None
    form_of: Multipart | None = None

    @classmethod
    def largest_body(cls, settings: Settings) -> int | None:
        own = settings.attachments
        return max(own.max_image_bytes, own.max_pdf_bytes) + _FORM_BYTES

    # What tornado asks of a handler that reads its body itself.

    async def prepare(self) -> None:
        super().prepare()
        own = self.building.settings.attachments
        if self.request.method != "POST":
            return
        self.request.connection.set_body_timeout(own.upload_s)  # type: ignore[union-attr]
        try:
            await Endpoint.authenticate(self, self.plans["post"].rule)
            await self._begin(self.path_args[0])
        except HoelunError as error:
            self.refusal = error

    async def data_received(self, chunk: bytes) -> None:
        if self.refusal is not None or self.intake is None:
            return
        try:
            piece = self.form_of.feed(chunk) if self.form_of else chunk
            if piece:
                await self.intake.take(piece)
        except HoelunError as error:
            self.refusal = error

    def on_connection_close(self) -> None:
        """Cut off on the way: what has come so far is swept, as nobody will claim it."""
        cut_off = not (self._finished or self.request._body_future.done())
        super().on_connection_close()
        if cut_off:
            self.building.lifecycle.in_flight -= 1
            log.info("uploads.cut_off", request_id=self.request_id, route=self.path)

    async def holder(self, reader: Reader, holder_id: str) -> attachments.Holder:
        """What the file is sent to, if the caller may send something there. Raises CaseNotFound."""
        return await cases.find(reader, holder_id, self.actor)

    async def _begin(self, holder_id: str) -> None:
        house, actor = self.building, self.actor
        media = self.request.headers.get("Content-Type", "")
        if media.lower().startswith("multipart/form-data"):
            self.form_of = Multipart(media)

        holder = await house.db.reading(lambda reader: self.holder(reader, holder_id))
        attachment_id = await house.db.alone(lambda tx: attachments.begin(tx, holder, actor, house.settings))
        self.intake = attachments.Intake(
            attachment_id, house.files, house.pictures, house.settings.attachments
        )

    # What the verbs use.

    def once_key(self) -> Once | None:
        """The same file under the same key is the same request."""
        key = super().once_key()
        return replace(key, body=self.intake.digest) if key and self.intake else key

    @asynccontextmanager
    async def taken_in(self) -> AsyncIterator[Arrival]:
        """The file when all of it has come. What is not `kept` in the end is let go of; where the store did not
        answer it may have been kept all the same, so it is left to the sweep."""
        if self.refusal is not None or self.intake is None:
            await self._let_go()
            raise self.refusal or FormBroken()
        arrival = Arrival(self.intake.attachment_id)
        try:
            if self.form_of is not None and not self.form_of.complete:
                raise FormBroken
            arrival.facts = await self.intake.finish()
            yield arrival
        except Unavailable:
            raise
        except BaseException:
            await self._let_go()
            raise
        if not arrival.kept:
            await self._let_go()

    async def keep_file(self, tx: Tx, holder_id: str, arrival: Arrival) -> attachments.Attachment:
        """Raises CaseNotFound, UploadTooSlow."""
        await self.holder(tx, holder_id)
        return await attachments.complete(tx, arrival.attachment_id, arrival.facts)

    async def _let_go(self) -> None:
        if self.intake is None:
            return
        try:
            await attachments.discard(self.building.db, self.building.files, self.intake.attachment_id)
        except HoelunError:  # then it is swept
            log.info("uploads.left_to_the_sweep", request_id=self.request_id)
