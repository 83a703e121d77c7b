"""What the street paid for residents in a month, and what their points come to: from the payments and the ledger."""

from collections import Counter
from datetime import datetime

from schemas.statistics import AmountView, MoneyView
from server.bills import KINDS, PAYEES
from server.kit.clock import SHANGHAI
from server.kit.db import Reader
from server.ledger import outstanding
from server.payments import PAYMENTS


async def figures(reader: Reader, month: str) -> MoneyView:
    """Bills that were settled in the month, whenever they were begun; not what rides and tickets cost."""
    begins, ends = bounds(month)
    settled = {"state": "settled", "settled_at": {"$gte": begins, "$lt": ends}, "case_no": None}
    sums = {
        "bills": {"$sum": 1},
        "points": {"$sum": "$points_fen"},
        "pay": {"$sum": "$pay_fen"},
        "back": {"$sum": {"$add": ["$back_points_fen", "$back_pay_fen"]}},
    }
    rows = await reader.groups(PAYMENTS, [{"$match": settled}, {"$group": {"_id": "$payee_id", **sums}}])
    total, kinds = Counter[str](), Counter[str]()
    for row in rows:
        payee = reader.recall(PAYEES, str(row["_id"]))
        total.update({name: int(row[name]) for name in sums})
        kinds[payee.kind if payee else ""] += int(row["points"] + row["pay"])
    return MoneyView(
        bills=total["bills"],
        paid_fen=total["points"] + total["pay"],
        points_fen=total["points"],
        pay_fen=total["pay"],
        back_fen=total["back"],
        kinds=[AmountView(name=name, text=_text(name), fen=fen) for name, fen in kinds.most_common()],
        outstanding_fen=await outstanding(reader, ends),
    )


def _text(kind: str) -> str:
    return next((text for name, text in KINDS.items() if name == kind), "其他")


def bounds(month: str) -> tuple[datetime, datetime]:
    """The midnights that begin and end it, in Shanghai."""
    year, number = (int(one) for one in month.split("-"))
    following = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=SHANGHAI)
    return datetime(year, number, 1, tzinfo=SHANGHAI), following
