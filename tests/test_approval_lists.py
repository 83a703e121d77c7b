"""A hundred thousand approvals: what the desks and the residents ask for is read off an index, whatever has ended."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from schemas.cases import FindCases
from schemas.staff import Grant
from server.approvals.faults import FAULTS
from server.attachments import ATTACHMENTS
from server.cases import CASES
from server.cases.kinds import ENDED
from server.cases.views import order, wanted_cases
from server.kit.db import pages
from server.sessions import Actor, StandIn
from tests.applying import open_office
from tests.world import Town, World

MANY = 100_000
OPEN_AMONG = 100
_AT_ONCE = 5_000


@pytest.fixture
def database(town: Town) -> Iterator[Any]:
    """Beside the street's own, which every process follows; with the same indexes."""
    with MongoClient[dict[str, Any]](town.house.settings.mongo_url) as client:
        name = f"{town.house.settings.database}_many"
        for collection in (CASES, ATTACHMENTS, FAULTS):
            for one in collection.indexes:
                more = {"partialFilterExpression": one.only} if one.only else {}
                client[name][collection.name].create_index(one.key_pattern(), name=one.name, **more)
        yield client[name]
        client.drop_database(name)


async def filled(world: World, database: Any) -> None:
    """So many like one of ours: of each hundred one is open."""
    office = await open_office(world)
    case_no = await office.submitted()
    case = await world.house.db.reading(lambda reader: reader.get(CASES, case_no))
    assert case is not None
    row = CASES.dump(case)
    for start in range(0, MANY, _AT_ONCE):
        rows = [_copy(row, number) for number in range(start, start + _AT_ONCE)]
        await asyncio.to_thread(database[CASES.name].insert_many, rows, ordered=False)


def _copy(row: dict[str, Any], number: int) -> dict[str, Any]:
    is_open, at = number % OPEN_AMONG == 0, row["created_at"] - timedelta(minutes=number)
    changed = {"created_at": at, "due_at": None, "open": is_open, "resident_id": f"resident-{number % 5000}"}
    ended = {"state": "archived", "turn": ENDED + timedelta(minutes=number)}
    return row | {"_id": f"SP-{number:09d}"} | changed | ({"turn": at} if is_open else ended)


def looked_at(database: Any, name: str, where: dict[str, Any], sort: dict[str, int]) -> dict[str, Any]:
    """What the plan is, and how much it looks at."""
    find = {"find": name, "filter": where, "sort": sort, "limit": 21}
    told = database.command({"explain": find, "verbosity": "executionStats"})
    stages = str(told["queryPlanner"]["winningPlan"])
    return {
        "sorts": "'SORT'" in stages,
        "scans": "COLLSCAN" in stages,
        "documents": told["executionStats"]["totalDocsExamined"],
        "keys": told["executionStats"]["totalKeysExamined"],
    }


async def test_lists_inbox_and_the_overdue_cost_the_same_among_many(world: World, database: Any) -> None:
    await filled(world, database)
    now = world.clock.now()
    grant = Grant(role="clerk", community_id=world.community)
    people = {
        "clerk": Actor("staff", "a", "a", (grant,)),
        "reviewer": Actor("staff", "b", "b", (Grant(role="reviewer"),)),
        "deputy": Actor("staff", "c", "c", (), standing_in=(StandIn("a", (grant,)),)),
        "resident": Actor("resident", "resident-7"),
    }
    wishes = (FindCases(), FindCases(kind="approval"), FindCases(box="overdue"), FindCases(box="team"))
    for who, actor in people.items():
        for wanted in wishes:
            where, sort = wanted_cases(wanted, actor, now), order(wanted, actor)
            way = -1 if sort.startswith("-") else 1
            bound = pages.after(sort.lstrip("-"), way < 0, None)
            found = looked_at(
                database,
                CASES.name,
                {"$and": [where, bound]} if bound else where,
                {sort.lstrip("-"): way, "_id": way},
            )
            assert not found["sorts"] and not found["scans"], (who, wanted, found)
            assert found["documents"] <= 60 and found["keys"] <= 60, (who, wanted, found)


def test_files_and_faults_are_read_off_an_index(database: Any) -> None:
    files = {"$or": [{"case_no": "SP-1"}, {"lent_to": "SP-1"}], "owner_id": {"$type": "string"}}
    for name, where, sort in (
        (ATTACHMENTS.name, files, {"_id": 1}),
        (FAULTS.name, {}, {"at": -1, "_id": -1}),
        (FAULTS.name, {"community_id": "a"}, {"at": -1, "_id": -1}),
    ):
        found = looked_at(database, name, where, sort)
        assert not found["sorts"] and not found["scans"], (name, found)
