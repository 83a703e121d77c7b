"""The page of what lies ahead: the line and the plans of those in scope, and nobody else's."""

from schemas.staff import Grant
from tests.browser import Browser
from tests.world import World


async def test_staff_see_the_line_and_the_plans_in_their_scope(world: World) -> None:
    shop = await world.shop(1, weekly=[[(10 * 60, 12 * 60)]] * 7)
    await shop.booked(await world.resident())
    waiting, regular = await world.resident(name="李候补"), await world.resident(name="赵每周")
    await waiting.post("/v1/waitlist", {"service_id": shop.service_id, "start": world.at(10)})
    plan = {"service_id": shop.service_id, "weekdays": [1, 2, 3, 4, 5, 6, 7], "time": "10:00", "weeks": 1}
    assert (await regular.post("/v1/plans", plan)).status == 201
    await world.work()

    operator = await world.staff(Grant(role="operator"))
    for who in (shop.manager, operator):
        page = await Browser(world, who.token).get("/console/ahead")
        assert page.status == 200
        assert "李候补" in page.text and "前面 0 位" in page.text
        assert "赵每周" in page.text and "每周一、二、三、四、五、六、日 10:00" in page.text
        assert "HB-" in page.text

    other = await world.shop()
    page = await Browser(world, other.manager.token).get("/console/ahead")
    assert "现在没有人候补" in page.text and "还没有定期服务" in page.text


async def test_a_worker_has_no_such_page(world: World) -> None:
    shop = await world.shop()
    assert (await Browser(world, shop.worker.token).get("/console/ahead")).status == 403
