"""Purchases that keep coming in, and bills that are paid, while everything is killed: each acknowledged one is in the
books once; they agree."""

import asyncio
import itertools
import json
import operator
import time
from collections import Counter
from datetime import date
from typing import Any

from msgspec import Struct
from tornado.httpclient import HTTPClientError, HTTPRequest

from schemas.points import NewRates, Rate
from server import ledger
from server.kit.db import Reader, Tx
from server.ledger import ACCOUNTS, TRANSFERS
from server.payments import PAYMENTS
from server.point_cards import POINT_CARDS, PointCard
from server.points import RATES, RateVersion
from server.pos import TERMINALS
from server.pos.terminals import register, signature
from tests.faults.blows import strike
from tests.faults.payers import BILL_FEN, GRANT_FEN, PAYERS, Paid, Payers
from tests.faults.street import Street

SECRET, TERMINAL = "example-terminal-secret", "till"
AMOUNT_FEN, POINTS_FEN = 10_000, 50
WRITERS = 64
OTHERS = 2_000
PAID = 5
"""One write in so many is a payment."""
_KEPT = {"$regex": f"^swipe/{TERMINAL}/"}


class Money(Struct):
    """`lost`: acknowledged and not in the books. `doubled`: beyond those that were made. `adrift`: by how many fen
    all accounts do not sum to zero, and residents, payee and what is held are other than what was earned and paid.
    `torn`: lines of the check.

    `wrong`: answers that were neither a reply nor a 429 or 503 that says when to come back, by what they were.
    """

    acknowledged: int
    paid: Paid
    blows: dict[str, int]
    lost: int
    doubled: int
    adrift: int
    torn: int
    wrong: dict[str, int]
    again: int
    slowest_answer_s: float
    longest_gap_s: float
    a_second: float

    @property
    def violations(self) -> int:
        wrong = self.lost + self.doubled + self.adrift + self.torn + sum(self.wrong.values())
        return wrong + self.paid.unclear


class Told(Struct):
    again: bool
    slowest: float
    wrong: list[str]


async def money(street: Street, writes: int, blows: list[str], *, batch: int = 1, hot: int = 2) -> Money:
    """64 writers at once: a purchase in `hot` with one and the same card, the others with two thousand; one write in five
    is a bill that is paid with points, every second one the owner's of that card."""
    payers = Payers(street, f"bill-{batch}")
    await payers.prepare(writes // PAID + 1)
    await _furnish(street, payers)
    loop = asyncio.get_running_loop()
    acknowledged: dict[int, Told] = {}
    began = loop.time()
    moments = [began]
    todo = iter(range(1, writes + 1))
    due = {round(writes * (number + 1) / (len(blows) + 1)): one for number, one in enumerate(blows)}

    async def writer() -> None:
        for number in todo:
            if number % PAID == 0:
                acknowledged[number] = await _pay(payers, number // PAID)
            else:
                card = _card(0 if number % hot == 0 else 1 + number % OTHERS)
                acknowledged[number] = await _insist(street, _swipe(card, batch, number))
            moments.append(loop.time())
            if blow := due.pop(len(acknowledged), None):
                await strike(street, blow)

    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    taken = loop.time() - began
    await payers.until_over()
    figures = await _counted(street, batch, acknowledged, await payers.counted())
    figures.blows = dict(Counter(blows))
    figures.longest_gap_s = round(max(map(operator.sub, moments[1:], moments), default=0.0), 2)
    figures.a_second = round(len(acknowledged) / taken, 1)
    return figures


async def _pay(payers: Payers, number: int) -> Told:
    told = await payers.pay(number)
    wrong = [] if told.status == 201 else [f"{told.status} {told.body['error']['code']}"]
    return Told(told.replayed, told.slowest, wrong + ["500"] * told.wrong)


def _card(number: int) -> str:
    return f"6221{number:012d}"


def _swipe(card: str, batch: int, trace: int) -> dict[str, Any]:
    return {
        "batch": str(batch),
        "trace": str(trace),
        "card": card,
        "category": "grocery",
        "amount_fen": AMOUNT_FEN,
        "at": "2026-11-24T09:00:00+08:00",
    }


async def _furnish(street: Street, payers: Payers) -> None:
    """Rates, the till, and a card for everybody; the first are those of the payers."""
    house = street.house
    body = NewRates(valid_from=date(2020, 1, 1), rates=[Rate(category="grocery", name="超市", permyriad=50)])
    now = house.db.now()
    rates = RateVersion(
        id="000001", number=1, state="approved", body=body, author_id="a", author="某人", created_at=now
    )
    owners = [one.id for one in payers.people] + [f"saver-{number}" for number in range(PAYERS, OTHERS + 1)]
    cards = [
        PointCard(
            id=_card(number),
            resident_id=owner,
            holder=owner,
            state="active",
            bound_by="test",
            at=now,
            changed_at=now,
        )
        for number, owner in enumerate(owners)
    ]

    async def furnished(tx: Tx) -> None:
        await tx.put(RATES, rates)
        await tx.put(TERMINALS, register(TERMINAL, "窗口", None, SECRET, house.vault))
        await tx.put_all(POINT_CARDS, cards)

    await house.db.alone(furnished)
    async with asyncio.timeout(10):
        known = 0
        while (
            known < _IN_A_ROW
        ):  # every web process knows the till, and the rates that were written before it
            status, _, _ = await _ask(street, _swipe(_card(0), 1, 1) | {"reverses": "0"})
            known = known + 1 if status == _NOTHING_TO_REVERSE else 0
            await asyncio.sleep(0.02)


_IN_A_ROW, _NOTHING_TO_REVERSE = 12, 409


async def _ask(street: Street, swipe: dict[str, Any]) -> tuple[int, dict[str, Any], bool]:
    """Signed anew for every attempt: a nonce is heard once. → status (0: a broken line), answer, comes back"""
    content = json.dumps(swipe).encode()
    timestamp, nonce = str(int(time.time())), f"{next(_nonces)}-{time.monotonic_ns()}"
    headers = {
        "Content-Type": "application/json",
        "X-Terminal": TERMINAL,
        "X-Timestamp": timestamp,
        "X-Nonce": nonce,
        "X-Signature": signature(SECRET, timestamp, nonce, content),
    }
    request = HTTPRequest(
        f"{street.url}/v1/pos/swipes", method="POST", headers=headers, body=content, request_timeout=20
    )
    try:
        answer = await street.client.fetch(request, raise_error=False)
    except (OSError, HTTPClientError):
        return 0, {}, False
    if answer.code == 599:
        return 0, {}, False
    return answer.code, json.loads(answer.body or b"{}"), "Retry-After" in answer.headers


_nonces = itertools.count()


async def _insist(street: Street, swipe: dict[str, Any]) -> Told:
    """The same purchase until there is an answer."""
    loop, slowest, wrong = asyncio.get_running_loop(), 0.0, list[str]()
    while True:
        began = loop.time()
        status, told, comes_back = await _ask(street, swipe)
        slowest = max(slowest, loop.time() - began)
        if status == 200:
            return Told(told["again"], slowest, wrong)
        if status not in (0, 502) and not (status in (429, 503) and comes_back):
            wrong.append(f"{status} {told.get('error', {}).get('code', '')}")
        await asyncio.sleep(0.05)


async def _counted(street: Street, batch: int, acknowledged: dict[int, Told], paid: Paid) -> Money:
    reader = street.house.db.reader()
    names = {f"swipe/{TERMINAL}/20261124/{batch}/{number}" for number in acknowledged if number % PAID}
    there = {one.id async for one in reader.each(TRANSFERS, {"_id": _KEPT})}
    of_this = [one for one in there if one.split("/")[3] == str(batch)]
    return Money(
        acknowledged=len(acknowledged),
        paid=paid,
        blows={},
        lost=len(names - there),
        doubled=max(len(of_this) - len(names), 0),
        adrift=await _adrift(reader, POINTS_FEN * len(there)),
        torn=len([one async for one in ledger.differences(reader)]),
        wrong=dict(Counter(word for one in acknowledged.values() for word in one.wrong)),
        again=sum(one.again for one in acknowledged.values()),
        slowest_answer_s=round(max((one.slowest for one in acknowledged.values()), default=0.0), 2),
        longest_gap_s=0.0,
        a_second=0.0,
    )


async def _adrift(reader: Reader, earned: int) -> int:
    """By how many fen the books are not what was granted, earned and paid."""
    rows = await reader.groups(ACCOUNTS, [{"$group": {"_id": "$book", "fen": {"$sum": "$balance"}}}])
    books = Counter({row["_id"]: int(row["fen"]) for row in rows})
    paid = BILL_FEN * await reader.count(PAYMENTS, {"state": "settled"}, limit=1_000_000)
    wanted = {"resident": earned + GRANT_FEN * PAYERS - paid, "payee": paid, "held": 0, "owed": 0}
    return abs(sum(books.values())) + sum(abs(books[name] - fen) for name, fen in wanted.items())
