"""The lines of a statement file that were not taken, as a table for a spreadsheet."""

import csv
import io
from collections.abc import AsyncGenerator

from server.cases.exports import cell
from server.kit.db import Database
from server.pos import files

_AT_ONCE = 100
_COLUMNS = ("行号", "原因", "原文")


async def table(db: Database, file_id: str) -> AsyncGenerator[bytes]:
    """In pieces, each read for itself by cursor. UTF-8 with a byte order mark, as Excel wants it. Raises FileNotFound
    before the first piece."""
    head, cursor, more = "\ufeff" + _lines([_COLUMNS]), None, True
    while more:
        page = await db.reading(
            lambda reader, at=cursor: files.rejects(reader, file_id, at, _AT_ONCE)  # type: ignore[misc]
        )
        rows: list[tuple[str, ...]] = [(str(one.row), one.message, one.line) for one in page.items]
        yield (head + _lines(rows)).encode()
        head, cursor, more = "", page.next, page.next is not None


def _lines(rows: list[tuple[str, ...]]) -> str:
    written = io.StringIO()
    csv.writer(written).writerows([[cell(one) for one in row] for row in rows])
    return written.getvalue()
