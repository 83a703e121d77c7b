"""一件事: several services asked for at once, and what is to happen when one of them cannot be had."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, field

from schemas.catalogue import ServiceView
from schemas.common import Address, Contact, Fen, Id, Line, Moment, Reason, Request, Text, View

IfPartFails = Literal["nothing", "keep"]
Fault = Literal["provider", "street", "resident"]


class NewPart(Request, frozen=True, kw_only=True):
    """`part` is the part's name in the bundle; `address` and `contact` default to the resident's own."""

    part: Id
    service_id: Id
    start: Moment
    address: Address | None = None
    contact: Contact | None = None
    form: dict[str, Any] = {}
    note: Text = ""


class NewBundle(Request, frozen=True, kw_only=True):
    """`if_part_fails`: `nothing` books all or none, `keep` leaves out what is not required and cannot be had; without
    it the bundle's own rule holds. Staff name the resident they ask for."""

    bundle_id: Id
    parts: Annotated[list[NewPart], Meta(min_length=1, max_length=10)]
    if_part_fails: IfPartFails | None = None
    resident_id: Id | None = None


class PartForm(Request, frozen=True, kw_only=True):
    """One of `services`, or any service of `category`. `after` names an earlier part, whose end is `gap_min` minutes
    before this one's start at the latest."""

    part: Id
    name: Line
    hint: Text = ""
    services: Annotated[list[Id], Meta(max_length=20)] = []
    category: Id | None = None
    required: bool = False
    after: Id | None = None
    gap_min: Annotated[int, Meta(ge=0, le=7 * 24 * 60)] = 0


class BundleForm(Request, frozen=True, kw_only=True):
    """`free_after`: when a required part was lost by their fault, cancelling the rest costs nothing. Without an answer
    the rest goes on after `answer_hours`."""

    name: Line
    description: Text = ""
    parts: Annotated[list[PartForm], Meta(min_length=1, max_length=10)]
    if_part_fails: IfPartFails = "nothing"
    free_after: Annotated[list[Fault], Meta(max_length=3)] = field(
        default_factory=lambda: ["provider", "street"]
    )
    answer_hours: Annotated[int, Meta(ge=1, le=14 * 24)] = 24
    rank: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    active: bool = True


class ReturnBundle(Request, frozen=True, kw_only=True):
    """Why what somebody has written of a bundle is handed back."""

    reason: Reason


class ReplacePart(Request, frozen=True, kw_only=True):
    """Another time, or another service with it, for a part that could not be had; without `part` it is the first such
    one. `form` defaults to what was filled in before."""

    start: Annotated[Moment, Meta(title="新的上门时间", description="从可预约的时间里选")]
    part: Annotated[Id | None, Meta(title="哪一件", extra_json_schema={"x-hidden": True})] = None
    service_id: Annotated[Id | None, Meta(title="换成哪项服务", extra_json_schema={"x-hidden": True})] = None
    form: Annotated[
        dict[str, Any] | None, Meta(title="服务要填的内容", extra_json_schema={"x-hidden": True})
    ] = None


class PartOfferView(View, frozen=True, kw_only=True):
    """A part of a bundle and the services to choose from, each with price and form."""

    part: str
    name: str
    hint: str
    required: bool
    after: str | None
    gap_min: int
    services: list[ServiceView]


class BundleView(View, frozen=True, kw_only=True):
    """`available` is false while a required part has no service that is offered."""

    id: str
    name: str
    description: str
    parts: list[PartOfferView]
    if_part_fails: IfPartFails
    rule_text: str
    free_after: list[Fault]
    answer_hours: int
    active: bool
    available: bool


class BundlesView(View, frozen=True, kw_only=True):
    """In the street's order; all that can be asked for now are on one page."""

    items: list[BundleView]
    next: str | None = None


class PartView(View, frozen=True, kw_only=True):
    """A part and where its own case stands. `case_no` is null while it could not be had: `reason` says why,
    `alternatives` are free times near it; `former` are cases that it had before."""

    part: str
    name: str
    required: bool
    case_no: str | None
    service_id: str
    service: str
    start: str
    end: str
    when: str
    state: str
    state_text: str
    failed: bool
    price_fen: Fen
    price_text: str
    fee_fen: Fen
    reason: str
    alternatives: list[datetime]
    alternatives_text: str
    former: list[str]


class BundleDetails(View, frozen=True, kw_only=True):
    """`total_fen` adds up the parts that come about; `cancel_fee_fen` is what cancelling all that is left would cost
    now, `fee_fen` what was charged for it. `answer_by`: when the rest goes on without an answer."""

    bundle_id: str
    if_part_fails: IfPartFails
    rule_text: str
    parts: list[PartView]
    total_fen: Fen
    total_text: str
    cancel_fee_fen: Fen
    cancel_free_because: str
    fee_fen: Fen
    answer_by: datetime | None
    warning: str
