"""What the dispatchers' page asks for: which rides are looked for, which are on, and with which something is wrong."""

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from schemas.cases import CaseView
from server import cases, drivers
from server.cases import CASES, STILL_OPEN, Case
from server.cases.kinds import ENDED
from server.kit.db import Reader
from server.rides.details import Ride
from server.rides.kind import RIDE
from server.rides.stored import WATCHES, WHY_GIVE_UP
from server.sessions import Actor

MOST = 99
"""Rides are counted no further than this."""
PAGE = 20
_TROUBLED_FOR = timedelta(hours=24)
_SILENT = 200
_STATES = {
    "looking": ("requested", "offered"),
    "going": ("accepted", "arrived", "on_board"),
    "ahead": ("scheduled", "held"),
}
QUEUES = {"looking": "正在找车", "going": "进行中", "trouble": "有问题", "ahead": "约好的"}


class Row(Struct, frozen=True):
    """A ride in the list. `asked` is the driver who is being asked, `troubles` are what is wrong with it, in words."""

    case: CaseView
    driver: str
    asked: str
    age: timedelta
    troubles: list[str]


class Rows(Struct, frozen=True):
    items: list[Row]
    next: str | None


async def _where(reader: Reader, queue: str, actor: Actor) -> dict[str, Any]:
    clauses: list[dict[str, Any]] = [{"kind": RIDE.name}]
    if queue == "trouble":
        clauses += [_lately(reader.now), {"$or": await _troubles(reader)}]
    else:
        states = _STATES.get(queue) or tuple(one for some in _STATES.values() for one in some)
        clauses += [STILL_OPEN, {"state": {"$in": list(states)}}]
    return {"$and": [*clauses, own] if (own := cases.scope(actor)) else clauses}


def _lately(now: datetime) -> dict[str, Any]:
    """What is open, or has ended lately: a stretch of the index by turn (server/cases/turns.py)."""
    return {"turn": {"$lte": ENDED + (ENDED - (now - _TROUBLED_FOR))}}


async def _troubles(reader: Reader) -> list[dict[str, Any]]:
    return [
        {"state": {"$in": ["no_driver", "no_show"]}},
        {"open": True, "details.gave_up.0": {"$exists": True}},
        {"open": True, "details.code_locked_until": {"$gt": reader.now}},
        {"details.fare.lines.name": "capped"},
        {"_id": {"$in": sorted(await _silent(reader))}, "state": "on_board"},
    ]


async def _silent(reader: Reader) -> set[str]:
    """Rides with somebody on board of whose driver nothing is heard."""
    found = await reader.all(WATCHES, {"due_at": {"$type": "date"}, "silent": True}, limit=_SILENT)
    return {one.id for one in found}


async def listed(reader: Reader, queue: str, actor: Actor, cursor: str | None) -> Rows:
    """A page of them; what was promised first comes first. Raises BadCursor."""
    where = await _where(reader, queue, actor)
    page = await reader.page(CASES, where, sort="turn", cursor=cursor or None, limit=PAGE)
    silent = await _silent(reader)
    return Rows([_row(reader, one, actor, silent) for one in page.items], page.next)


async def counts(reader: Reader, actor: Actor) -> dict[str, int]:
    """How many there are of each, up to one more than MOST."""
    return {
        one: await reader.count(CASES, await _where(reader, one, actor), limit=MOST + 1) for one in QUEUES
    }


def _row(reader: Reader, case: Case, actor: Actor, silent: set[str]) -> Row:
    ride: Ride = RIDE.details_of(case)
    return Row(
        case=cases.view(reader, case, actor),
        driver=drivers.name_of(reader, ride.driver.id) if ride.driver else "",
        asked=drivers.name_of(reader, ride.asked_id) if ride.asked_id else "",
        age=reader.now - case.created_at,
        troubles=_told(reader, case, ride, silent),
    )


def _told(reader: Reader, case: Case, ride: Ride, silent: set[str]) -> list[str]:
    told = []
    if case.state == "no_driver":
        told.append("没有找到车")
    if case.state == "no_show":
        told.append("没等到乘客")
    if case.open:
        told += [
            f"{drivers.name_of(reader, one.driver_id)}"
            + (f"去不了：{WHY_GIVE_UP[one.why]}" if one.why else "失去联系")
            for one in ride.gave_up
        ]
    if case.state == "on_board" and case.id in silent:
        told.append("行程中没有位置")
    if case.open and ride.code_locked_until is not None and ride.code_locked_until > reader.now:
        told.append("口令输错太多，暂时锁住")
    if ride.fare is not None and any(one.name == "capped" for one in ride.fare.lines):
        told.append("车费超出估价，已封顶")
    return told
