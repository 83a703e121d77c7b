"""Our claims and the post office's answer, row by row beside each other. The differences of all rows together are the
difference of the sums: nothing is counted twice, and nothing lost."""

from collections.abc import Iterable

from msgspec import Struct

from schemas.settlements import Verdict
from server.settlements.layout import TheirRow
from server.settlements.stored import ClaimRow


class Pair(Struct, frozen=True):
    """Ours is None for what we do not have; theirs for what they say nothing of."""

    verdict: Verdict
    ours: ClaimRow | None
    theirs: TheirRow | None

    @property
    def ours_fen(self) -> int:
        return self.ours.amount_fen if self.ours and self.verdict != "doubled" else 0

    @property
    def theirs_fen(self) -> int:
        return self.theirs.fen if self.theirs else 0


def matched(claims: Iterable[ClaimRow], answers: Iterable[TheirRow]) -> list[Pair]:
    """Ours in their order, then theirs that nobody knows. Of a key that comes again only the first is an answer."""
    ours = {one.id: one for one in claims}
    first: dict[str, TheirRow] = {}
    again: list[Pair] = []
    for one in answers:
        if one.key in first:
            again.append(Pair("doubled", ours.get(one.key), one))
        else:
            first[one.key] = one
    pairs = [Pair(_verdict(one, first.get(one.id)), one, first.get(one.id)) for one in ours.values()]
    strangers = [Pair("missing_here", None, one) for one in first.values() if one.key not in ours]
    return [*pairs, *again, *strangers]


def _verdict(ours: ClaimRow, theirs: TheirRow | None) -> Verdict:
    if theirs is None:
        return "missing_there"
    if theirs.refused:
        return "refused"
    return "matched" if theirs.fen == ours.amount_fen else "other_amount"
