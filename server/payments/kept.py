"""What is kept of a resident's money: all of it is in their file; when they leave, the books stay and lead to nobody."""

from collections.abc import Mapping
from typing import Any

from server.bills import BILLS
from server.keeping import Keeping, Whose, by_resident
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict
from server.ledger import ENTRIES, LOTS, REDEMPTIONS, RESERVES, balances, own
from server.payments.stored import OVER, PAYMENTS
from server.point_cards import POINT_CARDS
from server.pos import SWIPES


class PaymentsStillOpen(Conflict):
    """您还有一笔缴费没有办完，办完后才能注销"""


class ChargeStillOpen(Conflict):
    """您还有打车或车票的费用没有付，付清后才能注销"""


class PointsStillThere(Conflict):
    """您还有没用完的积分，用完或到社区窗口处理后才能注销"""


async def refuse_open(reader: Reader, resident_id: str) -> None:
    """Nobody leaves while money of theirs is under way. Raises PaymentsStillOpen, ChargeStillOpen,
    PointsStillThere."""
    under_way = {"state": {"$nin": sorted(OVER)}}
    coming_back = {"refunds.state": {"$in": ["carrying", "abnormal"]}}
    for where in _theirs(resident_id):
        if await reader.first(PAYMENTS, {**where, "$or": [under_way, coming_back]}) is not None:
            raise PaymentsStillOpen
    owed = {"resident_id": resident_id, "state": {"$in": ["open", "paying"]}, "case_no": {"$type": "string"}}
    if await reader.first(BILLS, owed) is not None:
        raise ChargeStillOpen
    found = await balances(reader, resident_id)
    if found["held"]:
        raise PaymentsStillOpen
    if found["resident"]:
        raise PointsStillThere


def _theirs(resident_id: str) -> list[Mapping[str, Any]]:
    """Of their own bills, and what they have paid for others."""
    return [{"resident_id": resident_id}, {"payer_id": resident_id, "resident_id": {"$ne": resident_id}}]


async def stays(tx: Tx, owner: Whose) -> None:
    """The books are never changed; they name the resident by a number alone."""


BOOKED = Keeping(
    title="积分账目",
    collection=ENTRIES,
    find=lambda owner: [{"account_id": own(book, owner.id)} for book in ("resident", "held", "owed")],
    hidden=frozenset({"seal"}),
    wipe=stays,
)
EARNED = Keeping(title="积分来源", collection=LOTS, find=by_resident, wipe=stays)
SET_ASIDE = Keeping(title="积分预留", collection=RESERVES, find=by_resident, wipe=stays)
REDEEMED = Keeping(title="积分支付", collection=REDEMPTIONS, find=by_resident, wipe=stays)
BOUGHT = Keeping(title="刷卡消费", collection=SWIPES, find=by_resident, blank={"card": ""})
CARDS = Keeping(title="便民邮储卡", collection=POINT_CARDS, find=by_resident)
BILLED = Keeping(
    title="账单",
    collection=BILLS,
    find=by_resident,
    blank={"account_no": "", "holder": "", "label": ""},
)
PAID = Keeping(
    title="缴费",
    collection=PAYMENTS,
    find=lambda owner: _theirs(owner.id),
    hidden=frozenset({"prepay_id"}),
    blank={"openid": "", "prepay_id": ""},
)
