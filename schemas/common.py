"""Constrained types that several nouns share; a value of such a type needs no further check of its form."""

from datetime import date, datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

END = r"(?!\n)$"
"""The end of a pattern: Python's `$` alone lets a last newline pass."""

NO_CONTROL = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*" + END
ONE_LINE = r"^[^\x00-\x1f\x7f]*" + END
YEARS = range(2000, 2100)

Fen = Annotated[int, Meta(ge=0, le=10_000_000_000, description="人民币分")]
Phone = Annotated[
    str,
    Meta(
        pattern=r"^(1[3-9][0-9]{9}|0[0-9]{2,3}-?[0-9]{7,8})" + END,
        description="手机号或带区号的座机",
        examples=["13947700001"],
    ),
]
Name = Annotated[
    str, Meta(min_length=1, max_length=30, pattern=r"^[^\x00-\x1f\x7f<>]+" + END, description="姓名")
]
Line = Annotated[str, Meta(min_length=1, max_length=100, pattern=ONE_LINE)]
Text = Annotated[str, Meta(max_length=500, pattern=NO_CONTROL)]
Reason = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=NO_CONTROL, title="原因", description="居民会看到这句话")
]
Id = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.@-]+" + END)]
Code = Annotated[str, Meta(min_length=1, max_length=512, pattern=r"^[!-~]+" + END)]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339，带时区")]
Month = Annotated[str, Meta(pattern=r"^20\d\d-(0[1-9]|1[0-2])" + END, description="月份，如 2026-11")]
Version = Annotated[int, Meta(ge=1)]
Limit = Annotated[int, Meta(ge=1, le=100)]
Cursor = Annotated[
    str, Meta(min_length=1, max_length=400, pattern=ONE_LINE, description="上一页给出的 next，原样送回")
]


class Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A body that is sent to us: a field we do not know is an error that names it."""

    def __post_init__(self) -> None:
        """A date beyond the years that can be meant is refused here, before anybody counts with it."""
        for name, sent_as in zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True):
            value = getattr(self, name)
            if isinstance(value, date) and value.year not in YEARS:
                raise ValueError(f"Expected a year from {YEARS[0]} to {YEARS[-1]} in field `{sent_as}`")


class View(Struct, frozen=True, kw_only=True):
    """A body that leaves the building: only what is declared here does."""


class Nothing(View, frozen=True):
    """An answer without content."""


class ErrorFacts(View, frozen=True, kw_only=True):
    """`code` is for programs, `message` for people, `request_id` for whoever looks it up in the log."""

    code: str
    message: str
    request_id: str
    field: str | None = None


class ErrorView(View, frozen=True, kw_only=True):
    error: ErrorFacts


class Address(Request, frozen=True, kw_only=True):
    """Where to come: the compound decides community and routing, the rest is for the door."""

    compound_id: Id
    room: Annotated[str, Meta(max_length=60, pattern=ONE_LINE, title="楼栋单元房号")] = ""


class Contact(Request, frozen=True, kw_only=True):
    name: Name
    phone: Phone


class FormField(View, frozen=True, kw_only=True):
    """One field of a form, drawn by the client and checked by the server from this one definition.

    `type` is text, number, yes_no, choice, moment (RFC 3339), items (a list of `name` and `amount_fen`), or hidden:
    not drawn, sent along by programs.
    """

    name: str
    label: str
    type: str
    required: bool = False
    options: list[dict[str, str]] = []
    min: float | None = None
    max: float | None = None
    hint: str = ""
    source: str = ""


Day = date
Plain = dict[str, Any]
