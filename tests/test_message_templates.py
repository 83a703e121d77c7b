"""The subscription templates: each in words, with its id here, and shown as WeChat would show it."""

import pytest
from msgspec import structs

from schemas.message_templates import PreviewTemplate
from schemas.staff import Grant
from server import message_templates
from server.config import Push, Settings
from server.kit.template_rules import RULES, violations
from server.push import MESSAGES, templates
from server.sandbox import config as sandbox
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.pushed import message
from tests.world import World

PATH = "/v1/message-templates"


async def visit(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="admin")), path=PATH)


async def visit_preview(world: World) -> Visit:
    body = {"name": "booking_done"}
    return Visit(who=await world.staff(Grant(role="admin")), path=f"{PATH}/preview", body=body)


HAPPY: Happy = {("GET", PATH): visit, ("POST", f"{PATH}/preview"): visit_preview}


def test_every_type_name_and_moment_has_its_words() -> None:
    every = templates().values()
    assert message_templates.TYPES.keys() == RULES.keys()
    assert {name for one in every for name in one.keys.values()} <= message_templates.LABELS.keys()
    assert {one.moment for one in every} <= message_templates.MOMENTS.keys()


@pytest.mark.parametrize("name", sorted(templates()))
def test_every_template_is_shown_with_examples_that_wechat_takes(name: str) -> None:
    template = templates()[name]
    seen = message_templates.preview(template, {})
    assert seen.sendable and seen.title == template.title
    assert violations({one.key: one.text for one in seen.lines}) == []
    assert not [one for one in seen.lines if one.cut]


def test_the_preview_is_what_would_be_sent() -> None:
    long = "上门理发（含洗剪吹）第二次预约请您在家等候师傅电话"
    seen = message_templates.previewed(
        PreviewTemplate(
            name="booking_assigned", values={"service": long, "worker": "王师傅7", "time": "明天上午"}
        )
    )
    lines = {one.key: one for one in seen.lines}
    assert lines["thing1"].text == f"{long[:19]}…" and lines["thing1"].cut and not lines["thing1"].problem
    assert lines["name2"].text == "王师傅" and lines["name2"].cut
    assert "时间" in lines["time3"].problem and not seen.sendable


def test_what_is_empty_would_be_refused() -> None:
    seen = message_templates.previewed(PreviewTemplate(name="booking_done", values={"tip": "  "}))
    assert [one.key for one in seen.lines if one.problem] == ["thing5"] and not seen.sendable


async def test_the_ids_are_those_of_this_environment(world: World) -> None:
    boss = await world.staff(Grant(role="admin"))
    items = {one["name"]: one for one in (await boss.get(PATH)).json["items"]}
    assert items.keys() == templates().keys()
    assert items["booking_done"]["template_id"] == "tmpl-booking-done"
    assert not items["booking_done"]["missing"]
    known = {one.template_id: one for one in sandbox.TEMPLATES}
    for one in items.values():
        parameters = {line["key"] for line in one["parameters"]}
        assert parameters <= known[one["template_id"]].keys.keys(), one["name"]


def test_in_production_a_template_without_an_id_is_named() -> None:
    names = sorted(templates())
    ids = {name: f"id-{name}" for name in names[1:]} | {"no_such": "id"}
    settings = Settings(environment="production", push=Push(templates=ids))
    lines = list(message_templates.problems(settings))
    assert len(lines) == 2 and names[0] in lines[0] and "no_such" in lines[1]
    [flagged] = [one for one in message_templates.listed(settings).items if one.missing]
    assert flagged.name == names[0] and not flagged.mapped
    assert not list(message_templates.problems(structs.replace(settings, environment="demo", push=Push())))


async def test_what_is_no_template_is_not_previewed(world: World) -> None:
    boss = await world.staff(Grant(role="admin"))
    reply = await boss.post(f"{PATH}/preview", {"name": "nothing"})
    assert (reply.status, reply.code) == (404, "message_template_not_found")
    for who in (await world.staff(Grant(role="operator")), await world.resident()):
        assert (await who.get(PATH)).status == 403
        assert (await who.post(f"{PATH}/preview", {"name": "booking_done"})).status == 403


async def test_the_page_shows_what_one_types_as_the_telephone_would(world: World) -> None:
    boss = await world.staff(Grant(role="admin"))
    browser = Browser(world, boss.token)
    listed = await browser.get("/console/message-templates")
    assert listed.status == 200 and listed.text.count("一次性订阅") == len(templates())
    page = await browser.get("/console/message-templates/booking_assigned")
    assert "微信会收" in page.text and "提交预约时，一次性订阅" in page.text
    long = "上门理发（含洗剪吹）第二次预约请您在家等候师傅电话"
    seen = await browser.press(page, "booking_assigned", service=long, time="明天上午", tip="<b>")
    assert f"{long[:19]}…" in seen.text and "和写的不一样" in seen.text
    assert "微信不收：时间，如 09:30" in seen.text and "微信会退回（47003）" in seen.text
    assert "&lt;b&gt;" in seen.body and "<dd><b>" not in seen.body
    wrong = await browser.press(page, "booking_assigned", service="长" * 501)
    assert wrong.status == 422 and "最多 500 字" in wrong.text
    assert (await browser.get("/console/message-templates/nothing")).status == 404
    rows = (await boss.get("/v1/audit", what="message_templates.preview")).json["items"]
    assert [one["subjects"] for one in rows] == [["booking_assigned"]]
    for role in ("operator", "dispatcher"):
        other = Browser(world, (await world.staff(Grant(role=role))).token)
        assert (await other.get("/console/message-templates")).status == 403


async def test_a_message_that_lacks_a_value_is_given_up_at_once_and_stays_in_the_inbox(world: World) -> None:
    resident = await world.resident()
    done = "tmpl-booking-done"
    await world.control("subscribe", openid=resident.openid, template_id=done, result="accept")
    await resident.post("/v1/subscriptions", {"results": {done: "accept"}})
    lacking = {"service": "上门理发", "case_no": "HB-1", "time": "2026年11月28日 09:30", "state": "已完成"}
    mine = {"resident_id": resident.id, "openid": resident.openid}
    row = message(world.clock.now(), "queued", due_at=world.clock.now(), payload=lacking, **mine)
    await world.put(MESSAGES, row)
    await world.work()
    stored = await world.house.db.reading(lambda reader: reader.get(MESSAGES, row.id))
    assert stored is not None and (stored.delivery, stored.due_at) == ("dead", None)
    assert stored.error == "47003 fix_data" and stored.dead_at is not None
    assert (await resident.get("/v1/inbox")).json["items"][0]["delivery"] == "dead"
    assert (await world.told("messages", openid=resident.openid))["items"] == []
