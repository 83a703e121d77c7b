"""Files in MongoDB's own GridFS: a backup of the database is a backup of the files, too.

Read and deleted through the driver's bucket. Written here, in the format of its specification: the driver's writer keeps
up to 48 MB of a file in memory before it sends the first of it.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime
from typing import Any, TypeVar

from bson import Int64
from gridfs.errors import NoFile
from pymongo.errors import PyMongoError

from server.kit.errors import Unavailable
from server.kit.files import FileGone, Sink

R = TypeVar("R")

BUCKET = "files"
CHUNK_BYTES = 255 * 1024


class FilesUnavailable(Unavailable):
    """现在存不了也打不开文件，请稍后再试"""


class GridFiles:
    """`server.kit.files.Files` over one bucket."""

    def __init__(self, database: Any, deadline_s: float) -> None:
        from motor.motor_asyncio import AsyncIOMotorGridFSBucket

        self._bucket = AsyncIOMotorGridFSBucket(database, BUCKET)
        self._files = database[BUCKET]["files"]
        self._chunks = database[BUCKET]["chunks"]
        self._deadline_s = deadline_s

    async def set_up(self) -> None:
        """The index that the specification asks for."""
        await self._chunks.create_index([("files_id", 1), ("n", 1)], unique=True)

    def create(self, file_id: str) -> Sink:
        return GridSink(self, file_id)

    async def read(self, file_id: str) -> AsyncIterator[bytes]:
        found = await self.in_time(self._bucket.open_download_stream(file_id))
        while piece := await self.in_time(found.readchunk()):
            yield piece

    async def delete(self, file_id: str) -> None:
        try:
            await self.in_time(self._bucket.delete(file_id))
        except FileGone:  # its pieces, if there were any, are deleted all the same
            return

    async def put_chunk(self, file_id: str, number: int, content: bytes) -> None:
        await self.in_time(self._chunks.insert_one({"files_id": file_id, "n": number, "data": content}))

    async def put_file(self, file_id: str, size: int) -> None:
        document = {
            "_id": file_id,
            "filename": file_id,
            "length": Int64(size),
            "chunkSize": CHUNK_BYTES,
            "uploadDate": datetime.now(UTC),
        }
        await self.in_time(self._files.insert_one(document))

    async def in_time(self, operation: Awaitable[R]) -> R:
        try:
            async with asyncio.timeout(self._deadline_s):
                return await operation
        except NoFile as error:
            raise FileGone from error
        except (TimeoutError, PyMongoError) as error:
            raise FilesUnavailable(retry_after=1) from error


class GridSink:
    """Holds back what does not fill a chunk yet."""

    def __init__(self, grid: GridFiles, file_id: str) -> None:
        self._grid = grid
        self._file_id = file_id
        self._waiting = bytearray()
        self._chunks = 0
        self._size = 0

    async def write(self, piece: bytes) -> None:
        self._waiting += piece
        while len(self._waiting) >= CHUNK_BYTES:
            await self._put(CHUNK_BYTES)

    async def close(self) -> None:
        if self._waiting:
            await self._put(len(self._waiting))
        await self._grid.put_file(self._file_id, self._size)

    async def _put(self, count: int) -> None:
        content = bytes(self._waiting[:count])
        del self._waiting[:count]
        await self._grid.put_chunk(self._file_id, self._chunks, content)
        self._chunks += 1
        self._size += count
