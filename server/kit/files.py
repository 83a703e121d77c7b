"""Where bytes of any size are kept: written and read in pieces, found by the id that their owner gave them."""

from collections.abc import AsyncIterator
from typing import Protocol

from server.kit.errors import NotFound


class FileGone(NotFound):
    """这个文件已经不在了"""


class Sink(Protocol):
    """A file being written. What is not closed cannot be read, and goes when its id is deleted."""

    async def write(self, piece: bytes) -> None: ...
    async def close(self) -> None: ...


class Files(Protocol):
    """Every method raises Unavailable when the store does not answer in time."""

    def create(self, file_id: str) -> Sink:
        """A new file; an id is written once."""
        ...

    def read(self, file_id: str) -> AsyncIterator[bytes]:
        """Its pieces in order. Raises FileGone."""
        ...

    async def delete(self, file_id: str) -> None:
        """Whole or half written; one that is not there is no error."""
        ...


async def save(files: Files, file_id: str, content: bytes) -> None:
    sink = files.create(file_id)
    await sink.write(content)
    await sink.close()
