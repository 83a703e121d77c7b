"""Providers: how they are admitted, what is known of them, how they are suspended."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, field

from schemas.catalogue import CategoryView, PriceView
from schemas.common import Fen, Id, Line, Moment, Name, Phone, Reason, Request, View
from schemas.ratings import ScoreView

SuspensionState = Literal["planned", "working", "done", "lifting", "lifted"]
DailyCap = Annotated[int, Meta(ge=0, le=10_000, title="每天最多接几单", description="0 为不限")]
Until = Annotated[date, Meta(description="有效期的最后一天，如 2027-06-30")]


class NewProvider(Request, frozen=True, kw_only=True):
    """What an organisation applies with. Photos of the licence are sent to the case before it is handed in."""

    name: Name
    phone: Phone
    licence_number: Line
    licence_issuer: Line
    licence_until: Until
    insurance_number: Line
    insurance_issuer: Line
    insurance_until: Until
    categories: Annotated[list[Id], Meta(min_length=1, max_length=20)]
    daily_bookings: DailyCap = 0


class AmendProvider(Request, frozen=True, kw_only=True):
    """What is left out stays."""

    name: Annotated[Name | None, Meta(title="名称")] = None
    phone: Annotated[Phone | None, Meta(title="电话")] = None
    licence_number: Annotated[Line | None, Meta(title="执照编号")] = None
    licence_issuer: Annotated[Line | None, Meta(title="执照发证机关")] = None
    licence_until: Annotated[Until | None, Meta(title="执照有效期到")] = None
    insurance_number: Annotated[Line | None, Meta(title="保险单号")] = None
    insurance_issuer: Annotated[Line | None, Meta(title="保险公司")] = None
    insurance_until: Annotated[Until | None, Meta(title="保险有效期到")] = None
    daily_bookings: Annotated[Annotated[int, Meta(ge=0, le=10_000)] | None, Meta(title="每天最多接几单")] = (
        None
    )


class HandIn(Request, frozen=True, kw_only=True):
    """`photos` are files that were sent to this case: the licence, and the insurance if there is a photo of it."""

    photos: Annotated[list[Id], Meta(min_length=1, max_length=9, title="执照和保险的照片")]


class OnboardingDetails(View, frozen=True, kw_only=True):
    """`provider_id` once it is admitted."""

    name: str
    phone: str
    licence_number: str
    licence_issuer: str
    licence_until: date
    insurance_number: str
    insurance_issuer: str
    insurance_until: date
    categories: list[str]
    daily_bookings: int
    photos: int
    reason: str
    provider_id: str | None


class ProviderView(View, frozen=True, kw_only=True):
    """`warnings` say in a sentence each what needs attention: papers, prices, a suspension, visits without anybody."""

    id: str
    name: str
    phone: str
    categories: list[CategoryView]
    daily_bookings: int
    rating: ScoreView | None
    suspended: bool
    state_text: str
    services: int
    workers: int
    warnings: list[str]


class ProvidersView(View, frozen=True, kw_only=True):
    items: list[ProviderView]
    next: str | None = None


class NewSuspension(Request, frozen=True, kw_only=True):
    """`from`: now if left out. `at_once`: for the safety of residents, visits that begin soon do not go ahead either."""

    reason: Reason
    from_: Annotated[Moment | None, Meta(title="从什么时候起")] = field(default=None, name="from")
    at_once: bool = False


class LiftSuspension(Request, frozen=True, kw_only=True):
    reason: Reason


class SuspensionView(View, frozen=True, kw_only=True):
    """`called_off` bookings were ended at no cost, `held_up` ones wait for another provider, `went_on`
    ones were held up and go ahead after all."""

    id: str
    provider_id: str
    reason: str
    starts_at: datetime
    at_once: bool
    state: SuspensionState
    state_text: str
    by: str
    created_at: datetime
    called_off: int
    held_up: int
    went_on: int
    lifted_by: str
    lifted_at: datetime | None
    lift_reason: str


class SuspensionsView(View, frozen=True, kw_only=True):
    items: list[SuspensionView]
    next: str | None = None


class ChoiceView(View, frozen=True, kw_only=True):
    """A service of another provider that has somebody free at that time."""

    service_id: str
    service: str
    provider: str
    price: PriceView
    rating: ScoreView | None


class VisitToArrange(View, frozen=True, kw_only=True):
    """A booking that was agreed with a provider that is suspended: transfer it, or cancel it at no cost."""

    case_no: str
    title: str
    resident: str
    when: datetime
    state_text: str
    price_fen: Fen
    choices: list[ChoiceView]


class VisitsToArrange(View, frozen=True, kw_only=True):
    items: list[VisitToArrange]
    next: str | None = None


class SheetCounts(View, frozen=True, kw_only=True):
    """Cases of a month by what came of them; `late_cancelled` are not among `cancelled`; `open` are under way still."""

    completed: int = 0
    cancelled: int = 0
    late_cancelled: int = 0
    no_show: int = 0
    rejected: int = 0
    expired: int = 0
    disputed: int = 0
    open: int = 0


class SheetLine(View, frozen=True, kw_only=True):
    """Of a service or of a worker. `income_fen` are the agreed prices of completed visits, `fees_fen` what was charged
    for those that did not come about, `owed_fen` what the street's concessions took off the list price. `answered`
    bookings reached the provider, `on_time` of them were not escalated. `stars` is a sum, over `ratings`."""

    id: str
    name: str
    cases: int
    counts: SheetCounts
    income_fen: Fen
    fees_fen: Fen
    free_visits: int
    reduced_visits: int
    owed_fen: Fen
    answered: int
    on_time: int
    ratings: int
    stars: int
    average: float | None


class SheetView(View, frozen=True, kw_only=True):
    """`state` is `open` while the month runs, `closed` once it is frozen: then `hash` and `version` stay, and `changed`
    says that the cases tell something else today."""

    provider_id: str
    provider: str
    month: str
    state: Literal["open", "closed"]
    state_text: str
    total: SheetLine
    services: list[SheetLine]
    workers: list[SheetLine]
    hash: str
    version: int
    frozen_at: datetime | None
    changed: bool
