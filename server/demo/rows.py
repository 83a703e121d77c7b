"""Rows of the data files: what cannot be used is refused with its file, its row and the reason."""

import tomllib
from collections.abc import Container
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from schemas.common import Id
from server.kit.db import Stored

T = TypeVar("T")


class BadData(ValueError):
    """A data file cannot be used; the text names the file, the row and what is wrong."""


class Row(NamedTuple):
    """One table of a file, with where it stands."""

    where: str
    values: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.values["id"])

    def wrong(self, what: str) -> BadData:
        return BadData(f"{self.where}: {what}")

    def know(self, what: str, item_id: str | None, among: Container[str | None]) -> None:
        """Raises BadData when the row refers to something that is not there."""
        if item_id not in among:
            raise self.wrong(f"unknown {what} {item_id!r}")

    def to(self, kind: type[T], **changed: Any) -> T:
        """The row as a `kind`, with values that are `changed` from what is written; None leaves one out."""
        values = {name: value for name, value in (self.values | changed).items() if value is not None}
        if issubclass(kind, Stored):
            values["_id"] = values.pop("id")
        try:
            item = msgspec.convert(values, kind)
        except msgspec.ValidationError as error:
            raise self.wrong(str(error)) from error
        if unknown := _unknown(values, msgspec.to_builtins(item)):
            raise self.wrong(f"unknown field {unknown!r}")
        return item


def read(path: Path, table: str) -> list[Row]:
    """The rows of a file; ids are well formed and different. Raises BadData."""
    tables = document(path).get(table)
    if not isinstance(tables, list) or not all(isinstance(one, dict) for one in tables):
        raise BadData(f"{path.name}: no {table} in it")
    rows: list[Row] = []
    for number, values in enumerate(tables, 1):
        row = Row(f"{path.name}, {table} {number} ({values.get('id')})", values)
        if any(values.get("id") == one.id for one in rows):
            raise row.wrong("another row has this id")
        try:
            msgspec.convert(values.get("id"), Id)
        except msgspec.ValidationError as error:
            raise row.wrong(f"id: {error}") from error
        rows.append(row)
    return rows


def document(path: Path) -> dict[str, Any]:
    """Raises BadData."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadData(f"{path.name}: {error}") from error


def _unknown(written: Any, kept: Any) -> str:
    """The first field that is written and that nobody reads."""
    if isinstance(written, dict):
        missing = (name for name in written if name not in kept)
        deeper = (_unknown(value, kept[name]) for name, value in written.items() if name in kept)
        return next(missing, "") or next(filter(None, deeper), "")
    if isinstance(written, list):
        return next(filter(None, map(_unknown, written, kept)), "")
    return ""
