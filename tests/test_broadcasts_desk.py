"""What the staff do with a broadcast while it runs, and what they see of it."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server.audit import AUDIT
from server.broadcasts import CHUNKS, WRITING, writing
from server.credits import CREDITS, Credit, credit_id
from server.push import MESSAGES, Message
from tests.browser import Browser
from tests.test_announcements import (
    DESK,
    MINE,
    TEXTS,
    act,
    clerk,
    community,
    drafted,
    elsewhere,
    operator,
    published,
)
from tests.test_broadcasts import (
    ANNOUNCED,
    TEMPLATE,
    agreed,
    chunks_of,
    crowd,
    everybody,
    inbox,
    leased,
    messages,
    only,
    received,
    shown,
)
from tests.world import Person, World

# What the staff do with it while it runs.


async def halfway(world: World, window: Person, people: int = 6) -> tuple[str, str]:
    """Two of three chunks are written and nothing of it is sent: the announcement and its broadcast."""
    ids = await crowd(world, people)
    await world.put(
        CREDITS,
        *(
            Credit(id=credit_id(one.openid, TEMPLATE), count=1, updated_at=world.clock.now())
            for one in await everybody(world, ids)
        ),
    )
    for one in await everybody(world, ids):
        await world.control("subscribe", openid=one.openid, template_id=ANNOUNCED, result="accept")
    made = await published(window, community(world))
    broadcast_id = f"{made['id']}.1"
    async with chunks_of(world, 2):
        await only(world, "broadcasts")
        for number in (1, 2):
            row = await leased(world, CHUNKS, {"broadcast_id": broadcast_id, "number": number})
            await WRITING.work(world.house, row)
    return made["id"], broadcast_id


async def counted(world: World, broadcast_id: str) -> Counter[str]:
    return Counter(one.delivery for one in await messages(world, broadcast_id))


async def test_a_paused_one_stands_still_and_goes_on_where_it_was(world: World) -> None:
    window = await clerk(world)
    _, broadcast_id = await halfway(world, window)
    paused = await window.post(f"/v1/broadcasts/{broadcast_id}/pause")
    assert (paused.json["state"], [one["name"] for one in paused.json["actions"]]) == (
        "paused",
        ["resume", "stop"],
    )
    for _ in range(3):
        await world.work()
        world.clock.advance(timedelta(hours=1))
    assert await counted(world, broadcast_id) == {"queued": 4}

    assert (await window.post(f"/v1/broadcasts/{broadcast_id}/resume")).json["state"] == "running"
    for _ in range(3):
        await world.work()
        world.clock.advance(timedelta(minutes=2))

    assert await counted(world, broadcast_id) == {"sent": 6}
    assert (await shown(window, broadcast_id))["state"] == "done"


async def test_a_stopped_one_leaves_inboxes_as_they_are_and_sends_nothing_more(world: World) -> None:
    window = await clerk(world)
    announcement_id, broadcast_id = await halfway(world, window)
    reply = await window.post(f"/v1/broadcasts/{broadcast_id}/stop")
    assert (reply.status, reply.json["state"], reply.json["actions"]) == (200, "stopped", [])
    await world.work()
    assert await counted(world, broadcast_id) == {"none": 4}
    again = await window.post(f"/v1/broadcasts/{broadcast_id}/resume")
    assert (again.status, again.code) == (409, "broadcast_not_now")
    assert (await window.get(f"{DESK}/{announcement_id}")).json["state"] == "published"


async def test_what_comes_to_the_gate_of_a_stopped_one_is_not_sent(world: World) -> None:
    """Before the sweep has come to it, or when the outbox tries it again."""
    window = await clerk(world)
    _, broadcast_id = await halfway(world, window)
    await window.post(f"/v1/broadcasts/{broadcast_id}/stop")
    await only(world, "bulk")
    assert set(await counted(world, broadcast_id)) <= {"queued", "none"}
    await world.work()
    await world.house.db.alone(
        lambda tx: tx.change_all(
            MESSAGES, {"broadcast_id": broadcast_id}, {"$set": {"delivery": "queued", "due_at": tx.now}}
        )
    )
    await world.work()
    assert await counted(world, broadcast_id) == {"none": 4}


async def test_a_withdrawal_while_it_runs_stops_it_and_every_inbox_says_so(world: World) -> None:
    window, reader = await clerk(world), await world.resident()
    await agreed(reader)
    announcement_id, broadcast_id = await halfway(world, window)
    await only(world, "broadcast_chunks")
    await reader.post(f"{MINE}/{announcement_id}/read", {"edition": 1})
    assert (await inbox(reader))[0]["read_at"] is not None
    await act(window, announcement_id, "withdraw", reason="供水公司取消了")

    await world.work()

    assert await counted(world, broadcast_id) == {"none": 7}
    [message] = await inbox(reader)
    assert message["text"] == "周三停水：这条公告已撤回，供水公司取消了" and message["read_at"] is None
    assert await received(reader) == []
    assert (await shown(window, broadcast_id))["state"] == "stopped"


@pytest.mark.parametrize(
    ("what", "body", "said"),
    [
        ("withdraw", {"reason": "写错了"}, "周三停水：这条公告已撤回，写错了"),
        ("correct", {**TEXTS, "note": "改到周四", "push": False}, "周四停水：已更正：改到周四"),
    ],
)
async def test_a_change_in_the_middle_of_a_chunk_leaves_no_message_that_knows_nothing_of_it(
    world: World, monkeypatch: pytest.MonkeyPatch, what: str, body: dict[str, Any], said: str
) -> None:
    """The chunk's transaction is open when the request comes, and stays so while the sweep begins."""
    window = await clerk(world)
    await crowd(world, 4)
    made = await published(window, community(world))
    broadcast_id = f"{made['id']}.1"
    await only(world, "broadcasts")
    inside, goes_on, there = asyncio.Event(), asyncio.Event(), writing._there

    async def held(tx: Any, rows: list[Message]) -> set[str]:
        inside.set()
        await goes_on.wait()
        return await there(tx, rows)

    monkeypatch.setattr(writing, "_there", held)
    row = await leased(world, CHUNKS, {"broadcast_id": broadcast_id})
    written = asyncio.create_task(WRITING.work(world.house, row))
    await inside.wait()
    reply = await act(window, made["id"], what, **body)
    assert reply.status == 200, reply.body
    sweeping = asyncio.create_task(only(world, "broadcasts"))
    early, _ = await asyncio.wait({sweeping}, timeout=0.3)
    goes_on.set()
    await asyncio.gather(written, sweeping)
    assert not early, "it waits for whoever began before"
    await world.work()
    found = await messages(world, broadcast_id)
    assert {one.text for one in found} <= {said} and len(found) in ((0, 4) if what == "withdraw" else (4,))
    assert not any(one.due_at or one.delivery == "queued" for one in found)


async def test_a_withdrawal_after_it_has_ended_still_tells_every_inbox(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    await agreed(resident)
    made = await published(window, community(world))
    await world.work()
    await act(window, made["id"], "withdraw", reason="写错了")
    await world.work()
    [message] = await inbox(resident)
    assert message["text"].endswith("这条公告已撤回，写错了") and message["delivery"] == "sent"
    assert len(await received(resident)) == 1


async def test_a_correction_replaces_what_was_not_sent_and_tells_everybody_anew(world: World) -> None:
    window = await clerk(world)
    announcement_id, broadcast_id = await halfway(world, window)
    done = await act(window, announcement_id, "correct", **TEXTS, note="停水改到周四")
    assert done.status == 200
    await world.work()
    assert await counted(world, broadcast_id) == {"replaced": 4}
    assert await counted(world, f"{announcement_id}.2") == {"sent": 6}
    old, new = await messages(world, broadcast_id), await messages(world, f"{announcement_id}.2")
    assert {one.text for one in old} == {"周四停水：这条公告后来更正过，请看新的一条"}
    assert {one.text for one in new} == {"周四停水：已更正：停水改到周四"}
    assert all(one.read_at for one in old) and not any(one.read_at for one in new)


async def test_a_correction_that_tells_nobody_anew_changes_what_is_on_its_way(world: World) -> None:
    window = await clerk(world)
    announcement_id, broadcast_id = await halfway(world, window)
    await act(window, announcement_id, "correct", **TEXTS, note="停水改到周四", push=False)
    await only(world, "broadcasts")
    await world.work()
    found = await messages(world, broadcast_id)
    assert Counter(one.delivery for one in found) == {"sent": 6}
    assert {one.payload["title"] for one in found} == {"周四停水"}
    assert (await window.get(f"/v1/broadcasts/{announcement_id}.2")).status == 404


async def test_only_who_may_change_the_announcement_stops_its_broadcast(world: World) -> None:
    street, window = await operator(world), await clerk(world)
    made = await published(street, community(world))
    there, _ = await elsewhere(world)
    path = f"/v1/broadcasts/{made['id']}.1"
    assert (await window.get(path)).json["actions"] == []
    assert (await window.post(f"{path}/stop")).code == "announcement_of_street"
    assert (await (await clerk(world, there)).post(f"{path}/stop")).status == 404
    for who in (await world.staff(Grant(role="reviewer")), await world.resident()):
        assert (await who.post(f"{path}/stop")).status == 403
    assert (await (await world.staff(Grant(role="admin"))).post(f"{path}/stop")).status == 200


async def test_each_act_is_in_the_audit(world: World) -> None:
    window = await clerk(world)
    _, broadcast_id = await halfway(world, window)
    for what in ("pause", "resume", "stop"):
        await window.post(f"/v1/broadcasts/{broadcast_id}/{what}")
    rows = await world.house.db.reading(
        lambda reader: reader.all(AUDIT, {"subjects": broadcast_id}, limit=20, sort="at")
    )
    told = sorted(one.what for one in rows if one.what.startswith("broadcast."))
    assert told == [f"broadcast.{what}" for what in ("begin", "pause", "resume", "stop")]


# The console's page.


async def test_staff_publish_watch_pause_and_stop_it_on_the_page(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    await agreed(resident)
    made = await drafted(window, community(world))
    browser, at = Browser(world, window.token), f"/console/announcements/{made['id']}"
    page = await browser.get(at)
    assert "这里住着 1 位用小程序的居民" in page.text and "夜里（22:00-07:00）不响" in page.text
    refused = await browser.press(page, "/publish", importance="urgent")
    assert refused.status == 409 and "请确认以后再发" in refused.text
    page = await browser.follow(await browser.press(page, "/publish", importance="urgent", sure="1"))
    assert "手机也会收到通知" in page.text
    await only(world, "broadcasts", "broadcast_chunks")
    page = await browser.get(at)
    assert "1 人的消息箱里有了" in page.text and "还在排队 1" in page.text and "紧急" in page.text
    page = await browser.follow(await browser.press(page, "/pause"))
    assert "已停住" in page.text and "停着" in page.text
    page = await browser.follow(await browser.press(page, "/resume"))
    await world.work()
    page = await browser.get(at)
    assert "微信已送出 1" in page.text
    made = await published(window, community(world))
    page = await browser.get(f"/console/announcements/{made['id']}")
    page = await browser.follow(await browser.press(page, "/stop"))
    assert "不再发了" in page.text


async def test_who_has_the_page_open_hears_that_it_came_further_and_nobody_else_does(world: World) -> None:
    window, reviewer = await clerk(world), await world.staff(Grant(role="reviewer"))
    made = await published(window, community(world))
    writer, other = await world.house.actor(window.token), await world.house.actor(reviewer.token)
    with world.house.live.watch(writer) as open_page, world.house.live.watch(other) as another:
        await world.work()

        async def told() -> bool:
            return made["id"] in open_page.taken(await world.house.actor(window.token)).broadcasts

        await world.until(told, "the page hears of it")
        assert not another.taken(await world.house.actor(reviewer.token)).broadcasts


async def test_while_it_runs_an_end_is_estimated_by_what_was_settled_since_the_last_look(
    world: World,
) -> None:
    window = await clerk(world)
    _, broadcast_id = await halfway(world, window)
    async with chunks_of(world, 2):
        await only(world, "broadcasts")
        await world.house.db.alone(
            lambda tx: tx.change_all(
                MESSAGES,
                {"broadcast_id": broadcast_id, "resident_id": {"$lte": "z"}},
                {"$set": {"delivery": "sent", "due_at": None}},
            )
        )
        world.clock.advance(timedelta(minutes=2))
        await only(world, "broadcasts")
    seen = await shown(window, broadcast_id)
    assert (seen["state"], seen["per_minute"], seen["written"], seen["total"]) == ("running", 2, 4, 6)
    left = datetime.fromisoformat(seen["ends_at"]) - world.clock.now()
    assert left == timedelta(minutes=1)
