"""What leaves the console on paper or as a table, and the lists it leaves by."""

import csv
import io
import re
from datetime import timedelta

from schemas.staff import Grant
from server.cases import exports
from server.words import masked
from tests.browser import Browser, Seen
from tests.world import Person, World


def of(person: Person) -> Browser:
    return Browser(person.world, person.token)


def rows(seen: Seen) -> list[str]:
    return re.findall(r'data-row="([^"]+)"', seen.body)


def table(seen: Seen) -> list[dict[str, str]]:
    assert seen.status == 200, seen.text
    assert seen.body.startswith("\ufeff"), "Excel would not know that it is UTF-8"
    return list(csv.DictReader(io.StringIO(seen.body.removeprefix("\ufeff"))))


async def test_a_case_is_printed_with_its_number_its_steps_and_room_for_a_stamp(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.brought_to("assigned", resident))["case_no"]
    await shop.dispatcher.post(f"/v1/cases/{case_no}/notes", {"text": "内部的话"})
    sheet = await of(shop.dispatcher).get(f"/console/cases/{case_no}/print")
    assert sheet.status == 200
    for printed in (case_no, "盖章处", "经办人", "居民签字", "日常保洁", "李师傅", "打印于"):
        assert printed in sheet.text, printed
    assert "今天" not in sheet.text.partition("经过")[2], "on paper nothing is today"
    assert "内部的话" not in sheet.text and not [one for one in sheet.forms if case_no in one.action]
    stranger = (await world.shop()).manager
    assert (await of(stranger).get(f"/console/cases/{case_no}/print")).status == 404
    admin = await world.staff(Grant(role="admin"))
    looked = (await admin.get("/v1/audit", subject=case_no)).json["items"]
    assert "cases.print" in {one["what"] for one in looked}


async def test_a_list_is_taken_along_as_far_as_one_may_see_it(world: World) -> None:
    shop, other, resident = await world.shop(capacity=9), await world.shop(), await world.resident()
    mine = [(await shop.booked(resident))["case_no"] for _ in range(3)]
    theirs = (await other.booked(resident))["case_no"]
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))

    of_shop = table(await of(shop.manager).get("/console/export?box=team"))
    assert sorted(one["编号"] for one in of_shop) == sorted(mine)
    assert {one["编号"] for one in table(await of(clerk).get("/console/export?box=team"))} == {*mine, theirs}
    assert table(await of(shop.worker).get("/console/export?box=team")) == []
    assert {one["电话"] for one in of_shop} == {"139****0001"}
    assert "13947700001" not in str(of_shop) and "3-2-501" not in str(of_shop)

    admin = await world.staff(Grant(role="admin"))
    taken = (await admin.get("/v1/audit", actor=shop.manager.id)).json["items"]
    assert "cases.export" in {one["what"] for one in taken}


async def test_a_table_is_the_list_that_stands_there(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    waiting = (await shop.booked(resident, world.at(10)))["case_no"]
    closed = (await shop.brought_to("cancelled", resident))["case_no"]
    browser = of(shop.manager)
    page = await browser.get("/console?box=unassigned")
    assert 'href="/console/export?box=unassigned"' in page.body
    assert [one["编号"] for one in table(await browser.get("/console/export?box=unassigned"))] == [waiting]
    assert [one["编号"] for one in table(await browser.get(f"/console/export?q={closed}"))] == [closed]
    assert (await browser.get("/console/export?q=%E7%8E%8B")).status == 422


async def test_a_long_table_comes_in_pieces_by_cursor_and_whole(world: World) -> None:
    shop, resident = await world.shop(capacity=50), await world.resident()
    booked = [(await shop.booked(resident))["case_no"] for _ in range(7)]
    usual = exports._AT_ONCE
    try:
        exports._AT_ONCE = 2
        found = table(await of(shop.manager).get("/console/export?box=team"))
    finally:
        exports._AT_ONCE = usual
    assert sorted(one["编号"] for one in found) == sorted(booked)


async def test_no_cell_is_a_formula(world: World) -> None:
    evil = '=HYPERLINK("http://x","点")'
    shop, resident = await world.shop(name=evil), await world.resident(name="@SUM")
    await shop.booked(resident)
    [row] = table(await of(shop.manager).get("/console/export?box=team"))
    assert (row["事项"], row["居民"]) == (f"'{evil}", "'@SUM")
    for text in ("=1", "+1", "-1", "@a", "\t=1", " =1", "＝1", "\r=1"):
        assert exports.cell(text).startswith("'"), text
    assert exports.cell("王桂英") == "王桂英"
    assert masked("0477-8300001") == "047****0001"
    assert (masked("12345"), masked("")) == ("****", "")


async def test_the_inbox_is_narrowed_by_kind_state_and_community(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    waiting = (await shop.booked(resident, world.at(10)))["case_no"]
    confirmed = (await shop.brought_to("confirmed", resident, world.at(14)))["case_no"]
    here = f"&community={world.community}"
    browser = of(shop.dispatcher)
    both = rows(await browser.get(f"/console?box=team&kind=booking{here}"))
    assert sorted(both) == sorted([waiting, confirmed])
    one = await browser.get(f"/console?box=team&kind=booking&state=booking.confirmed{here}")
    assert rows(one) == [confirmed]
    assert "已确认" in one.text and "绿苑社区" in one.text
    assert rows(await browser.get(f"/console?box=team&kind=complaint{here}")) == []
    none = await browser.get(f"/console?box=team&kind=complaint{here}")
    assert "没有这样的办件" in none.text and "看全部" in none.text
    assert rows(await browser.get("/console?box=team&kind=booking&community=elsewhere")) == []
    assert "哪个社区" not in (await of(shop.manager).get("/console?box=team")).text
    kept = re.search(r'data-list="([^"]+)"', one.body)
    assert kept and rows(await browser.get(kept[1].replace("&amp;", "&"))) == [confirmed]


async def test_the_case_page_says_the_clock_in_words_and_draws_it(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    case_no = (await shop.booked(resident))["case_no"]
    world.clock.advance(timedelta(minutes=12))
    page = await of(shop.manager).get(f"/console/cases/{case_no}")
    assert re.search(r"还有 1[78] 分钟", page.text) and "期限 今天 9:30" in page.text
    assert 'class="bar' in page.body
