"""The page of papers that run out: whose, how soon, and nobody else's."""

from datetime import timedelta

from msgspec.structs import replace

from schemas.staff import Grant
from server.certificates import CERTIFICATES
from server.kit.clock import today
from server.staff import STAFF
from tests.browser import Browser
from tests.test_certificates import approved, paper
from tests.world import Shop, World

PAGE = "/console/certificates"


async def lasting(shop: Shop, days: int, kind: str = "health") -> str:
    """A paper of the shop's worker, or its own, that has so many days left; an id."""
    day = today(shop.world.clock.now())
    owner = shop.provider_id if kind in ("licence", "insurance") else shop.worker.id
    item = await approved(shop, owner, kind, day + timedelta(days=max(days, 0)))
    if days < 0:
        known = shop.world.house.db.reader().recall(CERTIFICATES, item["id"])
        assert known is not None and known.current is not None
        ended = replace(known.current, valid_until=day + timedelta(days=days))
        await shop.world.put(CERTIFICATES, replace(known, current=ended))
    return owner


async def test_papers_are_listed_by_how_soon_they_end(world: World) -> None:
    shop = await world.shop()
    await lasting(shop, 30)
    await lasting(shop, 31, "insurance")
    await lasting(shop, 61, "licence")
    await lasting(shop, -3, "driving")
    manager = Browser(world, shop.manager.token)
    usual = await manager.get(PAGE)
    assert "健康证" in usual.text and "30 天" in usual.text and "过期 3 天" in usual.text
    assert "公众责任保险" not in usual.text and "营业执照" not in usual.text
    assert usual.text.index("驾驶证") < usual.text.index("健康证"), "the first to end comes first"
    assert f"/console/rosters/{shop.worker.id}" in usual.body
    later = await manager.get(f"{PAGE}?within=60")
    assert "公众责任保险" in later.text and "营业执照" not in later.text
    assert f"/console/providers/{shop.provider_id}" in later.body
    ended = await manager.get(f"{PAGE}?within=ended")
    assert "驾驶证" in ended.text and "健康证" not in ended.text
    assert "已到期 1 30 天内到期 2 60 天内到期 3" in ended.text
    assert (await manager.get(f"{PAGE}?within=365")).status == 422


async def test_a_manager_sees_their_own_and_the_street_sees_all(world: World) -> None:
    shop, other = await world.shop(), await world.shop()
    await lasting(shop, 10)
    await lasting(other, 10)
    mine = await Browser(world, shop.manager.token).get(PAGE)
    assert shop.worker.id in mine.body and other.worker.id not in mine.body
    everybody = await Browser(world, shop.dispatcher.token).get(PAGE)
    assert shop.worker.id in everybody.body and other.worker.id in everybody.body
    assert (await Browser(world, shop.worker.token).get(PAGE)).status == 403


async def test_a_new_paper_that_waits_is_told_and_who_has_left_is_not_listed(world: World) -> None:
    shop = await world.shop()
    await lasting(shop, 5)
    until = today(world.clock.now()) + timedelta(days=400)
    sent = await shop.manager.post("/v1/certificates", paper(shop.worker.id, "health", until))
    assert sent.status == 201
    manager = Browser(world, shop.manager.token)
    assert "已交，等审核" in (await manager.get(PAGE)).text
    worker = world.house.db.reader().recall(STAFF, shop.worker.id)
    assert worker is not None
    await world.put(STAFF, replace(worker, grants=[Grant(role="worker", provider_id="elsewhere")]))
    assert shop.worker.id not in (await manager.get(PAGE)).body


async def test_the_visits_that_nobody_may_make_are_listed_too(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    await lasting(shop, 20, "insurance")
    case = await shop.brought_to("assigned", resident)
    await lasting(shop, -1, "insurance")
    seen = await Browser(world, shop.manager.token).get(PAGE)
    assert "会因此去不成的上门" in seen.text and case["case_no"] in seen.text and "到期" in seen.text
