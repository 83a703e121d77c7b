"""What need not be answered at once: events are told, messages delivered, timers struck."""

import asyncio
import os
import socket
from typing import Any

from server import ladders, nouns
from server.broadcasts import gate
from server.building import Building
from server.cases.kinds import CASES, Case
from server.cases.moves import strike
from server.clocks import remind
from server.config import Push
from server.kit.db import DatabaseUnavailable
from server.kit.errors import Conflict
from server.kit.events import EVENTS, Event, Listener, Listeners
from server.kit.jobs import FOREVER, Queue, QueueOf, RetryPolicy, Settled, due
from server.kit.sweeps import Sweep, queue_of, set_up
from server.push import MESSAGES, URGENT, Bulk, Courier, Message, open_to_all


class Worker:
    """The queues of one worker process; any number of processes share the work by leases."""

    def __init__(self, building: Building) -> None:
        self._building = building
        self._listeners = Listeners(nouns.found(Listener))
        self._owner = f"{socket.gethostname()}.{os.getpid()}"
        push = building.settings.push
        courier = Courier(
            building.db,
            building.wechat,
            building.settings,
            unreached=ladders.begin,
            observe=building.metrics.push_answered,
        )
        self.queues: list[Queue[Any]] = [
            Queue("events", EVENTS, self._tell, lease_s=push.lease_s, parallel=push.parallel, retry=FOREVER),
            _letters("urgent_messages", courier, push, {"lane": URGENT}),
            _letters("messages", courier, push, {"lane": None}),
            Bulk(courier, building.settings, gate(building.db, open_to_all)),
            Queue("timers", CASES, self._strike, lease_s=push.lease_s, parallel=4, retry=FOREVER),
        ]
        self._sweeps = nouns.found(Sweep)
        declared: list[QueueOf[Any]] = [*nouns.found(QueueOf), queue_of(self._sweeps)]
        self.queues += [one.queue(building, push.lease_s) for one in declared]

    async def run(self, stop: asyncio.Event) -> None:
        """Work until stopped; what is being done is finished first."""
        await self._set_up(stop)
        follower = self._building.db.follower
        async with asyncio.TaskGroup() as tasks:
            for queue in self.queues:
                wake = asyncio.Event()
                if not isinstance(queue, Bulk):  # of what comes by the thousand nobody need hear each time
                    follower.arrivals(queue.collection.name, queue.where, wake.set)
                work = queue.run(self._building.db, self._owner, self._building.metrics, wake, stop)
                tasks.create_task(work, name=f"queue-{queue.name}")

    async def _set_up(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                return await set_up(self._building.db, self._sweeps)
            except DatabaseUnavailable:
                await asyncio.sleep(1)

    async def run_due(self) -> int:
        """Work off all that is due, and what becomes due by it; how many rows that was."""
        db = self._building.db
        await set_up(db, self._sweeps)
        total, waiting = 0, await due(db, self.queues)
        while waiting:
            before = total
            for queue in self.queues:
                if queue.name in waiting:
                    total += await queue.run_due(db, self._owner, self._building.metrics)
                    waiting = await due(db, self.queues)
            if total == before:
                break  # others have it
        return total

    async def _tell(self, event: Event) -> Settled:
        async def told(tx: Any) -> None:
            for listener in self._listeners.of(event.type):
                await listener.hear(tx, event)
            await tx.change(EVENTS, {"_id": event.id, "fence": event.fence}, {"$set": {"due_at": None}})

        await self._building.db.atomically(told)
        return None

    async def _strike(self, case: Case) -> Settled:
        await self._building.db.atomically(lambda tx: remind(tx, case.id))
        try:
            await self._building.db.atomically(lambda tx: strike(tx, case.id, self._building.settings))
        except Conflict:
            return {"due_at": None}
        return None


def _letters(name: str, courier: Courier, push: Push, which: dict[str, str | None]) -> Queue[Message]:
    """Messages to one person each, the oldest first."""
    return Queue(
        name,
        MESSAGES,
        courier.deliver,
        lease_s=push.lease_s,
        parallel=push.parallel,
        retry=RetryPolicy(attempts=push.max_attempts),
        dead={"delivery": "dead"},
        where=which,
        rests=courier.resting,
    )
