"""Papers: each given out once with a number of its own, made by whichever worker lives, verified by anybody, sealed
when their case is archived."""

import asyncio
import hashlib
import re
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.staff import Grant
from server.cases import CASES
from server.config import Documents, Settings
from server.documents import CONTENTS, DOCUMENTS, archive, codes, drawing, wording
from server.documents.archive import ARCHIVES
from server.documents.making import AddressMissing, LeaseLost, make
from server.documents.stored import Basis, Document
from server.kit.clock import SHANGHAI
from server.kit.db.collection import plain
from server.kit.events import EVENTS
from tests import pictures
from tests.applying import GROUND, SIGN, open_office
from tests.browser import sealed
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.world import Person, Reply, World

MB = 1 << 20
ENDS = {
    "不予受理通知书": "not_accepted",
    "准予决定书": "granted",
    "不予决定书": "denied",
    "补正通知书": "supplement",
}


async def papers(who: Person, case_no: str) -> list[dict[str, Any]]:
    reply = await who.get(f"/v1/cases/{case_no}/documents")
    assert reply.status == 200, reply.body
    items: list[dict[str, Any]] = reply.json["items"]
    return items


async def accepted(world: World) -> tuple[Person, str, dict[str, Any]]:
    office = await open_office(world)
    case_no = await office.accepted()
    await world.work()
    [paper] = await papers(office.owner, case_no)
    return office.owner, case_no, paper


async def opened(world: World, url: str) -> Reply:
    return await world.call("GET", url)


async def verified(world: World, code: str, **headers: str) -> Reply:
    return await world.call(
        "GET", f"/verify/{code}", headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


async def visit_documents(world: World) -> Visit:
    resident, case_no, _ = await accepted(world)
    return Visit(who=resident, path=f"/v1/cases/{case_no}/documents", stranger=await world.resident())


HAPPY: Happy = {("GET", "/v1/cases/{case_no}/documents"): visit_documents}
COVERS = {("GET", "/documents/{document_id}")}


# Given out.


def genuine(reply: Reply, paper: dict[str, Any]) -> None:
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/pdf"), reply.body[:200]
    assert reply.body.startswith(b"%PDF-") and len(reply.body) == paper["size"]
    assert hashlib.sha256(reply.body).hexdigest() == paper["sha256"]


@pytest.mark.parametrize(
    ("title", "word"),
    [("补正通知书", "补"), ("不予受理通知书", "不受"), ("准予决定书", "准"), ("不予决定书", "不准")],
)
async def test_each_move_that_needs_one_gives_a_paper(world: World, title: str, word: str) -> None:
    office = await open_office(world)
    case_no = await office.brought_to(ENDS[title])
    await world.work()
    *before, paper = await papers(office.owner, case_no)
    assert [one["text"] for one in before] == (["受理通知书"] if word in ("准", "不准") else [])
    assert (paper["name"], paper["text"]) == (ENDS[title], title)
    assert re.fullmatch(rf"诃街{word}〔\d{{4}}〕\d+ 号", paper["number"]), paper["number"]
    genuine(await opened(world, paper["url"]), paper)


async def test_an_acceptance_by_silence_has_its_paper_too(world: World) -> None:
    office = await open_office(world, deemed=True)
    case_no = await office.taken_up()
    world.clock.advance(timedelta(days=20))
    await heard_of_all(world)
    [row] = await rows(world, case_no)
    assert (row.title, row.basis is not None and row.basis.deemed) == ("受理通知书", True)


async def test_what_is_decided_at_the_window_at_once_has_one_paper(world: World) -> None:
    office = await open_office(world, instant=True, steps=[], four_eyes=False)
    case_no = await office.taken_up()
    await office.act(office.clerk, case_no, "judge", key="id_card", verdict="fine")
    await office.act(office.clerk, case_no, "grant_now")
    await world.work()
    assert [one["text"] for one in await papers(office.owner, case_no)] == ["准予决定书"]


async def test_a_certificate_comes_with_the_decision_where_the_item_gives_one(world: World) -> None:
    office = await open_office(world, result="certificate", result_name="老年人优待证")
    case_no = await office.brought_to("decision")
    await world.work()
    await office.act(office.decider, case_no, "grant")
    await heard(world)
    [certificate] = [one for one in await rows(world, case_no) if one.kind == "certificate"]
    assert certificate.basis is not None and certificate.basis.form == {}, "no card number on a certificate"
    await world.work()
    given = await papers(office.owner, case_no)
    assert sorted(one["text"] for one in given) == ["准予决定书", "受理通知书", "老年人优待证"]
    for one in given:
        genuine(await opened(world, one["url"]), one)


@pytest.mark.parametrize("state", ["draft", "submitted", "pre_review", "withdrawn"])
async def test_other_moves_give_nothing(world: World, state: str) -> None:
    office = await open_office(world)
    case_no = await office.brought_to(state)
    await world.work()
    assert await papers(office.owner, case_no) == []


async def test_a_case_that_is_accepted_anew_after_it_was_sent_back_keeps_its_one_paper(world: World) -> None:
    office = await open_office(world)
    case_no = await office.accepted()
    await world.work()
    before = await papers(office.owner, case_no)
    await office.act(office.reviewer, case_no, "send_back", node="pre_review", reason="再核一下")
    await office.act(office.clerk, case_no, "accept")
    await world.work()
    assert await papers(office.owner, case_no) == before
    assert not await world.house.db.reading(
        lambda reader: reader.count(EVENTS, {"subject": case_no, "due_at": {"$ne": None}})
    ), "and nobody tries again and again to give it a second"


async def test_each_supplement_notice_is_a_paper_with_its_own_list(world: World) -> None:
    office = await open_office(world)
    case_no = await office.supplementing()
    await office.act(office.owner, case_no, "resubmit", **SIGN)
    await office.act(office.reviewer, case_no, "allow_second", reason="第一次没说全")
    wrong = {"key": "id_card", "verdict": "wrong", "remark": "不是本人的"}
    await office.act(office.clerk, case_no, "judge", **wrong)
    await office.act(office.clerk, case_no, "supplement", note="这次一起补齐")
    assert await rows(world, case_no) == [], "nothing is given out before the worker hears of it"
    await heard(world)
    first, second = [one.basis for one in await rows(world, case_no)]
    assert first is not None and second is not None
    assert "看不清号码" in first.lines[0] and "不是本人的" in second.lines[0]
    assert (first.note, second.note) == ("", "这次一起补齐")
    shown = (await office.owner.get(f"/v1/cases/{case_no}")).json["details"]["notices"]
    day, _, minute = second.until.partition(" 年 ")[2].rpartition(" ")
    assert day in shown[-1]["until"] and shown[-1]["until"].endswith(minute), "as the case page says it"
    await world.work()
    assert [one["name"] for one in await papers(office.owner, case_no)] == ["supplement", "supplement"]


async def rows(world: World, case_no: str) -> list[Document]:
    return await world.house.db.reading(lambda reader: reader.all(DOCUMENTS, {"case_no": case_no}, limit=50))


async def heard(world: World) -> None:
    """Only the events are told; nothing is drawn yet."""
    await queue_of(world, "events").run_due(world.house.db, "test", world.house.metrics)


async def heard_of_all(world: World) -> None:
    """Timers strike, and what they did is told."""
    await queue_of(world, "timers").run_due(world.house.db, "test", world.house.metrics)
    await heard(world)


def queue_of(world: World, name: str) -> Any:
    return next(one for one in world.house.worker().queues if one.name == name)


async def test_numbers_have_no_gap_and_no_double_however_many_are_given_out_at_once(world: World) -> None:
    office = await open_office(world)
    case_nos = [await office.taken_up() for _ in range(12)]
    before = await serials(world, "not_accepted")
    await asyncio.gather(*(office.act(office.clerk, one, "not_accept", **GROUND) for one in case_nos))
    await asyncio.gather(world.work(), world.work(), world.work())
    assert await serials(world, "not_accepted") == list(range(1, len(before) + 13))


async def serials(world: World, kind: str) -> list[int]:
    year = world.clock.now().astimezone(SHANGHAI).year
    found = world.house.db.reader().each(DOCUMENTS, {"kind": kind, "year": year, "serial": {"$gt": 0}})
    return sorted([one.serial async for one in found])


async def test_numbers_begin_anew_with_the_year_in_shanghai(world: World) -> None:
    year = world.clock.now().year + 3
    given = []
    for minute in (59, 61):
        world.clock.set(datetime(year - 1, 12, 31, 15, tzinfo=UTC) + timedelta(minutes=minute))
        _, case_no, _ = await accepted(world)
        given += await rows(world, case_no)
    assert [(one.year, one.number) for one in given] == [
        (year - 1, f"诃街受〔{year - 1}〕1 号"),
        (year, f"诃街受〔{year}〕1 号"),
    ]


# Made.


async def given_out(world: World) -> tuple[Person, str]:
    """A paper that waits to be drawn; nothing else waits."""
    office = await open_office(world)
    case_no = await office.taken_up()
    await office.act(office.clerk, case_no, "judge", key="id_card", verdict="fine")
    await world.work()
    await office.act(office.clerk, case_no, "accept")
    await heard(world)
    return office.owner, case_no


async def test_a_worker_that_is_killed_while_it_draws_leaves_the_paper_to_the_next(world: World) -> None:
    resident, case_no = await given_out(world)
    taken = await queue_of(world, "documents")._take(world.house.db, "killed")
    assert taken is not None
    assert [(one["number"], one["url"]) for one in await papers(resident, case_no)] == [("", "")]
    world.clock.advance(timedelta(minutes=1))
    await world.work()
    [paper] = await papers(resident, case_no)
    [row] = await rows(world, case_no)
    with pytest.raises(LeaseLost):
        await make(world.house, taken)
    await make(world.house, replace(taken, serial=row.serial))
    assert await papers(resident, case_no) == [paper], "whoever was slow finds that it is over"
    given = await serials(world, "accepted")
    assert given == list(range(1, len(given) + 1)) and row.serial == given[-1], "and takes no number"
    assert hashlib.sha256((await opened(world, paper["url"])).body).hexdigest() == paper["sha256"]


async def test_a_paper_is_neither_drawn_nor_counted_twice_by_two_workers(world: World) -> None:
    office = await open_office(world)
    case_nos = [await office.accepted() for _ in range(5)]
    await asyncio.gather(*(world.work() for _ in range(3)))
    for case_no in case_nos:
        [paper] = await papers(office.owner, case_no)
        genuine(await opened(world, paper["url"]), paper)


async def test_without_its_font_no_paper_is_made_and_the_outbox_and_the_check_say_so(world: World) -> None:
    resident, case_no = await given_out(world)
    boss = await world.staff(Grant(role="admin"))
    async with next_door(world, documents=Documents(font="No Such Song")) as door:
        for _ in range(8):
            await door.house.worker().run_due()
            world.clock.advance(timedelta(minutes=20))
        assert (
            "documents: the font No Such Song is not installed (Debian: apt-get install fonts-noto-cjk)"
            in (await door.house.check())
        )
    [queue] = [one for one in (await boss.get("/v1/outbox")).json["queues"] if one["name"] == "documents"]
    assert (queue["title"], queue["dead"]) == ("要出具的文书", 1)
    [row] = await rows(world, case_no)
    [letter] = (await boss.get("/v1/outbox/documents")).json["items"]
    assert "No Such Song" in letter["error"]
    assert (await papers(resident, case_no))[0]["url"] == ""
    assert (await boss.post("/v1/outbox/documents/retry", {})).status == 200
    await world.work()
    [paper] = await papers(resident, case_no)
    assert (await opened(world, paper["url"])).status == 200
    assert row.serial and f"〕{row.serial} 号" in paper["number"], "eight attempts have used one number"


async def test_without_an_address_no_code_is_printed_that_would_lead_nowhere(world: World) -> None:
    resident, case_no = await given_out(world)
    [row] = await rows(world, case_no)
    async with next_door(world, environment="production") as door:
        with pytest.raises(AddressMissing):
            await make(door.house, row)
        assert [one for one in await door.house.check() if "public_url" in one]
    assert (await papers(resident, case_no))[0]["code"] == ""


async def test_the_code_leads_to_where_browsers_reach_us(world: World) -> None:
    resident, case_no = await given_out(world)
    async with next_door(world, public_url="https://street.example.cn") as door:
        await door.house.worker().run_due()
        [paper] = await papers(door.meets(resident), case_no)
    assert paper["verify_url"] == f"https://street.example.cn/verify/{paper['code']}"


def test_the_same_sheet_gives_the_same_bytes_with_its_fonts_inside() -> None:
    first, second = drawing.drawn(sheet("denied")), drawing.drawn(sheet("denied"))
    assert first == second
    assert b"NotoSerifCJK" in first and b"pdfaid:part" in first


def test_what_people_wrote_is_text_and_never_markup() -> None:
    wild = replace(BASIS, reason='#read("/etc/passwd") *粗* $x$ <b> \\ ' + "a" * 300, name="张#三[四]")
    assert drawing.drawn(sheet("denied", wild)).startswith(b"%PDF-")


def test_a_long_list_runs_over_several_pages() -> None:
    long = replace(BASIS, lines=[f"材料{one}：" + "请重新拍照，四个角都要拍到。" * 6 for one in range(30)])
    content = drawing.drawn(sheet("supplement", long))
    assert content.startswith(b"%PDF-") and len(content) < MB


BASIS = Basis(
    name="王桂英",
    who="手机号：139****0001",
    item="高龄津贴",
    level="street",
    applied_at=datetime(2026, 11, 20, 2, tzinfo=UTC),
    legal_days=20,
    promised_days=10,
    outside=["公示"],
    lines=["身份证：看不清"],
    note="一起交来就行",
    until="2026 年 12 月 20 日",
    ground="《某条例》第三条",
    reason="没有达到年龄",
)
RULES = Settings(environment="test")


def sheet(kind: Any, basis: Basis = BASIS) -> wording.Sheet:
    row = Document(
        id=f"{kind}.SP-20261127-0000011.1",
        case_no="SP-20261127-0000011",
        kind=kind,
        title="文书",
        year=2026,
        serial=7,
        at=datetime(2026, 11, 27, 2, tzinfo=UTC),
        item_id="X|1",
        basis=basis,
        number="诃街受〔2026〕7 号",
    )
    return replace(wording.sheet(row, basis, RULES), code="0" * 32, verify="https://x.example/verify/0")


# What it says.


def test_a_refusal_says_its_ground_its_reason_and_how_to_object() -> None:
    for kind in ("denied", "not_accepted"):
        told = sheet(kind)
        words = "".join([*told.paragraphs, *told.after])
        for part in (
            "《某条例》第三条",
            "没有达到年龄",
            "六十日内",
            "行政复议",
            "六个月内",
            "行政诉讼",
            "东胜区人民政府",
        ):
            assert part in words, part


@pytest.mark.parametrize(
    ("level", "told"),
    [
        ("community", "可以先向诃额伦街道办事处反映"),
        ("street", "您可以自收到之日起六十日内"),
        ("district", "本事项由区级主管部门审批"),
    ],
)
def test_how_to_object_is_what_the_level_of_the_item_needs(level: str, told: str) -> None:
    assert told in wording.remedy("决定", level, RULES)


def test_a_supplement_notice_lists_everything_with_its_day() -> None:
    told = sheet("supplement")
    assert told.listed == ["身份证：看不清"]
    assert "一次告知" in told.paragraphs[0]
    assert "补充说明：一起交来就行" in told.after
    assert "请于 2026 年 12 月 20 日 前" in told.after[-1]


def test_an_acceptance_says_both_limits_and_what_does_not_count() -> None:
    told = sheet("accepted")
    assert ("承诺办结时限", "自受理之日起 10 个工作日") in told.rows
    assert ("法定办结时限", "自受理之日起 20 个工作日") in told.rows
    assert "公示所需的时间不计入" in told.after[0]
    deemed = sheet("accepted", replace(BASIS, deemed=True))
    assert "自收到申请之日起即为受理" in deemed.paragraphs[0]


@pytest.mark.parametrize(
    ("day", "said"),
    [
        (date(2026, 11, 27), "二〇二六年十一月二十七日"),
        (date(2026, 1, 1), "二〇二六年一月一日"),
        (date(2030, 10, 10), "二〇三〇年十月十日"),
        (date(2027, 12, 31), "二〇二七年十二月三十一日"),
        (date(2027, 2, 20), "二〇二七年二月二十日"),
        (datetime(2026, 12, 31, 16, 30, tzinfo=UTC), "二〇二七年一月一日"),
    ],
)
def test_days_are_written_as_letters_are_dated(day: date, said: str) -> None:
    assert wording.chinese_date(day) == said


@pytest.mark.parametrize(
    ("given", "shown"),
    [("152723195001014321", "152723********4321"), ("123456", "****56"), ("1", ""), ("", "")],
)
def test_of_an_identity_number_the_middle_is_hidden(given: str, shown: str) -> None:
    assert wording.masked_identity(given) == shown


# Who may open it.


async def test_a_paper_is_opened_by_a_link_that_is_ours_until_it_expires(world: World) -> None:
    resident, case_no, paper = await accepted(world)
    url = paper["url"]
    assert (await opened(world, url)).status == 200
    other = (await accepted(world))[2]["url"]
    mixed = f"{url.partition('?')[0]}?{other.partition('?')[2]}"
    for bad in (mixed, url[:-1] + ("0" if url[-1] != "0" else "1"), url.replace("/documents/", "/files/")):
        assert (await opened(world, bad)).status == 403, bad
    assert (await opened(world, url.partition("?")[0])).status == 422
    world.clock.advance(timedelta(hours=1, minutes=1))
    assert (await opened(world, url)).code == "link_invalid"
    assert (await opened(world, (await papers(resident, case_no))[0]["url"])).status == 200


async def test_who_may_not_see_the_case_sees_no_paper(world: World) -> None:
    _, case_no, _ = await accepted(world)
    stranger = await world.resident()
    assert (await stranger.get(f"/v1/cases/{case_no}/documents")).code == "case_not_found"


async def test_whoever_leaves_takes_the_papers_along_but_not_what_they_were(world: World) -> None:
    office = await open_office(world)
    case_no = await office.brought_to("not_accepted")
    await world.work()
    [paper] = await papers(office.owner, case_no)
    assert (await office.owner.delete("/v1/me")).status == 204
    assert (await opened(world, paper["url"])).code == "document_not_found"
    page = (await verified(world, paper["code"])).body.decode()
    assert paper["number"] in page and paper["sha256"] in page and "王" not in page


async def test_who_leaves_before_a_paper_is_drawn_has_none_drawn(world: World) -> None:
    office = await open_office(world)
    case_no = await office.taken_up()
    await world.work()
    await office.act(office.clerk, case_no, "not_accept", **GROUND)
    await heard(world)
    assert (await office.owner.delete("/v1/me")).status == 204
    await world.work()
    [row] = await rows(world, case_no)
    assert (row.made, row.basis, row.holder, row.serial) == (False, None, "", 0), (
        "nor does it use a number up"
    )


async def test_the_staff_open_the_papers_from_the_page_of_the_case(world: World) -> None:
    office = await open_office(world)
    case_no = await office.accepted()
    cookie = {"Cookie": f"hoelun_staff={sealed(world, office.clerk.token)}"}
    await heard(world)
    assert "正在出具" in (await world.call("GET", f"/console/cases/{case_no}", headers=cookie)).body.decode()
    await world.work()
    [paper] = await papers(office.clerk, case_no)
    page = (await world.call("GET", f"/console/cases/{case_no}", headers=cookie)).body.decode()
    assert (
        paper["number"] in page
        and f"/verify/{paper['code']}" in page
        and f"/documents/{paper['id']}?" in page
    )


# Verified.


async def test_anybody_learns_by_the_code_which_paper_it_is(world: World) -> None:
    _, _, paper = await accepted(world)
    page = await verified(world, paper["code"])
    text = page.body.decode()
    assert page.status == 200
    for part in ("这份文书是真的", "受理通知书", paper["number"], "王**", paper["sha256"]):
        assert part in text, part
    assert "王桂英" not in text and "139" not in text
    assert paper["verify_url"].endswith(f"/verify/{paper['code']}")
    assert (await verified(world, f"{paper['code']}?from=singlemessage")).status == 200


async def test_a_code_that_was_made_up_or_changed_is_found_nowhere(world: World) -> None:
    _, _, paper = await accepted(world)
    code = paper["code"]
    turned = [code[:at] + ("0" if code[at] != "0" else "1") + code[at + 1 :] for at in (0, 15, 16, 31)]
    pages = [await verified(world, one) for one in [*turned, "0" * 32, "x", code.upper(), code + "0", "%00"]]
    assert {one.status for one in pages} == {404}
    assert len({one.body for one in pages}) == 1, "one page, whatever the cause"
    assert "查不到这份文书" in pages[0].body.decode()


def test_only_a_code_that_we_made_is_ours() -> None:
    made = [codes.make(RULES) for _ in range(50)]
    assert len(set(made)) == 50
    assert all(re.fullmatch("[0-9a-z]{32}", one) and codes.is_ours(RULES, one) for one in made)
    others = Settings(environment="test", field_key="another field key")
    assert not any(codes.is_ours(others, one) for one in made)
    assert not codes.is_ours(RULES, made[0][:16] + made[1][16:])


@pytest.mark.parametrize(
    "changed",
    [
        {"number": "诃街受〔2026〕99 号"},
        {"sha256": "0" * 64},
        {"at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"stamp": ""},
    ],
    ids=lambda one: next(iter(one)),
)
async def test_a_row_that_was_changed_in_the_database_is_no_longer_genuine(
    world: World, changed: dict[str, Any]
) -> None:
    _, _, paper = await accepted(world)
    await world.house.db.alone(lambda tx: tx.change(DOCUMENTS, {"_id": paper["id"]}, {"$set": changed}))
    assert (await verified(world, paper["code"])).status == 404


async def test_a_code_moved_to_another_paper_is_no_longer_genuine(world: World) -> None:
    _, _, first = await accepted(world)
    _, _, second = await accepted(world)

    async def swapped(tx: Any) -> None:
        await tx.change(DOCUMENTS, {"_id": first["id"]}, {"$set": {"code": None}})
        await tx.change(DOCUMENTS, {"_id": second["id"]}, {"$set": {"code": first["code"]}})

    await world.house.db.atomically(swapped)
    assert (await verified(world, first["code"])).status == 404


def form_of(content: bytes, name: str = "file") -> tuple[bytes, str]:
    head = f'--xYz\r\nContent-Disposition: form-data; name="{name}"; filename="a.pdf"\r\n\r\n'.encode()
    return head + content + b"\r\n--xYz--\r\n", "multipart/form-data; boundary=xYz"


async def compared(world: World, code: str, content: bytes, name: str = "file") -> Reply:
    body, media = form_of(content, name)
    return await world.call("POST", f"/verify/{code}", raw=body, headers={"Content-Type": media})


async def test_a_file_is_compared_without_scripts(world: World) -> None:
    _, _, paper = await accepted(world)
    content = (await opened(world, paper["url"])).body
    same = await compared(world, paper["code"], content)
    assert (same.status, "一字未改" in same.body.decode()) == (200, True)
    for other in (content + b" ", pictures.pdf(), b"x" * (5 * MB)):
        page = await compared(world, paper["code"], other)
        assert (page.status, "不一样" in page.body.decode()) == (200, True)
    assert (await compared(world, paper["code"], content, "elsewhere")).status == 422
    assert (await compared(world, paper["code"], b"x" * (6 * MB))).status == 413
    assert (await compared(world, "0" * 32, content)).status == 404


async def test_one_address_does_not_try_code_after_code(world: World) -> None:
    narrow = Documents(verify_per_minute=1, verify_burst=3)
    http = replace(world.house.settings.http, proxies=["127.0.0.1"])
    async with next_door(world, documents=narrow, http=http) as door:
        pages = [await verified(door, "0" * 32, X_Forwarded_For="203.0.113.7") for _ in range(5)]
        assert [one.status for one in pages] == [404] * 3 + [429] * 2
        assert 1 <= int(pages[3].headers["Retry-After"]) <= 60
        assert (await verified(door, "0" * 32, X_Forwarded_For="203.0.113.8")).status == 404


# Archived.


_made: dict[str, tuple[str, str]] = {}


async def archived(world: World) -> tuple[str, str]:
    """The number of an archived case and the id of one of its papers; made once, for all the tests here."""
    if not _made:
        office = await open_office(world)
        case_no = await office.brought_to("archived")
        await world.work()
        _made["case"] = (case_no, (await rows(world, case_no))[0].id)
    return _made["case"]


async def checked(world: World, case_no: str) -> str:
    row = await world.house.db.reading(lambda reader: reader.get(ARCHIVES, case_no))
    assert row is not None and row.sealed_at is not None
    return await archive.check(world.house.db.reader(), row, world.house.settings)


async def test_what_is_archived_is_sealed_and_the_check_finds_it_whole(world: World) -> None:
    case_no, _ = await archived(world)
    assert await checked(world, case_no) == ""
    assert not [one for one in await world.house.check() if case_no in one]


@asynccontextmanager
async def changed_in(world: World, collection: Any, where: dict[str, Any], how: dict[str, Any]) -> Any:
    """One document is another for a while; without `how` it is gone."""
    documents = world.house.db._handle[collection.name]
    before = await documents.find_one(where)
    assert before is not None
    if how:
        await documents.update_one({"_id": before["_id"]}, {"$set": how})
    else:
        await documents.delete_one({"_id": before["_id"]})
    yield
    await documents.replace_one({"_id": before["_id"]}, before, upsert=True)


@pytest.mark.parametrize(
    ("collection", "which", "how", "told"),
    [
        (CASES, "case", {"details.opinion": "别的"}, "the case or its history"),
        (CASES, "case", {"resident_name": "别人"}, "the case or its history"),
        (EVENTS, "event", {"by.name": "别人"}, "the case or its history"),
        (EVENTS, "event", {}, "the case or its history"),
        (DOCUMENTS, "paper", {"sha256": "0" * 64}, "a paper was changed"),
        (DOCUMENTS, "paper", {}, "a paper was changed"),
        (CONTENTS, "paper", {"pdf": b"%PDF-else"}, "the content of a paper"),
        (CONTENTS, "paper", {}, "the content of a paper"),
        (ARCHIVES, "case", {"content": "0" * 64}, "the seal itself"),
    ],
)
async def test_whatever_is_changed_afterwards_shows(
    world: World, collection: Any, which: str, how: dict[str, Any], told: str
) -> None:
    case_no, paper_id = await archived(world)
    where = {"case": {"_id": case_no}, "paper": {"_id": paper_id}}.get(which)
    async with changed_in(world, collection, where or {"subject": case_no, "type": "approval.grant"}, how):
        assert told in await checked(world, case_no)
        assert [one for one in await world.house.check() if case_no in one and told in one]
    assert await checked(world, case_no) == ""


async def test_the_seal_waits_until_every_paper_is_made(world: World) -> None:
    case_no, paper_id = await archived(world)

    async def looked_at(basis: Basis | None) -> None:
        await world.house.db.alone(
            lambda tx: tx.change(DOCUMENTS, {"_id": paper_id}, {"$set": {"basis": plain(basis)}})
        )
        again = {"sealed_at": None, "due_at": world.clock.now()}
        await world.house.db.alone(lambda tx: tx.change(ARCHIVES, {"_id": case_no}, {"$set": again}))
        await queue_of(world, "archives").run_due(world.house.db, "test", world.house.metrics)

    await looked_at(BASIS)
    row = await world.house.db.reading(lambda reader: reader.get(ARCHIVES, case_no))
    assert row is not None and row.sealed_at is None and "PapersUnfinished" in row.error
    await looked_at(None)
    assert await checked(world, case_no) == ""


async def test_an_archived_case_that_was_emptied_says_so_and_its_papers_stay_checkable(world: World) -> None:
    office = await open_office(world)
    case_no = await office.brought_to("archived")
    await world.work()
    assert (await office.owner.delete("/v1/me")).status == 204
    assert await checked(world, case_no) == ""
    [paper, *_] = await rows(world, case_no)
    async with changed_in(world, DOCUMENTS, {"_id": paper.id}, {"sha256": "0" * 64}):
        assert "a paper was changed" in await checked(world, case_no)


def test_the_template_reads_no_file_and_no_network() -> None:
    text = (Path(drawing.__file__).with_name("paper.typ")).read_text("utf-8")
    assert not re.search(r"@preview|#import|#include|read\(", text)
