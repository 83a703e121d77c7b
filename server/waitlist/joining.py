"""Joining the line and leaving it."""

from typing import Any

from schemas.waitlist import NewWaiting
from server import cases, catalogue, places, slots
from server.bookings.kind import QuoteNeeded, address_of, contact_of
from server.config import Settings
from server.kit.chance import chance
from server.kit.clock import today
from server.kit.db import Duplicate, Reader, Tx
from server.kit.errors import Conflict
from server.residents import Resident
from server.sessions import Actor
from server.slots import OCCUPANCY
from server.waitlist.entries import WAITLIST, Waiting, find
from server.waitlist.moves import NoLongerWaiting, become
from server.waitlist.wishes import chances_of, day_of, next_look


class StillFree(Conflict):
    """这个时间还有空位，可以直接预约"""


class AlreadyWaiting(Conflict):
    """这项服务的这一天，您已经在候补名单里了"""


class WaitsTooMany(Conflict):
    """候补的太多了，请先退出不需要的再加"""


async def join(tx: Tx, actor: Actor, resident: Resident, wanted: NewWaiting, rules: Settings) -> Waiting:
    """Stand in line for a full time, or for a day that is full.

    Raises StartOrDate, ServiceNotFound, QuoteNeeded, the Slot… refusals, StillFree, AlreadyWaiting, WaitsTooMany,
    BadForm, AddressNeeded, ContactNeeded.
    """
    service = catalogue.find(tx, wanted.service_id)
    if service.mode != "slot":
        raise QuoteNeeded(field="service_id")
    day = day_of(wanted)
    chances = chances_of(tx, service, day, wanted.start)
    address, contact = address_of(resident, wanted.address), contact_of(resident, wanted.contact)
    where = places.locate(tx, address.compound_id)
    form = catalogue.check_form(service, wanted.form)
    mine = {"resident_id": resident.id, "open": True}
    if await tx.count(WAITLIST, mine, limit=rules.waitlist.most_open) >= rules.waitlist.most_open:
        raise WaitsTooMany
    document = slots.day_id(service.pool_id, day)
    line = await tx.take(OCCUPANCY, {"_id": document}, {"$inc": {"waiting": 1, "tickets": 1}}, upsert=True)
    assert line is not None
    most = slots.capacity(catalogue.pool_of(tx, service), day)
    if any(slots.fits(line.cells, slots.seat(service, one)[1], most) for one in chances):
        raise StillFree(field="start" if wanted.start else "date")
    entry = Waiting(
        id=chance.hex(12),
        resident_id=resident.id,
        resident_name=resident.name or contact.name,
        opened_by=actor.key,
        service_id=service.id,
        service=service.name,
        pool_id=service.pool_id,
        provider_id=service.provider_id,
        community_id=where.community_id,
        compound_id=where.compound_id,
        day=day.isoformat(),
        start=wanted.start,
        address=address,
        contact=contact,
        form=form,
        note=wanted.note,
        ticket=line.tickets,
        joined_at=tx.now,
        due_at=next_look(chances, service, tx.now, rules),
    )
    try:
        await tx.insert(WAITLIST, entry)
    except Duplicate as error:
        raise AlreadyWaiting from error
    return entry


def lanes(reader: Reader, wanted: NewWaiting) -> list[str]:
    """The document that all who join this line write."""
    service = reader.recall(catalogue.SERVICES, wanted.service_id)
    day = today(wanted.start) if wanted.start is not None else wanted.date
    return [slots.day_id(service.pool_id, day)] if service and day else []


async def leave(tx: Tx, entry_id: str, actor: Actor, channel: Any, rules: Settings) -> Waiting:
    """Out of the line; a seat that was offered goes to the next. One that was taken is left by cancelling the booking.

    Raises WaitingNotFound, NoLongerWaiting, and what cancelling the held booking raises.
    """
    entry = await find(tx, entry_id, actor)
    offered = await tx.get(cases.CASES, entry.case_no) if entry.case_no else None
    if not entry.open or (offered is not None and offered.state != "held"):
        raise NoLongerWaiting
    await become(tx, entry, "left", actor=actor)
    if offered is not None:
        await cases.move(tx, offered.id, "cancel", {}, actor, channel, rules)
    return entry
