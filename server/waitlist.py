"""The waiting list: a seat that comes back on a day somebody waits for is kept, and offered in the order of joining.

An offer is a held booking of the one whose turn it is: it counts against the same quarters as every booking, ends by
the same timer, and is taken by the usual `submit`. Each entry gets one offer; declined or lapsed, the seat comes back
and goes to the next (docs/decisions/waiting-list.md).
"""

from datetime import date, datetime, timedelta
from typing import Any, Protocol

from msgspec import structs

from schemas.bookings import NewBooking
from schemas.common import Address, Contact
from schemas.waitlist import FindWaitings, NewWaiting, WaitingState, WaitingsView, WaitingView
from server import bookings, cases, catalogue, places, push, residents, sessions, slots
from server.bookings.kind import QuoteNeeded, address_of, contact_of, said
from server.cases import CaseNumbers
from server.catalogue import Service
from server.config import Settings
from server.kit.chance import chance
from server.kit.clock import SHANGHAI, today
from server.kit.db import Collection, Database, Duplicate, Index, Reader, Tx
from server.kit.errors import Conflict, Forbidden, HoelunError, Invalid, NotFound
from server.kit.events import Event, emit, event_id, on
from server.kit.jobs import DUE, Leased, QueueOf, Settled
from server.push import Notice, Template
from server.residents import Resident
from server.sessions import SYSTEM, Actor
from server.slots import OCCUPANCY, RETURNS, Return

_LONGEST = 500
_PAGE = "packages/bookings/pages/waitlist/index"
_WEEKDAYS = "一二三四五六日"


class StartOrDate(Invalid):
    """请选一个时间，或者选一整天，两者选一个"""


class StillFree(Conflict):
    """这个时间还有空位，可以直接预约"""


class AlreadyWaiting(Conflict):
    """这项服务的这一天，您已经在候补名单里了"""


class WaitsTooMany(Conflict):
    """候补的太多了，请先退出不需要的再加"""


class WaitingNotFound(NotFound):
    """没有找到这条候补"""


class NoLongerWaiting(Conflict):
    """这条候补已经结束了"""


class Refused(Conflict):
    """轮到了，但没能留号"""

    def __init__(self, entry_id: str, message: str) -> None:
        super().__init__(message)
        self.entry_id = entry_id


class Waiting(Leased, kw_only=True):
    """Somebody in the line of a pool's day; `ticket` is their place, given by the database and never given twice.

    `due_at` is when the line is looked at again without a reason, and at last when the day is over.
    """

    resident_id: str
    resident_name: str
    opened_by: str
    service_id: str
    service: str
    pool_id: str
    provider_id: str
    community_id: str | None
    compound_id: str | None
    day: str
    start: datetime | None
    address: Address
    contact: Contact
    form: dict[str, Any]
    note: str
    ticket: int
    state: WaitingState = "waiting"
    open: bool = True
    version: int = 1
    joined_at: datetime
    case_no: str | None = None
    offer_until: datetime | None = None
    reason: str = ""

    @property
    def day_id(self) -> str:
        return f"{self.pool_id}|{self.day}"


WAITLIST: Collection[Waiting] = Collection(
    "waitlist",
    Waiting,
    Index(("resident_id", "service_id", "day"), unique=True, only={"open": True}),
    Index(("pool_id", "day", "state", "ticket", "_id")),
    Index(("resident_id", "-joined_at", "-_id")),
    Index(("community_id", "-joined_at", "-_id")),
    Index(("provider_id", "-joined_at", "-_id")),
    Index(("-joined_at", "-_id")),
    Index(("case_no",), only={"case_no": {"$type": "string"}}),
    DUE,
)

STATES: dict[WaitingState, str] = {
    "waiting": "候补中",
    "offered": "轮到您了",
    "taken": "已约上",
    "declined": "已放弃",
    "lapsed": "留号已过期",
    "missed": "没有等到",
    "refused": "没能留号",
    "left": "已退出",
}


class House(Protocol):
    """What the line's work needs of the building."""

    db: Database
    settings: Settings
    case_numbers: CaseNumbers


def wish(resident_id: str | None, wanted: NewWaiting | Waiting, start: datetime) -> NewBooking:
    """The booking that an offer would be."""
    return NewBooking(
        service_id=wanted.service_id,
        start=start,
        hold=True,
        address=wanted.address,
        contact=wanted.contact,
        form=wanted.form,
        note=wanted.note,
        resident_id=resident_id,
    )


# Joining and leaving.


async def join(tx: Tx, actor: Actor, resident: Resident, wanted: NewWaiting, rules: Settings) -> Waiting:
    """Stand in line for a full time, or for a day that is full.

    Raises StartOrDate, ServiceNotFound, QuoteNeeded, the Slot… refusals, StillFree, AlreadyWaiting, WaitsTooMany,
    BadForm, AddressNeeded, ContactNeeded.
    """
    service = catalogue.find(tx, wanted.service_id)
    if service.mode != "slot":
        raise QuoteNeeded(field="service_id")
    day = _day(wanted)
    chances = _chances(service, day, wanted.start, tx.now)
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
        due_at=_next_look(chances, service, tx.now, rules),
    )
    try:
        await tx.insert(WAITLIST, entry)
    except Duplicate as error:
        raise AlreadyWaiting from error
    return entry


def _day(wanted: NewWaiting) -> date:
    if wanted.start is not None and wanted.date is None:
        return today(wanted.start)
    if wanted.date is not None and wanted.start is None:
        return wanted.date
    raise StartOrDate(field="start")


def _chances(service: Service, day: date, start: datetime | None, now: datetime) -> list[datetime]:
    """The times of the wish that can still be booked. Raises the refusal that says why there are none."""
    if start is not None:
        slots.check_offered(service, start, now)
        return [start]
    starts = slots.starts_of(service, day)
    if not starts:
        raise slots.SlotNotOffered(field="date")
    slots.check_offered(service, starts[-1], now)
    soonest = now + timedelta(minutes=service.lead_time_min)
    return [one for one in starts if one >= soonest]


def lanes(reader: Reader, wanted: NewWaiting) -> list[str]:
    """The document that all who join this line write."""
    service = reader.recall(catalogue.SERVICES, wanted.service_id)
    day = today(wanted.start) if wanted.start is not None else wanted.date
    return [slots.day_id(service.pool_id, day)] if service and day else []


async def find(reader: Reader, entry_id: str, actor: Actor) -> Waiting:
    """Raises WaitingNotFound, also for what is somebody else's."""
    entry = await reader.first(WAITLIST, {"$and": [{"_id": entry_id}, cases.theirs(actor, "bookings")]})
    if entry is None:
        raise WaitingNotFound
    return entry


async def leave(tx: Tx, entry_id: str, actor: Actor, channel: Any, rules: Settings) -> Waiting:
    """Out of the line; a seat that was offered goes to the next. Raises WaitingNotFound, NoLongerWaiting, and what
    cancelling the held booking raises."""
    entry = await find(tx, entry_id, actor)
    if not entry.open:
        raise NoLongerWaiting
    offered = entry.case_no if entry.state == "offered" else None
    await _moved(tx, entry, "left", actor=actor)
    if offered is not None:
        await cases.move(tx, offered, "cancel", {}, actor, channel, rules)
    return entry


# The line moves.


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
    earlier = {**_line(row.day_id), "ticket": {"$lt": row.ticket}}
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
            await _moved(tx, entry, "refused", reason=refused.message)

    await house.db.atomically(told)


def _line(day_id: str) -> dict[str, Any]:
    """Who waits for a pool's day."""
    pool_id, _, day = day_id.rpartition("|")
    return {"pool_id": pool_id, "day": day, "state": "waiting"}


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
    for entry in await reader.all(WAITLIST, _line(day_id), limit=_LONGEST, sort="ticket"):
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
        chances = _chances(service, day, entry.start, reader.now)
    except HoelunError:
        return None
    return next((one for one in chances if slots.fits(used, slots.seat(service, one)[1], most)), None)


async def _offer(
    tx: Tx, entry: Waiting, start: datetime, case_no: str, giving: list[str], rules: Settings
) -> None:
    resident = await residents.find(tx, entry.resident_id)
    minutes = rules.waitlist.offer_minutes
    longer = structs.replace(rules, bookings=structs.replace(rules.bookings, hold_minutes=minutes))
    who = sessions.of_resident(resident)
    case = await bookings.place(tx, who, resident, wish(resident.id, entry, start), case_no, "system", longer)
    await slots.release(tx, entry.day_id, giving)
    entry.case_no, entry.offer_until = case.id, case.timer_at
    await _moved(tx, entry, "offered")


async def _looked(tx: Tx, entry_id: str, rules: Settings) -> None:
    entry = await tx.get(WAITLIST, entry_id)
    if entry is None or entry.state != "waiting":
        return
    try:
        service = catalogue.find(tx, entry.service_id)
        chances = _chances(service, date.fromisoformat(entry.day), entry.start, tx.now)
        again = _next_look(chances, service, tx.now, rules)
    except HoelunError as refusal:
        over = isinstance(refusal, slots.SlotInPast | slots.SlotTooSoon | slots.SlotNotOffered)
        if over or entry.day < today(tx.now).isoformat():
            await _moved(tx, entry, "missed")
            return
        again = tx.now + timedelta(minutes=rules.waitlist.look_minutes)
    await tx.change(
        WAITLIST, {"_id": entry.id, "state": "waiting"}, {"$set": {"due_at": again, "attempts": 0}}
    )


def _next_look(chances: list[datetime], service: Service, now: datetime, rules: Settings) -> datetime:
    """Soon again, and once more when the last chance has just gone."""
    over = chances[-1] - timedelta(minutes=service.lead_time_min) + timedelta(seconds=1)
    return min(now + timedelta(minutes=rules.waitlist.look_minutes), over)


async def _moved(
    tx: Tx, entry: Waiting, state: WaitingState, reason: str = "", actor: Actor = SYSTEM
) -> None:
    """Compare-and-set, with the event; who leaves the waiting ones is no longer counted on the day."""
    before, version = entry.state, entry.version
    entry.state, entry.version, entry.reason = state, version + 1, reason
    entry.open = state == "offered"
    entry.due_at = None
    if not await tx.replace(WAITLIST, entry, {"_id": entry.id, "state": before, "version": version}):
        raise NoLongerWaiting
    if before == "waiting":
        await tx.change(OCCUPANCY, {"_id": entry.day_id, "waiting": {"$gte": 1}}, {"$inc": {"waiting": -1}})
    emit(
        tx,
        Event(
            id=event_id(entry.id, entry.version),
            type=f"waitlist.{state}",
            subject=entry.id,
            seq=entry.version,
            at=tx.now,
            by={"kind": actor.kind, "id": actor.id, "name": "", "role": ""},
            channel="system",
            data={"action": state, "source": before, "target": state, "reason": reason},
        ),
    )


_AFTER: dict[str, WaitingState] = {"submit": "taken", "cancel": "declined", "expire": "lapsed"}


@on("booking.submit", "booking.cancel", "booking.expire")
async def answered(tx: Tx, event: Event) -> None:
    """What became of an offer: told twice, it changes nothing the second time."""
    if event.data["source"] != "held":
        return
    entry = await tx.first(WAITLIST, {"case_no": event.subject})
    if entry is not None and entry.state == "offered":
        await _moved(tx, entry, _AFTER[event.data["action"]])


OFFERED = Template(
    "waitlist_offered",
    "候补空位通知",
    "wait",
    {"thing1": "service", "time3": "time", "phrase4": "state", "thing5": "tip"},
)
_TOLD = {"offered": "请在留号时间内提交", "missed": "可以换个时间", "refused": "请看看原因"}


@on("waitlist.*")
async def tell(tx: Tx, event: Event) -> None:
    """The resident hears that it is their turn, or that the wait was in vain."""
    state, entry = event.data["target"], await tx.get(WAITLIST, event.subject)
    if entry is None or state not in _TOLD:
        return
    then = structs.replace(entry, state=state)
    payload = {
        "service": entry.service,
        "time": f"{(entry.offer_until or tx.now).astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        "state": STATES[then.state],
        "tip": _TOLD[state],
    }
    case = entry.case_no if state == "offered" else None
    page = f"packages/cases/pages/case/index?case_no={case}" if case else _PAGE
    notice = Notice(text=sentence(then, 0), payload=payload, page=page, case_no=case)
    await push.send(tx, event, await residents.find(tx, entry.resident_id), OFFERED, notice)


OFFERS = QueueOf("returns", RETURNS, hand_on)
LOOKS = QueueOf("waitlist", WAITLIST, look)


# Looking at it.


async def listed(reader: Reader, wanted: FindWaitings, actor: Actor) -> WaitingsView:
    """Mine, or for staff those in scope; newest first."""
    where = cases.theirs(actor, "bookings")
    if wanted.open is not None:
        where = {**where, "open": wanted.open}
    page = await reader.page(WAITLIST, where, sort="-joined_at", cursor=wanted.cursor, limit=wanted.limit)
    return WaitingsView(items=[await view(reader, one) for one in page.items], next=page.next)


async def view(reader: Reader, entry: Waiting) -> WaitingView:
    ahead = 0
    if entry.state == "waiting":
        ahead = await reader.count(
            WAITLIST, {**_line(entry.day_id), "ticket": {"$lt": entry.ticket}}, limit=_LONGEST
        )
    return WaitingView(
        id=entry.id,
        service_id=entry.service_id,
        service=entry.service,
        date=date.fromisoformat(entry.day),
        start=entry.start,
        when=when(entry),
        state=entry.state,
        state_text=STATES[entry.state],
        sentence=sentence(entry, ahead),
        ahead=ahead,
        case_no=entry.case_no,
        offer_until=entry.offer_until if entry.state == "offered" else None,
        joined_at=entry.joined_at,
        open=entry.open,
        resident_id=entry.resident_id,
        resident_name=entry.resident_name,
    )


def when(entry: Waiting) -> str:
    """The wish as people say it."""
    if entry.start is not None:
        return said(entry.start)
    day = date.fromisoformat(entry.day)
    return f"{day.month} 月 {day.day} 日 周{_WEEKDAYS[day.weekday()]} 全天"


def sentence(entry: Waiting, ahead: int) -> str:
    """Where things stand, to be read aloud."""
    match entry.state:
        case "waiting":
            before = f"前面还有 {ahead} 位" if ahead else "您排在第一位"
            return f"您在等 {when(entry)} 的“{entry.service}”，{before}，有空位会马上通知您"
        case "offered":
            return f"“{entry.service}”有空位了，给您留到 {_clock_time(entry.offer_until)}，请尽快提交"
        case "taken":
            return f"您已约上“{entry.service}”"
        case "declined":
            return "您放弃了这个空位，已让给下一位；还想要可以重新排队"
        case "lapsed":
            return "给您留的空位没有提交，已让给下一位；还想要可以重新排队"
        case "missed":
            return f"{when(entry)} 的“{entry.service}”没有等到空位，可以换个时间"
        case "refused":
            return f"轮到您了，但没能给您留号：{entry.reason}"
    return "您已退出候补"


def _clock_time(moment: datetime | None) -> str:
    return f"{moment.astimezone(SHANGHAI):%H:%M}" if moment else ""
