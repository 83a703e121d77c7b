"""Checks of the ledger that somebody has asked for on a page: a worker recomputes every balance, as `python -m server
check` does, and what it found stays to be read."""

from datetime import datetime
from typing import Literal

from server import audit, ledger
from server.building import Building
from server.kit.chance import chance
from server.kit.db import Collection, Duplicate, Index, Reader, Tx
from server.kit.errors import Conflict
from server.kit.jobs import DUE, Leased, QueueOf, Settled
from server.sessions import Actor

_KEPT = 200


class CheckUnderWay(Conflict):
    """正在核对，请等这一次有了结果"""


class LedgerCheck(Leased, kw_only=True):
    """`alive` while it is under way: there is one at a time. `lines` are the first of the `problems`."""

    alive: str | None
    state: Literal["waiting", "done"] = "waiting"
    by: str
    name: str
    problems: int = 0
    lines: list[str] = []
    at: datetime
    done_at: datetime | None = None


LEDGER_CHECKS: Collection[LedgerCheck] = Collection(
    "ledger_checks",
    LedgerCheck,
    Index(("alive",), unique=True, only={"alive": {"$gte": ""}}),
    Index(("-at", "-_id")),
    DUE,
)


async def ask(tx: Tx, actor: Actor) -> LedgerCheck:
    """Raises CheckUnderWay."""
    made = LedgerCheck(
        id=chance.hex(8), alive="check", by=actor.id, name=actor.name, at=tx.now, due_at=tx.now
    )
    try:
        await tx.insert(LEDGER_CHECKS, made)
    except Duplicate as error:
        raise CheckUnderWay from error
    audit.note(tx, actor, "console", "ledger.check", made.id)
    return made


async def last(reader: Reader) -> LedgerCheck | None:
    found = await reader.all(LEDGER_CHECKS, {}, limit=1, sort="-at")
    return found[0] if found else None


async def run(house: Building, check: LedgerCheck) -> Settled:
    """Nobody has to wait for it; done by two workers it says the same."""
    lines, problems = [], 0
    async for line in ledger.differences(house.db.reader()):
        problems += 1
        if problems <= _KEPT:
            lines.append(line)
    done = {
        "alive": None,
        "state": "done",
        "problems": problems,
        "lines": lines,
        "done_at": house.db.now(),
        "due_at": None,
    }
    await house.db.alone(lambda tx: tx.change(LEDGER_CHECKS, {"_id": check.id}, {"$set": done}))
    return None


RUNS: QueueOf[LedgerCheck] = QueueOf("ledger_checks", LEDGER_CHECKS, run, parallel=1)
