"""What is done with points, bills and money, one thing after the other, and what paper says must come of each.

`purses.py` is the paper. After every step the whole of the books is read and compared with it: balances and lots to the
fen, every transfer there once by its name, nothing below zero but what is owed, all books together zero.
"""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import Struct
from msgspec.structs import replace
from tornado.httpclient import HTTPClientError
from tornado.ioloop import IOLoop

from schemas.points import Rate
from schemas.staff import Grant
from server import ledger
from server.bills import BILLS
from server.kit.clock import SHANGHAI
from server.kit.db import Collection
from server.ledger import ACCOUNTS, ENTRIES, LOTS, REDEMPTIONS, RESERVES, TRANSFERS
from server.payments import PAYMENTS, REFUSALS
from server.point_cards import POINT_CARDS, PointCard
from server.pos import SWIPES
from server.pos.files import POS_FILES, REJECTS, STAGED
from server.pos.swipes import EARNED_DAYS
from tests.machine.purses import CAP, DAYS, MINIMUM, PERMYRIAD, Bill, Paper, Payment, Swipe
from tests.test_payments import PAYEE, payee
from tests.test_points import Till, bind, card_no, in_force, rates, till
from tests.world import Person, Reply, World, unique

MORNING = datetime(2031, 3, 29, 9, tzinfo=SHANGHAI)
WIPED: tuple[Collection[Any], ...] = (
    *(ACCOUNTS, ENTRIES, LOTS, REDEMPTIONS, RESERVES, TRANSFERS, BILLS, PAYMENTS, REFUSALS),
    *(POINT_CARDS, SWIPES, EARNED_DAYS, POS_FILES, STAGED, REJECTS),
)
READ: tuple[Collection[Any], ...] = (ACCOUNTS, LOTS, TRANSFERS, SWIPES, BILLS, PAYMENTS, REFUSALS)
FLOORED = ("resident", "held", "payee", "expired")
LONGEST_LOOK, LONGEST_RETRY = timedelta(seconds=300), timedelta(seconds=70)
FEW = 2
_NO_SUCH_ORDER = 422
SPOILT = ("signature", "old", "cipher", "serial", "amount", "mchid", "appid", "openid")


class Books(Struct):
    """One reading of everything."""

    accounts: dict[str, Any]
    lots: dict[str, Any]
    transfers: dict[str, Any]
    swipes: dict[str, Any]
    bills: dict[str, Any]
    payments: dict[str, Any]
    refusals: dict[str, Any]

    def book(self, name: str) -> int:
        return sum(one.balance for one in self.accounts.values() if one.book == name)


class Cast(Struct):
    world: World
    till: Till
    residents: list[Person]
    clerk: Person
    accountant: Person
    played: Counter[str]
    """How often what came about."""


async def cast(world: World) -> Cast:
    """Set the stage. The house's settings are those of the machine from here on."""
    world.clock.set(MORNING)
    rules = world.house.settings
    world.house.settings = replace(
        rules,
        points=replace(rules.points, expire_days=DAYS),
        sessions=replace(rules.sessions, staff_hours=24 * 90, resident_days=90),
    )
    lines = [Rate(category=name, name=name, permyriad=share) for name, share in PERMYRIAD.items()]
    await in_force(world, rates(rates=lines, minimum_fen=MINIMUM, daily_cap_fen=CAP))
    await payee(world)
    residents = [await world.resident() for _ in range(3)]
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    accountant = await world.staff(Grant(role="accountant"))
    return Cast(world, await till(world), residents, clerk, accountant, Counter())


class Money(RuleBasedStateMachine):
    """Buy, take back, send files, bind cards, pay, forge, be silent, refund, let points expire."""

    io_loop: IOLoop
    cast: Cast

    def run(self, coroutine: Any) -> Any:
        return self.io_loop.asyncio_loop.run_until_complete(coroutine)  # type: ignore[attr-defined]

    def ask(self, who: Person, path: str, body: dict[str, Any], *, twice: bool = False) -> Reply:
        """Where it is asked `twice`, the second answer under the same key has to be the first."""
        key = unique("asked")
        reply: Reply = self.run(who.post(path, body, key=key))
        if twice:
            again: Reply = self.run(who.post(path, body, key=key))
            assert (again.status, again.body) == (reply.status, reply.body) or reply.status >= 400
        return reply

    # Opening and closing.

    @initialize()
    def open(self) -> None:
        self.world, self.paper = self.cast.world, Paper()
        self.world.clock.set(MORNING)
        self.now = MORNING
        self.cards = [card_no() for _ in range(3)]
        self.bound = [True, True, False]
        self.usable = [True, True, True]
        self.quiet: dict[str, datetime] = {}
        self.refused, self.turn = 0, 0
        self.run(self._wiped())
        for who in (0, 1):
            self.buy(who, "grocery", 7000, 0, False)
        self.check()

    async def _wiped(self) -> None:
        await self.world.control("faults", method="DELETE")
        for one in WIPED:
            await self.world.house.db._handle[one.name].delete_many({})
        now = self.world.clock.now()
        cards = [
            PointCard(
                id=self.cards[who],
                resident_id=self.cast.residents[who].id,
                holder=self.cast.residents[who].id,
                state="active",
                bound_by="test",
                at=now,
                changed_at=now,
            )
            for who in (0, 1)
        ]
        await self.world.house.db.alone(lambda tx: tx.put_all(POINT_CARDS, cards))

    def teardown(self) -> None:
        """Everything comes to its end: nothing is held any more, and every line of the books holds."""
        if not hasattr(self, "paper"):
            return
        for _ in range(4):
            self.advance(timedelta(minutes=20))
            self.work(False)
            self.check()
        assert not list(self.paper.open_payments())
        assert not (wrong := self.run(self._differences())), "\n".join(wrong)
        for known_as, payment in self.paper.payments.items():
            self.run(self._ended(known_as, payment))
        for who in range(3):
            self.run(self._explained(who))

    async def _differences(self) -> list[str]:
        return [one async for one in ledger.differences(self.world.house.db.reader())]

    async def _ended(self, known_as: str, payment: Payment) -> None:
        """WeChat Pay and the payee say what we say, and the points open back to purchases."""
        resident, bill = self.cast.residents[payment.who], self.paper.bills[payment.bill]
        shown = (await resident.get(f"/v1/payments/{known_as}")).json
        wanted = (payment.state, payment.points, payment.money)
        assert (shown["state"], shown["points_fen"], shown["pay_fen"]) == wanted, shown
        settled = payment.state == "settled"
        due = await self.world.told("payee-bills", bill_no=bill.payee_no)
        assert (due["paid_by"] == known_as) == settled, (payment, due)
        if payment.paid_at is not None:
            order = await self.world.told("pay-order", out_trade_no=known_as)
            assert order["refunded"] == (0 if settled else payment.money), (payment, order)
        sources = (await resident.get(f"/v1/payments/{known_as}/sources", limit=100)).json["items"]
        found = [(f"swipe/{one['key']}", one["points_fen"]) for one in sources]
        assert found == (payment.parts if settled else []), (payment, sources)

    async def _explained(self, who: int) -> None:
        """The lines that a resident sees sum to their balance, and each leaves the balance that the next begins with."""
        items: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = (await self.cast.residents[who].get("/v1/points/entries", limit=20, **cursor)).json
            items += page["items"]
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        balance = 0
        for one in reversed(items):
            balance += one["amount_fen"]
            assert one["balance_fen"] == balance, one
        assert balance == self.paper.balance(who)

    # After every step.

    @invariant()
    def check(self) -> None:
        if hasattr(self, "paper"):
            self.books = self.run(self._read())
            assert not (found := self._problems()), "\n".join(found)

    async def _read(self) -> Books:
        return Books(*await asyncio.gather(*(self._every(one) for one in READ)))

    async def _every(self, collection: Collection[Any]) -> dict[str, Any]:
        found = await self.world.house.db.reading(lambda reader: reader.all(collection, {}, limit=10_000))
        return {one.id: one for one in found}

    def _problems(self) -> list[str]:
        books, paper, found = self.books, self.paper, []
        if total := sum(one.balance for one in books.accounts.values()):
            found.append(f"all books together are {total}")
        found += [
            f"{one.id} is at {one.balance}"
            for one in books.accounts.values()
            if one.balance < 0 and one.book in FLOORED
        ]
        for name in ("issuer", "payee", "expired", "clearing"):
            if books.book(name) != paper.books[name]:
                found.append(f"{name} is at {books.book(name)}, on paper {paper.books[name]}")
        there, wanted = set(books.transfers), paper.names
        if there != wanted:
            found.append(f"transfers too many {there - wanted}, too few {wanted - there}")
        self.turn = (self.turn + 1) % 3
        return [*found, *self._of_lots(), *self._of_swipes(), *self._of_bills(), *self._of_view(self.turn)]

    def _of_lots(self) -> list[str]:
        there = {one.id: (one.resident_id, one.left, one.expires_at) for one in self.books.lots.values()}
        wanted = {
            known_as: (self.cast.residents[who].id, lot.left, lot.expires_at)
            for who in range(3)
            for known_as, lot in self.paper.lots[who].items()
        }
        return [
            f"lot {one}: {there.get(one)}, on paper {wanted.get(one)}"
            for one in sorted(there.keys() | wanted.keys())
            if there.get(one) != wanted.get(one)
        ]

    def _of_swipes(self) -> list[str]:
        there = {
            one.id: (one.resident_id, one.amount_fen, one.points_fen, one.reversed_fen, one.state)
            for one in self.books.swipes.values()
        }
        wanted = {
            key: (
                None if one.who is None else self.cast.residents[one.who].id,
                one.amount,
                one.points,
                one.reversed,
                "waiting" if one.waiting else "posted",
            )
            for key, one in self.paper.swipes.items()
        }
        return [] if there == wanted else [f"swipes {there}, on paper {wanted}"]

    def _of_bills(self) -> list[str]:
        there = {one.id: (one.resident_id, one.amount_fen, one.state) for one in self.books.bills.values()}
        wanted = {
            known_as: (self.cast.residents[one.who].id, one.amount, one.state)
            for known_as, one in self.paper.bills.items()
        }
        found = [] if there == wanted else [f"bills {there}, on paper {wanted}"]
        states = {one.id: (one.state, one.points_fen, one.pay_fen) for one in self.books.payments.values()}
        on_paper = {
            known_as: (one.state, one.points, one.money) for known_as, one in self.paper.payments.items()
        }
        found += [] if states == on_paper else [f"payments {states}, on paper {on_paper}"]
        if len(self.books.refusals) != self.refused:
            found.append(f"{len(self.books.refusals)} refusals are on record, not {self.refused}")
        return found

    def _of_view(self, who: int) -> list[str]:
        told, paper = self.run(self.cast.residents[who].get("/v1/points")).json, self.paper
        there = told["balance_fen"], told["held_fen"], told["owed_fen"]
        wanted = paper.balance(who), paper.held(who), paper.owed[who]
        found = [] if there == wanted else [f"resident {who} sees {there}, on paper {wanted}"]
        if told["owed_fen"] and "还欠" not in told["text"]:
            found.append(f"resident {who} is not told what they owe: {told['text']}")
        return found

    # Purchases.

    def _swipe(self, who: int, category: str, amount: int, days_ago: int) -> tuple[str, dict[str, Any]]:
        at = self.now - timedelta(days=days_ago)
        body = self.cast.till.swipe(self.cards[who], amount, category=category, at=at.isoformat())
        return self._key(body), body

    def _key(self, body: dict[str, Any], trace: str = "") -> str:
        day = datetime.fromisoformat(body["at"]).astimezone(SHANGHAI)
        return f"{self.cast.till.id}/{day:%Y%m%d}/{int(body['batch'])}/{int(trace or body['trace'])}"

    def _plain(self, who: int, body: dict[str, Any]) -> Swipe:
        at = datetime.fromisoformat(body["at"])
        whose = who if self.bound[who] else None
        return Swipe(whose, body["card"], body["category"], body["amount_fen"], at)

    def _told(self, body: dict[str, Any]) -> Reply:
        reply: Reply = self.run(self.cast.till.send(body))
        return reply

    @rule(
        who=st.integers(0, 2),
        category=st.sampled_from(tuple(PERMYRIAD)),
        amount=st.one_of(st.integers(1, 300), st.integers(301, 12_000)),
        days_ago=st.sampled_from((0, 0, 0, 1, 4, 6)),
        again=st.booleans(),
    )
    def buy(self, who: int, category: str, amount: int, days_ago: int, again: bool) -> None:
        key, body = self._swipe(who, category, amount, days_ago)
        swipe = self.paper.buy(key, self._plain(who, body))
        wanted = ("waiting" if swipe.waiting else "posted", swipe.points)
        for number in range(1 + again):
            told = self._told(body).json
            assert (told["state"], told["points_fen"], told["again"]) == (*wanted, bool(number)), told

    def _purchases(self) -> list[str]:
        return [key for key, one in self.paper.swipes.items() if not one.back]

    def _body_of(self, key: str, **more: Any) -> dict[str, Any]:
        """A purchase as the terminal had sent it."""
        swipe, [_, _, batch, trace] = self.paper.swipes[key], key.split("/")
        usual = {"batch": batch, "trace": trace, "card": swipe.card, "category": swipe.category}
        return usual | {"amount_fen": abs(swipe.amount), "at": swipe.at.isoformat()} | more

    def send_again(self, which: int, other: bool) -> None:
        """A purchase comes once more, or another one under its numbers."""
        keys = self._purchases()
        body = self._body_of(keys[which % len(keys)])
        reply = self._told(body | {"amount_fen": body["amount_fen"] + other})
        if other:
            assert (reply.status, reply.code) == (409, "swipe_differs"), reply.body
        else:
            assert reply.json["again"], reply.body

    @rule(which=st.integers(0, 30), percent=st.sampled_from((10, 33, 50, 100, 100)), again=st.booleans())
    def take_back(self, which: int, percent: int, again: bool) -> None:
        """So much of what is left of a purchase; the last ones first."""
        keys = self._purchases()[::-1]
        key = keys[which % len(keys)]
        original = self.paper.swipes[key]
        amount = max((original.amount - original.reversed) * percent // 100, 1)
        body = self._reversal_of(key, amount)
        if original.reversed + amount > original.amount:
            assert self._told(body).code == "swipe_reversed_too_much"
            return
        points = self.paper.take_back(self._key(body), key, amount)
        for number in range(1 + again):
            told = self._told(body).json
            assert (told["points_fen"], told["again"]) == (-points, bool(number)), told
        self.cast.played["owing"] += original.who is not None and self.paper.owed[original.who] > 0

    def _reversal_of(self, key: str, amount: int) -> dict[str, Any]:
        self.cast.till.trace += 1
        trace = f"{self.cast.till.trace:06d}"
        return self._body_of(key, trace=trace, amount_fen=amount, reverses=key.rpartition("/")[2])

    @precondition(lambda self: not self.bound[2] or self.cast.played["bound again"] < FEW)
    @rule()
    def bind(self) -> None:
        """The third card finds its owner."""
        reply = self.run(bind(self.world, self.cast.residents[2], self.cards[2], self.cast.clerk))
        if self.bound[2]:
            assert reply.code == "has_card", reply.body
            self.cast.played["bound again"] += 1
            return
        assert reply.status == 201, reply.body
        self.bound[2] = True
        self.paper.bind(self.cards[2], 2)

    # Files.

    @rule(
        lines=st.lists(
            st.tuples(
                st.sampled_from(("new", "new", "known", "back", "back", "other", "nobody", "nothing")),
                st.integers(0, 30),
                st.integers(50, 9000),
            ),
            min_size=1,
            max_size=6,
        ),
        cut=st.sampled_from((False, False, False, True)),
    )
    def send_file(self, lines: list[tuple[str, int, int]], cut: bool) -> None:
        """Reversals before their purchases, lines that came before or are wrong; what is cut off is handed back."""
        self.work(False)
        sent = [self._line(kind, which, amount) for kind, which, amount in (*lines, ("new", 0, 5000))]
        sent.sort(key=lambda one: "reverses" not in one[1])
        content = self._file([body for _, body in sent])
        if cut:
            assert self._post_file(content[: content.rindex(b"\nT,")])["state"] == "refused"
            return
        counts, points = self._on_paper(sent)
        told = self._post_file(content)
        assert told["state"] == "posted", told
        assert {name: told[name] for name in counts} == counts, (told, sent)
        assert told["points_fen"] == points, (told, sent)
        self.cast.played.update(f"file:{name}" for name, number in counts.items() if number)

    def _line(self, kind: str, which: int, amount: int) -> tuple[str, dict[str, Any]]:
        keys = self._purchases()
        key = keys[which % len(keys)]
        match kind:
            case "known":
                return kind, self._body_of(key)
            case "back":
                return kind, self._reversal_of(key, amount)
            case "other":
                return kind, self._body_of(key, amount_fen=self.paper.swipes[key].amount + 1)
            case "nothing":
                return kind, self._reversal_of(key, amount) | {"reverses": "999999999"}
            case "nobody":
                return kind, self._swipe(0, "grocery", amount, 0)[1] | {"terminal": "nobodys"}
        return kind, self._swipe(which % 3, "grocery", amount, which % 2)[1]

    def _file(self, bodies: list[dict[str, Any]]) -> bytes:
        rows, total = [], 0
        for one in bodies:
            at = datetime.fromisoformat(one["at"]).astimezone(SHANGHAI)
            terminal = one.get("terminal", self.cast.till.id)
            back = one.get("reverses", "")
            total += -one["amount_fen"] if back else one["amount_fen"]
            cells = (terminal, one["batch"], one["trace"], one["card"], one["category"], one["amount_fen"])
            rows.append(",".join(map(str, ("D", *cells, f"{at:%Y-%m-%dT%H:%M:%S}", back))))
        head = f"H,1,{self.now.astimezone(SHANGHAI):%Y%m%d}"
        return "\n".join([head, *rows, f"T,{len(rows)},{total}", ""]).encode()

    def _on_paper(self, sent: list[tuple[str, dict[str, Any]]]) -> tuple[dict[str, int], int]:
        counts, points = {"posted": 0, "again": 0, "waiting": 0, "rejected": 0}, 0
        for kind, body in sorted(sent, key=lambda one: "reverses" in one[1]):
            match kind:
                case "known":
                    counts["again"] += 1
                case "new":
                    who = self.cards.index(body["card"])
                    swipe = self.paper.buy(self._key(body), self._plain(who, body))
                    counts["waiting" if swipe.waiting else "posted"] += 1
                    points += swipe.points
                case "back" if key := self._reversible(body):
                    points -= self.paper.take_back(self._key(body), key, body["amount_fen"])
                    counts["posted"] += 1
                case _:
                    counts["rejected"] += 1
        return counts, points

    def _reversible(self, body: dict[str, Any]) -> str:
        key = self._key(body, body["reverses"])
        swipe = self.paper.swipes[key]
        return key if swipe.reversed + body["amount_fen"] <= swipe.amount else ""

    def _post_file(self, content: bytes) -> dict[str, Any]:
        """What became of it; sent again it is the same file."""
        sent = self._send(content)
        assert not sent["known"], sent
        self._run_workers()
        return self._send(content)

    def _send(self, content: bytes) -> dict[str, Any]:
        token = self.cast.accountant.token
        reply = self.run(self.world.call("POST", "/v1/pos/files", token=token, raw=content))
        assert reply.status == 201, reply.body
        told: dict[str, Any] = reply.json
        return told

    # Bills and what is paid.

    @rule(who=st.integers(0, 2), amount=st.integers(1, 1200), shared=st.booleans())
    def bill(self, who: int, amount: int, shared: bool) -> None:
        """A payee has one more, on an account of its own or beside another; somebody looks it up."""
        accounts = [one.account for one in self.paper.bills.values()]
        account = accounts[-1] if shared and accounts else unique("acct")
        number = unique("due")
        self._due(number, account, amount)
        self._look_up(who, account, {number: amount})

    def _due(self, number: str, account: str, amount: int) -> None:
        due = {"bill_no": number, "payee": PAYEE, "account_no": account, "period": "2031-03"}
        self.run(self.world.control("payee-bills", **due, amount_fen=amount, due="2031-04-20"))

    @precondition(lambda self: self.paper.bills)
    @rule(who=st.integers(0, 2), which=st.integers(0, 9))
    def look_up(self, who: int, which: int) -> None:
        bills = list(self.paper.bills.values())
        self._look_up(who, bills[-1 - which % len(bills)].account, {})

    def _look_up(self, who: int, account: str, new: dict[str, int]) -> None:
        """What is open there becomes theirs, at what the payee wants now; what somebody is paying stays as it is."""
        body = {"payee_id": PAYEE, "account_no": account}
        reply = self.ask(self.cast.residents[who], "/v1/bills/lookups", body, twice=True)
        assert reply.status == 201, reply.body
        for one in self.paper.bills.values():
            if one.account == account and one.state == "open" and not one.elsewhere:
                one.who, one.amount = who, one.agreed
        known = {one.payee_no for one in self.paper.bills.values()}
        for one in reply.json["items"]:
            if one["id"] not in self.paper.bills:
                [number] = [number for number, fen in new.items() if fen == one["amount_fen"]]
                assert number not in known
                amount = new[number]
                self.paper.bills[one["id"]] = Bill(who, account, number, amount, amount)

    @rule(
        who=st.sampled_from((0, 0, 1, 2)),
        amount=st.one_of(st.just(0), st.integers(1, 1200)),
        points=st.sampled_from((0, 40, 100, 100)),
        how=st.sampled_from(("silent", "told", "told twice", "never", "never", *SPOILT[:2])),
        change=st.sampled_from((False, False, True)),
    )
    def usual(self, who: int, amount: int, points: int, how: str, change: bool) -> None:
        """A bill comes and is paid, step by step, of all there is where it says nothing; the payee may have changed its
        mind meanwhile."""
        self.bill(who, amount or max(self.paper.balance(who), 1), False)
        self.check()
        payment = self._pay(list(self.paper.bills)[-1], points, False, False)
        self.check()
        if payment and change and self.paper.payments[payment].state == "unpaid":
            self.payee_changes(0, points == 100)
            self.check()
        if payment and how != "never" and self.paper.payments[payment].money:
            self.at_wechat(0, how)
            self.check()
        self.advance(timedelta(minutes=16) if how == "never" else timedelta(seconds=20))
        self.work(False)
        newest = enumerate(self._purchases()[::-1])
        theirs = [number for number, key in newest if self.paper.swipes[key].who == who]
        if theirs and not amount:
            self.check()
            self.take_back(theirs[0], 100, False)

    @precondition(lambda self: self.paper.bills)
    @rule(
        which=st.integers(0, 9),
        points=st.sampled_from((0, 1, 50, 100, 100)),
        more=st.booleans(),
        twice=st.booleans(),
    )
    def pay(self, which: int, points: int, more: bool, twice: bool) -> None:
        """With so many per cent of what could be paid by points, or a fen `more` than that."""
        self._pay(self._some_bill(which), points, more, twice)

    def _pay(self, known_as: str, points: int, more: bool, twice: bool) -> str:
        bill = self.paper.bills[known_as]
        balance = self.paper.balance(bill.who)
        fen = min(bill.amount, balance) * points // 100 + (more and points == 100)
        resident = self.cast.residents[bill.who]
        reply = self.ask(resident, f"/v1/bills/{known_as}/pay", {"points_fen": fen}, twice=twice)
        refusals = self._why_not(bill, fen, balance)
        self.cast.played.update(f"refusal:{one}" for one in refusals)
        if refusals:
            assert reply.code in refusals, (refusals, reply.body)
            return ""
        assert reply.status == 201, reply.body
        expires_at = datetime.fromisoformat(reply.json["expires_at"])
        state = "unpaid" if bill.amount > fen else "confirming"
        payment = Payment(bill.who, known_as, fen, bill.amount - fen, self.now, expires_at, state)
        self.paper.pay(reply.json["id"], payment)
        assert self.ask(resident, f"/v1/bills/{known_as}/pay", {"points_fen": 0}).code == "bill_not_open"
        return str(reply.json["id"])

    def _some_bill(self, which: int) -> str:
        """The open ones first."""
        bills = sorted(self.paper.bills.items(), key=lambda pair: (pair[1].state != "open", pair[0]))
        return bills[which % len(bills)][0]

    def _why_not(self, bill: Bill, fen: int, balance: int) -> set[str]:
        refusals = set()
        if bill.state != "open":
            refusals.add("bill_not_open")
        if fen > bill.amount:
            refusals.add("more_points_than_bill")
        if fen and not self.usable[bill.who] and self.bound[bill.who]:
            refusals.add("card_not_usable")
        if fen > balance:
            refusals.add("not_enough_points")
        return refusals

    def _waiting(self, *, paid: bool | None = None) -> list[str]:
        """Payments that WeChat Pay has to do with, the newest first."""
        return [
            known_as
            for known_as, one in reversed(self.paper.payments.items())
            if one.money and (paid is None or (one.paid_at is not None) == paid)
        ]

    @precondition(lambda self: self._waiting(paid=False))
    @rule(which=st.integers(0, 3), how=st.sampled_from(("silent", "told", "told twice", *SPOILT)))
    def at_wechat(self, which: int, how: str) -> None:
        """The payer enters the password, and WeChat Pay tells us, or is silent, or somebody else tells us."""
        waiting = self._waiting(paid=False)
        known_as = waiting[which % len(waiting)]
        payment = self.paper.payments[known_as]
        shown = self.run(self.cast.residents[payment.who].get(f"/v1/payments/{known_as}")).json
        assert (shown["client_params"] is not None) == (payment.state == "unpaid"), shown
        if payment.state != "unpaid" or self.now >= payment.expires_at:
            return
        self.run(self.world.control("pay", out_trade_no=known_as, notify=False))
        payment.paid_at = self.now
        for _ in range({"silent": 0, "told twice": 2}.get(how, 1)):
            self._notify(known_as, how if how in SPOILT else "")

    @precondition(lambda self: self._waiting())
    @rule(which=st.integers(0, 9), spoil=st.sampled_from(("", "", *SPOILT)), other=st.integers(0, 9))
    def notify(self, which: int, spoil: str, other: int) -> None:
        """Late, again, out of order, of what is not paid: two of them, the later one first."""
        waiting = self._waiting()
        for number in (which, other):
            known_as = waiting[number % len(waiting)]
            shown = self.cast.residents[self.paper.payments[known_as].who].get(f"/v1/payments/{known_as}")
            assert self.run(shown).status == 200
            self._notify(known_as, spoil)

    def _notify(self, known_as: str, spoil: str) -> None:
        payment = self.paper.payments[known_as]
        if payment.paid_at is None and payment.state != "unpaid":
            return  # WeChat Pay has never heard of it
        try:
            told = self.run(self.world.control("pay-notify", out_trade_no=known_as, spoil=spoil))
        except HTTPClientError as error:
            assert error.code == _NO_SUCH_ORDER and payment.paid_at is None and self.now >= payment.expires_at
            return  # nobody asked for the order before its time was over
        believed = not spoil and payment.paid_at is not None
        assert told["statuses"] == [204 if believed else 401], (known_as, spoil, told)
        self.refused += not believed
        self.cast.played[f"notify:{spoil or believed}"] += 1
        if believed and payment.state == "unpaid":
            payment.state = "confirming"

    def _settling(self) -> set[str]:
        """The bills that are with the payee just now."""
        return {one.bill for one in self.paper.payments.values() if one.state == "confirming"}

    @precondition(lambda self: self.paper.bills)
    @rule(which=st.integers(0, 9), elsewhere=st.booleans())
    def payee_changes(self, which: int, elsewhere: bool) -> None:
        """Another amount, or somebody pays it at the payee's own counter."""
        bills = {
            known_as: one
            for known_as, one in self.paper.bills.items()
            if known_as not in self._settling() and one.state != "paid" and not one.elsewhere
        }
        if not bills:
            return
        bill = list(bills.values())[-1 - which % len(bills)]
        if elsewhere:
            self.run(self.world.house.payees.pay(unique("cash"), bill.payee_no, bill.agreed))
            bill.elsewhere = True
        else:
            bill.agreed += 1
            self._due(bill.payee_no, bill.account, bill.agreed)

    @precondition(lambda self: any(one.state == "settled" for one in self.paper.payments.values()))
    @rule(which=st.integers(0, 9), percent=st.sampled_from((10, 50, 100, 101)))
    def refund(self, which: int, percent: int) -> None:
        """Some of the points of a settled payment come back, twice under one name."""
        settled = [
            known_as for known_as, one in self.paper.payments.items() if one.state == "settled" and one.points
        ]
        if not settled:
            return
        known_as = settled[which % len(settled)]
        payment, name = self.paper.payments[known_as], unique("refund")
        left = payment.points - payment.refunded
        fen = max(left * percent // 100, 1) if percent <= 100 else left + 1
        posted = self.books.transfers[f"payment/{known_as}/points"]
        source = next(one.account_id for one in posted.legs if one.amount > 0)

        async def refunded() -> None:
            for _ in range(2):
                await self.world.house.db.atomically(
                    lambda tx: ledger.refund(tx, name, posted.id, fen, source, by="test")
                )

        try:
            self.run(refunded())
        except ledger.RefundedTooMuch:
            assert fen > left
            return
        self.paper.refund(known_as, name, fen, self.now)

    # Cards, time, workers.

    @rule(
        what=st.sampled_from(("freeze", "lost", "release", "release", "again", "again", "other")),
        which=st.integers(0, 30),
    )
    def trifle(self, what: str, which: int) -> None:
        if what in ("again", "other"):
            self.send_again(which, what == "other")
        else:
            self.card(which % 2, what)

    def card(self, who: int, how: str) -> None:
        resident, by = self.cast.residents[who], self.cast.clerk
        if how == "lost":
            reply = self.ask(resident, "/v1/points/card/lost", {"reason": "找不到了"})
        else:
            reply = self.ask(by, f"/v1/residents/{resident.id}/card/{how}", {"reason": "有疑问"})
        if reply.status == 200:
            self.usable[who] = how == "release"
        else:
            assert reply.code == "card_not_in_use", reply.body
            assert how == "freeze" or self.usable[who] == (how == "release"), reply.body

    @rule(
        seconds=st.sampled_from((20, 100, 400, 400, 1000, 1000, 86_400, 3 * 86_400, 8 * 86_400)),
        work=st.booleans(),
    )
    def wait(self, seconds: int, work: bool) -> None:
        self.advance(timedelta(seconds=seconds))
        if work:
            self.work(False)

    def advance(self, by: timedelta) -> None:
        self.now += by
        self.world.clock.set(self.now)

    @rule(silent=st.sampled_from((False, False, False, True)))
    def work(self, silent: bool) -> None:
        """`silent`: the payee does what it is asked, and its answers are lost."""
        silent = silent and bool(self._settling())
        if silent:
            lost: dict[str, Any] = {"path": "/payee/payments", "times": 3, "drop": True, "after": True}
            self.run(self.world.control("faults", **lost))
        self._run_workers(silent=silent)
        if silent:
            self.run(self.world.control("faults", method="DELETE"))

    def _run_workers(self, *, silent: bool = False) -> None:
        async def worked() -> dict[str, Any]:
            await self.world.work()
            return await self._every(PAYMENTS)

        payments = self.run(worked())
        for known_as, payment in self.paper.payments.items():
            if payment.state in ("unpaid", "confirming"):
                self._carried_on(known_as, payment, payments[known_as].state, silent)
        self.paper.expire(self.now)

    def _carried_on(self, known_as: str, payment: Payment, state: str, silent: bool) -> None:
        """Whether the workers were right to bring it there, and not further."""
        bill, quiet = self.paper.bills[payment.bill], self.quiet.get(known_as, self.now)
        paid = not payment.money or payment.paid_at is not None
        match state:
            case "settled":
                assert paid and not bill.elsewhere and bill.agreed == bill.amount, (payment, bill)
                self.paper.settle(known_as)
            case "failed":
                assert paid and (bill.elsewhere or bill.agreed != bill.amount), (payment, bill)
                self.paper.fall_through(known_as, "failed", self.now)
            case "expired":
                assert not paid and self.now >= payment.expires_at, payment
                self.paper.fall_through(known_as, "expired", self.now)
            case "confirming":
                assert paid and (silent or self.now < quiet), payment
                payment.state = "confirming"
                self.quiet[known_as] = max(quiet, self.now + LONGEST_RETRY) if silent else quiet
                return
            case _:
                found = payment.paid_at is not None and self.now - payment.paid_at > LONGEST_LOOK
                assert payment.state == state == "unpaid" and not found, (payment, state)
                assert self.now < payment.expires_at, payment
                return
        self.cast.played[f"payment:{state}"] += 1
