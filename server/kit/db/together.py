"""Requests that would queue for one document share a transaction: what waits is done with what is under way next.

One transaction after the other on a contended document costs a commit for each request. Whoever asks while one is
under way waits in its lane; all who wait are then written in one transaction, each part whole or refused by itself.
Whatever goes wrong with the common transaction is done again one by one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct
from pymongo.errors import PyMongoError

from server.kit.db.tx import Duplicate, Last, Tx
from server.kit.errors import HoelunError

Body = Callable[[Tx], Awaitable[Any]]
Outcome = Any
_MOST = 16


class Apart(Exception):
    """These cannot be written together: one of them has left traces, or was there already."""


class Waiting(Struct, eq=False):
    body: Body
    outcome: asyncio.Future[Any]
    give_up: float


class Together:
    """`one` runs a body in a transaction of its own, `many` several in one, giving for each a result or a refusal."""

    def __init__(
        self,
        one: Callable[[Body, float], Awaitable[Any]],
        many: Callable[[list[Body], float], Awaitable[list[Outcome]]],
    ) -> None:
        self._one = one
        self._many = many
        self._lanes: dict[str, deque[Waiting]] = {}
        self._serving: set[asyncio.Task[None]] = set()

    async def join(self, lane: str, body: Body, give_up: float) -> Any:
        """Run the body with whoever waits in the same lane; what it returns or raises."""
        waiting = Waiting(body, asyncio.get_running_loop().create_future(), give_up)
        if lane in self._lanes:
            self._lanes[lane].append(waiting)
        else:
            self._lanes[lane] = deque([waiting])
            task = asyncio.create_task(self._serve(lane), name=f"lane-{lane}")
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)
        return await waiting.outcome

    async def _serve(self, lane: str) -> None:
        queue = self._lanes[lane]
        try:
            while queue:
                batch = [queue.popleft() for _ in range(min(len(queue), _MOST))]
                await self._done([one for one in batch if not one.outcome.done()])
        finally:
            del self._lanes[lane]

    async def _done(self, batch: list[Waiting]) -> None:
        if len(batch) > 1:
            try:
                give_up = min(one.give_up for one in batch)
                outcomes = await self._many([one.body for one in batch], give_up)
            except (Apart, Duplicate, PyMongoError, TimeoutError):
                pass
            else:
                for waiting, outcome in zip(batch, outcomes, strict=True):
                    _tell(waiting, outcome)
                return
        for waiting in batch:
            try:
                outcome = await self._one(waiting.body, waiting.give_up)
            except Exception as error:
                outcome = error
            _tell(waiting, outcome)


def _tell(waiting: Waiting, outcome: Outcome) -> None:
    if waiting.outcome.done():
        return
    if isinstance(outcome, Exception):
        waiting.outcome.set_exception(outcome)
    else:
        waiting.outcome.set_result(outcome)


async def run(bodies: list[Body], open_tx: Callable[[], Tx]) -> list[tuple[Outcome, list[Last]]]:
    """Each body's result with the writes that it left for the commit, or its refusal with none. Raises Apart."""
    parts: list[tuple[Outcome, list[Last]]] = []
    for body in bodies:
        tx = open_tx()
        try:
            parts.append((await body(tx), tx.last))
        except HoelunError as refusal:
            if tx.wrote:
                raise Apart from refusal
            parts.append((refusal, []))
    return parts


def write(parts: list[tuple[Outcome, list[Last]]], writing: Callable[[Last], None]) -> list[Outcome]:
    """Write part after part. A part whose first write is refused is left out; a later refusal raises Apart."""
    outcomes: list[Outcome] = []
    for outcome, last in parts:
        for number, one in enumerate(last):
            try:
                writing(one)
            except HoelunError as refusal:
                if number or isinstance(refusal, Duplicate):
                    raise Apart from refusal
                outcome = refusal
                break
        outcomes.append(outcome)
    return outcomes
