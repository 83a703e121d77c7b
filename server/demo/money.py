"""The example street's points and bills: rates, payees, terminals, cards, and what some residents have bought with them
and have to pay.

Purchases go the way that all purchases go, one after the other as the days went by, so the ledger has a past of two years
and some of the points are about to expire. A second run finds all of it there.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from schemas.bills import LookUp, NewBill
from schemas.points import Campaign, NewRates, Rate
from schemas.pos import NewSwipe
from server import bills, payments
from server.bills import PAYEES, Payee
from server.config import Settings
from server.demo import dues, rows
from server.demo.street import DATA, Street
from server.kit.clock import SHANGHAI, today
from server.kit.db import Database, Tx
from server.kit.vault import Vault
from server.point_cards import POINT_CARDS, PointCard
from server.points import RATES, RateVersion
from server.pos import SWIPES, TERMINALS, Terminal, receive, terminals
from server.residents import RESIDENTS, Resident
from server.sessions import Actor

AUTHOR, APPROVED_BY = ("demo-accountant", "陈静"), "demo-admin"
CLERK = Actor("staff", "demo-clerk", "乌日娜")
SECRET = "example-terminal-secret"
WITHOUT_CARD = 10
"""Every so many-th resident has no card yet."""
SHOPPERS, BILLED = 20, 12
"""How many of the residents, from the first on, have points, and how many have looked up their bills."""
PURCHASES = (
    (726, "appliance", 600_000),
    (712, "appliance", 480_000),
    (430, "appliance", 1_000_000),
    (210, "clothing", 400_000),
    (95, "pharmacy", 90_000),
    (40, "grocery", 260_000),
    (6, "grocery", 156_000),
)
"""What each of them has bought: days ago, category, about so much."""
EXPIRED = (745, "appliance", 300_000)
"""For the second half of them, points that nobody has used in time."""
_AT_ONCE = 20
PAID_FEN, _WINDOW_FEN = 3_050, 86_400


class Building(Protocol):
    """What it takes."""

    @property
    def settings(self) -> Settings: ...
    @property
    def db(self) -> Database: ...


class Offer(Struct, kw_only=True):
    """More points of one category for some days from the version's first day on."""

    name: str
    category: str
    percent: int
    days: Annotated[int, Meta(ge=1)]


class Version(Struct, kw_only=True):
    """In force from the first day of a month, so many months from the one it is."""

    id: str
    valid_from_months: int
    rates: list[Rate]
    note: str
    minimum_fen: int = 0
    daily_cap_fen: int = 0
    campaign: Offer | None = None

    def made(self, day: date, now: datetime) -> RateVersion:
        first = dues.month(day, self.valid_from_months)
        body = NewRates(
            valid_from=first,
            rates=self.rates,
            minimum_fen=self.minimum_fen,
            daily_cap_fen=self.daily_cap_fen,
            campaigns=[_running(self.campaign, first)] if self.campaign else [],
            note=self.note,
        )
        return RateVersion(
            id=self.id,
            number=int(self.id),
            state="approved",
            body=body,
            author_id=AUTHOR[0],
            author=AUTHOR[1],
            created_at=now,
            approved_by=APPROVED_BY,
            approved_at=now,
        )


class Window(Struct, kw_only=True):
    id: str
    name: str
    community_id: str


class Money(Struct, frozen=True):
    """What the file says."""

    versions: list[Version]
    payees: list[Payee]
    windows: list[Window]


class Bought(Struct, frozen=True):
    """A purchase of one resident, and where."""

    terminal: str
    swipe: NewSwipe


def read(street: Street, folder: Path = DATA) -> Money:
    """Raises BadData."""
    path = folder / "money.toml"
    windows = rows.read(path, "terminal")
    for row in windows:
        row.know("community", row.values.get("community_id"), {one.id for one in street.places})
    return Money(
        versions=[row.to(Version) for row in rows.read(path, "rates")],
        payees=[row.to(Payee) for row in rows.read(path, "payee")],
        windows=[row.to(Window) for row in windows],
    )


def _running(offer: Offer, first: date) -> Campaign:
    last = first + timedelta(days=offer.days - 1)
    return Campaign(name=offer.name, category=offer.category, first=first, last=last, percent=offer.percent)


def card_no(number: int) -> str:
    """The card of the so many-th resident."""
    return f"622188990000{number:04d}"


async def load(building: Building, street: Street, found: Money) -> None:
    """Whoever has a card already, or rates of their own, keeps them."""
    people = await _registered(building.db, street)
    vault, now = Vault(building.settings.field_key), building.db.now()
    await building.db.atomically(lambda tx: _set_up(tx, found, people, vault))
    await building.db.renew()
    first = await building.db.reading(lambda reader: reader.get(POINT_CARDS, card_no(1)))
    rates = building.db.reader().recall(RATES, found.versions[0].id)
    if first is None or rates is None or rates.author_id != AUTHOR[0]:
        return
    since = today(first.at)
    bought = sorted(_bought(people, found, since), key=lambda one: one.swipe.at)
    for start in range(0, len(bought), _AT_ONCE):
        some = bought[start : start + _AT_ONCE]
        await building.db.atomically(lambda tx, some=some: _post(tx, some, building.settings))  # type: ignore[misc]
    await building.db.atomically(lambda tx: _owe(tx, people, since, now, building.settings))


async def _registered(db: Database, street: Street) -> list[Resident]:
    """In the order of the street."""
    openids = [one.openid for one in street.residents]
    known = await db.reading(
        lambda reader: reader.all(RESIDENTS, {"openid": {"$in": openids}}, limit=len(openids))
    )
    return sorted(known, key=lambda one: openids.index(one.openid))


async def _set_up(tx: Tx, found: Money, people: list[Resident], vault: Vault) -> None:
    """What is there already stays: it may have been changed since."""
    day = today(tx.now)
    versions = [one.made(day, tx.now) for one in found.versions]
    windows = [_registered_terminal(one, vault) for one in found.windows]
    known_rates, known_payees = tx.everything(RATES).items, tx.everything(PAYEES).items
    known_terminals = tx.everything(TERMINALS).items
    await tx.put_all(RATES, [one for one in versions if one.id not in known_rates])
    await tx.put_all(PAYEES, [one for one in found.payees if one.id not in known_payees])
    await tx.put_all(TERMINALS, [one for one in windows if one.id not in known_terminals])
    numbered = [(number, one) for number, one in enumerate(people, 1) if number % WITHOUT_CARD]
    ids, numbers = [one.id for _, one in numbered], [card_no(number) for number, _ in numbered]
    known = await tx.all(
        POINT_CARDS, {"$or": [{"holder": {"$in": ids}}, {"_id": {"$in": numbers}}]}, limit=2 * len(ids) or 1
    )
    there = {one.id for one in known} | {one.holder for one in known}
    cards = [_card(number, one.id, tx.now) for number, one in numbered]
    await tx.put_all(POINT_CARDS, [one for one in cards if not {one.id, one.holder} & there])


def _registered_terminal(window: Window, vault: Vault) -> Terminal:
    return terminals.register(window.id, window.name, window.community_id, f"{SECRET}-{window.id}", vault)


def _card(number: int, resident_id: str, now: datetime) -> PointCard:
    return PointCard(
        id=card_no(number),
        resident_id=resident_id,
        holder=resident_id,
        state="active",
        bound_by=CLERK.key,
        at=now,
        changed_at=now,
    )


# What they have bought.


def _bought(people: list[Resident], found: Money, since: date) -> Iterator[Bought]:
    windows = {one.community_id: one.id for one in found.windows}
    for number, one in enumerate(people[:SHOPPERS], 1):
        if number % WITHOUT_CARD == 0:
            continue
        chance = Random(f"demo-purchases-{number}")
        expired = [EXPIRED] if number > SHOPPERS // 2 else []
        for days, category, about_fen in [*expired, *PURCHASES]:
            at = datetime.combine(since - timedelta(days=days), time(10, number), SHANGHAI)
            yield Bought(
                windows[one.community_id or ""],
                NewSwipe(
                    batch="1",
                    trace=str(number),
                    card=card_no(number),
                    category=category,
                    amount_fen=about_fen * chance.randint(80, 120) // 100,
                    at=at,
                ),
            )


async def _post(tx: Tx, bought: list[Bought], rules: Settings) -> None:
    """Each at its own time, so that the ledger shows when it came."""
    for one in bought:
        tx.now = one.swipe.at
        await receive(tx, one.terminal, one.swipe, "seed", rules)


# What they have to pay.


async def _owe(tx: Tx, people: list[Resident], since: date, now: datetime, rules: Settings) -> None:
    """Bills that were looked up at their payees, two from the window, and one that is being paid with points."""
    first = await tx.first(SWIPES, {"resident_id": people[0].id})
    known = await tx.first(bills.BILLS, {"payee_id": "payee-insurance", "account_no": "BX000001"})
    if first is None or known is not None:
        return
    tx.now = now
    for number, one in enumerate(people[:BILLED], 1):
        for due in dues.of(number, since)[:2]:
            asked = LookUp(payee_id=due.payee, account_no=due.account_no)
            await bills.take_up(tx, one.id, asked, [due])
    mother = dues.of(BILLED + 1, since)[0]
    asked = LookUp(payee_id=mother.payee, account_no=mother.account_no)
    await bills.take_up(tx, people[0].id, asked, [mother], bills.Wish(label="妈妈家的电费"))
    for number, one in enumerate(people[:2], 1):
        new = _from_the_window(one, "payee-property-1", f"TJ{number:06d}", _WINDOW_FEN, since)
        await bills.enter(tx, new, CLERK)
    paid = await bills.enter(
        tx, _from_the_window(people[0], "payee-insurance", "BX000001", PAID_FEN, since), CLERK
    )
    await payments.begin(tx, paid.id, people[0], PAID_FEN, rules)


def _from_the_window(one: Resident, payee_id: str, account_no: str, fen: int, since: date) -> NewBill:
    return NewBill(
        resident_id=one.id,
        payee_id=payee_id,
        account_no=account_no,
        period=f"{since:%Y-%m}",
        amount_fen=fen,
        due=since + timedelta(days=10),
    )
