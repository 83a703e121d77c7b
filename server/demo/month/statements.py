"""The post office's statement files: one for each day with the rows of all communities, and with what real ones have.

Returned purchases, rows of the day before, rows that had been sent already, cards that nobody has bound, and here and
there a row that cannot be taken. Some days' lines end as Windows ends them, some files begin with a mark.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import NamedTuple

DAYS = 30
ROWS = (9, 13)
"""How many purchases a community has in a day, at least and at most."""
BOUGHT = (
    ("grocery", 35, 2_000, 30_000),
    ("market", 20, 800, 12_000),
    ("dining", 12, 2_000, 26_000),
    ("pharmacy", 13, 1_500, 40_000),
    ("clothing", 10, 8_000, 90_000),
    ("appliance", 6, 40_000, 500_000),
    ("fuel", 4, 10_000, 40_000),
)
"""Category, how often among a hundred, least and most in fen."""
RETURNED, LATE, REPEATED, BAD = 0.5, 0.4, 0.15, 0.15
"""On how many of a community's days there is one."""
OPENS, CLOSES = 9 * 3600, 20 * 3600
BATCH, LATE_BATCH, BAD_BATCH = 100, 101, 102


class Statement(NamedTuple):
    """A file as it is sent."""

    name: str
    content: bytes


class Row(NamedTuple):
    """A `D` line; `back` is the trace of the purchase that it takes back."""

    terminal: str
    batch: int
    trace: int
    card: str
    category: str
    fen: str
    at: datetime
    back: str = ""

    def line(self) -> str:
        cells = (self.card, self.category, self.fen, f"{self.at:%Y-%m-%dT%H:%M:%S}", self.back)
        return ",".join(("D", self.terminal, f"{self.batch:06d}", f"{self.trace:06d}", *cells))


class Shop(NamedTuple):
    """Who buys in one community, and its terminal."""

    terminal: str
    cards: Sequence[str]


def statements(cards: Mapping[str, Sequence[str]], last: date) -> list[Statement]:
    """Of the days up to `last`, the oldest first; `cards` are those of each terminal."""
    shops = [Shop(terminal, held) for terminal, held in sorted(cards.items())]
    days = [last - timedelta(days=back) for back in reversed(range(DAYS))]
    return [_statement(shops, day) for day in days]


def _statement(shops: list[Shop], day: date) -> Statement:
    rows = [line for shop in shops for line in _lines(shop, day)]
    summed = sum(_counted(one) for one in rows)
    lines = [f"H,1,{day:%Y%m%d}", *rows, f"T,{len(rows)},{summed}", ""]
    text = ("\r\n" if day.day % 3 == 0 else "\n").join(lines)
    return Statement(f"{day:%Y%m%d}.csv", text.encode("utf-8-sig" if day.day % 3 == 1 else "utf-8"))


def _lines(shop: Shop, day: date) -> list[str]:
    return [*(one.line() for one in _rows(shop, day)), *_bad(shop, day)]


def _counted(line: str) -> int:
    """A row without a whole amount counts as nothing, as the post office does it."""
    cells = line.split(",")
    if len(cells) != len(Row._fields) + 1 or not cells[6].isdigit():
        return 0
    return -int(cells[6]) if cells[8] else int(cells[6])


def _chance(shop: Shop, day: date, what: str) -> Random:
    return Random(f"demo-month-{what}-{shop.terminal}-{day}")


def _rows(shop: Shop, day: date) -> list[Row]:
    """What was bought that day and given back, what had been left out the day before, and what is there twice."""
    chance, before = _chance(shop, day, "more"), day - timedelta(days=1)
    rows = _bought(shop, day)
    if chance.random() < RETURNED:
        rows.append(_returned(rows, chance))
    if chance.random() < LATE:
        rows.append(_late(shop, before))
    if chance.random() < REPEATED:
        rows.append(_bought(shop, before)[0])
    return rows


def _bought(shop: Shop, day: date) -> list[Row]:
    chance = _chance(shop, day, "bought")
    moments = sorted(chance.randint(OPENS, CLOSES) for _ in range(chance.randint(*ROWS)))
    return [_purchase(shop, day, BATCH, trace, second, chance) for trace, second in enumerate(moments, 1)]


def _purchase(shop: Shop, day: date, batch: int, trace: int, second: int, chance: Random) -> Row:
    [(category, _, least, most)] = chance.choices(BOUGHT, [one[1] for one in BOUGHT])
    at = datetime.combine(day, time()) + timedelta(seconds=second)
    fen = chance.randint(least, most)
    return Row(shop.terminal, batch, trace, chance.choice(shop.cards), category, str(fen), at)


def _returned(rows: list[Row], chance: Random) -> Row:
    """One of them, wholly or in part."""
    one = chance.choice(rows)
    fen = int(one.fen) if chance.random() < 0.5 else int(one.fen) // 3 + 1
    at = one.at + timedelta(minutes=chance.randint(5, 90))
    return one._replace(trace=len(rows) + 1, fen=str(fen), at=at, back=f"{one.trace:06d}")


def _late(shop: Shop, day: date) -> Row:
    """The terminal was off line and has told the post office a day later."""
    return _purchase(shop, day, LATE_BATCH, 1, CLOSES + 1800, _chance(shop, day, "late"))


def _bad(shop: Shop, day: date) -> list[str]:
    """A row that will be handed back with its reason, in some of the files."""
    chance = _chance(shop, day, "bad")
    if chance.random() >= BAD:
        return []
    good = _purchase(shop, day, BAD_BATCH, 1, OPENS, chance)
    spoilt = (
        good._replace(category="lottery"),
        good._replace(terminal="T9999"),
        good._replace(fen="12.50"),
        good._replace(card="6221-8899"),
        good._replace(back="009999"),
    )
    line = chance.choice([*(one.line() for one in spoilt), good.line().rsplit(",", 1)[0]])
    return [line]
