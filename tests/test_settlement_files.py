"""The post office's file: whole or handed back whole, taken once, and compared row by row in three ways."""

import asyncio

import pytest

from server.settlements import ROWS, layout
from tests.settling import V1, confirmed, everything, office, ok, rich, spent, total
from tests.test_payments import wrong
from tests.world import World

# The file.


async def test_the_file_is_fixed_when_frozen_and_the_post_office_can_verify_it(world: World) -> None:
    here = await office(world)
    await here.swept()
    made = await spent(world, 900, 1100)
    batch = await here.frozen()
    content = (await here.file(batch)).decode()
    lines = content.splitlines()
    assert lines[0] == f"H,1,{batch['id']},{here.today().replace('-', '')},2,2000"
    assert lines[-1] == f"T,2,2000,{batch['digest']}"
    assert all(one in content for one in made)
    assert (await here.file(batch, encoding="gb18030")).decode("gb18030") == content
    await spent(world, 5000)
    assert (await here.file(batch)).decode() == content
    answer = await world.control("post-office", content=content)
    assert (answer["rows"], answer["sum_fen"]) == (2, 2000)


async def test_a_row_that_somebody_has_changed_is_noticed_before_a_file_goes_out(world: World) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 900)
    batch = await here.frozen()
    [row] = await world.house.db.reading(lambda reader: reader.all(ROWS, {"batch_id": batch["id"]}, limit=9))
    row.amount_fen = 9000
    await world.put(ROWS, row)
    assert (await here.maker.get(f"{V1}/{batch['id']}/file.csv")).code == "file_differs"


async def test_a_file_that_is_not_whole_is_handed_back_whole(world: World) -> None:
    here = await office(world)
    await spent(world, 900)
    batch = await here.sent()
    for spoil, told in (({"cut": True}, "不完整"), ({"stained": True}, "校验码")):
        answer = await here.compared(await here.their_file(batch, **spoil))
        assert (answer["state"], told in answer["reason"]) == ("refused", True)
    answer = await here.compared(b"H,1,YJ-1,20261124\nT,0,0\n")
    assert answer["reason"] == "没有 YJ-1 这个批次"
    assert (await here.seen(batch))["answer"] is None
    assert (await here.hand_in(b"")).code == "answer_empty"
    largest = world.house.settings.settlements.max_file_bytes
    assert (await here.hand_in(b"9" * (largest + 1))).status == 413


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("H,1,YJ-1\n", "第一行"),
        ("H,1,YJ-1,2026112\nT,0,0\n", "日期"),
        ("H,1,YJ-1,20261124\nT,1,0\n", "合计对不上"),
        ("H,1,YJ-1,20261124\nD,a,5,OK,\nT,1,4\n", "合计对不上"),
        ("H,1,YJ-1,20261124\nT,0,0\nD,a,1,OK,\n", "合计行之后"),
        ("H,1,YJ-1,20261124\nT,a,0\n", "不是整数"),
        ("H,1,YJ-1,20261124\nT,0\n", "最后一行"),
        ("\n", "空的"),
    ],
)
def test_a_file_that_is_not_one_says_why(content: str, told: str) -> None:
    with pytest.raises(layout.BadFile, match=told):
        layout.parsed(content.encode())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("D,a,1,OK", "5 栏"),
        ("D,,1,OK,", "流水号"),
        ("D,a,1.5,OK,", "整数"),
        ("D,a,１,OK,", "整数"),
        ("D,a,1,ja,", "OK 或 NO"),
        ('D,"a,1,OK,', "5 栏"),
    ],
)
def test_a_line_that_is_none_is_listed_with_its_number_and_reason(line: str, told: str) -> None:
    content = f"H,1,YJ-1,20261124\nD,b,7,OK,\n{line}\nT,2,8\n"
    found = layout.parsed(content.encode("gb18030"))
    [(number, text, reason)] = found.rejects
    assert (number, text, told in reason) == (3, line, True)
    assert [(one.key, one.fen) for one in found.rows] == [("b", 7)]


async def test_a_file_in_their_encoding_and_without_a_hash_is_read_and_bad_lines_are_listed(
    world: World,
) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 900, 800)
    batch = await here.sent()
    text = (await here.their_file(batch, refused=1, garbled=1, unsigned=True)).decode()
    answer = await here.compared(text.encode("gb18030"))
    assert (answer["state"], answer["rows"], answer["refused"], answer["matched"]) == ("compared", 3, 1, 1)
    [reject] = answer["rejects"]
    assert (reject["row"], "5 栏" in reject["message"]) == (4, True)
    refused = await here.maker.get(f"/v1/settlement-files/{answer['id']}/matches", verdict="refused")
    assert [one["told"] for one in refused.json["items"]] == ["卡已注销"]


async def test_the_same_file_twice_is_one_and_changes_nothing(world: World) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 900)
    batch = await here.frozen()
    content = await here.their_file(batch)
    early = await here.compared(content)
    assert (early["state"], "还没有标为已送出" in early["reason"]) == ("refused", True)
    await ok(here.maker.post(f"{V1}/{batch['id']}/send"))
    first = await here.compared(content)
    assert (first["state"], first["matched"]) == ("compared", 1)
    replies = await asyncio.gather(*(here.hand_in(content) for _ in range(4)))
    assert {(one.status, one.json["known"], one.json["id"]) for one in replies} == {(201, True, first["id"])}
    assert await here.compared(content) == first
    await ok(here.checker.post(f"{V1}/{batch['id']}/confirm", {"answer": first["id"]}))
    late = await here.compared(await here.their_file(batch, missing=1))
    assert (late["state"], "已经确认过了" in late["reason"]) == ("refused", True)
    assert await here.compared(content) == first


async def test_a_corrected_file_takes_the_place_of_the_one_before_until_somebody_confirms(
    world: World,
) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 900)
    batch = await here.sent()
    wrong_one = await here.compared(await here.their_file(batch, missing=1))
    right_one = await here.compared(await here.their_file(batch))
    path = f"{V1}/{batch['id']}/confirm"
    assert (await here.checker.post(path, {"answer": wrong_one["id"]})).code == "no_answer_yet"
    confirmed = await ok(here.checker.post(path, {"answer": right_one["id"]}))
    assert confirmed["differences"] == 0


# Three ways, row by row.


async def test_every_kind_of_difference_is_found_and_their_sum_is_that_of_the_totals(world: World) -> None:
    here = await office(world)
    await here.swept()
    await spent(world, 1000, 2000, 3000, 4000)
    batch = await here.sent()
    content = await here.their_file(
        batch, missing=1, other_amount=1, refused=1, doubled=1, unknown=1, shuffled=True
    )
    answer = await here.compared(content)
    kinds = ("matched", "missing_there", "other_amount", "refused", "doubled", "missing_here")
    assert [answer[one] for one in kinds] == [1] * 6
    batch = await ok(here.checker.post(f"{V1}/{batch['id']}/confirm", {"answer": answer["id"]}))
    found = await here.differences(batch)
    assert len(found) == batch["differences"] == 5
    assert batch["expected_fen"] == answer["sum_fen"] == 10_000 - sum(one["fen"] for one in found)


async def test_each_way_out_of_a_shortfall_leaves_the_batch_paid_and_the_books_right(world: World) -> None:
    here = await office(world)
    await asyncio.gather(here.swept(), rich(world))
    lost, owed = await total(world, "loss"), await total(world, "issuer")
    await spent(world, 1000, 2000, 3000, 4000)
    batch = await here.confirmed(await here.sent(), other_amount=4)
    found = {one["fen"]: one for one in await here.differences(batch)}
    assert sorted(found) == [100, 200, 300, 400]
    batch = await here.received(batch, 9000)
    assert (batch["state"], batch["differences"]) == ("difference", 4)

    for fen, how in ((200, "theirs"), (300, "next"), (400, "write_off")):
        assert (await here.resolve(found[fen], how))["transfer"]
        assert (await here.seen(batch))["open_fen"] == 0
    assert (await here.resolve(found[100], "ours"))["transfer"] == ""
    batch = await here.seen(batch)
    assert (batch["state"], batch["open_fen"]) == ("difference", 100)
    batch = await here.received(batch, 100)
    assert (batch["state"], batch["differences"]) == ("paid", 0)
    assert await total(world, "clearing", batch["id"]) == 0
    assert await total(world, "loss") == lost + 600
    assert await total(world, "issuer") == owed + 9100

    await spent(world, 50)
    following = await here.sent()
    assert (following["rows"], following["sum_fen"]) == (2, 350)
    await here.received(await here.confirmed(following), 350)
    assert await total(world, "issuer") == owed + 9450
    assert await everything(world) == 0
    assert await wrong(world) == []


async def test_each_way_out_of_too_much_brings_no_points_from_nowhere(world: World) -> None:
    here = await office(world)
    await asyncio.gather(here.swept(), rich(world))
    owed = await total(world, "issuer")
    await spent(world, 6000)
    batch = await here.confirmed(await here.sent(), unknown=2, doubled=1)
    found = await here.differences(batch)
    kinds = [(one["kind"], one["fen"]) for one in found]
    assert sorted(kinds) == [("doubled", -6000), ("missing_here", -1234), ("missing_here", -1234)]
    ways = {"doubled": ["ours"], "missing_here": ["theirs", "next"]}
    for one in found:
        assert (await here.resolve(one, ways[one["kind"]].pop()))["transfer"] == ""
    batch = await here.seen(batch)
    assert batch["expected_fen"] == 6000 + 2 * 1234
    batch = await here.received(batch, batch["expected_fen"])
    assert batch["state"] == "paid"
    assert await total(world, "clearing", batch["id"]) == 0
    assert await total(world, "issuer") == owed + 6000

    await spent(world, 2000)
    following = await here.sent()
    assert following["sum_fen"] == 2000 - 1234
    assert (await here.received(await here.confirmed(following), 766))["state"] == "paid"
    assert await total(world, "issuer") == owed + 8000
    assert await everything(world) == 0
    assert await wrong(world) == []


async def test_what_nobody_offers_is_no_way_out(world: World) -> None:
    here, batch = await confirmed(world, unknown=1)
    one = (await here.differences(batch))[-1]
    path = f"/v1/settlement-differences/{one['id']}/resolve"
    assert (await here.maker.post(path, {"how": "write_off", "reason": "算了"})).code == "not_this_way"
    assert "write_off" not in {choice["how"] for choice in one["choices"]}
