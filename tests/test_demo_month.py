"""A month of seven communities: known totals, whatever is sent twice, shuffled or cut off, and bills that open to swipes.

What should come out is computed here from the files' bytes with plain arithmetic, without the server's code.
"""

import asyncio
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec import Struct, field
from tornado.ioloop import IOLoop

from server.demo import dues, money, seed, street
from server.demo.crowd import openid_of
from server.demo.month import Doors, pay, plan, send
from server.demo.month.bills import Owing
from server.demo.month.statements import Statement
from server.kit.clock import SHANGHAI
from server.ledger import ACCOUNTS, LOTS, differences, total
from server.pos import SWIPES
from tests.world import Town, World

DAY = date(2027, 3, 16)
TOTAL_FEN = 17_110_000
BEFORE = {
    "grocery": 40,
    "market": 30,
    "dining": 20,
    "pharmacy": 60,
    "clothing": 50,
    "appliance": 100,
    "fuel": 10,
}
SINCE_MARCH = BEFORE | {"grocery": 50, "pharmacy": 80}
"""Ten-thousandths, as the street's accountant would have them on paper; for twenty days in March half as much again is
given at pharmacies."""


class Books(Struct):
    """What a clerk with a pencil finds in the files. `rows` are those that can be taken, by terminal, day, batch, trace:
    card, amount and points, both with a minus where a purchase is taken back."""

    lines: int = 0
    rows: dict[tuple[str, str, int, int], tuple[str, int, int]] = field(default_factory=dict)
    bad: set[tuple[str, int]] = field(default_factory=set)

    def points(self) -> dict[str, int]:
        """By card; nobody has bound those that end with a nought."""
        sums: dict[str, int] = defaultdict(int)
        for card, _, points in self.rows.values():
            if not card.endswith("0"):
                sums[card] += points
        return sums


def reckon(files: list[Statement]) -> Books:
    books, returned = Books(), defaultdict[tuple[str, str, int, int], int](int)
    for one in files:
        lines = list(enumerate(one.content.decode("utf-8-sig").split(), 1))[1:-1]
        books.lines += len(lines)
        for back in (False, True):
            for number, line in lines:
                _take(books, returned, one.name, number, line, back)
    return books


def _take(
    books: Books,
    returned: dict[tuple[str, str, int, int], int],
    file: str,
    number: int,
    line: str,
    back: bool,
) -> None:
    cells = line.split(",")
    if (len(cells) == 9 and cells[8] != "") is not back:
        return
    if not good(cells):
        books.bad.add((file, number))
        return
    _, terminal, batch, trace, card, category, fen, at, of = cells
    key = (terminal, at[:10], int(batch), int(trace))
    if key in books.rows:
        return
    if not back:
        books.rows[key] = (card, int(fen), earned(category, int(fen), at[:10]))
        return
    original = (terminal, at[:10], int(batch), int(of))
    if original not in books.rows:
        books.bad.add((file, number))
        return
    _, bought, points = books.rows[original]
    before = points * returned[original] // bought
    returned[original] += int(fen)
    books.rows[key] = (card, -int(fen), before - points * returned[original] // bought)


def good(cells: list[str]) -> bool:
    if len(cells) != 9:
        return False
    known = cells[5] in BEFORE and re.fullmatch("T000[1-7]", cells[1])
    return bool(known and re.fullmatch("[0-9]{12,19}", cells[4]) and cells[6].isdigit())


def earned(category: str, fen: int, day: str) -> int:
    """In fen of points, what is less than one is dropped."""
    rates = SINCE_MARCH if day >= "2027-03-01" else BEFORE
    extra = 150 if category == "pharmacy" and "2027-03-01" <= day <= "2027-03-20" else 100
    return fen * rates[category] * extra // 1_000_000


class Played(Struct):
    """The month as it went by."""

    world: World
    doors: Doors
    files: list[Statement]
    bills: list[Owing]
    books: Books
    told: list[dict[str, Any]]
    paid: dict[int, dict[str, Any]]
    before: dict[str, int]
    bad_lines: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        lines = {one.name: one.content.decode("utf-8-sig").split() for one in self.files}
        self.bad_lines = {lines[name][number - 1] for name, number in self.books.bad}


@pytest.fixture(scope="module")
def played(io_loop: IOLoop, town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    going = _playing(town, tmp_path_factory.mktemp("month"))
    yield io_loop.run_sync(going.__aenter__)
    io_loop.run_sync(lambda: going.__aexit__(None, None, None))


@asynccontextmanager
async def _playing(town: Town, folder: Path) -> AsyncIterator[Played]:
    """On a day that is always the same, with a clock that goes on and a worker beside."""
    town.clock.set(None)
    town.clock.advance(datetime(DAY.year, DAY.month, DAY.day, 9, tzinfo=SHANGHAI) - town.clock.now())
    world, doors, stop = World(town), Doors(town.url, town.sandbox_url), asyncio.Event()
    await seed.load(world.house)
    working = asyncio.create_task(world.house.run_worker(stop))
    found = street.read()
    month = plan(found, money.read(found), DAY)
    try:
        await seeds_settled(world)
        before = await points(world)
        told = await send(doors, month.files, folder, lambda line: None)
        paid = await pay(doors, month.bills, lambda line: None)
        yield Played(world, doors, month.files, month.bills, reckon(month.files), told, paid, before)
    finally:
        stop.set()
        with suppress(asyncio.CancelledError):
            await working
        doors.close()
        await world.close()
        town.clock.set(None)


async def seeds_settled(world: World) -> None:
    """What was bought before the month has expired where it had to, and the one bill is paid."""
    reader = world.house.db.reader

    async def done() -> bool:
        expired = await reader().count(LOTS, {"left": {"$gt": 0}, "expires_at": {"$lte": world.clock.now()}})
        return not expired and await total(reader(), "payee") == money.PAID_FEN

    await world.until(done, "the seed's own points")


async def points(world: World) -> dict[str, int]:
    """What everybody can spend, by the number of their card."""
    reader = world.house.db.reader()
    found = await reader.all(ACCOUNTS, {"book": "resident"}, limit=1000)
    return {money.card_no(int(one.about[-3:])): one.balance for one in found}


def summed(told: list[dict[str, Any]], *names: str) -> tuple[int, ...]:
    return tuple(sum(one[name] for one in told) for name in names)


async def test_a_month_of_files_is_posted_to_totals_that_were_known_before(played: Played) -> None:
    books = played.books
    assert (len(played.files), books.lines, len(books.bad)) == (30, 2556, 32)
    assert {one["state"] for one in played.told} == {"posted"}
    waiting = sum(card.endswith("0") and fen > 0 for card, fen, _ in books.rows.values())
    assert summed(played.told, "rows", "done", "rejected") == (books.lines, books.lines, len(books.bad))
    assert summed(played.told, "posted", "waiting") == (len(books.rows) - waiting, waiting)
    assert summed(played.told, "points_fen") == (sum(books.points().values()),)


async def test_everybody_has_what_their_own_purchases_earned_and_what_they_paid_is_gone(
    played: Played,
) -> None:
    spent = {money.card_no(number): one["points_fen"] for number, one in played.paid.items()}
    earned_by = played.books.points()
    after = {
        card: there + earned_by.get(card, 0) - spent.get(card, 0)
        for card, there in (dict.fromkeys(earned_by, 0) | played.before).items()
    }
    assert await points(played.world) == after
    reader = played.world.house.db.reader()
    assert await total(reader, "payee") == sum(spent.values()) + money.PAID_FEN
    gone = money.PAID_FEN + await total(reader, "expired")
    assert -await total(reader, "issuer") == sum(played.before.values()) + sum(earned_by.values()) + gone


async def test_every_row_that_was_not_taken_is_listed_with_its_reason(played: Played) -> None:
    token, listed = await played.doors.staff("demo-accountant"), set()
    for file, told in zip(played.files, played.told, strict=True):
        if told["rejected"]:
            found = await played.doors.get(f"/v1/pos/files/{told['id']}/rejects", token)
            assert all(one["message"] for one in found["items"])
            listed |= {(file.name, one["row"]) for one in found["items"]}
    assert listed == played.books.bad


async def test_171_100_yuan_were_paid_and_every_bill_opens_to_the_purchases_behind_its_points(
    played: Played,
) -> None:
    payments = list(played.paid.values())
    assert {one["state"] for one in payments} == {"settled"}
    assert sum(one["points_fen"] + one["pay_fen"] for one in payments) + money.PAID_FEN == TOTAL_FEN
    admin = await played.doors.staff("demo-admin")
    seen = (await played.doors.get("/v1/statistics", admin))["money"]
    assert (seen["paid_fen"], seen["bills"]) == (TOTAL_FEN, len(payments) + 1)
    assert seen["outstanding_fen"] == sum((await points(played.world)).values())
    assert all(one["points_fen"] > 0 for one in payments) and any(one["pay_fen"] == 0 for one in payments)
    for number, payment in played.paid.items():
        token = await played.doors.resident(openid_of(number))
        sources = (await played.doors.get(f"/v1/payments/{payment['id']}/sources?limit=100", token))["items"]
        assert sum(one["points_fen"] for one in sources) == payment["points_fen"]
        assert all(known(played.books, number, one) for one in sources)


def known(books: Books, number: int, source: dict[str, Any]) -> bool:
    """Whether it is a purchase with the resident's own card, in the files or before them, that gave so much."""
    terminal, day, batch, trace = source["key"].split("/")
    row = books.rows.get((terminal, f"{day[:4]}-{day[4:6]}-{day[6:]}", int(batch), int(trace)))
    if row is None:
        return number <= money.SHOPPERS and (int(batch), int(trace)) == (1, number)
    return row[0] == money.card_no(number) and 0 < source["points_fen"] <= row[2]


async def test_the_same_files_again_are_the_same_files(played: Played) -> None:
    before = await standing(played)
    token = await played.doors.staff("demo-accountant")
    again = [await played.doors.post("/v1/pos/files", one.content, token) for one in played.files]
    assert all(one["known"] for one in again)
    assert [one["id"] for one in again] == [one["id"] for one in played.told]
    assert await standing(played) == before


async def test_shuffled_and_with_rows_twice_they_change_nothing_and_the_same_rows_are_rejected(
    played: Played, tmp_path: Path
) -> None:
    before, chance, changed = await standing(played), Random(7), list[Statement]()
    for one in played.files:
        header, *rows, _ = one.content.decode("utf-8-sig").split()
        rows += chance.sample(rows, len(rows) // 3)
        chance.shuffle(rows)
        last = f"T,{len(rows)},{sum(counted(one) for one in rows)}"
        changed.append(Statement(one.name, "\n".join([header, *rows, last]).encode("gb18030")))
    told = await send(played.doors, changed, tmp_path, lambda line: None)
    bad = sum(line in played.bad_lines for one in changed for line in one.content.decode().split())
    [lines] = summed(told, "rows")
    assert bad > len(played.bad_lines) == len(played.books.bad)
    assert summed(told, "done", "posted", "waiting", "points_fen") == (lines, 0, 0, 0)
    assert summed(told, "again", "rejected") == (lines - bad, bad)
    assert await standing(played) == before


async def test_cut_off_they_are_handed_back_whole(played: Played, tmp_path: Path) -> None:
    before = await standing(played)
    short = [Statement(one.name, one.content[: len(one.content) * 2 // 3]) for one in played.files]
    told = await send(played.doors, short, tmp_path, lambda line: None)
    assert {one["state"] for one in told} == {"refused"} and all("合计行" in one["reason"] for one in told)
    assert await standing(played) == before


async def test_a_month_that_is_begun_again_finds_what_was_done_and_begins_anew_what_was_left_half_done(
    played: Played,
) -> None:
    again = await pay(played.doors, played.bills[:6], lambda line: None)
    assert {number: one["id"] for number, one in again.items()} == {
        number: played.paid[number]["id"] for number in again
    }
    owing = played.bills[0]._replace(number=5, due=dues.bill(dues.KINDS[0], 300_005, DAY))
    token, due = await played.doors.resident(openid_of(5)), owing.due
    lies = {"bill_no": due.bill_no, "payee": due.payee, "account_no": due.account_no, "period": due.period}
    await played.doors.control("payee-bills", **lies, amount_fen=due.amount_fen, due=due.due)
    asked = {"payee_id": due.payee, "account_no": due.account_no}
    [bill] = (await played.doors.post("/v1/bills/lookups", asked, token))["items"]
    left = await played.doors.post(f"/v1/bills/{bill['id']}/pay", {"points_fen": 100}, token)
    await played.doors.get(f"/v1/payments/{left['id']}", token)
    played.world.town.sandbox.world.pay.till.orders.clear()
    paid = (await pay(played.doors, [owing], lambda line: None))[5]
    assert paid["state"] == "settled" and paid["id"] != left["id"]
    assert paid["points_fen"] + paid["pay_fen"] == due.amount_fen


async def test_the_books_agree_in_the_end(played: Played) -> None:
    assert [one async for one in differences(played.world.house.db.reader())] == []


async def standing(played: Played) -> tuple[dict[str, int], int, int]:
    """What everybody has, what the post office has given, and how many swipes are known."""
    reader = played.world.house.db.reader()
    known_swipes = await reader.count(SWIPES, {})
    return await points(played.world), await total(reader, "issuer"), known_swipes


def counted(line: str) -> int:
    """What a row adds to the total of its file."""
    cells = line.split(",")
    if len(cells) != 9 or not cells[6].isdigit():
        return 0
    return -int(cells[6]) if cells[8] else int(cells[6])
