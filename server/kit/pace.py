"""How fast somebody may ask: one number for each of those who ask, in this process's memory alone."""


class Pace:
    """Lets everybody ask `burst` times at once and `per_s` times a second in the long run; 0 lets them ask as they like.

    Of each it is remembered when all they have asked for would be over, had it come at the usual speed. Whoever has not
    asked for the time of a whole burst is as good as new, and forgotten.
    """

    def __init__(self, per_s: float, burst: int) -> None:
        self._each = 1 / per_s if per_s else 0.0
        self._ahead = (burst - 1) * self._each
        self._life = burst * self._each
        self._now_known: dict[str, float] = {}
        self._known_before: dict[str, float] = {}
        self._turn = 0.0

    def late(self, who: str, now_s: float) -> float:
        """0.0: they may, and have asked. Otherwise in how many seconds they may; then nothing is counted."""
        if not self._each:
            return 0.0
        if now_s >= self._turn:
            self._now_known, self._known_before = {}, self._now_known
            self._turn = now_s + self._life
        over = self._now_known.get(who) or self._known_before.get(who, 0.0)
        ahead = over - now_s
        if ahead > self._ahead:
            return ahead - self._ahead
        self._now_known[who] = (over if ahead > 0 else now_s) + self._each
        return 0.0

    def __len__(self) -> int:
        """How many are remembered."""
        return len(self._now_known.keys() | self._known_before.keys())
