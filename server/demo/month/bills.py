"""The bills of the month: what the street's residents paid through it, to the cent what the street has told of itself."""

from collections.abc import Iterable
from datetime import date
from random import Random
from typing import NamedTuple

from server.demo import dues
from server.demo.money import PAID_FEN
from server.sandbox.dues import Due

TOTAL_FEN = 17_110_000
"""171,100 yuan, with the one bill that had been paid before."""
FIRST, LAST = 13, 83
"""Which residents pay, counted from the first: those before keep what they have, to try things out with."""
PENSION = "payee-pension"
KINDS = (
    "payee-electricity",
    "payee-telecom",
    PENSION,
    "payee-property-2",
    PENSION,
    "payee-medical",
    "payee-tv",
    PENSION,
)
"""What one after the other of them pays."""
SHARES = (100, 100, 60, 30)
_NUMBERED_FROM = 100_000


class Owing(NamedTuple):
    """A resident's bill. `share` is how many of their points, in per cent, they would like to use."""

    number: int
    due: Due
    share: int


def owed(numbers: Iterable[int], last: date) -> list[Owing]:
    """One bill each; what is left of the total is shared by those who pay their pensions."""
    chance, kinds = Random(f"demo-month-bills-{last}"), {one[0]: one for one in dues.KINDS}
    payers = [one for one in numbers if FIRST <= one <= LAST]
    found = {
        number: dues.bill(kinds[KINDS[place % len(KINDS)]], number + _NUMBERED_FROM, last)
        for place, number in enumerate(payers)
    }
    pensions = [one for one in found.values() if one.payee == PENSION]
    left = TOTAL_FEN - PAID_FEN - sum(one.amount_fen for one in found.values() if one.payee != PENSION)
    each, over = divmod(left, len(pensions))
    for place, one in enumerate(pensions):
        one.amount_fen = each + (over if place == 0 else 0)
    return [Owing(number, due, chance.choice(SHARES)) for number, due in found.items()]
