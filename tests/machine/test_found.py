"""What the machine has found, each as short as it can be told."""

from datetime import timedelta

from server.catalogue import Concession
from server.slots import OCCUPANCY
from tests.test_waitlist import cancel, full_shop, queue_of, seen
from tests.world import World


async def test_a_visit_that_is_done_before_its_time_leaves_the_time_to_others(world: World) -> None:
    shop, resident = await world.shop(capacity=1), await world.resident()
    await shop.brought_to("completed", resident, world.at(14))

    again = await shop.booked(resident, world.at(14))
    for action, form in (("confirm", {}), ("assign", {"worker_id": shop.worker.id})):
        assert (await shop.manager.act(again["case_no"], action, **form)).status == 200
    days = await world.house.db.reading(lambda reader: reader.all(OCCUPANCY, {}, limit=100))
    assert {
        max(one.cells.values()) for one in days if shop.pool_id in one.id or shop.worker.id in one.id
    } == {1}


async def test_a_no_show_that_is_overturned_gives_the_free_visit_back(world: World) -> None:
    shop = await world.shop(concession=Concession(min_age=0, free_per_month=1))
    resident = await world.resident()
    case = await shop.brought_to("appealed", resident, world.at(10, days=0))
    assert case["details"]["price_fen"] == 0
    assert (await shop.booked(resident, world.at(15, days=0)))["details"]["price_fen"] > 0

    await shop.dispatcher.act(case["case_no"], "overturn", reason="门铃坏了")

    assert (await shop.booked(resident, world.at(17, days=0)))["details"]["price_fen"] == 0


async def test_who_has_taken_the_offered_seat_does_not_lose_it_by_leaving_the_line(world: World) -> None:
    """Between the answer and the worker who hears of it the entry still says that it is offered."""
    shop, [(leaver, case_no)] = await full_shop(world)
    [(who, entry)] = await queue_of(world, shop, 1)
    await cancel(leaver, case_no)
    await world.work()
    offered = (await seen(who, entry))["case_no"]
    assert (await who.act(offered, "submit")).status == 200

    left = await who.delete(f"/v1/waitlist/{entry['id']}")

    assert (left.status, left.code) == (409, "no_longer_waiting")
    assert (await who.get(f"/v1/cases/{offered}")).json["state"] == "submitted"
    world.clock.advance(timedelta(minutes=20))
    await world.work()
    assert (await seen(who, entry))["state"] == "taken"
