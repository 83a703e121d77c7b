"""A version of the tariff as a form of text boxes: what it is filled with, and what somebody wrote back into it."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from handlers.console.case import fen_of
from schemas.tariffs import NewTariff

MOST_SURCHARGES, SPARE = 20, 2
LABELS = {
    "valid_from": "从哪天起",
    "note": "说明",
    "base_fen": "起步价",
    "base_metres": "起步价含多少公里",
    "per_km_fen": "超出的每公里",
    "free_wait_minutes": "等候多少分钟内不收费",
    "wait_minute_fen": "以后每分钟",
    "wheelchair_fen": "轮椅车加多少",
    "helper_fen": "搀扶加多少",
    "scheduled_fen": "预约加多少",
    "step_fen": "算到多少",
    "rounding": "尾数怎么算",
    "name": "名称",
    "start": "从几点",
    "end": "到几点",
    "percent": "加百分之几",
}
_MONEY = {
    "base_fen": "base",
    "per_km_fen": "per_km",
    "wait_minute_fen": "wait_minute",
    "wheelchair_fen": "wheelchair",
    "helper_fen": "helper",
    "scheduled_fen": "scheduled",
    "step_fen": "step",
}
_MAY_BE_NONE = ("wait_minute_fen", "wheelchair_fen", "helper_fen", "scheduled_fen")
_BOXES = _MONEY | {"base_metres": "base_km"}
_SURCHARGE = re.compile(r"surcharges\[(\d{1,2})\]\.?(\w*)")
_PARTS = ("name", "start", "end", "percent")
_KM = 1000


# Filling in.


def filled(body: NewTariff) -> dict[str, str]:
    """The boxes of a version that is there; the day is left to whoever writes the next."""
    boxes = {box: _yuan(getattr(body, field), field) for field, box in _MONEY.items()}
    boxes |= {
        "base_km": f"{Decimal(body.base_metres) / _KM:f}",
        "free_wait_minutes": str(body.free_wait_minutes),
        "rounding": body.rounding,
    }
    for row, one in enumerate(body.surcharges):
        boxes |= {f"surcharge{row}.{part}": str(getattr(one, part)) for part in _PARTS}
    return boxes


def _yuan(fen: int, field: str) -> str:
    return f"{fen // 100}.{fen % 100:02d}" if fen or field not in _MAY_BE_NONE else ""


def rows(given: Mapping[str, str]) -> range:
    """How many surcharges the page has room for."""
    return range(min(max(_used(given), default=-1) + 1 + SPARE, MOST_SURCHARGES))


# Reading.


def read(given: Mapping[str, str]) -> dict[str, Any]:
    """What was written, as the schema wants it; what cannot be read stays as it is, to be refused by its name."""
    text = {name: value.strip() for name, value in given.items()}
    body: dict[str, Any] = {name: text[name] for name in ("valid_from", "note", "rounding") if text.get(name)}
    body |= {field: fen_of(text[box]) for field, box in _MONEY.items() if text.get(box)}
    if text.get("base_km"):
        body["base_metres"] = metres_of(text["base_km"])
    body["free_wait_minutes"] = whole(text.get("free_wait_minutes") or "0")
    body["surcharges"] = [_surcharge(text, f"surcharge{row}") for row in _used(text)]
    return body


def _used(given: Mapping[str, str]) -> list[int]:
    """The surcharges with a name; one without is one that was taken out."""
    return [row for row in range(MOST_SURCHARGES) if given.get(f"surcharge{row}.name", "").strip()]


def _surcharge(text: Mapping[str, str], at: str) -> dict[str, Any]:
    found: dict[str, Any] = {part: text.get(f"{at}.{part}", "") for part in _PARTS}
    return found | {"percent": whole(found["percent"].rstrip("%％ "))}


def metres_of(text: str) -> Any:
    """Kilometres as somebody typed them; what is no number of metres stays as it is."""
    try:
        metres = Decimal(text) * _KM
        return int(metres) if metres == int(metres) else text
    except (InvalidOperation, ValueError, OverflowError):
        return text


def whole(text: str) -> Any:
    return int(text) if text.isascii() and text.isdigit() and len(text) < len("1000000") else text


# What is wrong with it.


def box_of(field: str, given: Mapping[str, str]) -> str:
    """The box that a refusal is about: `surcharges[1].start` is the second one that is used."""
    found = _SURCHARGE.match(field)
    if found is None:
        return _BOXES.get(field, field)
    used = _used(given)
    row = used[int(found[1])] if int(found[1]) < len(used) else 0
    return f"surcharge{row}.{found[2] or 'name'}"


def label_of(field: str) -> str:
    """`第 2 项加价的“从几点”`."""
    found = _SURCHARGE.match(field)
    name = (found[2] or "name") if found else field
    label = f"“{LABELS.get(name, name)}”"
    return f"第 {int(found[1]) + 1} 项加价的{label}" if found else label
