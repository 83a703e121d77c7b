"""The answers to the fields of a service, or of anything else that asks."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from schemas.common import FormField
from server.catalogue.stored import Service
from server.kit.errors import Invalid


class BadForm(Invalid):
    """请检查填写的内容"""


_FIELD_TYPES: Mapping[str, type] = {"text": str, "number": float, "choice": str, "yes_no": bool}


def check_form(service: Service, form: Mapping[str, Any]) -> dict[str, Any]:
    """The answers to the service's own fields. Raises BadForm naming the field that is wrong."""
    given = answers(service.fields, form)
    require(service.fields, given)
    return given


def answers(fields: Sequence[FormField], form: Mapping[str, Any]) -> dict[str, Any]:
    """What was answered so far. Raises BadForm naming the field that is wrong."""
    known = {one.name: one for one in fields}
    for name in form:
        if name not in known:
            raise BadForm("这里没有这一栏", field=f"form.{name}")
    return {name: _answer(known[name], value) for name, value in form.items() if value is not None}


def require(fields: Sequence[FormField], form: Mapping[str, Any]) -> None:
    """Raises BadForm naming the first field that has to be filled in and is not."""
    for field in fields:
        if field.required and form.get(field.name) in (None, ""):
            raise BadForm(f"请填写“{field.label}”", field=f"form.{field.name}")


def _answer(field: FormField, value: Any) -> Any:
    where = f"form.{field.name}"
    try:
        answer: Any = msgspec.convert(value, _FIELD_TYPES[field.type], strict=True)
    except msgspec.ValidationError as error:
        raise BadForm(f"“{field.label}”填写的内容不对", field=where) from error
    match field.type:
        case "number":
            if not (field.min if field.min is not None else 0) <= answer <= (field.max or 1e9):
                raise BadForm(f"“{field.label}”超出了范围", field=where)
        case "choice":
            if answer not in {one["value"] for one in field.options}:
                raise BadForm(f"请从“{field.label}”的选项里选一个", field=where)
        case "text":
            if len(answer) > (field.max or 200) or any(ord(one) < 32 and one != "\n" for one in answer):
                raise BadForm(f"“{field.label}”太长或含有不能识别的字符", field=where)
    return answer
