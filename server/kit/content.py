"""What a file is, judged by its bytes: neither its name nor what its sender calls it is believed."""

import hashlib

from server.kit.errors import Invalid, TooLarge, UnsupportedMedia

HEAD_BYTES = 1024
TAIL_BYTES = 66_000
"""A zip's directory ends at most 65,557 bytes before the end of the file."""

_JPEG, _PNG, _WEBP, _PDF = "image/jpeg", "image/png", "image/webp", "application/pdf"
IMAGES = frozenset({_JPEG, _PNG, _WEBP})
_MARKUP = (b"<script", b"<html", b"<!doctype html", b"<?php", b"<svg")


class FileTypeRefused(UnsupportedMedia):
    """只能传照片（JPG、PNG、WebP）和 PDF 文件，请换一个文件"""


class FileBroken(Invalid):
    """这个文件打不开，可能没有传完，请重新选择再传"""


class FileDoubtful(Invalid):
    """这个文件里混有别的东西，为了安全不能收，请重新拍照或导出后再传"""


class FileTooLarge(TooLarge):
    """文件太大了，请压缩后再传"""


def type_of(head: bytes) -> str:
    """The media type by the first bytes. Raises FileTypeRefused."""
    if head.startswith(b"\xff\xd8\xff"):
        return _JPEG
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return _PNG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return _WEBP
    if head.startswith(b"%PDF-"):
        return _PDF
    raise FileTypeRefused


ENOUGH = 12
"""So many bytes tell the type."""


def is_zip(tail: bytes) -> bool:
    """An archive hangs at the end: zip readers look there and do not care what stands before."""
    return b"PK\x05\x06" in tail and b"PK\x01\x02" in tail


def check_image(content: bytes) -> None:
    """Raises FileDoubtful for an image that is something else, too."""
    small = content.lower()
    if (
        is_zip(content[-TAIL_BYTES:])
        or b"%pdf-" in small[:HEAD_BYTES]
        or any(one in small for one in _MARKUP)
    ):
        raise FileDoubtful


class Looked:
    """What is remembered of a file while it passes: how much, its digest, its first and last bytes."""

    def __init__(self) -> None:
        self.size = 0
        self.head = b""
        self.tail = b""
        self._sum = hashlib.sha256()

    def at(self, piece: bytes) -> None:
        self.size += len(piece)
        self._sum.update(piece)
        if len(self.head) < HEAD_BYTES:
            self.head = (self.head + piece)[:HEAD_BYTES]
        self.tail = (self.tail + piece)[-TAIL_BYTES:]

    @property
    def digest(self) -> bytes:
        return self._sum.digest()

    def check_pdf(self) -> None:
        """Raises FileBroken for one that does not end as it should, FileDoubtful for what is something else, too."""
        if b"%%EOF" not in self.tail[-HEAD_BYTES:]:
            raise FileBroken
        if is_zip(self.tail) or any(one in self.head.lower() for one in _MARKUP):
            raise FileDoubtful
