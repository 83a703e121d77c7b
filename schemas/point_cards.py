"""The post-office cards: bound at the window, lost, frozen, replaced."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import END, Id, Name, Phone, Reason, Request, View

CardState = Literal["active", "lost", "frozen", "replaced"]
CardNo = Annotated[str, Meta(pattern=r"^[0-9]{12,19}" + END, title="卡号", description="卡面上的数字")]


class CardView(View, frozen=True, kw_only=True):
    """`number` shows the last four digits only. `text` says to its holder what that state means and what can be done;
    `can_report`: they may report it lost themselves."""

    number: str
    state: CardState
    state_text: str
    text: str
    can_report: bool
    since: datetime


class BindCard(Request, frozen=True, kw_only=True):
    """At the window: the card lies there, and name and telephone are what the resident has given us."""

    resident_id: Id
    number: CardNo
    name: Name
    phone: Phone


class CardCodeView(View, frozen=True, kw_only=True):
    """The only time that the code is shown: read it out, or write it down, for whom it is."""

    code: str
    expires_at: datetime


class ClaimCard(Request, frozen=True, kw_only=True):
    """On the phone: the number on the card, and the code from the window."""

    number: CardNo
    code: Annotated[str, Meta(pattern=r"^[0-9]{3} ?[0-9]{3}" + END, title="领卡码")]


class ChangeCard(Request, frozen=True, kw_only=True):
    reason: Reason


class ReplaceCard(Request, frozen=True, kw_only=True):
    number: CardNo
