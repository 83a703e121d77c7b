"""The staff's boxes: what is due first comes first, every page is read off an index, what is unread is counted."""

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace
from pymongo import AsyncMongoClient

from schemas.cases import Box, FindCases
from schemas.staff import Grant
from server.cases import CASES, Case
from server.cases.kinds import APART
from server.cases.turns import TURNS, turn_of
from server.cases.views import order, wanted_cases
from server.kit.db import pages
from server.sessions import Actor
from tests.houses import next_door
from tests.world import Person, Shop, World

BOXES: tuple[Box | None, ...] = (None, "mine", "team", "soon", "overdue", "unassigned")
OTHERS = 900


async def numbers(who: Person, **query: Any) -> list[str]:
    reply = await who.get("/v1/cases", **query)
    assert reply.status == 200, reply.body
    return [one["case_no"] for one in reply.json["items"]]


async def test_what_was_promised_first_comes_first_and_what_is_over_comes_last(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    late = (await shop.booked(resident))["case_no"]
    world.clock.advance(timedelta(minutes=26))
    soon = (await shop.booked(resident))["case_no"]
    world.clock.advance(timedelta(minutes=14))
    held = (await shop.booked(resident, hold=True))["case_no"]
    fresh = (await shop.booked(resident))["case_no"]
    over = [(await shop.brought_to("rejected", resident))["case_no"] for _ in range(2)]
    world.clock.advance(timedelta(minutes=7))
    mine = (await shop.brought_to("assigned", resident, world.at(10)))["case_no"]

    manager = shop.manager
    assert await numbers(manager, box="overdue") == [late]
    assert await numbers(manager, box="soon") == [soon]
    assert await numbers(manager, box="team") == [late, soon, fresh, mine, held]
    assert await numbers(manager) == [late, soon, fresh, mine, held, *over]
    assert await numbers(manager, box="unassigned") == [late, soon, fresh]
    assert await numbers(shop.worker, box="mine") == [mine]
    assert await numbers(manager, q="0001") == sorted(await numbers(manager), reverse=True)
    walked, cursor = [], None
    while True:
        page = (await manager.get("/v1/cases", limit=2, **({"cursor": cursor} if cursor else {}))).json
        walked += [one["case_no"] for one in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert walked == await numbers(manager)


async def test_cases_of_before_are_given_their_turn(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    await world.house.db.alone(
        lambda tx: tx.change(CASES, {"_id": case_no}, {"$unset": {"turn": ""}, "$set": {"due_at": None}})
    )
    assert await numbers(shop.manager, box="team") == []
    await TURNS.work(world.house)
    case = await world.house.db.reading(lambda reader: reader.get(CASES, case_no))
    assert case is not None and case.turn == case.promised_at
    assert case.due_at == world.clock.now() + timedelta(minutes=15)
    assert await numbers(shop.manager, box="team") == [case_no]


async def test_lists_and_cases_say_how_much_is_unread(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no, phone = (await shop.booked(resident))["case_no"], "13947700001"
    quiet = (await shop.booked(resident, world.at(14)))["case_no"]

    async def unread(who: Person) -> tuple[int, int]:
        items = {one["case_no"]: one["unread"] for one in (await who.get("/v1/cases", q=phone)).json["items"]}
        assert items[quiet] == 0
        return items[case_no], (await who.get(f"/v1/cases/{case_no}")).json["unread"]

    async def sees(who: Person, count: int) -> None:
        async def seen() -> bool:
            return await unread(who) == (count, count)

        await world.until(seen, f"{count} unread")

    async def say(who: Person, text: str) -> None:
        assert (await who.post(f"/v1/cases/{case_no}/messages", {"text": text})).status == 201

    assert await unread(resident) == await unread(shop.manager) == (0, 0)
    await say(shop.manager, "请把阳台门打开")
    await say(shop.manager, "谢谢")
    assert await unread(resident) == (2, 2) and await unread(shop.manager) == (0, 0)
    moved = await shop.manager.act(case_no, "confirm")
    assert moved.json["unread"] == 0
    await say(resident, "好的")
    assert (await unread(resident), await unread(shop.manager)) == ((0, 0), (1, 1))
    await sees(shop.dispatcher, 1)
    await resident.post(f"/v1/cases/{case_no}/messages/read")
    await shop.manager.post(f"/v1/cases/{case_no}/messages/read")
    assert (await unread(resident), await unread(shop.manager)) == ((0, 0), (0, 0))
    assert await unread(shop.dispatcher) == (1, 1)


async def test_what_is_said_through_one_door_is_unread_behind_another(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    async with next_door(world) as other:
        elsewhere = other.meets(resident)

        async def counts(number: int) -> bool:
            return (await elsewhere.get(f"/v1/cases/{case_no}")).json["unread"] == number

        assert await counts(0) and await counts(0)
        await shop.manager.post(f"/v1/cases/{case_no}/messages", {"text": "请把阳台门打开"})
        await world.until(lambda: counts(1), "one unread")
        await resident.post(f"/v1/cases/{case_no}/messages/read")
        await world.until(lambda: counts(0), "nothing unread")


async def test_what_is_unread_is_asked_of_the_database_once(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    booked = [(await shop.booked(resident))["case_no"] for _ in range(3)]
    await shop.manager.post(f"/v1/cases/{booked[0]}/messages", {"text": "请把阳台门打开"})
    reader, unread = world.house.db.reader(), world.house.unread
    actor = await world.house.actor(resident.token)
    asked = 0
    usual = reader.groups

    async def counted(*args: Any) -> Any:
        nonlocal asked
        asked += 1
        return await usual(*args)

    reader.groups = counted  # type: ignore[method-assign, assignment]

    async def settled() -> bool:
        nonlocal asked
        asked = 0
        unread.changed(booked[0])
        assert await unread.of(reader, booked, actor) == {booked[0]: 1}
        first, asked = asked, 0
        assert await unread.of(reader, booked, actor) == {booked[0]: 1}
        return (first, asked) == (2, 0)

    await world.until(settled, "memory knows")


async def crowded(world: World) -> tuple[Shop, datetime]:
    """Among many other cases, some of this shop."""
    shop, resident = await world.shop(capacity=9), await world.resident()
    case_no, now = (await shop.booked(resident))["case_no"], world.clock.now()
    pattern = await world.house.db.reading(lambda reader: reader.get(CASES, case_no))
    assert pattern is not None
    others = [_one_of_many(pattern, number, now) for number in range(OTHERS)]
    await world.house.db.alone(lambda tx: tx.put_all(CASES, others))
    return shop, now


def _one_of_many(pattern: Case, number: int, now: datetime) -> Case:
    minutes, is_open = timedelta(minutes=number * 37 % 9000 - 2000), number % 3 == 0
    case = replace(
        pattern,
        id=f"{pattern.id}-{number}",
        provider_id=(pattern.provider_id, "another", "third")[number % 7 % 3],
        community_id=(pattern.community_id, "elsewhere")[number % 5 % 2],
        worker_id=(None, "somebody", "another")[number % 11 % 3],
        handler_id=(None, "somebody", "another")[number % 13 % 3],
        open=is_open,
        created_at=now - timedelta(minutes=number),
        updated_at=now - timedelta(minutes=number),
        promised_at=now + minutes if is_open and number % 2 else None,
        due_at=None,
    )
    return replace(case, turn=turn_of(case))


async def test_no_box_sorts_in_memory_or_reads_the_whole_collection(world: World) -> None:
    shop, now = await crowded(world)
    of_shop = {"provider_id": shop.provider_id}
    roles = [
        [Grant(role="dispatcher")],
        [Grant(role="clerk", community_id=world.community)],
        [Grant(role="provider", **of_shop)],
        [Grant(role="worker", **of_shop)],
        [Grant(role="clerk", community_id="elsewhere"), Grant(role="provider", **of_shop)],
    ]
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(world.house.settings.mongo_url)
    async with client:
        database = client[world.house.settings.database]
        for grants in roles:
            somebody = await world.house.actor((await world.staff(*grants)).token)
            for actor in (somebody, replace(somebody, id="somebody")):
                for box in BOXES:
                    for cursor in (None, pages.encode_cursor(now, "")):
                        if box == "unassigned" and grants[0].role == "worker":
                            continue  # theirs, and nobody's: there can be none
                        for wanted in (FindCases(box=box), _narrowed(box, world.community)):
                            found = await _stages(database, wanted, actor, now, cursor)
                            assert {"SORT", "COLLSCAN"}.isdisjoint(found), (grants, wanted, found)
    indexes = [one.name for one in CASES.indexes if one.only != APART]
    assert len(indexes) == 9, "every index costs each booking a write: put one in another's place"


def _narrowed(box: Box, community_id: str) -> FindCases:
    return FindCases(box=box, kind="booking", state="submitted", community_id=community_id)


async def _stages(
    database: Any, wanted: FindCases, actor: Actor, now: datetime, cursor: str | None
) -> set[str]:
    where, sort = wanted_cases(wanted, actor, now), order(wanted, actor)
    bound = pages.after(sort, False, cursor)
    find = {
        "find": CASES.name,
        "filter": {"$and": [where, bound]} if bound else where,
        "sort": {sort: 1, "_id": 1},
        "limit": 21,
    }
    explained = await database.command({"explain": find, "verbosity": "queryPlanner"})
    return set(_named(explained["queryPlanner"]["winningPlan"]))


def _named(plan: Any) -> list[str]:
    if isinstance(plan, list):
        return [name for one in plan for name in _named(one)]
    if not isinstance(plan, dict):
        return []
    mine = [plan["stage"]] if "stage" in plan else []
    return mine + [name for one in plan.values() for name in _named(one)]
