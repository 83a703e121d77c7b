"""The line moves: a seat that came back is offered to the first whom it suits."""

from datetime import date, datetime, timedelta
from typing import Protocol

from msgspec import structs

from server import bookings, catalogue, residents, sessions, slots
from server.cases import CaseNumbers
from server.config import Settings
from server.kit.clock import today
from server.kit.db import Database, Reader, Tx
from server.kit.errors import Conflict, Forbidden, HoelunError, Invalid, NotFound
from server.kit.jobs import QueueOf, Settled
from server.slots import OCCUPANCY, RETURNS, Return
from server.waitlist.entries import LONGEST, WAITLIST, Waiting, in_line
from server.waitlist.moves import become
from server.waitlist.wishes import chances_of, next_look, wish


class Refused(Conflict):
    """轮到了，但没能留号"""

    def __init__(self, entry_id: str, message: str) -> None:
        super().__init__(message)
        self.entry_id = entry_id


class House(Protocol):
    """What the line's work needs of the building."""

    db: Database
    settings: Settings
    case_numbers: CaseNumbers


async def hand_on(house: House, row: Return) -> Settled:
    """What came back goes to the first in line whom it suits; what suits nobody is free for everyone.

    Each pass is one transaction: it gives back as much as its offer takes, and the row stays until nothing is left,
    so a worker may be killed anywhere.
    """
    while await _pass(house, row.day_id, row.id):
        pass
    return None


async def look(house: House, row: Waiting) -> Settled:
    """Nothing came back, but the pool may have grown: the first in line looks. A day that is over is told."""
    earlier = {**in_line(row.day_id), "ticket": {"$lt": row.ticket}}
    if not await house.db.reading(lambda reader: reader.count(WAITLIST, earlier, limit=1)):
        while await _pass(house, row.day_id, None):
            pass
    await house.db.atomically(lambda tx: _looked(tx, row.id, house.settings))
    return None


async def _pass(house: House, day_id: str, return_id: str | None) -> bool:
    """One offer, or the end of the row. True: there may be more to offer."""
    somebody = await house.db.reading(lambda reader: _whose_turn(reader, day_id, return_id))
    case_no = None
    if somebody is not None:
        case_no = await house.case_numbers.next(bookings.BOOKING.prefix, house.db.now())
    try:
        return await house.db.atomically(
            lambda tx: _passed(tx, day_id, return_id, case_no, house.settings), lanes=[day_id]
        )
    except Refused as refused:
        await _refuse(house, refused)
        return True


async def _passed(tx: Tx, day_id: str, return_id: str | None, case_no: str | None, rules: Settings) -> bool:
    kept = await _kept(tx, return_id)
    if kept is None:
        return False
    turn = await _whose_turn(tx, day_id, return_id)
    if turn is not None and case_no is None:
        return True
    if turn is None or case_no is None:
        await slots.release(tx, day_id, kept)
        await tx.delete(RETURNS, {"_id": return_id})
        return False
    entry, start = turn
    wanted = slots.seat(catalogue.find(tx, entry.service_id), start)[1]
    try:
        await _offer(tx, entry, start, case_no, [one for one in kept if one in wanted], rules)
    except (Conflict, Forbidden, Invalid, NotFound) as refusal:
        raise Refused(entry.id, refusal.message) from refusal
    left = [one for one in kept if one not in wanted]
    await tx.change(RETURNS, {"_id": return_id}, {"$set": {"cells": left}})
    return True


async def _refuse(house: House, refused: Refused) -> None:
    async def told(tx: Tx) -> None:
        entry = await tx.get(WAITLIST, refused.entry_id)
        if entry is not None and entry.state == "waiting":
            await become(tx, entry, "refused", reason=refused.message)

    await house.db.atomically(told)


async def _kept(reader: Reader, return_id: str | None) -> list[str] | None:
    """The quarters of the row; None when somebody has settled it, none without a row."""
    row = await reader.get(RETURNS, return_id) if return_id else None
    if return_id and row is None:
        return None
    return row.cells if row else []


async def _whose_turn(reader: Reader, day_id: str, return_id: str | None) -> tuple[Waiting, datetime] | None:
    """The first in line whom a free time suits, when what came back is thought free; and that time."""
    day = await reader.get(OCCUPANCY, day_id)
    used = dict(day.cells) if day else {}
    for one in await _kept(reader, return_id) or []:
        used[one] = used.get(one, 0) - 1
    for entry in await reader.all(WAITLIST, in_line(day_id), limit=LONGEST, sort="ticket"):
        start = _suits(reader, entry, used)
        if start is not None:
            return entry, start
    return None


def _suits(reader: Reader, entry: Waiting, used: dict[str, int]) -> datetime | None:
    """The first time of the wish at which somebody is free."""
    try:
        service = catalogue.find(reader, entry.service_id)
        day = date.fromisoformat(entry.day)
        most = slots.capacity(catalogue.pool_of(reader, service), day)
        chances = chances_of(reader, service, day, entry.start)
    except HoelunError:
        return None
    return next((one for one in chances if slots.fits(used, slots.seat(service, one)[1], most)), None)


async def _offer(
    tx: Tx, entry: Waiting, start: datetime, case_no: str, giving: list[str], rules: Settings
) -> None:
    resident = await residents.find(tx, entry.resident_id)
    minutes = rules.waitlist.offer_minutes
    longer = structs.replace(
        rules, bookings=structs.replace(rules.bookings, hold_minutes=minutes, max_prolongs=0)
    )
    who = sessions.of_resident(resident)
    case = await bookings.place(tx, who, resident, wish(resident.id, entry, start), case_no, "system", longer)
    await slots.release(tx, entry.day_id, giving)
    entry.case_no, entry.offer_until = case.id, case.timer_at
    await become(tx, entry, "offered")


async def _looked(tx: Tx, entry_id: str, rules: Settings) -> None:
    entry = await tx.get(WAITLIST, entry_id)
    if entry is None or entry.state != "waiting":
        return
    try:
        service = catalogue.find(tx, entry.service_id)
        chances = chances_of(tx, service, date.fromisoformat(entry.day), entry.start)
        again = next_look(chances, service, tx.now, rules)
    except HoelunError as refusal:
        over = isinstance(refusal, slots.SlotInPast | slots.SlotTooSoon | slots.SlotNotOffered)
        if over or entry.day < today(tx.now).isoformat():
            await become(tx, entry, "missed")
            return
        again = tx.now + timedelta(minutes=rules.waitlist.look_minutes)
    await tx.change(
        WAITLIST, {"_id": entry.id, "state": "waiting"}, {"$set": {"due_at": again, "attempts": 0}}
    )


OFFERS = QueueOf("returns", RETURNS, hand_on)
LOOKS = QueueOf("waitlist", WAITLIST, look)
