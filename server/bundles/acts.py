"""What the moves of a bundle do: its parts are moved with it, in the same transaction, or it does not move at all."""

from datetime import timedelta
from typing import Any

import msgspec

from schemas.bookings import NewBooking
from server import bookings, cases, residents
from server.bundles import order, parts, stored
from server.bundles.parts import LEAVING, UNDER_WAY, Bundled, News, Part
from server.cases import CASES, Act, Case
from server.kit.db import Reader
from server.kit.errors import Conflict, Invalid


class PartUnderWay(Conflict):
    """有一件正在上门服务，不能一起取消，请先等它做完"""


class NothingToCancel(Conflict):
    """没有可以取消的了"""


class NothingToReplace(Conflict):
    """这一件已经约上了，要改时间请打开它的办件"""


class ReplacedTooOften(Conflict):
    """已经换了很多次，请到服务列表里另外预约"""


class UnknownPart(Invalid):
    """这个“一件事”里没有这一件，请从列表里选择"""


class NotForThisPart(Invalid):
    """这一件不能用这项服务来办，请从列表里选择"""


async def follow(act: Act) -> None:
    """A part has moved: the bundle says so, and asks where a needed one has failed."""
    news = await parts.look(act.tx, act.details)
    _tell(act, news)
    _settle(act, asked_anew=any(one.lacking for one in news.failed))


async def go_on(act: Act) -> None:
    """Do without what has failed; what failed a moment ago, and was not seen yet, is asked about first."""
    seen = {one.part for one in act.details.lacking}
    news = await parts.look(act.tx, act.details)
    _tell(act, news)
    for part in act.details.parts:
        if part.part in seen and part.failed:
            part.settled = True
    _settle(act, asked_anew=any(one.lacking for one in news.failed))


async def cancel(act: Act) -> None:
    """Give up all that has not begun. Raises PartUnderWay, NothingToCancel, and what cancelling a part raises."""
    bundled: Bundled = act.details
    await parts.look(act.tx, bundled)
    if any(one.state in UNDER_WAY for one in bundled.parts):
        raise PartUnderWay
    leaving, free = await _leaving(act.tx, bundled), bundled.free_because
    if not leaving:
        raise NothingToCancel
    for part, case in leaving:
        await _give_up(act, part, case, free=free is not None)
    for part in bundled.parts:
        part.settled = part.settled or part.failed
    act.facts = {"fee_fen": str(bundled.fee_fen)}
    _settle(act)


async def _leaving(reader: Reader, bundled: Bundled) -> list[tuple[Part, Case]]:
    """The parts that can still be given up and their cases, in one order for all who do this: two at once then meet
    at the first day they have in common. One whose time has run out ends by itself."""
    leaving = bundled.leaving
    numbers = [one.case_no for one in leaving]
    found = {
        one.id: one for one in await reader.all(CASES, {"_id": {"$in": numbers}}, limit=len(numbers) or 1)
    }
    pairs = [(one, found[one.case_no or ""]) for one in leaving]
    alive = [pair for pair in pairs if cases.time_is_up(reader, pair[1]) is None]
    return sorted(alive, key=lambda pair: (pair[1].details["pool_id"], pair[1].details["day"]))


async def _give_up(act: Act, part: Part, case: Case, *, free: bool) -> None:
    """Where it is free, the notice ends with the visit instead of before it."""
    if free:
        until = {"details.free_until": max(part.start, act.tx.now)}
        await act.tx.change(CASES, {"_id": case.id}, {"$set": until})
    form = {"reason": act.reason or f"“{act.details.name}”一起取消"}
    moved = await cases.move(act.tx, case.id, LEAVING[part.state], form, act.actor, act.channel, act.rules)
    parts.drawn(part, moved, bookings.BOOKING.details_of(moved))
    part.fault, part.reason = "resident", "一起取消"


async def replace(act: Act) -> None:
    """Book a part that could not be had anew, in its place.

    Raises UnknownPart, NothingToReplace, NotForThisPart, PartTooEarly, ReplacedTooOften, and what booking raises.
    """
    bundled: Bundled = act.details
    news = await parts.look(act.tx, bundled)
    part = _wanted(bundled, act.form.part)
    wanted = _wish(act, part)
    if not bundled.spares:
        raise ReplacedTooOften
    resident = await residents.find(act.tx, act.case.resident_id or "")
    number = bundled.spares.pop(0)
    case = await bookings.place(
        act.tx, act.actor, resident, wanted, number, act.channel, act.rules, part_of=act.case.id
    )
    if part.case_no is not None:
        part.former.append(part.case_no)
    parts.drawn(part, case, bookings.BOOKING.details_of(case))
    part.wish["form"] = wanted.form
    part.reason, part.fault, part.alternatives, part.settled = "", None, [], False
    coming = [one for one in bundled.parts if not one.failed]
    if late := order.broken(coming):
        raise order.PartTooEarly(order.complaint(late, coming), field="start")
    act.facts = {"part": part.part, "case_no": case.id}
    act.reason = f"{part.name}：重新约好"
    _settle(act, asked_anew=any(one.lacking for one in news.failed))


def _wanted(bundled: Bundled, name: str | None) -> Part:
    """The part that was named, or the first that is lacking, or that has failed at all."""
    if name is not None:
        part = bundled.part(name)
        if part is None:
            raise UnknownPart(field="part")
    else:
        part = next((one for one in bundled.lacking or bundled.parts if one.failed), None)
    if part is None or not part.failed:
        raise NothingToReplace(field="part")
    return part


def _wish(act: Act, part: Part) -> NewBooking:
    """As it was filled in before; with another service only what that one asks for."""
    service_id = act.form.service_id or part.service_id
    if service_id != part.service_id and service_id not in _others(act.tx, act.details, part):
        raise NotForThisPart(field="service_id")
    given = act.form.form if act.form.form is not None else part.wish.get("form", {})
    wish: dict[str, Any] = part.wish | {"form": given, "service_id": service_id, "start": act.form.start}
    return msgspec.convert(wish, NewBooking)


def _others(reader: Reader, bundled: Bundled, part: Part) -> set[str]:
    """The services that the street offers for this part now."""
    bundle = reader.recall(stored.BUNDLES, bundled.bundle_id)
    offer = bundle.offer(part.part) if bundle else None
    return {one.id for one in stored.choices(reader, offer)} if offer else set()


def _tell(act: Act, news: News) -> None:
    """What the history says of it."""
    if news.moved:
        act.reason = "；".join(f"{one.name}：{one.state_text}" for one in news.moved)[:200]
    if news.failed:
        act.facts = {"failed": ",".join(one.part for one in news.failed)}


def _settle(act: Act, *, asked_anew: bool = False) -> None:
    """The state that follows; whoever has to answer gets the whole time for what is new."""
    bundled: Bundled = act.details
    act.target = bundled.stage
    if act.target != "attention":
        bundled.answer_by = None
    elif bundled.answer_by is None or asked_anew:
        bundled.answer_by = act.tx.now + timedelta(hours=bundled.answer_hours)
