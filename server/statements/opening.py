"""An entry opened: the purchase that it came from, and what is left of its points."""

from schemas.statements import LotFacts, OpenedEntryView, SwipeFacts
from server import points
from server.kit.clock import today
from server.kit.db import Reader
from server.ledger import LOTS, Lot
from server.points import RATES, yuan
from server.points.views import EntryNotFound
from server.pos import SWIPES, TERMINALS, Swipe
from server.words import said_day

_SWIPE = "swipe/"
_SHOWN = 4


async def opened(reader: Reader, resident_id: str, seq: str) -> OpenedEntryView:
    """Raises EntryNotFound."""
    entry, transfer = await points.views.entry(reader, resident_id, seq)
    key = transfer.why.get("swipe") or transfer.why.get("lot", "").removeprefix(_SWIPE)
    swipe = await reader.get(SWIPES, key) if key else None
    if swipe is not None and swipe.resident_id != resident_id:
        raise EntryNotFound
    lot = await reader.get(LOTS, f"{_SWIPE}{key}") if key else None
    return OpenedEntryView(
        entry=points.views.view(entry, {transfer.id: transfer}),
        swipe=_swipe(reader, swipe) if swipe else None,
        lot=_lot(lot) if lot else None,
    )


def _swipe(reader: Reader, swipe: Swipe) -> SwipeFacts:
    terminal = reader.recall(TERMINALS, swipe.terminal)
    return SwipeFacts(
        key=swipe.id,
        at=swipe.at,
        place=terminal.name if terminal else "",
        category_text=_category(reader, swipe),
        card=f"尾号 {swipe.card[-_SHOWN:]}",
        amount_fen=swipe.amount_fen,
        points_fen=swipe.points_fen,
        returned_fen=swipe.reversed_fen,
        taken_back_fen=swipe.given_back_fen,
        text=swipe.text,
    )


def _category(reader: Reader, swipe: Swipe) -> str:
    """As the rates call it by which it earned."""
    version = reader.recall(RATES, f"{swipe.rates:06d}")
    named = (
        (one.name for one in version.body.rates if one.category == swipe.category) if version else iter(())
    )
    return next(named, "消费")


def _lot(lot: Lot) -> LotFacts:
    day = today(lot.expires_at)
    text = f"还剩 {yuan(lot.left)} 分，{said_day(day)}到期" if lot.left else "这笔积分已经用完"
    return LotFacts(left_fen=lot.left, expires_on=day, text=text)
