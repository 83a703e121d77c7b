"""Case numbers: readable on the phone, unique whoever hands them out, and slips are noticed."""

import asyncio
import random
from datetime import UTC, datetime

import pytest

from server.cases import CaseNumbers, is_case_no, with_check_digit
from server.cases.numbers import check_digit
from tests.world import World

DAY = datetime(2026, 11, 24, 1, tzinfo=UTC)
GOOD = "HB-20261124-0001372"


def numbers(how_many: int = 300) -> list[str]:
    picked = random.Random(7)
    return [with_check_digit("HB", "20261124", picked.randrange(1_000_000)) for _ in range(how_many)]


def test_the_check_digit_is_that_of_the_standard() -> None:
    assert check_digit("0794") == "5"  # the example of ISO 7064 MOD 11,10


def test_a_number_tells_kind_day_and_count() -> None:
    assert with_check_digit("HB", "20261124", 137) == GOOD
    assert is_case_no(GOOD)
    assert is_case_no(with_check_digit("HB", "20261124", 12_345_678))


def test_every_slip_of_one_digit_is_noticed() -> None:
    for good in numbers(60):
        for position, digit in enumerate(good):
            if digit.isdigit():
                slips = (good[:position] + other + good[position + 1 :] for other in "0123456789")
                assert [one for one in slips if is_case_no(one)] == [good]


def test_nearly_every_swap_of_neighbours_is_noticed() -> None:
    swapped = unnoticed = 0
    for good in numbers():
        for position in range(len(good) - 1):
            first, second = good[position : position + 2]
            if first != second and (first + second).isdigit():
                swapped += 1
                unnoticed += is_case_no(good[:position] + second + first + good[position + 2 :])
    assert unnoticed / swapped < 0.02


@pytest.mark.parametrize(
    "text",
    [
        "",
        "HB",
        GOOD.lower(),
        GOOD + "\n",
        " " + GOOD,
        GOOD[:-1],
        GOOD + "1",
        GOOD.replace("-", ""),
        "H1" + GOOD[2:],
    ],
)
def test_what_does_not_look_like_a_number_is_none(text: str) -> None:
    assert not is_case_no(text)


def test_digits_of_other_scripts_are_no_digits() -> None:
    assert not is_case_no(GOOD.replace("1", "\u0661"))


async def test_no_number_is_handed_out_twice_whoever_hands_it_out(world: World) -> None:
    sources = [CaseNumbers(world.house.db) for _ in range(3)]

    handed = await asyncio.gather(*(one.next("HB", DAY) for one in sources * 100))

    assert len(set(handed)) == 300
    assert all(is_case_no(one) for one in handed)


async def test_numbers_of_one_process_grow_within_a_day_and_begin_anew_on_the_next(world: World) -> None:
    source = CaseNumbers(world.house.db)
    late, after_midnight = datetime(2030, 5, 1, 15, 59, tzinfo=UTC), datetime(2030, 5, 1, 16, tzinfo=UTC)

    today = [await source.next("HB", late) for _ in range(100)]
    tomorrow = await source.next("HB", after_midnight)

    assert today == sorted(today)
    assert today[0] == with_check_digit("HB", "20300501", 1)
    assert tomorrow == with_check_digit("HB", "20300502", 1)
