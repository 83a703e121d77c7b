"""What the desks of points and bills share: who sees them, how a list is looked through, how a refusal is shown."""

from datetime import date
from urllib.parse import quote, urlencode

from msgspec import Struct
from msgspec.structs import asdict

from schemas.common import View
from server.kit.errors import HoelunError, Invalid

SEES = ("accountant", "admin")
SHOWN = frozenset({403, 404, 409, 422, 503})
AT_ONCE = 20
SPOILT = "名单有了变化，请从第一页看"


class Done(View, frozen=True):
    """What is remembered of an act."""

    id: str


class Refused(Struct, frozen=True):
    """Why a form was refused, which one, the box it is about, and what was filled in."""

    action: str = ""
    message: str = ""
    box: str = ""
    given: dict[str, str] = {}


class Look(Struct, frozen=True, kw_only=True):
    """What a list is narrowed to, as its address says it."""

    cursor: str = ""

    def address(self, path: str, **changed: str) -> str:
        wanted = asdict(self) | changed
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"{path}?{query}" if query else path

    @property
    def at(self) -> str | None:
        return self.cursor or None


def below(path: str, name: str) -> str:
    return f"{path}/{quote(name, safe='')}"


def day_of(text: str) -> date | None:
    """None for what is no day."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def said(error: HoelunError, words: dict[str, str]) -> str:
    """A refusal in words for whoever has filled in the form."""
    return words.get(error.field or "", error.message) if type(error) is Invalid else error.message


def stripped(form: dict[str, str]) -> dict[str, str]:
    return {name: text.strip() for name, text in form.items()}
