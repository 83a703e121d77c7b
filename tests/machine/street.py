"""What people do on the street, one thing after the other, and what must come of each.

The machine keeps no model of its own beside the books (`books.py`): before each step it says from them what the answer
has to be, and after each step they have to be in order, with nothing changed but what the step was about.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec import Struct
from msgspec.structs import replace
from tornado.ioloop import IOLoop

from schemas.catalogue import CancelFee
from schemas.staff import Grant
from server.cases import Case
from server.catalogue import PROVIDERS, Concession, Price
from server.kit.clock import SHANGHAI
from server.waitlist import Waiting
from tests.machine import books as ledger
from tests.machine.books import AFTER, DAILY, FREE, HOURS, LEAD, LENGTH, MOST_OPEN, NOTICE, SEATS, Books
from tests.world import QUOTE, Person, Reply, Shop, World, unique

MORNING = datetime(2030, 3, 29, 9, tzinfo=SHANGHAI)
"""A Friday, three days before the month ends."""
PRICE, VISIT_FEE = 8000, 5000


class Move(Struct, frozen=True):
    """What somebody does to a booking in some state, and where it leads."""

    who: str
    action: str
    target: str
    form: dict[str, Any] = {}


WHY = {"reason": "有事"}
MOVES: dict[str, tuple[Move, ...]] = {
    "held": (Move("owner", "submit", "submitted"), Move("owner", "cancel", "cancelled")),
    "submitted": (
        Move("manager", "confirm", "confirmed"),
        Move("owner", "cancel", "cancelled"),
        Move("manager", "reject", "rejected", WHY),
        Move("dispatcher", "cancel", "cancelled"),
    ),
    "quoted": (
        Move("owner", "accept_quote", "confirmed"),
        Move("owner", "refuse_quote", "cancelled"),
        Move("manager", "withdraw_quote", "submitted", WHY),
        Move("manager", "reject", "rejected", WHY),
    ),
    "confirmed": (
        Move("manager", "assign", "assigned", {"worker": 0}),
        Move("manager", "assign", "assigned", {"worker": 1}),
        Move("owner", "cancel", "cancelled"),
        Move("manager", "cancel", "cancelled"),
    ),
    "assigned": (
        Move("worker", "depart", "en_route"),
        Move("manager", "assign", "assigned", {"worker": 1}),
        Move("worker", "decline", "confirmed", WHY),
        Move("worker", "start", "in_service"),
        Move("owner", "cancel", "cancelled"),
        Move("dispatcher", "cancel", "cancelled"),
    ),
    "en_route": (
        Move("worker", "start", "in_service"),
        Move("worker", "no_show", "no_show", WHY),
        Move("worker", "requote", "requoted", {"if_refused": "continue"}),
        Move("dispatcher", "cancel", "cancelled"),
    ),
    "in_service": (
        Move("worker", "finish", "done"),
        Move("worker", "requote", "requoted", {"if_refused": "leave"}),
    ),
    "requoted": (
        Move("owner", "accept_quote", "before"),
        Move("owner", "refuse_quote", "agreed"),
        Move("worker", "withdraw_quote", "before", WHY),
    ),
    "done": (Move("owner", "accept", "completed"), Move("owner", "dispute", "disputed", WHY)),
    "disputed": (Move("dispatcher", "settle", "completed", WHY),),
    "no_show": (Move("owner", "appeal", "appealed", WHY),),
    "appealed": (
        Move("dispatcher", "overturn", "cancelled", WHY),
        Move("dispatcher", "uphold", "upheld", WHY),
    ),
}
ENDING = {"in_service": 0, "en_route": 3, "confirmed": 2, "assigned": 4, "requoted": 2, "submitted": 1}
"""The way out of a state, where it is not the first: nothing is left open when the street closes."""
BY_ITSELF = {
    ("held", "expired"),
    ("quoted", "expired"),
    ("done", "completed"),
    ("no_show", "upheld"),
    ("submitted", "submitted"),
}
RUNNING_OUT = ("held", "submitted", "quoted", "done", "no_show")
REQUOTE = {"items": [{"name": "换水管", "amount_fen": 12000}], "reason": "水管也坏了"}


class Cast(Struct):
    """The street's people and its two services, which share a pool: one at a price, one that is quoted."""

    world: World
    shop: Shop
    quoting: Shop
    residents: list[Person]
    workers: list[Person]
    played: Counter[str]
    """How often which state was reached, and which refusal was met."""


async def cast(world: World) -> Cast:
    """Set the stage. The house's settings are those of the machine from here on."""
    world.clock.set(MORNING)
    rules = world.house.settings
    world.house.settings = replace(
        rules,
        bookings=replace(rules.bookings, max_open=MOST_OPEN),
        sessions=replace(rules.sessions, staff_hours=24 * 90, resident_days=90),
    )
    minutes = {"duration_min": LENGTH, "buffer_after_min": AFTER, "lead_time_min": LEAD, "step_min": LENGTH}
    shop = await world.shop(
        SEATS,
        weekly=[[(HOURS[0] * 60, (HOURS[-1] + 1) * 60)]] * 7,
        cancel_notice_min=NOTICE // timedelta(minutes=1),
        cancel_fees=[CancelFee(within_min=NOTICE // timedelta(minutes=1), percent=50)],
        price=Price(unit="visit", amount_fen=PRICE),
        visit_fee_fen=VISIT_FEE,
        concession=Concession(min_age=0, free_per_month=FREE),
        **{name: amount // timedelta(minutes=1) for name, amount in minutes.items()},
    )
    provider = world.house.db.reader().recall(PROVIDERS, shop.provider_id)
    assert provider is not None
    await world.put(PROVIDERS, replace(provider, daily_bookings=DAILY))
    quoting = await shop.quoting(seat_for_quote=True, concession=None)
    second = await world.staff(
        Grant(role="worker", provider_id=shop.provider_id), skills=[shop.category], name="赵师傅"
    )
    residents = [await world.resident() for _ in range(3)]
    return Cast(world, shop, quoting, residents, [shop.worker, second], Counter())


class Street(RuleBasedStateMachine):
    """Book, move along, change the time, wait in line, plan, let time pass; the workers come round now and then."""

    io_loop: IOLoop
    cast: Cast

    def run(self, coroutine: Any) -> Any:
        return self.io_loop.asyncio_loop.run_until_complete(coroutine)  # type: ignore[attr-defined]

    def ask(self, who: Person, path: str, body: dict[str, Any] | None = None, method: str = "POST") -> Reply:
        """With a key, and again with the same one when the house was too busy to answer in time."""
        key = unique("asked")
        for _ in range(20):
            asked = self.world.call(method, path, body, token=who.token, key=key)
            reply: Reply = self.run(asked)
            if reply.status != 503:
                break
        return reply

    # Opening, looking, closing.

    @initialize()
    def open(self) -> None:
        self.world, self.shop = self.cast.world, self.cast.shop
        self.world.clock.set(MORNING)
        self.run(self._wiped())
        self.free: dict[str, str] = {}
        self.plans: list[str] = []
        self.touched: set[str] = set()
        self.worked = False
        self.books = self.run(self._read())
        for number in range(DAILY):
            self.book(number % 3, 1, HOURS[number // SEATS * 2], False, number % 2 == 1)
            self.check()

    async def _wiped(self) -> None:
        for collection in ledger.PAGES:
            await self.world.house.db.alone(lambda tx, one=collection: tx.delete_all(one, {}))  # type: ignore[misc]

    async def _read(self) -> Books:
        shop = self.shop
        return await ledger.read(self.world, shop.pool_id, shop.provider_id, shop.service_id, self.free)

    @invariant()
    def check(self) -> None:
        """The books are in order, and nothing has changed but what the step was about."""
        if not hasattr(self, "books"):
            return
        before, self.books = self.books, self.run(self._read())
        was, now = before.written(), self.books.written()
        for case_no, written in now.items():
            if case_no not in was:
                self._first_seen(self.books.cases[case_no])
                self.cast.played[written[0]] += 1
            elif written != was[case_no] and case_no not in self.touched:
                self._by_itself(before.cases[case_no], self.books.cases[case_no])
        assert not set(was) - set(now), "a booking is gone"
        self.cast.played.update(now[one][0] for one in now if one in was and now[one] != was[one])
        self.cast.played.update(
            f"line:{one.state}" for one in self.books.line.values() if one != before.line.get(one.id)
        )
        self.cast.played.update(
            f"visit:{one.state}" for one in self.books.visits.values() if one != before.visits.get(one.id)
        )
        if self.worked:
            self._in_turn(before)
        assert not (found := ledger.problems(self.books, worked=self.worked)), "\n".join(found)
        self.touched, self.worked = set(), False

    def _first_seen(self, case: Case) -> None:
        """Who has not had the free visit of the month has it with this booking."""
        booking = self.books.booking(case)
        if booking.service_id == self.shop.service_id and booking.price_fen == 0:
            self.free[case.id] = booking.day[:7]
        assert case.id in self.touched or (self.worked and case.channel == "system"), case

    def _by_itself(self, before: Case, after: Case) -> None:
        """What the system does, it does when the time is up and not before."""
        assert self.worked, (before, after)
        assert (before.state, after.state) in BY_ITSELF, (before.state, after.state)
        deadline = self.books.deadline(before)
        assert deadline is None or deadline <= self.books.now, (before, after)

    def _in_turn(self, before: Books) -> None:
        """Nobody was passed over whom the offered time suits."""
        for one in self.books.line.values():
            known = before.line.get(one.id)
            if one.case_no is None or known is None or known.case_no is not None:
                continue
            start = self.books.booking(self.books.cases[one.case_no]).start
            earlier = [
                other
                for other in self.books.line.values()
                if other.state == "waiting" and other.day_id == one.day_id and other.ticket < one.ticket
            ]
            assert not [other for other in earlier if start in self.books.chances(other)], (one, earlier)

    def teardown(self) -> None:
        """When everything has ended, nothing is taken, counted or awaited any more."""
        if not hasattr(self, "books"):
            return
        for plan_id in self.plans:
            self._change_plan(plan_id, "end", {"cancel_booked": False})
        self._worked()
        while waiting := [one for one in self.books.line.values() if one.open]:
            for one in waiting:
                self._leave(one)
                self.check()
            self._worked()
        while still := [one for one in self.books.cases.values() if one.open]:
            for case in still:
                self._move(case, MOVES[case.state][ENDING.get(case.state, 0)])
                self.check()
            self._worked()
        assert not (found := ledger.left_over(self.books)), "\n".join(found)

    # Booking.

    def start(self, day: int, hour: int) -> datetime:
        today = self.world.clock.now().astimezone(SHANGHAI).date()
        return ledger.at(today + timedelta(days=day), hour)

    def _not_offered(self, start: datetime) -> set[str]:
        now = self.world.clock.now()
        if start <= now:
            return {"slot_in_past"}
        return {"slot_too_soon"} if start < now + LEAD else set()

    @rule(
        who=st.integers(0, 2),
        day=st.sampled_from((1, 2, 0)),
        hour=st.sampled_from(HOURS),
        hold=st.booleans(),
        quoted=st.booleans(),
    )
    def book(self, who: int, day: int, hour: int, hold: bool, quoted: bool) -> None:
        person, start = self.cast.residents[who], self.start(day, hour)
        shop = self.cast.quoting if quoted else self.shop
        refusals = self._not_offered(start)
        if not self.books.is_free(start):
            refusals.add("slot_taken")
        if self.books.open_of(person.id) >= MOST_OPEN:
            refusals.add("too_many_open")
        if self.books.on_day(start.date().isoformat()) >= DAILY:
            refusals.add("provider_full")
        reply = self.ask(person, "/v1/bookings", shop.wish(start.isoformat(), hold=hold))
        self._expect(reply, refusals, 201)
        if reply.status == 201:
            self.touched.add(reply.json["case_no"])
            assert reply.json["state"] == ("held" if hold else "submitted")
            due = PRICE if not quoted and self._had_free(person, start) else 0
            assert quoted or reply.json["details"]["price_fen"] == due, reply.json["details"]

    def _had_free(self, person: Person, start: datetime) -> bool:
        tally = self.books.tallies.get(f"resident:{person.id}")
        name = f"free {self.shop.service_id} {start:%Y-%m}"
        return tally is not None and tally.counts.get(name, 0) >= FREE

    def _expect(self, reply: Reply, refusals: Iterable[str], status: int = 200) -> None:
        wanted = set(refusals)
        self.cast.played[f"refusal:{reply.code}"] += bool(reply.code)
        if wanted:
            assert reply.code in wanted, (wanted, reply.body)
        else:
            assert reply.status == status, reply.body

    # Moving along.

    def _some(self, which: int) -> Case:
        """Of those that are open, the ones furthest on their way first."""
        order = list(MOVES)
        open_ones = [one for one in self.books.cases.values() if one.open]
        return sorted(open_ones, key=lambda one: (-order.index(one.state), one.id))[which % len(open_ones)]

    def _any_open(self) -> bool:
        return any(one.open for one in self.books.cases.values())

    @precondition(_any_open)
    @rule(which=st.integers(0, 3), steps=st.integers(1, 4))
    def go_on(self, which: int, steps: int) -> None:
        """The usual way, a step or more."""
        case_no = self._some(which).id
        for _ in range(steps):
            case = self.books.cases[case_no]
            if case.open:
                self._move(case, MOVES[case.state][0])
                self.check()

    @precondition(_any_open)
    @rule(which=st.integers(0, 9), at_home=st.booleans())
    def visit(self, which: int, at_home: bool) -> None:
        """Somebody sets out, and a quarter of an hour after the time the door is open or not."""
        case_no = self._some(which).id
        while (case := self.books.cases[case_no]).state in ("submitted", "quoted", "confirmed", "assigned"):
            version = case.version
            self._move(case, MOVES[case.state][0])
            self.check()
            if self.books.cases[case_no].version == version:
                return
        if case.state == "en_route":
            late = self.books.booking(case).start + timedelta(minutes=15)
            self.world.clock.set(max(late, self.world.clock.now()))
            self._ends_are_seen()
            self._move(case, MOVES["en_route"][0 if at_home else 1])

    @precondition(_any_open)
    @rule(which=st.integers(0, 3), how=st.integers(1, 5), work=st.booleans())
    def do_otherwise(self, which: int, how: int, work: bool) -> None:
        case = self._some(which)
        moves = MOVES[case.state]
        self._move(case, moves[how % len(moves)])
        self._then(work)

    @precondition(_any_open)
    @rule(which=st.integers(0, 9), work=st.booleans())
    def cancel(self, which: int, work: bool) -> None:
        self._move(self._some(which), Move("owner", "cancel", "cancelled"))
        self._then(work)

    def _then(self, work: bool) -> None:
        self.check()
        if work:
            self.work()

    def _move(self, case: Case, move: Move) -> None:
        booking = self.books.booking(case)
        form = dict(move.form)
        if move.action == "confirm" and booking.mode == "quote":
            move, form = Move("manager", "quote", "quoted"), {"items": QUOTE}
        if move.action == "assign":
            form = {"worker_id": self.cast.workers[form["worker"]].id}
        if move.action == "start":
            form = {"code": booking.start_code}
        if move.action == "requote":
            form = {**REQUOTE, **form}
        refusals = self._refusals(case, move, form)
        reply = self.ask(self._who(case, move.who), f"/v1/cases/{case.id}/{move.action}", form)
        self._expect(reply, refusals)
        if reply.status == 200:
            self.touched.add(case.id)
            self._moved(case, move, reply.json)

    def _who(self, case: Case, who: str) -> Person:
        everybody = [*self.cast.residents, *self.cast.workers]
        wanted = {"owner": case.resident_id, "worker": case.worker_id}.get(who)
        staff = {"manager": self.shop.manager, "dispatcher": self.shop.dispatcher}
        return staff[who] if who in staff else next(one for one in everybody if one.id == wanted)

    def _refusals(self, case: Case, move: Move, form: dict[str, Any]) -> set[str]:
        booking, now = self.books.booking(case), self.world.clock.now()
        if self.books.is_over(case):
            return {"time_is_up"}
        if not any(
            (one.who, one.action) == (move.who, move.action) for one in MOVES[case.state]
        ) and move.action not in ("quote", "reschedule"):
            return {"not_allowed_now"}
        match move.action:
            case "quote" if booking.start <= now:
                return {"visit_time_passed"}
            case "assign" if not self.books.can_come(form["worker_id"], booking.start, case.id):
                return {"worker_busy"}
            case "no_show" if now < booking.start + timedelta(minutes=15):
                return {"too_early_for_no_show"}
        return set()

    def _moved(self, case: Case, move: Move, after: dict[str, Any]) -> None:
        """Where it led, and what it cost."""
        booking, details = self.books.booking(case), after["details"]
        offer = booking.offer
        target = move.target
        if target in ("before", "agreed") and offer is not None:
            leaves = target == "agreed" and offer.if_refused == "leave"
            target = "cancelled" if leaves else offer.before
        assert after["state"] == target, (move, after["state"])
        if move.action == "accept_quote" and offer is not None:
            assert details["price_fen"] == sum(one.amount_fen for one in offer.lines)
        if target == "cancelled":
            late, fee = self._cost(case, move)
            assert (details["late_cancel"], details["fee_fen"]) == (late, fee), (move, details)

    def _cost(self, case: Case, move: Move) -> tuple[bool, int]:
        """Half the price inside the notice, where a price was agreed; the way to the door, where that was said."""
        booking, offer = self.books.booking(case), self.books.booking(case).offer
        if move.action == "refuse_quote":
            return False, VISIT_FEE if offer is not None and offer.on_site else 0
        inside = self.world.clock.now() > booking.start - NOTICE
        if move.who != "owner" or case.state == "held" or not inside:
            return False, 0
        accepted = booking.mode == "slot" or any(one.state == "accepted" for one in booking.quotes)
        return True, booking.price_fen // 2 if accepted else 0

    def _changeable(self) -> list[Case]:
        """Those with a worker first."""
        order = ("assigned", "confirmed", "submitted")
        found = [one for one in self.books.cases.values() if one.state in order]
        return sorted(found, key=lambda one: (order.index(one.state), one.id))

    @precondition(_any_open)
    @rule(which=st.integers(0, 3), day=st.integers(0, 2), hour=st.sampled_from(HOURS))
    def reschedule(self, which: int, day: int, hour: int) -> None:
        changeable = self._changeable()
        case = changeable[which % len(changeable)] if changeable else self._some(which)
        self._reschedule(case, self.start(day, hour))

    @precondition(lambda self: len(self._changeable()) > 1)
    @rule(which=st.integers(0, 1), other=st.integers(0, 3))
    def send_after_another(self, which: int, other: int) -> None:
        """To the time of another visit, for which the same worker may have been chosen."""
        changeable = self._changeable()
        for case in changeable[:2]:
            while (now := self.books.cases[case.id]).state in ("submitted", "quoted", "confirmed"):
                self._move(now, MOVES[now.state][0])
                self.check()
                if self.books.cases[case.id].version == now.version:
                    break
        case = self.books.cases[changeable[which].id]
        others = [one for one in self.books.cases.values() if one.open and one.id != case.id]
        self._reschedule(case, self.books.booking(others[other % len(others)]).start)

    def _reschedule(self, case: Case, moment: datetime) -> None:
        start = moment.astimezone(SHANGHAI)
        booking, now = self.books.booking(case), self.world.clock.now()
        refusals = self._not_offered(start)
        if self.books.is_over(case):
            refusals.add("time_is_up")
        if case.state not in ("submitted", "confirmed", "assigned"):
            refusals.add("not_allowed_now")
        if booking.changes >= 2:
            refusals.add("too_many_reschedules")
        if now > booking.start - NOTICE:
            refusals.add("reschedule_too_late")
        if start == booking.start:
            refusals.add("same_time")
        if not self.books.is_free(start, case.id):
            refusals.add("slot_taken")
        new_day = start.date().isoformat()
        if new_day != booking.day and self.books.on_day(new_day) >= DAILY:
            refusals.add("provider_full")
        reply = self.ask(
            self._who(case, "owner"), f"/v1/cases/{case.id}/reschedule", {"start": start.isoformat()}
        )
        self._expect(reply, refusals)
        if reply.status == 200:
            self.touched.add(case.id)
            loses = case.state == "assigned" and not self.books.can_come(case.worker_id or "", start, case.id)
            assert reply.json["state"] == ("confirmed" if loses else case.state)
            assert datetime.fromisoformat(reply.json["details"]["start"]) == start

    # Waiting in line.

    def _full(self) -> list[datetime]:
        ahead = [self.start(day, hour) for day in (0, 1, 2) for hour in HOURS]
        return [one for one in ahead if not self.books.is_free(one) and not self._not_offered(one)]

    @rule(day=st.integers(1, 2), first=st.integers(0, 2))
    def line_up(self, day: int, first: int) -> None:
        """A day is taken by whoever comes, and the next two wait for it."""
        for number, hour in enumerate((10, 12, 10, 12)):
            if self.books.is_free(self.start(day, hour)):
                self.book((first + number) % 3, day, hour, False, False)
                self.check()
        for number in (1, 2):
            if full := [one for one in self._full() if one.date() == self.start(day, 0).date()]:
                self._join(self.cast.residents[(first + number) % 3], full[0], number == 2)
                self.check()

    @precondition(lambda self: bool(self._full()))
    @rule(who=st.integers(0, 2), which=st.integers(0, 5), whole_day=st.booleans())
    def join(self, who: int, which: int, whole_day: bool) -> None:
        """For a time that is full, or for any of its day, which may have a free one."""
        full = self._full()
        self._join(self.cast.residents[who], full[which % len(full)], whole_day)

    def _join(self, person: Person, wanted: datetime, whole_day: bool) -> None:
        date = wanted.date()
        starts = [ledger.at(date, one) for one in HOURS] if whole_day else [wanted]
        refusals = self._not_offered(starts[-1])
        if any(self.books.is_free(one) for one in starts if not self._not_offered(one)):
            refusals.add("still_free")
        if any(
            one.open and one.resident_id == person.id and one.day == date.isoformat()
            for one in self.books.line.values()
        ):
            refusals.add("already_waiting")
        wish = {"date": date.isoformat()} if whole_day else {"start": wanted.isoformat()}
        reply = self.ask(person, "/v1/waitlist", {"service_id": self.shop.service_id, **wish})
        self._expect(reply, refusals, 201)

    def _offers(self) -> list[Case]:
        return [one for one in self.books.cases.values() if one.state == "held" and one.channel == "system"]

    @precondition(lambda self: bool(self._offers()))
    @rule(which=st.integers(0, 3), how=st.sampled_from((0, 0, 1)), work=st.booleans())
    def answer(self, which: int, how: int, work: bool) -> None:
        """Take the seat that was offered, or decline it."""
        offers = self._offers()
        self._move(offers[which % len(offers)], MOVES["held"][how])
        self._then(work)

    @precondition(lambda self: self.books.line)
    @rule(which=st.integers(0, 9))
    def leave(self, which: int) -> None:
        line = sorted(self.books.line.values(), key=lambda one: (not one.open, one.ticket, one.id))
        self._leave(line[which % len(line)])

    def _leave(self, entry: Waiting) -> None:
        case = self.books.cases.get(entry.case_no or "")
        refusals = set()
        if not entry.open or (case is not None and case.state != "held"):
            refusals.add("no_longer_waiting")
        elif case is not None and self.books.is_over(case):
            refusals.add("time_is_up")
        person = next(one for one in self.cast.residents if one.id == entry.resident_id)
        reply = self.ask(person, f"/v1/waitlist/{entry.id}", method="DELETE")
        self._expect(reply, refusals)
        if reply.status == 200:
            assert reply.json["state"] == "left"
            self.touched.update([entry.case_no] if entry.case_no else [])

    # Plans.

    @rule(who=st.integers(0, 2), day=st.integers(1, 2), hour=st.sampled_from(HOURS), work=st.booleans())
    def plan(self, who: int, day: int, hour: int, work: bool) -> None:
        """Once a week from tomorrow or the day after, for two weeks."""
        person = self.cast.residents[who]
        weekday = self.start(day, 0).isoweekday()
        wanted = {"service_id": self.shop.service_id, "weekdays": [weekday], "time": f"{hour}:00", "weeks": 2}
        running = [
            one
            for one in self.books.plans.values()
            if one.resident_id == person.id and one.state in ("active", "paused")
        ]
        reply = self.ask(person, "/v1/plans", wanted)
        self._expect(reply, {"plans_too_many"} if len(running) >= 5 else (), 201)
        if reply.status == 201:
            self.plans.append(reply.json["id"])
        self._then(work)

    @precondition(lambda self: self.books.visits)
    @rule(which=st.integers(0, 9))
    def skip(self, which: int) -> None:
        visits = sorted(self.books.visits.values(), key=lambda one: (one.start, one.plan_id))
        visit = visits[which % len(visits)]
        case = self.books.cases.get(visit.case_no or "")
        refusals = set()
        if visit.start <= self.world.clock.now():
            refusals.add("no_visit_that_day")
        elif visit.state == "skipped":
            refusals.add("already_skipped")
        elif visit.state == "booked" and case is not None and case.open:
            refusals = self._refusals(case, Move("owner", "cancel", "cancelled"), {})
        reply = self.ask(
            self._planner(visit.plan_id), f"/v1/plans/{visit.plan_id}/skips", {"date": visit.day}
        )
        self._expect(reply, refusals, 201)
        if reply.status == 201 and visit.case_no:
            self.touched.add(visit.case_no)

    def _planner(self, plan_id: str) -> Person:
        plan = self.books.plans[plan_id]
        return next(one for one in self.cast.residents if one.id == plan.resident_id)

    @precondition(lambda self: any(one.state != "ended" for one in self.books.plans.values()))
    @rule(which=st.integers(0, 9), how=st.sampled_from(("pause", "resume", "end")), cancel=st.booleans())
    def change_plan(self, which: int, how: str, cancel: bool) -> None:
        body = {} if how == "resume" else {"cancel_booked": cancel}
        self._change_plan(self.plans[which % len(self.plans)], how, body)

    def _change_plan(self, plan_id: str, how: str, body: dict[str, Any]) -> None:
        state = self.books.plans[plan_id].state
        from_states = {"pause": ("active",), "resume": ("paused",), "end": ("active", "paused")}[how]
        reply = self.ask(self._planner(plan_id), f"/v1/plans/{plan_id}/{how}", body)
        self._expect(reply, () if state in from_states else {"plan_not_active"})
        if reply.status == 200 and body.get("cancel_booked"):
            mine = [one.case_no for one in self.books.visits.values() if one.plan_id == plan_id]
            self.touched.update(one for one in mine if one)

    # Time, and what the workers make of it.

    @rule(what=st.sampled_from((6, 16, 16, 31, "late", "after", "tomorrow")), work=st.booleans())
    def wait(self, what: int | str, work: bool) -> None:
        """Some minutes; or until a visit can no longer be cancelled for nothing, until nobody has opened the door, until
        tomorrow at nine."""
        now = self.world.clock.now()
        by = timedelta(minutes=16) if what == "after" else timedelta(minutes=5) - NOTICE
        moments = [self.books.booking(one).start + by for one in self.books.cases.values() if one.open]
        coming = min((one for one in moments if one > now), default=now)
        minutes = now + timedelta(minutes=what) if isinstance(what, int) else now
        self.world.clock.set(
            {"late": coming, "after": coming, "tomorrow": self.start(1, 9)}.get(str(what), minutes)
        )
        self._ends_are_seen()
        self._then(work)

    @precondition(lambda self: any(one.state in RUNNING_OUT for one in self.books.cases.values()))
    @rule(which=st.integers(0, 5), work=st.booleans())
    def nobody_answers(self, which: int, work: bool) -> None:
        """Until the very moment at which a hold, a quote, a question ends by itself."""
        waits = [one for one in self.books.cases.values() if one.state in RUNNING_OUT]
        case = sorted(waits, key=lambda one: (one.state != "submitted", one.id))[which % len(waits)]
        if case.state == "submitted":
            self._move(case, MOVES["submitted"][0])
            self.check()
            case = self.books.cases[case.id]
        deadline = self.books.deadline(case)
        if deadline is not None:
            self.world.clock.set(max(deadline, self.world.clock.now()))
            self._ends_are_seen()
            self._move(case, MOVES[case.state][0])
        self._then(work)

    def _ends_are_seen(self) -> None:
        """What has run out is not shown as running, though no worker has come round."""
        self.books = replace(self.books, now=self.world.clock.now())
        for case in self.books.cases.values():
            if case.state in ("held", "quoted") and self.books.is_over(case):
                reply = self.ask(self._who(case, "owner"), f"/v1/cases/{case.id}", method="GET")
                assert reply.json["state"] == "expired", reply.body

    @rule()
    def work(self) -> None:
        self.run(self.world.work())
        self.worked = True

    def _worked(self) -> None:
        self.work()
        self.check()

    @rule(day=st.integers(0, 2))
    def look(self, day: int) -> None:
        """What is shown as free is what is free, though it is answered from memory."""
        date = self.start(day, 0).date()
        path = f"/v1/services/{self.shop.service_id}/slots"

        async def shown() -> bool:
            reply = await self.cast.residents[0].get(path, **{"from": date.isoformat(), "days": 1})
            slots = {
                datetime.fromisoformat(one["start"]): one["free"] for one in reply.json["days"][0]["slots"]
            }
            return slots == self._free_on(date)

        self.run(self.world.until(shown, f"the free seats of {date}", seconds=20))

    def _free_on(self, date: Any) -> dict[datetime, int]:
        taken = self.books.taken()
        starts = [ledger.at(date, one) for one in HOURS]
        return {
            one: SEATS - max(taken[cell] for cell in ledger.quarters(one))
            for one in starts
            if not self._not_offered(one)
        }
