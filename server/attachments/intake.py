"""A file on its way in: judged by its first bytes, counted, written piece by piece, and drawn anew if it is a picture.

At no time is more of a paper in memory than a piece; a picture is whole in memory while it is drawn.
"""

from server.attachments.store import RAW, THUMBNAIL, Facts
from server.config import Attachments
from server.kit.content import ENOUGH, IMAGES, FileBroken, FileTooLarge, Looked, type_of
from server.kit.files import Files, Sink, save
from server.kit.pictures import Pictures


class Intake:
    """One upload. `digest` tells two uploads of different content apart."""

    def __init__(self, attachment_id: str, files: Files, pictures: Pictures, rules: Attachments) -> None:
        self.attachment_id = attachment_id
        self._files = files
        self._pictures = pictures
        self._rules = rules
        self._looked = Looked()
        self._type = ""
        self._begun = b""
        self._sink: Sink | None = None

    @property
    def digest(self) -> bytes:
        return self._looked.digest

    async def take(self, piece: bytes) -> None:
        """Raises FileTypeRefused by the first bytes, FileTooLarge by the first that is too much."""
        self._looked.at(piece)
        if self._sink is None:
            self._begun += piece
            if len(self._begun) < ENOUGH:
                return
            piece = self._begun
            self._sink = self._open()
        if self._looked.size > self._most():
            raise FileTooLarge(f"文件太大了，最多 {self._most() >> 20} MB，请压缩后再传")
        await self._sink.write(piece)

    def _open(self) -> Sink:
        self._type = type_of(self._begun)
        self._begun = b""
        ending = RAW if self._type in IMAGES else ""
        return self._files.create(self.attachment_id + ending)

    def _most(self) -> int:
        return self._rules.max_image_bytes if self._type in IMAGES else self._rules.max_pdf_bytes

    async def finish(self) -> Facts:
        """All has come. Raises FileBroken, FileDoubtful, PictureTooDetailed."""
        if self._sink is None:
            raise FileBroken
        if self._type not in IMAGES:
            self._looked.check_pdf()
            await self._sink.close()
            return Facts(self._type, self._looked.size)
        await self._sink.close()
        return await self._drawn()

    async def _drawn(self) -> Facts:
        raw = self.attachment_id + RAW
        async with self._pictures.room:
            content = b"".join([piece async for piece in self._files.read(raw)])
            picture = await self._pictures.drawn(content)
        await save(self._files, self.attachment_id, picture.content)
        await save(self._files, self.attachment_id + THUMBNAIL, picture.thumbnail)
        await self._files.delete(raw)
        return Facts(picture.type, len(picture.content), picture.width, picture.height)
