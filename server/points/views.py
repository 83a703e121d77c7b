"""Points as their owner sees them, or whoever of the family the owner lets look."""

from datetime import timedelta
from typing import Any

from schemas.points import ExpiringView, PointsEntriesView, PointsEntryView, PointsView
from server import ledger, point_cards, proxies
from server.config import Settings
from server.kit.clock import month_after, month_start, today
from server.kit.db import Reader
from server.kit.errors import NotFound
from server.ledger import ENTRIES, LOTS, TRANSFERS, Entry, Transfer, own
from server.points.accrual import yuan
from server.sessions import Actor
from server.words import said_day

SCOPE = "points_read"
KINDS = {
    "accrual": "消费积分",
    "clawback": "退货收回",
    "reserve": "支付账单",
    "release": "没有缴成，退回",
    "redeem": "支付账单",
    "refund": "账单退款，退回",
    "expiry": "到期作废",
    "reversal": "冲正",
}
_PAYMENT = "payment/"
_LONGEST = 12
"""So many digits has the number of an entry at most."""


class EntryNotFound(NotFound):
    """没有这一条积分明细"""


async def whose(reader: Reader, actor: Actor, *named: str | None) -> str:
    """Whose points the request is about: the caller's own where it names nobody. Raises ProxyEnded, for whoever has not
    let the caller look, or not any more."""
    others = set(named) - {None, actor.id}
    for one in others:
        await proxies.confirm(reader, actor, str(one), SCOPE)
    if len(others) > 1:
        raise proxies.ProxyEnded(field="resident_id")
    return str(others.pop()) if others else actor.id


async def balance(reader: Reader, resident_id: str, actor: Actor, rules: Settings) -> PointsView:
    found = await ledger.balances(reader, resident_id)
    card = await point_cards.of(reader, resident_id) if resident_id == actor.id else None
    free, held, owed = found["resident"], found["held"], -found["owed"]
    return PointsView(
        balance_fen=free,
        held_fen=held,
        owed_fen=owed,
        text=_said(free, held, owed),
        held_text=f"有 {yuan(held)} 分正在付款，缴成后扣掉，没缴成就退回来" if held else "",
        owed_text=f"退货时那笔积分已经用掉了，还欠 {yuan(owed)} 分，下次积分先补上" if owed else "",
        expiring=await _expiring(reader, resident_id, rules),
        card=point_cards.view(card) if card else None,
    )


def _said(free: int, held: int, owed: int) -> str:
    text = f"现有 {yuan(free)} 分，可抵 {yuan(free)} 元"
    if held:
        text += f"；另有 {yuan(held)} 分正在付款"
    return text + (f"；因退货还欠 {yuan(owed)} 分，下次积分先补上" if owed else "")


async def _expiring(reader: Reader, resident_id: str, rules: Settings) -> list[ExpiringView]:
    """In one trip for all spans."""
    spans = sorted(set(rules.points.warn_days), reverse=True)
    if not spans:
        return []
    ends = {days: reader.now + timedelta(days=days) for days in spans}
    where = {"resident_id": resident_id, "left": {"$gt": 0}, "expires_at": {"$lte": max(ends.values())}}
    sums = {
        str(days): {"$sum": {"$cond": [{"$lte": ["$expires_at", end]}, "$left", 0]}}
        for days, end in ends.items()
    }
    rows = await reader.groups(
        LOTS, [{"$match": where}, {"$group": {"_id": None, "first": {"$min": "$expires_at"}, **sums}}]
    )
    return [_span(days, rows[0]) for days in spans if rows and rows[0][str(days)]]


def _span(days: int, row: dict[str, Any]) -> ExpiringView:
    fen, first = int(row[str(days)]), today(row["first"])
    text = f"{days} 天内有 {yuan(fen)} 分到期，最早的在 {said_day(first)}"
    return ExpiringView(days=days, fen=fen, first_on=first, text=text)


async def entries(
    reader: Reader, resident_id: str, cursor: str | None, limit: int, month: str | None = None
) -> PointsEntriesView:
    """The newest first. Raises BadCursor."""
    where: dict[str, Any] = {"account_id": own("resident", resident_id)}
    if month is not None:
        where["at"] = {"$gte": month_start(month), "$lt": month_start(month_after(month))}
    page = await reader.page(ENTRIES, where, sort="-at", cursor=cursor, limit=limit)
    transfers = await transfers_of(reader, page.items)
    return PointsEntriesView(items=[view(one, transfers) for one in page.items], next=page.next)


async def transfers_of(reader: Reader, found: list[Entry]) -> dict[str, Transfer]:
    ids = [one.transfer_id for one in found]
    kept = await reader.all(TRANSFERS, {"_id": {"$in": ids}}, limit=len(ids)) if ids else []
    return {one.id: one for one in kept}


async def entry(reader: Reader, resident_id: str, seq: str) -> tuple[Entry, Transfer]:
    """One of this resident's, by its number. Raises EntryNotFound."""
    if not (seq.isascii() and seq.isdigit() and len(seq) <= _LONGEST):
        raise EntryNotFound
    found = await reader.get(ENTRIES, ledger.entry_id(own("resident", resident_id), int(seq)))
    transfer = await reader.get(TRANSFERS, found.transfer_id) if found else None
    if found is None or transfer is None:
        raise EntryNotFound
    return found, transfer


def view(one: Entry, transfers: dict[str, Transfer]) -> PointsEntryView:
    transfer = transfers.get(one.transfer_id)
    return PointsEntryView(
        id=one.id,
        seq=one.seq,
        at=one.at,
        kind=one.kind,
        kind_text=KINDS.get(one.kind, one.kind),
        amount_fen=one.amount,
        balance_fen=one.balance,
        text=text_of(transfer),
        payment_id=payment_of(transfer),
    )


def text_of(transfer: Transfer | None) -> str:
    return transfer.why.get("text", "") if transfer else ""


def payment_of(transfer: Transfer | None) -> str | None:
    """The payment that points were set aside for, or came back from."""
    about = (transfer.why.get("reserve") or transfer.reverses or "") if transfer else ""
    name, _, _ = about.removeprefix(_PAYMENT).partition("/")
    return name if about.startswith(_PAYMENT) and name else None
