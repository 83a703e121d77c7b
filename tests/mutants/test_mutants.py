"""The short form of `scripts/mutants`: every mutant still fits its rule, and one of them is let loose."""

from pathlib import Path

import pytest
from tornado.ioloop import IOLoop

from tests.mutants import bench
from tests.mutants.money import MONEY
from tests.mutants.rules import MUTANTS


def test_every_mutant_still_fits_the_rule_that_it_breaks() -> None:
    mutants = (*MUTANTS, *MONEY)
    assert bench.misfits(mutants) == []
    assert len({one.name for one in mutants}) == len(mutants) >= 40


async def test_a_booking_that_keeps_its_seat_is_caught(io_loop: IOLoop, tmp_path: Path) -> None:
    bench.copy(tmp_path)
    mutant = next(one for one in MUTANTS if one.name == "seat-kept-at-the-end")
    bench.infect(mutant, tmp_path)
    outcome = await bench.play(tmp_path, mutant.machine)
    assert outcome.caught and "seats: too many" in outcome.said, outcome


def test_a_mutant_that_fits_no_longer_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(bench.Misfit):
        bench.infect(MUTANTS[0], tmp_path)
