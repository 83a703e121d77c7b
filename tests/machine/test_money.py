"""Whatever is done with points, bills and money, in whatever order.

Short here and always the same; `MACHINE_EXAMPLES=500` plays that many others for as long as it takes.
"""

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tornado.ioloop import IOLoop

from tests.machine import money
from tests.machine.money import Money
from tests.machine.test_machine import EXAMPLES, LONG
from tests.world import World

SHORT = settings(max_examples=5, stateful_step_count=40, derandomize=True, phases=[Phase.generate])
HAPPENED = {"payment:settled", "payment:failed", "payment:expired", "owing", "file:rejected", "file:waiting"}
"""Without these a run has shown little."""


def test_no_fen_is_lost_doubled_or_made_up(io_loop: IOLoop, world: World) -> None:
    class Here(Money):
        pass

    usual = world.house.settings
    Here.io_loop, Here.cast = io_loop, io_loop.run_sync(lambda: money.cast(world))
    how = settings(
        LONG if EXAMPLES else SHORT, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    try:
        run_state_machine_as_test(Here, settings=how)
    finally:
        world.house.settings = usual
        print(sorted(Here.cast.played.items()))
    assert (+Here.cast.played).keys() >= HAPPENED
