"""What is stored of an order of tickets: the wish, the quotes, each passenger's ticket, what is asked of it later."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from schemas.tickets import DeliveryWay, Mode, Party, PassengerState, SeatClass
from server.passengers import Traveller

QuoteState = Literal["offered", "authorised", "withdrawn", "lapsed", "refused"]
ChangeState = Literal["asked", "offered", "accepted", "done", "declined", "withdrawn", "lapsed", "failed"]
RefundState = Literal["quoted", "confirmed", "done", "withdrawn", "lapsed", "failed"]
DeliveryState = Literal["none", "waiting", "ready", "handed_over", "posted"]


class Choice(Struct, frozen=True, kw_only=True):
    number: str
    seat_class: SeatClass
    depart_at: datetime | None


class Line(Struct, frozen=True, kw_only=True):
    name: str
    amount_fen: int


class Quote(Struct, kw_only=True):
    """One version of the price. `prices` and `fees` are by the passenger's id: what the ticket costs and what the
    service costs; `post_fen` is for sending the slip."""

    version: int
    alternative: int
    number: str
    seat_class: SeatClass
    depart_at: datetime
    arrive_at: datetime | None
    prices: dict[str, int]
    fees: dict[str, int]
    post_fen: int
    lines: list[Line]
    total_fen: int
    note: str
    by: str
    at: datetime
    expires_at: datetime
    state: QuoteState = "offered"


class Step(Struct, frozen=True, kw_only=True):
    at: datetime
    text: str


class Given(Struct, frozen=True, kw_only=True):
    """What giving one ticket back comes to, and the rule that says so."""

    passenger_id: str
    face_fen: int
    fee_fen: int
    back_fen: int
    text: str


class Seat(Struct, frozen=True, kw_only=True):
    """A ticket that was bought. `paid_fen` is what the resident has paid for it, which a refund starts from."""

    number: str
    seat_class: SeatClass
    depart_at: datetime
    arrive_at: datetime | None
    record_no: str
    ticket_no: str
    carriage: str
    seat: str
    paid_fen: int


class Passenger(Struct, kw_only=True):
    """One passenger and their ticket; a change leaves the old one in force until the new one is bought.
    `late_change`: it was changed when giving it back was not free any more, which the rules remember."""

    traveller: Traveller
    state: PassengerState = "wanted"
    ticket: Seat | None = None
    fee_fen: int = 0
    reason: str = ""
    given: Given | None = None
    late_change: bool = False
    history: list[Step] = []

    @property
    def id(self) -> str:
        return self.traveller.id

    def note(self, at: datetime, text: str) -> None:
        self.history = [*self.history, Step(at=at, text=text)]


class Refund(Struct, kw_only=True):
    """What was shown before the tickets were given back; `rule_version` is the version of the rules it came from."""

    version: int
    rule_version: int
    lines: list[Given]
    at: datetime
    expires_at: datetime
    state: RefundState = "quoted"

    @property
    def back_fen(self) -> int:
        return sum(one.back_fen for one in self.lines)

    @property
    def passengers(self) -> list[str]:
        return [one.passenger_id for one in self.lines]


class Moved(Struct, frozen=True, kw_only=True):
    """One ticket's change in money, as the rules have it. `late`: giving the old one back was not free any more."""

    passenger_id: str
    old_fen: int
    new_fen: int
    fee_fen: int
    pay_fen: int
    back_fen: int
    late: bool
    text: str


class Change(Struct, kw_only=True):
    """A wish for another train, the agent's offer for it, and what came of it. `paid_fen` was paid for it."""

    version: int
    passengers: list[str]
    wish: str
    at: datetime
    state: ChangeState = "asked"
    number: str = ""
    seat_class: SeatClass | None = None
    depart_at: datetime | None = None
    arrive_at: datetime | None = None
    lines: list[Moved] = []
    rule_version: int = 0
    expires_at: datetime | None = None
    bill_id: str | None = None
    paid_fen: int = 0

    @property
    def pay_fen(self) -> int:
        """What the resident pays for all of it; what comes back is taken off, and is `back_fen` where more comes."""
        return max(sum(one.pay_fen - one.back_fen for one in self.lines), 0)

    @property
    def back_fen(self) -> int:
        return max(sum(one.back_fen - one.pay_fen for one in self.lines), 0)


class Paper(Struct, kw_only=True):
    how: DeliveryWay
    address: str = ""
    state: DeliveryState = "none"
    code: str = ""
    carrier: str = ""
    tracking_no: str = ""


class Ticket(Struct, kw_only=True):
    """Stored details of an order. `paid_fen` is what came in for it, `back_fen` what was given back of it.

    `held_until`: the handler has it in hand until then, and nobody else touches it. `warned`: the agents were told at
    `warn_at` that the time to buy runs out. `settled` are the bills that have
    been heard of as paid. `wiped_from` is when the passengers' documents are wiped.
    `ride_no` is the ride to the station that goes with it.
    """

    mode: Mode
    origin: str
    destination: str
    day: str
    alternatives: list[Choice]
    ceiling_fen: int
    buy_by: datetime
    party: Party
    passengers: list[Passenger]
    contact_name: str
    contact_phone: str
    paper: Paper
    note: str
    quotes: list[Quote] = []
    bill_id: str | None = None
    paid_fen: int = 0
    in_cash: bool = False
    back_fen: int = 0
    record_no: str = ""
    cash_back_fen: int = 0
    settled: list[str] = []
    answer_by: datetime
    answer_minutes: int
    warn_at: datetime
    held_until: datetime | None = None
    escalated: bool = False
    warned: bool = False
    refunds: list[Refund] = []
    changes: list[Change] = []
    wiped_from: datetime | None = None
    ride_no: str | None = None

    @property
    def quote(self) -> Quote | None:
        """The quote that waits for an answer, or was agreed to."""
        last = self.quotes[-1] if self.quotes else None
        return last if last is not None and last.state in ("offered", "authorised") else None

    @property
    def refund(self) -> Refund | None:
        return self.refunds[-1] if self.refunds else None

    @property
    def change(self) -> Change | None:
        return self.changes[-1] if self.changes else None

    def passenger(self, passenger_id: str) -> Passenger | None:
        return next((one for one in self.passengers if one.id == passenger_id), None)

    @property
    def bought(self) -> list[Passenger]:
        """Those whose ticket is good."""
        return [one for one in self.passengers if one.ticket is not None and one.state != "refunded"]

    def of_state(self, state: PassengerState) -> list[Passenger]:
        return [one for one in self.passengers if one.state == state]
