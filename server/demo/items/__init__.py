"""The example street's items: a file for each, as the console exports them, published since the street began."""

from datetime import UTC, datetime
from pathlib import Path

from server import items
from server.attachments import ATTACHMENTS, Attachment
from server.demo import rows
from server.demo.items.samples import Store, keep
from server.demo.rows import BadData
from server.items import ITEMS, BadItem, ItemVersion
from server.kit.db import Tx

__all__ = ["FOLDER", "Store", "keep", "put", "read"]

FOLDER = Path(__file__).parent
_AUTHOR, _PUBLISHER = ("demo-reviewer", "李建军"), "demo-admin"
_SINCE = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)


def read(folder: Path = FOLDER) -> list[ItemVersion]:
    """Raises BadData naming the file and the place."""
    found = [_read_one(one) for one in sorted(folder.glob("*.toml"))]
    if len({one.code for one in found}) < len(found):
        raise BadData(f"{folder.name}: two files have the same code")
    return found


def _read_one(path: Path) -> ItemVersion:
    written = rows.Row(path.name, rows.document(path))
    try:
        body = items.check(written.to(items.Body))
    except BadItem as error:
        raise written.wrong(f"{error.field}: {error.message}") from error
    return ItemVersion(
        id=items.version_id(body.code, 1),
        code=body.code,
        number=1,
        state="published",
        body=body,
        author_id=_AUTHOR[0],
        author=_AUTHOR[1],
        writers=[_AUTHOR[0]],
        created_at=_SINCE,
        published_by=_PUBLISHER,
        published_at=_SINCE,
    )


async def put(tx: Tx, found: list[ItemVersion], pictures: list[Attachment]) -> None:
    """An item that is there already stays: somebody may have written its next version since."""
    known = await tx.all(ITEMS, {"_id": {"$in": [one.id for one in found]}}, limit=len(found) or 1)
    there = {one.id for one in known}
    await tx.put_all(ATTACHMENTS, pictures)
    await tx.put_all(ITEMS, [one for one in found if one.id not in there])
