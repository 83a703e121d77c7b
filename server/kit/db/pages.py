"""Keyset pages: a cursor names the last item seen, so page 2,000 costs what page 1 does."""

import base64
import binascii
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct

from server.kit.errors import Invalid

T = TypeVar("T")
_INT64 = 2**63 - 1


class BadCursor(Invalid):
    """翻页标记已失效，请从第一页重新查看"""


class Page(Struct, Generic[T]):
    """`next` goes back as `?cursor=`; null on the last page."""

    items: list[T]
    next: str | None = None


def encode_cursor(value: Any, item_id: str) -> str:
    if isinstance(value, datetime):
        value = {"t": value.timestamp()}
    return base64.urlsafe_b64encode(msgspec.json.encode([value, item_id])).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[Any, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        value, item_id = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=tuple[Any, str])
        if isinstance(value, dict):
            value = datetime.fromtimestamp(round(value["t"], 3), UTC)
    except (
        binascii.Error,
        ValueError,
        KeyError,
        TypeError,
        OverflowError,
        OSError,
        msgspec.MsgspecError,
    ) as error:
        raise BadCursor(field="cursor") from error
    if not isinstance(value, str | int | float | datetime) or (
        isinstance(value, int) and abs(value) > _INT64
    ):
        raise BadCursor(field="cursor")
    return value, item_id


def after(field: str, descending: bool, cursor: str | None) -> dict[str, Any]:
    """The filter for what comes behind the cursor when sorted by (field, _id), both in the same direction."""
    if cursor is None:
        return {}
    value, item_id = decode_cursor(cursor)
    beyond = "$lt" if descending else "$gt"
    return {
        field: {f"{beyond}e": value},
        "$or": [{field: {beyond: value}}, {field: value, "_id": {beyond: item_id}}],
    }
