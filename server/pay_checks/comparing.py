"""Two lists of a day, row by row: nothing in here asks anybody."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from schemas.pay_checks import DifferenceKind
from server.pay_checks.stored import Facts, Sums

Key = tuple[bool, str]
"""Whether it is a refund, and its number."""
PAID, NOT_PAID = "已付", "未付"


class Row(Struct, frozen=True, kw_only=True):
    """A payment or a refund, as one side has it. `final`: nothing more becomes of it; `today`: it belongs to that day."""

    refund: bool
    number: str
    payment_id: str
    fen: int
    good: bool
    final: bool
    state: str
    today: bool = True

    @property
    def key(self) -> Key:
        return self.refund, self.number


class Found(Struct, frozen=True, kw_only=True):
    kind: DifferenceKind
    refund: bool
    number: str
    facts: Facts


def compared(ours: Mapping[Key, Row], theirs: Iterable[Row]) -> list[Found]:
    """Everything that the sides do not both say. `ours` also has what belongs to another day, where they name it."""
    found, met = [], set[Key]()
    for row in theirs:
        mine = ours.get(row.key)
        kind = "doubled" if row.key in met else _kind(mine, row)
        met.add(row.key)
        if kind is not None:
            found.append(_found(kind, mine, row))
    missing = (one for key, one in ours.items() if key not in met and one.today)
    return found + [_found("missing_there", one, None) for one in missing]


def _kind(mine: Row | None, row: Row) -> DifferenceKind | None:
    if mine is None:
        return "missing_here"
    if not mine.refund and not mine.good:
        return "state"  # it was paid, and we do not know
    if mine.fen != row.fen:
        return "amount"
    if row.final and mine.good != row.good:
        return "state"
    return None


def _found(kind: DifferenceKind, mine: Row | None, row: Row | None) -> Found:
    one = row or mine
    assert one is not None
    facts = Facts(
        payment_id=mine.payment_id if mine else "",
        ours_fen=mine.fen if mine else None,
        theirs_fen=row.fen if row else None,
        ours_state=mine.state if mine else "",
        theirs_state=row.state if row else "",
    )
    return Found(kind=kind, refund=one.refund, number=one.number, facts=facts)


def summed(rows: Iterable[Row]) -> Sums:
    """Of what belongs to the day."""
    listed = [one for one in rows if one.today]
    paid = [one.fen for one in listed if not one.refund]
    back = [one.fen for one in listed if one.refund]
    return Sums(payments=len(paid), paid_fen=sum(paid), refunds=len(back), refunded_fen=sum(back))
