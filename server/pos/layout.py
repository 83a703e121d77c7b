"""The statement file of a day (docs/pos-files.md): a first line, a line for each swipe, a last line with the totals.

H,1,20261124
D,terminal,batch,trace,card,category,fen,2026-11-24T09:30:00,
D,terminal,batch,trace,card,category,fen,2026-11-24T10:00:00,trace that it takes back
T,2,0
"""

import codecs
import csv
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct

from schemas.pos import NewSwipe
from server.kit.clock import SHANGHAI
from server.kit.errors import Invalid

LONGEST = 400
_FIELDS = 9
ENCODINGS = ("utf-8-sig", "gb18030")


class BadFile(Exception):
    """The file as a whole cannot be taken; in words for whoever has sent it."""


class BadRow(Invalid):
    """这一行的格式不对"""


class Totals(Struct, frozen=True):
    rows: int
    sum_fen: int


class Row(Struct, frozen=True):
    terminal: str
    swipe: NewSwipe


async def lines(pieces: AsyncIterator[bytes], encoding: str) -> AsyncGenerator[tuple[int, str]]:
    """The lines with their numbers from 1, never more than a piece in memory. Raises UnicodeDecodeError, BadFile."""
    decoder, rest, number = codecs.getincrementaldecoder(encoding)(), "", 0
    async for piece in pieces:
        *whole, rest = (rest + decoder.decode(piece)).split("\n")
        if len(rest) > LONGEST:
            raise BadFile(f"第 {number + len(whole) + 1} 行太长，不像对账文件")
        for line in whole:
            number += 1
            yield number, line.rstrip("\r")
    rest += decoder.decode(b"", final=True)
    if rest:
        yield number + 1, rest


def header(line: str) -> date:
    """The day of the file. Raises BadFile."""
    kind, *fields = _fields(line)
    if kind != "H" or len(fields) != _HEADER or fields[0] != "1":
        raise BadFile("第一行应当是 H,1,日期，例如 H,1,20261124")
    try:
        return datetime.strptime(fields[1], "%Y%m%d").date()
    except ValueError as error:
        raise BadFile("第一行的日期不对，应当像 20261124") from error


_HEADER = 2


def trailer(line: str) -> Totals | None:
    """The totals, or None for a line of another kind. Raises BadFile."""
    kind, *fields = _fields(line)
    if kind != "T":
        return None
    try:
        rows, sum_fen = (int(one) for one in fields)
    except ValueError as error:
        raise BadFile("最后一行应当是 T,笔数,合计（分）") from error
    return Totals(rows, sum_fen)


def amount(line: str) -> int:
    """What the line adds to the sum of the file: nothing where it says no amount that can be."""
    fields = _fields(line)
    if len(fields) != _FIELDS or not (fields[6].isascii() and fields[6].isdigit()):
        return 0
    return -int(fields[6]) if fields[8] else int(fields[6])


def takes_back(line: str) -> bool:
    """Whether it is the reversal of a purchase."""
    fields = _fields(line)
    return len(fields) == _FIELDS and bool(fields[8])


def row(line: str) -> Row:
    """Raises BadRow, Invalid naming the field."""
    fields = _fields(line)
    if len(fields) != _FIELDS or fields[0] != "D":
        raise BadRow(f"这一行应当有 {_FIELDS} 栏，以 D 开头")
    _, terminal, batch, trace, card, category, fen, at, reverses = fields
    told: dict[str, Any] = {
        "batch": batch,
        "trace": trace,
        "card": card,
        "category": category,
        "at": _moment(at),
    }
    told |= {"amount_fen": int(fen) if fen.isascii() and fen.isdigit() else fen, "reverses": reverses or None}
    try:
        return Row(terminal, msgspec.convert(told, NewSwipe))
    except msgspec.ValidationError as error:
        raise Invalid.from_validation(error) from error


def _moment(text: str) -> str:
    """A time without a zone is the street's."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return (moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)).isoformat()


def _fields(line: str) -> list[str]:
    try:
        return [one.strip() for one in next(csv.reader([line], strict=True), [""])]
    except csv.Error:
        return [""]
