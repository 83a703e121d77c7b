"""The rule of each value type in a subscription message, so that no send is wasted on a certain refusal.

A key is its type and a number (`thing1`). Source: the parameter table of 发送订阅消息.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date
from typing import NamedTuple

HAN = r"[\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]"
SYMBOL = r"(?:[^\w\s]|_)"
CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?"
TWO = "[0-9]{1,2}"
DAY = rf"[0-9]{{4}}(?:年{TWO}月{TWO}日|-{TWO}-{TWO}|/{TWO}/{TWO}|\.{TWO}\.{TWO})"
TIME = rf"(?:{DAY} )?{CLOCK}"
DATE = rf"{DAY}(?: {CLOCK})?"

KEY = re.compile(r"([a-z_]+?)[0-9]+")
FULL_WIDTH = str.maketrans("：～〜－，．／（）", ":~~-,./()")

Judge = Callable[[str], bool]
Mend = Callable[[str], str]


class Rule(NamedTuple):
    """`holds` judges a value; `mend` makes a cleaned value hold where that can be done without inventing."""

    says: str
    holds: Judge
    mend: Mend


def all_of(pattern: str) -> Judge:
    """The whole value has this shape."""
    compiled = re.compile(pattern)
    return lambda value: compiled.fullmatch(value) is not None


def moments(one: str) -> Judge:
    """One moment of this shape, or two joined by `~`, on days that exist."""
    shaped = all_of(f"{one}(?:~{one})?")
    return lambda value: shaped(value) and all(map(is_day, re.findall(DAY, value)))


def is_day(text: str) -> bool:
    try:
        date(*map(int, re.findall(r"[0-9]+", text)))
    except ValueError:
        return False
    return True


def is_name(value: str) -> bool:
    """Ten characters with Chinese among them, twenty without; no digits."""
    longest = 10 if re.search(HAN, value) else 20
    return 0 < len(value) <= longest and not re.search(r"\d", value)


def cut(limit: int) -> Mend:
    """Shortened, the last character becoming an ellipsis."""
    return lambda value: value if len(value) <= limit else value[: limit - 1].rstrip() + "…"


def keep(pattern: str, limit: int) -> Mend:
    """Only the characters of the pattern, and no more of them than may be."""
    wanted = re.compile(pattern)
    return lambda value: "".join(wanted.findall(value))[:limit]


def plain(value: str) -> str:
    """The punctuation of Chinese input methods in its ASCII form."""
    return value.translate(FULL_WIDTH)


def mend_moment(value: str) -> str:
    """`9:30` becomes `09:30`, `2026-01-05T09:30` gets its space."""
    value = re.sub(r"\s*~\s*", "~", plain(value))
    value = re.sub(r"(?<=[日0-9])T(?=[0-9]{1,2}:)|(?<=日)(?=[0-9]{1,2}:)", " ", value)
    return re.sub(r"(?<![0-9:])([0-9]):(?=[0-9])", r"0\1:", value)


def mend_number(value: str) -> str:
    """Without thousands separators and what stands around the number."""
    found = re.search(r"-?[0-9]+(?:\.[0-9]+)?", plain(value).replace(",", ""))
    return found[0] if found else ""


def mend_amount(value: str) -> str:
    """Yuan where no currency is named."""
    value = re.sub(r"[\s,]", "", plain(value))
    return f"¥{value}" if value[:1].isdigit() else value


def mend_phone(value: str) -> str:
    return "".join(re.findall(r"[0-9+\-()*#]", plain(value)))[:17]


def mend_name(value: str) -> str:
    letters = _one_line(re.sub(r"\d", "", value))
    return letters[: 10 if re.search(HAN, letters) else 20]


RULES: dict[str, Rule] = {
    "thing": Rule("1 to 20 characters", all_of(r".{1,20}"), cut(20)),
    "number": Rule("at most 32 digits", all_of(r"(?=(?:\.?[0-9]){1,32}\Z)[0-9]+(?:\.[0-9]+)?"), mend_number),
    "letter": Rule("1 to 32 letters", all_of(r"[A-Za-z]{1,32}"), keep(r"[A-Za-z]", 32)),
    "symbol": Rule("1 to 5 symbols", all_of(SYMBOL + "{1,5}"), keep(SYMBOL, 5)),
    "character_string": Rule("1 to 32, no Chinese", all_of(r"[!-~]{1,32}"), keep(r"[!-~]", 32)),
    "time": Rule("HH:MM, perhaps dated, or a range with ~", moments(TIME), mend_moment),
    "date": Rule("a date, perhaps with HH:MM, or a range with ~", moments(DATE), mend_moment),
    "amount": Rule(
        "currency sign and at most 10 digits", all_of(r"[¥￥$€£₩][0-9]{1,10}(?:\.[0-9]+)?元?"), mend_amount
    ),
    "phone_number": Rule("1 to 17 digits or symbols", all_of(r"[0-9!-/:-@\[-`{-~ ]{1,17}"), mend_phone),
    "car_number": Rule(
        "2 to 8, Chinese first or last",
        all_of(rf"(?=.{{2,8}}\Z)(?:{HAN}|[A-Za-z0-9])[A-Za-z0-9]*(?:{HAN}|[A-Za-z0-9])"),
        keep(rf"{HAN}|[A-Za-z0-9]", 8),
    ),
    "name": Rule("10 Chinese characters or 20 letters, no digits", is_name, mend_name),
    "phrase": Rule("1 to 5 Chinese characters", all_of(HAN + "{1,5}"), keep(HAN, 5)),
    "enum": Rule("a value of its list", all_of(r".+"), str),
}


def fit(key: str, value: str) -> str:
    """The value cleaned and shortened to its type's rule; where no cutting would help, only cleaned."""
    clean = _one_line(value)
    rule = _rule_of(key)
    return rule.mend(clean).strip() if rule else clean


def violations(data: Mapping[str, str]) -> list[str]:
    """What the platform would refuse with 47003, a line for each key; values are personal and left out."""
    faults = []
    for key, value in data.items():
        rule = _rule_of(key)
        if rule is None:
            faults.append(f"{key}: no such type")
        elif not value.strip() or any(map(_is_control, value)) or not rule.holds(value):
            faults.append(f"{key}: {rule.says}")
    return faults


def type_of(key: str) -> str:
    """`thing1` is a thing; what is no key has no type."""
    parts = KEY.fullmatch(key)
    return parts[1] if parts else ""


def _rule_of(key: str) -> Rule | None:
    return RULES.get(type_of(key))


def _one_line(value: str) -> str:
    return " ".join("".join(" " if _is_control(one) else one for one in value).split())


def _is_control(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
