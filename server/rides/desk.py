"""A driver's own page, and the drivers as whoever sends them sees them."""

from schemas.drivers import DriverRowView, DriversView, DriverView, FindDrivers
from server import catalogue, drivers
from server.cases import CASES, view
from server.drivers import STATES, Driver
from server.kit.db import Reader
from server.kit.db.pages import decode_cursor, encode_cursor
from server.rides import choices, offers
from server.sessions import Actor
from server.staff import Staff


async def own(reader: Reader, actor: Actor) -> DriverView:
    """What they do now, and what is offered to them."""
    driver = await drivers.of(reader, actor.id)
    case = await reader.get(CASES, driver.ride_no) if driver.ride_no else None
    offer = await offers.open_one(reader, actor.id) if driver.offer_id else None
    return DriverView(
        id=actor.id,
        name=actor.name,
        on_duty=driver.on_duty,
        since=driver.since,
        vehicle=driver.vehicle,
        ride=view(reader, case, actor) if case else None,
        offer=await offers.view(reader, offer) if offer else None,
        today=await choices.today_of(reader, actor.id),
        sentence=_sentence(driver, offered=offer is not None),
    )


def _sentence(driver: Driver, *, offered: bool) -> str:
    if driver.vehicle is None:
        return drivers.VehicleMissing.text
    if driver.ride_no is not None:
        return "您有一趟车"
    if offered:
        return "有人叫车，请马上答复"
    return "等着派单，请不要关掉这一页" if driver.on_duty else "您已下班，上班后才会派单"


async def listed(reader: Reader, wanted: FindDrivers, actor: Actor) -> DriversView:
    """By name; for a manager their own. Raises BadCursor."""
    street = bool(actor.roles & {"dispatcher", "admin"})
    theirs = {one.provider_id for one in actor.grants if one.role == "provider"}
    people = [
        one
        for one in drivers.everybody(reader)
        if (street or drivers.provider_of(one) in theirs)
        and wanted.provider_id in (None, drivers.provider_of(one))
    ]
    known = await drivers.several(reader, [one.id for one in people])
    rows = [(one, known.get(one.id) or Driver(id=one.id)) for one in people]
    rows = [row for row in rows if wanted.on_duty in (None, row[1].on_duty)]
    after = decode_cursor(wanted.cursor) if wanted.cursor else ("", "")
    rest = [row for row in rows if (row[0].name, row[0].id) > (str(after[0]), after[1])]
    shown = rest[: wanted.limit]
    more = encode_cursor(shown[-1][0].name, shown[-1][0].id) if len(rest) > wanted.limit else None
    return DriversView(items=[row_view(reader, *row) for row in shown], next=more)


def row_view(reader: Reader, member: Staff, driver: Driver) -> DriverRowView:
    provider = catalogue.provider_of(reader, drivers.provider_of(member) or "")
    return DriverRowView(
        id=member.id,
        name=member.name,
        phone=member.phone,
        provider=provider.name if provider else "",
        state=driver.state,
        state_text=STATES[driver.state],
        since=driver.since,
        vehicle=driver.vehicle,
        ride_no=driver.ride_no,
        rides_today=driver.rides_of(reader.now),
        missed=driver.missed,
    )


def theirs(reader: Reader, driver_id: str, actor: Actor) -> Staff:
    """A driver whom the actor may see. Raises DriverNotFound."""
    member = drivers.member(reader, driver_id)
    own_ones = {one.provider_id for one in actor.grants if one.role == "provider"}
    if not actor.roles & {"dispatcher", "admin"} and drivers.provider_of(member) not in own_ones:
        raise drivers.DriverNotFound
    return member
