"""Pauses: nothing is sent to WeChat before one is over, by whichever process. Every process has all of them in memory.

A pause is made by the answer that asks for one: the quota of the day or of the minute is spent, a template is banned.
It survives a restart, and one without an end stands until somebody lifts it.
"""

from collections.abc import Iterable
from datetime import datetime

from server.kit.db import Collection, Reader, Stored, Tx

EVERYTHING = "send_subscribe"


class Pause(Stored, kw_only=True):
    """`id` says what is paused; `until` is empty where only somebody can lift it. `why` is the platform's errcode and
    what is done about it, as a message's `error` has it."""

    since: datetime
    until: datetime | None
    why: str

    def stands(self, now: datetime) -> bool:
        return self.until is None or now < self.until


PAUSES: Collection[Pause] = Collection("pauses", Pause, whole=True)


def of_template(name: str) -> str:
    """The id of a pause of one template."""
    return f"template:{name}"


def standing(reader: Reader, *names: str) -> Pause | None:
    """The first of these that is paused now, from memory."""
    for name in names:
        pause = reader.recall(PAUSES, name)
        if pause is not None and pause.stands(reader.now):
            return pause
    return None


def listed(reader: Reader) -> list[Pause]:
    """All that stand now, the oldest first."""
    every: Iterable[Pause] = reader.everything(PAUSES).items.values()
    return sorted((one for one in every if one.stands(reader.now)), key=lambda one: (one.since, one.id))


async def begin(tx: Tx, name: str, until: datetime | None, why: str) -> None:
    """From now on; of two the longer one stands."""
    known = await tx.get(PAUSES, name)
    if known is None or not known.stands(tx.now):
        await tx.put(PAUSES, Pause(id=name, since=tx.now, until=until, why=why))
    elif known.until is not None and (until is None or until > known.until):
        await tx.change(PAUSES, {"_id": name}, {"$set": {"until": until, "why": why}})


async def lift(tx: Tx, name: str) -> bool:
    """False where there was none."""
    return await tx.delete(PAUSES, {"_id": name})
