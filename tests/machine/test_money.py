"""Whatever is done with points, bills and money, in whatever order.

Short here and by the same seeds; `MACHINE_EXAMPLES=500` plays that many others for as long as it takes.
"""

from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from tornado.ioloop import IOLoop

from tests.machine import money
from tests.machine.money import Money
from tests.machine.test_machine import EXAMPLES, LONG
from tests.world import World

SHORT = settings(max_examples=5, stateful_step_count=40, phases=[Phase.generate])
MOST_ROUNDS = 6
HAPPENED = {"payment:settled", "payment:failed", "payment:expired", "owing", "file:rejected", "file:waiting"}
"""Without these a run has shown little, so the short one plays further rounds until they have happened. What a seed draws
changes with the project's own sources: Hypothesis takes constants from them."""


def test_no_fen_is_lost_doubled_or_made_up(io_loop: IOLoop, world: World) -> None:
    usual, cast = world.house.settings, io_loop.run_sync(lambda: money.cast(world))
    how = settings(
        LONG if EXAMPLES else SHORT, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    try:
        for number in range(1, 2 if EXAMPLES else MOST_ROUNDS + 1):
            run_state_machine_as_test(_round(number, io_loop, cast), settings=how)
            if (+cast.played).keys() >= HAPPENED:
                break
    finally:
        world.house.settings = usual
        print(sorted(cast.played.items()))
    assert (+cast.played).keys() >= HAPPENED


def _round(number: int, loop: IOLoop, cast: Any) -> type[Money]:
    class Here(Money):
        io_loop = loop

    Here.cast = cast
    return Here if EXAMPLES else seed(number)(Here)
