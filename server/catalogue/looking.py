"""Which services are offered now, and at which price."""

from datetime import date
from weakref import WeakKeyDictionary

from msgspec.structs import replace

from server.catalogue.stored import (
    POOLS,
    PRICE_LISTS,
    PROVIDERS,
    SERVICES,
    Pool,
    PriceList,
    Provider,
    Service,
    ServiceNotFound,
)
from server.kit.clock import today
from server.kit.db import Reader, Whole


def find(reader: Reader, service_id: str) -> Service:
    """A service that can be booked now, with the price in force today. Raises ServiceNotFound."""
    service = reader.recall(SERVICES, service_id)
    if service is None or not _offered(reader, service):
        raise ServiceNotFound(field="service_id")
    return priced(reader, service, today(reader.now))


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
    """In the order of the catalogue, with the prices in force today."""
    services = (one for one in reader.everything(SERVICES).items.values() if _offered(reader, one))
    wanted = (one for one in services if category in (None, one.category))
    day = today(reader.now)
    return [priced(reader, one, day) for one in sorted(wanted, key=lambda one: (one.rank, one.id))]


_approved: WeakKeyDictionary[Whole[PriceList], tuple[int, dict[str, list[PriceList]]]] = WeakKeyDictionary()


def approved_lists(reader: Reader, provider_id: str) -> list[PriceList]:
    """The provider's approved lists, the one that comes last first; sorted once for each change in memory."""
    whole = reader.everything(PRICE_LISTS)
    version, by_provider = _approved.get(whole, (-1, {}))
    if version != whole.version:
        by_provider = {}
        for one in sorted(whole.items.values(), key=lambda one: (one.valid_from, one.number), reverse=True):
            if one.state == "approved":
                by_provider.setdefault(one.provider_id, []).append(one)
        _approved[whole] = (whole.version, by_provider)
    return by_provider.get(provider_id, [])


def price_list(reader: Reader, service: Service, day: date) -> PriceList | None:
    """The list that says what the service costs on that day; None while its own price holds."""
    lists = approved_lists(reader, service.provider_id)
    return next((one for one in lists if one.valid_from <= day and service.id in one.prices), None)


def price_list_id(reader: Reader, service: Service, day: date) -> str:
    """What a booking keeps of it: the first version has no document."""
    found = price_list(reader, service, day)
    return found.id if found else f"{service.provider_id}|1"


def priced(reader: Reader, service: Service, day: date) -> Service:
    """The service with the price of that day."""
    found = price_list(reader, service, day)
    return replace(service, price=found.prices[service.id]) if found else service


def coming(reader: Reader, service: Service, day: date) -> PriceList | None:
    """The next list that changes what the service costs after that day."""
    lists = approved_lists(reader, service.provider_id)
    later = [one for one in lists if one.valid_from > day and service.id in one.prices]
    now = priced(reader, service, day).price
    return next((one for one in reversed(later) if one.prices[service.id] != now), None)
