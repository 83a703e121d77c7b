"""The waiting list: who waits for which day, where they stand in line, and the seat that is kept for them."""

from datetime import datetime
from typing import Any, Literal

from schemas.common import Address, Contact, Cursor, Day, Id, Limit, Moment, Request, Text, View

WaitingState = Literal["waiting", "offered", "taken", "declined", "lapsed", "missed", "refused", "left"]


class NewWaiting(Request, frozen=True, kw_only=True):
    """For one time (`start`) or for any time of a day (`date`): one of the two.

    `address` and `contact` default to the resident's own. Staff name the resident they ask for.
    """

    service_id: Id
    start: Moment | None = None
    date: Day | None = None
    address: Address | None = None
    contact: Contact | None = None
    form: dict[str, Any] = {}
    note: Text = ""
    resident_id: Id | None = None


class WaitingView(View, frozen=True, kw_only=True):
    """`ahead` is how many joined the day's line earlier and still wait. While `offered`, `case_no` is the held
    booking: `submit` takes the seat, `cancel` declines it."""

    id: str
    service_id: str
    service: str
    date: Day
    start: datetime | None
    when: str
    state: WaitingState
    state_text: str
    sentence: str
    ahead: int
    case_no: str | None
    offer_until: datetime | None
    joined_at: datetime
    open: bool
    resident_id: str
    resident_name: str


class WaitingsView(View, frozen=True, kw_only=True):
    items: list[WaitingView]
    next: str | None = None


class FindWaitings(Request, frozen=True, kw_only=True):
    open: bool | None = None
    cursor: Cursor | None = None
    limit: Limit = 20
