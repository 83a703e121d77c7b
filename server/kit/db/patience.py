"""How long whoever asks will wait: one end for all that a request asks of the database, in however many steps.

Without it each step would have the whole deadline to itself, and a request of three steps would take three of them
while a primary is being elected.
"""

import asyncio
import math
from contextvars import ContextVar

_LEAST_S = 1.0
"""A platform may have taken long before the last step, which has to have its chance all the same."""

_end: ContextVar[float] = ContextVar("end", default=math.inf)


def begin(seconds: float) -> None:
    """What this task and the tasks that it starts ask from now on is over in so many seconds."""
    _end.set(asyncio.get_running_loop().time() + seconds)


def left(most_s: float) -> float:
    """Seconds for the next step, never more than `most_s`."""
    return min(most_s, max(_end.get() - asyncio.get_running_loop().time(), _LEAST_S))
