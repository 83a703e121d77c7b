"""Asking: who is offered the work in each round, until somebody takes it or there is nobody left.

Who came before is not asked: it is theirs at once if they can. Only afterwards is anybody else looked for.

Grab 抢单 asks several at once and more in every round; rotate 轮派 asks one after the other. A round ends when its time
is over or everybody has declined; its end and the next round's begin are one transaction, so a worker process may be
killed anywhere, and the lease brings the row to the next.
"""

from datetime import datetime, timedelta
from typing import Protocol

from msgspec.structs import replace

from server import cases
from server.cases import CASES, Case
from server.config import Settings
from server.dispatch.giving import give, had_turn, keep, write_down
from server.dispatch.scoring import Asked, weigh
from server.dispatch.stored import DISPATCHES, OFFERS, Dispatch, Offer, Scored
from server.dispatch.work import Job, job_of, usual, waits, works
from server.kit.chance import chance
from server.kit.db import Database, Tx
from server.kit.events import Event, emit, event_id
from server.kit.jobs import QueueOf, Settled
from server.sessions import SYSTEM


class House(Protocol):
    """What the rounds need of the building."""

    @property
    def db(self) -> Database: ...
    @property
    def settings(self) -> Settings: ...


async def look(house: House, row: Dispatch) -> Settled:
    """The row is due: its round is over, or the first one begins."""
    await house.db.atomically(lambda tx: _next(tx, row, house.settings))
    return None


async def _next(tx: Tx, row: Dispatch, rules: Settings) -> None:
    dispatch, case = await tx.get(DISPATCHES, row.id), await tx.get(CASES, row.id)
    if dispatch is None or dispatch.fence != row.fence:
        return
    dispatch.due_at, dispatch.attempts = None, 0
    if case is None or dispatch.state not in ("due", "offering") or not _as_read(dispatch, case):
        await keep(tx, dispatch)
        return
    if dispatch.open and dispatch.until is not None and tx.now < dispatch.until:
        dispatch.due_at = dispatch.until
        await keep(tx, dispatch)
        return
    await _expire(tx, dispatch)
    table = await weigh(tx, Asked(case, job_of(case), frozenset(dispatch.refused)), rules)
    if dispatch.state == "due" and await _to_usual(tx, dispatch, case, table, rules):
        return
    if dispatch.mode == "assign":
        dispatch.state = "by_hand"
        await keep(tx, dispatch)
        return
    await _ask(tx, dispatch, case, table, rules)


def _as_read(dispatch: Dispatch, case: Case) -> bool:
    """Whether the case still waits for what is asked; if not, the listener will hear of it."""
    job = job_of(case)
    return waits(case) and not job.held_up and job.start == dispatch.start


async def _expire(tx: Tx, dispatch: Dispatch) -> None:
    over = {"state": "expired", "answered_at": tx.now}
    await tx.change_all(OFFERS, {"case_no": dispatch.id, "state": "open"}, {"$set": over})


async def _to_usual(tx: Tx, dispatch: Dispatch, case: Case, table: list[Scored], rules: Settings) -> bool:
    """Give it to who came before, if they can and there is time; whether that was done."""
    who = await usual(tx, case)
    able = {one.worker_id for one in table if not one.reasons}
    if who is None or who not in able or tx.now >= job_of(case).start:
        return False
    write_down(tx, dispatch, "usual", [replace(one, chosen=one.worker_id == who) for one in table], rules)
    action = works()[case.kind].usual
    given = await cases.move(tx, case.id, action, {"worker_id": who}, SYSTEM, "system", rules)
    await give(tx, given, who)
    await had_turn(tx, who)
    return True


async def _ask(tx: Tx, dispatch: Dispatch, case: Case, table: list[Scored], rules: Settings) -> None:
    job = job_of(case)
    able = [one for one in table if not one.reasons] if tx.now < job.start else []
    step, chosen = _whom(dispatch, able, rules)
    if not chosen:
        await _give_up(tx, dispatch, table, rules)
        return
    dispatch.state, dispatch.step = "offering", step
    dispatch.round += 1
    dispatch.open = len(chosen)
    dispatch.until = dispatch.due_at = _until(job, tx.now, rules)
    ids = {one.worker_id for one in chosen}
    dispatch.asked = [*dispatch.asked, *(one for one in sorted(ids) if one not in dispatch.asked)]
    marked = [replace(one, chosen=one.worker_id in ids) for one in table]
    write_down(tx, dispatch, dispatch.mode, marked, rules)
    for one in chosen:
        await tx.insert(OFFERS, _offer(dispatch, case, job, one, tx.now))
        if dispatch.mode == "rotate":
            await had_turn(tx, one.worker_id)
    await keep(tx, dispatch)
    _told(tx, dispatch, "offered")


def _whom(dispatch: Dispatch, able: list[Scored], rules: Settings) -> tuple[int, list[Scored]]:
    """Which step that is, and who is asked: only ever a round in which there is somebody new."""
    new = [one for one in able if one.worker_id not in dispatch.asked]
    if not new:
        return dispatch.step, []
    if dispatch.mode == "rotate":
        return dispatch.step + 1, new[:1]
    widths = rules.dispatch.grab_widths
    for step in range(dispatch.step, len(widths)):
        reached = able[: widths[step] or None]
        if any(one in reached for one in new):
            return step + 1, reached
    return dispatch.step, []


def _until(job: Job, now: datetime, rules: Settings) -> datetime:
    return min(now + timedelta(minutes=rules.dispatch.accept_minutes), job.start)


def _offer(dispatch: Dispatch, case: Case, job: Job, one: Scored, now: datetime) -> Offer:
    assert dispatch.until is not None
    return Offer(
        id=chance.hex(12),
        case_no=case.id,
        round=dispatch.round,
        worker_id=one.worker_id,
        provider_id=dispatch.provider_id,
        mode=dispatch.mode,
        title=case.title,
        start=job.start,
        end=job.end,
        community_id=case.community_id,
        compound_id=case.compound_id,
        price_fen=job.price_fen,
        price_text=job.price_text,
        at=now,
        expires_at=dispatch.until,
        score=one.score,
    )


async def _give_up(tx: Tx, dispatch: Dispatch, table: list[Scored], rules: Settings) -> None:
    """Nobody is left to ask: the case says so, and a person has to find somebody."""
    dispatch.state, dispatch.open, dispatch.until = "nobody", 0, None
    write_down(tx, dispatch, "nobody", table, rules)
    await keep(tx, dispatch)
    await cases.move(tx, dispatch.id, works()[dispatch.kind].nobody, {}, SYSTEM, "system", rules)
    _told(tx, dispatch, "nobody")


def _told(tx: Tx, dispatch: Dispatch, what: str) -> None:
    """An event of the dispatch's own: it is no step of the case."""
    subject = f"{dispatch.id}:dispatch"
    event = Event(
        id=event_id(subject, dispatch.version),
        type=f"dispatch.{what}",
        subject=subject,
        seq=dispatch.version,
        at=tx.now,
        by={"kind": "system", "id": "system", "name": "", "role": "system"},
        channel="system",
        data={"case_no": dispatch.id, "round": dispatch.round},
    )
    emit(tx, event)


ROUNDS = QueueOf("dispatches", DISPATCHES, look)
