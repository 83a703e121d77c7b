"""The outbox: what cannot be told stays, is seen by the administrator alone, and is told when the cause is gone."""

from schemas.staff import Grant
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.world import Person, Shop, World

SEND = "/cgi-bin/message/send"
QUEUE = "/v1/outbox/work_notices"


async def admin(world: World) -> Person:
    return await world.staff(Grant(role="admin"))


async def given_up(world: World, hours: tuple[int, ...] = (10,)) -> Shop:
    """A shop whose manager was to be told of bookings while the platform refused us; all else has gone out."""
    await (await admin(world)).post(f"{QUEUE}/retry", {})
    await world.work()
    shop, resident = await world.shop(capacity=9), await world.resident()
    for hour in hours:
        await shop.booked(resident, world.at(hour))
    await world.control("faults", path=SEND, errcode=40056, times=2 * len(hours))  # as a card, and as a line
    await world.work()
    return shop


async def visit_queues(world: World) -> Visit:
    return Visit(who=await admin(world), path="/v1/outbox")


async def visit_letters(world: World) -> Visit:
    return Visit(who=await admin(world), path=QUEUE, shared=True)


async def visit_retry(world: World) -> Visit:
    await given_up(world)
    return Visit(who=await admin(world), path=f"{QUEUE}/retry", body={}, shared=True)


HAPPY: Happy = {
    ("GET", "/v1/outbox"): visit_queues,
    ("GET", "/v1/outbox/{queue}"): visit_letters,
    ("POST", "/v1/outbox/{queue}/retry"): visit_retry,
}


async def figures(boss: Person, name: str = "work_notices") -> tuple[int, int]:
    items = (await boss.get("/v1/outbox")).json["queues"]
    return next((one["waiting"], one["dead"]) for one in items if one["name"] == name)


async def reached(world: World, person: Person) -> int:
    return len((await world.told("messages", userid=person.id))["items"])


async def test_what_was_given_up_is_listed_with_its_cause_and_goes_out_when_it_is_tried_again(
    world: World,
) -> None:
    boss = await admin(world)
    shop = await given_up(world)
    assert await figures(boss) == (0, 1)
    [letter] = (await boss.get(QUEUE)).json["items"]
    assert letter["error"].startswith("40056") and letter["dead_at"] and letter["next_at"] is None
    assert (await boss.get(QUEUE, stage="waiting")).json["items"] == []

    refused = await boss.post(f"{QUEUE}/retry", {"id": "nobody's"})
    assert (refused.status, refused.code) == (404, "letter_not_found")
    assert (await boss.get("/v1/outbox/nothing")).status == 404
    assert (await boss.post(f"{QUEUE}/retry", {"id": letter["id"]})).json == {"count": 1, "left": False}
    assert await figures(boss) == (1, 0)
    [waiting] = (await boss.get(QUEUE, stage="waiting")).json["items"]
    assert (waiting["id"], waiting["attempts"], waiting["error"]) == (letter["id"], 0, "")
    twice = await boss.post(f"{QUEUE}/retry", {"id": letter["id"]})
    assert (twice.status, twice.code) == (409, "letter_not_dead")
    await world.work()

    assert await figures(boss) == (0, 0)
    assert await reached(world, shop.manager) == 1
    rows = (await boss.get("/v1/audit", actor=boss.id)).json["items"]
    assert ("outbox.post", ["work_notices"]) in [(one["what"], one["subjects"]) for one in rows]


async def test_all_that_was_given_up_is_tried_again_at_once_on_the_page(world: World) -> None:
    boss = await admin(world)
    shop = await given_up(world, (10, 12, 14))
    pages, cursor = [], None
    while True:
        found = (await boss.get(QUEUE, limit=2, **({"cursor": cursor} if cursor else {}))).json
        pages.append([one["id"] for one in found["items"]])
        cursor = found["next"]
        if cursor is None:
            break
    assert [len(one) for one in pages] == [2, 1] and len({one for page in pages for one in page}) == 3

    browser = Browser(world, boss.token)
    page = await browser.get("/console/outbox?queue=work_notices")
    assert page.text.count("40056 bug") == 3
    seen = await browser.follow(await browser.press(page, "work_notices/retry"))
    assert "已重新发送 3 条" in seen.text and "没有停发的消息" in seen.text
    await world.work()
    assert await reached(world, shop.manager) == 3


async def test_a_platform_that_refuses_once_more_brings_it_back(world: World) -> None:
    boss = await admin(world)
    await given_up(world)
    await world.control("faults", path=SEND, errcode=40056)
    assert (await boss.post(f"{QUEUE}/retry", {})).json["count"] == 1
    await world.work()
    assert await figures(boss) == (0, 1)


async def test_nobody_but_the_administrator_looks_into_it(world: World) -> None:
    shop = await given_up(world)
    for who in (shop.manager, shop.dispatcher, shop.worker, await world.staff(Grant(role="operator"))):
        assert (await who.get("/v1/outbox")).status == 403
        assert (await who.post(f"{QUEUE}/retry", {})).status == 403
        assert (await Browser(world, who.token).get("/console/outbox")).status == 403
