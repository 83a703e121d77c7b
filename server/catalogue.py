"""The catalogue: providers, their pools of people, and the services residents choose from."""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from schemas.catalogue import (
    CancelFee,
    CategoryView,
    FindServices,
    Mode,
    PriceUnit,
    PriceView,
    Proof,
    ProviderCard,
    ServicesView,
    ServiceView,
)
from schemas.common import FormField
from server import scores
from server.kit.db import Collection, Database, Index, Reader, Stored
from server.kit.db.pages import decode_cursor, encode_cursor
from server.kit.errors import Invalid, NotFound


class ServiceNotFound(NotFound):
    """没有这项服务，请从服务列表里重新选择"""


class CategoryNotFound(NotFound):
    """没有这个服务类别"""


class BadForm(Invalid):
    """请检查填写的内容"""


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

    `daily_bookings` is the most that it takes for one day, over all its services; 0 for any number.
    """

    name: str
    phone: str
    licence: str = ""
    suspended: bool = False
    daily_bookings: Annotated[int, Meta(ge=0)] = 0


class Pool(Stored, kw_only=True):
    """People who serve at the same time: `capacity` of them, other numbers on single days, 0 for closed."""

    provider_id: str
    name: str
    capacity: Annotated[int, Meta(ge=0)]
    capacity_on: dict[str, int] = {}


class Price(Struct, frozen=True, kw_only=True):
    unit: PriceUnit
    amount_fen: int


class Concession(Struct, frozen=True, kw_only=True):
    """For residents who reach `min_age` this year, 0 for all: free visits in a month, and off the price of others."""

    min_age: Annotated[int, Meta(ge=0, le=120)] = 60
    percent_off: Annotated[int, Meta(ge=0, le=100)] = 0
    free_per_month: Annotated[int, Meta(ge=0)] = 0


class Service(Stored, kw_only=True):
    """Times in minutes. `weekly` has seven lists of hours, Monday first; `overrides` replace those of a date.

    `seat_for_quote`: a booking that waits for a quote has its seat already. `reschedule_notice_min` unset: as for
    cancelling; `cancel_fees` unset: the table of the place; `max_open` 0: a resident may have any number open.
    """

    name: str
    category: str
    summary: str
    mode: Mode
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


CATEGORIES: Collection[Category] = Collection("categories", Category, whole=True)
PROVIDERS: Collection[Provider] = Collection("providers", Provider, whole=True)
POOLS: Collection[Pool] = Collection("pools", Pool, Index(("provider_id",)), whole=True)
SERVICES: Collection[Service] = Collection("services", Service, Index(("provider_id",)), whole=True)


def find(reader: Reader, service_id: str) -> Service:
    """A service that can be booked now. Raises ServiceNotFound."""
    service = reader.recall(SERVICES, service_id)
    if service is None or not _offered(reader, service):
        raise ServiceNotFound(field="service_id")
    return service


def pool_of(reader: Reader, service: Service) -> Pool:
    pool = reader.recall(POOLS, service.pool_id)
    if pool is None:
        raise ServiceNotFound(field="service_id")
    return pool


def provider_of(reader: Reader, provider_id: str) -> Provider | None:
    return reader.recall(PROVIDERS, provider_id)


def _offered(reader: Reader, service: Service) -> bool:
    provider = reader.recall(PROVIDERS, service.provider_id)
    return service.active and provider is not None and not provider.suspended


def offered(reader: Reader, category: str | None) -> list[Service]:
    """In the order of the catalogue."""
    services = (one for one in reader.everything(SERVICES).items.values() if _offered(reader, one))
    wanted = (one for one in services if category in (None, one.category))
    return sorted(wanted, key=lambda one: (one.rank, one.id))


def view_categories(reader: Reader) -> list[CategoryView]:
    categories = sorted(reader.everything(CATEGORIES).items.values(), key=lambda one: one.rank)
    return [CategoryView(id=one.id, name=one.name, icon=one.icon) for one in categories]


def view(reader: Reader, service: Service) -> ServiceView:
    provider = reader.recall(PROVIDERS, service.provider_id)
    category = reader.recall(CATEGORIES, service.category)
    assert provider is not None
    return ServiceView(
        id=service.id,
        name=service.name,
        category=service.category,
        category_name=category.name if category else service.category,
        summary=service.summary,
        mode=service.mode,
        provider=ProviderCard(
            id=provider.id,
            name=provider.name,
            phone=provider.phone,
            rating=scores.view(reader, scores.provider_key(provider.id)),
        ),
        price=price_view(service),
        duration_min=service.duration_min,
        lead_time_min=service.lead_time_min,
        horizon_days=service.horizon_days,
        cancel_notice_min=service.cancel_notice_min,
        proof=service.proof,
        reschedule_notice_min=reschedule_notice(service),
        cancel_fees=service.cancel_fees,
        visit_fee_fen=service.visit_fee_fen,
        concession=concession_text(service.concession),
        fields=service.fields,
        notes=service.notes,
    )


class Pages:
    """The catalogue's lists as bytes, made again only when something in them has changed."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept: dict[FindServices, tuple[int, bytes]] = {}

    def services(self, wanted: FindServices) -> bytes:
        """The encoded ServicesView. Raises CategoryNotFound, BadCursor."""
        edition = self._db.follower.edition
        kept = self._kept.get(wanted)
        if kept is not None and kept[0] == edition:
            return kept[1]
        reader = self._db.reader()
        if wanted.category is not None and reader.recall(CATEGORIES, wanted.category) is None:
            raise CategoryNotFound(field="category")
        encoded = msgspec.json.encode(_page(reader, wanted))
        if len(self._kept) >= _PAGES_KEPT:
            self._kept.clear()
        self._kept[wanted] = (edition, encoded)
        return encoded


_PAGES_KEPT = 500


def _page(reader: Reader, wanted: FindServices) -> ServicesView:
    services = offered(reader, wanted.category)
    if wanted.cursor is not None:
        last = decode_cursor(wanted.cursor)
        services = [one for one in services if (one.rank, one.id) > last]
    page, more = services[: wanted.limit], len(services) > wanted.limit
    return ServicesView(
        items=[view(reader, one) for one in page],
        categories=view_categories(reader),
        next=encode_cursor(page[-1].rank, page[-1].id) if more else None,
    )


_PER: dict[PriceUnit, str] = {"visit": "次", "hour": "小时", "trip": "趟", "month": "月"}


def total_fen(service: Service) -> int:
    """The price of one usual visit; an hourly price counts the duration."""
    if service.price.unit == "hour":
        return service.price.amount_fen * service.duration_min // 60
    return service.price.amount_fen


def reschedule_notice(service: Service) -> int:
    """Minutes before the visit until which its time can be changed."""
    own = service.reschedule_notice_min
    return service.cancel_notice_min if own is None else own


def concession_text(concession: Concession | None) -> str:
    """What older residents have of it, in a sentence; empty where there is nothing."""
    if concession is None or not (concession.free_per_month or concession.percent_off):
        return ""
    who = f"{concession.min_age} 岁以上" if concession.min_age else "居民"
    free = f"每月免费 {concession.free_per_month} 次" if concession.free_per_month else ""
    cheaper = f"优惠 {concession.percent_off}%" if concession.percent_off else ""
    return who + "，".join(one for one in (free, cheaper) if one)


def yuan(fen: int) -> str:
    whole, rest = divmod(fen, 100)
    return f"{whole}.{rest:02d}"


def price_view(service: Service) -> PriceView:
    unit, amount = service.price.unit, service.price.amount_fen
    match unit:
        case "free":
            text = "免费"
        case "quote":
            text = f"看过再报价，{yuan(amount)} 元起" if amount else "看过再报价"
        case _:
            text = f"{yuan(amount)} 元/{_PER[unit]}"
    return PriceView(unit=unit, amount_fen=amount, total_fen=total_fen(service), text=text)


_FIELD_TYPES: Mapping[str, type] = {"text": str, "number": float, "choice": str, "yes_no": bool}


def check_form(service: Service, form: Mapping[str, Any]) -> dict[str, Any]:
    """The answers to the service's own fields. Raises BadForm naming the field that is wrong."""
    known = {one.name: one for one in service.fields}
    for name in form:
        if name not in known:
            raise BadForm("这项服务没有这一栏", field=f"form.{name}")
    for field in service.fields:
        if field.required and form.get(field.name) in (None, ""):
            raise BadForm(f"请填写“{field.label}”", field=f"form.{field.name}")
    return {name: _answer(known[name], value) for name, value in form.items() if value is not None}


def _answer(field: FormField, value: Any) -> Any:
    where = f"form.{field.name}"
    try:
        answer: Any = msgspec.convert(value, _FIELD_TYPES[field.type], strict=True)
    except msgspec.ValidationError as error:
        raise BadForm(f"“{field.label}”填写的内容不对", field=where) from error
    match field.type:
        case "number":
            if not (field.min if field.min is not None else 0) <= answer <= (field.max or 1e9):
                raise BadForm(f"“{field.label}”超出了范围", field=where)
        case "choice":
            if answer not in {one["value"] for one in field.options}:
                raise BadForm(f"请从“{field.label}”的选项里选一个", field=where)
        case "text":
            if len(answer) > (field.max or 200) or any(ord(one) < 32 and one != "\n" for one in answer):
                raise BadForm(f"“{field.label}”太长或含有不能识别的字符", field=where)
    return answer
