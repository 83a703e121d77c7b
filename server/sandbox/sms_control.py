"""Control calls for short messages: what a phone received, and how reports are told."""

from msgspec import Struct

from .controls import Control, Name, Nothing, Reply, Unknown
from .sms_reports import Reporting
from .world import World


class OfPhone(Struct):
    phone: Name


class Where(Struct, forbid_unknown_fields=True):
    url: str


def _received(world: World, ask: OfPhone) -> Reply:
    items = world.sms.received.get(ask.phone, [])
    return {"items": [_full(one) for one in items]}


def _told(world: World, ask: Nothing) -> Reply:
    return {"url": world.reports.url, "items": [_full(one) for one in world.reports.deliveries]}


def _set_style(world: World, ask: Reporting) -> Reply:
    world.reports.style = ask
    return _full(ask)


def _set_address(world: World, ask: Where) -> Reply:
    world.reports.url = ask.url
    return {"url": ask.url}


async def _again(world: World, ask: Nothing) -> Reply:
    if not world.reports.deliveries:
        raise Unknown("nothing was told yet")
    return _full(await world.reports.send(world.reports.deliveries[-1].fields))


def _full(one: Struct) -> Reply:
    """All fields, also the empty ones."""
    return {name: getattr(one, name) for name in one.__struct_fields__}


SMS_CONTROLS: tuple[Control, ...] = (
    Control("GET", "/_control/sms", OfPhone, _received),
    Control("POST", "/_control/sms-address", Where, _set_address),
    Control("GET", "/_control/sms-reports", Nothing, _told),
    Control("POST", "/_control/sms-reports-style", Reporting, _set_style),
    Control("POST", "/_control/sms-reports-again", Nothing, _again),
)
