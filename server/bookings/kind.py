"""A booking as a kind of case: how it is placed, what it promises, how it reads."""

import functools
from datetime import datetime, timedelta

from schemas.bookings import BookingDetails, NewBooking
from schemas.cases import CandidateView, Channel
from schemas.common import Address
from server import cases, catalogue, places, slots, staff
from server.bookings.acts import Booking
from server.bookings.flow import FLOW
from server.cases import Act, Case, Kind
from server.catalogue import Service
from server.config import Settings
from server.kit.chance import chance
from server.kit.clock import SHANGHAI
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, Invalid
from server.residents import Resident
from server.sessions import Actor

_WEEKDAYS = "一二三四五六日"
_SEES_CODE = frozenset({"resident", "operator", "clerk"})


class QuoteNeeded(Conflict):
    """这项服务要先看过再报价，暂时请打电话预约"""


class ContactNeeded(Invalid):
    """请填写联系人和电话"""


class AddressNeeded(Invalid):
    """请填写上门地址"""


class ResidentNeeded(Invalid):
    """请先选择是替哪位居民预约"""


class NotForOthers(Invalid):
    """只能替自己预约"""


def for_whom(actor: Actor, wanted: NewBooking) -> str:
    """The resident it is for. Raises NotForOthers, ResidentNeeded."""
    if actor.kind != "resident" and wanted.resident_id is None:
        raise ResidentNeeded(field="resident_id")
    if actor.kind == "resident" and wanted.resident_id not in (None, actor.id):
        raise NotForOthers(field="resident_id")
    return wanted.resident_id or actor.id


async def place(
    tx: Tx,
    actor: Actor,
    resident: Resident,
    wanted: NewBooking,
    case_no: str,
    channel: Channel,
    rules: Settings,
) -> Case:
    """Book, or hold, a slot.

    Raises ServiceNotFound, QuoteNeeded, the Slot… refusals, BadForm, AddressNeeded, ContactNeeded, OutOfScope.
    """
    service = catalogue.find(tx, wanted.service_id)
    if service.mode != "slot":
        raise QuoteNeeded(field="service_id")
    slots.check_offered(service, wanted.start, tx.now)
    booking, where = _booking(tx, service, wanted, resident)
    pool = catalogue.pool_of(tx, service)
    day, seats = slots.seat(service, wanted.start)
    taken = slots.SlotTaken(field="start")
    slots.demand(tx, pool.id, day, seats, slots.capacity(pool, day), otherwise=taken)
    case = Case(
        id=case_no,
        kind=BOOKING.name,
        title=service.name,
        state="",
        version=0,
        open=True,
        channel=channel,
        resident_id=resident.id,
        resident_name=resident.name or booking.contact_name,
        opened_by=actor.key,
        community_id=where.community_id,
        compound_id=where.compound_id,
        provider_id=service.provider_id,
        created_at=tx.now,
        updated_at=tx.now,
        phone=booking.contact_phone,
        phone_tail=booking.contact_phone[-4:],
        details={},
    )
    return await cases.open_case(
        tx, case, booking, BOOKING, "hold" if wanted.hold else "submit", actor, rules
    )


def _booking(
    tx: Tx, service: Service, wanted: NewBooking, resident: Resident
) -> tuple[Booking, places.Where]:
    address = wanted.address or _home(resident)
    where = places.locate(tx, address.compound_id)
    name = wanted.contact.name if wanted.contact else resident.name
    phone = wanted.contact.phone if wanted.contact else resident.phone
    if not name or not phone:
        raise ContactNeeded(field="contact")
    day, seats = slots.seat(service, wanted.start)
    booking = Booking(
        service_id=service.id,
        service=service.name,
        category=service.category,
        pool_id=service.pool_id,
        start=wanted.start,
        end=wanted.start + timedelta(minutes=service.duration_min),
        day=day.isoformat(),
        seats=seats,
        price_fen=catalogue.total_fen(service),
        price_text=catalogue.price_view(service).text,
        address=f"{places.name_of(tx, where.compound_id)} {address.room}".strip(),
        contact_name=name,
        contact_phone=phone,
        note=wanted.note,
        form=catalogue.check_form(service, wanted.form),
        start_code=f"{chance.below(10_000):04d}",
        free_until=wanted.start - timedelta(minutes=service.cancel_notice_min),
    )
    return booking, where


def _home(resident: Resident) -> Address:
    if resident.household is None:
        raise AddressNeeded(field="address")
    return Address(compound_id=resident.household.compound_id, room=resident.household.room)


def _deadlines(act: Act) -> tuple[datetime | None, datetime | None]:
    now, rules = act.tx.now, act.rules.bookings
    match act.target:
        case "held":
            at_desk = act.actor.kind == "staff"
            minutes = rules.desk_hold_minutes if at_desk else rules.hold_minutes
            return now + timedelta(minutes=minutes), None
        case "submitted" if act.action == "escalate":
            return None, act.case.promised_at
        case "submitted":
            answer_by = now + timedelta(minutes=rules.escalate_minutes)
            return answer_by, answer_by
        case "confirmed" | "assigned" | "en_route":
            return None, act.details.start
        case "done":
            return now + timedelta(hours=rules.confirm_hours), None
    return None, None


@functools.lru_cache(maxsize=10_000)
def said(moment: datetime) -> str:
    """A time as people say it: 11 月 25 日 周三 9:00."""
    local = moment.astimezone(SHANGHAI)
    return f"{local.month} 月 {local.day} 日 周{_WEEKDAYS[local.weekday()]} {local.hour}:{local.minute:02d}"


@functools.lru_cache(maxsize=10_000)
def _local(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).isoformat()


@functools.lru_cache(maxsize=10_000)
def _clock_time(moment: datetime | None) -> str:
    local = moment.astimezone(SHANGHAI) if moment else None
    return f"{local.hour}:{local.minute:02d}" if local else "今天"


def _sentence(reader: Reader, case: Case, booking: Booking, mine: frozenset[str]) -> str:
    when = said(booking.start)
    worker = reader.recall(staff.STAFF, case.worker_id) if case.worker_id else None
    provider = catalogue.provider_of(reader, case.provider_id or "")
    who = worker.name if worker else "师傅"
    company = provider.name if provider else "商家"
    match case.state:
        case "held":
            return f"{when} 的“{booking.service}”给您留着，请尽快提交"
        case "submitted" if booking.escalated:
            return f"{company}还没有答复，街道调度员正在催办"
        case "submitted":
            return f"已提交，{company}会在 {_clock_time(case.promised_at)} 前答复"
        case "confirmed":
            return f"{company}已确认，{when} 上门，正在安排师傅"
        case "assigned":
            return f"{who}会在 {when} 上门，来做{booking.service}"
        case "en_route":
            return f"{who}已经出发，来做{booking.service}"
        case "in_service":
            return f"{who}正在做{booking.service}"
        case "done":
            return f"{who}已做完，请您看看是否满意"
        case "completed":
            return f"“{booking.service}”已完成"
        case "disputed":
            return "您反映的问题，街道调度员正在处理"
        case "expired":
            return "占号时间已过，没有提交，可以重新预约"
        case "rejected":
            return f"{company}这次不能接单，可以换个时间或商家"
        case "no_show":
            return "师傅上门时没有人在，如有误会请联系街道"
    return "已取消，不收费" if not booking.late_cancel else "已取消，晚于免费取消的时间"


def _show(reader: Reader, case: Case, booking: Booking, mine: frozenset[str]) -> BookingDetails:
    return BookingDetails(
        service_id=booking.service_id,
        service=booking.service,
        category=booking.category,
        start=_local(booking.start),
        end=_local(booking.end),
        when=f"{said(booking.start)}–{_clock_time(booking.end)}",
        price_fen=booking.price_fen,
        price_text=booking.price_text,
        address=booking.address,
        contact_name=booking.contact_name,
        contact_phone=booking.contact_phone,
        note=booking.note,
        form=booking.form,
        start_code=booking.start_code if mine & _SEES_CODE and case.open else None,
        late_cancel=booking.late_cancel,
        escalated=booking.escalated,
        finish_note=booking.finish_note,
        cancel_free_until=_local(booking.free_until),
    )


BOOKING = Kind(
    name="booking",
    text="上门服务",
    prefix="HB",
    flow=FLOW,
    details=Booking,
    deadlines=_deadlines,
    sentence=_sentence,
    show=_show,
    unassigned=frozenset({"submitted", "confirmed"}),
)


async def candidates(reader: Reader, case: Case) -> list[CandidateView]:
    """The provider's workers for this service: the free ones first, then by how much they have that day."""
    booking: Booking = BOOKING.details_of(case)
    workers = staff.workers_of(reader, case.provider_id or "", booking.category)
    day = datetime.fromisoformat(booking.day).date()
    ids = [slots.day_id(slots.worker_owner(one.id), day) for one in workers]
    days = {one.id: one.cells for one in await reader.all(slots.OCCUPANCY, {"_id": {"$in": ids}}, limit=500)}
    views = []
    for worker, item_id in zip(workers, ids, strict=True):
        busy = days.get(item_id, {})
        mine = worker.id == case.worker_id
        free = mine or not any(busy.get(one, 0) for one in booking.seats)
        load = sum(1 for one in busy.values() if one)
        views.append(CandidateView(id=worker.id, name=worker.name, free=free, load=load))
    return sorted(views, key=lambda one: (not one.free, one.load, one.id))


__all__ = ["BOOKING", "Booking", "candidates", "place", "said"]
