"""What is stored of the catalogue, and what can be booked of it now."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from schemas.catalogue import CancelFee, DispatchMode, Mode, PriceListState, PriceUnit, Proof
from schemas.common import FormField
from server.kit.db import Collection, Index, Stored
from server.kit.errors import NotFound


class ServiceNotFound(NotFound):
    """没有这项服务，请从服务列表里重新选择"""


class CategoryNotFound(NotFound):
    """没有这个服务类别"""


MinuteOfDay = Annotated[int, Meta(ge=0, le=1440)]
Hours = tuple[MinuteOfDay, MinuteOfDay]


class Category(Stored, kw_only=True):
    """`requires` are the kinds of certificate that whoever does this work needs (server/certificates.py)."""

    name: str
    icon: str
    rank: int = 0
    requires: list[str] = []


class Provider(Stored, kw_only=True):
    """A social organisation or a company that serves; `suspended` takes its services off the list.

    `daily_bookings` is the most that it takes for one day, over all its services; 0 for any number. `categories` are
    those it was admitted for.
    """

    name: str
    phone: str
    licence: str = ""
    suspended: bool = False
    daily_bookings: Annotated[int, Meta(ge=0)] = 0
    categories: list[str] = []


class Pool(Stored, kw_only=True):
    """People who serve at the same time: `capacity` of them, other numbers on single days, 0 for closed."""

    provider_id: str
    name: str
    capacity: Annotated[int, Meta(ge=0)]
    capacity_on: dict[str, int] = {}


class Price(Struct, frozen=True, kw_only=True):
    unit: PriceUnit
    amount_fen: int


class PriceList(Stored, kw_only=True):
    """`id` is `provider|number`. A draft is not edited, another one is made; what is approved is in force from the
    midnight that begins `valid_from` and never changed.

    Number 1 is what stood in the services before there were lists (server/price_lists.py). `prices` is by service.
    """

    provider_id: str
    number: Annotated[int, Meta(ge=1)]
    state: PriceListState
    valid_from: date
    prices: dict[str, Price]
    note: str = ""
    author_id: str
    author: str
    created_at: datetime
    approved_by: str = ""
    approved_at: datetime | None = None
    reason: str = ""


class Concession(Struct, frozen=True, kw_only=True):
    """For residents who reach `min_age` this year, 0 for all, and with `disabled` also for those whose disability
    certificate holds: free visits in a month, and off the price of others."""

    min_age: Annotated[int, Meta(ge=0, le=120)] = 60
    disabled: bool = False
    percent_off: Annotated[int, Meta(ge=0, le=100)] = 0
    free_per_month: Annotated[int, Meta(ge=0)] = 0


class Service(Stored, kw_only=True):
    """Times in minutes. `weekly` has seven lists of hours, Monday first; `overrides` replace those of a date.

    `seat_for_quote`: a booking that waits for a quote has its seat already. `reschedule_notice_min` unset: as for
    cancelling; `cancel_fees` unset: the table of the place; `max_open` 0: a resident may have any number open.
    `dispatch` is how a confirmed booking finds its worker (server/dispatch). `version` counts what was published of it
    (server/service_versions); a booking keeps the one that it was made under.
    """

    name: str
    category: str
    summary: str
    mode: Mode
    dispatch: DispatchMode = "assign"
    provider_id: str
    pool_id: str
    price: Price
    duration_min: Annotated[int, Meta(ge=15, le=1440)]
    step_min: Annotated[int, Meta(ge=15, le=1440)] = 60
    buffer_before_min: int = 0
    buffer_after_min: int = 0
    lead_time_min: int = 120
    horizon_days: int = 14
    cancel_notice_min: int = 120
    proof: list[Proof] = []
    reschedule_notice_min: int | None = None
    cancel_fees: list[CancelFee] | None = None
    visit_fee_fen: int = 0
    seat_for_quote: bool = False
    max_open: Annotated[int, Meta(ge=0)] = 0
    concession: Concession | None = None
    weekly: list[list[Hours]]
    overrides: dict[str, list[Hours]] = {}
    open_on_holidays: bool = False
    fields: list[FormField] = []
    notes: str = ""
    rank: int = 0
    active: bool = True
    version: Annotated[int, Meta(ge=1)] = 1

    @property
    def version_id(self) -> str:
        return f"{self.id}|{self.version}"


CATEGORIES: Collection[Category] = Collection("categories", Category, whole=True)
PROVIDERS: Collection[Provider] = Collection("providers", Provider, whole=True)
POOLS: Collection[Pool] = Collection("pools", Pool, Index(("provider_id",)), whole=True)
SERVICES: Collection[Service] = Collection("services", Service, Index(("provider_id",)), whole=True)
PRICE_LISTS: Collection[PriceList] = Collection(
    "price_lists", PriceList, Index(("provider_id", "number")), whole=True
)
