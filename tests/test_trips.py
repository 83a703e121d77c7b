"""Around a departure: reminders, once each and for tickets that are good; papers shown with a reason, and wiped after."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server.audit import AUDIT
from server.kit.vault import Unreadable
from server.passengers import TRAVELLERS
from server.passengers.stored import opened
from tests.houses import next_door
from tests.test_passengers import everything_stored
from tests.ticketing import PRICE, id_no, moved, open_office
from tests.world import Person, World

WHY = {"reason": "identity"}


async def told(who: Person) -> list[str]:
    items = (await who.get("/v1/inbox")).json["items"]
    return [one["text"] for one in items if one["title"] == "出行提醒"]


async def at(world: World, moment: str | datetime) -> None:
    """Let the worker do what is due then."""
    world.clock.set(datetime.fromisoformat(moment) if isinstance(moment, str) else moment)
    for _ in range(3):
        await world.work()


def leaves(case: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(case["details"]["passengers"][0]["depart_at"])


async def test_the_evening_before_and_three_hours_before_each_once_whoever_works(world: World) -> None:
    office, owner = await open_office(world), await world.resident()
    case = await office.ticketed(owner, 1990, 1958)
    start = leaves(case)
    await world.work()

    await at(world, start - timedelta(hours=15, seconds=1))
    assert await told(await again(world, owner)) == []
    async with next_door(world) as there:
        world.clock.set(start - timedelta(hours=15))
        await world.work()
        await there.work()
        await world.work()
    [evening] = await told(await again(world, owner))
    assert evening.startswith("明天出行：D6701 二等座，") and "9:00 从东胜西开车，到呼和浩特东" in evening
    assert "王** 05 3F、王** 05 4F" in evening and "证件" in evening

    await at(world, start - timedelta(hours=3, seconds=1))
    assert len(await told(await again(world, owner))) == 1
    await at(world, start - timedelta(hours=3))
    await at(world, start + timedelta(hours=1))
    morning, _ = await told(await again(world, owner))
    assert morning.startswith("今天出行：D6701")


async def again(world: World, who: Person) -> Person:
    return await world.resident(who.openid)


async def test_a_changed_ticket_moves_the_reminder_and_one_given_back_takes_it_away(world: World) -> None:
    office, owner = await open_office(world), await world.resident()
    case = await office.ticketed(owner, 1990, 1958)
    stays, goes = (one["id"] for one in case["details"]["passengers"])
    start = leaves(case)
    moved_to = start + timedelta(days=2)
    await moved(owner, case, "ask_change", passengers=[stays], wish="晚两天")
    offer = {"number": "D6709", "seat_class": "second", "depart_at": moved_to.isoformat(), "price_fen": PRICE}
    await moved(office.agent, case, "offer_change", **offer)
    await moved(owner, case, "accept_change", change_version=1)
    results = [{"passenger_id": stays, "carriage": "02", "seat": "1A"}]
    await moved(office.agent, case, "confirm_bought_change", record_no="E2", results=results)
    await moved(owner, case, "ask_refund", passengers=[goes])
    await moved(owner, case, "confirm_refund", refund_version=1)
    await world.work()

    await at(world, start - timedelta(hours=1))
    assert await told(await again(world, owner)) == []
    await at(world, moved_to - timedelta(hours=15))
    [only] = await told(await again(world, owner))
    assert "D6709" in only and "王** 02 1A" in only and "3F" not in only


async def test_who_was_late_is_told_once_and_nothing_after_the_train_has_left(world: World) -> None:
    office, owner, other = await open_office(world), await world.resident(), await world.resident()
    case = await office.ticketed(owner)
    gone = await office.ticketed(other, days=1, buy_by=world.at(20, days=0))
    await world.work()

    await at(world, leaves(gone) + timedelta(minutes=1))
    await at(world, leaves(case) - timedelta(hours=2))
    assert len(await told(await again(world, owner))) == 1
    assert await told(await again(world, other)) == []


async def test_a_moment_that_was_over_when_the_ticket_was_bought_is_not_made_up_for(world: World) -> None:
    world.clock.advance(timedelta(hours=9, minutes=30))
    office, owner = await open_office(world), await world.resident()
    case = await office.ticketed(owner, days=1, buy_by=world.at(20, days=0))
    await at(world, world.clock.now())

    assert await told(owner) == []
    await at(world, leaves(case) - timedelta(hours=3))
    assert len(await told(await again(world, owner))) == 1


async def test_the_buyer_sees_papers_with_a_reason_on_record_and_nobody_else_does(world: World) -> None:
    office, owner = await open_office(world), await world.resident()
    stranger = await open_office(world)
    case = await office.buying(owner)
    path = f"/v1/tickets/{case['case_no']}/travellers"

    seen = await office.agent.post(path, WHY)
    assert seen.status == 200 and seen.json["people"][0]["name"] == "王桂英", seen.body
    number = seen.json["people"][0]["id_no"]
    assert len(number) == 18 and number not in str(case)
    assert (await stranger.agent.post(path, WHY)).code == "case_not_found"
    sees_all = await world.staff(
        Grant(role="operator"), Grant(role="provider", provider_id=stranger.agency_id)
    )
    assert (await sees_all.get(f"/v1/cases/{case['case_no']}")).status == 200
    assert (await sees_all.post(path, WHY)).code == "case_not_found"
    assert (await owner.post(path, WHY)).status == 403
    assert (await world.call("POST", path, WHY)).status == 401
    assert (await office.agent.post(path, {})).status == 422
    rows = await world.house.db.reader().all(AUDIT, {"what": "passengers.reveal"}, limit=10)
    assert [one.reason for one in rows if case["case_no"] in one.subjects] == ["当面核对身份"]


async def test_papers_are_nowhere_in_the_database_and_gone_some_days_after_the_trip(world: World) -> None:
    office, owner = await open_office(world), await world.resident()
    made = await owner.post(
        "/v1/passengers", {"name": "诺敏其其格", "id_kind": "id_card", "id_no": (number := id_no(1956))}
    )
    wanted = office.wish([made.json["id"]])
    case = (await owner.post("/v1/tickets", wanted, key="an-order")).json
    case = await moved(office.agent, case, "quote", **office.quoting(case))
    await moved(owner, case, "authorise", quote_version=1)
    await moved(office.clerk, case, "pay_cash")
    await office.agent.post(f"/v1/tickets/{case['case_no']}/travellers", WHY, key="a-look")
    case = await moved(office.agent, case, "record", **office.results(case))
    await world.work()

    stored = await everything_stored(world)
    for secret in (number, "诺敏其其格", "1956-03-08", "19560308"):
        assert secret.encode() not in stored, secret
    reader, days = world.house.db.reader(), world.house.settings.tickets.wipe_days
    assert await reader.get(TRAVELLERS, case["case_no"]) is not None

    after = leaves(case) + timedelta(days=days)
    await at(world, after - timedelta(seconds=1))
    assert await reader.get(TRAVELLERS, case["case_no"]) is not None
    await at(world, after)
    assert await reader.get(TRAVELLERS, case["case_no"]) is None
    seen = (await (await again(world, owner)).get(f"/v1/cases/{case['case_no']}")).json
    [kept] = seen["details"]["passengers"]
    assert (kept["name_masked"], kept["seat"], seen["details"]["wiped"]) == ("诺****", "3F", True)
    agent = await world.sign_in(office.agent.id)
    assert (await agent.post(f"/v1/tickets/{case['case_no']}/travellers", WHY)).code == "papers_wiped"


async def test_who_does_not_travel_has_no_papers_left_at_once(world: World) -> None:
    office, owner = await open_office(world), await world.resident()
    reader = world.house.db.reader()

    cancelled = await moved(owner, await office.ordered(owner), "cancel")
    nothing = await office.buying(owner)
    nothing = await moved(office.agent, nothing, "record", **office.results(nothing, failed=1))
    late = await office.quoted(owner)
    await world.work()
    for case in (cancelled, nothing):
        assert await reader.get(TRAVELLERS, case["case_no"]) is None, case["state"]
    await at(world, late["expires_at"])
    assert await reader.get(TRAVELLERS, late["case_no"]) is None


async def test_a_sealed_paper_opens_for_its_own_order_only(world: World) -> None:
    office, owner = await open_office(world), await world.resident()
    first, second = await office.ordered(owner), await office.ordered(owner)
    reader, vault = world.house.db.reader(), world.house.vault
    one = await reader.get(TRAVELLERS, first["case_no"])
    other = await reader.get(TRAVELLERS, second["case_no"])
    assert one is not None and other is not None
    mine = one.people[0]

    assert opened(vault, mine.sealed, f"{one.id}|{mine.id}").name == "王桂英"
    with pytest.raises(Unreadable):
        opened(vault, mine.sealed, f"{other.id}|{mine.id}")
