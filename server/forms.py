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
    kind, meta = _unwrapped(one.type)
    source, texts = str(meta.get("x-source", "")), meta.get("x-texts", {})
    return FormField(
        name=one.encode_name,
        label=str(meta.get("title", one.encode_name)),
        type="choice" if source or texts else "hidden" if "x-hidden" in meta else _type_name(kind),
        required=one.required,
        options=[{"value": value, "text": text} for value, text in texts.items()],
        max=_longest(kind),
        hint=str(meta.get("description", "")),
        source=source,
    )


def _unwrapped(kind: inspect.Type) -> tuple[inspect.Type, dict[str, Any]]:
    """The type itself, whether or not it may be left out, and what is said about it."""
    meta = dict[str, Any]()
    while isinstance(kind, inspect.Metadata | inspect.UnionType):
        if isinstance(kind, inspect.Metadata):
            meta = {**(kind.extra_json_schema or {}), **meta}
            kind = kind.type
        else:
            kind = next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    return kind, meta


def _type_name(kind: inspect.Type) -> str:
    match kind:
        case inspect.BoolType():
            return "yes_no"
        case inspect.IntType() | inspect.FloatType():
            return "number"
        case inspect.DateTimeType():
            return "moment"
        case inspect.ListType() if isinstance(_unwrapped(kind.item_type)[0], inspect.StrType):
            return "files"
        case inspect.ListType():
            return "items"
    return "text"


def _longest(kind: Any) -> float | None:
    return float(kind.max_length) if isinstance(kind, inspect.StrType) and kind.max_length else None
