"""The catalogue: what is offered, in which order, and that a change is seen at once."""

from datetime import timedelta

from msgspec.structs import replace

from server.catalogue import CATEGORIES, PROVIDERS, SERVICES, Category, Price, price_view, total_fen
from tests.doors import Happy, Visit
from tests.world import Shop, World, unique


async def visit_services(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/services")


async def visit_service(world: World) -> Visit:
    shop = await world.shop()
    return Visit(who=await world.resident(), path=f"/v1/services/{shop.service_id}", shared=True)


async def visit_slots(world: World) -> Visit:
    shop = await world.shop()
    return Visit(
        who=shop.worker, path=f"/v1/services/{shop.service_id}/slots", query={"days": 3}, shared=True
    )


HAPPY: Happy = {
    ("GET", "/v1/services"): visit_services,
    ("GET", "/v1/services/{service_id}"): visit_service,
    ("GET", "/v1/services/{service_id}/slots"): visit_slots,
}


async def offered(shop: Shop, **query: str) -> list[str]:
    reply = await shop.manager.get("/v1/services", **query)
    assert reply.status == 200, reply.body
    return [one["id"] for one in reply.json["items"]]


async def test_a_service_says_what_it_is_and_what_it_costs(world: World) -> None:
    shop = await world.shop(duration_min=90, price=Price(unit="hour", amount_fen=3500))
    found = (await shop.manager.get(f"/v1/services/{shop.service_id}")).json

    assert found["provider"] == {
        "id": shop.provider_id,
        "name": "爱洁家政",
        "phone": "0477-8300001",
        "rating": None,
    }
    assert found["price"] == {"unit": "hour", "amount_fen": 3500, "total_fen": 5250, "text": "35.00 元/小时"}
    listed = [
        one for one in (await shop.manager.get("/v1/services")).json["items"] if one["id"] == shop.service_id
    ]
    assert listed == [found]


async def test_a_category_lists_its_own_services_in_their_order(world: World) -> None:
    category = unique("category")
    late = await world.shop(category=category, rank=2)
    early = await world.shop(category=category, rank=1)
    other = await world.shop()

    assert await offered(late, category=category) == [early.service_id, late.service_id]
    assert other.service_id in await offered(late)
    reply = await late.manager.get("/v1/services", category="nowhere")
    assert (reply.status, reply.code) == (404, "category_not_found")


async def test_what_is_suspended_or_ended_is_off_the_list_at_once(world: World) -> None:
    category = unique("category")
    shop, other = await world.shop(category=category), await world.shop(category=category)
    assert len(await offered(shop, category=category)) == 2
    reader = world.house.db.reader()
    provider, service = reader.recall(PROVIDERS, shop.provider_id), reader.recall(SERVICES, other.service_id)
    assert provider is not None and service is not None

    await world.put(PROVIDERS, replace(provider, suspended=True))
    assert await offered(shop, category=category) == [other.service_id]
    await world.put(SERVICES, replace(service, active=False))
    assert await offered(shop, category=category) == []

    for one in (shop, other):
        for path in ("", "/slots"):
            reply = await shop.manager.get(f"/v1/services/{one.service_id}{path}")
            assert (reply.status, reply.code) == (404, "service_not_found")


async def test_a_changed_category_is_seen_at_once(world: World) -> None:
    shop = await world.shop(category=unique("category"))
    await offered(shop)
    await world.put(CATEGORIES, Category(id=shop.category, name="深度保洁", icon="sparkles"))
    found = (await shop.manager.get(f"/v1/services/{shop.service_id}")).json
    assert found["category_name"] == "深度保洁"


async def test_an_answer_about_slots_moves_on_with_the_time(world: World) -> None:
    shop = await world.shop(lead_time_min=60)
    path = f"/v1/services/{shop.service_id}/slots"
    first = (await shop.manager.get(path)).json["days"]
    world.clock.advance(timedelta(hours=3, minutes=1))
    later = (await shop.manager.get(path)).json["days"]

    assert len(first[0]["slots"]) - len(later[0]["slots"]) == 4
    assert first[1:] == later[1:]
    for bad in ({"days": 0}, {"days": 32}, {"from": "tomorrow"}, {"form": "2026-12-01"}):
        assert (await shop.manager.get(path, **bad)).status == 422


async def test_prices_are_said_as_people_say_them(world: World) -> None:
    shop = await world.shop()
    service = world.house.db.reader().recall(SERVICES, shop.service_id)
    assert service is not None
    said = {
        ("visit", 4005): "40.05 元/次",
        ("trip", 20000): "200.00 元/趟",
        ("month", 100): "1.00 元/月",
        ("free", 0): "免费",
        ("quote", 0): "看过再报价",
        ("quote", 9900): "看过再报价，99.00 元起",
    }
    for (unit, fen), text in said.items():
        priced = replace(service, price=Price(unit=unit, amount_fen=fen))  # type: ignore[arg-type]
        assert (price_view(priced).text, total_fen(priced)) == (text, fen)
