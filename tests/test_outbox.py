"""The outbox: what cannot be told stays, is seen by the administrator alone, and is told when the cause is gone."""

from datetime import timedelta
from typing import Any, get_args

from handlers.outbox import OUTBOXES
from schemas.outbox import FindLetters
from schemas.push import Delivery
from schemas.staff import Grant
from server import errcodes, pauses
from server.gateways.errors import MINI_PROGRAM, WECOM
from server.kit.platform import Action
from server.outbox import history
from server.outbox_words import DELIVERIES, HELD, HELD_SHORT
from server.pauses import EVERYTHING, PAUSES, of_template
from server.push import BULK, MESSAGES, Receipt
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.pushed import explained, message
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


async def paused(world: World, name: str, until: Any = None, why: str = "43107 config_alert") -> str:
    """This is not sent, as the courier has written it down."""
    await world.house.db.atomically(lambda tx: pauses.begin(tx, name, until, why))

    async def known() -> bool:
        return world.house.db.reader().recall(PAUSES, name) is not None

    await world.until(known, name)
    return name


async def visit_queues(world: World) -> Visit:
    return Visit(who=await admin(world), path="/v1/outbox")


async def visit_letters(world: World) -> Visit:
    return Visit(who=await admin(world), path=QUEUE, shared=True)


async def visit_retry(world: World) -> Visit:
    await given_up(world)
    return Visit(who=await admin(world), path=f"{QUEUE}/retry", body={}, shared=True)


async def visit_drop(world: World) -> Visit:
    await given_up(world)
    boss = await admin(world)
    letter = (await boss.get(QUEUE)).json["items"][0]["id"]
    return Visit(who=boss, path=f"{QUEUE}/drop", body={"id": letter, "reason": "不用再发"}, shared=True)


async def visit_pauses(world: World) -> Visit:
    return Visit(who=await admin(world), path="/v1/pauses")


async def visit_lift(world: World) -> Visit:
    banned = await paused(world, of_template("booking_done"))
    return Visit(who=await admin(world), path=f"/v1/pauses/{banned}/lift", shared=True)


HAPPY: Happy = {
    ("POST", "/v1/outbox/{queue}/drop"): visit_drop,
    ("GET", "/v1/pauses"): visit_pauses,
    ("POST", "/v1/pauses/{pause_id}/lift"): visit_lift,
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
    assert page.text.count("应用编号不对，请检查配置 40056") == 3
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


# In words.


def test_every_number_that_a_send_can_come_to_has_its_words() -> None:
    rows = {one.errcode for one in MINI_PROGRAM.rows if one.api in ("*", "send_subscribe", "stable_token")}
    assert rows <= errcodes.WECHAT.keys()
    assert {one.errcode for one in WECOM.rows} <= errcodes.WECOM.keys()
    assert DELIVERIES.keys() == set(get_args(Delivery)) and HELD.keys() == HELD_SHORT.keys()
    assert errcodes.code_of(f"43101 {Action.zero_credit}") == "43101"
    assert errcodes.code_of("PlatformRefusal: send_subscribe refused with -1: retry") == "-1"
    assert errcodes.code_of("KeyError: 'tip'") == "" != errcodes.said(errcodes.WECHAT, "KeyError: 'tip'")


async def texts(boss: Person, **query: str) -> list[str]:
    reply = await boss.get("/v1/outbox/messages", **query)
    assert reply.status == 200, reply.body
    return [one["state_text"] for one in reply.json["items"]]


async def test_each_letter_says_how_it_stands_and_is_found_by_template_state_and_number(world: World) -> None:
    boss, now = await admin(world), world.clock.now()
    await world.house.db.alone(lambda tx: tx.delete_all(MESSAGES, {}))
    later, busy = now + timedelta(hours=2), "43108 serialize"
    refused = Receipt(channel="subscription", at=now, outcome="again", error="-1 retry")
    await world.put(
        MESSAGES,
        message(now, "queued", due_at=now),
        message(now, "queued", due_at=later, held="quiet"),
        message(now, "queued", due_at=later, held="quota", error="45009 stop_until_tomorrow"),
        message(now, "queued", due_at=later, attempts=3, error=busy, receipts=[refused], importance="urgent"),
        message(now, "queued", due_at=now - timedelta(minutes=9), lane=BULK, broadcast_id="b.1"),
        message(now, "dead", "bill_new", dead_at=now, attempts=1, error="40037 config_alert"),
        message(now, "no_credit", error="43101 zero_credit"),
    )
    assert await texts(boss, stage="waiting") == [
        "等着发",
        "夜里不打扰，等到 11:00 再发",
        "今天的额度用完了，11:00 再发",
        "正在重试，第 3 次",
    ]
    assert await texts(boss, stage="waiting", lane=BULK) == ["等着发"]
    assert await texts(boss, stage="waiting", state="quiet") == ["夜里不打扰，等到 11:00 再发"]
    assert await texts(boss, stage="waiting", errcode="43108") == ["正在重试，第 3 次"]
    assert await texts(boss, stage="dead", template="booking_done") == []
    assert await texts(boss, stage="dead", template="bill_new", errcode="40037") == ["停发"]
    assert await texts(boss, stage="all", errcode="43101") == ["没有订阅，只在收件箱"]
    assert await texts(boss, stage="all", errcode="4310") == []
    assert (
        len(await texts(boss, stage="all")) == 7 and len(await texts(boss, stage="all", state="queued")) == 5
    )

    [busy_one] = (await boss.get("/v1/outbox/messages", stage="waiting", errcode="43108")).json["items"]
    assert (busy_one["importance_text"], busy_one["errcode"]) == ("紧急", "43108")
    assert busy_one["error_text"] == "同时有两条发给这位居民"
    assert [(one["channel_text"], one["outcome_text"]) for one in busy_one["receipts"]] == [
        ("微信", "没成，再试")
    ]
    queues = {(one["name"], one["lane"]): one for one in (await boss.get("/v1/outbox")).json["queues"]}
    assert queues["messages", BULK]["waiting_s"] == 540 and queues["messages", None]["waiting"] == 1
    assert (await boss.get("/v1/outbox/work_notices", stage="all")).status == 422


async def test_all_of_the_last_days_are_read_page_by_page_off_one_index(world: World) -> None:
    boss, now = await admin(world), world.clock.now()
    await world.put(MESSAGES, *(message(now, "no_credit", error="43101 zero_credit") for _ in range(5)))
    await world.put(MESSAGES, message(now - timedelta(days=8), "no_credit", error="43101 zero_credit"))
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        more = {"cursor": cursor} if cursor else {}
        page = await boss.get("/v1/outbox/messages", stage="all", state="no_credit", limit=2, **more)
        seen += [one["id"] for one in page.json["items"]]
        cursor = page.json["next"]
    assert len(seen) == len(set(seen)) >= 5
    outbox = next(one for one in OUTBOXES if one.name == "messages")
    wanted = FindLetters(stage="all", template="booking_done", errcode="43101")
    where, sort = history(world.house.db.reader(), outbox, wanted)
    told = await explained(
        world,
        {"find": MESSAGES.name, "filter": where, "sort": {sort.lstrip("-"): -1, "_id": -1}, "limit": 21},
    )
    plan = str(told["queryPlanner"]["winningPlan"])
    assert "'SORT'" not in plan and "COLLSCAN" not in plan
    assert "at_-1__id_-1_template_1_delivery_1_error_1_read_at_1" in plan


# What can be done.


async def test_one_is_not_sent_any_more_and_the_reason_is_on_record(world: World) -> None:
    boss, now = await admin(world), world.clock.now()
    waiting = message(
        now, "queued", due_at=now + timedelta(hours=2), held="quiet", case_no="HB-20261128-0000001"
    )
    ended = message(now, "sent")
    await world.put(MESSAGES, waiting, ended)
    drop = "/v1/outbox/messages/drop"
    reply = await boss.post(drop, {"id": waiting.id, "reason": "发错了"})
    assert (reply.status, reply.json["state_text"], reply.json["actions"]) == (200, "只在收件箱", [])
    for body, status, code in (
        ({"id": waiting.id, "reason": "发错了"}, 409, "letter_ended"),
        ({"id": ended.id, "reason": "发错了"}, 409, "letter_ended"),
        ({"id": "nobody's", "reason": "发错了"}, 404, "letter_not_found"),
        ({"id": waiting.id, "reason": ""}, 422, "invalid"),
    ):
        refused = await boss.post(drop, body)
        assert (refused.status, refused.code) == (status, code)
    world.clock.advance(timedelta(hours=3))
    await world.work()
    stored = await world.house.db.reading(lambda reader: reader.get(MESSAGES, waiting.id))
    assert stored is not None and (stored.delivery, stored.due_at, stored.fence) == ("none", None, 1)
    rows = (await boss.get("/v1/audit", subject="HB-20261128-0000001")).json["items"]
    assert [(one["what"], one["reason"]) for one in rows] == [("outbox.drop", "发错了")]


async def test_what_is_no_message_cannot_be_dropped(world: World) -> None:
    boss = await admin(world)
    reply = await boss.post("/v1/outbox/documents/drop", {"id": "any", "reason": "不要了"})
    assert (reply.status, reply.code) == (409, "letter_stays")


async def test_a_ban_stands_on_the_page_until_it_is_lifted_and_a_quota_ends_by_itself(world: World) -> None:
    boss = await admin(world)
    ban, until = of_template("booking_done"), world.clock.now() + timedelta(hours=15)
    await paused(world, ban)
    await paused(world, EVERYTHING, until, "45009 stop_until_tomorrow")
    browser = Browser(world, boss.token)
    page = await browser.get("/console/outbox")
    assert "所有订阅消息暂停发送" in page.text and "今天的发送额度用完了 45009" in page.text
    assert "模板“服务完成通知”暂停发送" in page.text
    listed = {one["id"]: one for one in (await boss.get("/v1/pauses")).json["items"]}
    assert [listed[one]["liftable"] for one in (ban, EVERYTHING)] == [True, False]
    refused = await boss.post(f"/v1/pauses/{EVERYTHING}/lift")
    assert (refused.status, refused.code) == (409, "pause_ends_itself")

    seen = await browser.follow(await browser.press(page, "pauses/lift"))
    assert "已恢复发送" in seen.text and "服务完成通知”暂停" not in seen.text
    gone = await boss.post(f"/v1/pauses/{ban}/lift")
    assert (gone.status, gone.code) == (404, "pause_not_found")
    rows = (await boss.get("/v1/audit", subject="booking_done")).json["items"]
    assert [one["what"] for one in rows] == ["pauses.lift"]
    world.clock.set(until)
    assert (await (await admin(world)).get("/v1/pauses")).json["items"] == []
    await world.house.db.atomically(lambda tx: pauses.lift(tx, EVERYTHING))


async def test_the_page_narrows_drops_and_says_what_is_missing(world: World) -> None:
    boss, now = await admin(world), world.clock.now()
    await world.house.db.alone(lambda tx: tx.delete_all(MESSAGES, {}))
    await world.put(MESSAGES, message(now, "dead", "bill_new", dead_at=now, error="40037 config_alert"))
    browser = Browser(world, boss.token)
    page = await browser.get("/console/outbox?template=bill_new&errcode=40037")
    assert "模板编号不对，请检查模板配置 40037" in page.text
    empty = await browser.get("/console/outbox?template=booking_done")
    assert "没有这样的消息" in empty.text
    for stage in ("waiting", "all"):
        assert (await browser.get(f"/console/outbox?stage={stage}&state=dead")).status == 200
    assert (await browser.get("/console/outbox?stage=nothing")).status == 422
    assert (await browser.get("/console/outbox?errcode=abc")).status == 422
    without = await browser.follow(await browser.press(page, "messages/drop"))
    assert "请写明为什么不再发" in without.text
    seen = await browser.follow(await browser.press(page, "messages/drop", reason="改由电话通知"))
    assert "这一条不再发了" in seen.text and "没有停发的消息" in seen.text
