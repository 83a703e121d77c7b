"""A version of the rates as a form of text boxes: what it is filled with, and what somebody wrote back into it."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from handlers.console.case import fen_of
from handlers.console.service_form import number
from schemas.points import NewRates

SPARE, MOST_RATES, MOST_CAMPAIGNS = 3, 100, 50
LABELS = {
    "valid_from": "从哪天起",
    "minimum_fen": "满多少才积",
    "daily_cap_fen": "每人每天最多积",
    "rounding": "不满 1 分钱的",
    "note": "说明",
    "category": "类别",
    "name": "名称",
    "permyriad": "积百分之几",
    "percent": "平时的百分之几",
    "first": "第一天",
    "last": "最后一天",
}
_ROW = re.compile(r"(rates|campaigns)\[([0-9]{1,3})\]\.?(\w*)")
_BOXES = {"minimum_fen": "minimum", "daily_cap_fen": "cap"}


# Filling in.


def filled(body: NewRates) -> dict[str, str]:
    """The boxes of a version that is there; the day is left to whoever writes the next."""
    names = {one.category: one.name for one in body.rates}
    boxes = {"rounding": body.rounding, "minimum": _yuan(body.minimum_fen), "cap": _yuan(body.daily_cap_fen)}
    for row, rate in enumerate(body.rates):
        boxes |= {f"rate{row}.category": rate.category, f"rate{row}.name": rate.name}
        boxes[f"rate{row}.percent"] = f"{rate.permyriad / 100:g}"
    for row, one in enumerate(body.campaigns):
        at = f"campaign{row}"
        boxes |= {f"{at}.name": one.name, f"{at}.percent": str(one.percent)}
        boxes |= {f"{at}.first": one.first.isoformat(), f"{at}.last": one.last.isoformat()}
        boxes[f"{at}.category"] = names.get(one.category, one.category) if one.category else ""
    return boxes


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}" if fen else ""


def rows(given: Mapping[str, str], kind: str) -> range:
    """How many lines of rates, or of campaigns, the page has room for."""
    used, most = _used(given, kind), MOST_RATES if kind == "rate" else MOST_CAMPAIGNS
    return range(min(max(used, default=-1) + 1 + SPARE, most))


def names(given: Mapping[str, str]) -> list[str]:
    """The categories as they are written now, for the campaigns to choose from."""
    return [given[f"rate{row}.name"] for row in _used(given, "rate") if given.get(f"rate{row}.name")]


# Reading.


def read(given: Mapping[str, str]) -> dict[str, Any]:
    """What was written, as the schema wants it; what is no number stays as it is, to be refused by its name."""
    text = {name: value.strip() for name, value in given.items()}
    body: dict[str, Any] = {name: text[name] for name in ("valid_from", "note", "rounding") if text.get(name)}
    body |= {name: fen_of(text.get(box) or "0") for name, box in _BOXES.items()}
    body["rates"] = [_rate(text, f"rate{row}") for row in _used(text, "rate")]
    codes = {one["name"]: one["category"] for one in body["rates"]}
    body["campaigns"] = [_campaign(text, f"campaign{row}", codes) for row in _used(text, "campaign")]
    return body


def _used(given: Mapping[str, str], kind: str) -> list[int]:
    """The lines in which something stands; a line without a name is one that was taken out."""
    most = MOST_RATES if kind == "rate" else MOST_CAMPAIGNS
    return [row for row in range(most) if given.get(f"{kind}{row}.name", "").strip()]


def _rate(text: Mapping[str, str], at: str) -> dict[str, Any]:
    permyriad = _permyriad(text.get(f"{at}.percent", ""))
    return {
        "category": text.get(f"{at}.category", ""),
        "name": text[f"{at}.name"],
        "permyriad": permyriad,
    }


def _permyriad(text: str) -> Any:
    """`0.5`, of a hundred."""
    try:
        found = Decimal(text.removesuffix("%").strip()) * 100
        return int(found) if found == int(found) else text
    except (InvalidOperation, ValueError, OverflowError):
        return text


def _campaign(text: Mapping[str, str], at: str, codes: Mapping[str, str]) -> dict[str, Any]:
    whose = text.get(f"{at}.category", "")
    found: dict[str, Any] = {name: text.get(f"{at}.{name}", "") for name in ("name", "first", "last")}
    found["percent"] = number(text.get(f"{at}.percent", ""))
    return found | ({"category": codes.get(whose, whose)} if whose else {})


# What is wrong with it.


def box_of(field: str, given: Mapping[str, str]) -> str:
    """The box that a refusal is about: `rates[1].permyriad` is the second line that is used."""
    found = _ROW.fullmatch(field)
    if found is None:
        return _BOXES.get(field, field)
    kind = found[1].removesuffix("s")
    used = _used(given, kind)
    row = used[int(found[2])] if int(found[2]) < len(used) else 0
    return f"{kind}{row}.{'percent' if found[3] == 'permyriad' else found[3] or 'name'}"


def label_of(field: str) -> str:
    """`第 2 行的“积百分之几”`."""
    found = _ROW.fullmatch(field)
    name = found[3] or "last" if found else field
    label = f"“{LABELS.get(name, name)}”"
    return (
        f"{'活动' if found[1] == 'campaigns' else '类别'}第 {int(found[2]) + 1} 行的{label}"
        if found
        else label
    )
