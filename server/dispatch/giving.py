"""Where the giving of a case's work stands: begun, given to somebody, stopped; and the ledger of every choice."""

from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from server import catalogue
from server.cases.kinds import Case
from server.config import Settings
from server.dispatch.scoring import Asked, weigh
from server.dispatch.stored import CHOICES, DISPATCHES, OFFERS, TURNS, Choice, Dispatch, Scored
from server.dispatch.work import Job, job_of, usual
from server.kit.db import Reader, Tx
from server.sessions import Actor


async def known(reader: Reader, case: Case) -> Dispatch:
    """What is kept of it, or a new one."""
    found = await reader.get(DISPATCHES, case.id)
    return found if found is not None else _new(reader, case)


def _new(reader: Reader, case: Case) -> Dispatch:
    job = job_of(case)
    service = reader.recall(catalogue.SERVICES, job.service_id)
    return Dispatch(
        id=case.id,
        kind=case.kind,
        title=case.title,
        provider_id=case.provider_id or "",
        compound_id=case.compound_id,
        mode=service.dispatch if service else "assign",
        state="stopped",
        waiting=False,
        since=reader.now,
        start=job.start,
        end=job.end,
        minutes=_minutes(job),
    )


def _minutes(job: Job) -> int:
    return (job.end - job.start) // timedelta(minutes=1)


async def keep(tx: Tx, dispatch: Dispatch) -> None:
    """Store it; who has read it at the same time has to read it again."""
    dispatch.version += 1
    await tx.put(DISPATCHES, dispatch)


async def begin(tx: Tx, case: Case, heard: int = 0, gave_back: str | None = None) -> None:
    """Somebody is looked for from now on: the open offers were for what it was before. `heard` is the step of the case
    that says so, `gave_back` who had the work and will not be asked again for this time. Where a person assigns, the
    queue has to look only if there is somebody who came before."""
    dispatch, fresh = await known(tx, case), _new(tx, case)
    same = (dispatch.provider_id, dispatch.start) == (fresh.provider_id, fresh.start)
    refused = dispatch.refused if same else []
    if gave_back is not None and gave_back not in refused:
        refused = [*refused, gave_back]
    await withdraw(tx, case.id)
    who = await usual(tx, case)
    by_hand = fresh.mode == "assign" and (who is None or who in refused)
    await keep(
        tx,
        replace(
            fresh,
            state="by_hand" if by_hand else "due",
            waiting=True,
            due_at=None if by_hand else tx.now,
            heard=max(heard, dispatch.heard),
            version=dispatch.version,
            fence=dispatch.fence,
            round=dispatch.round,
            refused=refused,
        ),
    )


async def give(tx: Tx, case: Case, worker_id: str) -> None:
    """It is this worker's, at the time that the case has now; nobody else is asked any more."""
    dispatch, fresh = await known(tx, case), _new(tx, case)
    same = (dispatch.state, dispatch.worker_id, dispatch.start) == ("given", worker_id, fresh.start)
    if same and dispatch.provider_id == fresh.provider_id:
        return
    await withdraw(tx, case.id, taken_by=worker_id)
    dispatch.title, dispatch.provider_id = fresh.title, fresh.provider_id
    dispatch.start, dispatch.end, dispatch.minutes = fresh.start, fresh.end, fresh.minutes
    if (dispatch.state, dispatch.worker_id) != ("given", worker_id):
        dispatch.given_at = tx.now
    dispatch.state, dispatch.waiting, dispatch.worker_id = "given", False, worker_id
    dispatch.open, dispatch.until, dispatch.due_at = 0, None, None
    await keep(tx, dispatch)


async def stop(tx: Tx, case: Case, heard: int) -> None:
    """Nobody is needed any more, or not now."""
    dispatch = await tx.get(DISPATCHES, case.id)
    if dispatch is None:
        return
    await withdraw(tx, case.id)
    dispatch.state, dispatch.waiting, dispatch.worker_id = "stopped", False, None
    dispatch.open, dispatch.until, dispatch.due_at = 0, None, None
    dispatch.heard = heard
    await keep(tx, dispatch)


async def withdraw(tx: Tx, case_no: str, taken_by: str | None = None) -> None:
    """The offers that are still open, whether or not their time is over, are so no more."""
    over: dict[str, Any] = {"state": "withdrawn", "answered_at": tx.now, "taken_by": taken_by}
    await tx.change_all(OFFERS, {"case_no": case_no, "state": "open"}, {"$set": over})


async def had_turn(tx: Tx, worker_id: str, *, counts: bool = True) -> None:
    """Their waiting begins anew; `counts`: it is one more turn than before."""
    how: dict[str, Any] = {"$set": {"last_at": tx.now}, "$inc": {"count": int(counts)}}
    await tx.change(TURNS, {"_id": worker_id}, how, upsert=True)


def write_down(
    tx: Tx,
    dispatch: Dispatch,
    how: str,
    table: list[Scored],
    rules: Settings,
    *,
    by: str = "",
    note: str = "",
) -> None:
    """A line of the ledger; call before the dispatch itself is kept, whose version tells the lines apart."""
    tx.add(
        CHOICES,
        Choice(
            id=f"{dispatch.id}.{dispatch.version:06d}",
            case_no=dispatch.id,
            provider_id=dispatch.provider_id,
            at=tx.now,
            how=how,
            round=dispatch.round,
            by=by,
            note=note,
            weights=dict(rules.dispatch.weights),
            table=table,
        ),
    )


async def choose(
    tx: Tx, case: Case, worker_id: str, actor: Actor, rules: Settings, *, override: bool = False
) -> None:
    """A person gives the work to this worker: everybody is weighed and written down all the same. Called within the
    move, before anybody's time is given back or taken."""
    dispatch = await known(tx, case)
    asked = Asked(case, job_of(case), frozenset(dispatch.refused))
    table = [replace(one, chosen=one.worker_id == worker_id) for one in await weigh(tx, asked, rules)]
    note = "不在班，调度员仍然派了" if override else ""
    write_down(tx, dispatch, "assign", table, rules, by=actor.key, note=note)
    await give(tx, case, worker_id)
    await had_turn(tx, worker_id)
