"""A booking as a kind of case: how it is placed, what it promises, how it reads."""

from datetime import datetime, timedelta
from typing import Protocol

from schemas.bookings import BookingDetails, NewBooking, QuoteItem, QuoteView
from schemas.cases import Channel
from schemas.common import Address, Contact
from server import cases, catalogue, places, slots, staff
from server.bookings import codes, fees, prices, tallies
from server.bookings.details import Booking, Quote
from server.bookings.flow import FLOW
from server.bookings.reschedule import changeable_until
from server.budgets import ANSWER, Budget
from server.cases import Act, Case, Kind, Promise
from server.catalogue import Service
from server.config import Settings
from server.kit.chance import chance
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, Invalid
from server.residents import Resident
from server.sessions import Actor
from server.words import clock_time, local, said

_SEES_CODE = frozenset({"resident", "operator", "clerk"})
_CANCELLED_FROM = frozenset(
    one.source for one in FLOW.rows if one.action == "cancel" and "resident" in one.by
)


class QuoteNeeded(Conflict):
    """这项服务要先看过再报价，没有固定的时段可以等"""


class ContactNeeded(Invalid):
    """请填写联系人和电话"""


class AddressNeeded(Invalid):
    """请填写上门地址"""


class ResidentNeeded(Invalid):
    """请先选择是替哪位居民预约"""


class NotForOthers(Invalid):
    """只能替自己预约；替家人预约，要请家人先把代办权交给您"""


class ForSomebody(Protocol):
    """A request in which the staff name the resident."""

    @property
    def resident_id(self) -> str | None: ...


def for_whom(actor: Actor, wanted: ForSomebody, on_behalf_of: str | None = None) -> str:
    """The resident it is for, named in the body or beside it. Raises NotForOthers, ResidentNeeded."""
    named = {wanted.resident_id, on_behalf_of} - {None}
    if len(named) > 1:
        raise NotForOthers(field="resident_id")
    whom = wanted.resident_id or on_behalf_of
    if actor.kind != "resident" and whom is None:
        raise ResidentNeeded(field="resident_id")
    if actor.kind == "resident" and whom not in (None, actor.id) and not actor.acts_for(whom, "bookings"):
        raise NotForOthers(field="resident_id")
    return whom or actor.id


async def place(
    tx: Tx,
    actor: Actor,
    resident: Resident,
    wanted: NewBooking,
    case_no: str,
    channel: Channel,
    rules: Settings,
    part_of: str | None = None,
) -> Case:
    """Book, or hold, a slot; or ask for a quote, which names the preferred time. `part_of`: the case it belongs to.

    Raises ServiceNotFound, the Slot… refusals, BadForm, AddressNeeded, ContactNeeded, OutOfScope, TooManyOpen,
    TooManyOfThis, ProviderFull, FreeVisitsUsed.
    """
    service = catalogue.find(tx, wanted.service_id)
    seated = takes_seat(service)
    (slots.check_offered if seated else slots.check_open)(tx, service, wanted.start)
    price = await prices.price_for(tx, service, resident, wanted.start)
    booking, where = _booking(tx, service, wanted, resident, price, rules)
    pool = catalogue.pool_of(tx, service)
    if seated:
        taken = slots.SlotTaken(field="start")
        most = slots.capacity(pool, booking.date)
        slots.demand(tx, pool.id, booking.date, booking.seats, most, otherwise=taken)
    provider = catalogue.provider_of(tx, service.provider_id)
    tallies.take(tx, booking, resident.id, service, provider, price.free, rules)
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
        part_of=part_of,
        created_at=tx.now,
        updated_at=tx.now,
        phone=booking.contact_phone,
        phone_tail=booking.contact_phone[-4:],
        details={},
    )
    return await cases.open_case(
        tx, case, booking, BOOKING, "hold" if wanted.hold else "submit", actor, rules
    )


def takes_seat(service: Service) -> bool:
    """Whether a booking of this service takes a seat at once."""
    return service.mode == "slot" or service.seat_for_quote


def contended_day(reader: Reader, wanted: NewBooking) -> str | None:
    """The document that bookings of this slot contend for; None where no seat is taken."""
    service = reader.recall(catalogue.SERVICES, wanted.service_id)
    if service is None or not takes_seat(service):
        return None
    return slots.day_of_pool(reader, wanted.service_id, wanted.start)


def _booking(
    tx: Tx, service: Service, wanted: NewBooking, resident: Resident, price: prices.Price, rules: Settings
) -> tuple[Booking, places.Where]:
    address = address_of(resident, wanted.address)
    where = places.locate(tx, address.compound_id)
    contact = contact_of(resident, wanted.contact)
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
        price_fen=price.fen,
        price_text=price.text,
        price_list=catalogue.price_list_id(tx, service, today(tx.now)),
        list_fen=catalogue.total_fen(service),
        service_version=service.version_id,
        proof=service.proof,
        address=f"{places.name_of(tx, where.compound_id)} {address.room}".strip(),
        contact_name=contact.name,
        contact_phone=contact.phone,
        note=wanted.note,
        form=catalogue.check_form(service, wanted.form),
        start_code=f"{chance.below(10_000):04d}",
        free_until=wanted.start - timedelta(minutes=service.cancel_notice_min),
        change_until=wanted.start - timedelta(minutes=catalogue.reschedule_notice(service)),
        seated=takes_seat(service),
        mode=service.mode,
        cancel_fees=fees.table(service, rules),
        prolongs=rules.bookings.max_prolongs if wanted.hold else 0,
        visit_fee_fen=service.visit_fee_fen,
    )
    return booking, where


def address_of(resident: Resident, given: Address | None) -> Address:
    """Where to come: what was given, else home. Raises AddressNeeded."""
    if given is not None:
        return given
    if resident.household is None:
        raise AddressNeeded(field="address")
    return Address(compound_id=resident.household.compound_id, room=resident.household.room)


def contact_of(resident: Resident, given: Contact | None) -> Contact:
    """Whom to call: who was given, else the resident. Raises ContactNeeded."""
    if given is not None:
        return given
    if not resident.name or not resident.phone:
        raise ContactNeeded(field="contact")
    return Contact(name=resident.name, phone=resident.phone)


def _deadlines(act: Act) -> tuple[datetime | None, datetime | None]:
    now, rules = act.tx.now, act.rules.bookings
    match act.target:
        case "held":
            at_desk = act.actor.kind == "staff"
            minutes = rules.desk_hold_minutes if at_desk else rules.hold_minutes
            return now + timedelta(minutes=minutes), None
        case "quoted":
            return act.details.offer.valid_until, act.details.offer.valid_until
        case "confirmed" | "assigned" | "en_route":
            return None, act.details.start
        case "no_show":
            return act.details.appeal_until, None
        case "appealed" if act.source == "appealed":
            return None, act.case.promised_at
        case "appealed":
            return None, now + timedelta(hours=rules.appeal_answer_hours)
        case "done":
            return now + timedelta(hours=rules.confirm_hours), None
    return None, None


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
        case "submitted" if booking.mode == "quote":
            return f"已提交，{company}会在 {clock_time(case.promised_at)} 前报价，您同意了才算约好"
        case "quoted" if booking.offer:
            total = catalogue.yuan(booking.offer.total_fen)
            return f"{company}报价 {total} 元，请在 {said(case.timer_at or booking.start)} 前决定"
        case "requoted" if booking.offer:
            total = catalogue.yuan(booking.offer.total_fen)
            return f"{who}看过后改报 {total} 元，您同意了才继续"
        case "submitted":
            return f"已提交，{company}会在 {clock_time(case.promised_at)} 前答复"
        case "confirmed" | "assigned" if booking.suspension:
            return f"{company}暂停服务，街道正在为您另外安排 {when} 的上门，您也可以免费取消"
        case "confirmed" if booking.nobody:
            return f"{company}已确认，{when} 上门，还没有师傅接单，正在找人安排"
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
        case "expired" if booking.quotes:
            return "报价已过期，没有人答复，可以重新预约"
        case "expired":
            return "占号时间已过，没有提交，可以重新预约"
        case "rejected":
            return f"{company}这次不能接单，可以换个时间或商家"
        case "no_show":
            return f"师傅上门时没有人在，如有误会，{_day(booking.appeal_until)}前可以申诉"
        case "appealed":
            return "您的申诉已收到，街道调度员正在核实"
        case "upheld":
            return "这次记为上门无人"
    return _cancelled(booking)


def _day(moment: datetime | None) -> str:
    return said(moment) + " " if moment else ""


def _cancelled(booking: Booking) -> str:
    if booking.fee_fen:
        return f"已取消，按约定收 {catalogue.yuan(booking.fee_fen)} 元"
    return "已取消，晚于免费取消的时间" if booking.late_cancel else "已取消，不收费"


def _show(reader: Reader, case: Case, booking: Booking, mine: frozenset[str]) -> BookingDetails:
    owed = fees.owed(reader, case, booking)
    return BookingDetails(
        service_id=booking.service_id,
        service=booking.service,
        category=booking.category,
        start=local(booking.start),
        end=local(booking.end),
        when=f"{said(booking.start)}–{clock_time(booking.end)}",
        price_fen=booking.price_fen,
        price_text=booking.price_text,
        cost_text=prices.said(booking.price_fen, booking.price_text, booking.agreed),
        address=booking.address,
        contact_name=booking.contact_name,
        contact_phone=booking.contact_phone,
        note=booking.note,
        form=booking.form,
        start_code=booking.start_code if mine & _SEES_CODE and case.open else None,
        late_cancel=booking.late_cancel,
        escalated=booking.escalated,
        nobody=booking.nobody,
        finish_note=booking.finish_note,
        cancel_free_until=_free_until(case, booking, reader.now),
        mode=booking.mode,
        price_agreed=booking.agreed,
        quotes=[_quote(one) for one in booking.quotes],
        visit_fee_fen=booking.visit_fee_fen,
        cancel_fee_fen=fees.fee_fen(booking, reader.now) if case.open else booking.fee_fen,
        cancel_fees=booking.cancel_fees,
        fee_fen=booking.fee_fen,
        reschedule_until=local(changeable_until(booking)),
        reschedules=booking.changes,
        no_show_note=booking.no_show_note,
        no_show_photos=booking.no_show_photos,
        code_warning=codes.warning(booking, reader.now) if case.open else "",
        owed_fen=owed.fen,
        owed_text=owed.text,
        appeal=booking.appeal,
        appeal_until=local(booking.appeal_until) if booking.appeal_until else None,
    )


def _free_until(case: Case, booking: Booking, now: datetime) -> str | None:
    """Nothing once it costs something, or where there is nothing left to cancel."""
    can = case.open and case.state in _CANCELLED_FROM and now <= booking.free_until
    return local(booking.free_until) if can else None


def _quote(quote: Quote) -> QuoteView:
    return QuoteView(
        version=quote.version,
        lines=[QuoteItem(name=one.name, amount_fen=one.amount_fen) for one in quote.lines],
        total_fen=quote.total_fen,
        total_text=f"{catalogue.yuan(quote.total_fen)} 元",
        note=quote.note,
        by=quote.by,
        at=local(quote.at),
        valid_until=local(quote.valid_until) if quote.valid_until else None,
        on_site=quote.on_site,
        if_refused=quote.if_refused,
        state=quote.state,
        answered_at=local(quote.answered_at) if quote.answered_at else None,
        answered_by=quote.answered_by,
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
    promises=(
        Promise(
            ANSWER,
            frozenset({"submitted"}),
            lambda rules: Budget(rules.bookings.escalate_minutes, "minutes"),
            timer=True,
        ),
    ),
    proxy_scope="bookings",
)


__all__ = ["BOOKING", "Booking", "contended_day", "for_whom", "place", "said"]
