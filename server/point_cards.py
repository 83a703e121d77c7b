"""Cards 便民邮储卡: one for each resident; the points belong to the resident, so a new card keeps them."""

from collections.abc import Container
from datetime import datetime

from msgspec.structs import replace

from schemas.point_cards import BindCard, CardState, CardView
from server import audit
from server.kit.db import Collection, Duplicate, Index, Reader, Stored, Tx
from server.kit.errors import Conflict, NotFound
from server.residents import Resident
from server.sessions import Actor

STATES: dict[CardState, str] = {
    "active": "正常",
    "lost": "已挂失",
    "frozen": "已冻结",
    "replaced": "已换新卡",
}
MEANING: dict[CardState, str] = {
    "active": "在社区的店里刷这张卡消费，就有积分",
    "lost": "现在不能用积分付款，积分都在。卡找到了，或者要换新卡，请带身份证到社区便民窗口",
    "frozen": "窗口把这张卡冻结了，现在不能用积分付款，积分都在。请带身份证到社区便民窗口核对",
    "replaced": "已经换了新卡，积分在新卡上",
}
_SHOWN = 4


class NoCard(NotFound):
    """没有这张卡"""


class CardOfAnother(Conflict):
    """这张卡已经绑定给别人，请核对卡号"""


class HasCard(Conflict):
    """这位居民已经有一张卡，换卡请用“换新卡”"""


class HolderDiffers(Conflict):
    """姓名或手机号与居民登记的不一致，请核对"""


class NoSuchMove(NotFound):
    """没有这个操作"""


class CardNotInUse(Conflict):
    """这张卡现在不能这样操作"""


class PointCard(Stored, kw_only=True):
    """`id` is the number on the card. `holder` is unset once it was replaced, so that each resident has one in use."""

    resident_id: str
    holder: str | None
    state: CardState
    bound_by: str
    at: datetime
    changed_at: datetime
    reason: str = ""


POINT_CARDS: Collection[PointCard] = Collection(
    "point_cards",
    PointCard,
    Index(("holder",), unique=True, only={"holder": {"$gte": ""}}),
    Index(("resident_id", "-at", "-_id")),
)


async def of(reader: Reader, resident_id: str) -> PointCard | None:
    """The card that a resident uses."""
    return await reader.first(POINT_CARDS, {"holder": resident_id})


async def bind(tx: Tx, wanted: BindCard, holder: Resident, actor: Actor) -> PointCard:
    """Raises HolderDiffers, HasCard, CardOfAnother."""
    await check_free(tx, wanted, holder)
    if actor.kind == "staff":
        audit.note(tx, actor, "window", "card.bind", wanted.number, holder.id)
    return await _issue(tx, wanted.number, holder.id, actor)


async def check_free(reader: Reader, wanted: BindCard, holder: Resident) -> None:
    """Whether this card can become theirs. Raises HolderDiffers, HasCard, CardOfAnother."""
    if (holder.name, holder.phone) != (wanted.name, wanted.phone):
        raise HolderDiffers
    if await of(reader, holder.id) is not None:
        raise HasCard
    if await reader.get(POINT_CARDS, wanted.number) is not None:
        raise CardOfAnother(field="number")


async def _issue(tx: Tx, number: str, resident_id: str, actor: Actor) -> PointCard:
    card = PointCard(
        id=number,
        resident_id=resident_id,
        holder=resident_id,
        state="active",
        bound_by=actor.key,
        at=tx.now,
        changed_at=tx.now,
    )
    known = await tx.get(POINT_CARDS, number)
    if known is not None:
        raise CardOfAnother(field="number")
    try:
        await tx.insert(POINT_CARDS, card)
    except Duplicate as error:
        raise HasCard from error
    return card


MOVES: dict[str, tuple[CardState, Container[CardState]]] = {
    "lost": ("lost", ("active",)),
    "freeze": ("frozen", ("active", "lost")),
    "release": ("active", ("frozen", "lost")),
}
"""What can be done with a card: how it is then, and how it has to be before."""


async def move(tx: Tx, resident_id: str, name: str, reason: str, actor: Actor) -> PointCard:
    """One of MOVES. Raises NoSuchMove, NoCard, CardNotInUse."""
    if name not in MOVES:
        raise NoSuchMove
    state, since = MOVES[name]
    card = await of(tx, resident_id)
    if card is None:
        raise NoCard
    if card.state not in since:
        raise CardNotInUse
    changed = replace(card, state=state, reason=reason, changed_at=tx.now)
    if not await tx.replace(POINT_CARDS, changed, {"_id": card.id, "state": card.state}):
        raise CardNotInUse
    if actor.kind == "staff":
        audit.note(tx, actor, "window", f"card.{state}", card.id, resident_id)
    return changed


async def swap(tx: Tx, resident_id: str, number: str, actor: Actor) -> PointCard:
    """A new card in the place of the old one; the points stay. Raises NoCard, CardOfAnother."""
    card = await of(tx, resident_id)
    if card is None:
        raise NoCard
    await tx.put(POINT_CARDS, replace(card, state="replaced", holder=None, changed_at=tx.now))
    audit.note(tx, actor, "window", "card.swap", number, resident_id)
    return await _issue(tx, number, resident_id, actor)


def view(card: PointCard) -> CardView:
    return CardView(
        number=f"尾号 {card.id[-_SHOWN:]}",
        state=card.state,
        state_text=STATES[card.state],
        text=MEANING[card.state],
        can_report=card.state in MOVES["lost"][1],
        since=card.changed_at,
    )


async def holder_of(reader: Reader, number: str) -> str | None:
    """Whose card it is, also after it was replaced or lost: what was bought with it is still theirs."""
    card = await reader.get(POINT_CARDS, number)
    return card.resident_id if card is not None else None
