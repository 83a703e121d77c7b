"""Statement files: whatever comes twice, late, shuffled or cut off, totals are the same and each row is accounted for."""

import asyncio
import random
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest

from schemas.staff import Grant
from server import ledger
from server.kit.clock import SHANGHAI
from server.kit.db.gridfs import BUCKET
from server.pos import arrivals
from server.pos.arrivals import ARRIVALS
from server.pos.files import POS_FILES, STAGED
from tests.doors import Happy, Visit
from tests.test_points import Till, balance, card_no, holder, in_force, till
from tests.world import Person, Reply, World


async def accountant(world: World) -> Person:
    return await world.staff(Grant(role="accountant"))


def line(here: Till, card: str, fen: int, trace: int, back: str = "", category: str = "grocery") -> str:
    at = here.world.clock.now().astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S")
    return f"D,{here.id},1,{trace:06d},{card},{category},{fen},{at},{back}"


def total(rows: Iterable[str]) -> int:
    cells = [one.split(",") for one in rows]
    return sum(-int(one[6]) if one[8] else int(one[6]) for one in cells)


def file_of(world: World, rows: list[str], *, encoding: str = "utf-8", sum_fen: int | None = None) -> bytes:
    day = f"{world.clock.now().astimezone(SHANGHAI):%Y%m%d}"
    last = f"T,{len(rows)},{total(rows) if sum_fen is None else sum_fen}"
    return "\n".join([f"H,1,{day}", *rows, last, ""]).encode(encoding)


async def send(world: World, who: Person, content: bytes) -> Reply:
    return await world.call("POST", "/v1/pos/files", token=who.token, raw=content)


async def worked_off(world: World, who: Person, content: bytes) -> dict[str, Any]:
    """Sent, and looked at when the workers have done all there is to do."""
    reply = await send(world, who, content)
    assert reply.status == 201, reply.body
    while await world.work():
        pass
    told: dict[str, Any] = (await who.get(f"/v1/pos/files/{reply.json['id']}")).json
    return told


def counts(told: dict[str, Any]) -> tuple[int, int, int, int]:
    return told["posted"], told["again"], told["waiting"], told["rejected"]


async def visit_files(world: World) -> Visit:
    return Visit(who=await accountant(world), path="/v1/pos/files")


async def _file(world: World, ending: str = "") -> Visit:
    who, here = await accountant(world), await till(world)
    told = await worked_off(world, who, file_of(world, [line(here, card_no(), 100, 1)]))
    return Visit(who=who, path=f"/v1/pos/files/{told['id']}{ending}", shared=True)


async def visit_file(world: World) -> Visit:
    return await _file(world)


async def visit_rejects(world: World) -> Visit:
    return await _file(world, "/rejects")


async def visit_rejects_file(world: World) -> Visit:
    return await _file(world, "/rejects.csv")


HAPPY: Happy = {
    ("GET", "/v1/pos/files"): visit_files,
    ("GET", "/v1/pos/files/{file_id}"): visit_file,
    ("GET", "/v1/pos/files/{file_id}/rejects"): visit_rejects,
    ("GET", "/v1/pos/files/{file_id}/rejects.csv"): visit_rejects_file,
}
COVERS = {("POST", "/v1/pos/files")}


async def test_a_file_is_posted_row_by_row_and_says_how_far_it_is(world: World) -> None:
    await in_force(world)
    who, here, (resident, number) = await accountant(world), await till(world), await holder(world)
    rows = [
        line(here, number, 12850, 1),
        line(here, number, 10000, 2),
        line(here, number, 10000, 3, back="2"),
        line(here, card_no(), 5000, 4),
    ]
    content = file_of(world, rows)
    first = (await send(world, who, content)).json
    assert (first["state"], first["known"], first["size"]) == ("checking", False, len(content))
    told = await worked_off(world, who, content)
    assert (told["state"], told["rows"], told["sum_fen"], told["done"]) == ("posted", 4, 17850, 4)
    assert counts(told) == (3, 0, 1, 0)
    assert await balance(resident) == (64, 0)
    assert (await who.get("/v1/pos/files")).json["items"][0]["id"] == told["id"]


async def test_the_same_rows_again_shuffled_or_doubled_change_nothing(world: World) -> None:
    await in_force(world)
    who, here, (resident, number) = await accountant(world), await till(world), await holder(world)
    rows = [line(here, number, 1000 * trace, trace) for trace in range(1, 121)]
    rows += [line(here, number, 500 * trace, 200 + trace, back=str(trace)) for trace in range(1, 61)]
    told = await worked_off(world, who, file_of(world, rows))
    assert counts(told) == (180, 0, 0, 0)
    before = await balance(resident)
    again = await worked_off(world, who, file_of(world, rows))
    assert again == told
    random.Random(7).shuffle(rows)
    doubled = await worked_off(world, who, file_of(world, rows + rows[:50]))
    assert counts(doubled) == (0, 230, 0, 0)
    assert await balance(resident) == before
    assert [one async for one in ledger.differences(world.house.db.reader())] == []


async def test_reversals_that_stand_before_their_purchases_are_posted_all_the_same(world: World) -> None:
    await in_force(world)
    who, here, (resident, number) = await accountant(world), await till(world), await holder(world)
    rows = [line(here, number, 10000, 2, back="1"), line(here, number, 20000, 1)]
    assert counts(await worked_off(world, who, file_of(world, rows))) == (2, 0, 0, 0)
    assert await balance(resident) == (50, 0)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda content: content[: len(content) // 2], "不完整"),
        (lambda content: content.replace(b"T,2,", b"T,3,"), "合计对不上"),
        (lambda content: content.replace(b"T,2,300", b"T,2,301"), "合计对不上"),
        (lambda content: content + b"D,1,2\n", "合计行之后"),
        (lambda content: content.replace(b"H,1,", b"H,2,"), "第一行"),
        (lambda content: content.replace(b"H,1,2", b"H,1,x"), "日期不对"),
        (lambda content: content.replace(b"T,2,300", b"T,two,300"), "最后一行"),
        (lambda content: b"H,1,20260101\n" + b"9" * 900_000, "太长"),
        (lambda content: b"\xff\xfe\x00\x00" + content, "编码"),
    ],
)
async def test_a_file_that_is_not_whole_is_handed_back_whole(world: World, spoil: Any, told: str) -> None:
    await in_force(world)
    who, here, (resident, number) = await accountant(world), await till(world), await holder(world)
    rows = [line(here, number, 100, 1), line(here, number, 200, 2)]
    answer = await worked_off(world, who, spoil(file_of(world, rows)))
    assert answer["state"] == "refused"
    assert told in answer["reason"]
    assert await balance(resident) == (0, 0)
    left = await world.house.db.reading(lambda reader: reader.count(STAGED, {"file_id": answer["id"]}))
    assert left == 0


async def test_rows_that_cannot_be_taken_are_listed_and_the_others_posted(world: World) -> None:
    await in_force(world)
    who, here, (resident, number) = await accountant(world), await till(world), await holder(world)
    good = line(here, number, 20000, 1)
    bad = [
        line(here, number, 30000, 1),
        line(here, number, 1, 9, back="77"),
        line(here, number, 100, 10, category="toys"),
        line(here, "12", 100, 11),
        good.replace(here.id, "nobody"),
        f"D,{here.id},1",
        good.replace(",20000,", ",2e4,"),
    ]
    sum_fen = 20000 + 30000 - 1 + 100 + 100 + 20000
    told = await worked_off(world, who, file_of(world, [good, *bad], sum_fen=sum_fen) if bad else b"")
    assert counts(told) == (1, 0, 0, 7)
    rejects = (await who.get(f"/v1/pos/files/{told['id']}/rejects")).json["items"]
    assert [(one["row"], one["code"]) for one in rejects] == [
        (3, "swipe_differs"),
        (4, "reverses_nothing"),
        (5, "unknown_category"),
        (6, "invalid"),
        (7, "terminal_of_file_unknown"),
        (8, "bad_row"),
        (9, "invalid"),
    ]
    assert rejects[2]["message"] == "费率里没有这个消费类别"
    assert [rejects[one]["message"] for one in (3, 6)] == ["“卡号”这一栏不对", "“金额”这一栏不对"]
    sheet = await who.get(f"/v1/pos/files/{told['id']}/rejects.csv")
    assert sheet.body.decode("utf-8-sig").splitlines()[0] == "行号,原因,原文"
    assert len(sheet.body.decode().splitlines()) == 8
    assert await balance(resident) == (100, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_a_file_may_come_in_the_encoding_of_the_post_office(world: World, encoding: str) -> None:
    await in_force(world)
    who, here, (_, number) = await accountant(world), await till(world), await holder(world)
    rows = [line(here, number, 100, 1), line(here, number, 200, 2, category="杂货")]
    told = await worked_off(world, who, file_of(world, rows, encoding=encoding))
    assert counts(told) == (1, 0, 0, 1)
    [reject] = (await who.get(f"/v1/pos/files/{told['id']}/rejects")).json["items"]
    assert "杂货" in reject["line"]


async def test_a_worker_that_dies_on_the_way_leaves_it_to_the_next_and_nothing_is_doubled(
    world: World,
) -> None:
    await in_force(world)
    who, here, (resident, number) = await accountant(world), await till(world), await holder(world)
    rows = [line(here, number, 1000, trace) for trace in range(1, 201)]
    content = file_of(world, rows)
    file_id = (await send(world, who, content)).json["id"]
    worker = world.house.worker()
    checks = next(one for one in worker.queues if one.name == "pos_files")
    posts = next(one for one in worker.queues if one.name == "pos_batches")
    await checks._take(world.house.db, "one that dies")
    world.clock.advance(timedelta(minutes=2))
    await checks.run_due(world.house.db, "another", world.house.metrics)
    batch = await posts._take(world.house.db, "one that dies")
    assert batch is not None
    world.clock.advance(timedelta(minutes=2))
    while await world.work():
        pass
    await posts._work(world.house.db, batch, world.house.metrics)
    told = (await who.get(f"/v1/pos/files/{file_id}")).json
    assert (told["state"], counts(told)) == ("posted", (200, 0, 0, 0))
    assert await balance(resident) == (1000, 0)


async def test_only_the_accountants_see_and_send_files(world: World) -> None:
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    for who in (await world.resident(), clerk):
        assert (await send(world, who, b"H,1,20261124\n")).status == 403
        assert (await who.get("/v1/pos/files")).status == 403
    assert (await send(world, await accountant(world), b"")).status == 422
    known = await world.house.db.reading(lambda reader: reader.count(POS_FILES, {"by": clerk.id}))
    assert known == 0


# On the way in.


async def kept(world: World) -> tuple[int, int]:
    """How many uploads are under way, and how many pieces of files are stored."""
    chunks = world.house.db._handle[f"{BUCKET}.chunks"]
    rows = await world.house.db.reading(lambda reader: reader.count(ARRIVALS, {}))
    return rows, await chunks.count_documents({"files_id": {"$regex": "^pos-"}})


async def test_a_file_whose_sender_is_cut_off_leaves_nothing_after_the_sweep(world: World) -> None:
    who = await accountant(world)
    await world.work()
    before = await kept(world)
    half = b"9" * (600 * 1024)
    host, port = world.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    first, how = "POST /v1/pos/files HTTP/1.1", f"Content-Length: {4 * len(half)}"
    writer.write(
        "\r\n".join((first, "Host: x", f"Authorization: Bearer {who.token}", how, "", "")).encode() + half
    )
    await writer.drain()

    async def half_arrived() -> bool:
        return await kept(world) == (before[0] + 1, before[1] + 2)

    await world.until(half_arrived, "some of it is stored")
    writer.close()

    async def noticed() -> bool:
        return world.house.lifecycle.in_flight == 0

    await world.until(noticed, "the server sees that the client is gone")
    await world.work()
    assert await kept(world) == (before[0] + 1, before[1] + 2), "it may be sent still, for all a worker knows"
    world.clock.advance(timedelta(seconds=world.house.settings.pos.upload_s + 61))
    await world.work()
    assert await kept(world) == before


async def test_a_file_that_comes_again_or_is_refused_is_stored_once(world: World) -> None:
    await in_force(world)
    who, here = await accountant(world), await till(world)
    await world.work()
    before = await kept(world)
    content = file_of(world, [line(here, card_no(), 100, 1)])
    answers = await asyncio.gather(*(send(world, who, content) for _ in range(3)))
    assert sorted(one.json["known"] for one in answers) == [False, True, True]
    assert (await send(world, who, b"")).status == 422
    await world.work()
    assert await kept(world) == (before[0], before[1] + 1)


async def test_a_file_that_was_swept_meanwhile_is_not_taken_in(world: World) -> None:
    def begun(tx: Any) -> Any:
        return arrivals.begin(tx, world.house.settings)

    stored = await world.house.db.alone(begun)
    world.clock.advance(timedelta(seconds=world.house.settings.pos.upload_s + 61))
    [sweep] = [one for one in world.house.worker().queues if one.name == "pos_arrivals"]
    assert await sweep._take(world.house.db, "a worker") is not None
    with pytest.raises(arrivals.FileTooSlow):
        await world.house.db.atomically(lambda tx: arrivals.take_in(tx, stored))
