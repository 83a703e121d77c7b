"""What was paid with points is settled with the post office, which does not agree to all of it: there is work to see."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from server.demo.month.doors import Doors, Refused
from server.kit.clock import SHANGHAI

MAKER, CHECKER = "demo-accountant", "demo-admin"
FAULTS = {"missing": 1, "other_amount": 1, "refused": 1, "unknown": 1}
LATE_FEN = 5_000
"""So much of the money has not come yet."""
_NOT_YET = ("still_collecting", "batch_empty")
_LOOK_S, _PATIENCE_S = 0.2, 600.0
_BATCHES, _FILES = "/v1/settlements", "/v1/settlement-files"


async def settle(doors: Doors, say: Callable[[str], None]) -> None:
    """One batch, frozen, answered with faults, confirmed by a colleague and paid in part; where there is one, it is left
    as it is. Raises Refused, TimeoutError."""
    maker = await doors.staff(MAKER)
    if (await doors.get(_BATCHES, maker))["items"]:
        return
    batch = await _sent(doors, maker)
    answer = await _compared(doors, batch, maker)
    checker = await doors.staff(CHECKER)
    confirmed = await doors.post(f"{_BATCHES}/{batch}/confirm", {"answer": answer["id"]}, checker)
    fen, day = confirmed["expected_fen"] - LATE_FEN, confirmed["through"]
    if fen > 0:
        money = {"reference": f"DEMO-{batch}", "amount_fen": fen, "day": day}
        receipt = await doors.post(f"{_BATCHES}/{batch}/receipts", money, maker)
        await doors.post(f"/v1/settlement-receipts/{receipt['id']}/confirm", {}, checker)
    say(f"  the post office: {batch} settled, {confirmed['differences']} rows that do not agree")


async def _sent(doors: Doors, maker: str) -> str:
    """A batch of all that was paid until today, as soon as everything is in it."""
    now = datetime.fromisoformat((await doors.control("clock", advance_s=0))["now"])
    day = now.astimezone(SHANGHAI).date().isoformat()
    batch = str((await doors.post(_BATCHES, {"through": day}, maker))["id"])

    async def frozen() -> bool:
        try:
            await doors.post(f"{_BATCHES}/{batch}/freeze", {}, maker)
        except Refused as refused:
            if not any(code in str(refused) for code in _NOT_YET):
                raise
            return False
        return True

    await _until(frozen)
    await doors.post(f"{_BATCHES}/{batch}/send", {}, maker)
    return batch


async def _compared(doors: Doors, batch: str, maker: str) -> dict[str, Any]:
    ours = await doors.file(f"{_BATCHES}/{batch}/file.csv", maker)
    theirs = (await doors.control("post-office", content=ours, **FAULTS))["content"]
    path = f"{_FILES}/{(await doors.post(_FILES, theirs.encode(), maker))['id']}"

    async def done() -> Any:
        found = await doors.get(path, maker)
        return found if found["state"] != "checking" else None

    found: dict[str, Any] = await _until(done)
    return found


async def _until(asked: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            found = await asked()
            if found:
                return found
            await asyncio.sleep(_LOOK_S)
