"""Booking a service at home: the request, and the forms of each move."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from schemas.catalogue import CancelFee
from schemas.common import (
    END,
    NO_CONTROL,
    Address,
    Contact,
    Fen,
    Id,
    Line,
    Moment,
    Reason,
    Request,
    Text,
    View,
)


class NewBooking(Request, frozen=True, kw_only=True):
    """`address` and `contact` default to the resident's own. Staff name the resident they book for."""

    service_id: Id
    start: Moment
    hold: bool = False
    address: Address | None = None
    contact: Contact | None = None
    form: dict[str, Any] = {}
    note: Text = ""
    resident_id: Id | None = None


class Assign(Request, frozen=True, kw_only=True):
    """`off_shift`: although the worker is not on shift then, which only a dispatcher may say."""

    worker_id: Annotated[
        Id, Meta(title="服务人员", extra_json_schema={"x-source": "/v1/cases/{case_no}/candidates"})
    ]
    off_shift: Annotated[bool, Meta(title="不在班也派（只有调度员可以）")] = False


class Start(Request, frozen=True, kw_only=True):
    code: Annotated[
        str, Meta(pattern=r"^[0-9]{4}" + END, title="开始口令", description="请居民念给您听的四位数字")
    ]


class Finish(Request, frozen=True, kw_only=True):
    """Photos are ids of files that the worker has sent to this case."""

    note: Annotated[Text, Meta(title="完成情况")] = ""
    before: Annotated[list[Id], Meta(max_length=9, title="开始前的照片")] = []
    after: Annotated[list[Id], Meta(max_length=9, title="完成后的照片")] = []


class QuoteItem(Request, frozen=True, kw_only=True):
    name: Line
    amount_fen: Fen


QuoteItems = Annotated[
    list[QuoteItem], Meta(min_length=1, max_length=20, title="报价明细", description="每项写明名目和金额")
]


class NewQuote(Request, frozen=True, kw_only=True):
    items: QuoteItems
    valid_until: Annotated[Moment | None, Meta(title="有效期到（可不填）", description="过期自动作废")] = None
    note: Annotated[Text, Meta(title="说明")] = ""


class NewPrice(Request, frozen=True, kw_only=True):
    """`if_refused` is agreed before the resident answers: `continue` at the old price, or `leave`."""

    items: QuoteItems
    reason: Reason
    if_refused: Annotated[
        Literal["continue", "leave"],
        Meta(
            title="居民不同意时",
            extra_json_schema={"x-texts": {"continue": "按原价继续做", "leave": "不做了，只收上门费"}},
        ),
    ]


class AcceptQuote(Request, frozen=True, kw_only=True):
    """`quote_version` is the quote that was read: another one is not accepted by mistake."""

    quote_version: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(title="报价版本", extra_json_schema={"x-hidden": True})
    ] = None


class NoShow(Request, frozen=True, kw_only=True):
    """Photos are ids of pictures that were sent to this case; a service whose `proof` has `no_show` asks the worker for
    at least one."""

    reason: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=200,
            pattern=NO_CONTROL,
            title="现场情况",
            description="几点到的、怎么联系的，居民申诉时要用",
        ),
    ]
    photos: Annotated[list[Id], Meta(max_length=9, title="现场照片（门牌、关着的门）")] = []


class Reschedule(Request, frozen=True, kw_only=True):
    start: Annotated[Moment, Meta(title="新的上门时间", description="从可预约的时间里选")]


class Transfer(Request, frozen=True, kw_only=True):
    """To a service of another provider, of the same category and booked in the same way."""

    service_id: Annotated[Id, Meta(title="转到哪项服务")]
    reason: Reason


class Suspended(Request, frozen=True, kw_only=True):
    """Its provider was suspended; only the system says so."""

    suspension_id: Annotated[Id, Meta(title="暂停编号", extra_json_schema={"x-hidden": True})]
    reason: Annotated[str, Meta(min_length=1, max_length=500, title="原因")]


class WithReason(Request, frozen=True, kw_only=True):
    reason: Reason


class MaybeReason(Request, frozen=True, kw_only=True):
    reason: Annotated[str, Meta(max_length=200, title="原因（可不填）")] = ""


class QuoteView(View, frozen=True, kw_only=True):
    """`state` is offered, accepted, refused, withdrawn or lapsed; `on_site` ones were given at the door."""

    version: int
    lines: list[QuoteItem]
    total_fen: Fen
    total_text: str
    note: str
    by: str
    at: str
    valid_until: str | None
    on_site: bool
    if_refused: str
    state: str
    answered_at: str | None
    answered_by: str


class BookingDetails(View, frozen=True, kw_only=True):
    """`start_code` is only in the resident's and the desk's view: it is what the resident reads out at the door.

    `form` has the answers to the service's own fields. `price_fen` is the price that was agreed, or from which it
    starts while `price_agreed` is false; `cost_text` says it whole. `quotes` are all versions, the last is the one that
    counts. `nobody`: every worker who could come was asked, and none will. `cancel_free_until` is there while the
    resident can cancel for nothing; `cancel_fee_fen` is what cancelling now would cost them, `fee_fen` what was charged
    in the end.

    `owed_fen` and `owed_text` say what is due by now and to whom; nobody collects it here. `no_show_photos` are ids of
    the case's attachments. `code_warning` is there while the start code is locked because somebody guessed.
    """

    service_id: str
    service: str
    category: str
    start: str
    end: str
    when: str
    price_fen: Fen
    price_text: str
    cost_text: str
    address: str
    contact_name: str
    contact_phone: str
    note: str
    form: dict[str, Any]
    start_code: str | None
    late_cancel: bool
    escalated: bool
    nobody: bool
    finish_note: str
    cancel_free_until: str | None
    mode: str
    price_agreed: bool
    quotes: list[QuoteView]
    visit_fee_fen: Fen
    cancel_fee_fen: Fen
    cancel_fees: list[CancelFee]
    fee_fen: Fen
    reschedule_until: str
    reschedules: int
    no_show_note: str
    no_show_photos: list[str]
    code_warning: str
    owed_fen: Fen
    owed_text: str
    appeal: str
    appeal_until: str | None
