"""An order of tickets as a kind of case: how it is made, what it promises, how it reads."""

from datetime import datetime, timedelta

from schemas.cases import Channel
from schemas.common import Contact
from schemas.tickets import NewTicket
from server import cases, passengers
from server.budgets import ANSWER, Budget
from server.cases import Act, Case, Kind, Promise
from server.catalogue import PROVIDERS, yuan
from server.config import Settings
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, Invalid
from server.kit.vault import Vault
from server.residents import Resident
from server.sessions import Actor
from server.tickets.details import Choice, Paper, Passenger, Ticket
from server.tickets.flow import FLOW
from server.tickets.views import show
from server.tickets.words import SEATS, route, seat_text
from server.words import clock_time, said

CATEGORY = "tickets"


class TicketContactNeeded(Invalid):
    """请填写联系人和电话"""


class TicketForWhom(Invalid):
    """请先选择是替哪位居民订票"""


class TicketNotForOthers(Invalid):
    """只能订自己的票；替家人订票，要请家人先把预约的代办权交给您"""


class TicketDayWrong(Invalid):
    """乘车日期要在今天以后，并在可以订票的日子里"""


class BuyByWrong(Invalid):
    """最晚买票时间要在现在以后、乘车那天结束以前"""


class SeatNotInMode(Invalid):
    """火车票和飞机票的席别不一样，请重新选"""


class AlternativeTwice(Invalid):
    """同一个车次和席别选了两次"""


class PassengerTwice(Invalid):
    """同一位乘客选了两次"""


class PostAddressNeeded(Invalid):
    """邮寄凭证要写收件地址"""


class AgencyNotFound(Conflict):
    """现在没有这家代购点，请另选一家"""


def for_whom(actor: Actor, wanted: NewTicket, on_behalf_of: str | None = None) -> str:
    """The resident it is for, named in the body or beside it. Raises TicketNotForOthers, TicketForWhom."""
    named = {wanted.resident_id, on_behalf_of} - {None}
    if len(named) > 1:
        raise TicketNotForOthers(field="resident_id")
    whom = next(iter(named), None)
    if actor.kind != "resident" and whom is None:
        raise TicketForWhom(field="resident_id")
    if actor.kind == "resident" and whom not in (None, actor.id) and not actor.acts_for(whom, "bookings"):
        raise TicketNotForOthers(field="resident_id")
    return whom or actor.id


async def order(
    tx: Tx,
    actor: Actor,
    resident: Resident,
    wanted: NewTicket,
    case_no: str,
    channel: Channel,
    vault: Vault,
    rules: Settings,
    ride_no: str | None = None,
) -> Case:
    """Ask for tickets; the passengers are copied into the order. `ride_no`: the ride to the station that goes with it.

    Raises TicketDayWrong, BuyByWrong, SeatNotInMode, AlternativeTwice, PassengerTwice, PostAddressNeeded,
    AgencyNotFound, TicketContactNeeded, PassengerNotFound, OutOfScope.
    """
    _check(tx, wanted, rules)
    agency = agency_of(tx, wanted.agency_id, rules)
    contact = _contact(resident, wanted.contact)
    people = await passengers.freeze(tx, case_no, wanted.passenger_ids, resident.id, vault, rules)
    ticket = Ticket(
        mode=wanted.mode,
        origin=wanted.origin,
        destination=wanted.destination,
        day=wanted.day.isoformat(),
        alternatives=[
            Choice(number=one.number.upper(), seat_class=one.seat_class, depart_at=one.depart_at)
            for one in wanted.alternatives
        ],
        ceiling_fen=wanted.ceiling_fen,
        buy_by=wanted.buy_by,
        party=wanted.party,
        passengers=[Passenger(traveller=one) for one in people],
        contact_name=contact.name,
        contact_phone=contact.phone,
        ride_no=ride_no,
        paper=Paper(
            how=wanted.delivery.how,
            address=wanted.delivery.address,
            state="none" if wanted.delivery.how == "none" else "waiting",
        ),
        note=wanted.note,
        answer_by=tx.now + timedelta(minutes=rules.tickets.answer_minutes),
        answer_minutes=rules.tickets.answer_minutes,
        warn_at=wanted.buy_by - timedelta(minutes=rules.tickets.warn_minutes),
    )
    case = Case(
        id=case_no,
        kind=TICKET.name,
        title=f"{route(ticket)} {len(people)} 张",
        state="",
        version=0,
        open=True,
        channel=channel,
        resident_id=resident.id,
        resident_name=resident.name or contact.name,
        opened_by=actor.key,
        community_id=resident.community_id,
        compound_id=resident.household.compound_id if resident.household else None,
        provider_id=agency,
        created_at=tx.now,
        updated_at=tx.now,
        phone=contact.phone,
        phone_tail=contact.phone[-4:],
        details={},
    )
    return await cases.open_case(tx, case, ticket, TICKET, "submit", actor, rules)


def _check(tx: Tx, wanted: NewTicket, rules: Settings) -> None:
    day = today(tx.now)
    if not day <= wanted.day <= day + timedelta(days=rules.tickets.days_ahead):
        raise TicketDayWrong(field="day")
    if wanted.buy_by <= tx.now or today(wanted.buy_by) > wanted.day:
        raise BuyByWrong(field="buy_by")
    for place, one in enumerate(wanted.alternatives):
        if one.seat_class not in SEATS[wanted.mode]:
            raise SeatNotInMode(field=f"alternatives[{place}].seat_class")
        if one.depart_at is not None and today(one.depart_at) != wanted.day:
            raise TicketDayWrong(field=f"alternatives[{place}].depart_at")
    if len({(one.number.upper(), one.seat_class) for one in wanted.alternatives}) < len(wanted.alternatives):
        raise AlternativeTwice(field="alternatives")
    if len(set(wanted.passenger_ids)) < len(wanted.passenger_ids):
        raise PassengerTwice(field="passenger_ids")
    if wanted.delivery.how == "post" and not wanted.delivery.address.strip():
        raise PostAddressNeeded(field="delivery.address")


def agency_of(reader: Reader, wanted: str | None, rules: Settings) -> str | None:
    """Who buys: the agency that was named, else the street's, else its own people. Raises AgencyNotFound."""
    usual = rules.tickets.agency_id
    able = {
        one.id
        for one in reader.everything(PROVIDERS).items.values()
        if not one.suspended and (CATEGORY in one.categories or one.id == usual)
    }
    if wanted is not None and wanted not in able:
        raise AgencyNotFound(field="agency_id")
    return wanted or (usual if usual in able else min(able, default=None))


def _contact(resident: Resident, given: Contact | None) -> Contact:
    if given is not None:
        return given
    if not resident.name or not resident.phone:
        raise TicketContactNeeded(field="contact")
    return Contact(name=resident.name, phone=resident.phone)


def _deadlines(act: Act) -> tuple[datetime | None, datetime | None]:
    """What the state's timer is, and what is promised: to the agents, when it has to be bought."""
    ticket: Ticket = act.details
    match act.target:
        case "submitted":
            return (ticket.buy_by if ticket.escalated else min(ticket.answer_by, ticket.buy_by)), None
        case "quoted" | "authorised":
            return (ticket.quote.expires_at if ticket.quote else None), None
        case "buying":
            early = not ticket.warned and ticket.warn_at > act.tx.now
            return (ticket.warn_at if early else ticket.buy_by), ticket.buy_by
        case "ticketed" | "partial":
            return ticket.wiped_from, None
        case "change_offered" | "change_paying":
            return (ticket.change.expires_at if ticket.change else None), None
        case "changing" | "rebooking" | "refunding":
            return None, act.tx.now + timedelta(minutes=ticket.answer_minutes)
        case "refund_quoted":
            return (ticket.refund.expires_at if ticket.refund else None), None
    return None, None


def _struck(reader: Reader, case: Case) -> str:
    """The state that the timer leads to, as far as the order itself can tell."""
    ticket: Ticket = TICKET.details_of(case)
    if case.state == "authorised":
        return "expired"
    if case.state in ("submitted", "buying"):
        over = reader.now >= ticket.buy_by
        return {"submitted": "expired", "buying": "failed"}[case.state] if over else case.state
    return "ticketed" if len(ticket.bought) == len(ticket.passengers) else "partial"


def _sentence(reader: Reader, case: Case, ticket: Ticket, mine: frozenset[str]) -> str:
    quote, change, refund = ticket.quote, ticket.change, ticket.refund
    until = said(case.timer_at) if case.timer_at else ""
    match case.state:
        case "submitted" if ticket.escalated:
            return "代办员还没有报价，街道调度员正在催办"
        case "submitted":
            return f"已提交，代办员会在 {clock_time(ticket.answer_by)} 前报价"
        case "quoted" if quote:
            return f"报价 {yuan(quote.total_fen)} 元，请在 {until} 前决定"
        case "authorised" if quote:
            return f"请在 {until} 前付款 {yuan(quote.total_fen)} 元，付了款就去买票"
        case "buying":
            return f"已付款，正在买票，最晚 {said(ticket.buy_by)} 有结果"
        case "ticketed" | "partial":
            return _bought(ticket)
        case "changing":
            return "改签申请已收到，代办员正在找车次"
        case "change_offered" if change:
            return f"找到了 {change.number}，请在 {until} 前决定"
        case "change_paying" if change:
            return f"请在 {until} 前付改签差价 {yuan(change.pay_fen)} 元，原来的票还有效"
        case "rebooking":
            return "正在改签，办好以前原来的票还有效"
        case "refund_quoted" if refund:
            return f"退票能退 {yuan(refund.back_fen)} 元，请在 {until} 前确认"
        case "refunding" if refund:
            return f"正在退票，办好后退 {yuan(refund.back_fen)} 元"
    return _ended(case, ticket)


def _bought(ticket: Ticket) -> str:
    good = ticket.bought
    first = min((one.ticket for one in good if one.ticket), key=lambda one: one.depart_at, default=None)
    trip = (
        f"{first.number} {seat_text(ticket.mode, first.seat_class)}，{said(first.depart_at)}" if first else ""
    )
    missing = len(ticket.of_state("failed"))
    if missing:
        return f"买到 {len(good)} 张，{missing} 张没买到已退款：{trip}"
    return f"已出票 {len(good)} 张：{trip}"


def _ended(case: Case, ticket: Ticket) -> str:
    cash = f"，请到窗口领回现金 {yuan(ticket.cash_back_fen)} 元" if ticket.cash_back_fen else ""
    back = f"，{yuan(ticket.back_fen)} 元退回{cash}" if ticket.back_fen else ""
    match case.state:
        case "failed":
            return f"没有买到票{back}"
        case "refused":
            return "代购点这次办不了，可以换个日子或车次"
        case "expired":
            return "已过期，没有买票，可以重新提交"
        case "closed" if not ticket.bought:
            return f"票已全部退掉{back}"
        case "closed":
            return "行程已结束"
    return f"已取消{back or '，不收费'}"


TICKET = Kind(
    name="ticket",
    text="车票代购",
    prefix="PW",
    flow=FLOW,
    details=Ticket,
    deadlines=_deadlines,
    sentence=_sentence,
    show=show,
    unassigned=frozenset({"submitted"}),
    promises=(
        Promise(
            ANSWER,
            frozenset({"submitted"}),
            lambda rules: Budget(rules.tickets.answer_minutes, "minutes"),
        ),
    ),
    proxy_scope="bookings",
    struck=_struck,
)
