"""The rules for the parameters of a subscribe message: type by type, as published for message/subscribe/send.

A key is a type and a number (`thing1`, `time3`). A value that breaks the rule of its type gets 47003.
"""

import re
import unicodedata
from collections.abc import Callable
from datetime import date

Rule = Callable[[str], bool]

_KEY = re.compile(r"([a-z_]+?)\d+")
_HAN = r"[\u3400-\u4dbf\u4e00-\u9fff]"
_CLOCK = r"(?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_DAY = r"\d{4}年\d{1,2}月\d{1,2}日|\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{4}\.\d{1,2}\.\d{1,2}"
_TIME = re.compile(rf"(?:(?P<day>{_DAY}) )?{_CLOCK}")
_DATE = re.compile(rf"(?P<day>{_DAY})(?: {_CLOCK})?")
_SYMBOL = r"(?:[^\w\s]|_)"


def type_of(key: str) -> str:
    """`character_string2` -> `character_string`; raises ValueError for a key that is no type and number."""
    match = _KEY.fullmatch(key)
    if match is None or match[1] not in RULES:
        raise ValueError(f"{key}: a key is a parameter type followed by a number")
    return match[1]


def fits(key: str, value: object, choices: tuple[str, ...] = ()) -> bool:
    """Whether `value` obeys the rule of the key's type; `choices` are the published values of an enum."""
    if not isinstance(value, str) or not value.strip():
        return False
    kind = type_of(key)
    return value in choices if kind == "enum" else RULES[kind](value)


def _pattern(expression: str) -> Rule:
    compiled = re.compile(expression)
    return lambda value: compiled.fullmatch(value) is not None


def _no_control(value: str) -> bool:
    return not any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in value)


def _thing(value: str) -> bool:
    return len(value) <= 20 and _no_control(value)


def _number(value: str) -> bool:
    return re.fullmatch(r"[0-9]+(\.[0-9]+)?", value) is not None and len(value.replace(".", "")) <= 32


def _name(value: str) -> bool:
    """Han characters make it a Chinese name, ten at most, whatever else is in it."""
    if not re.fullmatch(rf"(?:{_HAN}|[A-Za-z ]|{_SYMBOL})+", value):
        return False
    return len(value) <= (10 if re.search(_HAN, value) else 20)


def _span(one: re.Pattern[str]) -> Rule:
    """One moment, or two joined by `~`."""

    def holds(value: str) -> bool:
        parts = value.split("~")
        return len(parts) <= 2 and all(_moment(one, part) for part in parts)

    return holds


def _moment(one: re.Pattern[str], value: str) -> bool:
    match = one.fullmatch(value)
    return match is not None and (match["day"] is None or _is_day(match["day"]))


def _is_day(text: str) -> bool:
    year, month, day = (int(part) for part in re.findall(r"\d+", text))
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


RULES: dict[str, Rule] = {
    "thing": _thing,
    "number": _number,
    "letter": _pattern(r"[A-Za-z]{1,32}"),
    "symbol": _pattern(_SYMBOL + "{1,5}"),
    "character_string": _pattern(r"[!-~]{1,32}"),
    "time": _span(_TIME),
    "date": _span(_DATE),
    "amount": _pattern(r"[¥￥$€£₩][0-9]{1,10}(\.[0-9]+)?元?"),
    "phone_number": _pattern(r"[0-9!-/:-@\[-`{-~ ]{1,17}"),
    "car_number": _pattern(rf"(?=.{{2,8}}$)(?:{_HAN}|[A-Za-z0-9])[A-Za-z0-9]*(?:{_HAN}|[A-Za-z0-9])"),
    "name": _name,
    "phrase": _pattern(_HAN + "{1,5}"),
    "enum": lambda value: False,
    "all": _no_control,
}
