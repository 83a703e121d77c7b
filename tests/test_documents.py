"""Papers: each given out once with a number of its own, made by whichever worker lives, verified by anybody, sealed
when their case is archived."""

import asyncio
import hashlib
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.staff import Grant
from server.cases import CASES
from server.config import Documents, Settings
from server.documents import CONTENTS, DOCUMENTS, archive, drawing, wording
from server.documents.archive import ARCHIVES
from server.documents.making import make
from server.documents.stored import Basis, Document
from server.items import ITEMS, ItemVersion
from server.kit.events import EVENTS, Event, emit, event_id
from tests import pictures
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.test_items import DEMO
from tests.world import Person, Reply, World, unique

MB = 1 << 20
_seqs = iter(range(100, 100_000))


async def item_of(world: World, demo: str = "ELDER-ALLOWANCE", **changed: Any) -> ItemVersion:
    code = unique("PAPER").upper()
    known = DEMO[demo]
    made = replace(known, id=f"{code}|1", code=code, body=replace(known.body, code=code, **changed))
    await world.put(ITEMS, made)
    return made


async def filed(
    world: World, item: ItemVersion | None = None, name: str = "王桂英", **details: Any
) -> tuple[Person, str]:
    """A case of theirs, with what is filed in it."""
    item = item or await item_of(world)
    shop, resident = await world.shop(capacity=9), await world.resident(name=name)
    case_no: str = (await shop.booked(resident))["case_no"]
    await fill(world, case_no, item_id=item.id, **details)
    return resident, case_no


async def fill(world: World, case_no: str, **details: Any) -> None:
    how = {f"details.{key}": value for key, value in details.items()}
    await world.house.db.alone(lambda tx: tx.change(CASES, {"_id": case_no}, {"$set": how}))


async def moved(world: World, case_no: str, action: str, reason: str = "") -> None:
    """The event of a move, as the flow emits it."""
    seq = next(_seqs)

    async def told(tx: Any) -> None:
        by = {"kind": "staff", "id": "a", "name": "王芳", "role": "clerk"}
        data = {
            "action": action,
            "source": "pre_review",
            "target": "decision",
            "reason": reason,
            "text": action,
        }
        event = Event(
            id=event_id(case_no, seq),
            type=f"approval.{action}",
            subject=case_no,
            seq=seq,
            at=tx.now,
            by=by,
            channel="console",
            data=data,
        )
        emit(tx, event)

    await world.house.db.atomically(told)


async def papers(who: Person, case_no: str) -> list[dict[str, Any]]:
    reply = await who.get(f"/v1/cases/{case_no}/documents")
    assert reply.status == 200, reply.body
    items: list[dict[str, Any]] = reply.json["items"]
    return items


async def accepted(world: World) -> tuple[Person, str, dict[str, Any]]:
    resident, case_no = await filed(world)
    await moved(world, case_no, "accept")
    await world.work()
    [paper] = await papers(resident, case_no)
    return resident, case_no, paper


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


@pytest.mark.parametrize(
    ("action", "name", "title", "number"),
    [
        ("accept", "accepted", "受理通知书", r"诃街受〔\d{4}〕\d+ 号"),
        ("deem", "accepted", "受理通知书", r"诃街受〔\d{4}〕\d+ 号"),
        ("supplement", "supplement", "补正通知书", r"诃街补〔\d{4}〕\d+ 号"),
        ("not_accept", "not_accepted", "不予受理通知书", r"诃街不受〔\d{4}〕\d+ 号"),
        ("grant", "granted", "准予决定书", r"诃街准〔\d{4}〕\d+ 号"),
        ("grant_now", "granted", "准予决定书", r"诃街准〔\d{4}〕\d+ 号"),
        ("deny", "denied", "不予决定书", r"诃街不准〔\d{4}〕\d+ 号"),
    ],
)
async def test_each_move_that_needs_one_gives_a_paper(
    world: World, action: str, name: str, title: str, number: str
) -> None:
    resident, case_no = await filed(world, ground="《某条例》第三条", notices=[{"lines": ["身份证：看不清"]}])
    await moved(world, case_no, action, "没有达到年龄")
    await world.work()
    [paper] = await papers(resident, case_no)
    assert (paper["name"], paper["text"]) == (name, title)
    assert re.fullmatch(number, paper["number"]), paper["number"]
    reply = await opened(world, paper["url"])
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/pdf")
    assert reply.body.startswith(b"%PDF-") and len(reply.body) == paper["size"]
    assert hashlib.sha256(reply.body).hexdigest() == paper["sha256"]


async def test_a_certificate_comes_with_the_decision_where_the_item_gives_one(world: World) -> None:
    item = await item_of(world, "ELDER-CARD")
    resident, case_no = await filed(world, item, form={"kind": "new"})
    await moved(world, case_no, "grant")
    await world.work()
    given = await papers(resident, case_no)
    assert sorted(one["text"] for one in given) == ["准予决定书", "老年人优待证"]
    assert [(await opened(world, one["url"])).status for one in given] == [200, 200]


async def test_other_moves_give_nothing(world: World) -> None:
    resident, case_no = await filed(world)
    for action in ("submit", "withdraw", "pass", "deliver"):
        await moved(world, case_no, action)
    await world.work()
    assert await papers(resident, case_no) == []


async def test_a_case_that_is_accepted_anew_after_it_was_sent_back_keeps_its_one_paper(world: World) -> None:
    resident, case_no, paper = await accepted(world)
    await moved(world, case_no, "accept")
    await world.work()
    assert [one["number"] for one in await papers(resident, case_no)] == [paper["number"]]


async def test_each_supplement_notice_is_a_paper_with_its_own_list(world: World) -> None:
    resident, case_no = await filed(world)
    for lines in (["身份证：看不清"], ["户口本：缺首页"]):
        notices = [
            *(await _details(world, case_no)).get("notices", []),
            {"lines": lines, "until": world.clock.now()},
        ]
        await fill(world, case_no, notices=notices)
        await moved(world, case_no, "supplement")
    assert await rows(world, case_no) == [], "nothing is numbered before the worker hears of it"
    await heard(world)
    bases = [one.basis for one in await rows(world, case_no)]
    assert [one.lines for one in bases if one] == [["身份证：看不清"], ["户口本：缺首页"]]
    await world.work()
    given = await papers(resident, case_no)
    assert [one["name"] for one in given] == ["supplement", "supplement"]
    assert len({one["number"] for one in given}) == 2


async def _details(world: World, case_no: str) -> dict[str, Any]:
    case = await world.house.db.reading(lambda reader: reader.get(CASES, case_no))
    assert case is not None
    return case.details


async def rows(world: World, case_no: str) -> list[Document]:
    return await world.house.db.reading(lambda reader: reader.all(DOCUMENTS, {"case_no": case_no}, limit=50))


async def heard(world: World) -> None:
    """Only the events are told; nothing is drawn yet."""
    worker = world.house.worker()
    [events] = [one for one in worker.queues if one.name == "events"]
    await events.run_due(world.house.db, "test", world.house.metrics)


async def test_numbers_have_no_gap_and_no_double_however_many_are_given_out_at_once(world: World) -> None:
    case_nos = [(await filed(world))[1] for _ in range(12)]
    before = await _serials(world, "denied")
    await asyncio.gather(*(moved(world, one, "deny") for one in case_nos))
    await asyncio.gather(world.work(), world.work(), world.work())
    serials = await _serials(world, "denied")
    assert serials == list(range(1, len(before) + 13))


async def _serials(world: World, kind: str) -> list[int]:
    found = world.house.db.reader().each(DOCUMENTS, {"kind": kind, "year": world.clock.now().year})
    return sorted([one.serial async for one in found])


async def test_numbers_begin_anew_with_the_year_in_shanghai(world: World) -> None:
    next_year = world.clock.now().year + 3
    world.clock.set(datetime(next_year - 1, 12, 31, 15, 59, tzinfo=UTC))
    old = await filed(world)
    await moved(world, old[1], "accept")
    await world.work()
    world.clock.set(datetime(next_year - 1, 12, 31, 16, 1, tzinfo=UTC))
    new = await filed(world)
    await moved(world, new[1], "accept")
    await world.work()
    given = [*await rows(world, old[1]), *await rows(world, new[1])]
    assert [(one.year, one.number) for one in given] == [
        (next_year - 1, f"诃街受〔{next_year - 1}〕1 号"),
        (next_year, f"诃街受〔{next_year}〕1 号"),
    ]


# Made.


async def test_a_worker_that_is_killed_while_it_draws_leaves_the_paper_to_the_next(world: World) -> None:
    resident, case_no = await filed(world)
    await moved(world, case_no, "accept")
    await heard(world)
    [queue] = [one for one in world.house.worker().queues if one.name == "documents"]
    taken = await queue._take(world.house.db, "killed")
    assert taken is not None
    assert [(one["number"], one["url"]) for one in await papers(resident, case_no)] == [("", "")]
    world.clock.advance(timedelta(minutes=1))
    await world.work()
    [paper] = await papers(resident, case_no)
    await make(world.house, taken)
    assert await papers(resident, case_no) == [paper], "whoever was slow finds that it is over"
    assert hashlib.sha256((await opened(world, paper["url"])).body).hexdigest() == paper["sha256"]


async def test_a_paper_is_neither_drawn_nor_counted_twice_by_two_workers(world: World) -> None:
    cases = [await filed(world) for _ in range(5)]
    for _, case_no in cases:
        await moved(world, case_no, "accept")
    await asyncio.gather(*(world.work() for _ in range(3)))
    for resident, case_no in cases:
        [paper] = await papers(resident, case_no)
        assert hashlib.sha256((await opened(world, paper["url"])).body).hexdigest() == paper["sha256"]


async def test_without_its_font_no_paper_is_made_and_the_outbox_and_the_check_say_so(world: World) -> None:
    resident, case_no = await filed(world)
    await moved(world, case_no, "accept")
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
    [letter] = (await boss.get("/v1/outbox/documents")).json["items"]
    assert "No Such Song" in letter["error"]
    assert (await papers(resident, case_no))[0]["url"] == ""
    assert (await boss.post("/v1/outbox/documents/retry", {})).status == 200
    await world.work()
    assert (await opened(world, (await papers(resident, case_no))[0]["url"])).status == 200


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
    assert "请于2026 年 12 月 20 日前" in told.after[-1]


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
    resident, case_no, paper = await accepted(world)
    await world.house.db.alone(
        lambda tx: tx.change(CASES, {"_id": case_no}, {"$set": {"open": False, "state": "cancelled"}})
    )
    assert (await resident.delete("/v1/me")).status == 204
    assert (await opened(world, paper["url"])).code == "document_not_found"
    page = await verified(world, paper["code"])
    assert page.status == 200 and paper["number"] in page.body.decode() and "王" not in page.body.decode()


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


async def archived(world: World) -> tuple[str, dict[str, Any]]:
    _, case_no, paper = await accepted(world)
    await moved(world, case_no, "archive")
    await world.work()
    return case_no, paper


async def checked(world: World, case_no: str) -> str:
    row = await world.house.db.reading(lambda reader: reader.get(ARCHIVES, case_no))
    assert row is not None and row.sealed_at is not None
    return await archive.check(world.house.db.reader(), row, world.house.settings)


async def test_what_is_archived_is_sealed_and_the_check_finds_it_whole(world: World) -> None:
    case_no, _ = await archived(world)
    assert await checked(world, case_no) == ""
    assert not [one for one in await world.house.check() if case_no in one]


async def _tampered(world: World, case_no: str, paper: dict[str, Any], what: str) -> None:
    database = world.house.db._handle
    match what:
        case "case":
            await database[CASES.name].update_one({"_id": case_no}, {"$set": {"details.ground": "别的"}})
        case "event":
            where = {"subject": case_no, "type": "approval.accept"}
            await database[EVENTS.name].update_one(where, {"$set": {"by.name": "别人"}})
        case "lost event":
            await database[EVENTS.name].delete_one({"subject": case_no, "type": "approval.accept"})
        case "paper":
            await database[DOCUMENTS.name].update_one({"_id": paper["id"]}, {"$set": {"sha256": "0" * 64}})
        case "content":
            await database[CONTENTS.name].update_one({"_id": paper["id"]}, {"$set": {"pdf": b"%PDF-else"}})
        case "seal":
            await database[ARCHIVES.name].update_one({"_id": case_no}, {"$set": {"content": "0" * 64}})


@pytest.mark.parametrize("what", ["case", "event", "lost event", "paper", "content", "seal"])
async def test_whatever_is_changed_afterwards_shows(world: World, what: str) -> None:
    case_no, paper = await archived(world)
    await _tampered(world, case_no, paper, what)
    assert case_no in await checked(world, case_no)
    assert [one for one in await world.house.check() if case_no in one]


async def test_the_seal_waits_until_every_paper_is_made(world: World) -> None:
    resident, case_no = await filed(world)
    await moved(world, case_no, "grant")
    await moved(world, case_no, "archive")
    await heard(world)
    [queue] = [one for one in world.house.worker().queues if one.name == "archives"]
    await queue.run_due(world.house.db, "test", world.house.metrics)
    row = await world.house.db.reading(lambda reader: reader.get(ARCHIVES, case_no))
    assert row is not None and row.sealed_at is None
    world.clock.advance(timedelta(minutes=2))
    await world.work()
    world.clock.advance(timedelta(minutes=2))
    await world.work()
    assert await checked(world, case_no) == ""
    assert (await papers(resident, case_no))[0]["url"]


def test_the_template_reads_no_file_and_no_network() -> None:
    text = (Path(drawing.__file__).with_name("paper.typ")).read_text("utf-8")
    assert not re.search(r"@preview|#import|#include|read\(", text)
