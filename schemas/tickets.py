"""Train and plane tickets that an agent buys: the order, the forms of each move, and how it reads."""

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import Meta

from schemas.common import (
    END,
    NO_CONTROL,
    ONE_LINE,
    Contact,
    Fen,
    Id,
    Moment,
    Reason,
    Request,
    Text,
    View,
)
from schemas.rides import PayBy, Stop

Mode = Literal["train", "plane"]
SeatClass = Literal[
    "second",
    "first",
    "business",
    "hard_seat",
    "soft_seat",
    "hard_sleeper",
    "soft_sleeper",
    "standing",
    "economy",
    "premium",
]
Party = Literal["all", "split"]
DeliveryWay = Literal["none", "window", "post"]
SEAT_TEXTS = {
    "second": "二等座",
    "first": "一等座/头等舱",
    "business": "商务座/公务舱",
    "hard_seat": "硬座",
    "soft_seat": "软座",
    "hard_sleeper": "硬卧",
    "soft_sleeper": "软卧",
    "standing": "无座",
    "economy": "经济舱",
    "premium": "超级经济舱",
}
PassengerState = Literal["wanted", "ticketed", "failed", "changing", "refunding", "refunded"]

Number = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-Za-z]{2,8}" + END,
        title="车次或航班",
        description="火车车次或航班号",
        examples=["D6701"],
    ),
]
City = Annotated[str, Meta(min_length=2, max_length=20, pattern=r"^[^\x00-\x1f\x7f<>]+" + END)]
PriceFen = Annotated[int, Meta(ge=1, le=10_000_000, description="人民币分")]
Fact = Annotated[str, Meta(max_length=40, pattern=ONE_LINE)]
_HIDDEN: dict[str, Any] = {"x-hidden": True}
QuoteVersion = Annotated[int, Meta(ge=1, title="版本", extra_json_schema=_HIDDEN)]
Passengers = Annotated[list[Id], Meta(min_length=1, max_length=9, title="哪些乘客")]


class Alternative(Request, frozen=True, kw_only=True):
    """A train or flight that would do; the first in the list is the one that is wanted most."""

    number: Number
    seat_class: SeatClass
    depart_at: Moment | None = None


class Delivery(Request, frozen=True, kw_only=True):
    """How the paper slip 报销凭证 gets to the resident: not at all, fetched at the window with a code, or by post, which
    needs the `address`."""

    how: DeliveryWay = "none"
    address: Annotated[str, Meta(max_length=100, pattern=ONE_LINE)] = ""


class StationRide(Request, frozen=True, kw_only=True):
    """A ride to the station or airport that is confirmed with the tickets, or not at all; the time of the pick-up is
    counted back from the departure."""

    pickup: Stop
    dropoff: Stop
    wheelchair: bool = False
    helper: bool = False
    pay: PayBy = "wechat"


class NewTicket(Request, frozen=True, kw_only=True):
    """`ceiling_fen` is the most that one ticket may cost, `buy_by` until when it has to be bought. `party`: `all` get a
    ticket or nobody does, or who can be had (`split`). `passenger_ids` are of the resident's own saved passengers.
    `agency_id` is the agency that buys, by default the street's. Staff name the resident they order for."""

    mode: Mode
    origin: City
    destination: City
    day: date
    alternatives: Annotated[list[Alternative], Meta(min_length=1, max_length=5)]
    ceiling_fen: PriceFen
    buy_by: Moment
    party: Party = "all"
    passenger_ids: Annotated[list[Id], Meta(min_length=1, max_length=9)]
    contact: Contact | None = None
    delivery: Delivery = Delivery()
    note: Text = ""
    station_ride: StationRide | None = None
    agency_id: Id | None = None
    resident_id: Id | None = None


class PassengerPrice(Request, frozen=True, kw_only=True):
    passenger_id: Id
    price_fen: PriceFen


class TicketQuote(Request, frozen=True, kw_only=True):
    """`alternative` is its rank in the order, from 1. `price_fen` is for each passenger, except those in `prices`, such
    as a child. Fees are added by the server. Without `valid_until` it holds for as long as the street's rule says."""

    alternative: Annotated[int, Meta(ge=1, le=5, title="第几个选择")]
    depart_at: Annotated[Moment, Meta(title="发车或起飞时间")]
    arrive_at: Annotated[Moment | None, Meta(title="到达时间（可不填）")] = None
    price_fen: Annotated[PriceFen, Meta(title="每张票价（分）")]
    prices: Annotated[list[PassengerPrice], Meta(max_length=9, title="票价不同的乘客")] = []
    valid_until: Annotated[Moment | None, Meta(title="报价有效到（可不填）")] = None
    note: Annotated[Text, Meta(title="说明")] = ""


class Authorise(Request, frozen=True, kw_only=True):
    """`quote_version` is the quote that was read: another one is not agreed to by mistake."""

    quote_version: QuoteVersion


class TakeCash(Request, frozen=True, kw_only=True):
    """`amount_fen` is what was read; another sum is not taken by mistake."""

    amount_fen: Annotated[PriceFen | None, Meta(title="金额（分）", extra_json_schema={"x-hidden": True})] = (
        None
    )


class RaiseCeiling(Request, frozen=True, kw_only=True):
    ceiling_fen: Annotated[PriceFen, Meta(title="每张票最多多少钱（分）")]


class PassengerResult(Request, frozen=True, kw_only=True):
    """What became of one passenger: a ticket, or why not. `price_fen` is what it cost, by default what was quoted."""

    passenger_id: Id
    ok: bool
    ticket_no: Fact = ""
    carriage: Fact = ""
    seat: Fact = ""
    price_fen: PriceFen | None = None
    reason: Annotated[str, Meta(max_length=100, pattern=ONE_LINE)] = ""


class TicketResults(Request, frozen=True, kw_only=True):
    """`record_no` is the number by which the tickets are fetched 取票号 or the booking is found 订单号; each passenger
    of the order stands in `results` once."""

    record_no: Annotated[Fact, Meta(title="取票号或订单号")] = ""
    results: Annotated[list[PassengerResult], Meta(min_length=1, max_length=9, title="每位乘客的结果")]


class AskForSome(Request, frozen=True, kw_only=True):
    """For which passengers of the order."""

    passengers: Passengers


class AskChange(Request, frozen=True, kw_only=True):
    """`wish` says in words what would be better: another day, a later train."""

    passengers: Passengers
    wish: Annotated[str, Meta(min_length=1, max_length=200, pattern=NO_CONTROL, title="想改成什么")]


class OfferChange(Request, frozen=True, kw_only=True):
    """`price_fen` is the new ticket's for each passenger, except those in `prices`."""

    number: Number
    seat_class: Annotated[SeatClass, Meta(title="席别", extra_json_schema={"x-texts": SEAT_TEXTS})]
    depart_at: Annotated[Moment, Meta(title="发车或起飞时间")]
    arrive_at: Annotated[Moment | None, Meta(title="到达时间（可不填）")] = None
    price_fen: Annotated[PriceFen, Meta(title="新票每张票价（分）")]
    prices: Annotated[list[PassengerPrice], Meta(max_length=9, title="票价不同的乘客")] = []


class AcceptChange(Request, frozen=True, kw_only=True):
    """`change_version` is the offer that was read."""

    change_version: QuoteVersion


class ConfirmRefund(Request, frozen=True, kw_only=True):
    """`refund_version` is the computation that was read."""

    refund_version: QuoteVersion


class ChangedSeat(Request, frozen=True, kw_only=True):
    passenger_id: Id
    ticket_no: Fact = ""
    carriage: Fact = ""
    seat: Fact = ""


class ChangeResults(Request, frozen=True, kw_only=True):
    """Each passenger of the change stands in `results` once."""

    record_no: Annotated[Fact, Meta(title="取票号或订单号")] = ""
    results: Annotated[list[ChangedSeat], Meta(min_length=1, max_length=9, title="每位乘客的新票")]


class HandOver(Request, frozen=True, kw_only=True):
    code: Annotated[str, Meta(pattern=r"^[0-9]{4}" + END, title="取件码", description="请居民念四位数字")]


class Post(Request, frozen=True, kw_only=True):
    carrier: Annotated[Fact, Meta(title="快递公司")] = ""
    tracking_no: Annotated[
        str, Meta(min_length=4, max_length=40, pattern=r"^[0-9A-Za-z-]+" + END, title="快递单号")
    ]


class WithReason(Request, frozen=True, kw_only=True):
    reason: Reason


class MaybeReason(Request, frozen=True, kw_only=True):
    reason: Annotated[str, Meta(max_length=200, title="原因（可不填）")] = ""


class AlternativeView(View, frozen=True, kw_only=True):
    rank: int
    number: str
    seat_class: SeatClass
    seat_text: str
    depart_at: str | None
    text: str


class LineView(View, frozen=True, kw_only=True):
    name: str
    amount_fen: int
    amount_text: str


class TicketQuoteView(View, frozen=True, kw_only=True):
    """`state` is offered, authorised, withdrawn, lapsed or refused; `total_fen` is all lines together."""

    version: int
    alternative: int
    number: str
    seat_class: SeatClass
    seat_text: str
    depart_at: str
    arrive_at: str | None
    when: str
    lines: list[LineView]
    total_fen: Fen
    total_text: str
    service_fee_fen: Fen
    expires_at: str
    note: str
    by: str
    at: str
    state: str


class RefundLineView(View, frozen=True, kw_only=True):
    """What one ticket gives back: `face_fen` it cost, `fee_fen` is kept by the rule in `text`, `back_fen` comes back."""

    passenger_id: str
    name_masked: str
    face_fen: Fen
    fee_fen: Fen
    back_fen: Fen
    text: str


class RefundView(View, frozen=True, kw_only=True):
    """What giving the tickets back comes to. `state` is quoted, confirmed, done, withdrawn, lapsed or failed;
    `rule_version` is the version of the fee rules that it was computed by."""

    version: int
    rule_version: int
    lines: list[RefundLineView]
    back_fen: Fen
    back_text: str
    expires_at: str
    state: str


class ChangeLineView(View, frozen=True, kw_only=True):
    """One ticket's change: `pay_fen` is what is paid for it, or `back_fen` what comes back, with the rule's `fee_fen` in
    it."""

    passenger_id: str
    name_masked: str
    old_fen: Fen
    new_fen: Fen
    fee_fen: Fen
    pay_fen: Fen
    back_fen: Fen
    text: str


class ChangeView(View, frozen=True, kw_only=True):
    """A change 改签. `state` is asked, offered, accepted, done, declined, withdrawn, lapsed or failed. `pay_fen` is what
    the resident pays for it, `back_fen` what comes back; both are 0 until there is an offer."""

    version: int
    passenger_ids: list[str]
    wish: str
    number: str
    seat_class: SeatClass | None
    seat_text: str
    depart_at: str | None
    arrive_at: str | None
    when: str
    lines: list[ChangeLineView]
    pay_fen: Fen
    back_fen: Fen
    pay_text: str
    expires_at: str | None
    state: str
    bill_id: str | None


class TicketStepView(View, frozen=True, kw_only=True):
    at: str
    text: str


class TicketPassengerView(View, frozen=True, kw_only=True):
    """A passenger of the order and their ticket. `history` is what happened to it, oldest first."""

    id: str
    name_masked: str
    id_no_masked: str
    state: PassengerState
    state_text: str
    number: str
    seat_text: str
    depart_at: str | None
    arrive_at: str | None
    ticket_no: str
    carriage: str
    seat: str
    record_no: str
    price_fen: Fen
    service_fee_fen: Fen
    reason: str
    refund: RefundLineView | None
    history: list[TicketStepView]


class DeliveryView(View, frozen=True, kw_only=True):
    """`code` is what the resident says at the window, and only the resident and the desk see it. `state` is none,
    waiting, ready, handed_over or posted."""

    how: DeliveryWay
    how_text: str
    address: str
    state: str
    state_text: str
    code: str | None
    carrier: str
    tracking_no: str


class TicketDetails(View, frozen=True, kw_only=True):
    """`quote` is the one that counts now, `quotes` are all versions. `held_by` is the agent who has the order in hand
    until `held_until`. `bill_id` is the bill to pay now. `paid_fen` was paid, `back_fen` of it is given back,
    of which `cash_back_fen` has to be fetched at the window.
    `wiped`: the passengers' documents are gone, some time after the trip."""

    mode: Mode
    mode_text: str
    origin: str
    destination: str
    route_text: str
    day: str
    alternatives: list[AlternativeView]
    ceiling_fen: Fen
    ceiling_text: str
    buy_by: str
    party: Party
    party_text: str
    passengers: list[TicketPassengerView]
    contact_name: str
    contact_phone: str
    delivery: DeliveryView
    note: str
    quote: TicketQuoteView | None
    quotes: list[TicketQuoteView]
    bill_id: str | None
    paid_fen: Fen
    paid_in_cash: bool
    back_fen: Fen
    cash_back_fen: Fen
    record_no: str
    held_by: str
    held_until: str | None
    escalated: bool
    refund: RefundView | None
    change: ChangeView | None
    rule_text: str
    wiped: bool
    ride_no: str | None
