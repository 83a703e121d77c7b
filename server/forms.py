"""The fields of a form, read off the Struct that checks it: the client draws what the server validates."""

import functools
from typing import Any

import msgspec
from msgspec import Struct, inspect

from schemas.common import FormField


def fields(form: type[Struct], case_no: str) -> list[FormField]:
    """As the client draws them; a field whose choices come from the server names where in `source`."""
    return [
        msgspec.structs.replace(one, source=one.source.format(case_no=case_no)) if one.source else one
        for one in _fields(form)
    ]


@functools.cache
def _fields(form: type[Struct]) -> tuple[FormField, ...]:
    info = inspect.type_info(form)
    assert isinstance(info, inspect.StructType)
    return tuple(_field(one) for one in info.fields)


def _field(one: inspect.Field) -> FormField:
    kind, meta = one.type, dict[str, Any]()
    while isinstance(kind, inspect.Metadata):
        meta = {**(kind.extra_json_schema or {}), **meta}
        kind = kind.type
    source = str(meta.get("x-source", ""))
    return FormField(
        name=one.encode_name,
        label=str(meta.get("title", one.encode_name)),
        type="choice" if source else _type_name(kind),
        required=one.required,
        max=_longest(kind),
        hint=str(meta.get("description", "")),
        source=source,
    )


def _type_name(kind: inspect.Type) -> str:
    match kind:
        case inspect.BoolType():
            return "yes_no"
        case inspect.IntType() | inspect.FloatType():
            return "number"
    return "text"


def _longest(kind: Any) -> float | None:
    return float(kind.max_length) if isinstance(kind, inspect.StrType) and kind.max_length else None
