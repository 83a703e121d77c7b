"""A service as a form of text boxes: what it is filled with, and what somebody wrote back into it."""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from handlers.console.case import fen_of
from schemas.service_versions import ServiceForm
from server import service_versions
from server.service_versions import clock

MINUTES = (
    "duration_min",
    "step_min",
    "buffer_before_min",
    "buffer_after_min",
    "lead_time_min",
    "cancel_notice_min",
)
FEES = range(6)
SPARE_FIELDS, MOST_FIELDS = 3, 20
REST = "休息"
_UNITS = {"天": 1440, "小时": 60, "分钟": 1, "分": 1, "": 1}
_LENGTH = re.compile(r"([0-9]{1,6})\s*(天|小时|分钟|分)?")
_SPAN = re.compile(r"([0-9]{1,2})[:：]([0-9]{2})\s*[-－—~至到]\s*([0-9]{1,2})[:：]([0-9]{2})")
_BETWEEN = re.compile(r"[、，,；;\s]+")


# Filling in.


def filled(form: ServiceForm) -> dict[str, str]:
    """The boxes of a service that is there."""
    boxes: dict[str, Any] = {
        name: getattr(form, name) for name in ("name", "category", "summary", "mode", "dispatch", "notes")
    }
    boxes |= {name: service_versions.minutes(getattr(form, name)) for name in MINUTES}
    for name in ("horizon_days", "max_open", "rank"):
        boxes[name] = str(getattr(form, name) or "")
    own = form.reschedule_notice_min
    boxes["reschedule_notice_min"] = "" if own is None else service_versions.minutes(own)
    boxes["visit_fee"] = _yuan(form.visit_fee_fen)
    boxes["pool_id"] = form.pool_id or "new"
    if form.new_pool is not None:
        boxes |= {"new_pool.name": form.new_pool.name, "new_pool.capacity": str(form.new_pool.capacity)}
    boxes |= {name: "1" for name in ("seat_for_quote", "open_on_holidays") if getattr(form, name)}
    boxes |= {f"proof:{one}": "1" for one in form.proof}
    boxes |= {f"day{number}": _spans(spans) for number, spans in enumerate(form.weekly)}
    boxes["overrides"] = "\n".join(f"{day} {_spans(spans)}" for day, spans in sorted(form.overrides.items()))
    return boxes | _money(form) | _questions(form)


def _money(form: ServiceForm) -> dict[str, str]:
    boxes: dict[str, str] = {}
    if form.cancel_fees is not None:
        boxes["own_fees"] = "1"
        for row, fee in zip(FEES, form.cancel_fees, strict=False):
            boxes[f"fee{row}.within"] = service_versions.minutes(fee.within_min)
            boxes[f"fee{row}.percent"] = str(fee.percent or "")
            boxes[f"fee{row}.yuan"] = _yuan(fee.fen)
    if form.concession is not None:
        one = form.concession
        boxes |= {
            "concession.min_age": str(one.min_age),
            "concession.percent_off": str(one.percent_off or ""),
            "concession.free_per_month": str(one.free_per_month or ""),
        }
        boxes |= {"concession.disabled": "1"} if one.disabled else {}
    return boxes


def _questions(form: ServiceForm) -> dict[str, str]:
    boxes: dict[str, str] = {}
    for row, field in enumerate(form.fields):
        at = f"field{row}"
        boxes |= {f"{at}.name": field.name, f"{at}.label": field.label, f"{at}.type": field.type}
        boxes |= {f"{at}.required": "1"} if field.required else {}
        boxes[f"{at}.options"] = "；".join(one.text for one in field.options)
        boxes[f"{at}.min"] = "" if field.min is None else f"{field.min:g}"
        boxes[f"{at}.max"] = "" if field.max is None else f"{field.max:g}"
        boxes[f"{at}.hint"] = field.hint
    return boxes


def rows_of(given: Mapping[str, str]) -> range:
    """How many questions the page has room for."""
    used = [row for row in range(MOST_FIELDS) if given.get(f"field{row}.label")]
    return range(min(max(used, default=-1) + 1 + SPARE_FIELDS, MOST_FIELDS))


def _spans(spans: Iterable[tuple[int, int]]) -> str:
    return "、".join(f"{clock(opening)}-{clock(closing)}" for opening, closing in spans) or REST


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}" if fen else ""


# Reading.


def read(given: Mapping[str, str], known: ServiceForm | None) -> dict[str, Any]:
    """What was written, as the schema wants it; what is no number or time stays as it is, to be refused by its name.
    `known` is the service as it was: its questions keep the names that answers are stored under."""
    text = {name: value.strip().replace("\r\n", "\n") for name, value in given.items()}
    body: dict[str, Any] = {
        name: text[name]
        for name in ("name", "category", "summary", "mode", "dispatch", "notes")
        if name in text
    }
    body |= {name: length(text.get(name, "")) for name in MINUTES if text.get(name)}
    body |= {name: number(text[name]) for name in ("horizon_days", "max_open", "rank") if text.get(name)}
    if text.get("reschedule_notice_min"):
        body["reschedule_notice_min"] = length(text["reschedule_notice_min"])
    if text.get("visit_fee"):
        body["visit_fee_fen"] = fen_of(text["visit_fee"])
    body |= _pool(text)
    body |= {name: True for name in ("seat_for_quote", "open_on_holidays") if name in text}
    body["proof"] = [name.partition(":")[2] for name in text if name.startswith("proof:")]
    body["weekly"] = [spans(text.get(f"day{day}", "")) for day in range(7)]
    body["overrides"] = _overrides(text.get("overrides", ""))
    body["cancel_fees"] = _fees(text) if "own_fees" in text else None
    body["concession"] = _concession(text)
    body["fields"] = _asked(text, known)
    return body


def length(text: str) -> Any:
    """`2 小时`, `1 天`, `90`, as minutes."""
    found = _LENGTH.fullmatch(text)
    return int(found[1]) * _UNITS[found[2] or ""] if found else text


def number(text: str) -> Any:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def spans(text: str) -> Any:
    """`08:00-12:00、14:30-18:00`; nothing, or 休息, is a day off."""
    if text in ("", REST):
        return []
    found = [_span(one) for one in _BETWEEN.split(text) if one]
    return text if None in found else found


def _span(text: str) -> list[int] | None:
    found = _SPAN.fullmatch(text)
    if found is None:
        return None
    hours, minutes, till, till_minutes = (int(one) for one in found.groups())
    return [hours * 60 + minutes, till * 60 + till_minutes]


def _overrides(text: str) -> Any:
    found: dict[str, Any] = {}
    for line in filter(None, map(str.strip, text.split("\n"))):
        day, _, rest = line.partition(" ")
        found[_day(day)] = spans(rest.strip())
    return found


def _day(text: str) -> str:
    """`2026-2-3` is the same day as `2026-02-03`."""
    parts = text.replace("/", "-").split("-")
    try:
        return date(*(int(one) for one in parts)).isoformat()
    except (ValueError, TypeError):
        return text


def _pool(text: Mapping[str, str]) -> dict[str, Any]:
    if text.get("pool_id") != "new":
        return {"pool_id": text.get("pool_id") or None}
    capacity = number(text.get("new_pool.capacity", ""))
    return {"new_pool": {"name": text.get("new_pool.name", ""), "capacity": capacity}}


def _fees(text: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {
            "within_min": length(text[f"fee{row}.within"]),
            "percent": number(text.get(f"fee{row}.percent", "") or "0"),
            "fen": fen_of(text.get(f"fee{row}.yuan", "") or "0"),
        }
        for row in FEES
        if text.get(f"fee{row}.within")
    ]


def _concession(text: Mapping[str, str]) -> dict[str, Any] | None:
    given = {name: text.get(f"concession.{name}", "") for name in ("percent_off", "free_per_month")}
    if not any(given.values()):
        return None
    more = {"min_age": number(text.get("concession.min_age", "") or "0")}
    return (
        {name: number(one or "0") for name, one in given.items()}
        | more
        | {"disabled": "concession.disabled" in text}
    )


def _asked(text: Mapping[str, str], known: ServiceForm | None) -> list[dict[str, Any]]:
    before = (
        {one.name: {each.text: each.value for each in one.options} for one in known.fields} if known else {}
    )
    taken = {text.get(f"field{row}.name", "") for row in range(MOST_FIELDS)} | set(before)
    free = (f"q{number}" for number in range(1, 100) if f"q{number}" not in taken)
    found = []
    for row in range(MOST_FIELDS):
        at = f"field{row}"
        if not text.get(f"{at}.label"):
            continue
        name = text.get(f"{at}.name") or next(free)
        options = [one for one in re.split(r"[；;\n]", text.get(f"{at}.options", "")) if one.strip()]
        values = before.get(name, {})
        asked: dict[str, Any] = {
            "name": name,
            "label": text[f"{at}.label"],
            "type": text.get(f"{at}.type", "text"),
            "required": f"{at}.required" in text,
            "options": [
                {"value": values.get(one.strip(), one.strip()), "text": one.strip()} for one in options
            ],
            "hint": text.get(f"{at}.hint", ""),
        }
        for bound in ("min", "max"):
            if text.get(f"{at}.{bound}"):
                asked[bound] = _decimal(text[f"{at}.{bound}"])
        found.append(asked)
    return found


def _decimal(text: str) -> Any:
    try:
        return float(text) if re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,3})?", text) else text
    except ValueError:
        return text
