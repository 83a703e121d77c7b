"""Booking a service at home: the request, and the forms of each move."""

from typing import Annotated, Any

from msgspec import Meta

from schemas.common import END, Address, Contact, Fen, Id, Moment, Reason, Request, Text, View


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
    worker_id: Annotated[
        Id, Meta(title="服务人员", extra_json_schema={"x-source": "/v1/cases/{case_no}/candidates"})
    ]


class Start(Request, frozen=True, kw_only=True):
    code: Annotated[
        str, Meta(pattern=r"^[0-9]{4}" + END, title="开始口令", description="请居民念给您听的四位数字")
    ]


class Finish(Request, frozen=True, kw_only=True):
    note: Annotated[Text, Meta(title="完成情况")] = ""


class WithReason(Request, frozen=True, kw_only=True):
    reason: Reason


class MaybeReason(Request, frozen=True, kw_only=True):
    reason: Annotated[str, Meta(max_length=200, title="原因（可不填）")] = ""


class BookingDetails(View, frozen=True, kw_only=True):
    """`start_code` is only in the resident's and the desk's view: it is what the resident reads out at the door.

    `form` has the answers to the service's own fields.
    """

    service_id: str
    service: str
    category: str
    start: str
    end: str
    when: str
    price_fen: Fen
    price_text: str
    address: str
    contact_name: str
    contact_phone: str
    note: str
    form: dict[str, Any]
    start_code: str | None
    late_cancel: bool
    escalated: bool
    finish_note: str
    cancel_free_until: str
