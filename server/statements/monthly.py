"""The statement of a month: what there was, what came, what went, what there is. Out of the ledger alone, and it has to
add up: a statement that does not is not shown."""

from typing import Any

from schemas.statements import StatementBill, StatementLine, StatementSwipes, StatementView
from server import residents
from server.kit.clock import month_after, month_of, month_start
from server.kit.db import Reader
from server.ledger import ENTRIES, own
from server.payments import PAYMENTS
from server.points import yuan
from server.pos import SWIPES
from server.statements.months import Span, check, last_before, span_of, text_of

LINES = {
    "accrual": "消费积分",
    "clawback": "退货收回",
    "reserve": "支付账单",
    "release": "没有缴成，退回",
    "refund": "账单退款，退回",
    "expiry": "到期作废",
}
"""In the order in which a statement has them."""
_OTHER = "other"
_SWIPE = "swipe/"
_AT_ONCE = 1_000
_MOST_BILLS = 500


class StatementDisagrees(Exception):
    """What came and went does not make the closing balance: a fault of ours, found by the check too."""


async def find(reader: Reader, resident_id: str, month: str) -> StatementView:
    """Raises StatementNotFound, StatementDisagrees."""
    await check(reader, resident_id, month)
    span = await span_of(reader, own("resident", resident_id), month)
    lines = await _lines(reader, span)
    if span.opening + sum(one.fen for one in lines) != span.closing:
        raise StatementDisagrees(f"{span.account_id} {month}")
    end = month_start(month_after(month))
    running = month == month_of(reader.now)
    _, held = await last_before(reader, own("held", resident_id), end)
    _, owed = await last_before(reader, own("owed", resident_id), end)
    return StatementView(
        month=month,
        title=f"{text_of(month)}积分对账单",
        running=running,
        until=reader.now if running else end,
        holder=(await residents.find(reader, resident_id)).name,
        opening_fen=span.opening,
        lines=lines,
        closing_fen=span.closing,
        held_fen=held,
        owed_fen=-owed,
        swipes=await _swipes(reader, span),
        bills=await _bills(reader, resident_id, month),
        text=_said(month, span, running),
    )


def _said(month: str, span: Span, running: bool) -> str:
    last = "现在" if running else "月末"
    opening, closing = yuan(span.opening), yuan(span.closing)
    return f"{text_of(month)}：月初 {opening} 分，{last} {closing} 分，可抵 {closing} 元"


async def _lines(reader: Reader, span: Span) -> list[StatementLine]:
    group = {"_id": "$kind", "fen": {"$sum": "$amount"}, "count": {"$sum": 1}}
    rows = await reader.groups(ENTRIES, [{"$match": span.where()}, {"$group": group}])
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        kind = row["_id"] if row["_id"] in LINES else _OTHER
        count, fen = found.get(kind, (0, 0))
        found[kind] = (count + row["count"], fen + int(row["fen"]))
    words = LINES | {_OTHER: "其他"}
    return [
        StatementLine(kind=kind, text=text, count=found[kind][0], fen=found[kind][1])
        for kind, text in words.items()
        if kind in found
    ]


async def _swipes(reader: Reader, span: Span) -> StatementSwipes:
    """The purchases that the entries of this month are of."""
    keys = []
    where = {**span.where(), "kind": {"$in": ["accrual", "clawback"]}}
    rows = await reader.groups(ENTRIES, [{"$match": where}, {"$project": {"transfer_id": 1, "amount": 1}}])
    for row in rows:
        keys.append(str(row["transfer_id"]).removeprefix(_SWIPE))
    count = amount = 0
    for start in range(0, len(keys), _AT_ONCE):
        counted = await _counted(reader, keys[start : start + _AT_ONCE])
        count, amount = count + counted[0], amount + counted[1]
    points = sum(int(row["amount"]) for row in rows)
    text = f"刷卡 {count} 笔，共消费 {yuan(amount)} 元，积 {yuan(points)} 分"
    return StatementSwipes(count=count, amount_fen=amount, points_fen=points, text=text)


async def _counted(reader: Reader, keys: list[str]) -> tuple[int, int]:
    """How many purchases these swipes are, and what was paid for them less what was returned."""
    bought = {"$cond": [{"$gt": ["$amount_fen", 0]}, 1, 0]}
    group: dict[str, Any] = {"_id": None, "count": {"$sum": bought}, "fen": {"$sum": "$amount_fen"}}
    rows = await reader.groups(SWIPES, [{"$match": {"_id": {"$in": keys}}}, {"$group": group}])
    return (int(rows[0]["count"]), int(rows[0]["fen"])) if rows else (0, 0)


async def _bills(reader: Reader, resident_id: str, month: str) -> list[StatementBill]:
    """Those that were paid in this month, the oldest first."""
    when = {"$gte": month_start(month), "$lt": month_start(month_after(month))}
    where = {"resident_id": resident_id, "state": "settled", "settled_at": when}
    paid = await reader.all(PAYMENTS, where, limit=_MOST_BILLS, sort="at")
    return [
        StatementBill(
            payment_id=one.id,
            text=one.description,
            at=one.settled_at or one.at,
            amount_fen=one.amount_fen,
            points_fen=one.points_fen,
            pay_fen=one.pay_fen,
        )
        for one in paid
    ]
