"""The pages of what the street offers as one thing: written by one, published by another, as residents will read it."""

import asyncio

from handlers.console import bundle_form
from handlers.console.case import read_as
from schemas.bundles import BundleForm
from schemas.staff import Grant
from server.bundles import BUNDLES, drafts
from server.demo import street
from tests.browser import Browser, Seen
from tests.test_bundles import moving
from tests.world import World


async def desk(world: World, role: str = "dispatcher") -> Browser:
    return Browser(world, (await world.staff(Grant(role=role))).token)  # type: ignore[arg-type]


def chosen(**more: str) -> dict[str, str]:
    """What a browser sends of the lists to choose from, as the page has them."""
    return {"if_part_fails": "nothing", **more}


def lists(page: Seen, *rows: tuple[str, str]) -> dict[str, str]:
    """The category and the order of each part; nothing for the others."""
    names = {name for name in page.form("").named if name.startswith("part")}
    every = {name: "" for name in names if name.endswith((".category", ".after"))}
    for row, (category, after) in enumerate(rows):
        every |= {f"part{row}.category": category, f"part{row}.after": after}
    return every


async def test_a_bundle_is_written_by_one_and_published_by_another(world: World) -> None:
    house, author, other = await moving(world), await desk(world, "admin"), await desk(world)
    resident = await world.resident()
    page = await author.get("/console/bundles/new")
    marked = {f"part0.service:{house.freight.service_id}": "1"}
    filled = chosen(
        **{"name": "换房一件事", "description": "先搬后扫", "part0.name": "搬家", "part0.required": "1"},
        **{"part1.name": "打扫", "part1.gap_min": "30", "note": "居民常问"},
    )
    without = await author.press(page, "/new", **filled, **lists(page, ("", ""), ("cleaning", "0")))
    assert without.status == 422 and "第 1 件：请写明可以选哪些服务" in without.text
    assert "换房一件事" in without.body
    filled |= lists(page, ("", ""), ("cleaning", "0")) | marked
    sent = await author.press(without, "/new", **filled)
    again = await author.press(without, "/new", **filled)
    assert (sent.status, sent.location) == (303, again.location), "sent twice it is one draft"
    draft = await author.follow(sent)
    assert "要由另一位同事审核" in draft.text and "/publish" not in draft.body
    bundle_id = draft.url.rpartition("/")[2]
    assert (await resident.get(f"/v1/bundles/{bundle_id}")).status == 404

    seen = await other.get(draft.url)
    for words in ("1. 搬家 必办", "排在“搬家”做完 30 分钟以后", "“保洁”里任选", "新房保洁 35.00 元/小时"):
        assert words in seen.text, (words, seen.text)
    done = await other.follow(await other.press(seen, "/publish"))
    assert "已生效，居民现在就能看到" in done.text
    shown = (await resident.get(f"/v1/bundles/{bundle_id}")).json
    assert (shown["name"], [one["name"] for one in shown["parts"]]) == ("换房一件事", ["搬家", "打扫"])
    late = await other.press(seen, "/publish")
    assert late.status in (303, 409)
    assert "处理过了" in (await other.press(seen, "/return", reason="晚了")).text


async def test_what_is_being_done_stays_as_it_was_and_a_stale_form_is_refused(world: World) -> None:
    house, author, other = await moving(world), await desk(world, "admin"), await desk(world)
    resident, at = await world.resident(), f"/console/bundles/{house.bundle_id}"
    before = await house.asked(resident)
    page, open_still = await author.get(f"{at}/edit"), await author.get(f"{at}/edit")
    rows = lists(page, ("", ""), ("", "0"), ("", ""))
    same = await author.press(page, "/edit", **chosen(**rows))
    assert same.status == 422 and "没有要改的" in same.text
    changed = chosen(**rows, **{"answer_hours": "2", "name": "搬家"}) | {"if_part_fails": "keep"}
    assert (await author.press(page, "/edit", **changed)).status == 303
    waits = await other.press(await other.get(f"{at}/edit"), "/edit", **changed)
    assert waits.status == 409 and "已经有一稿在等审核" in waits.text
    await other.press(await other.get(at), "/publish")
    after = (await resident.get(f"/v1/cases/{before['case_no']}")).json
    assert after["title"] == before["title"] == "搬家一件事"
    assert after["details"]["if_part_fails"] == "nothing"
    stale = await author.press(open_still, "/edit", **changed | {"name": "又改"})
    assert stale.status == 409 and "请刷新后再改" in stale.text


async def test_it_is_taken_off_the_list_and_put_back_by_two(world: World) -> None:
    house, author, other = await moving(world), await desk(world, "admin"), await desk(world)
    resident, at = await world.resident(), f"/console/bundles/{house.bundle_id}"
    await author.press(await author.get(at), "/switch")
    back = await other.press(await other.get(at), "/return", reason="还有人要用")
    assert "还有人要用" in (await other.follow(back)).text
    await author.press(await author.get(at), "/switch")
    seen = await other.get(at)
    assert "在列表里 已下架" in seen.text and "居民看不到" in seen.text
    await other.press(seen, "/publish")
    listed = (await resident.get("/v1/bundles")).json["items"]
    assert house.bundle_id not in {one["id"] for one in listed}
    await other.press(await other.get(at), "/switch")
    own = await other.get(at)
    token = own.forms[0].fields["_xsrf"]
    tried = await other.post(f"{at}/publish", {"_xsrf": token, "number": "3"})
    assert tried.status == 403 and "自己写的要由另一位同事审核" in tried.text
    await other.press(own, "/withdraw")
    assert "已撤回" in (await other.get(at)).text


async def test_two_who_publish_at_once_publish_once(world: World) -> None:
    house, author = await moving(world), await desk(world, "admin")
    at = f"/console/bundles/{house.bundle_id}"
    await author.press(await author.get(at), "/switch")
    pages = [(one, await one.get(at)) for one in (await desk(world), await desk(world))]
    done = await asyncio.gather(*(one.press(page, "/publish") for one, page in pages))
    assert sorted(one.status for one in done) == [303, 409]
    bundle = world.house.db.reader().recall(BUNDLES, house.bundle_id)
    assert bundle is not None and (bundle.version, bundle.active) == (2, False)


async def test_only_the_street_has_the_desk(world: World) -> None:
    house, shop = await moving(world), await world.shop()
    for who in (shop.manager, shop.worker, await world.staff(Grant(role="operator"))):
        assert (await Browser(world, who.token).get("/console/bundles")).status == 403
        assert (await Browser(world, who.token).get(f"/console/bundles/{house.bundle_id}")).status == 403
    assert (await (await desk(world)).get("/console/bundles/nothing")).status == 404


async def test_a_number_that_is_none_names_its_box(world: World) -> None:
    author = await desk(world)
    page = await author.get("/console/bundles/new")
    wrong = await author.press(page, "/new", **chosen(name="一件事", answer_hours="很久"), **lists(page))
    assert wrong.status == 422 and "请把“等居民决定多久”填好" in wrong.text


def test_what_the_form_is_filled_with_reads_back_as_the_same() -> None:
    for bundle in street.read().bundles:
        form = drafts.form_of(bundle)
        assert read_as(bundle_form.read(bundle_form.filled(form)), BundleForm) == form, bundle.id
