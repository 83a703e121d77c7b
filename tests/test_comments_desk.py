"""What the staff do with comments in the console: the switch, what waits, picking, not picking, answering."""

from datetime import timedelta
from typing import Any

from tests.browser import Browser, Seen
from tests.test_announcements import (
    DESK,
    MINE,
    act,
    clerk,
    community,
    elsewhere,
    operator,
    published,
)
from tests.world import Person, World

LIST = "/console/announcements"


def at(announcement_id: str) -> str:
    return f"{LIST}/{announcement_id}"


async def opened(world: World, window: Person) -> str:
    """A published announcement that takes comments."""
    made = await published(window, community(world))
    assert (await act(window, made["id"], "open-comments")).status == 200
    announcement_id: str = made["id"]
    return announcement_id


async def said(who: Person, announcement_id: str, text: str) -> str:
    reply = await who.post(f"{MINE}/{announcement_id}/comments", {"text": text})
    assert reply.status == 201, reply.body
    comment_id: str = reply.json["id"]
    return comment_id


async def read_by(who: Person, announcement_id: str) -> list[tuple[str, str, str]]:
    found = (await who.get(f"{MINE}/{announcement_id}/comments")).json["items"]
    return [(one["text"], one["state"], one["answer"]) for one in found]


async def taken(who: Person, announcement_id: str) -> bool:
    found: bool = (await who.get(f"{DESK}/{announcement_id}")).json["comments"]
    return found


def ending(comment_id: str, what: str) -> str:
    return f"/comments/{comment_id}/{what}"


def has(page: Seen, comment_id: str, what: str) -> bool:
    return any(one.action.endswith(ending(comment_id, what)) for one in page.forms)


async def test_a_draft_takes_no_comments_unless_the_box_is_ticked_and_keeps_what_was_chosen(
    world: World,
) -> None:
    window = await clerk(world)
    browser = Browser(world, window.token)
    filled = {"audience": f"community:{world.community}", "title": "周三停水", "text": "请先存水"}

    async def begun(**more: str) -> Seen:
        return await browser.follow(await browser.press(await browser.get(LIST), LIST, **filled, **more))

    page = await begun()
    assert "comments" not in page.form("/edit").fields
    assert not await taken(window, page.url.rpartition("/")[2])

    page = await begun(comments="1")
    announcement_id = page.url.rpartition("/")[2]
    assert page.form("/edit").fields["comments"] == "1" and await taken(window, announcement_id)
    refused = await browser.press(page, "/edit", title=" ")
    assert refused.status == 422 and refused.form("/edit").fields["comments"] == "1"
    page = await browser.follow(await browser.press(refused, "/edit", **filled))
    assert "草稿已保存" in page.text and await taken(window, announcement_id)

    form = page.form("/edit")
    unticked = {name: one for name, one in form.fields.items() if name != "comments"}
    await browser.post(form.action, unticked | filled)
    assert not await taken(window, announcement_id)


async def test_comments_are_opened_and_closed_on_the_page_of_what_is_published(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    made = await published(window, community(world))
    browser = Browser(world, window.token)
    page = await browser.get(at(made["id"]))
    assert "没有开放，居民不能写" in page.text

    page = await browser.follow(await browser.press(page, "/open-comments"))
    assert "已开放留言" in page.text and "还没有人留言" in page.text
    comment_id = await said(resident, made["id"], "几点来水？")
    page = await browser.get(at(made["id"]))
    await browser.follow(await browser.press(page, ending(comment_id, "show")))
    page = await browser.follow(await browser.press(await browser.get(at(made["id"])), "/close-comments"))

    assert "已关闭，居民不能再写；选登过的还看得到" in page.text
    assert (await resident.post(f"{MINE}/{made['id']}/comments", {"text": "还有吗"})).status == 409
    assert [text for text, _, _ in await read_by(await world.resident(), made["id"])] == ["几点来水？"]


async def test_what_waits_comes_first_and_its_number_is_in_sight_on_the_page_and_in_the_list(
    world: World,
) -> None:
    window = await clerk(world)
    announcement_id = await opened(world, window)
    first = await said(await world.resident(), announcement_id, "先来的")
    for text in ("后来的", "最后的"):
        world.clock.advance(timedelta(minutes=1))
        await said(await world.resident(), announcement_id, text)
    browser = Browser(world, window.token)
    page = await browser.get(at(announcement_id))
    assert "3 条等着选登" in page.text and "3 条留言等着选登" in (await browser.get(LIST)).text

    page = await browser.follow(await browser.press(page, ending(first, "show")))

    assert "2 条等着选登" in page.text and "2 条留言等着选登" in (await browser.get(LIST)).text
    places = [page.text.index(text) for text in ("最后的", "后来的", "先来的")]
    assert places == sorted(places)


async def test_a_comment_is_picked_and_everybody_reads_it(world: World) -> None:
    window, writer, other = await clerk(world), await world.resident(), await world.resident()
    announcement_id = await opened(world, window)
    comment_id = await said(writer, announcement_id, "几点来水？")
    assert await read_by(other, announcement_id) == []
    browser = Browser(world, window.token)

    page = await browser.press(await browser.get(at(announcement_id)), ending(comment_id, "show"))

    assert page.status == 303
    page = await browser.follow(page)
    assert "已选登，看得到公告的居民都能看到" in page.text and not has(page, comment_id, "show")
    assert await read_by(other, announcement_id) == [("几点来水？", "shown", "")]


async def test_one_that_is_not_picked_wants_a_reason_that_its_writer_reads(world: World) -> None:
    window, writer = await clerk(world), await world.resident()
    announcement_id = await opened(world, window)
    comment_id = await said(writer, announcement_id, "打 13800000000 找我")
    browser = Browser(world, window.token)
    page = await browser.get(at(announcement_id))

    refused = await browser.press(page, ending(comment_id, "hide"), reason=" ")
    assert refused.status == 422 and "请写明为什么不选登" in refused.text
    page = await browser.follow(await browser.press(refused, ending(comment_id, "hide"), reason="里面有电话"))

    assert "没有选登" in page.text and "里面有电话" in page.text and has(page, comment_id, "show")
    [mine] = (await writer.get(f"{MINE}/{announcement_id}/comments")).json["items"]
    assert (mine["state"], mine["reason"]) == ("hidden", "里面有电话")
    assert await read_by(await world.resident(), announcement_id) == []


async def test_an_answer_is_written_changed_and_does_not_pick(world: World) -> None:
    window, writer = await clerk(world), await world.resident()
    announcement_id = await opened(world, window)
    comment_id = await said(writer, announcement_id, "几点来水？")
    browser = Browser(world, window.token)
    page = await browser.get(at(announcement_id))
    refused = await browser.press(page, ending(comment_id, "answer"), text="好" * 301)
    assert refused.status == 422 and "请写回复，300 字以内" in refused.text and "好" * 301 in refused.text

    page = await browser.follow(await browser.press(page, ending(comment_id, "answer"), text="晚上十点"))
    assert "写留言的人会收到消息" in page.text and "改回复" in page.text and "晚上十点" in page.text
    await browser.press(page, ending(comment_id, "answer"), text="晚上九点")

    assert await read_by(writer, announcement_id) == [("几点来水？", "waiting", "晚上九点")]
    assert await read_by(await world.resident(), announcement_id) == []


async def test_of_two_at_once_the_second_is_told_at_the_comment_and_keeps_what_was_typed(
    world: World,
) -> None:
    window, colleague, writer = await clerk(world), await clerk(world), await world.resident()
    announcement_id = await opened(world, window)
    comment_id = await said(writer, announcement_id, "几点来水？")
    one, other = Browser(world, window.token), Browser(world, colleague.token)
    stale = await other.get(at(announcement_id))
    await one.press(await one.get(at(announcement_id)), ending(comment_id, "show"))

    refused = await other.press(stale, ending(comment_id, "answer"), text="晚上十点")

    assert refused.status == 409 and "刚刚有同事处理过这条留言" in refused.text
    assert refused.text.count("刚刚有同事处理过这条留言") == 1 and "晚上十点" in refused.text
    await other.press(refused, ending(comment_id, "answer"), text="晚上十点")
    assert await read_by(writer, announcement_id) == [("几点来水？", "shown", "晚上十点")]


async def test_a_form_that_is_sent_twice_is_done_once(world: World) -> None:
    window, writer = await clerk(world), await world.resident()
    announcement_id = await opened(world, window)
    comment_id = await said(writer, announcement_id, "几点来水？")
    browser = Browser(world, window.token)
    page = await browser.get(at(announcement_id))
    replies = [await browser.press(page, ending(comment_id, "show")) for _ in range(2)]
    assert [one.status for one in replies] == [replies[0].status] * 2 and replies[1].location
    assert await read_by(await world.resident(), announcement_id) == [("几点来水？", "shown", "")]


async def test_a_comment_that_its_writer_deleted_meanwhile_is_said_to_be_gone(world: World) -> None:
    window, writer = await clerk(world), await world.resident()
    announcement_id = await opened(world, window)
    comment_id = await said(writer, announcement_id, "几点来水？")
    browser = Browser(world, window.token)
    stale = await browser.get(at(announcement_id))
    await world.call("DELETE", f"/v1/comments/{comment_id}", token=writer.token)
    refused = await browser.press(stale, ending(comment_id, "show"))
    assert refused.status == 404 and "没有这条留言，可能已经删除了" in refused.text


async def test_who_may_not_change_the_announcement_reads_and_does_nothing_with_its_comments(
    world: World,
) -> None:
    street, window, writer = await operator(world), await clerk(world), await world.resident()
    announcement_id = await opened(world, street)
    comment_id = await said(writer, announcement_id, "几点来水？")
    page = await Browser(world, window.token).get(at(announcement_id))
    assert page.status == 200 and "几点来水？" not in page.text and not has(page, comment_id, "show")
    assert "条留言等着选登" not in (await Browser(world, window.token).get(LIST)).text

    own = await opened(world, window)
    theirs = await said(writer, own, "这条呢？")
    there, _ = await elsewhere(world)
    stranger = Browser(world, (await clerk(world, there)).token)
    form = (await Browser(world, window.token).get(at(own))).form(ending(theirs, "show"))
    alien = await stranger.get(LIST)
    token = alien.form(LIST).fields["_xsrf"]
    assert (await stranger.post(form.action, form.fields | {"_xsrf": token})).status == 404
    assert [state for _, state, _ in await read_by(writer, own)] == ["waiting"]


async def test_there_is_more_where_there_are_more_than_a_page(world: World) -> None:
    window = await clerk(world)
    announcement_id = await opened(world, window)
    people = [await world.resident() for _ in range(8)]
    written = [await said(who, announcement_id, f"第 {n} 句") for who in people for n in range(3)]
    browser = Browser(world, window.token)
    page = await browser.get(at(announcement_id))
    first = {one for one in written if has(page, one, "show")}
    assert len(first) == 20 and "再看早一些的" in page.text and "24 条等着选登" in page.text
    page = await browser.get(_link(page, "再看早一些的"))
    assert {one for one in written if has(page, one, "show")} == set(written) - first
    page = await browser.get(_link(page, "回到最新的"))
    assert {one for one in written if has(page, one, "show")} == first


def _link(page: Seen, words: str) -> str:
    before = page.body.partition(words)[0]
    return before.rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")


async def test_an_open_page_hears_that_somebody_wrote(world: World) -> None:
    window, writer = await clerk(world), await world.resident()
    announcement_id = await opened(world, window)
    actor = await world.house.actor(window.token)
    with world.house.live.watch(actor) as page:

        async def told() -> Any:
            return announcement_id in page.taken(await world.house.actor(window.token)).broadcasts

        await said(writer, announcement_id, "几点来水？")
        await world.until(told, "the page hears of it")
    body = (await Browser(world, window.token).get(at(announcement_id))).body
    assert f'id="comments" data-live data-live-broadcast="{announcement_id}"' in body
