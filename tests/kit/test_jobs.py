"""Leased rows: worked off once, tried again by the policy, left to the next worker by one that died."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from server.kit.clock import SettableClock
from server.kit.db import Database, DatabaseUnavailable, Tx
from server.kit.jobs import Queue, RetryPolicy, Settled
from server.kit.metrics import Metrics
from tests.kit.things import JOBS, NOON, Job

DONE: dict[str, Any] = {"due_at": None, "said": "done"}
METRICS = Metrics()
LEASE_S = 30.0


def queue(handle: Callable[[Job], Awaitable[Settled]], attempts: int = 3, parallel: int = 4) -> Queue[Job]:
    policy = RetryPolicy(attempts=attempts, first_s=10, longest_s=60)
    return Queue("jobs", JOBS, handle, lease_s=LEASE_S, parallel=parallel, retry=policy)


async def work(db: Database, one: Queue[Job], owner: str = "w1") -> int:
    return await one.run_due(db, owner, METRICS)


async def put(db: Database, *jobs: Job) -> None:
    await db.alone(lambda tx: tx.put_all(JOBS, jobs))


async def job(db: Database, item_id: str = "a") -> Job:
    found = await db.reading(lambda reader: reader.get(JOBS, item_id))
    assert found is not None
    return found


async def succeeds(row: Job) -> Settled:
    return DONE


async def fails(row: Job) -> Settled:
    raise ValueError("the platform said no")


async def test_what_is_due_is_worked_off_and_what_is_not_stays(db: Database) -> None:
    await put(
        db,
        Job(id="a", due_at=NOON),
        Job(id="b", due_at=NOON - timedelta(days=1)),
        Job(id="later", due_at=NOON + timedelta(seconds=1)),
        Job(id="never"),
    )

    assert await work(db, queue(succeeds)) == 2

    assert [(await job(db, one)).said for one in ("a", "b", "later", "never")] == ["done", "done", "", ""]
    assert (await job(db)).due_at is None
    assert await work(db, queue(succeeds)) == 0


async def test_the_oldest_is_worked_off_first(db: Database) -> None:
    seen: list[str] = []

    async def notes(row: Job) -> Settled:
        seen.append(row.id)
        return DONE

    await put(db, *(Job(id=str(age), due_at=NOON - timedelta(seconds=age)) for age in (3, 1, 2)))
    await work(db, queue(notes, parallel=1))
    assert seen == ["3", "2", "1"]


async def test_a_row_that_its_handler_settled_is_left_as_it_is(db: Database) -> None:
    async def settles(row: Job) -> Settled:
        await db.alone(
            lambda tx: tx.change(JOBS, {"_id": row.id}, {"$set": {"due_at": None, "said": "mine"}})
        )
        return None

    await put(db, Job(id="a", due_at=NOON))
    await work(db, queue(settles))
    assert (await job(db)).said == "mine"


async def test_no_more_are_worked_on_at_once_than_allowed(db: Database) -> None:
    running = most = 0

    async def counts(row: Job) -> Settled:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return DONE

    await put(db, *(Job(id=str(one), due_at=NOON) for one in range(20)))
    assert await work(db, queue(counts, parallel=3)) == 20
    assert most <= 3


async def test_several_workers_share_the_rows_and_take_none_twice(db: Database) -> None:
    seen: list[str] = []

    async def notes(row: Job) -> Settled:
        seen.append(row.id)
        return DONE

    await put(db, *(Job(id=str(one), due_at=NOON) for one in range(30)))
    counts = await asyncio.gather(*(work(db, queue(notes), f"w{one}") for one in range(3)))

    assert sum(counts) == 30
    assert sorted(seen) == sorted(map(str, range(30)))


async def test_a_failure_is_tried_again_later_and_dead_after_the_last_attempt(
    db: Database, clock: SettableClock
) -> None:
    await put(db, Job(id="a", due_at=NOON))
    one, waits = queue(fails, attempts=3), []

    while (await job(db)).due_at is not None:
        assert await work(db, one) == 1
        row = await job(db)
        assert row.error == "ValueError: the platform said no"
        if row.due_at is not None:
            waits.append((row.due_at - clock.now()).total_seconds())
            clock.set(row.due_at)

    assert (await job(db)).attempts == 3
    assert waits == [pytest.approx(10, rel=0.1), pytest.approx(20, rel=0.1)]
    clock.advance(timedelta(days=1))
    assert await work(db, one) == 0


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 1), (2, 2), (5, 16), (20, 600), (100_000, 600)])
def test_waits_double_up_to_the_longest(attempts: int, seconds: float) -> None:
    wait = RetryPolicy(first_s=1, longest_s=600).wait(attempts).total_seconds()
    assert wait == pytest.approx(seconds, rel=0.1)


def test_waits_differ_so_that_rows_do_not_come_back_together() -> None:
    assert len({RetryPolicy().wait(5) for _ in range(20)}) > 15


async def test_what_a_dead_worker_held_is_taken_by_the_next_when_its_lease_is_over(
    db: Database, clock: SettableClock
) -> None:
    async def dies(row: Job) -> Settled:
        raise asyncio.CancelledError

    await put(db, Job(id="a", due_at=NOON))
    with pytest.raises(asyncio.CancelledError):
        await queue(dies, parallel=1).run_due(db, "w1", METRICS)
    held = await job(db)
    assert (held.owner, held.due_at) == ("w1", NOON + timedelta(seconds=LEASE_S))

    assert await work(db, queue(succeeds), "w2") == 0
    clock.advance(timedelta(seconds=LEASE_S))
    assert await work(db, queue(succeeds), "w2") == 1

    taken = await job(db)
    assert (taken.said, taken.owner, taken.attempts, taken.fence) == ("done", "w2", 2, 2)


async def test_a_worker_that_slept_through_its_lease_finishes_nothing(
    db: Database, clock: SettableClock
) -> None:
    may_finish, is_working = asyncio.Event(), asyncio.Event()

    async def sleeps(row: Job) -> Settled:
        is_working.set()
        await may_finish.wait()
        return {"due_at": NOON, "said": "too late"}

    await put(db, Job(id="a", due_at=NOON))
    sleeper = asyncio.create_task(work(db, queue(sleeps, parallel=1), "w1"))
    await is_working.wait()
    clock.advance(timedelta(seconds=LEASE_S))
    await work(db, queue(succeeds), "w2")
    may_finish.set()
    await sleeper

    row = await job(db)
    assert (row.said, row.due_at, row.owner) == ("done", None, "w2")


async def test_an_outage_of_the_database_counts_as_no_failure_of_the_row(
    db: Database, clock: SettableClock
) -> None:
    async def outage(row: Job) -> Settled:
        raise DatabaseUnavailable

    await put(db, Job(id="a", due_at=NOON))
    with pytest.raises(DatabaseUnavailable):
        await queue(outage, parallel=1).run_due(db, "w1", METRICS)
    row = await job(db)
    assert (row.error, row.due_at) == ("", NOON + timedelta(seconds=LEASE_S))


async def test_a_queue_runs_until_stopped_and_wakes_when_told(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.kit.jobs._POLL_S", 3600)
    wake, stop, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def tells(row: Job) -> Settled:
        done.set()
        return DONE

    running = asyncio.create_task(queue(tells).run(db, "w1", METRICS, wake, stop))
    async with asyncio.timeout(5):
        for name in "ab":
            done.clear()
            await put(db, Job(id=name, due_at=NOON))
            wake.set()
            await done.wait()
        stop.set()
        await running
    assert (await job(db, "b")).said == "done"


async def test_a_queue_outlives_an_outage_of_the_database(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.kit.jobs._POLL_S", 0.01)
    wake, stop, done = asyncio.Event(), asyncio.Event(), asyncio.Event()
    outages = iter([True, True])
    usual = Database.alone

    async def sometimes(self: Database, body: Callable[[Tx], Awaitable[Any]]) -> Any:
        if next(outages, False):
            raise DatabaseUnavailable
        return await usual(self, body)

    async def tells(row: Job) -> Settled:
        done.set()
        return DONE

    await put(db, Job(id="a", due_at=NOON))
    monkeypatch.setattr(Database, "alone", sometimes)
    running = asyncio.create_task(queue(tells, parallel=1).run(db, "w1", METRICS, wake, stop))
    async with asyncio.timeout(5):
        await done.wait()
        stop.set()
        await running
