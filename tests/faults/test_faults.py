"""The short form of `scripts/faults`: races and kills against real processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tornado.ioloop import IOLoop

from tests.faults import broadcast, cards, controls, ladder, lines, money, proofs
from tests.faults.street import Street, open_street


@pytest.fixture(scope="module")
def street(io_loop: IOLoop, folder: Path) -> Iterator[Street]:
    manager = open_street(folder / "street")
    street = io_loop.run_sync(manager.__aenter__)
    yield street
    io_loop.run_sync(lambda: manager.__aexit__(None, None, None))


@pytest.fixture(scope="module")
def tokens(io_loop: IOLoop, street: Street) -> list[str]:
    return io_loop.run_sync(lambda: street.residents(200, "racer"))  # type: ignore[no-any-return]


@pytest.mark.parametrize("seats", [1, 7])
async def test_of_200_residents_as_many_win_a_slot_as_there_are_seats(
    io_loop: IOLoop, street: Street, tokens: list[str], seats: int
) -> None:
    result = await proofs.race(street, tokens, seats, f"race-{seats}")
    assert (result.winners, result.refused, result.others) == (seats, 200 - seats, 0)


async def test_one_key_sent_twenty_times_at_once_books_once(
    io_loop: IOLoop, street: Street, tokens: list[str]
) -> None:
    told = await proofs.same_key(street, tokens[0], 20)
    assert {one.status for one in told} == {201}
    assert len({one.body["case_no"] for one in told}) == 1
    assert sum(one.replayed for one in told) == 19


async def test_kills_of_web_worker_and_database_lose_and_double_nothing(
    io_loop: IOLoop, street: Street
) -> None:
    result = await proofs.under(street, 500, ["web", "worker", "mongod", "web"])
    assert result.acknowledged == 500
    assert not result.violations, result


async def test_purchases_under_kills_are_in_the_books_once_and_the_books_agree(
    io_loop: IOLoop, street: Street
) -> None:
    result = await money.money(street, 200, ["web", "worker", "mongod"])
    assert (result.acknowledged, result.paid.settled, result.paid.back) == (200, 30, 10)
    assert not result.violations, result


async def test_replacing_every_process_fails_no_request(
    io_loop: IOLoop, street: Street, tokens: list[str]
) -> None:
    result = await proofs.rolls(street, tokens[0], 1)
    assert result.answered > 50
    assert result.failed == 0, result


async def test_every_seat_of_a_line_is_accounted_for_though_workers_are_killed(
    io_loop: IOLoop, street: Street
) -> None:
    result = await lines.lines(street, 3, ["worker", "web"], waiting=4)
    assert not result.violations, result
    assert result.states["taken"] + result.states["declined"] >= 3, result


async def test_no_visit_of_a_plan_is_doubled_or_missing_though_workers_are_killed(
    io_loop: IOLoop, street: Street
) -> None:
    result = await lines.plans(street, 4, ["worker", "web"])
    assert not result.violations, result
    assert result.visits == {"booked": 8, "conflict": 8}


async def test_an_announcement_reaches_every_inbox_and_no_telephone_twice_though_a_worker_is_killed(
    io_loop: IOLoop, street: Street
) -> None:
    crowd = await broadcast.gathered(street, 300, 12)
    result = await broadcast.broadcast(street, crowd, kills=1, alone=3)
    assert (result.kills, result.inbox) == (1, result.audience)
    assert result.urgent.count + result.caught.count == 9, result
    assert not result.violations, result


async def test_nobody_is_written_to_twice_though_the_worker_is_killed_while_the_provider_answers(
    io_loop: IOLoop, street: Street
) -> None:
    result = await ladder.killed(street, 40, 2)
    assert result.kills == 2, result
    assert result.unknown > 0, "nobody was killed between the SMS and its book: the proof proves nothing"
    assert not result.violations, result


@pytest.mark.parametrize("meanwhile", [False, True])
async def test_a_worker_killed_while_wecom_has_the_card_sends_no_second_one(
    io_loop: IOLoop, street: Street, meanwhile: bool
) -> None:
    """Its code is lost with the worker, so a line says what became of it, and a tap still gets the card its face."""
    result = await cards.killed_between(street, f"killed-{meanwhile}", meanwhile=meanwhile)
    assert (result.sent_before, result.cards) == ("queued", 1), result
    assert len(result.lines) == 1 and "已由 赵敏 确认接单" in result.lines[0], result
    assert result.tapped == "已由 赵敏 确认接单", result


async def test_the_same_work_done_in_steps_goes_wrong(io_loop: IOLoop, street: Street) -> None:
    """If not, the proofs above prove nothing."""
    assert (await controls.offer_in_steps(street.database.url, 60)).twice
    assert (await controls.roll_by_looking(street.database.url, 60)).twice
    assert (await controls.send_then_note(street.database.url)).twice


@pytest.fixture(scope="module")
def set_of_three(io_loop: IOLoop, folder: Path) -> Iterator[Street]:
    manager = open_street(folder / "set", web=1, members=3)
    yield io_loop.run_sync(manager.__aenter__)
    io_loop.run_sync(lambda: manager.__aexit__(None, None, None))


async def test_a_primary_that_is_cut_off_or_hangs_loses_nothing_and_holds_nobody_up(
    io_loop: IOLoop, set_of_three: Street
) -> None:
    pids = set_of_three.processes.pids
    before = pids("web") + pids("worker")
    result = await proofs.under(set_of_three, 40, ["silent", "stutter"], name="network")
    assert before == pids("web") + pids("worker"), "nothing had to be started anew"
    assert result.acknowledged == 40
    assert not result.violations, result
    assert result.slowest_answer_s < 8, result


async def test_points_are_earned_and_paid_once_though_the_primary_is_killed(
    io_loop: IOLoop, set_of_three: Street
) -> None:
    result = await money.money(set_of_three, 100, ["mongod", "worker"])
    assert (result.acknowledged, result.paid.settled, result.paid.back) == (100, 15, 5)
    assert not result.violations, result
