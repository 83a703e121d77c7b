"""Three residents' money on paper: plain integers, by an arithmetic of its own that asks no rule of the house."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from msgspec import Struct, field

from server.kit.clock import SHANGHAI

DAYS = 5
"""After which points expire."""
AGAIN = timedelta(days=7)
"""So long points can be used that come back after their lot has expired."""
PERMYRIAD = {"grocery": 1000, "pharmacy": 333}
MINIMUM, CAP = 100, 900

Parts = list[tuple[str, int]]


class Lot(Struct):
    left: int
    expires_at: datetime


class Swipe(Struct):
    """`who` is None while nobody has bound the card; `back` for a reversal."""

    who: int | None
    card: str
    category: str
    amount: int
    at: datetime
    points: int = 0
    reversed: int = 0
    given_back: int = 0
    unearned: int = 0
    waiting: bool = False
    back: bool = False


class Bill(Struct):
    """`agreed` is what the payee would take now; `elsewhere`: it has been paid there by somebody else."""

    who: int
    account: str
    payee_no: str
    amount: int
    agreed: int
    state: str = "open"
    elsewhere: bool = False


class Payment(Struct):
    """`paid_at` is when WeChat Pay took the money."""

    who: int
    bill: str
    points: int
    money: int
    at: datetime
    expires_at: datetime
    state: str
    paid_at: datetime | None = None
    parts: Parts = []
    refunds: list[int] = []

    @property
    def refunded(self) -> int:
        return sum(self.refunds)


class Paper(Struct):
    """`names`: the transfers that there must be, each once."""

    lots: list[dict[str, Lot]] = field(default_factory=lambda: [{}, {}, {}])
    owed: list[int] = field(default_factory=lambda: [0, 0, 0])
    earned: Counter[tuple[int, str]] = field(default_factory=Counter)
    books: Counter[str] = field(default_factory=Counter)
    names: set[str] = field(default_factory=set)
    swipes: dict[str, Swipe] = field(default_factory=dict)
    bills: dict[str, Bill] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)

    def balance(self, who: int) -> int:
        return sum(one.left for one in self.lots[who].values())

    def held(self, who: int) -> int:
        return sum(one.points for one in self.open_payments() if one.who == who)

    def open_payments(self) -> Iterator[Payment]:
        return (one for one in self.payments.values() if one.state in ("unpaid", "confirming"))

    # Purchases.

    def worth(self, who: int, swipe: Swipe, amount: int) -> int:
        """What it earns, under the minimum and the cap of its day; counted towards that."""
        points = amount * PERMYRIAD[swipe.category] // 10_000 if amount >= MINIMUM else 0
        day = who, swipe.at.astimezone(SHANGHAI).date().isoformat()
        points = min(points, CAP - self.earned[day])
        self.earned[day] += points
        return points

    def buy(self, key: str, swipe: Swipe) -> Swipe:
        self.swipes[key] = swipe
        if swipe.who is None:
            swipe.waiting = True
        else:
            self._earn(key, swipe.who, swipe, swipe.amount)
        return swipe

    def bind(self, card: str, who: int) -> None:
        """What was bought with the card before earns now, the oldest first, without what was taken back."""
        waiting = [(key, one) for key, one in self.swipes.items() if one.waiting and one.card == card]
        for key, one in sorted(waiting, key=lambda pair: (pair[1].at, pair[0])):
            one.who, one.waiting, one.unearned = who, False, one.reversed
            self._earn(key, who, one, one.amount - one.reversed)

    def _earn(self, key: str, who: int, swipe: Swipe, amount: int) -> None:
        swipe.points = self.worth(who, swipe, amount)
        if not swipe.points:
            return
        good = min(swipe.points, self.owed[who])
        self.owed[who] -= good
        self.books["issuer"] -= swipe.points
        if swipe.points > good:
            self.lots[who][f"swipe/{key}"] = Lot(swipe.points - good, swipe.at + timedelta(days=DAYS))
        self.names.add(f"swipe/{key}")

    def take_back(self, key: str, of: str, amount: int) -> int:
        """What it takes back, in points."""
        swipe = self.swipes[of]
        swipe.reversed += amount
        whole = swipe.amount - swipe.unearned
        given_back = swipe.points * (swipe.reversed - swipe.unearned) // whole if whole else 0
        points, swipe.given_back = given_back - swipe.given_back, given_back
        self.swipes[key] = Swipe(swipe.who, swipe.card, swipe.category, -amount, swipe.at, -points, back=True)
        if points and swipe.who is not None:
            there = min(points, self.balance(swipe.who))
            self.take(swipe.who, there, f"swipe/{of}")
            self.owed[swipe.who] += points - there
            self.books["issuer"] += points
            self.names.add(f"swipe/{key}")
        return points

    # Lots.

    def take(self, who: int, amount: int, first: str = "") -> Parts:
        """Of the lot `first`, then of those that expire soonest."""
        parts, lots = [], self.lots[who]
        order = sorted(lots, key=lambda known_as: (known_as != first, lots[known_as].expires_at, known_as))
        for known_as in order:
            if fen := min(lots[known_as].left, amount):
                lots[known_as].left -= fen
                amount -= fen
                parts.append((known_as, fen))
        assert not amount, "more is taken than there is"
        return parts

    def give_back(self, who: int, parts: Parts, now: datetime) -> None:
        """Into the lots it came from. What has expired meanwhile can be used some days more, and nothing but that."""
        for known_as, fen in parts:
            lot = self.lots[who][known_as]
            if lot.expires_at <= now:
                self._expire(known_as, lot)
                lot.expires_at = now + AGAIN
            lot.left += fen

    def expire(self, now: datetime) -> None:
        for lots in self.lots:
            for known_as, lot in lots.items():
                if lot.expires_at <= now:
                    self._expire(known_as, lot)

    def _expire(self, known_as: str, lot: Lot) -> None:
        if lot.left:
            self.names.add(f"{known_as}/expiry/{lot.expires_at.astimezone(UTC):%Y%m%d%H%M%S}")
        self.books["expired"] += lot.left
        lot.left = 0

    # Payments.

    def pay(self, known_as: str, payment: Payment) -> None:
        self.payments[known_as] = payment
        self.bills[payment.bill].state = "paying"
        if payment.points:
            payment.parts = self.take(payment.who, payment.points)
            self.names.add(f"payment/{known_as}/reserve")

    def settle(self, known_as: str) -> None:
        payment = self.payments[known_as]
        payment.state, self.bills[payment.bill].state = "settled", "paid"
        if payment.points:
            self.books["payee"] += payment.points
            self.names.add(f"payment/{known_as}/points")

    def fall_through(self, known_as: str, state: str, now: datetime) -> None:
        """Nothing has come of it: points and bill are free again."""
        payment = self.payments[known_as]
        payment.state, self.bills[payment.bill].state = state, "open"
        if payment.points:
            self.give_back(payment.who, payment.parts, now)
            self.names.add(f"payment/{known_as}/release")

    def refund(self, known_as: str, name: str, amount: int, now: datetime) -> None:
        """So many points come back, out of the lots that were used last."""
        payment = self.payments[known_as]
        back, wanted, spared = [], amount, payment.refunded
        for lot, fen in reversed(payment.parts):
            left = max(fen - spared, 0)
            spared -= fen - left
            if given := min(left, wanted):
                back.append((lot, given))
                wanted -= given
        payment.refunds = [*payment.refunds, amount]
        self.give_back(payment.who, back, now)
        self.books["payee"] -= amount
        self.names.add(name)
