"""Tariffs: a fare to the fen and in words; versions written by one and approved by another."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.staff import Grant
from server.kit.clock import SHANGHAI, today
from server.tariffs import FIRST, fare
from tests.doors import Happy, Visit
from tests.world import World

NOON = datetime(2026, 11, 27, 12, tzinfo=SHANGHAI)


def next_tariff(world: World, **more: Any) -> dict[str, Any]:
    day = today(world.clock.now()) + timedelta(days=1)
    usual = {"base_fen": 700, "base_metres": 2500, "per_km_fen": 180, "free_wait_minutes": 5}
    return {"valid_from": day.isoformat(), "wait_minute_fen": 30} | usual | more


# The doors.


async def visit_current(world: World) -> Visit:
    return Visit(path="/v1/tariffs/current/fare", query={"metres": 5700})


async def visit_list(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="dispatcher")), path="/v1/tariffs")


async def visit_draft(world: World) -> Visit:
    who = await world.staff(Grant(role="accountant"))
    return Visit(who=who, path="/v1/tariffs", body=next_tariff(world))


async def drafted(world: World, **more: Any) -> tuple[Any, str]:
    """Who has written it, and where it is."""
    author = await world.staff(Grant(role="dispatcher"))
    made = await author.post("/v1/tariffs", next_tariff(world, **more))
    assert made.status == 201, made.body
    return author, f"/v1/tariffs/{made.json['version']['number']}"


async def visit_fare(world: World) -> Visit:
    author, path = await drafted(world)
    return Visit(who=author, path=f"{path}/fare", query={"metres": 5700}, shared=True)


async def visit_approve(world: World) -> Visit:
    _, path = await drafted(world)
    return Visit(who=await world.staff(Grant(role="admin")), path=f"{path}/approve", shared=True)


async def visit_return(world: World) -> Visit:
    _, path = await drafted(world)
    who = await world.staff(Grant(role="admin"))
    return Visit(who=who, path=f"{path}/return", body={"reason": "起步价写错了"}, shared=True)


async def visit_withdraw(world: World) -> Visit:
    author, path = await drafted(world)
    return Visit(who=author, path=f"{path}/withdraw", shared=True)


HAPPY: Happy = {
    ("GET", "/v1/tariffs/current/fare"): visit_current,
    ("GET", "/v1/tariffs"): visit_list,
    ("POST", "/v1/tariffs"): visit_draft,
    ("GET", "/v1/tariffs/{number}/fare"): visit_fare,
    ("POST", "/v1/tariffs/{number}/approve"): visit_approve,
    ("POST", "/v1/tariffs/{number}/return"): visit_return,
    ("POST", "/v1/tariffs/{number}/withdraw"): visit_withdraw,
}


# A fare.


@pytest.mark.parametrize(
    ("metres", "hour", "waited_s", "total_fen"),
    [
        (0, 12, 0, 700),
        (2500, 12, 0, 700),
        (2530, 12, 0, 710),  # 5.4 fen for 30 metres, to the next tenth of a yuan
        (5700, 12, 0, 1280),  # 700 + 3.2 km at 180 = 1276
        (5700, 12, 359, 1280),  # five full minutes are free
        (5700, 12, 479, 1340),  # two minutes beyond, at 30
        (5700, 22, 0, 1530),  # a fifth more on the way
        (5700, 5, 0, 1530),
        (5700, 6, 0, 1280),
    ],
)
def test_a_fare_is_what_the_tariff_says_to_the_fen(
    metres: int, hour: int, waited_s: int, total_fen: int
) -> None:
    said = fare(FIRST, metres=metres, at=NOON.replace(hour=hour), seconds_waited=waited_s)
    assert said.total_fen == total_fen
    assert sum(one.amount_fen for one in said.lines) == total_fen


@pytest.mark.parametrize(("rounding", "total_fen"), [("down", 1250), ("half_up", 1300), ("up", 1300)])
def test_a_total_is_rounded_as_the_version_says(rounding: Any, total_fen: int) -> None:
    rules = replace(FIRST, body=replace(FIRST.body, step_fen=50, rounding=rounding))
    said = fare(rules, metres=5700, at=NOON)
    assert (said.total_fen, said.lines[-1].name) == (total_fen, "rounding")


def test_what_helps_the_old_costs_nothing_unless_the_tariff_says_so() -> None:
    said = fare(FIRST, metres=1000, at=NOON, wheelchair=True, helper=True)
    assert [one.amount_fen for one in said.lines] == [700, 0, 0]
    dearer = replace(FIRST, body=replace(FIRST.body, wheelchair_fen=500))
    assert fare(dearer, metres=1000, at=NOON, wheelchair=True).total_fen == 1200
    assert fare(dearer, metres=1000, at=NOON).total_fen == 700


# Versions.


async def test_a_tariff_is_written_by_one_approved_by_another_and_counts_from_its_midnight(
    world: World,
) -> None:
    author, path = await drafted(world, base_fen=900)
    ride = {"metres": 1000, "at": world.at(12)}
    tomorrow = dict(ride, at=world.at(12, days=1))
    today_at_noon = dict(ride, at=world.at(12, days=0))
    assert (await author.post(f"{path}/approve")).code == "own_version"
    assert (await author.get("/v1/tariffs/current/fare", **tomorrow)).json["total_fen"] == 700
    assert (await author.get(f"{path}/fare", **tomorrow)).json["total_fen"] == 900
    other = await world.staff(Grant(role="accountant"))
    approved = await other.post(f"{path}/approve")
    assert approved.json["version"]["state"] == "approved", approved.body
    assert (await other.post(f"{path}/return", {"reason": "晚了"})).code == "rules_answered"

    async def dearer() -> bool:
        return bool((await other.get("/v1/tariffs/current/fare", **tomorrow)).json["total_fen"] == 900)

    await world.until(dearer, "the version in every memory")
    before = await other.get("/v1/tariffs/current/fare", **today_at_noon)
    assert (before.json["total_fen"], before.json["version"]) == (700, 1)
    listed = (await other.get("/v1/tariffs")).json["items"]
    assert listed[-1]["version"]["state_text"] == "最初的" and listed[-1]["version"]["in_force"]


async def test_a_tariff_is_handed_back_or_taken_back_and_bad_ones_name_the_field(world: World) -> None:
    author, path = await drafted(world)
    other = await world.staff(Grant(role="admin"))
    assert (await other.post(f"{path}/withdraw")).code == "version_of_another"
    assert (await author.post(f"{path}/return", {"reason": "自己退"})).code == "own_version"
    assert (await author.post(f"{path}/withdraw")).json["version"]["reason"] == "写的人撤回了"
    assert (await other.post(f"{path}/approve")).code == "rules_answered"
    assert (await other.post("/v1/tariffs/999999/approve")).code == "version_not_found"
    night = {"name": "夜间", "start": "22:00", "end": "06:00", "percent": 20}
    wrong = [
        ({"valid_from": today(world.clock.now()).isoformat()}, 409, "rules_start_too_soon", "valid_from"),
        ({"surcharges": [night, night]}, 422, "surcharge_twice", "surcharges[1].name"),
    ]
    for more, status, code, field in wrong:
        reply = await author.post("/v1/tariffs", next_tariff(world, **more))
        assert (reply.status, reply.code, reply.json["error"]["field"]) == (status, code, field)
