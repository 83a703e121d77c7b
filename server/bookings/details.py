"""What is stored of a booking: when, where, for how much, and everything that was agreed on the way."""

from datetime import date, datetime
from typing import Any, Literal

from msgspec import Struct

from schemas.catalogue import CancelFee, Proof

Answered = Literal["offered", "accepted", "refused", "withdrawn", "lapsed"]


class QuoteLine(Struct, frozen=True, kw_only=True):
    name: str
    amount_fen: int


class Quote(Struct, kw_only=True):
    """One version of the price. `on_site`: given at the door, where the work waits for the answer; `if_refused` says
    what was agreed to happen then, and `before` to which state the work goes back."""

    version: int
    lines: list[QuoteLine]
    total_fen: int
    note: str
    by: str
    at: datetime
    valid_until: datetime | None
    on_site: bool = False
    if_refused: str = ""
    before: str = ""
    state: Answered = "offered"
    answered_at: datetime | None = None
    answered_by: str = ""


class Tally(Struct, frozen=True, kw_only=True):
    """One that was counted for this booking; `spent` ones stay counted when it was used."""

    id: str
    path: str
    spent: bool = False


class Booking(Struct, kw_only=True):
    """Stored details. `seats` are the quarters of the day that the visit needs; `seated`: they are held in the pool's
    day. `free_until` and `change_until` are when a cancellation and a change of time cost nothing or are possible.

    `price_list` is the version of the prices that it was made with, `list_fen` what that asks of everybody;
    `service_version` is what the service was then, `proof` the photos it asked for then, unset in bookings from before;
    `suspension` is the one because of which somebody looks for another provider; `nobody`: all workers who could come
    were asked, and none will; `acknowledged`: the worker has said that they will come. `prolongs` says how often the seat
    may still be held longer before it is submitted.
    """

    service_id: str
    service: str
    category: str
    pool_id: str
    start: datetime
    end: datetime
    day: str
    seats: list[str]
    price_fen: int
    price_text: str
    address: str
    contact_name: str
    contact_phone: str
    note: str
    form: dict[str, Any]
    start_code: str
    free_until: datetime
    price_list: str = ""
    list_fen: int = 0
    service_version: str = ""
    proof: list[Proof] | None = None
    suspension: str = ""
    prolongs: int = 0
    seated: bool = True
    mode: str = "slot"
    change_until: datetime | None = None
    changes: int = 0
    cancel_fees: list[CancelFee] = []
    visit_fee_fen: int = 0
    quotes: list[Quote] = []
    tallies: list[Tally] = []
    late_cancel: bool = False
    fee_fen: int = 0
    escalated: bool = False
    acknowledged: bool = False
    nobody: bool = False
    finish_note: str = ""
    no_show_note: str = ""
    no_show_photos: list[str] = []
    appeal_until: datetime | None = None
    appeal: str = ""
    code_tries: list[datetime] = []
    code_asked: int = 0
    code_locked_until: datetime | None = None

    @property
    def date(self) -> date:
        return date.fromisoformat(self.day)

    @property
    def offer(self) -> Quote | None:
        """The quote that waits for an answer."""
        return self.quotes[-1] if self.quotes and self.quotes[-1].state == "offered" else None

    @property
    def agreed(self) -> bool:
        """Whether there is a price that both sides know."""
        return self.mode == "slot" or any(one.state == "accepted" for one in self.quotes)


def needs_quote(booking: Booking) -> bool:
    return booking.mode == "quote"


def unacknowledged(booking: Booking) -> bool:
    return not booking.acknowledged


def may_prolong(booking: Booking) -> bool:
    return booking.prolongs > 0


def has_price(booking: Booking) -> bool:
    return booking.mode != "quote"
