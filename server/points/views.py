"""Points as their owner sees them."""

from schemas.points import PointsEntriesView, PointsEntryView, PointsView
from server import ledger, point_cards
from server.kit.db import Reader
from server.ledger import TRANSFERS, Entry, Transfer, own
from server.points.accrual import yuan

KINDS = {
    "accrual": "消费积分",
    "clawback": "退货收回",
    "reserve": "付款预留",
    "release": "预留退回",
    "redeem": "支付账单",
    "expiry": "到期作废",
    "reversal": "冲正",
}


async def balance(reader: Reader, resident_id: str) -> PointsView:
    found = await ledger.balances(reader, resident_id)
    card = await point_cards.of(reader, resident_id)
    return PointsView(
        balance_fen=found["resident"],
        held_fen=found["held"],
        owed_fen=-found["owed"],
        text=_said(found["resident"], found["held"], -found["owed"]),
        card=point_cards.view(card) if card else None,
    )


def _said(free: int, held: int, owed: int) -> str:
    text = f"现有 {yuan(free)} 分，可抵 {yuan(free)} 元"
    if held:
        text += f"；另有 {yuan(held)} 分正在付款"
    return text + (f"；因退货还欠 {yuan(owed)} 分，下次积分先补上" if owed else "")


async def entries(reader: Reader, resident_id: str, cursor: str | None, limit: int) -> PointsEntriesView:
    """The newest first. Raises BadCursor."""
    page = await ledger.entries(reader, own("resident", resident_id), cursor, limit)
    ids = [one.transfer_id for one in page.items]
    found = await reader.all(TRANSFERS, {"_id": {"$in": ids}}, limit=len(ids)) if ids else []
    transfers = {one.id: one for one in found}
    return PointsEntriesView(items=[_view(one, transfers) for one in page.items], next=page.next)


def _view(entry: Entry, transfers: dict[str, Transfer]) -> PointsEntryView:
    transfer = transfers.get(entry.transfer_id)
    return PointsEntryView(
        id=entry.id,
        at=entry.at,
        kind=entry.kind,
        kind_text=KINDS.get(entry.kind, entry.kind),
        amount_fen=entry.amount,
        balance_fen=entry.balance,
        text=transfer.why.get("text", "") if transfer else "",
    )
