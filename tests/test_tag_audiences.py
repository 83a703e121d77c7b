"""Announcements for those with a tag: who sees and gets one, off which indexes, and what becomes of those still to come
when the tag is retired."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from schemas.announcements import Audience
from schemas.residents import Household
from server.announcements import ANNOUNCEMENTS, Announcement
from server.announcements.audience import residents_where
from server.residents import RESIDENTS, Resident, Tagged
from tests.bench.lists import Profiler, problems
from tests.browser import Browser
from tests.test_announcements import DESK, MINE, STREET, act, community, compound, elsewhere, ids_of
from tests.test_broadcasts import only
from tests.test_tags import LIST, admin, choose, clerk, drop, made, operator
from tests.world import Person, Reply, World, unique


async def published(who: Person, audience: dict[str, str], tag: dict[str, Any], push: bool = False) -> str:
    body = {"audience": audience | {"tag": tag["id"]}, "title": "天冷了", "text": "请关好门窗。"}
    drafted = await who.post(DESK, body)
    assert drafted.status == 201, drafted.body
    assert (await act(who, drafted.json["id"], "publish", push=push)).status == 200
    announcement_id: str = drafted.json["id"]
    return announcement_id


# Announcements for those with a tag.


@pytest.mark.parametrize("kind", ["street", "community", "compound"])
async def test_an_announcement_for_a_tag_is_for_those_who_have_it_in_that_place(
    world: World, kind: str
) -> None:
    street, tag = await operator(world), await made(world, "self")
    _, yard = await elsewhere(world)
    here, without = await world.resident(), await world.resident()
    away = await world.resident(household={"compound_id": yard, "room": ""})
    for one in (here, away):
        await choose(one, tag)
    audience = {"street": STREET, "community": community(world), "compound": compound(world)}[kind]
    text = {"street": "全街道", "community": "绿苑社区", "compound": "绿苑社区 绿苑小区"}[kind]

    announcement_id = await published(street, audience, tag)

    sees = {"here": here, "away": away, "without": without}
    wanted = {"here", "away"} if kind == "street" else {"here"}
    assert {name for name, one in sees.items() if announcement_id in await ids_of(one)} == wanted
    for name, one in sees.items():
        assert (await one.get(f"{MINE}/{announcement_id}")).status == (200 if name in wanted else 404)
    assert (await without.post(f"{MINE}/{announcement_id}/read", {"edition": 1})).status == 404
    await here.post(f"{MINE}/{announcement_id}/read", {"edition": 1})
    view = (await street.get(f"{DESK}/{announcement_id}")).json["audience"]
    assert (view["tag"], view["text"]) == (tag["id"], f"{text} · {tag['name']}")
    reach = (await street.get(f"{DESK}/{announcement_id}/reach")).json
    assert (reach["audience"], reach["read"]) == (len(wanted), 1)


async def test_who_loses_the_tag_does_not_see_it_any_more_and_who_gets_it_sees_what_was_there(
    world: World,
) -> None:
    street, resident, tag = await operator(world), await world.resident(), await made(world, "self")
    announcement_id = await published(street, STREET, tag)
    assert announcement_id not in await ids_of(resident)
    await choose(resident, tag)
    assert announcement_id in await ids_of(resident)
    await drop(resident, tag)
    assert announcement_id not in await ids_of(resident)
    reply = await resident.get(f"{MINE}/{announcement_id}")
    assert (reply.status, reply.code) == (404, "announcement_not_found")


async def test_a_broadcast_goes_to_the_inbox_of_those_who_have_the_tag_when_it_is_written(
    world: World,
) -> None:
    street, tag = await operator(world), await made(world, "self")
    has, without, lost = [await world.resident() for _ in range(3)]
    for one in (has, lost):
        await choose(one, tag)
    body = {"audience": community(world) | {"tag": tag["id"]}, "title": unique("疫苗"), "text": "周六上午。"}
    draft = (await street.post(DESK, body)).json
    await drop(lost, tag)

    assert (await act(street, draft["id"], "publish")).status == 200
    await world.work()

    heard = [body["title"] in (await one.get("/v1/inbox")).body.decode() for one in (has, without, lost)]
    assert heard == [True, False, False]


async def test_a_tag_that_is_not_there_or_retired_is_refused_by_the_field(world: World) -> None:
    street, tag = await operator(world), await made(world)
    audience = community(world) | {"tag": tag["id"]}
    body = {"audience": audience, "title": "天冷了", "text": "请关好门窗。"}
    draft = (await street.post(DESK, body)).json
    await (await admin(world)).post(f"{LIST}/{tag['id']}/retire")
    wrong = [body, body | {"audience": STREET | {"tag": "nothing"}}]
    replies = [await street.post(DESK, one) for one in wrong]
    replies += [await act(street, draft["id"], "edit", **body), await act(street, draft["id"], "publish")]
    for reply in replies:
        assert (reply.status, reply.code) == (404, "tag_not_found")
        assert reply.json["error"]["field"] == "audience"
    cured = await act(street, draft["id"], "edit", **body | {"audience": community(world)})
    assert cured.json["audience"] == community(world) | {"tag": None, "text": "绿苑社区", "retired": False}


async def test_a_draft_keeps_its_tag_and_can_change_it(world: World) -> None:
    street, first, second = await operator(world), await made(world), await made(world, "self")
    body = {"audience": STREET | {"tag": first["id"]}, "title": "天冷了", "text": "请关好门窗。"}
    draft = (await street.post(DESK, body)).json
    changed = body | {"audience": STREET | {"tag": second["id"]}}
    assert (await act(street, draft["id"], "edit", **changed)).json["audience"]["tag"] == second["id"]


# A tag is retired that announcements wait for.


async def waiting(
    who: Person, tag: dict[str, Any], days: int = 1, audience: dict[str, str] | None = None
) -> dict[str, Any]:
    """Scheduled for nine o'clock in so many days."""
    body = {
        "audience": (audience or STREET) | {"tag": tag["id"]},
        "title": unique("天冷了"),
        "text": "请关窗。",
    }
    draft = (await who.post(DESK, body)).json
    reply = await act(who, draft["id"], "publish", at=who.world.at(9, days=days))
    assert (reply.status, reply.json["state"]) == (200, "scheduled"), reply.body
    one: dict[str, Any] = (await who.get(f"{DESK}/{draft['id']}")).json
    return one


async def retire(who: Person, tag: dict[str, Any], *agreed: str) -> Reply:
    return await who.post(f"{LIST}/{tag['id']}/retire", {"agreed": list(agreed)} if agreed else None)


async def test_a_tag_is_retired_only_when_all_that_is_still_to_come_by_it_is_agreed_to(world: World) -> None:
    who, street, window = await admin(world), await operator(world), await clerk(world)
    tag, other = await made(world), await made(world)
    later, sooner = await waiting(street, tag, days=3), await waiting(window, tag, 2, community(world))
    await waiting(street, other)
    await published(street, STREET, tag)
    body = {"audience": STREET | {"tag": tag["id"]}, "title": "天冷了", "text": "请关窗。"}
    assert (await street.post(DESK, body)).status == 201

    refused = await retire(who, tag)

    assert (refused.status, refused.code) == (409, "tag_awaited")
    assert refused.json["error"]["field"] == "agreed"
    assert [
        (one["id"], one["title"], one["at"], one["state_text"])
        for one in refused.json["error"]["announcements"]
    ] == [(one["id"], one["title"], one["published_at"], "定时发布") for one in (sooner, later)]
    newest = await waiting(street, tag, 4, compound(world))
    again = await retire(who, tag, later["id"], sooner["id"])
    assert again.code == "tag_awaited", "nobody has agreed to the one that came since"
    assert [one["active"] for one in (await who.get(LIST)).json["items"] if one["id"] == tag["id"]] == [True]
    agreed = await retire(who, tag, later["id"], sooner["id"], newest["id"])
    assert (agreed.status, agreed.json["active"]) == (200, False)
    assert (await retire(who, tag)).status == 200, "what is retired is asked about no more"


async def test_a_broadcast_that_goes_by_the_tag_is_still_to_come_until_it_is_over_or_stopped(
    world: World,
) -> None:
    who, street, tag, resident = (
        await admin(world),
        await operator(world),
        await made(world, "self"),
        await world.resident(),
    )
    await choose(resident, tag)
    over = await published(street, STREET, tag, push=True)
    for _ in range(2):
        await world.work()
        world.clock.advance(timedelta(minutes=2))
    going = await published(street, STREET, tag, push=True)
    text = {"title": "天更冷了", "text": "请关好门窗。", "note": "更冷了"}

    async def named() -> list[tuple[str, str]]:
        found = (await retire(who, tag)).json["error"]["announcements"]
        return [(one["id"], one["state_text"]) for one in found]

    assert await named() == [(going, "到时开始")]
    await only(world, "broadcasts")
    assert await named() == [(going, "正在发")]
    assert (await street.post(f"/v1/broadcasts/{going}.1/pause")).status == 200
    assert await named() == [(going, "停着")]
    assert (await act(street, going, "correct", push=False, **text)).json["edition"] == 2
    assert await named() == [(going, "停着")], "also the edition before goes on"
    assert (await street.post(f"/v1/broadcasts/{going}.1/stop")).status == 200
    assert (await retire(who, tag)).status == 200
    assert (await street.get(f"/v1/broadcasts/{over}.1")).json["state"] == "done"


async def test_a_correction_is_not_told_to_those_with_a_tag_that_nobody_has_any_more(world: World) -> None:
    who, street, tag, resident = (
        await admin(world),
        await operator(world),
        await made(world, "self"),
        await world.resident(),
    )
    await choose(resident, tag)
    one = await published(street, STREET, tag, push=True)
    await world.work()
    assert (await retire(who, tag, one)).status == 200
    text = {"title": "天更冷了", "text": "请关好门窗。", "note": "更冷了"}

    refused = await act(street, one, "correct", push=True, **text)

    assert (refused.status, refused.code, refused.json["error"]["field"]) == (
        409,
        "correction_unheard",
        "push",
    )
    assert len((await resident.get("/v1/inbox")).json["items"]) == 1
    assert (await street.get(f"{DESK}/{one}")).json["edition"] == 1
    assert (await act(street, one, "correct", push=False, **text)).json["edition"] == 2


async def test_what_is_scheduled_in_the_moment_in_which_its_tag_is_retired_is_seen_or_refused(
    world: World,
) -> None:
    who, street = await admin(world), await operator(world)
    for _ in range(8):
        tag = await made(world)
        body = {"audience": STREET | {"tag": tag["id"]}, "title": "天冷了", "text": "请关好门窗。"}
        draft = (await street.post(DESK, body)).json
        scheduled, retired = await asyncio.gather(
            act(street, draft["id"], "publish", at=world.at(9)), retire(who, tag)
        )
        assert (scheduled.status, retired.status) in ((200, 409), (404, 200)), (scheduled, retired)


# Indexes.


def crowd(world: World, count: int, tag: str) -> list[Resident]:
    """Every tenth has the tag; every tenth lives here, and of those every fifth has it."""
    now = world.clock.now()

    def one(number: int) -> Resident:
        here = number % 50 < 5
        return Resident(
            id=unique("crowd"),
            openid=unique("crowd"),
            household=Household(compound_id=world.compound if here else "there", room=""),
            community_id=world.community if here else "there",
            tags=[Tagged(id="other", at=now), Tagged(id=tag, at=now)] if number % 10 == 0 else [],
            created_at=now,
        )

    return [one(number) for number in range(count)]


def stages(plan: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [plan["inputStage"]] if "inputStage" in plan else plan.get("inputStages", [])
    return [plan, *(one for each in inner for one in stages(each))]


@pytest.mark.parametrize("kind", ["street", "community", "compound"])
async def test_those_with_a_tag_are_gone_through_and_counted_off_an_index_in_every_kind_of_place(
    world: World, kind: Any
) -> None:
    tag = unique("tag")
    await world.put(RESIDENTS, *crowd(world, 500, tag))
    place = {"street": "street", "community": world.community, "compound": world.compound}[kind]
    where = residents_where(one_for(world, kind, place, tag))
    find = {
        "find": RESIDENTS.name,
        "filter": where | {"_id": {"$gt": ""}},
        "sort": {"_id": 1},
        "limit": 20,
    }
    database = world.house.db._handle

    walked = await database.command({"explain": find, "verbosity": "executionStats"})
    counted = await database.command(
        {"explain": {"count": RESIDENTS.name, "query": where}, "verbosity": "executionStats"}
    )

    shown = stages(walked["queryPlanner"]["winningPlan"])
    fields = {"street": [], "community": ["community_id"], "compound": ["household.compound_id"]}[kind]
    [scan] = [one for one in shown if one["stage"] == "IXSCAN"]
    assert list(scan["keyPattern"]) == ["tags.id", *fields, "_id"]
    assert "SORT" not in {one["stage"] for one in shown}
    many = 50 if kind == "street" else 10
    assert (
        walked["executionStats"]["totalDocsExamined"]
        == walked["executionStats"]["nReturned"]
        == min(many, 20)
    )
    assert counted["executionStats"]["totalDocsExamined"] == 0, "nobody is looked at to be counted"
    assert await world.house.db.reader().count(RESIDENTS, where) == many


def one_for(world: World, kind: Any, place: str, tag: str | None, **more: Any) -> Announcement:
    now = world.clock.now()
    return Announcement(
        id=unique("announcement"),
        state="published",
        kind=kind,
        place=place,
        community_id=None,
        office_id=None,
        tag=tag,
        title="天冷了",
        text="请关好门窗。",
        images=[],
        author_id="somebody",
        author="王芳",
        created_at=now,
        at=now,
        **more,
    )


async def test_what_is_for_others_is_passed_over_in_the_index_and_never_read(world: World) -> None:
    resident, own = await world.resident(), await made(world, "self")
    await choose(resident, own)
    place, other = world.community, unique("tag")
    mine = [one_for(world, "community", place, tag) for tag in (None, own["id"]) for _ in range(15)]
    theirs = [one_for(world, "community", place, other) for _ in range(120)]
    await world.put(ANNOUNCEMENTS, *mine, *theirs)

    seen, cursor = [], None
    async with Profiler(world.house.db._handle) as profiler:
        while True:
            page = (await resident.get(MINE, limit=10, **({"cursor": cursor} if cursor else {}))).json
            seen += [one["id"] for one in page["items"]]
            if (cursor := page["next"]) is None:
                break
        looks = [one for one in await profiler.since() if one.collection == ANNOUNCEMENTS.name]

    assert {one.id for one in mine} <= set(seen) and not {one.id for one in theirs} & set(seen)
    assert not problems("announcements", looks)
    assert all(one.examined <= one.returned + 1 for one in looks), looks


async def test_what_is_still_to_come_is_found_without_going_through_what_has_been(world: World) -> None:
    who, street, tag = await admin(world), await operator(world), await made(world)
    await world.put(ANNOUNCEMENTS, *(one_for(world, "street", "street", tag["id"]) for _ in range(400)))
    one = await waiting(street, tag)

    async with Profiler(world.house.db._handle) as profiler:
        refused = await retire(who, tag)
        looks = [each for each in await profiler.since() if each.collection == ANNOUNCEMENTS.name]

    assert [each["id"] for each in refused.json["error"]["announcements"]] == [one["id"]]
    assert looks and not problems("announcements", looks)
    assert sum(each.examined for each in looks) < 200, looks


def test_an_audience_without_a_tag_is_as_it_was() -> None:
    assert Audience(kind="street").tag is None


# On the page.


async def test_an_announcement_is_given_its_tag_on_the_form(world: World) -> None:
    window, tag, resident = await clerk(world), await made(world, "self"), await world.resident()
    browser = Browser(world, window.token)
    listed = await browser.get("/console/announcements")
    written = {"audience": f"community:{world.community}", "title": "打疫苗", "text": "周六上午。"}
    page = await browser.follow(await browser.press(listed, "/announcements", tag=tag["id"], **written))
    assert f"绿苑社区 · {tag['name']}" in page.text
    page = await browser.follow(await browser.press(page, "/edit", **written, tag=tag["id"]))
    await browser.press(page, "/publish")
    assert await ids_of(resident) == [] or "打疫苗" not in (await resident.get(MINE)).body.decode()
    await choose(resident, tag)
    assert "打疫苗" in (await resident.get(MINE)).body.decode()


async def seen_of(browser: Browser, announcement_id: str) -> tuple[str, str]:
    """What the list and the page of one say."""
    listed = await browser.get(f"/console/announcements?place=community:{browser.world.community}")
    row = next(one for one in listed.body.split("<tr>") if f"/console/announcements/{announcement_id}" in one)
    return row, (await browser.get(f"/console/announcements/{announcement_id}")).text


async def test_who_retires_a_tag_sees_what_is_still_to_come_by_it_and_ticks_that_it_may_be_lost(
    world: World,
) -> None:
    street, tag, free = await operator(world), await made(world), await made(world)
    first, second = await waiting(street, tag, 2), await waiting(street, tag, 3)
    browser = Browser(world, (await admin(world)).token)
    page = await browser.get("/console/tags")
    assert "有 2 条公告要发给有它的人，停用以后没有人收到" in page.text
    for one in (first, second):
        assert f'<a href="/console/announcements/{one["id"]}">{one["title"]}</a>' in page.body
    assert "后天 9:00 定时发布" in page.text

    refused = await browser.press(page, f"/{tag['id']}/retire")
    assert refused.status == 409 and "确定要停用，再勾选同意" in refused.text
    third = await waiting(street, tag, 4)
    seen = f"{first['id']} {second['id']}"
    assert f'value="{seen}"' in refused.body
    late = await browser.press(refused, f"/{tag['id']}/retire", agreed=seen)
    assert late.status == 409 and third["title"] in late.text
    done = await browser.press(late, f"/{tag['id']}/retire", agreed=f"{seen} {third['id']}")
    page = await browser.follow(done)
    assert "已停用，正从居民身上取下" in page.text and first["title"] not in page.text
    page = await browser.follow(await browser.press(page, f"/{free['id']}/retire"))
    assert "已停用，正从居民身上取下" in page.text, "nothing is asked where nothing is lost"


async def test_one_that_will_reach_nobody_says_so_and_is_mended_by_another_tag(world: World) -> None:
    street, tag, other = await operator(world), await made(world), await made(world)
    one = await waiting(street, tag, 1, community(world))
    browser = Browser(world, street.token)
    assert not [text for text in await seen_of(browser, one["id"]) if "没有人收到" in text]
    assert (await retire(await admin(world), tag, one["id"])).status == 200

    for text in await seen_of(browser, one["id"]):
        assert f"标签“{tag['name']}”已经停用，到时没有人收到。请先退回草稿，另选一个标签再发布" in text
        assert "到了时间居民自己就能看到" not in text
    page = await browser.get(f"/console/announcements/{one['id']}")
    page = await browser.follow(await browser.press(page, "/hold-back"))
    assert "这条公告发不出去。请另选一个标签" in page.text
    assert f'<option value="{tag["id"]}" selected>{tag["name"]}（已停用，请另选）' in page.body
    written = {"audience": f"community:{world.community}", "title": one["title"], "text": one["text"]}
    refused = await browser.press(page, "/edit", **written, tag=tag["id"])
    assert refused.status == 404 and "请重新选择" in refused.text
    assert f'<option value="{tag["id"]}" selected>' in refused.body, (
        "sent as it stands it is for nobody, not for all"
    )
    page = await browser.follow(await browser.press(refused, "/edit", **written, tag=other["id"]))
    await browser.press(page, "/publish", when="later", at=f"{world.at(9)[:16]}")
    for text in await seen_of(browser, one["id"]):
        assert "停用" not in text and "定时发布" in text


async def test_a_paused_one_says_that_who_has_not_got_it_will_not_and_whose_it_is_to_change(
    world: World,
) -> None:
    street, tag, resident = await operator(world), await made(world, "self"), await world.resident()
    await choose(resident, tag)
    one = await published(street, community(world), tag, push=True)
    over = await published(street, community(world), tag)
    await only(world, "broadcasts")
    assert (await street.post(f"/v1/broadcasts/{one}.1/pause")).status == 200
    text = {"title": "天更冷了", "text": "请关好门窗。", "note": "更冷了"}
    assert (await act(street, one, "correct", push=False, **text)).status == 200
    assert (await retire(await admin(world), tag, one)).status == 200

    for who, whose in ((street, False), (await clerk(world), True)):
        browser = Browser(world, who.token)
        row, page = await seen_of(browser, one)
        for text in (row, page):
            assert f"标签“{tag['name']}”已经停用，还没收到的人收不到了" in text and "请停发" in text
        assert ("来改，请告诉他们" in page) == whose
        assert not [text for text in await seen_of(browser, over) if "已经停用" in text]
    assert (await street.get(f"{DESK}/{one}")).json["audience"]["retired"] is True
