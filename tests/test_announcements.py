"""Announcements: who may write to whom, who sees what from when on, corrections, readings, reach."""

import asyncio
from datetime import timedelta
from typing import Any

from schemas.staff import Grant
from server.announcements import ANNOUNCEMENTS, READINGS
from server.attachments import ATTACHMENTS
from server.audit import AUDIT
from server.places import PLACES, Place
from server.residents import RESIDENTS
from tests.bench.lists import Profiler, problems
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.pictures import pdf, photo
from tests.world import Person, Reply, World, unique

MINE, DESK = "/v1/announcements", "/v1/staff-announcements"
STREET = {"kind": "street"}


async def operator(world: World) -> Person:
    return await world.staff(Grant(role="operator"))


async def clerk(world: World, community: str | None = None) -> Person:
    return await world.staff(Grant(role="clerk", community_id=community or world.community))


def community(world: World) -> dict[str, str]:
    return {"kind": "community", "place_id": world.community}


def compound(world: World) -> dict[str, str]:
    return {"kind": "compound", "place_id": world.compound}


async def elsewhere(world: World) -> tuple[str, str]:
    """Another community and its compound."""
    there, yard = unique("community"), unique("compound")
    await world.put(
        PLACES,
        Place(id=there, kind="community", name="安康社区"),
        Place(id=yard, kind="compound", name="安康花园", parent_id=there),
    )
    return there, yard


async def drafted(who: Person, audience: dict[str, str], **more: str) -> dict[str, Any]:
    body = {"audience": audience, "title": "周三停水", "text": "上午九点到下午五点停水，请先存水。", **more}
    reply = await who.post(DESK, body)
    assert reply.status == 201, reply.body
    made: dict[str, Any] = reply.json
    return made


async def act(who: Person, announcement_id: str, what: str, **body: Any) -> Reply:
    return await who.post(f"{DESK}/{announcement_id}/{what}", body)


async def published(who: Person, audience: dict[str, str], **more: str) -> dict[str, Any]:
    made = await drafted(who, audience, **more)
    reply = await act(who, made["id"], "publish")
    assert reply.status == 200, reply.body
    done: dict[str, Any] = reply.json
    return done


async def send(who: Person, announcement_id: str, content: bytes) -> Reply:
    path = f"{DESK}/{announcement_id}/attachments"
    headers = {"Content-Type": "application/octet-stream"}
    return await who.world.call("POST", path, raw=content, token=who.token, headers=headers)


async def ids_of(who: Person) -> list[str]:
    return [one["id"] for one in (await who.get(MINE, limit=100)).json["items"]]


# Four ways through each door (tests/test_endpoints.py).


def at_desk(what: str, body: dict[str, Any], schedule: bool | None = None) -> Any:
    async def visit(world: World) -> Visit:
        who = await clerk(world)
        made = await drafted(who, community(world))
        if schedule is not None:
            at = {"at": world.at(9)} if schedule else {}
            assert (await act(who, made["id"], "publish", **at)).status == 200
        other, _ = await elsewhere(world)
        path = f"{DESK}/{made['id']}{what}"
        full = {"audience": community(world)} | body if what == "/edit" else body or None
        return Visit(who=who, path=path, body=full, stranger=await clerk(world, other))

    return visit


def as_resident(what: str, body: Any) -> Any:
    async def visit(world: World) -> Visit:
        made = await published(await clerk(world), compound(world))
        _, yard = await elsewhere(world)
        stranger = await world.resident(household={"compound_id": yard, "room": ""})
        return Visit(
            who=await world.resident(), path=f"{MINE}/{made['id']}{what}", body=body, stranger=stranger
        )

    return visit


async def visit_list(world: World) -> Visit:
    return Visit(who=await world.resident(), path=MINE)


async def visit_desk(world: World) -> Visit:
    return Visit(who=await clerk(world), path=DESK)


async def visit_draft(world: World) -> Visit:
    return Visit(
        who=await clerk(world),
        path=DESK,
        body={"audience": community(world), "title": "停水", "text": "明天"},
    )


TEXTS = {"title": "周四停水", "text": "改到周四。"}
ONE = DESK + "/{announcement_id}"
HAPPY: Happy = {
    ("GET", MINE): visit_list,
    ("GET", MINE + "/{announcement_id}"): as_resident("", None),
    ("POST", MINE + "/{announcement_id}/read"): as_resident("/read", {"edition": 1}),
    ("GET", DESK): visit_desk,
    ("POST", DESK): visit_draft,
    ("GET", ONE): at_desk("", {}),
    ("GET", ONE + "/reach"): at_desk("/reach", {}),
    ("POST", ONE + "/edit"): at_desk("/edit", TEXTS),
    ("POST", ONE + "/publish"): at_desk("/publish", {}),
    ("POST", ONE + "/discard"): at_desk("/discard", {}),
    ("POST", ONE + "/hold-back"): at_desk("/hold-back", {}, schedule=True),
    ("POST", ONE + "/withdraw"): at_desk("/withdraw", {"reason": "写错了"}, schedule=False),
    ("POST", ONE + "/correct"): at_desk("/correct", TEXTS | {"note": "改了日期"}, schedule=False),
}
COVERS = {("POST", ONE + "/attachments")}


# Who may write to whom.


async def test_a_window_writes_to_its_own_community_and_to_nobody_else(world: World) -> None:
    window = await clerk(world)
    there, yard = await elsewhere(world)
    for audience in (community(world), compound(world)):
        await drafted(window, audience)
    for audience in (
        STREET,
        {"kind": "community", "place_id": there},
        {"kind": "compound", "place_id": yard},
    ):
        reply = await window.post(DESK, {"audience": audience, "title": "停水", "text": "明天"})
        assert (reply.status, reply.code) == (403, "audience_not_yours")


async def test_a_window_cannot_move_its_draft_to_the_whole_street(world: World) -> None:
    window = await clerk(world)
    made = await drafted(window, community(world))
    reply = await act(window, made["id"], "edit", audience=STREET, title="停水", text="明天")
    assert (reply.status, reply.code) == (403, "audience_not_yours")
    assert (await window.get(f"{DESK}/{made['id']}")).json == made


async def test_operator_and_administrator_write_to_the_street_and_to_every_place(world: World) -> None:
    for role in ("operator", "admin"):
        who = await world.staff(Grant(role=role))
        for audience in (STREET, community(world), compound(world)):
            assert (await drafted(who, audience))["state"] == "draft"


async def test_a_place_that_is_not_there_or_of_another_kind_is_refused_by_name(world: World) -> None:
    who = await operator(world)
    for place in ("nowhere", world.compound, None):
        body = {"audience": {"kind": "community", "place_id": place}, "title": "停水", "text": "明天"}
        reply = await who.post(DESK, body)
        assert (reply.status, reply.code) == (404, "audience_not_found")


async def test_a_window_reads_what_the_street_wrote_to_its_community_and_cannot_change_it(
    world: World,
) -> None:
    made = await published(await operator(world), community(world))
    window = await clerk(world)
    seen = await window.get(f"{DESK}/{made['id']}")
    assert (seen.status, seen.json["actions"]) == (200, [])
    for what, body in (("withdraw", {"reason": "不对"}), ("correct", TEXTS | {"note": "不对"})):
        reply = await act(window, made["id"], what, **body)
        assert (reply.status, reply.code) == (403, "announcement_of_street")


async def test_the_desk_lists_what_lies_in_scope_by_state_and_place(world: World) -> None:
    window, street = await clerk(world), await operator(world)
    there, _ = await elsewhere(world)
    mine = await drafted(window, compound(world))
    later = await drafted(street, community(world))
    await act(street, later["id"], "publish", at=world.at(9))
    other = await published(street, {"kind": "community", "place_id": there})
    listed = (await window.get(DESK)).json["items"]
    assert [(one["id"], one["state"]) for one in listed] == [
        (later["id"], "scheduled"),
        (mine["id"], "draft"),
    ]
    assert [one["id"] for one in (await window.get(DESK, state="draft")).json["items"]] == [mine["id"]]
    assert [one["id"] for one in (await window.get(DESK, state="scheduled")).json["items"]] == [later["id"]]
    found = (await street.get(DESK, place_id=there, state="published")).json["items"]
    assert [one["id"] for one in found] == [other["id"]]
    assert (await window.get(DESK, place_id=there)).code == "audience_not_yours"


# Who sees what, from when on.


async def test_residents_see_what_is_for_their_street_community_and_compound_newest_first(
    world: World,
) -> None:
    street = await operator(world)
    there, yard = await elsewhere(world)
    made = []
    for audience in (STREET, community(world), compound(world)):
        made.append((await published(street, audience))["id"])
        world.clock.advance(timedelta(minutes=1))
    for audience in ({"kind": "community", "place_id": there}, {"kind": "compound", "place_id": yard}):
        other = (await published(street, audience))["id"]
    resident = await world.resident()
    assert (await ids_of(resident))[:3] == made[::-1]
    assert other not in await ids_of(resident)
    reply = await resident.get(f"{MINE}/{other}")
    assert (reply.status, reply.code) == (404, "announcement_not_found")


async def test_a_newcomer_without_a_household_sees_the_streets_only(world: World) -> None:
    street = await operator(world)
    theirs, all_ = await published(street, community(world)), await published(street, STREET)
    code = (await world.control("codes", openid=unique("newcomer")))["code"]
    login = (await world.call("POST", "/v1/sessions", {"code": code})).json
    newcomer = Person(world, login["resident"]["id"], login["token"])
    seen = await ids_of(newcomer)
    assert all_["id"] in seen and theirs["id"] not in seen
    assert (await newcomer.get(f"{MINE}/{theirs['id']}")).status == 404


async def test_who_moves_sees_the_new_places_announcements(world: World) -> None:
    street = await operator(world)
    _, yard = await elsewhere(world)
    here, new = (
        await published(street, compound(world)),
        await published(street, {"kind": "compound", "place_id": yard}),
    )
    resident = await world.resident()
    await resident.patch("/v1/me", {"household": {"compound_id": yard, "room": ""}})
    seen = await ids_of(resident)
    assert new["id"] in seen and here["id"] not in seen


async def test_a_scheduled_one_appears_at_its_time_without_any_job(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    made = await drafted(window, community(world))
    at = world.clock.now() + timedelta(hours=2)
    done = (await act(window, made["id"], "publish", at=at.isoformat())).json
    assert (done["state"], [one["name"] for one in done["actions"]]) == ("scheduled", ["hold_back"])
    assert made["id"] not in await ids_of(resident)
    assert (await resident.get(f"{MINE}/{made['id']}")).status == 404
    world.clock.advance(timedelta(hours=2))
    assert made["id"] in await ids_of(resident)
    assert (await window.get(f"{DESK}/{made['id']}")).json["state"] == "published"


async def test_a_time_that_has_passed_is_refused(world: World) -> None:
    window = await clerk(world)
    made = await drafted(window, community(world))
    reply = await act(window, made["id"], "publish", at=world.clock.now().isoformat())
    assert (reply.status, reply.code) == (409, "publish_time_past")


async def test_what_was_held_back_is_a_draft_and_never_appears(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    made = await drafted(window, community(world))
    await act(window, made["id"], "publish", at=world.at(9))
    assert (await act(window, made["id"], "hold-back")).json["state"] == "draft"
    world.clock.advance(timedelta(days=2))
    assert made["id"] not in await ids_of(resident)


async def test_only_a_draft_can_be_edited_or_thrown_away(world: World) -> None:
    window = await clerk(world)
    made = await published(window, community(world))
    edited = await act(window, made["id"], "edit", audience=community(world), **TEXTS)
    assert (edited.status, edited.code) == (409, "announcement_not_now")
    assert (await act(window, made["id"], "discard")).code == "announcement_not_now"


async def test_two_colleagues_at_once_do_not_overwrite_each_other(world: World) -> None:
    first, second = await clerk(world), await clerk(world)
    made = await drafted(first, community(world))
    replies = await asyncio.gather(
        *(
            act(
                one,
                made["id"],
                "edit",
                audience=community(world),
                title=f"{name}写的",
                text="明天",
                version=1,
            )
            for one, name in ((first, "甲"), (second, "乙"))
        )
    )
    assert sorted(one.status for one in replies) == [200, 409]
    assert {one.code for one in replies} == {"", "announcement_changed"}


# Corrections and withdrawal.


async def test_a_correction_says_so_and_staff_keep_what_it_said_before(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    made = await published(window, community(world))
    await resident.post(f"{MINE}/{made['id']}/read", {"edition": 1})
    world.clock.advance(timedelta(hours=1))
    done = await act(window, made["id"], "correct", **TEXTS, note="停水改到周四")
    assert (done.status, done.json["edition"]) == (200, 2)
    seen = (await resident.get(f"{MINE}/{made['id']}")).json
    assert (seen["title"], seen["correction_note"], seen["unread"]) == ("周四停水", "停水改到周四", True)
    assert "editions" not in seen
    [before] = (await window.get(f"{DESK}/{made['id']}")).json["editions"]
    assert (before["edition"], before["title"], before["text"]) == (1, made["title"], made["text"])
    [line] = [one for one in (await resident.get(MINE)).json["items"] if one["id"] == made["id"]]
    assert (line["corrected"], line["unread"], line["published_at"]) == (True, True, seen["published_at"])


async def test_a_correction_that_changes_nothing_is_refused(world: World) -> None:
    window = await clerk(world)
    made = await published(window, community(world))
    same = {"title": made["title"], "text": made["text"], "note": "没改"}
    assert (await act(window, made["id"], "correct", **same)).code == "nothing_corrected"


async def test_what_was_withdrawn_leaves_the_list_and_tells_why_to_who_opens_it(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    made = await published(window, community(world))
    done = await act(window, made["id"], "withdraw", reason="供水公司取消了")
    assert (done.json["state"], done.json["actions"]) == ("withdrawn", [])
    assert made["id"] not in await ids_of(resident)
    seen = (await resident.get(f"{MINE}/{made['id']}")).json
    assert (seen["state"], seen["withdraw_reason"], seen["text"]) == ("withdrawn", "供水公司取消了", "")
    assert (await act(window, made["id"], "withdraw", reason="再撤一次")).code == "announcement_not_now"


# Pictures.


async def test_pictures_come_through_the_attachments_and_go_to_residents_as_links(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    made = await drafted(window, community(world))
    picture = await send(window, made["id"], photo())
    assert picture.status == 201, picture.body
    kept = await act(
        window, made["id"], "edit", audience=community(world), images=[picture.json["id"]], **TEXTS
    )
    assert [one["use"] for one in kept.json["images"]] == ["announcement"]
    await act(window, made["id"], "publish")
    [image] = (await resident.get(f"{MINE}/{made['id']}")).json["images"]
    opened = await world.call("GET", image["url"])
    assert (opened.status, opened.headers["Content-Type"]) == (200, "image/jpeg")


async def test_a_picture_that_a_draft_drops_is_swept_and_one_that_was_published_stays(world: World) -> None:
    window = await clerk(world)
    made = await drafted(window, community(world))
    dropped, shown = [(await send(window, made["id"], photo())).json["id"] for _ in range(2)]
    for images in ([dropped, shown], [shown]):
        reply = await act(window, made["id"], "edit", audience=community(world), images=images, **TEXTS)
        assert reply.status == 200, reply.body
    await act(window, made["id"], "publish")
    await act(window, made["id"], "correct", title="没有图了", text="改了", note="去掉图片")
    await world.work()
    left = [await world.house.db.reader().get(ATTACHMENTS, one) for one in (dropped, shown)]
    assert [one is not None for one in left] == [False, True]
    [before] = (await window.get(f"{DESK}/{made['id']}")).json["editions"]
    assert [one["id"] for one in before["images"]] == [shown]


async def test_no_paper_and_no_strangers_picture_gets_into_an_announcement(world: World) -> None:
    window, other = await clerk(world), await clerk(world)
    made, second = await drafted(window, community(world)), await drafted(window, community(world))
    paper = (await send(window, made["id"], pdf())).json["id"]
    theirs = (await send(other, made["id"], photo())).json["id"]
    elsewhere_ = (await send(window, second["id"], photo())).json["id"]
    for one in (paper, theirs, elsewhere_):
        reply = await act(window, made["id"], "edit", audience=community(world), images=[one], **TEXTS)
        assert (reply.status, reply.code) == (404, "attachment_not_found")


async def test_nobody_sends_pictures_to_another_communitys_or_as_a_resident(world: World) -> None:
    made = await drafted(await clerk(world), community(world))
    there, _ = await elsewhere(world)
    assert (await send(await clerk(world, there), made["id"], photo())).status == 404
    assert (await send(await world.resident(), made["id"], photo())).status == 403
    path = f"{DESK}/{made['id']}/attachments"
    assert (await world.call("POST", path, raw=photo())).status == 401


# Readings and reach.


async def test_a_reading_is_written_once_for_each_resident_and_edition(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    made = await published(window, community(world))
    path = f"{MINE}/{made['id']}/read"
    replies = await asyncio.gather(*(resident.post(path, {"edition": 1}) for _ in range(5)))
    assert {one.status for one in replies} == {200}
    mine = {"resident_id": resident.id}
    assert await world.house.db.reader().count(READINGS, mine) == 1
    assert not (await resident.get(f"{MINE}/{made['id']}")).json["unread"]
    assert made["id"] not in [one["id"] for one in (await resident.get(MINE)).json["items"] if one["unread"]]
    await act(window, made["id"], "correct", **TEXTS, note="改了日期")
    await resident.post(path, {"edition": 2})
    assert await world.house.db.reader().count(READINGS, mine) == 2
    assert (await resident.post(path, {"edition": 3})).status == 404


async def test_reach_counts_who_lives_there_and_who_has_read_the_present_edition(world: World) -> None:
    window, street = await clerk(world), await operator(world)
    _, yard = await elsewhere(world)
    here = [await world.resident() for _ in range(3)]
    away = await world.resident(household={"compound_id": yard, "room": ""})
    gone = await world.resident()
    everywhere = (await street.get(f"{DESK}/{(await published(street, STREET))['id']}/reach")).json[
        "audience"
    ]
    assert (await gone.delete("/v1/me")).status == 204
    own, all_ = await published(window, community(world)), await published(street, STREET)
    near = await published(window, compound(world))
    for one in here[:2]:
        await one.post(f"{MINE}/{own['id']}/read", {"edition": 1})
    reach = (await window.get(f"{DESK}/{own['id']}/reach")).json
    assert reach == {"audience": 3, "read": 2, "edition": 1, "read_before": None}
    assert (await window.get(f"{DESK}/{near['id']}/reach")).json["audience"] == 3
    assert (await street.get(f"{DESK}/{all_['id']}/reach")).json["audience"] == everywhere - 1
    await act(window, own["id"], "correct", **TEXTS, note="改了日期")
    await here[0].post(f"{MINE}/{own['id']}/read", {"edition": 2})
    reach = (await window.get(f"{DESK}/{own['id']}/reach")).json
    assert (reach["read"], reach["read_before"]) == (1, 2)
    assert (await away.get(f"{MINE}/{own['id']}")).status == 404


async def test_who_leaves_takes_their_readings_along_and_had_them_in_the_export(world: World) -> None:
    resident = await world.resident()
    made = await published(await clerk(world), community(world))
    await resident.post(f"{MINE}/{made['id']}/read", {"edition": 1})
    parts = {one["title"]: one["records"] for one in (await resident.get("/v1/me/export")).json["parts"]}
    assert [one["announcement_id"] for one in parts["看过的公告"]] == [made["id"]]
    assert (await resident.delete("/v1/me")).status == 204
    assert await world.house.db.reader().count(READINGS, {"resident_id": resident.id}) == 0


async def test_every_act_of_the_staff_is_in_the_audit(world: World) -> None:
    window = await clerk(world)
    made = await drafted(window, community(world))
    for what, body in (
        ("edit", {"audience": community(world), **TEXTS}),
        ("publish", {"at": world.at(9)}),
        ("hold-back", {}),
        ("publish", {}),
        ("correct", {"title": "又改了", "text": "改到周五。", "note": "改了日期"}),
        ("withdraw", {"reason": "取消了"}),
    ):
        assert (await act(window, made["id"], what, **body)).status == 200
    rows = await world.house.db.reader().all(AUDIT, {"subjects": made["id"]}, limit=20, sort="at")
    told = sorted(one.what.removeprefix("announcement.") for one in rows)
    assert told == ["correct", "draft", "edit", "hold_back", "publish", "schedule", "withdraw"]
    assert {one.actor_id for one in rows} == {window.id}


async def test_pages_follow_each_other_and_lists_and_counts_read_off_indexes(world: World) -> None:
    street, window, resident = await operator(world), await clerk(world), await world.resident()
    made = [
        (await published(street, audience))["id"]
        for audience in (STREET, community(world), compound(world)) * 2
    ]
    seen, cursor = [], None
    async with Profiler(world.house.db._handle) as profiler:
        while True:
            page = (await resident.get(MINE, limit=2, **({"cursor": cursor} if cursor else {}))).json
            seen += [one["id"] for one in page["items"]]
            if (cursor := page["next"]) is None:
                break
        assert (
            await window.get(DESK, limit=1, cursor=(await window.get(DESK, limit=1)).json["next"])
        ).status == 200
        for who in (street, window):
            for state in ("", "draft", "scheduled", "published", "withdrawn"):
                assert (await who.get(DESK, **({"state": state} if state else {}))).status == 200
        for one in made[:3]:
            assert (await street.get(f"{DESK}/{one}/reach")).status == 200
        await resident.post(f"{MINE}/{made[0]}/read", {"edition": 1})
        looks = await profiler.since()
    assert set(made) <= set(seen) and len(seen) == len(set(seen))
    assert not problems("announcements", looks)
    counted = [one for one in looks if one.collection == RESIDENTS.name and one.plan != "IDHACK"]
    assert len(counted) == 5 and not any(one.examined for one in counted), "residents were read to count them"
    assert ANNOUNCEMENTS.name in {one.collection for one in looks}


# The console's pages.


async def test_a_window_drafts_looks_publishes_corrects_and_withdraws_on_the_page(world: World) -> None:
    window, resident = await clerk(world), await world.resident()
    browser = Browser(world, window.token)
    listed = await browser.get("/console/announcements")
    assert listed.status == 200 and "全街道" not in listed.text
    audience = f"compound:{world.compound}"
    written = {"audience": audience, "title": "周三停水", "text": "第一行\r\n第二行"}
    refused = await browser.press(listed, "/announcements", **written | {"title": " "})
    assert refused.status == 422 and "请写标题" in refused.text and "第二行" in refused.text
    page = await browser.follow(await browser.press(listed, "/announcements", **written))
    assert "草稿已存好" in page.text and "居民手机上是这样" in page.text
    [made] = (await window.get(DESK, state="draft")).json["items"]
    at = f"/console/announcements/{made['id']}"
    saved = {"audience": audience, "title": "周三停水通知", "text": "第一行\r\n第二行"}
    page = await browser.follow(await browser.press(page, "/edit", **saved))
    assert "草稿已保存" in page.text and made["id"] not in await ids_of(resident)
    past = await browser.press(page, "/publish", when="later", at="2020-01-01T09:00")
    assert past.status == 409 and "发布时间已经过了" in past.text
    page = await browser.follow(await browser.press(page, "/publish", when="later", at=world.at(9)[:16]))
    assert "定时发布" in page.text and "定一个时间" not in page.text
    page = await browser.follow(await browser.press(page, "/hold-back"))
    page = await browser.follow(await browser.press(page, "/publish"))
    assert "已发布，居民现在就能看到" in page.text
    await resident.post(f"{MINE}/{made['id']}/read", {"edition": 1})
    page = await browser.get(at)
    assert (
        "1 人看过 ，这里一共住着 1 位" in page.text
        and (await resident.get(f"{MINE}/{made['id']}")).json["text"] == "第一行\n第二行"
    )
    fixed = {"title": "周四停水通知", "text": "改到周四", "note": "日期写错了"}
    page = await browser.follow(await browser.press(page, "/correct", **fixed))
    assert "已更正：日期写错了" in page.text and "第 1 版：周三停水通知" in page.text
    page = await browser.follow(await browser.press(page, "/withdraw", reason="不停了"))
    assert "已撤回：不停了" in page.text and "撤回这条公告" not in page.text


async def test_a_form_that_is_sent_after_a_colleagues_says_so_and_keeps_what_was_written(
    world: World,
) -> None:
    first, second = Browser(world, (await clerk(world)).token), await clerk(world)
    made = await drafted(second, community(world))
    page = await first.get(f"/console/announcements/{made['id']}")
    assert (await act(second, made["id"], "edit", audience=community(world), **TEXTS)).status == 200
    written = {"audience": f"community:{world.community}", "title": "我写的", "text": "我写的正文"}
    late = await first.press(page, "/edit", **written)
    assert late.status == 409 and "刚刚有同事改过" in late.text and "我写的正文" in late.text


async def test_a_picture_waits_ticked_on_the_page_until_it_is_saved(world: World) -> None:
    window = await clerk(world)
    made = await drafted(window, community(world))
    browser, at = Browser(world, window.token), f"/console/announcements/{made['id']}"
    await send(window, made["id"], photo())
    page = await browser.get(at)
    [ticked] = [name for name in page.form("/edit").fields if name.startswith("images:")]
    saved = {"audience": f"community:{world.community}", "title": "有图", "text": "看图"}
    await browser.press(page, "/edit", **saved)
    kept = (await window.get(f"{DESK}/{made['id']}")).json["images"]
    assert [f"images:{one['id']}" for one in kept] == [ticked]


async def test_the_pages_are_closed_to_other_roles_and_other_communities(world: World) -> None:
    made = await drafted(await clerk(world), community(world))
    there, _ = await elsewhere(world)
    other = Browser(world, (await clerk(world, there)).token)
    assert (await other.get(f"/console/announcements/{made['id']}")).status == 404
    assert made["id"] not in (await other.get("/console/announcements")).body
    reviewer = Browser(world, (await world.staff(Grant(role="reviewer"))).token)
    assert (await reviewer.get("/console/announcements")).status == 403
    page = await other.get("/console/announcements")
    form = page.form("/announcements").fields
    sent = await other.post(
        "/console/announcements", form | {"audience": "street:street", "title": "停水", "text": "明天"}
    )
    assert sent.status == 403 and "只能给自己社区的居民发公告" in sent.text


async def test_the_list_goes_by_state_and_audience_and_survives_nonsense(world: World) -> None:
    window = await clerk(world)
    made, gone = (
        await drafted(window, community(world)),
        await published(window, compound(world), title="已经发布的"),
    )
    browser = Browser(world, window.token)
    drafts = await browser.get("/console/announcements?state=draft")
    assert made["id"] in drafts.body and gone["id"] not in drafts.body
    there = await browser.get(f"/console/announcements?place=compound:{world.compound}")
    assert gone["id"] in there.body and made["id"] not in there.body
    for query in ("state=x", "cursor=%24", "place=compound:nowhere", "place=%00"):
        assert (await browser.get(f"/console/announcements?{query}")).status == 200
