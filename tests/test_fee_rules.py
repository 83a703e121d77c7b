"""What giving tickets back and changing them costs: to the minute and the half yuan, by versions that two people make."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.fee_rules import FeeQuote, Mode
from schemas.staff import Grant
from server.fee_rules import ChangeTooLate, RefundTooLate
from server.fee_rules.quotes import Trip, change_by, refund_by
from server.fee_rules.stored import VERSIONS
from tests.doors import Happy, Visit
from tests.world import Person, Reply, World

LEAVES = datetime(2026, 12, 1, 1, 30, tzinfo=UTC)  # 9:30 in Shanghai
DAY, HOUR, MINUTE, SECOND = (
    timedelta(days=1),
    timedelta(hours=1),
    timedelta(minutes=1),
    timedelta(seconds=1),
)
TABLE = {
    "name": "所有席别",
    "refund": [{"minutes": 1440, "permyriad": 0}, {"minutes": 0, "permyriad": 3000}],
    "change": [{"minutes": 0, "permyriad": 1000}],
}


def refund(left: timedelta, face: int = 15500, mode: Mode = "train", seat: str = "", **more: Any) -> FeeQuote:
    return refund_by(VERSIONS.first[mode], Trip(face, LEAVES, seat), LEAVES - left, **more)


def change(
    left: timedelta, face: int, to: int, moved: timedelta = DAY, mode: Mode = "train", seat: str = ""
) -> FeeQuote:
    return change_by(VERSIONS.first[mode], Trip(face, LEAVES, seat), Trip(to, LEAVES + moved), LEAVES - left)


@pytest.mark.parametrize(
    ("left", "permyriad", "fee"),
    [
        (9 * DAY, 0, 0),
        (8 * DAY, 0, 0),
        (8 * DAY - SECOND, 500, 800),
        (2 * DAY, 500, 800),
        (2 * DAY - SECOND, 1000, 1550),
        (DAY, 1000, 1550),
        (DAY - SECOND, 2000, 3100),
        (SECOND, 2000, 3100),
    ],
)
def test_a_train_ticket_costs_more_to_give_back_the_later_it_is(
    left: timedelta, permyriad: int, fee: int
) -> None:
    found = refund(left)

    assert (found.permyriad, found.fee_fen, found.back_fen) == (permyriad, fee, 15500 - fee)
    assert found.late == (permyriad > 0)


def test_a_fee_ends_in_half_a_yuan_and_is_two_yuan_at_least_and_the_price_at_most() -> None:
    day = 3 * DAY

    assert [refund(day, face).fee_fen for face in (8480, 8500, 9480, 9500)] == [400, 450, 450, 500]
    assert (refund(day, 1500).fee_fen, refund(9 * DAY, 1500).fee_fen, refund(day, 150).back_fen) == (
        200,
        0,
        0,
    )


def test_it_says_in_words_what_it_costs_and_why() -> None:
    assert refund(30 * HOUR).text == "开车前 30 小时，按票价 10% 收退票费，收 15.50 元，退 139.50 元"
    assert refund(8 * DAY + 3 * HOUR).text == "开车前 8 天 3 小时，不收退票费，退 155.00 元"
    assert "开车前 40 分钟" in refund(40 * MINUTE).text
    assert "最低 2.00 元" in refund(3 * DAY, 1500).text
    assert refund(30 * HOUR, mode="plane").text.startswith("起飞前 30 小时，按票价 30%")


def test_after_the_train_has_left_nothing_comes_back_and_a_plane_costs_its_own_rate() -> None:
    for left in (timedelta(0), -SECOND):
        with pytest.raises(RefundTooLate):
            refund(left)
    assert refund(-HOUR, 100_000, "plane").back_fen == 50_000
    assert refund(3 * DAY, 100_000, "plane", "first").fee_fen == 5_000
    assert refund(3 * DAY, 100_000, "plane", "premium").fee_fen == 10_000


def test_a_ticket_that_was_changed_late_is_not_given_back_for_nothing() -> None:
    assert refund(9 * DAY, late_change=True).fee_fen == 800
    assert refund(30 * HOUR, late_change=True).fee_fen == 1550


def test_a_train_is_changed_for_nothing_to_the_same_day_and_by_the_lower_price_to_a_later_one() -> None:
    later, same = DAY, 5 * HOUR

    assert change(3 * DAY, 15500, 15500, later).pay_fen == 0
    assert change(30 * HOUR, 15500, 20000, later).pay_fen == 4500 + 800
    assert change(3 * HOUR, 15500, 15500, later).pay_fen == 2350
    assert change(3 * HOUR, 15500, 20000, same).pay_fen == 4500
    cheaper = change(30 * HOUR, 15500, 12000, later)
    assert (cheaper.fee_fen, cheaper.back_fen, cheaper.pay_fen) == (600 + 350, 3500 - 350 - 600, 0)
    assert "差价收 3.50 元" in cheaper.text and "退 25.50 元" in cheaper.text


def test_after_departure_a_train_is_changed_until_midnight_only() -> None:
    midnight = datetime(2026, 12, 1, 16, tzinfo=UTC)  # the end of that day in Shanghai

    assert change(-HOUR, 15500, 15500, DAY).pay_fen == 6200
    assert change(-HOUR, 15500, 15500, 5 * HOUR).pay_fen == 0
    assert change(LEAVES - midnight + SECOND, 15500, 15500).pay_fen == 6200
    with pytest.raises(ChangeTooLate):
        change(LEAVES - midnight, 15500, 15500)


def test_a_plane_keeps_the_difference_to_a_cheaper_one() -> None:
    found = change(3 * DAY, 100_000, 80_000, mode="plane")

    assert (found.pay_fen, found.back_fen) == (8_000, 0) and "差价不退" in found.text


# Versions.


async def accountant(world: World) -> Person:
    return await world.staff(Grant(role="accountant"))


def day(world: World, days: int) -> str:
    return world.at(0, days=days)[:10]


async def draft(who: Person, world: World, mode: str = "train", **more: Any) -> Reply:
    body = {"valid_from": day(world, 1), "tables": [TABLE], **more}
    return await who.post(f"/v1/fee-rules/{mode}", body)


async def visit_current(world: World) -> Visit:
    return Visit(
        path="/v1/fee-rules/train/current/fee",
        query={"face_fen": 15500, "depart_at": world.at(9, days=3)},
        shared=True,
    )


async def visit_list(world: World) -> Visit:
    return Visit(path="/v1/fee-rules/train", who=await accountant(world), shared=True)


async def visit_draft(world: World) -> Visit:
    body = {"valid_from": day(world, 1), "tables": [TABLE]}
    return Visit(path="/v1/fee-rules/plane", who=await accountant(world), body=body, shared=True)


async def visit_fee(world: World) -> Visit:
    query = {"face_fen": 15500, "depart_at": world.at(9, days=3)}
    return Visit(path="/v1/fee-rules/train/1/fee", who=await accountant(world), query=query, shared=True)


def answering(action: str) -> Any:
    async def visit(world: World) -> Visit:
        author = await accountant(world)
        number = (await draft(author, world)).json["version"]["number"]
        who = author if action == "withdraw" else await accountant(world)
        body = {"reason": "金额不对"} if action == "return" else None
        return Visit(path=f"/v1/fee-rules/train/{number}/{action}", who=who, body=body, shared=True)

    return visit


HAPPY: Happy = {
    ("GET", "/v1/fee-rules/{mode}/current/fee"): visit_current,
    ("GET", "/v1/fee-rules/{mode}"): visit_list,
    ("POST", "/v1/fee-rules/{mode}"): visit_draft,
    ("GET", "/v1/fee-rules/{mode}/{number}/fee"): visit_fee,
    **{
        ("POST", f"/v1/fee-rules/{{mode}}/{{number}}/{action}"): answering(action)
        for action in ("approve", "return", "withdraw")
    },
}


async def fee_now(world: World) -> tuple[int, int]:
    leaves = (world.clock.now() + timedelta(hours=30)).isoformat()
    reply = await world.call(
        "GET", "/v1/fee-rules/train/current/fee", query={"face_fen": 15500, "depart_at": leaves}
    )
    assert reply.status == 200, reply.body
    return reply.json["version"], reply.json["fee_fen"]


async def test_a_version_counts_from_its_midnight_when_another_has_approved_it_and_is_never_changed(
    world: World,
) -> None:
    author, other = await accountant(world), await accountant(world)
    before = await fee_now(world)
    made = (await draft(author, world)).json
    number = made["version"]["number"]
    path = f"/v1/fee-rules/train/{number}"

    assert "开车前 24 小时以上不收，不到 24 小时收 30%" in made["lines"][0]
    assert (await author.post(f"{path}/approve")).code == "own_version"
    assert (await other.post(f"{path}/approve")).json["version"]["state_text"].endswith("起生效")
    assert (await other.post(f"{path}/return", {"reason": "看错了"})).code == "rules_answered"
    assert await fee_now(world) == before
    world.clock.advance(timedelta(hours=15) - SECOND)  # the last second of the day
    assert await fee_now(world) == before
    world.clock.advance(SECOND)
    assert await fee_now(world) == (number, 0)

    other = await world.sign_in(other.id)  # a night has passed
    seen = (await other.get("/v1/fee-rules/train")).json["items"]
    assert [one["version"]["in_force"] for one in seen].count(True) == 1
    assert seen[-1]["version"]["number"] == 1 and seen[-1]["rules"]["source"]
    tried = await other.get(
        f"{path}/fee", face_fen=10000, depart_at=world.at(9, days=0), at=world.at(8, days=0)
    )
    assert tried.json["fee_fen"] == 3000
    late = await other.get(
        f"{path}/fee", face_fen=10000, depart_at=world.at(9, days=0), at=world.at(9, days=0)
    )
    assert late.code == "refund_too_late"


async def test_what_is_no_table_of_fees_is_refused_by_its_name(world: World) -> None:
    author = await accountant(world)
    unsorted = TABLE | {"refund": [{"minutes": 10, "permyriad": 0}, {"minutes": 10, "permyriad": 1}]}
    endless = TABLE | {"refund": [{"minutes": 10, "permyriad": 0}]}

    assert (await draft(author, world, valid_from=day(world, 0))).code == "rules_start_too_soon"
    assert (await draft(author, world, tables=[TABLE, TABLE])).code == "seat_class_twice"
    assert (await draft(author, world, tables=[unsorted])).status == 422
    assert (await draft(author, world, tables=[endless])).status == 422
    assert (await draft(author, world, mode="boat")).status == 404
    assert (await (await world.resident()).get("/v1/fee-rules/train")).status == 403
