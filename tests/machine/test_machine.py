"""Whatever is done on the street, in whatever order.

Short here and always the same; `MACHINE_EXAMPLES=500` plays that many others for as long as it takes.
"""

import os

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tornado.ioloop import IOLoop

from tests.machine import street
from tests.machine.street import Street
from tests.world import World

EXAMPLES = int(os.environ.get("MACHINE_EXAMPLES", "0"))
SHORT = settings(max_examples=10, stateful_step_count=40, derandomize=True, phases=[Phase.generate])
LONG = settings(max_examples=EXAMPLES or 1, stateful_step_count=60, phases=[Phase.generate, Phase.shrink])


def test_nothing_is_sold_twice_and_nothing_leaks(io_loop: IOLoop, world: World) -> None:
    class Here(Street):
        pass

    usual = world.house.settings
    Here.io_loop, Here.cast = io_loop, io_loop.run_sync(lambda: street.cast(world))
    how = settings(
        LONG if EXAMPLES else SHORT, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )
    try:
        run_state_machine_as_test(Here, settings=how)
    finally:
        world.house.settings = usual
        print(sorted(Here.cast.played.items()))
