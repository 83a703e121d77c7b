"""What every address that takes a file has: the body goes to the store as it comes, and is never whole in memory.

A refusal waits until the client has sent everything: one that is still sending would not read it.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

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

FORM_BYTES = 64 * 1024
"""What a form may have around its file."""


class Arrival(Struct):
    """A file that has come; `kept` says that it belongs there now."""

    attachment_id: str
    facts: attachments.Facts = attachments.Facts("", 0)
    kept: bool = False


class Streamed(Endpoint):
    """Takes one file: raw, or as the one file of a form. Subclasses carry `@stream_request_body`."""

    takes_files = True
    refusal: HoelunError | None = None
    form_of: Multipart | None = None

    def patience_s(self) -> float:
        """How long a client may take to send all of it."""
        raise NotImplementedError

    async def begin(self) -> None:
        """Somebody who may is about to send it."""
        raise NotImplementedError

    async def take(self, piece: bytes) -> None:
        """So much more of it has come."""
        raise NotImplementedError

    def get_body_argument(self, name: str, default: Any = "", strip: bool = True) -> Any:
        """A form that carries a file is read as it comes."""
        return self.form_of.fields.get(name, default) if self.form_of else default

    # What tornado asks of a handler that reads its body itself.

    async def prepare(self) -> None:
        super().prepare()
        if self.request.method != "POST":
            return
        self.request.connection.set_body_timeout(self.patience_s())  # type: ignore[union-attr]
        media = self.request.headers.get("Content-Type", "")
        try:
            await Endpoint.authenticate(self, self.plans["post"].rule)
            if media.lower().startswith("multipart/form-data"):
                self.form_of = Multipart(media)
            await self.begin()
        except HoelunError as error:
            self.refusal = error

    async def data_received(self, chunk: bytes) -> None:
        if self.refusal is not None:
            return
        try:
            piece = self.form_of.feed(chunk) if self.form_of else chunk
            if piece:
                await self.take(piece)
        except HoelunError as error:
            self.refusal = error

    def on_connection_close(self) -> None:
        """Cut off on the way: what has come so far is swept, as nobody will claim it."""
        cut_off = not (self._finished or self.request._body_future.done())
        super().on_connection_close()
        if cut_off:
            self.building.lifecycle.in_flight -= 1
            log.info("uploads.cut_off", request_id=self.request_id, route=self.path)


class Upload(Streamed):
    """A file for a case, or for what `holder` finds."""

    intake: attachments.Intake | None = None

    @classmethod
    def largest_body(cls, settings: Settings) -> int | None:
        own = settings.attachments
        return max(own.max_image_bytes, own.max_pdf_bytes) + FORM_BYTES

    def patience_s(self) -> float:
        return self.building.settings.attachments.upload_s

    async def take(self, piece: bytes) -> None:
        if self.intake is not None:
            await self.intake.take(piece)

    async def holder(self, reader: Reader, holder_id: str) -> attachments.Holder:
        """What the file is sent to, if the caller may send something there. Raises CaseNotFound."""
        return await cases.find(reader, holder_id, self.actor)

    async def begin(self) -> None:
        house, actor, holder_id = self.building, self.actor, self.path_args[0]
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
