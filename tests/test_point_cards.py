"""Taking a card on the phone: with the window's code, by whom it is for, within a few tries; and what comes after."""

from datetime import timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server.card_codes import CARD_CODES
from tests.doors import Happy, Visit
from tests.test_points import balance, card_no, clerk, holder, in_force, till
from tests.world import Person, Reply, World, unique


async def code_for(who: Person, number: str, by: Person | None = None, **more: Any) -> Reply:
    me = (await who.get("/v1/me")).json
    body = {"resident_id": who.id, "number": number, "name": me["name"], "phone": me["phone"]} | more
    return await (by or await clerk(who.world)).post("/v1/point-cards/codes", body)


async def claim(who: Person, number: str, code: str) -> Reply:
    return await who.post("/v1/points/card/claim", {"number": number, "code": code})


async def invited(world: World) -> tuple[Person, str, str]:
    """Somebody with a card in hand and its code."""
    resident, number = await world.resident(), card_no()
    told = await code_for(resident, number)
    assert told.status == 201, told.body
    return resident, number, told.json["code"]


def another(code: str) -> str:
    return "000 000" if code != "000 000" else "111 111"


# The doors.


async def visit_code(world: World) -> Visit:
    resident = await world.resident()
    me = (await resident.get("/v1/me")).json
    body = {"resident_id": resident.id, "number": card_no(), "name": me["name"], "phone": me["phone"]}
    return Visit(who=await clerk(world), path="/v1/point-cards/codes", body=body)


async def visit_claim(world: World) -> Visit:
    resident, number, code = await invited(world)
    return Visit(who=resident, path="/v1/points/card/claim", body={"number": number, "code": code})


HAPPY: Happy = {
    ("POST", "/v1/point-cards/codes"): visit_code,
    ("POST", "/v1/points/card/claim"): visit_claim,
}


# Codes.


async def test_the_code_of_the_window_takes_the_card_and_what_was_bought_with_it(world: World) -> None:
    await in_force(world)
    resident, number, code = await invited(world)
    here = await till(world)
    await here.sent(here.swipe(number, 20000))
    taken = await claim(resident, number, code)
    assert (taken.status, taken.json["number"], taken.json["state"]) == (201, f"尾号 {number[-4:]}", "active")
    assert await balance(resident) == (100, 0)
    assert (await claim(resident, number, code)).code == "card_code_over"


async def test_a_lost_answer_is_repeated_and_spends_no_try(world: World) -> None:
    resident, number, code = await invited(world)
    body, key = {"number": number, "code": code.replace(" ", "")}, unique("key")
    first, again = [await resident.post("/v1/points/card/claim", body, key=key) for _ in range(2)]
    assert (first.status, again.status, again.headers["Idempotent-Replayed"]) == (201, 201, "true")
    assert first.body == again.body


async def test_whoever_guesses_is_stopped_after_a_few_tries(world: World) -> None:
    resident, number, code = await invited(world)
    tries = world.house.settings.points.code_tries
    told = [await claim(resident, number, another(code)) for _ in range(tries)]
    assert [one.code for one in told] == ["card_code_wrong"] * (tries - 1) + ["card_code_over"]
    assert f"还可以试 {tries - 1} 次" in told[0].json["error"]["message"]
    assert (await claim(resident, number, code)).code == "card_code_over"


async def test_a_code_is_good_for_its_card_its_resident_and_its_time(world: World) -> None:
    resident, number, code = await invited(world)
    assert (await claim(resident, card_no(), code)).code == "card_code_wrong"
    assert (await claim(await world.resident(), number, code)).code == "card_code_over"
    world.clock.advance(timedelta(minutes=world.house.settings.points.code_minutes))
    assert (await claim(resident, number, code)).code == "card_code_over"


async def test_name_and_telephone_are_looked_at_again_when_the_card_is_taken(world: World) -> None:
    resident, number, code = await invited(world)
    await resident.patch("/v1/me", {"name": "别人"})
    assert (await claim(resident, number, code)).code == "holder_differs"
    await resident.patch("/v1/me", {"name": "王桂英"})
    assert (await claim(resident, number, code)).status == 201


async def test_the_window_gives_a_code_to_whom_it_may_and_not_too_often(world: World) -> None:
    resident, number = await world.resident(), card_no()
    assert (await code_for(resident, number, name="别人")).code == "holder_differs"
    elsewhere = await world.staff(Grant(role="clerk", community_id=unique("community")))
    assert (await code_for(resident, number, by=elsewhere)).status == 404
    _, others = await holder(world)
    assert (await code_for(resident, others)).code == "card_of_another"
    for _ in range(world.house.settings.points.code_most):
        told = await code_for(resident, number)
        assert told.status == 201
    refused = await code_for(resident, number)
    assert (refused.status, refused.code) == (429, "card_codes_too_many")
    assert int(refused.headers["Retry-After"]) > 0
    assert (await claim(resident, number, told.json["code"])).status == 201
    world.clock.advance(timedelta(hours=1))
    assert (await code_for(resident, card_no())).code == "has_card"


async def test_what_is_stored_of_a_code_does_not_tell_it(world: World) -> None:
    resident, _, code = await invited(world)
    kept = await world.house.db.reading(lambda reader: reader.get(CARD_CODES, resident.id))
    assert kept is not None
    assert code.replace(" ", "") not in kept.code
    assert len(kept.code) > len(code)


# What is done with it.


@pytest.mark.parametrize(
    ("before", "move", "after"),
    [
        ((), "freeze", "frozen"),
        ((), "lost", "lost"),
        ((), "release", "card_not_in_use"),
        (("lost",), "freeze", "frozen"),
        (("lost",), "release", "active"),
        (("lost",), "lost", "card_not_in_use"),
        (("freeze",), "release", "active"),
        (("freeze",), "lost", "card_not_in_use"),
        ((), "burn", "no_such_move"),
    ],
)
async def test_a_card_moves_as_its_table_says(
    world: World, before: tuple[str, ...], move: str, after: str
) -> None:
    (resident, _), desk = await holder(world), await clerk(world)
    for one in (*before, move):
        told = await desk.post(f"/v1/residents/{resident.id}/card/{one}", {"reason": "有人冒用"})
    assert (told.code or told.json["state"]) == after


async def test_the_window_undoes_what_the_phone_has_reported(world: World) -> None:
    (resident, _), desk = await holder(world), await clerk(world)
    assert (await resident.post("/v1/points/card/lost", {"reason": "找不到了"})).json["state"] == "lost"
    found = await desk.post(f"/v1/residents/{resident.id}/card/release", {"reason": "找到了"})
    assert found.json["state"] == "active"
    assert (await resident.get("/v1/points")).json["card"]["state_text"] == "正常"
