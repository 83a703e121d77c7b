"""Prices in versions: approved by another, in force from midnight, and no booking's price ever changes."""

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from schemas.staff import Grant
from server.cases import CASES
from server.catalogue import PRICE_LISTS, SERVICES, Concession
from server.kit.clock import SHANGHAI, today
from tests.doors import Happy, Visit
from tests.world import Shop, World


def wanted(shop: Shop, days: int, amount_fen: int, unit: str = "hour") -> dict[str, Any]:
    day = today(shop.world.clock.now()) + timedelta(days=days)
    line = {"service_id": shop.service_id, "unit": unit, "amount_fen": amount_fen}
    return {"valid_from": day.isoformat(), "prices": [line], "note": "人工涨价"}


async def in_force(shop: Shop, days: int, amount_fen: int) -> int:
    """A version drafted by the manager and approved by the dispatcher; its number."""
    path = f"/v1/providers/{shop.provider_id}/price-lists"
    made = await shop.manager.post(path, wanted(shop, days, amount_fen))
    assert made.status == 201, made.body
    number: int = made.json["number"]
    done = await shop.dispatcher.post(f"{path}/{number}/approve")
    assert done.status == 200, done.body

    async def known() -> bool:
        one = shop.world.house.db.reader().recall(PRICE_LISTS, f"{shop.provider_id}|{number}")
        return one is not None and one.state == "approved"

    await shop.world.until(known, "price list")
    return number


async def visit_lists(world: World) -> Visit:
    shop, other = await world.shop(), await world.shop()
    path = f"/v1/providers/{shop.provider_id}/price-lists"
    return Visit(who=shop.manager, path=path, stranger=other.manager)


async def visit_draft(world: World) -> Visit:
    shop, other = await world.shop(), await world.shop()
    path = f"/v1/providers/{shop.provider_id}/price-lists"
    return Visit(who=shop.manager, path=path, body=wanted(shop, 3, 4000), stranger=other.manager)


async def visit_changes(world: World) -> Visit:
    shop, other = await world.shop(), await world.shop()
    number = await in_force(shop, 3, 4000)
    path = f"/v1/providers/{shop.provider_id}/price-lists/{number}/changes"
    return Visit(who=shop.manager, path=path, stranger=other.manager)


HAPPY: Happy = {
    ("GET", "/v1/providers/{provider_id}/price-lists"): visit_lists,
    ("POST", "/v1/providers/{provider_id}/price-lists"): visit_draft,
    ("GET", "/v1/providers/{provider_id}/price-lists/{number}/changes"): visit_changes,
}
COVERS = {
    ("POST", "/v1/providers/{provider_id}/price-lists/{number}/approve"),
    ("POST", "/v1/providers/{provider_id}/price-lists/{number}/return"),
}


async def test_a_draft_is_approved_by_another_or_handed_back_and_never_touched_again(world: World) -> None:
    shop, other, admin = await world.shop(), await world.shop(), await world.staff(Grant(role="admin"))
    path = f"/v1/providers/{shop.provider_id}/price-lists"
    for body, status, code in (
        (wanted(shop, 0, 4000), 409, "starts_too_soon"),
        (wanted(shop, 1, 4000, unit="quote"), 422, "unit_does_not_fit"),
        (wanted(shop, 1, 4000, unit="free"), 422, "unit_does_not_fit"),
        (wanted(other, 1, 4000), 422, "not_their_service"),
        (wanted(shop, 1, 4000) | {"prices": wanted(shop, 1, 1)["prices"] * 2}, 422, "price_twice"),
    ):
        refused = await shop.manager.post(path, body)
        assert (refused.status, refused.code) == (status, code)

    made = (await admin.post(path, wanted(shop, 1, 4000))).json
    assert (made["number"], made["state"], made["author"]) == (2, "draft", "王芳")
    own = await admin.post(f"{path}/2/approve")
    assert (own.status, own.code) == (403, "own_price_list")
    assert (await shop.manager.post(f"{path}/2/approve")).status == 403
    assert (await world.call("POST", f"{path}/2/return", {"reason": "高"})).status == 401
    back = await shop.dispatcher.post(f"{path}/2/return", {"reason": "涨得太多"})
    assert (back.json["state"], back.json["reason"]) == ("returned", "涨得太多")
    assert (await shop.dispatcher.post(f"{path}/2/approve")).code == "price_list_answered"
    assert (await shop.dispatcher.post(f"{path}/x/approve")).code == "price_list_not_found"
    assert (await shop.dispatcher.post(f"{path}/9/return", {"reason": "无"})).code == "price_list_not_found"

    drafted = (await shop.manager.post(path, wanted(shop, 1, 3800))).json
    assert drafted["number"] == 3
    world.clock.advance(timedelta(days=1))
    shop = await shop.signed_in_anew()
    late = await shop.dispatcher.post(f"{path}/3/approve")
    assert (late.status, late.code) == (409, "starts_too_soon"), "no price changes in the middle of a day"


async def test_a_price_switches_at_midnight_in_shanghai_and_a_booking_keeps_its_own(world: World) -> None:
    shop, resident = await world.shop(), await world.resident(birth_year=1950)
    service = world.house.db.reader().recall(SERVICES, shop.service_id)
    assert service is not None
    await world.put(SERVICES, replace(service, concession=Concession(percent_off=50)))
    before = await shop.booked(resident, world.at(10, days=3))
    number = await in_force(shop, 2, 4000)

    async def price() -> tuple[int, int, str]:
        one = (await resident.get(f"/v1/services/{shop.service_id}")).json
        listed = (await resident.get("/v1/services")).json["items"]
        assert one in listed
        coming = one["coming_price"]
        return one["price"]["amount_fen"], one["price"]["total_fen"], coming["text"] if coming else ""

    day = today(world.clock.now()) + timedelta(days=2)
    announced = f"{day.month} 月 {day.day} 日起 40.00 元/小时"
    assert await price() == (3500, 7000, announced)
    midnight = datetime.combine(day, datetime.min.time(), SHANGHAI)
    world.clock.set(midnight - timedelta(milliseconds=1))
    assert await price() == (3500, 7000, announced)
    evening = await shop.booked(resident, world.at(14, days=3))
    world.clock.set(midnight)
    assert await price() == (4000, 8000, "")
    after = await shop.booked(resident, world.at(16, days=3))

    async def kept(case: dict[str, Any]) -> tuple[int, str, int]:
        reader = world.house.db.reader()
        stored = await reader.get(CASES, case["case_no"])
        assert stored is not None
        return stored.details["price_fen"], stored.details["price_list"], stored.details["list_fen"]

    first = f"{shop.provider_id}|1"
    assert await kept(before) == await kept(evening) == (3500, first, 7000)
    assert await kept(after) == (4000, f"{shop.provider_id}|{number}", 8000)
    moved = await resident.act(before["case_no"], "reschedule", start=world.at(12, days=4))
    assert moved.json["details"]["price_fen"] == 3500

    shop = await shop.signed_in_anew()
    dearer = await in_force(shop, 5, 3000)
    path = f"/v1/providers/{shop.provider_id}/price-lists"
    lists = (await shop.manager.get(path)).json["items"]
    assert [(one["number"], one["in_force"]) for one in lists] == [
        (dearer, False),
        (number, True),
        (1, False),
    ]
    one = (await shop.manager.get(f"{path}/{dearer}/changes")).json["changes"][0]
    assert (one["change"], one["difference_fen"], one["before"]["text"]) == (
        "cheaper",
        -1000,
        "40.00 元/小时",
    )
    since_first = (await shop.manager.get(f"{path}/{dearer}/changes", since=1)).json
    assert (since_first["since"], since_first["changes"][0]["difference_fen"]) == (1, -500)
