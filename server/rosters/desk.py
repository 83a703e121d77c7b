"""Rosters as those see and change them who answer for the workers; what was given and now lies outside is named."""

from collections.abc import Iterable
from datetime import date

from schemas.rosters import NewRoster, OutsideView, RosterDayView, RostersView, RosterView
from server import places
from server.cases import CASES, Case
from server.cases.kinds import ENDED
from server.catalogue import Hours
from server.kit.db import Duplicate, Reader, Tx
from server.kit.errors import Conflict, Invalid, NotFound
from server.places import PLACES
from server.rosters.hours import ROSTERS, Roster, covers
from server.sessions import Actor
from server.staff import STAFF, Staff
from server.words import said

STREET = frozenset({"dispatcher", "admin"})
_DAYS = "一二三四五六日"
_MOST = 500
_CLOSED = "休息"


class RosterNotFound(NotFound):
    """没有这位服务人员，请从名单里选"""


class BadShift(Invalid):
    """班次的开始要早于结束，同一天的班次不能重叠"""


class DayTwice(Invalid):
    """同一天写了两次，请合成一条"""


class HomeUnknown(Invalid):
    """没有这个社区或小区，请重新选择"""


class RosterChanged(Conflict):
    """班表刚刚有人改过，请刷新后再改"""


def find(reader: Reader, worker_id: str, actor: Actor) -> Staff:
    """The worker whose roster it is, for themselves, their manager and the street. Raises RosterNotFound."""
    worker = reader.recall(STAFF, worker_id)
    if worker is None or not employers(worker) or not (worker.id == actor.id or may_change(worker, actor)):
        raise RosterNotFound
    return worker


def employers(worker: Staff) -> list[str]:
    """The providers that somebody works for."""
    return [one.provider_id for one in worker.grants if one.role in ("worker", "driver") and one.provider_id]


def may_change(worker: Staff, actor: Actor) -> bool:
    own = {one.provider_id for one in actor.grants if one.role == "provider"}
    return bool(actor.roles & STREET) or not own.isdisjoint(employers(worker))


async def listed(reader: Reader, provider_id: str | None, actor: Actor) -> RostersView:
    """All who work for this provider, or for all in scope; a street has some hundreds, all in memory."""
    workers = [
        one
        for one in reader.everything(STAFF).items.values()
        if one.active and may_change(one, actor) and _works_for(one, provider_id)
    ]
    ordered = sorted(workers, key=lambda one: (employers(one), one.name, one.id))
    outside = await _outside(reader, ordered)
    return RostersView(items=[_view(reader, one, outside.get(one.id, [])) for one in ordered])


def _works_for(worker: Staff, provider_id: str | None) -> bool:
    return bool(employers(worker)) if provider_id is None else provider_id in employers(worker)


async def change(tx: Tx, worker_id: str, wanted: NewRoster, actor: Actor) -> RosterView:
    """Put another roster in the place of what was seen; what was given stays given, and is named where it is outside.

    Raises RosterNotFound, BadShift, DayTwice, HomeUnknown, RosterChanged.
    """
    worker = find(tx, worker_id, actor)
    if not may_change(worker, actor):
        raise RosterNotFound
    weekly = [_hours(one) for one in wanted.weekly] if wanted.weekly is not None else None
    if len({one.date for one in wanted.days}) < len(wanted.days):
        raise DayTwice(field="days")
    _check_home(tx, wanted.home_id)
    roster = Roster(
        id=worker.id,
        weekly=weekly,
        days={one.date.isoformat(): _hours(one.shifts) for one in wanted.days},
        notes={one.date.isoformat(): one.note for one in wanted.days if one.note},
        home_id=wanted.home_id,
        version=wanted.version + 1,
        changed_by=actor.id,
        changed_at=tx.now,
    )
    await _store(tx, roster, wanted.version)
    cases = await tx.all(CASES, _given_to([worker.id]), limit=_MOST)
    return _show(tx, worker, roster, [_outside_view(one) for one in cases if _is_outside(tx, roster, one)])


async def _store(tx: Tx, roster: Roster, before: int) -> None:
    if before:
        if not await tx.replace(ROSTERS, roster, {"_id": roster.id, "version": before}):
            raise RosterChanged
        return
    try:
        await tx.insert(ROSTERS, roster)
    except Duplicate as error:
        raise RosterChanged from error


def _hours(shifts: list[list[int]]) -> list[Hours]:
    """In the order of the day. Raises BadShift."""
    found: list[Hours] = sorted((opening, closing) for opening, closing in shifts)
    reached = 0
    for opening, closing in found:
        if opening < reached or opening >= closing:
            raise BadShift(field="weekly")
        reached = closing
    return found


def _check_home(reader: Reader, home_id: str | None) -> None:
    place = reader.recall(PLACES, home_id) if home_id else None
    if home_id is not None and (place is None or place.kind == "street"):
        raise HomeUnknown(field="home_id")


def _given_to(worker_ids: list[str]) -> dict[str, object]:
    return {"worker_id": {"$in": worker_ids}, "turn": {"$lt": ENDED}}


async def _outside(reader: Reader, workers: Iterable[Staff]) -> dict[str, list[OutsideView]]:
    """By worker, what was given to them and lies outside their roster."""
    rosters = {one.id: reader.recall(ROSTERS, one.id) for one in workers}
    kept = {worker_id: one for worker_id, one in rosters.items() if one is not None}
    found: dict[str, list[OutsideView]] = {}
    for case in await reader.all(CASES, _given_to(sorted(kept)), limit=_MOST):
        if _is_outside(reader, kept[case.worker_id or ""], case):
            found.setdefault(case.worker_id or "", []).append(_outside_view(case))
    return found


def _is_outside(reader: Reader, roster: Roster, case: Case) -> bool:
    """What has begun is not looked at any more."""
    start, end = case.details.get("start"), case.details.get("end")
    return start is not None and end is not None and start > reader.now and not covers(roster, start, end)


def _outside_view(case: Case) -> OutsideView:
    start = case.details["start"]
    return OutsideView(case_no=case.id, title=case.title, when=said(start), start=start)


async def view(reader: Reader, worker: Staff) -> RosterView:
    outside = await _outside(reader, [worker])
    return _view(reader, worker, outside.get(worker.id, []))


def _view(reader: Reader, worker: Staff, outside: list[OutsideView]) -> RosterView:
    return _show(reader, worker, reader.recall(ROSTERS, worker.id) or Roster(id=worker.id), outside)


def _show(reader: Reader, worker: Staff, roster: Roster, outside: list[OutsideView]) -> RosterView:
    editor = reader.recall(STAFF, roster.changed_by) if roster.changed_by else None
    return RosterView(
        worker_id=worker.id,
        worker=worker.name,
        providers=employers(worker),
        weekly=_lists(roster.weekly) if roster.weekly is not None else None,
        days=[_day_view(roster, one) for one in sorted(roster.days)],
        home_id=roster.home_id,
        home=places.name_of(reader, roster.home_id),
        version=roster.version,
        text=week_text(roster),
        changed_by=editor.name if editor else roster.changed_by,
        changed_at=roster.changed_at,
        outside=outside,
    )


def _day_view(roster: Roster, day: str) -> RosterDayView:
    shifts = roster.days[day]
    return RosterDayView(
        date=date.fromisoformat(day),
        shifts=[list(one) for one in shifts],
        note=roster.notes.get(day, ""),
        text=shifts_text(shifts),
    )


def _lists(weekly: list[list[Hours]]) -> list[list[list[int]]]:
    return [[list(one) for one in day] for day in weekly]


def shifts_text(shifts: list[Hours]) -> str:
    """08:00-12:00 14:00-18:00, as it is written into a form; 休息 for none."""
    return " ".join(f"{_clock(opening)}-{_clock(closing)}" for opening, closing in shifts) or _CLOSED


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def week_text(roster: Roster) -> str:
    """周一至周五 08:00-12:00 14:00-18:00；周六至周日 休息."""
    if roster.weekly is None:
        return "没有排班，随时在班"
    days = [shifts_text(one) for one in roster.weekly]
    parts, first = [], 0
    for index in range(1, 8):
        if index == 7 or days[index] != days[first]:
            span = f"周{_DAYS[first]}" + (f"至周{_DAYS[index - 1]}" if index - 1 > first else "")
            parts.append(f"{span} {days[first]}")
            first = index
    return "；".join(parts)
