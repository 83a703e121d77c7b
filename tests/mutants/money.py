"""Slips with points and money."""

from tests.mutants.rules import Mutant

_MACHINE = "tests/machine/test_money.py"
_LEDGER, _NOTIFY = "tests/test_ledger.py::", "tests/test_pay_notify.py"
_POSTING, _RESERVING = "server/ledger/posting.py", "server/ledger/reserving.py"
_SWIPES, _FILES, _CARRYING = "server/pos/swipes.py", "server/pos/files.py", "server/payments/carrying.py"


def _slip(name: str, breaks: str, file: str, before: str, after: str, test: str = "") -> Mutant:
    """Where a test is named, it alone looks; otherwise the machine of money plays."""
    return Mutant(name, breaks, file, before, after, test, machine="" if test else _MACHINE)


MONEY = (
    _slip(
        "below-nothing",
        "an account goes below zero",
        _POSTING,
        "if balance < 0 and leg.amount < 0 and account.book in FLOORED:",
        "if balance < -100_000 and leg.amount < 0 and account.book in FLOORED:",
        f"{_LEDGER}test_two_transfers_of_one_transaction_see_each_other",
    ),
    _slip(
        "other-money-same-name",
        "another transfer under a known name is taken for the first",
        _POSTING,
        "if (known.kind, known.legs, known.reverses) != (kind, list(legs), reverses):",
        "if known.kind != kind:",
        f"{_LEDGER}test_the_same_transfer_again_changes_nothing_and_another_under_its_name_is_refused",
    ),
    _slip(
        "chain-broken",
        "an entry's seal does not cover the one before",
        _POSTING,
        "seal=seal(account.head, facts(plain))",
        'seal=seal("", facts(plain))',
        f"{_LEDGER}test_a_transfer_moves_both_balances_and_explains_itself_by_its_entries",
    ),
    _slip(
        "newest-first",
        "the points that live longest are used first",
        "server/ledger/lots.py",
        'limit=_AT_ONCE, sort="expires_at")',
        'limit=_AT_ONCE, sort="-expires_at")',
    ),
    _slip(
        "own-lot-forgotten",
        "what is taken back comes out of another purchase's lot",
        "server/ledger/lots.py",
        "    if own is not None and own.left:",
        "    if own is not None and not own.left:",
    ),
    _slip(
        "rest-comes-along",
        "what comes back lets all of an expired lot live on",
        "server/ledger/expiry.py",
        "            await _expire(tx, lot)\n            lot.expires_at",
        "            lot.expires_at",
        f"{_LEDGER}test_what_comes_back_to_an_expired_lot_takes_nothing_else_along",
    ),
    _slip(
        "debt-forgotten",
        "what is owed is not made good",
        "server/ledger/earning.py",
        "good = min(fen, -await standing(tx, owed, issuer, theirs))",
        "good = min(0, -await standing(tx, owed, issuer, theirs))",
        "tests/test_points.py::test_what_was_spent_already_is_owed_and_the_next_points_make_it_good",
    ),
    _slip(
        "given-back-to-no-lot",
        "what is given back is in no lot",
        _RESERVING,
        "        await give_back(tx, held.parts)\n        held.parts = []\n",
        "        held.parts = []\n",
        f"{_LEDGER}test_a_reserve_is_spent_in_parts_and_the_rest_given_back",
    ),
    _slip(
        "reversed-beyond-the-purchase",
        "more is taken back than was bought",
        _SWIPES,
        "    if reversed_fen > original.amount_fen:",
        "    if reversed_fen > 9 * original.amount_fen:",
    ),
    _slip(
        "taken-back-twice",
        "the second part of a reversal takes back what the first has",
        _SWIPES,
        "    points = given_back - original.given_back_fen\n",
        "    points = given_back\n",
        "tests/test_points.py::test_a_reversal_in_parts_takes_back_what_was_earned_to_the_fen",
    ),
    _slip(
        "other-amount-is-the-same",
        "another amount under a swipe's numbers is taken for the first",
        _SWIPES,
        "    same = (known.card, known.category, abs(known.amount_fen), known.reverses is not None)\n",
        "    same = (known.card, known.category, new.amount_fen, known.reverses is not None)\n",
    ),
    _slip(
        "every-purchase-the-first",
        "the cap of a day forgets what was earned before",
        _SWIPES,
        "capped(earning, tally.points_fen)",
        "capped(earning, 0)",
    ),
    _slip(
        "waiting-earns-all",
        "what was taken back before the card was bound earns all the same",
        _SWIPES,
        "        left = swipe.amount_fen - swipe.reversed_fen\n",
        "        left = swipe.amount_fen\n",
        "tests/test_points.py::test_what_was_bought_before_the_card_was_bound_counts_then",
    ),
    _slip(
        "rounded-up",
        "points are rounded up",
        "server/points/accrual.py",
        'if body.rounding == "half_up" else 0)',
        'if body.rounding == "half_up" else unit - 1)',
    ),
    _slip(
        "again-counts",
        "a line that was known adds to the points of its file",
        _FILES,
        "        points += 0 if told.again else told.points_fen\n",
        "        points += told.points_fen\n",
    ),
    _slip(
        "sum-not-compared",
        "a file whose sum is wrong is posted",
        _FILES,
        "    if (totals.rows, totals.sum_fen) != (found.rows, found.sum_fen):",
        "    if totals.rows != found.rows:",
        "tests/test_pos_files.py::test_a_file_that_is_not_whole_is_handed_back_whole",
    ),
    _slip(
        "any-amount-believed",
        "a notification is believed whatever amount it says",
        _CARRYING,
        '        "amount": (told.paid_fen, payment.pay_fen),\n',
        "",
        _NOTIFY,
    ),
    _slip(
        "any-merchant-believed",
        "a notification is believed whoever's it is",
        _CARRYING,
        '        "mchid": (told.mchid, house.settings.pay.mchid),\n',
        "",
        _NOTIFY,
    ),
    _slip(
        "lies-not-kept",
        "what was not believed is not on record",
        _CARRYING,
        "        await refused(house, wrong, told.out_trade_no)\n",
        "",
        _NOTIFY,
    ),
    _slip(
        "late-money-kept",
        "money for an order that was given up is not paid back",
        _CARRYING,
        '    elif payment.state == "expired":',
        '    elif payment.state == "never":',
        _NOTIFY,
    ),
    _slip(
        "points-kept",
        "a payment that comes to nothing keeps the points",
        _CARRYING,
        "    if payment.points_fen:\n        await ledger.release(",
        "    if not payment.points_fen:\n        await ledger.release(",
    ),
    _slip(
        "bill-not-free",
        "a bill whose payment came to nothing cannot be paid again",
        _CARRYING,
        '    free = {"state": "open", "payment_id": None}',
        '    free = {"payment_id": None}',
    ),
)
