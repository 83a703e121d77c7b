"""The post office's settlement desk: reads our file of claims, and answers with one of its own, right or with faults.

It reads the file as its description says (docs/settlement-files.md), and knows nothing of how it was written.
"""

import csv
import hashlib
import io
from datetime import timedelta
from typing import Annotated

from msgspec import Meta, Struct

from .controls import Control, Reply, Unknown
from .world import World

_CLAIM = 8
Count = Annotated[int, Meta(ge=0, le=1000)]


class Claims(Struct, forbid_unknown_fields=True):
    """`content` is our file. So many claims are left out (`missing`), answered with `paid_percent` of their amount,
    refused, or answered twice; `unknown` ones are answered that nobody has made, and `garbled` lines say nothing. In
    another order where it is `shuffled`, without its last line where it is `cut`, changed on the way where `stained`,
    without its hash where `unsigned`."""

    content: str
    missing: Count = 0
    other_amount: Count = 0
    refused: Count = 0
    doubled: Count = 0
    unknown: Count = 0
    garbled: Count = 0
    paid_percent: Annotated[int, Meta(ge=0, le=200)] = 90
    shuffled: bool = False
    cut: bool = False
    stained: bool = False
    unsigned: bool = False


class Claim(Struct, frozen=True):
    key: str
    fen: int


def _read(content: str) -> tuple[str, list[Claim]]:
    """The batch and its claims. Raises Unknown where the file is not whole."""
    body, _, last = content.rstrip("\n").rpartition("\n")
    rows = list(csv.reader(io.StringIO(content)))
    mark, rows_told, sum_told, digest = (rows[-1] + [""] * 4)[:4] if rows else [""] * 4
    claims = [Claim(one[2], int(one[6])) for one in rows[1:-1] if one[0] == "D" and len(one) == _CLAIM]
    if mark != "T" or hashlib.sha256(f"{body}\n".encode()).hexdigest() != digest:
        raise Unknown(f"content: the hash of the last line is not that of the file ({last[:20]}…)")
    if (len(claims), sum(one.fen for one in claims)) != (int(rows_told), int(sum_told)):
        raise Unknown("content: the totals are not those of the file")
    return rows[0][2], claims


def _answered(claims: list[Claim], ask: Claims) -> list[list[object]]:
    """A line for each claim; the first ones are left out, the next have another amount, and so on."""
    lines: list[list[object]] = []
    for number, one in enumerate(claims):
        place = number - ask.missing
        if place < 0:
            continue
        if place < ask.other_amount:
            lines.append(["D", one.key, one.fen * ask.paid_percent // 100, "OK", ""])
        elif place < ask.other_amount + ask.refused:
            lines.append(["D", one.key, 0, "NO", "卡已注销"])
        else:
            lines.append(["D", one.key, one.fen, "OK", ""])
    paid = [one for one in lines if one[3] == "OK"]
    lines += [list(one) for one in paid[-ask.doubled :]] if ask.doubled else []
    lines += [["D", f"post-office/{number}", 1234, "OK", ""] for number in range(ask.unknown)]
    return [*lines[::-1]] if ask.shuffled else lines


def answer(world: World, ask: Claims) -> Reply:
    batch, claims = _read(ask.content)
    lines = _answered(claims, ask)
    day = world.clock.now() + timedelta(hours=8)
    written = io.StringIO()
    table = csv.writer(written, lineterminator="\n")
    table.writerow(["H", 1, batch, f"{day:%Y%m%d}"])
    table.writerows(lines)
    table.writerows([["D", "?"]] * ask.garbled)
    digest = hashlib.sha256(written.getvalue().encode()).hexdigest()
    total = sum(int(str(one[2])) for one in lines)
    table.writerow(["T", len(lines) + ask.garbled, total, *([] if ask.unsigned else [digest])])
    content = written.getvalue()
    if ask.stained:
        content = content.replace(",OK,", ",OK,x", 1)
    if ask.cut:
        content = content.rstrip("\n").rpartition("\n")[0] + "\n"
    return {"content": content, "rows": len(lines), "sum_fen": total}


POST_OFFICE_CONTROLS = (Control("POST", "/_control/post-office", Claims, answer),)
