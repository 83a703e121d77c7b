"""How far messages get: counted from the rows alone, and told of when it is less than usual."""

import asyncio
import csv
import io
from datetime import timedelta
from typing import Any

from msgspec import structs

from schemas.staff import Grant
from server.config import PushAlerts
from server.kit import clock
from server.kit.clock import SHANGHAI
from server.kit.sweeps import SWEEPS
from server.push import BULK, MESSAGES
from server.push_figures import PUSH_DAYS, PUSH_WATCH, PushDay, Sums, counting, judging
from server.staff_push import NOTICES
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.pushed import explained, message, written
from tests.world import Person, World


async def visit(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="operator")), path="/v1/push-figures")


HAPPY: Happy = {("GET", "/v1/push-figures"): visit}


async def counted(world: World, minutes: int = 4) -> None:
    world.clock.advance(timedelta(minutes=minutes))
    await world.work()


async def figures(who: Person, **query: Any) -> Any:
    reply = await who.get("/v1/push-figures", **query)
    assert reply.status == 200, reply.body
    return reply.json


async def empty(world: World) -> Person:
    """Nothing written and nothing counted; an administrator."""
    boss = await world.staff(Grant(role="admin"))
    for one in (MESSAGES, PUSH_DAYS, PUSH_WATCH, NOTICES, SWEEPS):
        await world.house.db.atomically(lambda tx, one=one: tx.delete_all(one, {}))  # type: ignore[misc]
    await world.work()
    return boss


# Counting.


async def test_each_outcome_and_error_is_counted_by_day_and_template(world: World) -> None:
    boss, now = await empty(world), world.clock.now()
    await written(world, now, ("sent", 3, ""), ("no_credit", 2, "43101 zero_credit"))
    await written(world, now, ("dead", 1, "40037 config_alert"), ("queued", 1, "down timeout"))
    await written(world, now, ("digest", 2, ""), ("replaced", 1, ""), ("none", 1, ""), template="bill_new")
    await written(world, now - timedelta(days=1), ("sent", 4, ""))
    [read, *_] = await world.house.db.reading(
        lambda reader: reader.all(MESSAGES, {"delivery": "sent", "at": now}, limit=9)
    )
    await world.put(MESSAGES, structs.replace(read, read_at=now))
    await counted(world)
    found = await figures(boss)
    assert len(found["days"]) == 14
    before, today = found["days"][-2:]
    assert (before["written"], before["sent"], before["reach"]) == (4, 4, 100)
    assert today == {
        "day": today["day"],
        "written": 11,
        "sent": 3,
        "no_credit": 2,
        "refused": 0,
        "dead": 1,
        "waiting": 1,
        "digest": 2,
        "inbox": 2,
        "read": 1,
        "reach": 50,
    }
    done, bills = found["templates"]
    assert (done["template"], done["written"], done["reach"]) == ("booking_done", 11, 70)
    assert [(one["errcode"], one["count"]) for one in done["errors"]] == [("43101", 2), ("", 1), ("40037", 1)]
    assert done["errors"][0]["text"] == "居民没有订阅，或者订阅次数用完了"
    assert (bills["template"], bills["title"], bills["reach"]) == ("bill_new", "新账单通知", None)
    assert len((await figures(boss, days=2))["days"]) == 2
    assert (await boss.get("/v1/push-figures", days=32)).status == 422


async def test_a_count_made_twice_or_at_once_by_two_changes_nothing_and_follows_what_has_gone(
    world: World,
) -> None:
    boss, now = await empty(world), world.clock.now()
    await written(world, now, ("sent", 2, ""))
    await written(world, now, ("sent", 1, ""), template="bill_new")
    await asyncio.gather(counting.count(world.house), counting.count(world.house))
    await counting.count(world.house)
    assert [one["written"] for one in (await figures(boss))["templates"]] == [2, 1]
    await world.house.db.alone(lambda tx: tx.delete_all(MESSAGES, {"template": "bill_new"}))
    await counted(world)
    assert [one["written"] for one in (await figures(boss))["templates"]] == [2]


async def test_a_count_that_was_cut_off_is_made_again_by_the_next_worker(world: World) -> None:
    boss = await empty(world)
    await written(world, world.clock.now(), ("sent", 2, ""))
    world.clock.advance(timedelta(minutes=4))
    now = world.clock.now()
    lease = {"$set": {"due_at": now + timedelta(seconds=30), "owner": "gone"}, "$inc": {"fence": 1}}
    await world.house.db.alone(lambda tx: tx.change(SWEEPS, {"_id": "push_figures"}, lease))
    await world.work()
    assert (await figures(boss))["templates"] == []
    world.clock.advance(timedelta(seconds=31))
    await world.work()
    assert [one["sent"] for one in (await figures(boss))["templates"]] == [2]


async def test_it_is_counted_off_an_index_alone(world: World) -> None:
    await empty(world)
    await written(world, world.clock.now(), ("sent", 40, ""), ("no_credit", 5, "43101 zero_credit"))
    await written(world, world.clock.now() - timedelta(days=3), ("sent", 40, ""))
    day = clock.today(world.clock.now())
    command = {"aggregate": MESSAGES.name, "pipeline": counting.pipeline(day), "cursor": {}}
    told = str(await explained(world, command))
    assert "'totalDocsExamined': 0" in told and "'totalKeysExamined': 45" in told, told
    assert "at_-1__id_-1_template_1_delivery_1_error_1_read_at_1" in told


# Alerts.


async def a_usual_week(world: World, reach: int = 90, count: int = 60) -> None:
    """Seven days before yesterday, and yesterday, of the same kind."""
    today = clock.today(world.clock.now())
    for back in range(1, 9):
        day = today - timedelta(days=back)
        sums = Sums(deliveries={"sent": reach * count // 100, "no_credit": count - reach * count // 100})
        row = PushDay(
            id=f"{day}.bill_new", day=f"{day}", template="bill_new", sums=sums, counted_at=world.clock.now()
        )
        if back > 1:
            await world.put(PUSH_DAYS, row)
    yesterday = world.clock.now() - timedelta(days=1)
    sent = reach * count // 100
    await written(world, yesterday, ("sent", sent, ""), ("no_credit", count - sent, ""), template="bill_new")


async def alerts(who: Person) -> list[tuple[str, str]]:
    return [(one["kind"], one["text"]) for one in (await figures(who))["alerts"]]


async def noticed(boss: Person) -> list[str]:
    items = (await boss.get("/v1/staff/inbox")).json["items"]
    return [one["text"] for one in items if one["title"] == "消息提醒"]


async def test_the_administrators_hear_once_a_day_that_less_arrives_than_usual(world: World) -> None:
    boss = await empty(world)
    await a_usual_week(world)
    await written(world, world.clock.now(), ("sent", 34, ""), ("no_credit", 15, "43101 zero_credit"))
    await counted(world)
    assert await alerts(boss) == []  # too few to say anything
    await written(world, world.clock.now(), ("sent", 1, ""))
    await counted(world)
    [(kind, text)] = await alerts(boss)
    assert kind == "reach" and "只送到 70%，平时是 90%" in text
    assert await noticed(boss) == [text]
    since = (await figures(boss))["alerts"][0]["since"]
    await written(world, world.clock.now(), ("dead", 10, "40037 config_alert"))
    await counted(world)
    assert len(await noticed(boss)) == 1
    [(_, worse)] = await alerts(boss)
    assert "只送到 58%" in worse and (await figures(boss))["alerts"][0]["since"] == since

    browser = Browser(world, boss.token)
    for path in ("/console/push-figures", "/console/outbox"):
        assert worse in (await browser.get(path)).text
    await written(world, world.clock.now(), ("sent", 90, ""))
    await counted(world)
    assert await alerts(boss) == []


async def test_a_reach_below_the_floor_is_told_also_where_nothing_is_usual(world: World) -> None:
    boss = await empty(world)
    await written(world, world.clock.now(), ("sent", 15, ""), ("refused", 36, "40003 drop_recipient"))
    await counted(world)
    [(kind, text)] = await alerts(boss)
    assert kind == "reach" and "只送到 29%，请看看" in text


async def test_an_announcement_that_few_have_asked_for_is_no_fall(world: World) -> None:
    boss = await empty(world)
    await written(world, world.clock.now(), ("no_credit", 90, ""), template="announcement_new")
    await written(world, world.clock.now(), ("sent", 9, ""), ("no_credit", 1, ""))
    await counted(world)
    assert await alerts(boss) == [] and (await figures(boss))["days"][-1]["reach"] == 9
    assert "hoelun_push_reach_percent 90.0" in await told(world)


def test_the_rules_are_data() -> None:
    rules = PushAlerts(least=10, fall=5, floor=0)
    sums = Sums(deliveries={"sent": 8, "dead": 2})
    assert sums.reach == 80 and not judging.fallen(sums, None, rules)
    assert judging.fallen(sums, 85, rules) and not judging.fallen(sums, 84, rules)
    assert judging.usual_reach([sums, None, Sums(deliveries={"sent": 9})], rules) == 80
    assert Sums(deliveries={"digest": 3, "queued": 2}).reach is None


async def test_what_waits_too_long_and_what_was_given_up_is_told_too(world: World) -> None:
    boss = await empty(world)
    now = world.clock.now()
    late = message(now, "queued", due_at=now + timedelta(minutes=10))
    dead = message(now, "dead", dead_at=now, error="40037 config_alert")
    bulk = message(now, "queued", due_at=now - timedelta(hours=2), lane=BULK, broadcast_id="b.1")
    await world.put(MESSAGES, late, dead, bulk)
    await counting.count(world.house)
    [(_, other)] = await alerts(boss)
    assert other == "今天有消息停发：给居民的订阅消息 1 条，请到发件箱处理" and await noticed(boss) == [other]
    await world.house.db.alone(lambda tx: tx.delete_all(NOTICES, {}))
    world.clock.advance(timedelta(minutes=26))
    await counting.count(world.house)
    (waits, text), (given_up, _) = await alerts(boss)
    assert (waits, given_up) == ("waiting", "dead")
    assert text == "给居民的订阅消息：最早的一条等了 16 分钟还没发"
    assert await noticed(boss) == [text]  # and not once more of what was given up


async def test_that_nobody_counts_is_seen_without_anybody_counting(world: World) -> None:
    boss = await empty(world)
    await counted(world)
    assert await alerts(boss) == []
    at = world.clock.now().astimezone(SHANGHAI)
    world.clock.advance(timedelta(minutes=13))
    [(kind, text)] = await alerts(boss)
    assert kind == "asleep" and f"{at:%m-%d %H:%M} 以后没有再统计" in text
    await world.work()
    assert await alerts(boss) == []


# For whoever watches the machines.


async def told(world: World) -> list[str]:
    return (await world.call("GET", "/metrics")).body.decode().splitlines()


async def test_every_process_tells_the_last_count_and_what_wechat_answered(world: World) -> None:
    await empty(world)
    await written(world, world.clock.now(), ("sent", 15, ""), ("refused", 36, "40003 drop_recipient"))
    await counted(world)
    lines = await told(world)
    for line in (
        'hoelun_push_messages_today{delivery="refused",template="booking_done"} 36.0',
        'hoelun_push_errors_today{errcode="40003",template="booking_done"} 36.0',
        "hoelun_push_reach_percent 29.0",
        'hoelun_push_alert{kind="reach"} 1.0',
        'hoelun_push_alert{kind="asleep"} 0.0',
        "hoelun_push_counted_seconds 0.0",
    ):
        assert line in lines
    world.clock.advance(timedelta(hours=1))
    lines = await told(world)
    assert {'hoelun_push_alert{kind="asleep"} 1.0', "hoelun_push_counted_seconds 3600.0"} <= set(lines)

    shop, resident = await world.shop(), await world.resident()
    await shop.booked(resident)
    await world.work()
    answers = [one for one in await told(world) if one.startswith("hoelun_push_answers_total")]
    assert any('errcode="43101",outcome="no_credit"' in one for one in answers), answers


# The page.


async def test_the_page_has_bars_templates_and_a_table_to_take_away(world: World) -> None:
    boss = await empty(world)
    browser = Browser(world, boss.token)
    assert "这两周还没有消息" in (await browser.get("/console/push-figures")).text
    await written(world, world.clock.now(), ("sent", 3, ""), ("no_credit", 1, "43101 zero_credit"))
    await counted(world)
    page = await browser.get("/console/push-figures")
    assert "今天送到微信 75%" in page.text and "居民没有订阅，或者订阅次数用完了 43101 1 次" in page.text
    assert "要发 4 条，送到 3 条" in page.body and "截至" in page.text
    lines = list(
        csv.reader(io.StringIO((await browser.get("/console/push-figures/csv")).body.lstrip("\ufeff")))
    )
    assert lines[0][:5] == ["按", "哪一个", "错误号", "写了", "送到微信"] and len(lines) == 17
    assert lines[14][3:5] == ["4", "3"] and lines[15][1] == "服务完成通知" and lines[16][2:] == ["43101", "1"]
    rows = (await boss.get("/v1/audit", what="push_figures.export")).json["items"]
    assert rows and rows[0]["actor_id"] == boss.id


async def test_who_looks_after_messages_sees_it_and_nobody_else(world: World) -> None:
    operator = await world.staff(Grant(role="operator"))
    seen = await Browser(world, operator.token).get("/console/push-figures")
    assert seen.status == 200 and "到发件箱处理" not in seen.text
    for grant in (Grant(role="dispatcher"), Grant(role="accountant")):
        who = await world.staff(grant)
        for path in ("/console/push-figures", "/console/push-figures/csv"):
            assert (await Browser(world, who.token).get(path)).status == 403
        assert (await who.get("/v1/push-figures")).status == 403
