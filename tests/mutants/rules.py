"""Each mutant is one rule and the smallest slip that breaks it. The text has to stand in its file exactly once."""

from msgspec import Struct


class Mutant(Struct, frozen=True):
    """`test`: the one that has to notice where the machine's short form does not come by; no `machine`, and it alone
    looks."""

    name: str
    breaks: str
    file: str
    before: str
    after: str
    test: str = ""
    machine: str = "tests/machine/test_machine.py"


_ACTS, _SLOTS = "server/bookings/acts.py", "server/slots.py"
_RESCHEDULE, _TALLIES = "server/bookings/reschedule.py", "server/bookings/tallies.py"
_LINE, _MOVES = "server/waitlist/line.py", "server/waitlist/moves.py"

MUTANTS = (
    Mutant(
        "one-too-many",
        "a full quarter takes one more",
        _SLOTS,
        'free = {f"cells.{one}": {"$not": {"$gte": most}} for one in wanted}',
        'free = {f"cells.{one}": {"$not": {"$gt": most}} for one in wanted}',
    ),
    Mutant(
        "no-clearing-away",
        "the time after a visit is not counted",
        _SLOTS,
        "minute + service.duration_min + service.buffer_after_min",
        "minute + service.duration_min",
    ),
    Mutant(
        "past-the-line",
        "a seat that comes back passes by those who wait",
        _SLOTS,
        'taken, {"waiting": {"$not": {"$gt": 0}}})',
        "taken, {})",
    ),
    Mutant(
        "seat-kept-at-the-end",
        "an ended booking keeps its seat",
        _ACTS,
        "    if booking.seated:\n        await slots.give_back(",
        "    if not booking.seated:\n        await slots.give_back(",
    ),
    Mutant(
        "tally-kept-at-the-end",
        "an ended booking is still counted as open",
        _ACTS,
        "    await tallies.release(act.tx, act.details, used=used)",
        "    act.details.tallies = []",
    ),
    Mutant(
        "worker-kept-at-the-end",
        "the worker of an ended booking stays busy",
        _ACTS,
        "    await _free_worker(act.tx, act.case, booking)\n\n\nasync def close",
        "\n\nasync def close",
    ),
    Mutant(
        "done-early-blocks-the-time",
        "who has finished before the time has it blocked all the same",
        _ACTS,
        "if act.details.start > act.tx.now:",
        "if act.details.start < act.tx.now - act.tx.now.resolution * 10**15:",
    ),
    Mutant(
        "late-is-early",
        "a cancellation in good time is the late one",
        _ACTS,
        "act.tx.now > booking.free_until",
        "act.tx.now < booking.free_until",
    ),
    Mutant(
        "old-seat-kept",
        "a change of time keeps the old seat",
        _RESCHEDULE,
        "    if lost:\n",
        "    if lost and not gained:\n",
    ),
    Mutant(
        "new-seat-not-taken",
        "a change of time does not take the new seat",
        _RESCHEDULE,
        "    if gained:\n",
        "    if gained and not lost:\n",
    ),
    Mutant(
        "third-change",
        "the time is changed once more than is allowed",
        _RESCHEDULE,
        "if booking.changes >= act.rules.bookings.max_reschedules:",
        "if booking.changes > act.rules.bookings.max_reschedules:",
    ),
    Mutant(
        "busy-worker-moves-along",
        "nobody asks whether the worker is free at the new time",
        _RESCHEDULE,
        "    if busy:\n        await slots.give_back(act.tx, owner",
        "    if busy and not known:\n        await slots.give_back(act.tx, owner",
        test="tests/test_reschedule.py::test_a_worker_who_is_busy_then_is_free_and_another_is_looked_for",
    ),
    Mutant(
        "same-worker-twice",
        "a worker is given two visits at one time",
        _ACTS,
        "booking.seats, 1, otherwise=busy)",
        "booking.seats, 2, otherwise=busy)",
    ),
    Mutant(
        "provider-day-forgotten",
        "a change of day is counted on the old day",
        _TALLIES,
        "if provider is None or not counted or day == booking.day:",
        "if provider is None or not counted or day != booking.day:",
    ),
    Mutant(
        "hold-never-ends",
        "a hold has no end",
        "server/bookings/kind.py",
        "            return now + timedelta(minutes=minutes), None",
        "            return None, None",
    ),
    Mutant(
        "end-not-checked-on-read",
        "what has run out can be used until the worker comes round",
        "server/cases/moves.py",
        "    if actor is not SYSTEM and time_is_up(tx, case):",
        "    if actor is SYSTEM and time_is_up(tx, case) and case.version < 0:",
        test="tests/test_quotes.py"
        "::test_a_quote_lapses_when_its_time_is_up_and_says_so_before_the_worker_comes_round",
    ),
    Mutant(
        "no-show-keeps-the-seat",
        "where nobody was at home the seat stays taken",
        "server/bookings/appeals.py",
        "    await acts.end(act, used=True)\n",
        "",
    ),
    Mutant(
        "lapse-keeps-the-seat",
        "a quote that lapses keeps the seat",
        "server/bookings/quotes.py",
        '    _answer(act, "lapsed").answered_by = "系统"\n    await acts.end(act)\n',
        '    _answer(act, "lapsed").answered_by = "系统"\n',
        test="tests/test_quotes.py"
        "::test_a_service_that_keeps_a_seat_for_the_quote_gives_it_back_when_nothing_comes_of_it",
    ),
    Mutant(
        "agreed-price-forgotten",
        "a quote is accepted, the price stays",
        "server/bookings/quotes.py",
        "    act.details.price_fen = given.total_fen\n",
        "",
    ),
    Mutant(
        "last-in-line-first",
        "whoever came last is served first",
        _LINE,
        'limit=LONGEST, sort="ticket"):',
        'limit=LONGEST, sort="-ticket"):',
        test="tests/test_waitlist.py::test_an_offer_that_lapses_goes_to_the_next_until_the_line_is_empty",
    ),
    Mutant(
        "offered-and-kept",
        "a seat is offered and kept for the next, too",
        _LINE,
        "    left = [one for one in kept if one not in wanted]\n",
        "    left = kept\n",
    ),
    Mutant(
        "gone-but-counted",
        "who has left the line is still counted as waiting",
        _MOVES,
        '    if before == "waiting":\n',
        '    if before == "waiting" and state != "left":\n',
        test="tests/test_waitlist.py::test_when_nobody_waits_any_more_what_comes_back_is_for_everybody_at_once",
    ),
    Mutant(
        "taken-by-leaving",
        "leaving the line cancels the booking that came of it",
        "server/waitlist/joining.py",
        'if not entry.open or (offered is not None and offered.state != "held"):',
        "if not entry.open:",
        test="tests/machine/test_found.py"
        "::test_who_has_taken_the_offered_seat_does_not_lose_it_by_leaving_the_line",
    ),
    Mutant(
        "skip-keeps-the-booking",
        "a visit that is skipped stays booked",
        "server/plans/changes.py",
        "        if case is not None and case.open:\n",
        "        if case is not None and not case.open:\n",
        test="tests/test_plans.py::test_one_visit_is_skipped_and_its_booking_cancelled",
    ),
    Mutant(
        "nobody-told",
        "a resident does not hear that somebody else has cancelled",
        "server/bookings/messages.py",
        'if event.data["action"] == "cancel" and event.by["kind"] == "resident":',
        'if event.data["action"] == "cancel":',
        test="tests/test_push.py::test_the_resident_is_told_of_others_cancelling_and_not_of_their_own",
    ),
)
