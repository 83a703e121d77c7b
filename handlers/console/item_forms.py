"""The form of an item: what a version says as boxes and rows, and what was filled in as an item again.

Rows are named `materials.2.name`; one that is empty or ticked to go is left out, and the others move up. Steps have a
row each, to be ticked, so that their order cannot be wrong.
"""

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from handlers.console.case import fen_of
from schemas.items import Condition, ItemBody, ItemField, Material, Step
from server.items.rules import ORDER
from server.items.words import answer_text

Row = dict[str, str]
ROWS = ("fields", "materials", "hints")
_ROW = re.compile(r"^(fields|materials|hints|steps)\.(\w{1,20})\.(\w{1,20})$")
_SPLIT = re.compile(r"[、,，;；\n]")
_TICK = "1"
_NUMBERS = (
    "legal_days",
    "promised_days",
    "extension_days",
    "acceptance_days",
    "supplement_days",
    "visits",
    "rank",
)
_TICKS = ("instant", "four_eyes", "deemed")
_TEXTS = ("code", "name", "domain", "level", "result", "result_name")


class Sheet(Struct, frozen=True):
    """What stands in the form: single boxes by name, rows in their order, and a row for each step that is ticked."""

    top: Row
    rows: dict[str, list[Row]]
    steps: dict[str, Row]


# From a version to the form.


def sheet_of(body: ItemBody) -> Sheet:
    top = {name: str(getattr(body, name)) for name in (*_TEXTS, *_NUMBERS)}
    top |= {name: _tick(getattr(body, name)) for name in _TICKS}
    top |= {"summary": body.summary, "guide": body.guide, "basis": "\n".join(body.basis)}
    top |= {"fee": f"{body.fee_fen / 100:g}"} | {f"deliveries:{one}": _TICK for one in body.deliveries}
    fields = {one.name: one for one in body.fields}
    rows = {
        "fields": [_field_row(one) for one in body.fields],
        "materials": [_material_row(one, fields) for one in body.materials],
        "hints": [
            {"text": one.text, "min_age": _number(one.min_age), "max_age": _number(one.max_age)}
            | {"local": _tick(one.local)}
            for one in body.hints
        ],
    }
    return Sheet(top, rows, {one.name: _step_row(one) for one in body.steps})


def _tick(value: bool) -> str:
    return _TICK if value else ""


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.10g}"


def _field_row(one: ItemField) -> Row:
    return {
        "name": one.name,
        "label": one.label,
        "type": one.type,
        "required": _tick(one.required),
        "options": "\n".join(each["text"] for each in one.options),
        "known": "\n".join(f"{each['value']}={each['text']}" for each in one.options),
        "min": _number(one.min),
        "max": _number(one.max),
        "hint": one.hint,
    }


def _material_row(one: Material, fields: Mapping[str, ItemField]) -> Row:
    return {
        "key": one.key,
        "name": one.name,
        "required": _tick(one.required),
        "when": one.when.field if one.when else "",
        "answers": _answers(one.when, fields),
        "reusable": _tick(one.reusable),
        "copies": one.copies,
        "number": str(one.number),
        "sample": one.sample,
        "issued_by": one.issued_by,
        "hint": one.hint,
    }


def _answers(when: Condition | None, fields: Mapping[str, ItemField]) -> str:
    return "、".join(answer_text(fields.get(when.field), one) for one in when.is_) if when else ""


def _step_row(one: Step) -> Row:
    return {
        "on": _TICK,
        "role": one.role,
        "limit": str(one.limit),
        "days": str(one.days),
        "outside": _tick(one.outside_limits),
    }


# From what was filled in to an item.


def sheet_from(form: Mapping[str, str]) -> Sheet:
    """As it was filled in, without the rows that are empty or to go."""
    clean = {name: value.replace("\r\n", "\n").strip() for name, value in form.items()}
    found: dict[str, dict[str, Row]] = {}
    top: Row = {}
    for name, value in clean.items():
        if row := _ROW.match(name):
            found.setdefault(row[1], {}).setdefault(row[2], {})[row[3]] = value
        else:
            top[name] = value
    rows = {each: [one for one in found.get(each, {}).values() if _stays(one)] for each in ROWS}
    steps = {name: one for name, one in found.get("steps", {}).items() if one.get("on")}
    return Sheet(top, rows, steps)


def _stays(row: Row) -> bool:
    written = any(row.get(name) for name in ("name", "label", "text", "hint", "options"))
    return written and not row.get("gone")


def with_one_more(sheet: Sheet, rows: str) -> Sheet:
    """An empty row at the end of what was filled in."""
    return Sheet(sheet.top, sheet.rows | {rows: [*sheet.rows.get(rows, []), {}]}, sheet.steps)


def values_of(sheet: Sheet) -> dict[str, Any]:
    """An item as a file would write it; what is no number stays as it is, to be refused by name."""
    top = sheet.top
    fields = _with_names([_field(one) for one in sheet.rows["fields"]], "name", "f")
    found: dict[str, Any] = {name: top.get(name, "") for name in (*_TEXTS, "summary", "guide")}
    found |= {name: _whole(top[name]) for name in _NUMBERS if top.get(name)}
    found |= {name: bool(top.get(name)) for name in _TICKS}
    found["basis"] = [one.strip() for one in top.get("basis", "").split("\n") if one.strip()]
    found["fee_fen"] = fen_of(top.get("fee") or "0")
    found["deliveries"] = [
        name.removeprefix("deliveries:") for name, on in top.items() if on and name.startswith("deliveries:")
    ]
    found["fields"] = fields
    materials = [_material(one, {each["name"]: each for each in fields}) for one in sheet.rows["materials"]]
    found["materials"] = _with_names(materials, "key", "m")
    found["steps"] = [_step(name, sheet.steps[name]) for name in ORDER if name in sheet.steps]
    found["hints"] = [_hint(one) for one in sheet.rows["hints"]]
    return found


def _whole(text: str) -> Any:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text


def _real(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


def _with_names(rows: list[dict[str, Any]], name: str, prefix: str) -> list[dict[str, Any]]:
    """What a clerk did not name gets the next free name."""
    taken = {one[name] for one in rows}
    for one in rows:
        if not one[name]:
            one[name] = next(each for n in range(1, 100) if (each := f"{prefix}{n}") not in taken)
            taken.add(one[name])
    return rows


def _field(row: Row) -> dict[str, Any]:
    pairs = [one.split("=", 1) for one in row.get("known", "").split("\n") if "=" in one]
    known = {text: value for value, text in pairs}
    texts = [one.strip() for one in row.get("options", "").split("\n") if one.strip()]
    found: dict[str, Any] = {
        "name": row.get("name", ""),
        "label": row.get("label", ""),
        "type": row.get("type", ""),
        "required": bool(row.get("required")),
        "hint": row.get("hint", ""),
        "options": [{"value": known.get(one, one), "text": one} for one in texts],
    }
    return found | {name: _real(row[name]) for name in ("min", "max") if row.get(name)}


def _material(row: Row, fields: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {
        name: row.get(name, "") for name in ("key", "name", "copies", "issued_by", "hint")
    }
    found |= {"required": bool(row.get("required")), "reusable": bool(row.get("reusable"))}
    found |= {
        "number": _whole(row.get("number") or "1"),
        "sample": "" if row.get("bare") else row.get("sample", ""),
    }
    if row.get("when"):
        answers = [one.strip() for one in _SPLIT.split(row.get("answers", "")) if one.strip()]
        field = fields.get(row["when"], {})
        found["when"] = {"field": row["when"], "is": [_answer(field, one) for one in answers]}
    return found


def _answer(field: Mapping[str, Any], text: str) -> Any:
    """What a clerk calls an answer, as the form keeps it."""
    match field.get("type"):
        case "yes_no":
            return {"是": True, "否": False}.get(text, text)
        case "number":
            return _real(text)
    return next((one["value"] for one in field.get("options", []) if one["text"] == text), text)


def _step(name: str, row: Row) -> dict[str, Any]:
    return {
        "name": name,
        "role": row.get("role", ""),
        "limit": _whole(row.get("limit") or "0"),
        "days": _whole(row.get("days") or "0"),
        "outside_limits": bool(row.get("outside")),
    }


def _hint(row: Row) -> dict[str, Any]:
    ages = {name: _whole(row[name]) for name in ("min_age", "max_age") if row.get(name)}
    return {"text": row.get("text", ""), "local": bool(row.get("local"))} | ages
