"""A bundle as a form of text boxes: what it is filled with, and what somebody wrote back into it."""

from collections.abc import Mapping
from typing import Any

from schemas.bundles import BundleForm

MOST_PARTS, SPARE_PARTS = 10, 2
FAULTS = ("provider", "street", "resident")
_FREE = [f"p{number}" for number in range(1, 100)]


def filled(form: BundleForm) -> dict[str, str]:
    """The boxes of a bundle that is there; `after` is the row of the part it waits for."""
    boxes = {
        "name": form.name,
        "description": form.description,
        "if_part_fails": form.if_part_fails,
        "answer_hours": str(form.answer_hours),
        "rank": str(form.rank or ""),
    }
    boxes |= {f"free:{one}": "1" for one in form.free_after}
    boxes |= {"active": "1"} if form.active else {}
    row_of = {one.part: str(row) for row, one in enumerate(form.parts)}
    for row, one in enumerate(form.parts):
        at = f"part{row}"
        boxes |= {f"{at}.part": one.part, f"{at}.name": one.name, f"{at}.hint": one.hint}
        boxes |= {f"{at}.category": one.category or "", f"{at}.after": row_of.get(one.after or "", "")}
        boxes |= {f"{at}.gap_min": str(one.gap_min or "")}
        boxes |= {f"{at}.required": "1"} if one.required else {}
        boxes |= {f"{at}.service:{each}": "1" for each in one.services}
    return boxes


def rows_of(given: Mapping[str, str]) -> range:
    """How many parts the page has room for."""
    used = [row for row in range(MOST_PARTS) if given.get(f"part{row}.name")]
    return range(min(max(used, default=0) + 1 + SPARE_PARTS, MOST_PARTS))


def read(given: Mapping[str, str]) -> dict[str, Any]:
    """What was written, as the schema wants it; a part whose name is cleared is gone."""
    text = {name: value.strip().replace("\r\n", "\n") for name, value in given.items()}
    rows = [row for row in range(MOST_PARTS) if text.get(f"part{row}.name")]
    body: dict[str, Any] = {
        name: text[name] for name in ("name", "description", "if_part_fails") if name in text
    }
    body |= {name: number(text[name]) for name in ("answer_hours", "rank") if text.get(name)}
    body["free_after"] = [one for one in FAULTS if f"free:{one}" in text]
    body["active"] = "active" in text
    names = _names(text, rows)
    body["parts"] = [_part(text, row, names) for row in rows]
    return body


def _names(text: Mapping[str, str], rows: list[int]) -> dict[str, str]:
    """By row: those that are there keep the name that cases know."""
    known = {row: text.get(f"part{row}.part", "") for row in rows}
    free = (one for one in _FREE if one not in known.values())
    return {str(row): name or next(free) for row, name in known.items()}


def _part(text: Mapping[str, str], row: int, names: dict[str, str]) -> dict[str, Any]:
    at = f"part{row}"
    marked = f"{at}.service:"
    part: dict[str, Any] = {
        "part": names[str(row)],
        "name": text[f"{at}.name"],
        "hint": text.get(f"{at}.hint", ""),
        "services": [name.removeprefix(marked) for name in text if name.startswith(marked)],
        "category": text.get(f"{at}.category") or None,
        "required": f"{at}.required" in text,
    }
    after = text.get(f"{at}.after", "")
    part |= {"after": names.get(after, "-")} if after else {}
    return part | ({"gap_min": number(text[f"{at}.gap_min"])} if text.get(f"{at}.gap_min") else {})


def number(text: str) -> Any:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else text
