"""Papers to travel with: what their numbers look like, and what they tell.

Numbers of eighteen digits are as GB 11643-1999 has them: place, birthday, sequence, and a check digit by ISO 7064
MOD 11-2. The permits of residents from Hong Kong, Macao and Taiwan and, since 2023, of foreigners are made alike.
"""

import re
from datetime import date

from msgspec import Struct

from schemas.passengers import IdKind
from server.kit.clock import today
from server.kit.db import Reader
from server.kit.errors import Invalid

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"
_REST = r"[0-9]{11}[0-9X]"
_LONG = 18
_EARLIEST = date(1900, 1, 1)


class IdNumberMistyped(Invalid):
    """证件号码不对，请对照证件再看一遍"""


class BirthdayMistyped(Invalid):
    """出生日期不对，请再看一遍"""


class Paper(Struct, frozen=True):
    """`dated`: a number of eighteen digits has the birthday in it, and is checked."""

    text: str
    pattern: str
    dated: bool
    hint: str


PAPERS: dict[IdKind, Paper] = {
    "id_card": Paper("居民身份证", r"[1-9][0-9]{5}" + _REST, True, "18 位，最后一位可能是 X"),
    "residence_permit": Paper("港澳台居民居住证", r"8[123]0000" + _REST, True, "18 位，81、82 或 83 开头"),
    "passport": Paper("护照", r"[0-9A-Z]{5,17}", False, "字母和数字，照护照上写"),
    "hk_macao": Paper("港澳居民来往内地通行证", r"[HM][0-9]{8}([0-9]{2})?", False, "H 或 M 开头，后面是数字"),
    "taiwan": Paper("台湾居民来往大陆通行证", r"[0-9]{8}([0-9]{2})?", False, "8 位数字"),
    "foreign_permit": Paper(
        "外国人永久居留身份证", r"9[0-9]{5}" + _REST + r"|[A-Z]{3}[0-9]{12}", True, "9 开头 18 位，旧证 15 位"
    ),
}


def tidy(kind: IdKind, number: str) -> str:
    """The number in capitals. Raises IdNumberMistyped for one that no such paper can have."""
    number = number.upper()
    if not re.fullmatch(PAPERS[kind].pattern, number):
        raise IdNumberMistyped(field="id_no")
    if len(number) == _LONG and PAPERS[kind].dated and not _checks(number):
        raise IdNumberMistyped(field="id_no")
    return number


def _checks(number: str) -> bool:
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, number[:-1], strict=True))
    return CHECKS[total % 11] == number[-1]


def birthday_in(kind: IdKind, number: str) -> date | None:
    """As it stands in a tidy number; None where it does not. Raises IdNumberMistyped where it is no day."""
    if not PAPERS[kind].dated or len(number) != _LONG:
        return None
    try:
        return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as error:
        raise IdNumberMistyped(field="id_no") from error


def birthday_of(reader: Reader, kind: IdKind, number: str, said: str | None) -> date | None:
    """The day in the number, or what was said. Raises IdNumberMistyped, BirthdayMistyped."""
    found, told, day = birthday_in(kind, number), _day(said), today(reader.now)
    if found is not None and not _EARLIEST <= found <= day:
        raise IdNumberMistyped(field="id_no")
    if told is not None and (found not in (None, told) or told > day):
        raise BirthdayMistyped(field="birthday")
    return found or told


def _day(said: str | None) -> date | None:
    try:
        return date.fromisoformat(said) if said else None
    except ValueError as error:
        raise BirthdayMistyped(field="birthday") from error


def age(birthday: date | None, day: date) -> int | None:
    """Full years on that day."""
    if birthday is None:
        return None
    return day.year - birthday.year - ((day.month, day.day) < (birthday.month, birthday.day))


def masked_number(number: str) -> str:
    """The last four, of a short one the last two: enough to know it again by."""
    shown = number[-4:] if len(number) > 7 else number[-2:]
    return "*" * (len(number) - len(shown)) + shown
