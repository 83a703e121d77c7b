"""A version of the fee rules as a form of text boxes: what it is filled with, and what somebody wrote back into it.

The steps of a table are one line, `8天 0%，48小时 5%，24小时 10%，0 20%`: at least so long before, so many per cent.
"""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from handlers.console.case import fen_of
from schemas.fee_rules import FeeStep, FeeTable, Mode, NewFeeRules
from server.tickets.words import SEATS

MOST_TABLES, SPARE = 12, 1
LABELS = {
    "valid_from": "从哪天起",
    "minimum_fen": "最低收多少",
    "step_fen": "算到多少",
    "rounding": "尾数怎么算",
    "difference": "改到便宜的票",
    "source": "依据",
    "note": "说明",
    "name": "名称",
    "seat_classes": "席别",
    "refund": "退票收多少",
    "refund_after": "开车后退票",
    "change": "改签收多少",
    "change_after": "开车后改签",
    "change_same_day": "改到当天或更早",
    "late_change_permyriad": "改签过再退最少",
}
_BOXES = {"minimum_fen": "minimum", "step_fen": "step"}
_RATES = ("refund_after", "change_after", "change_same_day", "late_change_permyriad")
_TABLE = re.compile(r"tables\[(\d{1,2})\]\.?(\w*)")
_STEP = re.compile(r"(\d{1,6})\s*(天|小时|分钟|)\s*[:：\s]\s*(\d+(?:\.\d+)?)\s*[%％]?")
_UNITS = {"天": 1440, "小时": 60, "分钟": 1, "": 1}
_BETWEEN = re.compile(r"[,，、;；\n]+")


# Filling in.


def filled(mode: Mode, body: NewFeeRules) -> dict[str, str]:
    """The boxes of a version that is there; the day is left to whoever writes the next."""
    boxes = {
        "rounding": body.rounding,
        "difference": body.difference,
        "source": body.source,
        "minimum": _yuan(body.minimum_fen),
        "step": _yuan(body.step_fen),
    }
    for row, one in enumerate(body.tables):
        boxes |= _table_boxes(mode, f"table{row}", one)
    return boxes


def _table_boxes(mode: Mode, at: str, one: FeeTable) -> dict[str, str]:
    names: Mapping[str, str] = {str(code): name for code, name in SEATS[mode].items()}
    boxes = {
        f"{at}.name": one.name,
        f"{at}.seat_classes": "、".join(names.get(each, each) for each in one.seat_classes),
        f"{at}.refund": _steps(one.refund),
        f"{at}.change": _steps(one.change),
    }
    rates = {name: getattr(one, name) for name in _RATES}
    return boxes | {f"{at}.{name}": "" if rate is None else _percent(rate) for name, rate in rates.items()}


def _steps(steps: list[FeeStep]) -> str:
    return "，".join(f"{_span(one.minutes)} {_percent(one.permyriad)}%" for one in steps)


def _span(minutes: int) -> str:
    for unit, size in _UNITS.items():
        if minutes and minutes % size == 0 and not (unit == "天" and minutes < 3 * size):
            return f"{minutes // size}{unit}"
    return "0"


def _percent(permyriad: int) -> str:
    return f"{permyriad / 100:g}"


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}" if fen else ""


def rows(given: Mapping[str, str]) -> range:
    """How many tables the page has room for."""
    return range(min(max(_used(given), default=-1) + 1 + SPARE, MOST_TABLES))


# Reading.


def read(mode: Mode, given: Mapping[str, str]) -> dict[str, Any]:
    """What was written, as the schema wants it; what cannot be read stays as it is, to be refused by its name."""
    text = {name: value.strip() for name, value in given.items()}
    words = ("valid_from", "note", "source", "rounding", "difference")
    body: dict[str, Any] = {name: text[name] for name in words if text.get(name)}
    body["minimum_fen"] = fen_of(text.get("minimum") or "0")
    body["step_fen"] = fen_of(text.get("step") or "0.01")
    body["tables"] = [_table(mode, text, f"table{row}") for row in _used(text)]
    return body


def _used(given: Mapping[str, str]) -> list[int]:
    """The tables with a name; one without is one that was taken out."""
    return [row for row in range(MOST_TABLES) if given.get(f"table{row}.name", "").strip()]


def _table(mode: Mode, text: Mapping[str, str], at: str) -> dict[str, Any]:
    codes = {name: code for code, name in SEATS[mode].items()}
    classes = [one.strip() for one in _BETWEEN.split(text.get(f"{at}.seat_classes", "")) if one.strip()]
    found: dict[str, Any] = {
        "name": text[f"{at}.name"],
        "seat_classes": [codes.get(one, one) for one in classes],
        "refund": steps(text.get(f"{at}.refund", "")),
        "change": steps(text.get(f"{at}.change", "")),
    }
    return found | {name: permyriad(text[f"{at}.{name}"]) for name in _RATES if text.get(f"{at}.{name}")}


def steps(text: str) -> Any:
    """`8天 0%，0 20%`; what is no step stays as it is."""
    found = [_STEP.fullmatch(one.strip()) for one in _BETWEEN.split(text) if one.strip()]
    read = [
        {"minutes": int(one[1]) * _UNITS[one[2]], "permyriad": permyriad(one[3])}
        for one in found
        if one is not None
    ]
    return read if read and len(read) == len(found) else text


def permyriad(text: str) -> Any:
    try:
        found = Decimal(text.rstrip("%％ ")) * 100
        return int(found) if found == int(found) else text
    except (InvalidOperation, ValueError, OverflowError):
        return text


# What is wrong with it.


def box_of(field: str, given: Mapping[str, str]) -> str:
    """The box that a refusal is about: `tables[1].refund[0].minutes` is the second table that is used."""
    found = _TABLE.match(field)
    if found is None:
        return _BOXES.get(field, field)
    used = _used(given)
    row = used[int(found[1])] if int(found[1]) < len(used) else 0
    return f"table{row}.{found[2] or 'name'}"


def label_of(field: str) -> str:
    """`第 2 张表的“退票收多少”`."""
    found = _TABLE.match(field)
    name = (found[2] or "name") if found else field
    label = f"“{LABELS.get(name, name)}”"
    return f"第 {int(found[1]) + 1} 张表的{label}" if found else label
