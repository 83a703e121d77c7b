"""When a day is over and WeChat Pay's bill of it is ready, the two are compared; as often as one likes, with one result.

The bill lists what was paid, and what was asked to be paid back, between two midnights in Shanghai; so do we, by the
times that WeChat Pay itself has told.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, TypeVar

from msgspec.structs import replace

from server import audit, staff_push
from server.building import Building
from server.kit.clock import SHANGHAI, today
from server.kit.db import Duplicate, Reader, Tx
from server.kit.errors import Conflict
from server.kit.events import Event, emit, on
from server.kit.jobs import QueueOf, Settled
from server.kit.sweeps import Sweep
from server.pay_checks.comparing import NOT_PAID, PAID, Found, Key, Row, compared, summed
from server.pay_checks.stored import CHECKS, DIFFERENCES, UNSETTLED, PayCheck, PayDifference
from server.payments import PAYMENTS, Payment
from server.refunds import REFUNDS, STATES, Refund
from server.refunds.notices import bookkeepers
from server.sessions import SYSTEM, Actor
from server.staff_push import Word

T = TypeVar("T")
_AT_ONCE = 200
_LOOK = timedelta(minutes=10)
_PROCESSING = "PROCESSING"


class DayNotOver(Conflict):
    """这一天还没有过完，微信的账单第二天上午才有"""


# When.


async def begin(house: Building) -> None:
    """A row for each day whose bill should be there by now and that has none."""
    rules, now = house.settings.pay, house.db.now()
    if not rules.mchid:
        return
    for back in range(1, rules.compare_days + 1):
        day = today(now) - timedelta(days=back)
        ready = datetime.combine(day + timedelta(days=1), time(rules.compare_hour), SHANGHAI)
        if ready <= now and await house.db.reading(lambda reader, day=day: _known(reader, day)) is None:  # type: ignore[misc]
            await house.db.atomically(lambda tx, day=day: _add(tx, day))  # type: ignore[misc]


async def _known(reader: Reader, day: date) -> PayCheck | None:
    return await reader.get(CHECKS, day.isoformat())


async def _add(tx: Tx, day: date) -> PayCheck:
    made = PayCheck(id=day.isoformat(), day=day, at=_midnight(day), due_at=tx.now)
    try:
        await tx.insert(CHECKS, made)
    except Duplicate:
        return made
    return made


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


BEGINNING = Sweep("pay-checks", begin, lambda settings: _LOOK)


async def run_again(tx: Tx, day: date, actor: Actor) -> PayCheck:
    """As soon as a worker is free. Raises DayNotOver."""
    if day >= today(tx.now):
        raise DayNotOver
    check = await _known(tx, day) or await _add(tx, day)
    await tx.change(
        CHECKS, {"_id": check.id}, {"$set": {"due_at": tx.now, "attempts": 0, "state": "waiting"}}
    )
    audit.note(tx, actor, "console", "pay_check.run", check.id)
    return replace(check, state="waiting")


# What.


async def run(house: Building, check: PayCheck) -> Settled:
    """Compare, write what was found, and call for somebody where it is anything new."""
    bill = await house.pay.trade_bill(check.day)
    theirs = [_theirs(one) for one in bill]
    ours = await house.db.reading(lambda reader: _ours(reader, check.day, [one.key for one in theirs]))
    found, number = compared(ours, theirs), check.runs + 1
    for some in _portions(found):
        await house.db.atomically(lambda tx, some=some: _write(tx, check.day, number, some))  # type: ignore[misc]
    sums = {"ours": summed(ours.values()), "theirs": summed(theirs)}
    done = replace(check, runs=number, differences=len(found), state="compared", **sums)
    await house.db.atomically(lambda tx: _close(tx, done))
    return None


def _portions(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    return (rows[start : start + _AT_ONCE] for start in range(0, len(rows), _AT_ONCE))


def _theirs(one: Any) -> Row:
    if one.out_refund_no:
        return Row(
            refund=True,
            number=one.out_refund_no,
            payment_id=one.out_trade_no,
            fen=one.refund_fen,
            good=one.refund_state == "SUCCESS",
            final=one.refund_state != _PROCESSING,
            state=_SAID.get(one.refund_state, one.refund_state),
        )
    return Row(
        refund=False,
        number=one.out_trade_no,
        payment_id=one.out_trade_no,
        fen=one.paid_fen,
        good=one.state == "SUCCESS",
        final=True,
        state=_SAID.get(one.state, one.state),
    )


_SAID = {
    "SUCCESS": "成功",
    "REFUND": "转入退款",
    "CLOSED": "已关闭",
    "ABNORMAL": "退款异常",
    "REVOKED": "已撤销",
    _PROCESSING: "处理中",
}


async def _ours(reader: Reader, day: date, named: Iterable[Key]) -> dict[Key, Row]:
    """What belongs to the day, and whatever else they name."""
    first, end = _midnight(day), _midnight(day + timedelta(days=1))
    span = {"$gte": first, "$lt": end}
    rows = [_payment(one, first, end) async for one in reader.each(PAYMENTS, {"paid_at": span})]
    rows += [_refund(one, first, end) async for one in reader.each(REFUNDS, {"asked_at": span})]
    ours = {one.key: one for one in rows}
    for some in _portions([key for key in named if key not in ours]):
        ours |= {one.key: one for one in await _named(reader, some, first, end)}
    return ours


async def _named(reader: Reader, keys: Iterable[Key], first: datetime, end: datetime) -> list[Row]:
    paid = [number for refund, number in keys if not refund]
    back = [number for refund, number in keys if refund]
    payments = await reader.all(PAYMENTS, {"_id": {"$in": paid}}, limit=_AT_ONCE) if paid else []
    refunds = await reader.all(REFUNDS, {"_id": {"$in": back}}, limit=_AT_ONCE) if back else []
    return [_payment(one, first, end) for one in payments] + [_refund(one, first, end) for one in refunds]


def _payment(one: Payment, first: datetime, end: datetime) -> Row:
    paid = one.paid_fen > 0
    return Row(
        refund=False,
        number=one.id,
        payment_id=one.id,
        fen=one.paid_fen,
        good=paid,
        final=True,
        state=PAID if paid else NOT_PAID,
        today=one.paid_at is not None and first <= one.paid_at < end,
    )


def _refund(one: Refund, first: datetime, end: datetime) -> Row:
    return Row(
        refund=True,
        number=one.id,
        payment_id=one.payment_id,
        fen=one.pay_fen,
        good=one.state == "done" and not one.handed_by,
        final=True,
        state=STATES[one.state],
        today=one.asked_at is not None and first <= one.asked_at < end,
    )


async def _write(tx: Tx, day: date, run: int, found: Iterable[Found]) -> None:
    """The same difference keeps its answer; one whose facts have changed is open again."""
    made = {_id(day, one): one for one in found}
    known = {
        one.id: one for one in await tx.all(DIFFERENCES, {"_id": {"$in": list(made)}}, limit=len(made) or 1)
    }
    rows = []
    for name, one in made.items():
        before = known.get(name)
        if before is not None and before.facts == one.facts and before.state != "gone":
            rows.append(replace(before, run=run))
        else:
            rows.append(
                PayDifference(
                    id=name,
                    day=day,
                    kind=one.kind,
                    refund=one.refund,
                    number=one.number,
                    facts=one.facts,
                    run=run,
                    at=tx.now,
                )
            )
    await tx.put_all(DIFFERENCES, rows)


def _id(day: date, one: Found) -> str:
    return f"{day:%Y%m%d}.{one.kind}.{one.number}"[:64]


async def _close(tx: Tx, done: PayCheck) -> None:
    """Whoever slept through the lease changes nothing more."""
    how = {
        "state": done.state,
        "ours": _plain(done.ours),
        "theirs": _plain(done.theirs),
        "differences": done.differences,
        "runs": done.runs,
        "ran_at": tx.now,
        "due_at": None,
        "attempts": 0,
        "error": "",
    }
    if not await tx.change(CHECKS, {"_id": done.id, "fence": done.fence}, {"$set": how}):
        return
    gone = {"day": done.id, "run": {"$lt": done.runs}, "state": {"$in": list(UNSETTLED)}}
    await tx.change_all(DIFFERENCES, gone, {"$set": {"state": "gone"}})
    if await tx.first(DIFFERENCES, {"day": done.id, "state": "open"}) is not None:
        _call(tx, done)


def _plain(sums: Any) -> dict[str, int]:
    return {name: getattr(sums, name) for name in sums.__struct_fields__}


# Who has to know.


def _call(tx: Tx, done: PayCheck) -> None:
    emit(
        tx,
        Event(
            id=f"pay-check-{done.id}.{done.runs:06d}",
            type="pay_check.differs",
            subject=done.id,
            seq=done.runs,
            at=tx.now,
            by={"kind": SYSTEM.kind, "id": SYSTEM.id, "name": "", "role": "system"},
            channel="system",
            data={"action": "differs", "differences": done.differences},
        ),
    )


@on("pay_check.differs")
async def call(tx: Tx, event: Event) -> None:
    word = Word(
        title=f"{event.subject} 微信对账有差异",
        text=f"{event.data['differences']} 笔对不上，请逐笔查明原因。",
        page=f"/console/pay-checks/{event.subject}",
    )
    await staff_push.send_all(tx, event, bookkeepers(tx), word)


RUNS: QueueOf[PayCheck] = QueueOf("pay_checks", CHECKS, run, parallel=1)
