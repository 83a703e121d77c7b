"""The one door to MongoDB: all or nothing, bounded in time, and a memory that follows."""

import asyncio
import socket
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymongo.errors import WriteError
from tornado.ioloop import IOLoop

from server.kit.clock import SettableClock
from server.kit.db import (
    BadCursor,
    Cache,
    Database,
    DatabaseUnavailable,
    Duplicate,
    Follower,
    Reader,
    Tx,
    caches,
    connect,
    patience,
)
from server.kit.db.pages import decode_cursor, encode_cursor
from server.kit.db.schema import validator
from server.kit.errors import Conflict
from tests.kit.things import ALL, KEPT, NOON, THINGS, UNIQUE, Kept, Thing, connected, open_database


async def put(db: Database, *things: Thing) -> None:
    async def stored(tx: Tx) -> None:
        for one in things:
            await tx.put(THINGS, one)

    await db.atomically(stored)


async def thing(db: Database, item_id: str) -> Thing | None:
    return await db.reading(lambda reader: reader.get(THINGS, item_id))


async def until(true: Any, what: str, seconds: float = 10) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not true():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(what) from None


# Transactions.


async def test_all_of_a_transaction_is_written(db: Database) -> None:
    async def both(tx: Tx) -> str:
        await tx.insert(THINGS, Thing(id="a"))
        await tx.insert(UNIQUE, Thing(id="a"))
        return "done"

    assert await db.atomically(both) == "done"
    assert await thing(db, "a") is not None


@pytest.mark.parametrize("failure", [Conflict(), ValueError("a bug")])
async def test_nothing_of_a_transaction_stays_when_it_raises(db: Database, failure: Exception) -> None:
    await put(db, Thing(id="a", count=1))

    async def fails(tx: Tx) -> None:
        await tx.change(THINGS, {"_id": "a"}, {"$inc": {"count": 1}})
        await tx.insert(UNIQUE, Thing(id="a"))
        raise failure

    with pytest.raises(type(failure)):
        await db.atomically(fails)
    assert await thing(db, "a") == Thing(id="a", count=1)
    assert await db.reading(lambda reader: reader.get(UNIQUE, "a")) is None


async def test_what_is_written_inside_is_seen_inside_and_by_nobody_else(db: Database) -> None:
    async def looks(tx: Tx) -> tuple[Any, Any]:
        await tx.insert(THINGS, Thing(id="a"))
        return await tx.get(THINGS, "a"), await thing(db, "a")

    inside, outside = await db.atomically(looks)
    assert (inside, outside) == (Thing(id="a"), None)


async def test_a_body_that_collides_runs_again_and_no_update_is_lost(db: Database) -> None:
    await put(db, Thing(id="a"))
    runs = 0

    async def read_then_write(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        found = await tx.get(THINGS, "a")
        assert found is not None
        await tx.replace(THINGS, Thing(id="a", count=found.count + 1), {"_id": "a"})

    await asyncio.gather(*(db.atomically(read_then_write) for _ in range(8)))

    found = await thing(db, "a")
    assert found is not None and found.count == 8
    assert runs > 8, "they did collide"


async def test_bodies_in_one_lane_do_not_collide(db: Database) -> None:
    await put(db, Thing(id="a"))
    runs = 0

    async def counts(tx: Tx) -> None:
        nonlocal runs
        runs += 1
        await tx.change(THINGS, {"_id": "a"}, {"$inc": {"count": 1}})

    await asyncio.gather(*(db.atomically(counts, lanes=["a", "b"]) for _ in range(20)))

    found = await thing(db, "a")
    assert found is not None and (found.count, runs) == (20, 20)
    assert not db._lanes._locks, "empty lanes are forgotten"


async def test_a_body_that_takes_too_long_is_cut_off_and_holds_nothing(
    mongo_url: str, db: Database, clock: SettableClock
) -> None:
    await put(db, Thing(id="a"))

    async def hangs(tx: Tx) -> None:
        await tx.change(THINGS, {"_id": "a"}, {"$inc": {"count": 1}})
        await asyncio.Event().wait()

    async with connected(mongo_url, db._handle.name, clock, 0.3) as hasty:
        with pytest.raises(DatabaseUnavailable) as refused:
            await hasty.atomically(hangs)
        assert refused.value.retry_after
        assert (refused.value.status, refused.value.code) == (503, "database_unavailable")
        async with asyncio.timeout(3):
            await db.alone(lambda tx: tx.change(THINGS, {"_id": "a"}, {"$inc": {"count": 10}}))
    assert await thing(db, "a") == Thing(id="a", count=10)


async def test_a_database_that_is_not_there_is_an_outage_within_the_deadline(
    io_loop: IOLoop, clock: SettableClock
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"mongodb://127.0.0.1:{nobody.getsockname()[1]}/?directConnection=true"
        async with connected(url, "lost", clock, 0.3) as lost:
            for ask in (
                lambda: lost.atomically(lambda tx: tx.insert(THINGS, Thing(id="a"))),
                lambda: lost.alone(lambda tx: tx.insert(THINGS, Thing(id="a"))),
                lambda: lost.reading(lambda reader: reader.get(THINGS, "a")),
                lost.ping,
            ):
                async with asyncio.timeout(3):
                    with pytest.raises(DatabaseUnavailable):
                        await ask()


async def test_a_document_that_the_validator_refuses_is_our_fault_and_no_outage(db: Database) -> None:
    async def spoils(tx: Tx) -> None:
        await tx.insert(THINGS, Thing(id="a", count=-1))

    for write in (db.atomically, db.alone):
        with pytest.raises(WriteError):
            await write(spoils)


async def test_a_duplicate_has_a_name(db: Database) -> None:
    async def twice(tx: Tx, name: str) -> None:
        await tx.insert(UNIQUE, Thing(id=name, name="the same"))

    await db.atomically(lambda tx: twice(tx, "a"))
    for how in (db.atomically, db.alone):
        with pytest.raises(Duplicate):
            await how(lambda tx: twice(tx, "b"))
    with pytest.raises(Duplicate):
        await db.alone(lambda tx: tx.put_all(UNIQUE, [Thing(id="c", name="the same")]))


async def test_a_conditional_change_says_whether_it_was_made(db: Database) -> None:
    await put(db, Thing(id="a", count=1))

    async def spend(tx: Tx) -> bool:
        return await tx.change(THINGS, {"_id": "a", "count": {"$gte": 1}}, {"$inc": {"count": -1}})

    assert [await db.alone(spend), await db.alone(spend)] == [True, False]


async def test_time_stands_still_within_a_transaction(db: Database, clock: SettableClock) -> None:
    async def looks(tx: Tx) -> bool:
        before = tx.now
        clock.advance(timedelta(hours=1))
        return tx.now == before == NOON

    assert await db.atomically(looks)


async def test_what_is_stored_is_what_comes_back(db: Database) -> None:
    exact = Thing(id="a", name="名字 😀", count=2**40, at=NOON + timedelta(milliseconds=7), tone="old")
    await put(db, exact)
    assert await thing(db, "a") == exact


# Pages.


async def pages_of(db: Database, sort: str, limit: int, meanwhile: Any = None) -> list[str]:
    seen: list[str] = []
    cursor = None
    while True:
        page = await db.reading(
            lambda reader, cursor=cursor: reader.page(THINGS, {}, sort=sort, cursor=cursor, limit=limit)  # type: ignore[misc]
        )
        seen += [one.id for one in page.items]
        if page.next is None:
            return seen
        cursor = page.next
        if meanwhile is not None:
            await meanwhile()


@pytest.mark.parametrize("sort", ["-at", "at", "name", "-name", "count"])
@pytest.mark.parametrize("limit", [1, 3, 10])
async def test_pages_have_no_gap_and_no_repeat_though_many_are_equal(
    db: Database, sort: str, limit: int
) -> None:
    things = [
        Thing(id=f"{one:02d}", name=f"n{one % 3}", count=one % 2, at=NOON + timedelta(seconds=one % 4))
        for one in range(10)
    ]
    await put(db, *things)
    field = sort.lstrip("-")
    expected = sorted(things, key=lambda one: (getattr(one, field), one.id), reverse=sort.startswith("-"))

    assert await pages_of(db, sort, limit) == [one.id for one in expected]


async def test_what_is_new_does_not_disturb_who_is_turning_pages(db: Database) -> None:
    await put(db, *(Thing(id=f"{one}", at=NOON + timedelta(seconds=one)) for one in range(6)))
    late = 100

    async def newer() -> None:
        nonlocal late
        late += 1
        await put(db, Thing(id=f"{late}", at=NOON + timedelta(seconds=late)))

    assert await pages_of(db, "-at", 2, newer) == ["5", "4", "3", "2", "1", "0"]


@pytest.mark.parametrize(
    "cursor", ["", "x", "bm90IGpzb24", "W10", "WzEsMl0", "W1tdLCJhIl0", "W3sidCI6MWU5OX0sImEiXQ", "你好"]
)
async def test_a_cursor_that_is_none_is_refused(db: Database, cursor: str) -> None:
    with pytest.raises(BadCursor):
        await db.reading(lambda reader: reader.page(THINGS, {}, sort="-at", cursor=cursor, limit=2))


@given(st.one_of(st.text(), st.integers(-(2**53), 2**53)), st.text(min_size=1))
def test_a_cursor_comes_back_as_it_was(value: Any, item_id: str) -> None:
    assert decode_cursor(encode_cursor(value, item_id)) == (value, item_id)


@given(st.integers(0, 4_000_000_000_000))
def test_a_cursor_keeps_a_time_to_the_millisecond(milliseconds: int) -> None:
    moment = NOON.fromtimestamp(0, NOON.tzinfo) + timedelta(milliseconds=milliseconds)
    assert decode_cursor(encode_cursor(moment, "a")) == (moment, "a")


# Collections as declared.


async def test_the_database_itself_refuses_what_does_not_fit_the_struct(db: Database) -> None:
    raw = db._handle[THINGS.name]
    fits = {"_id": "a", "name": "x", "count": 1, "at": NOON, "tone": "new"}
    await raw.insert_one(fits)
    for wrong in (
        {"count": -1},
        {"count": "1"},
        {"name": None},
        {"tone": "blue"},
        {"at": "now"},
        {"more": 1},
    ):
        with pytest.raises(WriteError):
            await raw.insert_one(fits | {"_id": "b"} | wrong)
    with pytest.raises(WriteError):
        await raw.update_one({"_id": "a"}, {"$inc": {"count": -2}})


async def test_collections_and_indexes_are_made_and_what_is_missing_is_named(db: Database) -> None:
    assert await db.problems(ALL) == []
    indexes = await db._handle[THINGS.name].index_information()
    assert indexes["at_-1__id_-1"]["key"] == [("at", -1), ("_id", -1)]

    await db._handle[THINGS.name].drop_index("name_1__id_1")
    await db._handle.command("collMod", UNIQUE.name, validator={})
    await db._handle.drop_collection(KEPT.name)

    assert sorted(await db.problems(ALL)) == [
        "kept: missing",
        "things: no index name_1__id_1",
        "uniques: validator differs",
    ]
    await db.ensure(ALL)
    assert await db.problems(ALL) == []


async def test_several_processes_may_start_on_an_empty_database_at_once(
    mongo_url: str, clock: SettableClock
) -> None:
    houses = await asyncio.gather(*(open_database(mongo_url, clock, "kit_at_once") for _ in range(4)))

    assert await houses[0].problems(ALL) == []
    await houses[0].drop()
    for one in houses:
        await one.close()


def test_a_validator_says_what_the_struct_says() -> None:
    schema = validator(Thing)["$jsonSchema"]
    assert schema["required"] == ["_id"]
    assert schema["properties"]["count"] == {"bsonType": ["int", "long"], "minimum": 0}
    assert schema["additionalProperties"] is False


# Memory that follows.


async def change_kept(db: Database, item_id: str, how: dict[str, Any]) -> None:
    await db.alone(lambda tx: tx.change(KEPT, {"_id": item_id}, how))


async def test_a_collection_kept_whole_follows_every_kind_of_change(db: Database) -> None:
    whole = db.reader().everything(KEPT)

    await db.alone(lambda tx: tx.insert(KEPT, Kept(id="a", name="first")))
    await until(lambda: whole.get("a") == Kept(id="a", name="first"), "an insert is heard")
    await db.alone(lambda tx: tx.put(KEPT, Kept(id="a", name="second")))
    await until(lambda: whole.get("a") == Kept(id="a", name="second"), "a replacement is heard")
    await change_kept(db, "a", {"$set": {"name": "third"}})
    await until(lambda: whole.get("a") == Kept(id="a", name="third"), "an update is heard")
    version = whole.version
    await db.alone(lambda tx: tx.delete(KEPT, {"_id": "a"}))
    await until(lambda: whole.get("a") is None, "a deletion is heard")
    assert whole.version > version


async def test_whoever_changed_a_whole_collection_sees_it_when_they_are_answered(db: Database) -> None:
    whole = db.reader().everything(KEPT)
    for number in range(20):
        name = str(number)
        await db.atomically(lambda tx, name=name: tx.put(KEPT, Kept(id="a", name=name)))  # type: ignore[misc]
        assert whole.items["a"].name == name
        how = {"$set": {"count": number}}
        await db.atomically(lambda tx, how=how: tx.change(KEPT, {"_id": "a"}, how))  # type: ignore[misc]
        assert whole.items["a"].count == number
        await db.atomically(lambda tx: tx.delete(KEPT, {"_id": "a"}))
        assert "a" not in whole.items


async def test_who_waits_to_be_told_does_not_wait_for_the_changes_of_a_moment_to_gather(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caches, "_GATHER_S", 30)
    monkeypatch.setattr(caches, "_TELL_WITHIN_S", 20)
    whole = db.reader().everything(KEPT)
    async with asyncio.timeout(15):
        for name in "abc":
            await db.atomically(lambda tx, name=name: tx.put(KEPT, Kept(id="a", name=name)))  # type: ignore[misc]
            assert whole.items["a"].name == name


async def test_a_change_that_overtakes_the_reading_of_all_is_not_lost(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.alone(lambda tx: tx.insert(KEPT, Kept(id="a", name="old")))
    whole = db.reader().everything(KEPT)
    await until(lambda: whole.get("a") is not None, "it is known")
    has_read, may_go_on = asyncio.Event(), asyncio.Event()
    usual = Follower.documents

    async def slow(self: Follower, collection: str, where: dict[str, Any]) -> list[dict[str, Any]]:
        found = await usual(self, collection, where)
        has_read.set()
        await may_go_on.wait()
        return found

    monkeypatch.setattr(Follower, "documents", slow)
    reading = asyncio.create_task(whole.load_all())
    await has_read.wait()
    await db.alone(lambda tx: tx.put(KEPT, Kept(id="a", name="new")))
    await db.alone(lambda tx: tx.insert(KEPT, Kept(id="b", name="new")))
    await until(lambda: whole.get("b") is not None, "the changes are heard")
    may_go_on.set()
    await reading

    assert {one.name for one in whole.items.values()} == {"new"}
    assert set(whole.items) == {"a", "b"}


async def test_a_deletion_that_overtakes_the_reading_of_one_is_not_undone(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.alone(lambda tx: tx.insert(KEPT, Kept(id="a", name="old")))
    whole = db.reader().everything(KEPT)
    await until(lambda: whole.get("a") is not None, "it is known")
    has_read, may_go_on, done = asyncio.Event(), asyncio.Event(), asyncio.Event()
    usual = Follower.documents

    async def slow(self: Follower, collection: str, where: dict[str, Any]) -> list[dict[str, Any]]:
        found = await usual(self, collection, where)
        has_read.set()
        await may_go_on.wait()
        asyncio.get_running_loop().call_later(0.05, done.set)
        return found

    monkeypatch.setattr(Follower, "documents", slow)
    await change_kept(db, "a", {"$set": {"name": "changed"}})
    await has_read.wait()
    await db.alone(lambda tx: tx.delete(KEPT, {"_id": "a"}))
    await until(lambda: whole.get("a") is None, "the deletion is heard")
    may_go_on.set()
    await done.wait()

    assert whole.get("a") is None


async def load_of(db: Database, item_id: str) -> Any:
    return await thing(db, item_id)


async def test_a_cache_answers_from_memory_until_its_document_changes(
    mongo_url: str, clock: SettableClock
) -> None:
    db = connect(mongo_url, "kit_cache", clock, threads=4, deadline_s=5)
    cache: Cache[Thing] = Cache(db.follower, THINGS.name, 2)  # listens from the start
    await db.start(ALL)
    await put(db, *(Thing(id=one) for one in "abc"))

    await until(lambda: db.follower.trusted, "the stream is open")
    kept = await cache.get("a", lambda: load_of(db, "a"))
    assert cache.peek("a") is kept

    await put(db, Thing(id="a", name="changed"))
    await until(lambda: cache.peek("a") is None, "the change is heard")
    assert (await cache.get("a", lambda: load_of(db, "a"))) == Thing(id="a", name="changed")

    for one in "bc":
        await cache.get(one, lambda one=one: load_of(db, one))  # type: ignore[misc]
    assert [cache.peek(one) is not None for one in "abc"] == [False, True, True]
    assert await cache.get("nothing", lambda: load_of(db, "nothing")) is None
    await db.drop()
    await db.close()


async def test_what_was_loaded_while_a_change_arrived_is_not_kept(db: Database) -> None:
    cache: Cache[Thing] = Cache(db.follower, KEPT.name, 10)
    await db.alone(lambda tx: tx.insert(KEPT, Kept(id="a", name="old")))
    heard = asyncio.Event()
    db.follower.listen(KEPT.name, lambda change: heard.set() if change.operation != "insert" else None)

    async def overtaken() -> Any:
        found = Thing(id="a", name="old")
        await change_kept(db, "a", {"$set": {"name": "new"}})
        await heard.wait()
        return found

    await cache.get("a", overtaken)
    assert cache.peek("a") is None


async def test_changes_made_while_the_stream_was_away_are_told_afterwards(db: Database) -> None:
    whole = db.reader().everything(KEPT)
    await db.alone(lambda tx: tx.insert(KEPT, Kept(id="a", name="before")))
    await until(lambda: whole.get("a") is not None, "it is followed")
    await db.follower.close()
    await db.alone(lambda tx: tx.insert(KEPT, Kept(id="b", name="meanwhile")))
    assert whole.get("b") is None

    await db.follower.start()

    await until(lambda: whole.get("b") is not None, "it was caught up")


async def test_who_asks_for_arrivals_while_all_runs_hears_of_those_and_of_nothing_else(db: Database) -> None:
    whole, woken = db.reader().everything(KEPT), asyncio.Event()
    db.follower.arrivals(THINGS.name, {"tone": "new"}, woken.set)

    async def arrives(thing: Thing) -> None:
        await db.alone(lambda tx: tx.put(THINGS, thing))
        await db.alone(lambda tx: tx.put(KEPT, Kept(id=thing.id, name="told after it")))
        await until(lambda: whole.get(thing.id) is not None, "memory is still told")

    tries = 0
    async with asyncio.timeout(10):
        while not woken.is_set():  # until the stream has it, too
            tries += 1
            await arrives(Thing(id=f"new-{tries}", tone="new"))
    woken.clear()
    await arrives(Thing(id="old", tone="old"))
    await db.alone(lambda tx: tx.change(THINGS, {"_id": "new-1"}, {"$set": {"name": "changed"}}))
    await arrives(Thing(id="older", tone="old"))
    assert not woken.is_set()


async def test_memory_is_not_trusted_before_it_has_caught_up(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stream that is back after a pause must first tell what happened meanwhile."""
    whole = db.reader().everything(KEPT)
    await db.alone(lambda tx: tx.insert(KEPT, Kept(id="a", name="0")))
    await until(lambda: whole.get("a") is not None, "it is followed")
    await db.follower.close()
    many = [Kept(id=f"{number:03d}", name="meanwhile") for number in range(300)]  # more than come at once
    await db.alone(lambda tx: tx.put_all(KEPT, many))
    await until(lambda: not db.follower.trusted, "memory is not trusted")
    told_while_trusted: list[str] = []
    usual = Follower._tell

    def told(self: Follower, raw: dict[str, Any]) -> None:
        if self.trusted:
            told_while_trusted.append(raw["documentKey"]["_id"])
        usual(self, raw)

    monkeypatch.setattr(Follower, "_tell", told)
    await db.follower.start()
    await until(lambda: db.follower.trusted, "memory is trusted again")

    assert len(whole.items) == 301
    assert told_while_trusted == []


async def test_when_changes_were_missed_for_good_everything_is_read_again(db: Database) -> None:
    whole = db.reader().everything(KEPT)
    await db.alone(lambda tx: tx.insert(KEPT, Kept(id="a", name="before")))
    await until(lambda: whole.get("a") is not None, "it is followed")
    await db.follower.close()
    await db.alone(lambda tx: tx.put(KEPT, Kept(id="a", name="after")))
    gaps: list[int] = []
    db.follower.listen(KEPT.name, lambda change: None, lambda: gaps.append(1))
    db.follower._token = {"_data": "8200"}

    await db.follower.start()

    await until(lambda: whole.get("a") == Kept(id="a", name="after"), "all was read again")
    assert gaps


async def test_a_listener_that_breaks_does_not_end_the_following(db: Database) -> None:
    whole, broken = db.reader().everything(KEPT), list[str]()

    def breaks(change: Any) -> None:
        if not broken:
            broken.append(change.item_id)
            raise ValueError("a bug")

    db.follower.listen(KEPT.name, breaks)
    await db.alone(lambda tx: tx.insert(KEPT, Kept(id="a", name="breaks it")))
    await until(lambda: broken, "it has broken")
    await db.alone(lambda tx: tx.insert(KEPT, Kept(id="b", name="afterwards")))

    await until(lambda: whole.get("a") is not None and whole.get("b") is not None, "both are known")


async def test_a_start_without_a_stream_fails_instead_of_waiting_for_ever(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.kit.db.caches._OPEN_WITHIN_S", 0.1)
    follower = Follower(db._handle.client["kit-no-such"])
    monkeypatch.setattr(
        Follower, "_opening", lambda self: {"aggregate": 1, "pipeline": [{"$nonsense": 1}], "cursor": {}}
    )

    with pytest.raises(TimeoutError):
        await follower.start()
    await follower.close()


async def test_a_collection_that_is_dropped_is_forgotten(db: Database) -> None:
    whole = db.reader().everything(KEPT)
    await db.alone(lambda tx: tx.insert(KEPT, Kept(id="a", name="before")))
    await until(lambda: whole.get("a") is not None, "it is followed")

    await db._handle.drop_collection(KEPT.name)

    await until(lambda: whole.get("a") is None, "the drop is heard")


async def test_all_that_a_request_asks_shares_one_deadline_and_the_last_step_still_gets_a_second(
    io_loop: IOLoop, db: Database
) -> None:
    async def never(reader: Reader | Tx) -> None:
        await asyncio.Event().wait()

    async def request() -> list[float]:
        patience.begin(1.2)
        loop, took = asyncio.get_running_loop(), list[float]()
        for ask in (db.reading, db.alone, db.atomically):
            began = loop.time()
            with pytest.raises(DatabaseUnavailable):
                await ask(never)
            took.append(loop.time() - began)
        return took

    assert await asyncio.create_task(request()) == pytest.approx([1.2, 1.0, 1.0], abs=0.3)
    assert patience.left(5) == 5


async def test_who_waits_behind_a_shared_transaction_that_ran_out_of_time_is_served_all_the_same(
    io_loop: IOLoop, mongo_url: str, db: Database, clock: SettableClock
) -> None:
    free, stuck = asyncio.Event(), asyncio.Event()

    async def first(tx: Tx) -> None:
        await free.wait()

    async def hangs(tx: Tx) -> None:
        stuck.set()
        await asyncio.Event().wait()

    async def quick(tx: Tx) -> str:
        return "served"

    async with connected(mongo_url, db._handle.name, clock, 0.8) as hasty:
        ahead = [asyncio.create_task(hasty.atomically(first, with_whom="lane"))]
        await asyncio.sleep(0)
        ahead += [asyncio.create_task(hasty.atomically(hangs, with_whom="lane")) for _ in range(2)]
        await asyncio.sleep(0)
        free.set()
        await stuck.wait()
        await asyncio.sleep(0.4)
        assert await hasty.atomically(quick, with_whom="lane") == "served"
        outcomes = await asyncio.gather(*ahead, return_exceptions=True)
    assert [type(one) for one in outcomes] == [type(None), DatabaseUnavailable, DatabaseUnavailable]
