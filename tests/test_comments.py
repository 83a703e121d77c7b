"""Comments under announcements: off until opened, read by others once picked, checked by WeChat, answered once, gone
with their writer."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from server.announcements import COMMENTS
from server.audit import AUDIT
from server.kit.template_rules import violations
from tests.bench.lists import Profiler, problems
from tests.doors import Happy, Visit
from tests.test_announcements import (
    DESK,
    MINE,
    ONE,
    STREET,
    act,
    clerk,
    community,
    drafted,
    elsewhere,
    operator,
    published,
)
from tests.test_push import accept, received
from tests.world import Person, Reply, World

CHECK, TEMPLATE = "/wxa/msg_sec_check", "tmpl-comment-answered"


async def opened(who: Person, audience: dict[str, str], **more: str) -> str:
    """An announcement that is published and takes comments."""
    made = await published(who, audience, **more)
    reply = await act(who, made["id"], "open-comments")
    assert reply.status == 200, reply.body
    announcement_id: str = made["id"]
    return announcement_id


async def say(who: Person, announcement_id: str, text: str, key: str | None = None) -> Reply:
    return await who.post(f"{MINE}/{announcement_id}/comments", {"text": text}, key=key)


async def said(who: Person, announcement_id: str, text: str = "几点来水？") -> str:
    """Written, and a second later it is."""
    reply = await say(who, announcement_id, text)
    assert reply.status == 201, reply.body
    who.world.clock.advance(timedelta(seconds=1))
    comment_id: str = reply.json["id"]
    return comment_id


async def pick(who: Person, comment_id: str, what: str, key: str | None = None, **body: Any) -> Reply:
    return await who.post(f"/v1/comments/{comment_id}/{what}", body, key=key)


async def read_by(who: Person, announcement_id: str, **query: Any) -> dict[str, Any]:
    reply = await who.get(f"{MINE}/{announcement_id}/comments", **query)
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json
    return found


async def texts_of(who: Person, announcement_id: str) -> list[str]:
    return [one["text"] for one in (await read_by(who, announcement_id))["items"]]


async def at_the_desk(who: Person, announcement_id: str, **query: Any) -> dict[str, Any]:
    reply = await who.get(f"{DESK}/{announcement_id}/comments", **query)
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json
    return found


# Four ways through each door (tests/test_endpoints.py).


def switched(what: str) -> Any:
    async def visit(world: World) -> Visit:
        window = await clerk(world)
        made = await published(window, community(world))
        if what == "close":
            await act(window, made["id"], "open-comments")
        other, _ = await elsewhere(world)
        path = f"{DESK}/{made['id']}/{what}-comments"
        return Visit(who=window, path=path, body={}, stranger=await clerk(world, other))

    return visit


def as_resident(body: Any) -> Any:
    async def visit(world: World) -> Visit:
        announcement_id = await opened(await clerk(world), community(world))
        _, yard = await elsewhere(world)
        stranger = await world.resident(household={"compound_id": yard, "room": ""})
        path = f"{MINE}/{announcement_id}/comments"
        return Visit(who=await world.resident(), path=path, body=body, stranger=stranger)

    return visit


async def visit_desk(world: World) -> Visit:
    window = await clerk(world)
    other, _ = await elsewhere(world)
    path = f"{DESK}/{await opened(window, community(world))}/comments"
    return Visit(who=window, path=path, stranger=await clerk(world, other))


async def visit_delete(world: World) -> Visit:
    resident = await world.resident()
    comment_id = await said(resident, await opened(await clerk(world), community(world)))
    return Visit(who=resident, path=f"/v1/comments/{comment_id}", stranger=await world.resident())


def picking(what: str, body: dict[str, Any]) -> Any:
    async def visit(world: World) -> Visit:
        window = await clerk(world)
        comment_id = await said(await world.resident(), await opened(window, community(world)))
        other, _ = await elsewhere(world)
        path = f"/v1/comments/{comment_id}/{what}"
        return Visit(who=window, path=path, body=body, stranger=await clerk(world, other))

    return visit


HAPPY: Happy = {
    ("POST", ONE + "/open-comments"): switched("open"),
    ("POST", ONE + "/close-comments"): switched("close"),
    ("GET", MINE + "/{announcement_id}/comments"): as_resident(None),
    ("POST", MINE + "/{announcement_id}/comments"): as_resident({"text": "几点来水？"}),
    ("DELETE", "/v1/comments/{comment_id}"): visit_delete,
    ("GET", ONE + "/comments"): visit_desk,
    ("POST", "/v1/comments/{comment_id}/show"): picking("show", {}),
    ("POST", "/v1/comments/{comment_id}/hide"): picking("hide", {"reason": "和公告无关"}),
    ("POST", "/v1/comments/{comment_id}/answer"): picking("answer", {"text": "五点来水"}),
}


# Off until somebody opens them.


async def test_nothing_is_taken_until_somebody_opens_the_comments(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    made = await published(window, community(world))
    assert (made["comments"], made["comments_waiting"]) == (False, 0)
    assert not (await resident.get(f"{MINE}/{made['id']}")).json["comments"]
    assert await read_by(resident, made["id"]) == {"items": [], "next": None, "open": False, "left": 0}
    refused = await say(resident, made["id"], "几点来水？")
    assert (refused.status, refused.code) == (409, "comments_closed")

    done = (await act(window, made["id"], "open-comments", version=made["version"])).json

    assert done["comments"] and (await resident.get(f"{MINE}/{made['id']}")).json["comments"]
    assert (await read_by(resident, made["id"]))["left"] == 3
    await said(resident, made["id"])


async def test_a_draft_may_open_them_beforehand_and_an_edit_says_it_again(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    body = {"audience": community(world), "title": "周三停水", "text": "请先存水。"}
    made = (await window.post(DESK, body | {"comments": True})).json
    assert made["comments"]
    assert not (await act(window, made["id"], "edit", **body)).json["comments"]
    assert (await act(window, made["id"], "edit", **body, comments=True)).json["comments"]
    assert (await say(resident, made["id"], "早")).code == "announcement_not_found"
    await act(window, made["id"], "publish")
    await said(resident, made["id"])


async def test_the_desk_is_offered_to_open_or_to_close_and_never_both(world: World) -> None:
    window = await clerk(world)
    announcement_id = (await published(window, community(world)))["id"]

    async def offered() -> set[str]:
        actions = (await window.get(f"{DESK}/{announcement_id}")).json["actions"]
        return {one["name"] for one in actions if one["name"].endswith("_comments")}

    assert await offered() == {"open_comments"}
    assert (await act(window, announcement_id, "close-comments")).code == "announcement_not_now"
    await act(window, announcement_id, "open-comments")
    assert await offered() == {"close_comments"}
    assert (await act(window, announcement_id, "open-comments")).code == "announcement_not_now"
    assert (await act(window, announcement_id, "close-comments", version=1)).code == "announcement_changed"
    await act(window, (draft := (await drafted(window, community(world)))["id"]), "open-comments")
    assert not (await window.get(f"{DESK}/{draft}")).json["comments"]


async def test_closed_again_what_was_picked_stays_and_the_desk_works_off_what_waits(world: World) -> None:
    window, resident, neighbour = await clerk(world), await world.resident(), await world.resident()
    announcement_id = await opened(window, community(world))
    shown, late = await said(resident, announcement_id, "谢谢"), await said(resident, announcement_id, "收到")
    await pick(window, shown, "show")
    await act(window, announcement_id, "close-comments")
    assert (await say(neighbour, announcement_id, "我也说")).code == "comments_closed"
    seen = await read_by(neighbour, announcement_id)
    assert ([one["id"] for one in seen["items"]], seen["open"], seen["left"]) == ([shown], False, 0)
    assert (await pick(window, late, "show")).status == 200
    assert await texts_of(neighbour, announcement_id) == ["收到", "谢谢"]


async def test_of_what_was_withdrawn_no_comment_is_shown_or_taken(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    announcement_id = await opened(window, community(world))
    shown, waiting = await said(resident, announcement_id), await said(resident, announcement_id, "收到")
    await pick(window, shown, "show")
    await act(window, announcement_id, "withdraw", reason="取消了")
    assert not (await resident.get(f"{MINE}/{announcement_id}")).json["comments"]
    assert await read_by(resident, announcement_id) == {"items": [], "next": None, "open": False, "left": 0}
    assert (await say(resident, announcement_id, "还停吗")).code == "comments_closed"
    kept = await at_the_desk(window, announcement_id)
    assert [(one["id"], one["actions"]) for one in kept["items"]] == [(waiting, []), (shown, [])]
    assert (await pick(window, waiting, "show")).code == "comment_not_now"
    assert (await resident.delete(f"/v1/comments/{waiting}")).status == 204


# Who reads what.


async def test_only_the_writer_reads_what_was_not_picked(world: World) -> None:
    window, resident, neighbour = await clerk(world), await world.resident(), await world.resident()
    announcement_id = await opened(window, community(world))
    comment_id = await said(resident, announcement_id, "几点来水？")
    assert await texts_of(neighbour, announcement_id) == []
    [mine] = (await read_by(resident, announcement_id))["items"]
    assert (mine["state"], mine["state_text"], mine["mine"]) == ("waiting", "等社区选登", True)
    assert [one["name"] for one in mine["actions"]] == ["delete"]

    assert (await pick(window, comment_id, "show")).json["state"] == "shown"

    [theirs] = (await read_by(neighbour, announcement_id))["items"]
    assert (theirs["text"], theirs["by"], theirs["mine"], theirs["actions"]) == (
        "几点来水？",
        "王**",
        False,
        [],
    )
    assert resident.id not in str(await read_by(neighbour, announcement_id))

    hidden = await pick(window, comment_id, "hide", reason="和公告无关")
    assert (hidden.json["state"], hidden.json["decided_by"]) == ("hidden", "王芳")
    assert await texts_of(neighbour, announcement_id) == []
    [mine] = (await read_by(resident, announcement_id))["items"]
    assert (mine["state_text"], mine["reason"]) == ("没有选登", "和公告无关")
    assert (await pick(window, comment_id, "show")).json["reason"] == ""
    assert (await read_by(neighbour, announcement_id))["items"][0]["reason"] == ""


async def test_who_cannot_see_the_announcement_neither_reads_nor_writes(world: World) -> None:
    announcement_id = await opened(await clerk(world), community(world))
    _, yard = await elsewhere(world)
    away = await world.resident(household={"compound_id": yard, "room": ""})
    assert (await away.get(f"{MINE}/{announcement_id}/comments")).code == "announcement_not_found"
    assert (await say(away, announcement_id, "我也说")).code == "announcement_not_found"


async def test_pages_follow_each_other_newest_first_with_ones_own_among_them(world: World) -> None:
    window, resident, neighbour = await clerk(world), await world.resident(), await world.resident()
    announcement_id, street = await opened(window, community(world)), await operator(world)
    order = []
    for number, who in enumerate((resident, neighbour, resident, neighbour, resident)):
        order.insert(0, await said(who, announcement_id, f"第 {number} 句"))
    for shown in order[:4]:
        await pick(window, shown, "show")
    await pick(window, order[0], "hide", reason="重复了")
    async with Profiler(world.house.db._handle) as profiler:
        for who, expected in ((resident, order), (neighbour, order[1:4])):
            assert [one["id"] for one in await paged(who, f"{MINE}/{announcement_id}/comments")] == expected
        desk = f"{DESK}/{announcement_id}/comments"
        assert [one["id"] for one in await paged(window, desk)] == order
        for state, expected in (("waiting", order[4:]), ("shown", order[1:4]), ("hidden", order[:1])):
            assert [one["id"] for one in await paged(street, desk, state=state)] == expected
        for path in (DESK, f"{DESK}/{announcement_id}"):
            assert (await window.get(path)).status == 200
        looks = await profiler.since()
    mine = [one for one in looks if one.collection == COMMENTS.name]
    assert mine and not problems("comments", mine)
    assert max(one.examined for one in mine) <= 4, "a page reads no more than it shows"


async def paged(who: Person, path: str, **query: Any) -> list[dict[str, Any]]:
    found, cursor = [], {}
    while True:
        reply = await who.get(path, limit=2, **query, **cursor)
        assert reply.status == 200, reply.body
        found += reply.json["items"]
        if reply.json["next"] is None:
            return found
        cursor = {"cursor": reply.json["next"]}


# Writing.


async def test_three_are_enough_and_who_deletes_one_may_write_another(world: World) -> None:
    resident, announcement_id = await world.resident(), await opened(await clerk(world), community(world))
    made = [await said(resident, announcement_id, f"第 {number} 句") for number in range(3)]
    assert (await read_by(resident, announcement_id))["left"] == 0
    refused = await say(resident, announcement_id, "还有一句")
    assert (refused.status, refused.code) == (409, "enough_comments")
    await said(await world.resident(), announcement_id, "别人还能写")
    assert (await resident.delete(f"/v1/comments/{made[1]}")).status == 204
    assert (await read_by(resident, announcement_id))["left"] == 1
    await said(resident, announcement_id, "还有一句")
    assert await texts_of(resident, announcement_id) == ["还有一句", "第 2 句", "第 0 句"]


async def test_many_sent_at_once_are_no_more_than_three(world: World) -> None:
    resident, announcement_id = await world.resident(), await opened(await clerk(world), community(world))
    replies = await asyncio.gather(*(say(resident, announcement_id, f"第 {n} 句") for n in range(8)))
    assert sorted(one.status for one in replies) == [201] * 3 + [409] * 5
    assert {one.code for one in replies} == {"", "enough_comments"}
    kept = await world.house.db.reader().all(COMMENTS, {"announcement_id": announcement_id}, limit=9)
    assert sorted(one.slot for one in kept) == [1, 2, 3]


async def test_tapped_twice_it_is_written_once_and_a_late_repeat_is_answered_as_before(world: World) -> None:
    resident, announcement_id = await world.resident(), await opened(await clerk(world), community(world))
    replies = await asyncio.gather(*(say(resident, announcement_id, "谢谢", key="tap-1") for _ in range(4)))
    assert {one.status for one in replies} == {201}
    assert len({one.json["id"] for one in replies}) == 1
    assert await texts_of(resident, announcement_id) == ["谢谢"]
    for text in ("第二句", "第三句"):
        await said(resident, announcement_id, text)
    again = await say(resident, announcement_id, "谢谢", key="tap-1")
    assert (again.status, again.json) == (201, replies[0].json), "although there is no place left"


@pytest.mark.parametrize(
    "body", [{}, {"text": ""}, {"text": " \n "}, {"text": "长" * 201}, {"text": "响铃\u0007"}, {"text": 5}]
)
async def test_what_cannot_be_written_is_refused_by_its_field(world: World, body: dict[str, Any]) -> None:
    resident, announcement_id = await world.resident(), await opened(await clerk(world), community(world))
    reply = await resident.post(f"{MINE}/{announcement_id}/comments", body)
    assert (reply.status, reply.json["error"]["field"]) == (422, "text"), reply.body
    assert await texts_of(resident, announcement_id) == []
    await said(resident, announcement_id, "长" * 200)


async def test_ones_own_is_deleted_and_nobody_elses(world: World) -> None:
    window, resident, neighbour = await clerk(world), await world.resident(), await world.resident()
    announcement_id = await opened(window, community(world))
    comment_id = await said(resident, announcement_id)
    await pick(window, comment_id, "show")
    refused = await neighbour.delete(f"/v1/comments/{comment_id}")
    assert (refused.status, refused.code) == (404, "comment_not_found")
    assert len(await texts_of(neighbour, announcement_id)) == 1
    assert (await resident.delete(f"/v1/comments/{comment_id}")).status == 204
    assert await texts_of(neighbour, announcement_id) == []
    assert (await pick(window, comment_id, "hide", reason="晚了")).code == "comment_not_found"


# What WeChat's check says.


async def test_what_wechat_calls_risky_is_not_kept_and_can_be_put_otherwise(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    announcement_id = await opened(window, community(world))
    reply = await say(resident, announcement_id, "来我家赌博")
    assert (reply.status, reply.code, reply.json["error"]["field"]) == (409, "comment_unsuitable", "text")
    assert (await at_the_desk(window, announcement_id))["items"] == []
    assert (await read_by(resident, announcement_id))["left"] == 3
    await said(resident, announcement_id, "来我家喝茶")


async def test_what_wechat_is_not_sure_of_waits_with_a_word_to_the_staff(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    announcement_id = await opened(window, community(world))
    await said(resident, announcement_id, "加微信领鸡蛋")
    await said(resident, announcement_id, "谢谢")
    fine, doubtful = (await at_the_desk(window, announcement_id))["items"]
    assert fine["caution"] == "" and "可能不合适" in doubtful["caution"]
    assert doubtful["state"] == "waiting" and "caution" not in str(await read_by(resident, announcement_id))


@pytest.mark.parametrize(
    "fault", [{"drop": True}, {"http_status": 500}, {"errcode": 61010}, {"errcode": 44991}, {"errcode": -1}]
)
async def test_without_wechats_word_it_waits_all_the_same(world: World, fault: dict[str, Any]) -> None:
    window, resident, neighbour = await clerk(world), await world.resident(), await world.resident()
    announcement_id = await opened(window, community(world))
    await world.control("faults", path=CHECK, times=3, **fault)
    comment_id = await said(resident, announcement_id)
    await world.control("faults", method="DELETE")
    [waits] = (await at_the_desk(window, announcement_id))["items"]
    assert (waits["id"], waits["state"]) == (comment_id, "waiting") and "没能检查" in waits["caution"]
    assert await texts_of(neighbour, announcement_id) == []


async def test_while_wechat_thinks_nothing_else_has_to_wait(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    announcement_id = await opened(window, community(world))
    await world.control("faults", path=CHECK, delay_ms=600)
    slow = asyncio.create_task(say(resident, announcement_id, "第一句"))

    async def thinking() -> bool:
        return not world.town.sandbox.world.faults.waiting

    await world.until(thinking, "the check has begun")
    closed = await act(window, announcement_id, "close-comments")
    assert closed.status == 200 and not slow.done(), "no transaction is open while WeChat is asked"
    late = await slow
    assert (late.status, late.code) == (409, "comments_closed"), "it is looked at again when it is written"


# Picking and answering.


async def test_the_desk_sees_how_many_wait_in_the_list_and_on_the_page(world: World) -> None:
    window, resident, street = await clerk(world), await world.resident(), await operator(world)
    announcement_id = await opened(window, community(world))
    first, _ = [await said(resident, announcement_id, text) for text in ("第一句", "第二句")]

    async def waiting(who: Person) -> tuple[int, int]:
        [line] = [
            one for one in (await who.get(DESK, limit=100)).json["items"] if one["id"] == announcement_id
        ]
        page = (await who.get(f"{DESK}/{announcement_id}")).json
        return line["comments_waiting"], page["comments_waiting"]

    assert await waiting(window) == await waiting(street) == (2, 2)
    assert (await at_the_desk(window, announcement_id, state="shown"))["waiting"] == 2
    await pick(window, first, "show")
    assert await waiting(window) == (1, 1)


async def test_a_page_that_shows_the_announcement_hears_of_each_comment(world: World) -> None:
    window, resident, street = await clerk(world), await world.resident(), await operator(world)
    body = {"audience": community(world), "title": "停水", "text": "请先存水。", "comments": True}
    announcement_id = (await window.post(DESK, body)).json["id"]
    await act(window, announcement_id, "publish", push=False)  # a broadcast would be heard of as well
    actor = await world.house.actor(window.token)
    with world.house.live.watch(actor) as open_page:

        async def heard() -> bool:
            return announcement_id in open_page.taken(actor).broadcasts

        comment_id = await said(resident, announcement_id)
        await world.until(heard, "somebody wrote")
        await pick(street, comment_id, "show")
        await world.until(heard, "a colleague picked it")
        await resident.delete(f"/v1/comments/{comment_id}")
        await world.until(heard, "the writer deleted it")


async def test_what_the_street_published_the_street_picks(world: World) -> None:
    street, window, resident = await operator(world), await clerk(world), await world.resident()
    announcement_id = await opened(street, community(world))
    comment_id = await said(resident, announcement_id)
    for reply in (
        await window.get(f"{DESK}/{announcement_id}/comments"),
        await pick(window, comment_id, "show"),
        await pick(window, comment_id, "answer", text="五点"),
    ):
        assert (reply.status, reply.code) == (403, "announcement_of_street")
    assert (await window.get(f"{DESK}/{announcement_id}")).json["comments_waiting"] == 0
    assert (await pick(street, comment_id, "show")).status == 200


async def test_two_colleagues_at_once_do_not_overwrite_each_other(world: World) -> None:
    first, second, resident = await clerk(world), await clerk(world), await world.resident()
    announcement_id = await opened(first, community(world))
    comment_id = await said(resident, announcement_id)
    replies = await asyncio.gather(
        pick(first, comment_id, "show", version=1),
        pick(second, comment_id, "hide", reason="和公告无关", version=1),
        pick(first, comment_id, "answer", text="五点", version=1),
    )
    assert sorted(one.status for one in replies) == [200, 409, 409]
    assert {one.code for one in replies} == {"", "comment_changed"}
    [kept] = (await at_the_desk(first, announcement_id))["items"]
    assert kept["version"] == 2
    stale = await pick(second, comment_id, "answer", text="六点", version=1)
    assert (stale.status, stale.code) == (409, "comment_changed")


async def test_the_same_act_sent_again_is_done_once(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    comment_id = await said(resident, await opened(window, community(world)))
    for what, body in (("show", {}), ("answer", {"text": "五点"}), ("hide", {"reason": "重复了"})):
        one, two = [
            await pick(window, comment_id, what, key=f"{comment_id} {what}"[-60:].replace(" ", "-"), **body)
            for _ in range(2)
        ]
        assert (one.status, two.status, one.json) == (200, 200, two.json)
    assert two.json["version"] == 4
    assert (await pick(window, comment_id, "hide", reason="重复了")).code == "comment_not_now"


async def test_the_writer_is_told_of_an_answer_once_and_everybody_reads_it_when_it_is_picked(
    world: World,
) -> None:
    window, resident, neighbour = await clerk(world), await world.resident(), await world.resident()
    announcement_id = await opened(window, community(world))
    comment_id = await said(resident, announcement_id, "几点来水？")
    answered = await pick(window, comment_id, "answer", text="下午五点来水")
    assert (answered.json["state"], answered.json["answered_by"]) == ("waiting", "王芳")
    assert (await pick(window, comment_id, "answer", text="下午五点来水")).json["version"] == 2
    await world.work()
    await world.work()
    [told] = await told_of_answers(resident)
    assert told["text"] == "绿苑社区回复了您在“周三停水”下的留言：下午五点来水"
    assert told["page"].endswith(f"?id={announcement_id}")
    [mine] = (await read_by(resident, announcement_id))["items"]
    assert (mine["answer"], mine["answered_by"]) == ("下午五点来水", "绿苑社区")
    assert await texts_of(neighbour, announcement_id) == []
    await pick(window, comment_id, "show")
    [theirs] = (await read_by(neighbour, announcement_id))["items"]
    assert (theirs["answer"], theirs["answered_by"]) == ("下午五点来水", "绿苑社区")
    await world.work()
    assert len(await told_of_answers(resident)) == 1 and await told_of_answers(neighbour) == []


async def test_an_answer_in_other_words_is_told_again_and_the_one_it_replaced_not(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    comment_id = await said(resident, await opened(window, community(world)))
    await pick(window, comment_id, "answer", text="五点来水")
    await pick(window, comment_id, "answer", text="六点来水")
    await world.work()
    assert [one["text"][-4:] for one in await told_of_answers(resident)] == ["六点来水"]
    await pick(window, comment_id, "answer", text="七点来水")
    await world.work()
    assert [one["text"][-4:] for one in await told_of_answers(resident)] == ["七点来水", "六点来水"]


async def test_who_wants_it_at_once_is_shown_the_answer_in_wechat(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    await resident.patch("/v1/me", {"preferences": {"topics": {"announcements": "now"}}})
    await accept(resident, TEMPLATE)
    announcement_id = await opened(window, community(world), title="标" * 60)
    await pick(window, await said(resident, announcement_id), "answer", text="答" * 300)
    await world.work()
    [told] = await told_of_answers(resident)
    assert told["delivery"] == "sent" and told["text"].endswith("…")
    [shown] = [one for one in await received(resident) if one["template_id"] == TEMPLATE]
    assert not violations(shown["data"]) and shown["data"]["thing3"] == "绿苑社区"


async def told_of_answers(who: Person) -> list[dict[str, Any]]:
    return [one for one in (await who.get("/v1/inbox")).json["items"] if one["title"] == "留言回复通知"]


async def test_of_what_was_deleted_or_withdrawn_nobody_is_told(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    kept, gone = [await opened(window, community(world)) for _ in range(2)]
    deleted, withdrawn = await said(resident, kept), await said(resident, gone)
    for comment_id in (deleted, withdrawn):
        await pick(window, comment_id, "answer", text="五点来水")
    await resident.delete(f"/v1/comments/{deleted}")
    await act(window, gone, "withdraw", reason="取消了")
    await world.work()
    assert await told_of_answers(resident) == []


# Who did it, and who left.


async def test_every_act_of_the_staff_is_in_the_audit_and_no_words_of_it(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    announcement_id = await opened(window, community(world))
    comment_id = await said(resident, announcement_id)
    for what, body in (
        ("show", {}),
        ("answer", {"text": "五点来水"}),
        ("hide", {"reason": "和公告无关"}),
    ):
        assert (await pick(window, comment_id, what, **body)).status == 200
    await act(window, announcement_id, "close-comments")
    rows = await world.house.db.reader().all(AUDIT, {"subjects": announcement_id}, limit=20)
    assert {one.what for one in rows} == {
        *("announcement.draft", "announcement.publish"),
        *("announcement.open_comments", "announcement.close_comments"),
        *("comment.show", "comment.answer", "comment.hide"),
    }
    about = [one for one in rows if one.what.startswith("comment.")]
    assert {one.actor_id for one in about} == {window.id}
    assert all(one.subjects == [comment_id, announcement_id] for one in about)
    assert "五点来水" not in str(rows)


async def test_who_leaves_takes_their_comments_along_and_had_them_in_the_export(world: World) -> None:
    window, resident, neighbour = await clerk(world), await world.resident(), await world.resident()
    announcement_id = await opened(window, community(world))
    comment_id = await said(resident, announcement_id, "几点来水？")
    theirs = await said(neighbour, announcement_id, "谢谢")
    for one in (comment_id, theirs):
        await pick(window, one, "show")
    await pick(window, comment_id, "answer", text="五点来水")
    parts = {one["title"]: one["records"] for one in (await resident.get("/v1/me/export")).json["parts"]}
    [record] = parts["公告下的留言"]
    assert (record["text"], record["answer"]) == ("几点来水？", "五点来水")
    assert not {"decided_by", "answered_by", "slot"} & set(record)
    assert (await resident.delete("/v1/me")).status == 204
    assert await world.house.db.reader().count(COMMENTS, {"resident_id": resident.id}) == 0
    assert await texts_of(neighbour, announcement_id) == ["谢谢"]
    assert [one["id"] for one in (await at_the_desk(window, announcement_id))["items"]] == [theirs]
    await world.work()


async def test_comments_on_the_streets_announcement_come_from_every_community(world: World) -> None:
    street, resident = await operator(world), await world.resident()
    _, yard = await elsewhere(world)
    away = await world.resident(household={"compound_id": yard, "room": ""})
    announcement_id = await opened(street, STREET)
    for who in (resident, away):
        await pick(street, await said(who, announcement_id, "谢谢"), "show")
    assert await texts_of(resident, announcement_id) == await texts_of(away, announcement_id) == ["谢谢"] * 2
