"""The two files of a settlement (docs/settlement-files.md): ours with the claims, the post office's with its answer.

Lines end with a line feed; the hash in the last line is over all lines before it, as UTF-8 whatever the file is in.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import date
from hashlib import sha256

from msgspec import Struct

from server.kit.clock import SHANGHAI
from server.settlements.stored import ROW_KINDS, ClaimRow

ENCODINGS = ("utf-8-sig", "gb18030")
LONGEST = 400
_OUR_HEADER, _THEIR_HEADER, _THEIR_ROW = 6, 4, 5
_THEIR_TRAILER = (3, 4)
_MOST_REJECTS = 200
_MOST_FEN = 10**12


class BadFile(Exception):
    """The file as a whole cannot be taken; in words for whoever has sent it."""


class TheirRow(Struct, frozen=True):
    """What the post office says of one claim; `fen` is nothing where it refuses, and `told` why."""

    key: str
    fen: int
    refused: bool
    told: str


class Parsed(Struct, kw_only=True):
    """`rejects` are lines that say nothing that can be understood: number, line, reason."""

    batch_id: str
    day: date
    rows: list[TheirRow]
    rejects: list[tuple[int, str, str]]
    count: int
    sum_fen: int


def _line(cells: Sequence[object]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(cells)
    return written.getvalue()


def written(batch_id: str, through: date, rows: Iterable[ClaimRow]) -> str:
    """Our file without its last line's hash filled in twice: the text and, in it, the hash of what stands above."""
    claims = list(rows)
    lines = [
        _line(["H", 1, batch_id, f"{through:%Y%m%d}", len(claims), sum(one.amount_fen for one in claims)])
    ]
    lines += [_line(_cells(number, one)) for number, one in enumerate(claims, 1)]
    body = "".join(lines)
    return body + _line(["T", len(claims), sum(one.amount_fen for one in claims), hash_of(body)])


def _cells(number: int, row: ClaimRow) -> list[object]:
    at = row.at.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S")
    return ["D", number, row.id, ROW_KINDS[row.kind], row.payee, row.bill_kind, row.amount_fen, at]


def hash_of(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def last_hash(file: str) -> str:
    """The hash that stands in the last line."""
    return file.rstrip("\n").rpartition(",")[2]


def parsed(content: bytes) -> Parsed:
    """The post office's file, checked as a whole. Raises BadFile."""
    text = _decoded(content)
    if not text.strip():
        raise BadFile("文件是空的")
    lines = [line for line in text.replace("\r\n", "\n").split("\n") if line]
    batch_id, day = _header(lines[0])
    rows, rejects, claimed = [], [], None
    for number, line in enumerate(lines[1:], 2):
        if claimed is not None:
            raise BadFile("合计行之后还有内容，请核对文件")
        fields = _fields(line)
        if fields[:1] == ["T"]:
            claimed = _trailer(fields, lines[: number - 1])
            continue
        row = _row(fields)
        if isinstance(row, str):
            rejects.append((number, line[:LONGEST], row))
        else:
            rows.append(row)
    count, sum_fen = len(rows) + len(rejects), sum(one.fen for one in rows)
    if claimed is None:
        raise BadFile("文件不完整：没有最后的合计行，请重新导出再传")
    if claimed[0] != count or (not rejects and claimed[1] != sum_fen):
        raise BadFile(
            f"合计对不上：合计行写 {claimed[0]} 笔、{claimed[1]} 分，文件里是 {count} 笔、{sum_fen} 分"
        )
    if len(rejects) > _MOST_REJECTS:
        raise BadFile(f"看不懂的行太多（{len(rejects)} 行），请核对文件的格式")
    return Parsed(batch_id=batch_id, day=day, rows=rows, rejects=rejects, count=count, sum_fen=sum_fen)


def _decoded(content: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadFile("文件的编码既不是 UTF-8 也不是 GB18030")


def _header(line: str) -> tuple[str, date]:
    fields = _fields(line)
    if len(fields) != _THEIR_HEADER or fields[:2] != ["H", "1"]:
        raise BadFile("第一行应当是 H,1,批次号,日期，例如 H,1,YJ-20261124-01,20261126")
    try:
        return fields[2], date.fromisoformat(fields[3]) if fields[3].isdigit() else _no_day()
    except ValueError as error:
        raise BadFile("第一行的日期不对，应当像 20261126") from error


def _no_day() -> date:
    raise ValueError


def _trailer(fields: list[str], before: list[str]) -> tuple[int, int]:
    if len(fields) not in _THEIR_TRAILER:
        raise BadFile("最后一行应当是 T,笔数,合计（分）,校验码")
    try:
        count, sum_fen = int(fields[1]), int(fields[2])
    except ValueError as error:
        raise BadFile("最后一行的笔数或合计不是整数") from error
    if len(fields) == _THEIR_TRAILER[1] and fields[3] != hash_of("".join(f"{one}\n" for one in before)):
        raise BadFile("校验码对不上：文件在路上变了，请重新导出再传")
    return count, sum_fen


def _row(fields: list[str]) -> TheirRow | str:
    """What the line says, or what is wrong with it."""
    if len(fields) != _THEIR_ROW or fields[0] != "D":
        return f"这一行应当有 {_THEIR_ROW} 栏，以 D 开头"
    _, key, fen, state, told = fields
    if not key or len(key) > LONGEST // 2:
        return "没有流水号"
    if state == "NO":
        return TheirRow(key, 0, True, told[:200] or "没有说明原因")
    if state != "OK":
        return "结果应当是 OK 或 NO"
    if not fen.removeprefix("-").isdigit() or not fen.isascii() or abs(int(fen)) > _MOST_FEN:
        return "金额应当是整数，单位为分"
    return TheirRow(key, int(fen), False, "")


def _fields(line: str) -> list[str]:
    try:
        return [one.strip() for one in next(csv.reader([line], strict=True), [""])]
    except csv.Error:
        return [""]
