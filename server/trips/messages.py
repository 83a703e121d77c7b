"""What a resident is told before they leave: the train, when and where from, who sits where, and to take the papers."""

from datetime import datetime

from server import push, residents
from server.cases import CASES
from server.kit.clock import SHANGHAI, today
from server.kit.db import Tx
from server.kit.events import Event, on
from server.push import Notice, Template
from server.tickets import TICKET
from server.tickets.details import Ticket
from server.tickets.words import route, seat_text
from server.trips.legs import Leg, legs
from server.words import said

SOON = Template(
    "trip_soon",
    "出行提醒",
    "progress",
    {
        "thing1": "trip",
        "character_string2": "case_no",
        "time3": "time",
        "phrase4": "state",
        "thing5": "tip",
    },
    topic="tickets",
    importance="urgent",
)
_LONGEST = 20
_WAYS = {"train": "开车", "plane": "起飞"}


@on("trip.remind")
async def tell(tx: Tx, event: Event) -> None:
    """Of a ticket that is still good."""
    case = await tx.get(CASES, event.subject)
    if case is None or case.resident_id is None:
        return
    ticket: Ticket = TICKET.details_of(case)
    leg = next((one for one in legs(ticket) if one.key == event.data["leg"]), None)
    if leg is None:
        return
    resident = await residents.find(tx, case.resident_id)
    leaves = leg.seat.depart_at
    notice = Notice(
        text=text(ticket, leg, today(event.at) == today(leaves)),
        payload={
            "trip": route(ticket)[:_LONGEST],
            "case_no": case.id,
            "time": f"{leaves.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            "state": f"快{_WAYS[ticket.mode]}了",
            "tip": "请带身份证，早点出门",
        },
        page=f"packages/cases/pages/case/index?case_no={case.id}",
        case_no=case.id,
    )
    await push.send(tx, event, resident, SOON, notice)


@on("trip.ride")
async def tell_ride(tx: Tx, event: Event) -> None:
    """When the ride to the station comes now."""
    case = await tx.get(CASES, event.subject)
    if case is None or case.resident_id is None:
        return
    ticket: Ticket = TICKET.details_of(case)
    resident = await residents.find(tx, case.resident_id)
    comes = datetime.fromisoformat(event.data["at"])
    notice = Notice(
        text=f"去车站的车约好了：{said(comes)} 来接您，赶{route(ticket)}。不要车了可以单独取消",
        payload={
            "trip": route(ticket)[:_LONGEST],
            "case_no": ticket.ride_no or case.id,
            "time": f"{comes.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            "state": "车约好了",
            "tip": "请提前下楼等车",
        },
        page=f"packages/cases/pages/case/index?case_no={ticket.ride_no}",
        case_no=ticket.ride_no,
    )
    await push.send(tx, event, resident, SOON, notice)


def text(ticket: Ticket, leg: Leg, same_day: bool) -> str:
    """`明天出行：D6701 二等座，12 月 1 日 周二 9:30 从东胜西开车，到呼和浩特。诺** 05 车 12F。…`"""
    seat = leg.seat
    people = "、".join(
        f"{one.traveller.name_masked} {one.ticket.carriage} {one.ticket.seat}".rstrip()
        for one in leg.people
        if one.ticket
    )
    what = f"{seat.number} {seat_text(ticket.mode, seat.seat_class)}"
    when = f"{said(seat.depart_at)} 从{ticket.origin}{_WAYS[ticket.mode]}，到{ticket.destination}"
    return f"{'今天' if same_day else '明天'}出行：{what}，{when}。{people}。请带好订票用的身份证件，早点出门"
