"""One bill on its way: looked at, told of a day before, paid, and noted as paid or failed.

A step is one transaction: the payment begins in the very one that notes it on the run and counts it to the month, so a
worker that dies has either paid or not; and since it writes what pausing and stopping write, of the two that meet the
second sees the first.
"""

from datetime import datetime, timedelta

from schemas.auto_pay import Lack, RunState
from server import ledger, payments, point_cards, residents
from server.auto_pay.noted import note
from server.auto_pay.stored import AUTO_PAYS, OPEN_RUNS, RUNS, AutoPay, Run
from server.bill_accounts import of_bill
from server.bills import BILLS, Bill
from server.building import Building
from server.config import Settings
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.events import Event, on
from server.kit.jobs import QueueOf, Settled
from server.payments import PAYMENTS
from server.sessions import SYSTEM

_BEING_PAID = timedelta(minutes=10)
"""Somebody is paying it themselves just now: it is looked at again when that may be over."""


async def start(tx: Tx, auto: AutoPay, bill: Bill) -> None:
    """Of a bill that was never paid by itself before; one that was left out stays so."""
    known = await tx.get(RUNS, bill.id)
    if known is None:
        run = Run(id=bill.id, auto_pay_id=auto.id, resident_id=auto.resident_id, at=tx.now, due_at=tx.now)
        await tx.insert(RUNS, run)
    elif known.state in (*OPEN_RUNS, "over") and known.payment_id is None:
        known.auto_pay_id, known.resident_id = auto.id, auto.resident_id
        known.state, known.due_at, known.lack = "waiting", tx.now, ""
        known.fence += 1
        await tx.put(RUNS, known)


@on("bill.new")
async def begin(tx: Tx, event: Event) -> None:
    """Where its account is one that is paid by itself."""
    bill = await tx.get(BILLS, event.subject)
    account = await of_bill(tx, bill) if bill is not None else None
    auto = await tx.get(AUTO_PAYS, account.id) if account is not None else None
    if bill is not None and auto is not None and auto.state == "on":
        await start(tx, auto, bill)


async def carry(house: Building, run: Run) -> Settled:
    lanes = ledger.lanes(run.resident_id, f"auto-pay {run.id}")
    await house.db.atomically(lambda tx: _step(tx, run, house.settings), lanes=lanes)
    return None


async def _step(tx: Tx, leased: Run, rules: Settings) -> None:
    """Nothing where another worker has it by now, or somebody has stopped it."""
    run = await tx.get(RUNS, leased.id)
    if run is None or run.fence != leased.fence or run.state not in OPEN_RUNS:
        return
    bill, auto = await tx.get(BILLS, run.id), await tx.get(AUTO_PAYS, run.auto_pay_id)
    run.attempts, run.error = 0, ""
    if bill is None or bill.resident_id != run.resident_id or bill.state in ("paid", "void"):
        run.state, run.due_at, run.pays_at = "over", None, None
    elif auto is None or auto.state != "on":
        run.state, run.due_at, run.pays_at = "waiting", None, None
    elif bill.state == "paying":
        run.due_at = tx.now + _BEING_PAID
    else:
        await _go_on(tx, run, bill, auto, rules)
    await tx.put(RUNS, run)


async def _go_on(tx: Tx, run: Run, bill: Bill, auto: AutoPay, rules: Settings) -> None:
    lack, fen = await _lacking(tx, bill, auto)
    if lack:
        await _hold(tx, run, bill, lack, fen, rules)
    elif run.state != "told" or run.amount_fen != bill.amount_fen or run.pays_at is None:
        await _announce(tx, run, bill, rules)
    elif tx.now < run.pays_at:
        run.due_at = run.pays_at
    else:
        await _pay(tx, run, bill, auto, rules)


async def _lacking(reader: Reader, bill: Bill, auto: AutoPay) -> tuple[Lack, int]:
    """What keeps it from being paid, and by how many fen it is too much or too little."""
    card = await point_cards.of(reader, bill.resident_id)
    if card is not None and card.state != "active":
        return "card", 0
    if bill.amount_fen > auto.most_bill_fen:
        return "over_bill", bill.amount_fen - auto.most_bill_fen
    month_fen = spent(auto, reader.now) + bill.amount_fen
    if month_fen > auto.most_month_fen:
        return "over_month", month_fen - auto.most_month_fen
    there = (await ledger.balances(reader, bill.resident_id))["resident"]
    return ("points", bill.amount_fen - there) if there < bill.amount_fen else ("", 0)


def spent(auto: AutoPay, now: datetime) -> int:
    """What was paid in the month that it is now, in fen."""
    return auto.month_fen if auto.month == _month(now) else 0


def _month(now: datetime) -> str:
    return f"{today(now):%Y-%m}"


async def _hold(tx: Tx, run: Run, bill: Bill, lack: Lack, fen: int, rules: Settings) -> None:
    """They hear once of each reason; it is looked at again day by day until its last day is over."""
    if run.lack != lack:
        note(tx, run, "lacking", SYSTEM, lack=lack, fen=fen)
    run.state, run.lack, run.lack_fen, run.pays_at = "lacking", lack, fen, None
    again = tx.now + timedelta(hours=rules.auto_pay.look_hours)
    run.due_at = again if today(again) <= bill.due else None
    if bill.auto_at is not None:
        await tx.change(BILLS, {"_id": bill.id}, {"$set": {"auto_at": None}})


async def _announce(tx: Tx, run: Run, bill: Bill, rules: Settings) -> None:
    run.pays_at = run.due_at = tx.now + timedelta(hours=rules.auto_pay.notice_hours)
    run.state, run.amount_fen, run.lack = "told", bill.amount_fen, ""
    note(tx, run, "coming", SYSTEM)
    await tx.change(BILLS, {"_id": bill.id}, {"$set": {"auto_at": run.pays_at}})


async def _pay(tx: Tx, run: Run, bill: Bill, auto: AutoPay, rules: Settings) -> None:
    resident = await residents.find(tx, bill.resident_id)
    payment = await payments.begin(tx, bill.id, resident, bill.amount_fen, rules, auto=True)
    auto.month_fen = spent(auto, tx.now) + bill.amount_fen
    auto.month = _month(tx.now)
    await tx.put(AUTO_PAYS, auto)
    run.state, run.payment_id, run.due_at = "paying", payment.id, None


@on("payment.settled")
async def end(tx: Tx, event: Event) -> None:
    """The payment's own news tells them. What somebody paid by hand is not paid by itself any more."""
    payment = await tx.get(PAYMENTS, event.subject)
    if payment is None:
        return
    state: RunState = "paid" if payment.auto else "over"
    open_ones = {"_id": payment.bill_id, "state": {"$in": ["paying"] if payment.auto else OPEN_RUNS}}
    how = {"state": state, "due_at": None, "pays_at": None}
    await tx.change(RUNS, open_ones, {"$set": how, "$inc": {"fence": 1}})


@on("payment.failed")
async def fail(tx: Tx, event: Event) -> None:
    """It is not tried again, and does not count to the month."""
    payment = await tx.get(PAYMENTS, event.subject)
    if payment is None or not payment.auto:
        return
    paying = {"_id": payment.bill_id, "payment_id": payment.id, "state": "paying"}
    run = await tx.take(RUNS, paying, {"$set": {"state": "failed"}})
    if run is None:
        return
    back = {"_id": run.auto_pay_id, "month": _month(payment.at)}
    await tx.change(AUTO_PAYS, back, {"$inc": {"month_fen": -payment.amount_fen}})
    await tx.change(BILLS, {"_id": run.id, "state": "open"}, {"$set": {"auto_at": None}})


RUNNING: QueueOf[Run] = QueueOf("auto_pay_runs", RUNS, carry)
