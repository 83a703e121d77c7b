"""The pages of the catalogue: a manager writes, the street compares, publishes or hands back."""

import pytest

from handlers.console import service_form
from handlers.console.case import read_as
from schemas.common import FormField
from schemas.service_versions import ServiceForm
from schemas.staff import Grant
from server import service_versions
from server.catalogue import SERVICES
from server.demo import street
from tests.browser import Browser
from tests.world import World


async def test_a_manager_changes_a_service_on_the_page_and_the_street_publishes_it(world: World) -> None:
    shop, other, resident = await world.shop(), await world.shop(), await world.resident()
    manager, dispatcher = Browser(world, shop.manager.token), Browser(world, shop.dispatcher.token)
    at = f"/console/services/{shop.service_id}"
    listed = await manager.get("/console/services")
    assert f'"{at}"' in listed.body and other.service_id not in listed.body
    assert (await manager.get(f"/console/services/{other.service_id}")).status == 404
    assert (await manager.get(f"/console/services/{other.service_id}/edit")).status == 404
    assert (await Browser(world, shop.worker.token).get("/console/services")).status == 403

    page = await manager.get(f"{at}/edit")
    form = page.form("/edit")
    assert form.fields["duration_min"] and form.fields["day0"] == "08:00-20:00"
    chosen = {"category": shop.category, "dispatch": "assign", "pool_id": shop.pool_id}
    chosen |= {f"field{row}.type": "text" for row in range(3)}
    unchanged = await manager.press(page, "/edit", **chosen)
    assert unchanged.status == 422 and "没有要改的" in unchanged.text
    wrong = await manager.press(page, "/edit", **chosen, day0="20:00-08:00", summary="写了很久的介绍")
    assert wrong.status == 422 and "时间段要从早到晚写" in wrong.text and "写了很久的介绍" in wrong.body
    short = await manager.press(page, "/edit", **chosen, name="保")
    assert short.status == 422 and "请把“名称”填好" in short.text
    changed = chosen | {
        "summary": "三小时，含擦窗",
        "duration_min": "3小时",
        "day6": "休息",
        "overrides": "2026-12-31 休息",
        "concession.percent_off": "20",
        "field0.label": "几楼",
        "field0.type": "number",
        "own_fees": "1",
        "fee0.within": "2 小时",
        "fee0.percent": "30",
    }
    sent = await manager.press(wrong, "/edit", **changed | {"day0": "08:00-12:00、14:00-20:00"})
    assert sent.status == 303, sent.text
    draft = await manager.follow(sent)
    assert "等另一位同事审核" in draft.text and "撤回，不改了" in draft.text
    assert "批准" not in [form.action for form in draft.forms]
    again = await manager.press(wrong, "/edit", **changed | {"day0": "08:00-12:00、14:00-20:00"})
    assert again.location == sent.location, "sent twice it is one draft"

    await dispatcher_sees(dispatcher, at)
    seen = await dispatcher.get(f"{at}/versions/2")
    for words in ("两小时 三小时，含擦窗", "2 小时 3 小时", "周日 休息", "几楼（数字）", "不到 2 小时：30%"):
        assert words in seen.text, (words, seen.text)
    done = await dispatcher.follow(await dispatcher.press(seen, "/publish"))
    assert "已生效，居民现在就能看到" in done.text
    shown = (await resident.get(f"/v1/services/{shop.service_id}")).json
    assert (shown["summary"], shown["duration_min"], shown["fields"][0]["name"]) == (
        "三小时，含擦窗",
        180,
        "q1",
    )
    late = await dispatcher.press(seen, "/return", reason="晚了一步")
    assert late.status == 409 and "已经处理过了" in late.text


async def dispatcher_sees(dispatcher: Browser, at: str) -> None:
    listed = await dispatcher.get("/console/services")
    assert f"{at}/versions/2" in listed.body and "等审核、等生效" in listed.text
    assert "处理了才能再改" in (await dispatcher.get(at)).text


async def test_a_new_service_is_written_handed_back_and_retired_on_the_page(world: World) -> None:
    shop, admin = await world.shop(), await world.staff(Grant(role="admin"))
    boss, dispatcher = Browser(world, admin.token), Browser(world, shop.dispatcher.token)
    asked = await boss.get("/console/services/new")
    assert "哪家服务商的" in asked.text
    page = await boss.get(f"/console/services/new?provider={shop.provider_id}")
    filled = {
        **{"name": "擦窗", "summary": "里外都擦", "category": shop.category, "mode": "slot"},
        **{"price.unit": "visit", "price.yuan": "80", "pool_id": "new"},
        **{"new_pool.name": "擦窗组", "dispatch": "assign"},
    }
    filled |= {f"field{row}.type": "text" for row in range(3)}
    no_one = await boss.press(page, "/new", **filled, **{"new_pool.capacity": "很多"})
    assert no_one.status == 422 and "请把“新班组的名称和人数”填好" in no_one.text
    sent = await boss.press(no_one, "/new", **filled, **{"new_pool.capacity": "2"})
    assert sent.status == 303, sent.text
    draft = await boss.follow(sent)
    assert "新班组：擦窗组（同时 2 单）" in draft.text and "80.00 元/次" in draft.text
    assert "/publish" not in draft.body, "nobody publishes what they have written"
    back = await dispatcher.press(await dispatcher.get(draft.url), "/return", reason="价格太高")
    assert "价格太高" in (await dispatcher.follow(back)).text

    at = f"/console/services/{shop.service_id}"
    retiring = await boss.follow(await boss.press(await boss.get(at), "/retire", reason="没有人做了"))
    assert "不会再等到位子" in retiring.text
    done = await dispatcher.press(await dispatcher.get(retiring.url), "/publish")
    assert done.status == 303
    service = world.house.db.reader().recall(SERVICES, shop.service_id)
    assert service is not None and not service.active
    assert "改好再上架" in (await boss.get(at)).text


async def test_answers_are_read_with_the_questions_that_were_asked(world: World) -> None:
    floor = FormField(name="floor", label="几楼", type="number")
    shop, resident = await world.shop(fields=[floor]), await world.resident()
    case = await shop.booked(resident, form={"floor": 3})
    dispatcher = Browser(world, shop.dispatcher.token)
    page = await dispatcher.get(f"/console/services/{shop.service_id}/edit")
    chosen = {"category": shop.category, "dispatch": "assign", "pool_id": shop.pool_id}
    chosen |= {f"field{row}.type": "text" for row in range(4)} | {"field0.label": "门牌号"}
    draft = await dispatcher.press(page, "/edit", **chosen)
    admin = Browser(world, (await world.staff(Grant(role="admin"))).token)
    await admin.press(await admin.get(draft.location), "/publish")
    seen = await dispatcher.get(f"/console/cases/{case['case_no']}")
    assert "几楼 3" in seen.text and "门牌号" not in seen.text


async def test_a_manager_cannot_publish_by_writing_the_address(world: World) -> None:
    shop = await world.shop()
    manager = Browser(world, shop.manager.token)
    page = await manager.get(f"/console/services/{shop.service_id}")
    await manager.press(page, "/retire", reason="没有人做了")
    token = page.forms[0].fields["_xsrf"]
    tried = await manager.post(f"/console/services/{shop.service_id}/versions/2/publish", {"_xsrf": token})
    assert tried.status == 404


def test_what_the_form_is_filled_with_reads_back_as_the_same() -> None:
    """Every service of the example street: opened and sent unchanged it is unchanged."""
    for service in street.read().services:
        form = service_versions.form_of(service)
        assert read_as(service_form.read(service_form.filled(form), form), ServiceForm) == form, service.id


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("90", 90), ("2小时", 120), ("2 小时", 120), ("1 天", 1440), ("30分", 30), ("半天", "半天"), ("", "")],
)
def test_a_length_is_read_as_people_write_it(text: str, minutes: object) -> None:
    assert service_form.length(text) == minutes


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("休息", []),
        ("8:30-12:00", [[510, 720]]),
        ("08:00－12:00，14:00~18:00", [[480, 720], [840, 1080]]),
        ("上午", "上午"),
    ],
)
def test_hours_are_read_as_people_write_them(text: str, spans: object) -> None:
    assert service_form.spans(text) == spans
