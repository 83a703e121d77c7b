"""A collection is declared beside the noun that owns it: what is stored, and which look-ups are fast."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

import msgspec
from msgspec import Struct


class Stored(Struct, kw_only=True, rename={"id": "_id"}):
    """A document; the field `id` is stored as `_id`."""

    id: str


T = TypeVar("T", bound=Stored)

Document = dict[str, Any]
_NATIVE = (datetime, bytes)

TEXT: Mapping[str, Any] = {"$gte": ""}
MOMENT: Mapping[str, Any] = {"$lt": datetime(9999, 1, 1, tzinfo=UTC)}
NUMBER: Mapping[str, Any] = {"$lt": math.inf}
"""For `only`, of a field that may be null. Of a query such as `{"case_no": "HB-…"}` or `{"due_at": {"$lte": now}}` the
database sees that it asks within these; of `{"$type": "string"}` it does not, and would never use the index."""


class Index(Struct, frozen=True):
    """Keys as `"field"` (ascending), `"-field"` (descending) or `"@field"` (a GeoJSON point on the globe); `only` limits
    the index to matching documents."""

    keys: tuple[str, ...]
    unique: bool = False
    only: Mapping[str, Any] | None = None
    expire_after_s: int | None = None

    def key_pattern(self) -> list[tuple[str, int | str]]:
        ways: dict[str, int | str] = {"-": -1, "@": "2dsphere"}
        return [(key.lstrip("-@"), ways.get(key[0], 1)) for key in self.keys]

    @property
    def name(self) -> str:
        return "_".join(f"{name}_{way}" for name, way in self.key_pattern())


class Collection(Generic[T]):
    """`name`, the stored Struct and its indexes. Discovered, created and checked at start.

    A `whole` collection is small and read often: every process keeps all of it in memory. What is in an
    `insert_only` one is never changed: every other write is refused.
    """

    def __init__(
        self, name: str, stored: type[T], *indexes: Index, whole: bool = False, insert_only: bool = False
    ) -> None:
        self.name = name
        self.stored = stored
        self.indexes = indexes
        self.whole = whole
        self.insert_only = insert_only

    def dump(self, item: T) -> Document:
        document: Document = msgspec.to_builtins(item, builtin_types=_NATIVE)
        return document

    def load(self, document: Mapping[str, Any]) -> T:
        return as_struct(document, self.stored)


def as_struct(document: Mapping[str, Any], kind: type[T]) -> T:
    return msgspec.convert(document, kind, builtin_types=_NATIVE)


def plain(value: Any) -> Any:
    """Any Struct or container of them as what BSON can hold."""
    return msgspec.to_builtins(value, builtin_types=_NATIVE)
