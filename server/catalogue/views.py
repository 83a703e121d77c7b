"""The catalogue as its readers see it."""

from datetime import date

import msgspec
from msgspec.structs import replace

from schemas.catalogue import CategoryView, ComingPrice, FindServices, ProviderCard, ServicesView, ServiceView
from server import scores
from server.catalogue.looking import coming, offered
from server.catalogue.stored import CATEGORIES, PROVIDERS, CategoryNotFound, Service
from server.catalogue.words import concession_text, price_view, reschedule_notice
from server.kit.clock import today
from server.kit.db import Database, Reader
from server.kit.db.pages import decode_cursor, encode_cursor


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
        coming_price=_coming(reader, service),
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


def _coming(reader: Reader, service: Service) -> ComingPrice | None:
    """A change of price is announced with its day."""
    later = coming(reader, service, today(reader.now))
    if later is None:
        return None
    price = price_view(replace(service, price=later.prices[service.id]))
    day = later.valid_from
    return ComingPrice(price=price, from_=day, text=f"{day.month} 月 {day.day} 日起 {price.text}")


class Pages:
    """The catalogue's lists as bytes, made again only when something in them has changed, or a day has begun: prices
    change at midnight."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._kept: dict[FindServices, tuple[int, date, bytes]] = {}

    def services(self, wanted: FindServices) -> bytes:
        """The encoded ServicesView. Raises CategoryNotFound, BadCursor."""
        edition, day = self._db.follower.edition, today(self._db.now())
        kept = self._kept.get(wanted)
        if kept is not None and kept[:2] == (edition, day):
            return kept[2]
        reader = self._db.reader()
        if wanted.category is not None and reader.recall(CATEGORIES, wanted.category) is None:
            raise CategoryNotFound(field="category")
        encoded = msgspec.json.encode(_page(reader, wanted))
        if len(self._kept) >= _PAGES_KEPT:
            self._kept.clear()
        self._kept[wanted] = (edition, day, encoded)
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
