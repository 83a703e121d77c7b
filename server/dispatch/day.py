"""The dispatch board 派单看板: a day of the workers who are somebody's to send, and what of it has no worker yet."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from schemas.dispatch import DayBoardView, DayVisitView, DayWorkerView, FindDay
from server import catalogue, places, rosters, staff
from server.cases import CASES, Case
from server.cases.kinds import ENDED, kind_of
from server.dispatch.board import providers_of, theirs, view
from server.dispatch.stored import DISPATCHES, Dispatch
from server.kit.clock import SHANGHAI, today
from server.kit.db import Page, Reader
from server.kit.db.pages import decode_cursor, encode_cursor
from server.sessions import Actor
from server.staff import STAFF, Staff

MOST_VISITS = 2_000
DAY_MIN = 24 * 60


async def of_day(
    reader: Reader, wanted: FindDay, actor: Actor, only: Sequence[str] | None = None
) -> DayBoardView:
    """People with their shifts and visits of the day, by provider and name; for a manager their own. `only` these, in
    this order, where it is asked who could do something. Raises BadCursor."""
    day = wanted.date or today(reader.now)
    start = datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
    span = (start, start + timedelta(days=1))
    own = providers_of(actor)
    if wanted.provider_id is not None:
        own = [wanted.provider_id] if own is None or wanted.provider_id in own else []
    people = _page(_people(reader, own), own, wanted) if only is None else _named(reader, own, only)
    visits = await _visits(reader, [one.id for one in people.items], own, span)
    waiting = await _waiting(reader, theirs(actor, wanted.provider_id), span, wanted)
    return DayBoardView(
        date=day,
        workers=[_worker(reader, one, day, own, visits[one.id]) for one in people.items],
        workers_next=people.next,
        waiting=[view(reader, one) for one in waiting.items],
        waiting_next=waiting.next,
    )


def _employers(worker: Staff, own: list[str] | None) -> list[str]:
    works = [one.provider_id for one in worker.grants if one.role == "worker" and one.provider_id]
    return [one for one in works if own is None or one in own]


def _place(worker: Staff, own: list[str] | None) -> tuple[str, str]:
    """Where they stand: by provider, then by name."""
    return "\n".join([*_employers(worker, own), worker.name]), worker.id


def _people(reader: Reader, own: list[str] | None) -> list[Staff]:
    everybody = reader.everything(STAFF).items.values()
    found = [one for one in everybody if one.active and _employers(one, own)]
    return sorted(found, key=lambda one: _place(one, own))


def _page(people: list[Staff], own: list[str] | None, wanted: FindDay) -> Page[Staff]:
    """Out of memory, behind the cursor. Raises BadCursor."""
    after = decode_cursor(wanted.cursor) if wanted.cursor else ("", "")
    rest = [one for one in people if _place(one, own) > (str(after[0]), after[1])]
    shown = rest[: wanted.limit]
    following = encode_cursor(*_place(shown[-1], own)) if len(rest) > wanted.limit else None
    return Page(shown, following)


def _named(reader: Reader, own: list[str] | None, only: Sequence[str]) -> Page[Staff]:
    known = {one.id: one for one in _people(reader, own)}
    return Page([known[one] for one in only if one in known])


async def _visits(
    reader: Reader, worker_ids: list[str], own: list[str] | None, span: tuple[datetime, datetime]
) -> dict[str, list[Case]]:
    """By worker, in the order of the day, what is theirs and has not ended."""
    where: dict[str, Any] = {
        "worker_id": {"$in": worker_ids},
        "turn": {"$lt": ENDED},
        "details.start": {"$lt": span[1]},
        "details.end": {"$gt": span[0]},
    }
    if own is not None:
        where["provider_id"] = {"$in": own}
    found = await reader.all(CASES, where, limit=MOST_VISITS, sort="turn")
    by_worker: dict[str, list[Case]] = defaultdict(list)
    for case in sorted(found, key=lambda one: one.details["start"]):
        by_worker[case.worker_id or ""].append(case)
    return by_worker


async def _waiting(
    reader: Reader, whose: dict[str, Any], span: tuple[datetime, datetime], wanted: FindDay
) -> Page[Dispatch]:
    """What begins first at the top. Raises BadCursor."""
    where = {"$and": [{"waiting": True, "start": {"$gte": span[0], "$lt": span[1]}}, whose]}
    return await reader.page(
        DISPATCHES, where, sort="start", cursor=wanted.waiting_cursor, limit=wanted.limit
    )


def _worker(
    reader: Reader, worker: Staff, day: date, own: list[str] | None, visits: list[Case]
) -> DayWorkerView:
    roster = reader.recall(rosters.ROSTERS, worker.id)
    employers = [catalogue.provider_of(reader, one) for one in _employers(worker, own)]
    names = [one.name for one in employers if one]
    return DayWorkerView(
        worker_id=worker.id,
        name=staff.name_of(reader, worker.id),
        provider=names[0] + (f" 等 {len(names)} 家" if len(names) > 1 else "") if names else "",
        shifts=[list(one) for one in (rosters.hours_of(roster, day) if roster else [(0, DAY_MIN)])],
        visits=[_visit(reader, one, day) for one in visits],
    )


def _visit(reader: Reader, case: Case, day: date) -> DayVisitView:
    state = kind_of(case).flow.states[case.state]
    midnight = datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
    minutes = [int((case.details[name] - midnight) / timedelta(minutes=1)) for name in ("start", "end")]
    return DayVisitView(
        case_no=case.id,
        title=case.title,
        start=case.details["start"],
        end=case.details["end"],
        from_min=max(0, minutes[0]),
        to_min=min(DAY_MIN, minutes[1]),
        state_text=state.text,
        tone=state.tone,
        compound=places.name_of(reader, case.compound_id),
    )
