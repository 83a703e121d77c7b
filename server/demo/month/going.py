"""The month goes by: files are sent and posted, then residents pay. What was done before is found done."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from server.demo.crowd import openid_of
from server.demo.money import WITHOUT_CARD, Money, card_no
from server.demo.month.bills import Owing, owed
from server.demo.month.doors import Doors, Refused
from server.demo.month.settling import settle
from server.demo.month.statements import Statement, statements
from server.demo.month.telling import tell
from server.demo.street import Street

ACCOUNTANT = "demo-accountant"
UNBOUND = 50
"""Every so many-th resident shops with a card that nobody has bound."""
_LOOK_S, _FILES_LOOK_S, _PATIENCE_S = 0.2, 0.5, 600.0
_AT_ONCE, _TRIES = 6, 3
_ROWS_TOLD, _BILLS_TOLD = 500, 24
Say = Callable[[str], None]


class Month(Struct, frozen=True):
    """What there is to do."""

    files: list[Statement]
    bills: list[Owing]


def plan(street: Street, money: Money, day: date) -> Month:
    """The files of the thirty days before `day`, and the bills."""
    windows = {one.community_id: one.id for one in money.windows}
    cards: dict[str, list[str]] = {one.id: [] for one in money.windows}
    numbers = []
    for number, one in enumerate(street.residents, 1):
        bound = number % WITHOUT_CARD != 0
        if bound or number % UNBOUND == 0:
            cards[windows[one.community_id or ""]].append(card_no(number))
        numbers += [number] if bound else []
    last = day - timedelta(days=1)
    return Month(statements(cards, last), owed(numbers, last))


async def play(doors: Doors, month: Month, folder: Path, say: Say) -> None:
    """All of it. Raises Refused, TimeoutError."""
    await send(doors, month.files, folder, say)
    await pay(doors, month.bills, say)
    await settle(doors, say)
    await tell(doors, [one.number for one in month.bills], say)


# The post office.


async def send(doors: Doors, files: list[Statement], folder: Path, say: Say) -> list[dict[str, Any]]:
    """Put the files into the folder, send them one after the other, and wait until all have been posted."""
    await asyncio.to_thread(_put, folder, files)
    token = await doors.staff(ACCOUNTANT)
    ids = [(await doors.post("/v1/pos/files", one.content, token))["id"] for one in files]
    told_of = 0
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            told = await _seen(doors, ids, token)
            done, rows = (sum(one[name] for one in told) for name in ("done", "rows"))
            ended = all(one["state"] not in ("checking", "posting") for one in told)
            if ended or done >= told_of + _ROWS_TOLD:
                told_of = done
                say(f"  a month of purchases: {done} of {rows} rows of {len(ids)} files posted")
            if ended:
                return told
            await asyncio.sleep(_FILES_LOOK_S)


async def _seen(doors: Doors, ids: list[str], token: str) -> list[dict[str, Any]]:
    """How far each has come, from as much of the list as it takes to find them."""
    found, cursor = dict[str, dict[str, Any]](), ""
    while not found.keys() >= set(ids):
        page = await doors.get(f"/v1/pos/files?limit=100{cursor}", token)
        found |= {one["id"]: one for one in page["items"]}
        cursor = f"&cursor={quote(page['next'] or '')}"
    return [found[one] for one in ids]


def _put(folder: Path, files: list[Statement]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for one in files:
        (folder / one.name).write_bytes(one.content)


# The residents.


async def pay(doors: Doors, bills: list[Owing], say: Say) -> dict[int, dict[str, Any]]:
    """Everybody pays theirs, some of them at the same time; the payments, by the resident's number."""
    places, paid = asyncio.Semaphore(_AT_ONCE), dict[int, dict[str, Any]]()

    async def one_of(owing: Owing) -> None:
        async with places:
            paid[owing.number] = await _paid(doors, owing)
        if len(paid) % _BILLS_TOLD == 0 or len(paid) == len(bills):
            say(f"  a month of bills: {len(paid)} of {len(bills)} paid")

    async with asyncio.TaskGroup() as tasks:
        for owing in bills:
            tasks.create_task(one_of(owing), name=f"demo.bill-{owing.number}")
    return paid


async def _paid(doors: Doors, owing: Owing) -> dict[str, Any]:
    """The payment as it ended; what an earlier demo has left half done is begun again."""
    for _ in range(_TRIES):
        payment = await _tried(doors, owing)
        if payment["state"] == "settled":
            break
    return payment


async def _tried(doors: Doors, owing: Owing) -> dict[str, Any]:
    """The bill is looked up and paid with points as far as they go, the rest with WeChat."""
    due, openid = owing.due, openid_of(owing.number)
    token = await doors.resident(openid)
    bill = await _bill(doors, owing, token)
    payment_id = bill["payment_id"]
    if bill["state"] == "open":
        there = (await doors.get("/v1/points", token))["balance_fen"]
        points = min(max(there * owing.share // 100, 1), there, due.amount_fen)
        payment_id = (await doors.post(f"/v1/bills/{bill['id']}/pay", {"points_fen": points}, token))["id"]
    return await _settled(doors, payment_id, openid, token)


async def _bill(doors: Doors, owing: Owing, token: str) -> dict[str, Any]:
    """It lies at the agency, and the resident looks it up."""
    due = owing.due
    lies = {
        name: getattr(due, name) for name in ("bill_no", "payee", "account_no", "period", "amount_fen", "due")
    }
    await doors.control("payee-bills", **lies, holder=due.holder)
    asked = {"payee_id": due.payee, "account_no": due.account_no}
    bill: dict[str, Any] = (await doors.post("/v1/bills/lookups", asked, token))["items"][0]
    return bill


async def _settled(doors: Doors, payment_id: str, openid: str, token: str) -> dict[str, Any]:
    """The payer enters the password, where some of it is WeChat's, and looks until the payment is over."""
    path = f"/v1/payments/{payment_id}"
    payment: dict[str, Any] = await doors.get(path, token)
    if payment["client_params"]:
        await _entered(doors, payment_id, openid, token)
    async with asyncio.timeout(_PATIENCE_S):
        while payment["open"]:
            await asyncio.sleep(_LOOK_S)
            payment = await doors.get(path, token)
    return payment


async def _entered(doors: Doors, payment_id: str, openid: str, token: str) -> None:
    """A stand-in that has been started anew knows no order of before: it is given up. One that was paid before will be
    heard of."""
    try:
        await doors.control("pay", out_trade_no=payment_id, openid=openid)
    except Refused as refused:
        if "no order" in str(refused):
            with suppress(Refused):
                await doors.post(f"/v1/payments/{payment_id}/cancel", {}, token)
