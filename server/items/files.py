"""An item as a file: written as TOML or JSON without what goes without saying, and read from either.

A file that cannot be used is refused with its place: the line where it cannot be read, the field where it is wrong.
"""

import json
import re
import tomllib
from typing import Any

import msgspec
from msgspec import NODEFAULT, Struct

from schemas.items import FindItemFile, ItemBody
from server.items import places
from server.items.rules import BadItem, check
from server.kit.errors import Invalid

_AT_LINE = re.compile(r"line (\d+), column (\d+)")
_SAID = (
    ("missing required field", "没有写"),
    ("unknown field", "不是事项里的一栏"),
    ("Invalid enum value", "写的不在可以选的里面"),
    ("matching regex", "格式不对"),
    ("of length", "太长、太短，或太多、太少"),
    ("Expected `int` <=", "太大"),
    ("Expected `int` >=", "太小"),
)


class BadItemFile(Invalid):
    """这个文件不能用"""


def read(content: str) -> ItemBody:
    """JSON where it begins with a brace, otherwise TOML. Raises BadItemFile, BadItem, naming what the file names."""
    text = content.removeprefix("\ufeff")
    values = _json(text) if text.lstrip().startswith("{") else _toml(text)
    try:
        return body_from(values)
    except BadItem as error:
        named = f"（{error.field}）" if error.field else ""
        raise BadItem(f"{error.message}{named}", field=error.field) from error


def body_from(values: Any) -> ItemBody:
    """Raises BadItem, for what is not of its type and for what contradicts itself."""
    try:
        body = msgspec.convert(values, ItemBody)
    except msgspec.ValidationError as error:
        found = Invalid.from_validation(error)
        raise _in_words(found.field, str(error)) from error
    try:
        return check(body)
    except BadItem as error:
        where = places.said(error.field or "")
        raise BadItem(f"{where}：{error.message}", field=error.field) from error


def _in_words(field: str | None, problem: str) -> BadItem:
    what = next((text for sign, text in _SAID if sign in problem), "写得不对")
    if field is None:
        return BadItem(f"内容{what}")
    return BadItem(f"{places.said(field)}{what}", field=field)


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        raise BadItemFile(_unreadable("TOML", at and at[1], at and at[2])) from error


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BadItemFile(_unreadable("JSON", str(error.lineno), str(error.colno))) from error
    except RecursionError as error:
        raise BadItemFile("这个文件套得太深，不是事项的文件") from error


def _unreadable(kind: str, line: str | None, column: str | None) -> str:
    where = f"第 {line} 行第 {column} 个字" if line else "文件末尾"
    return f"{where}读不懂，请检查 {kind} 的引号、逗号和括号"


# Writing.


def write(body: ItemBody, wanted: FindItemFile) -> str:
    """What `read` reads as the same body."""
    values = slim(body)
    if wanted.format == "json":
        return json.dumps(values, ensure_ascii=False, indent=2) + "\n"
    return f"# {body.name}\n" + "".join(f"{name} = {_value(one, name)}\n" for name, one in values.items())


def slim(one: Struct) -> dict[str, Any]:
    """Without what is as it is by default."""
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(one):
        value = getattr(one, field.name)
        made = field.default_factory() if field.default_factory is not NODEFAULT else field.default
        if value != made:
            found[field.encode_name] = _plain(value)
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, Struct):
        return slim(value)
    return [_plain(one) for one in value] if isinstance(value, list) else value


def _value(value: Any, name: str = "") -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return _long(value) if name == "guide" and "\n" in value else _text(value)
        case dict():
            return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }"
        case float() if value.is_integer():
            return str(int(value))
        case list() if name and any(isinstance(one, dict | str) for one in value):
            return "[\n" + "".join(f"    {_value(one)},\n" for one in value) + "]"
        case list():
            return "[" + ", ".join(_value(one) for one in value) + "]"
    return str(value)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _long(value: str) -> str:
    lines = [_text(one)[1:-1] for one in value.split("\n")]
    return '"""\n' + "\n".join(lines) + '"""'
