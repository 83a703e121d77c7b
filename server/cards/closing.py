"""A card whose act has been done, wherever it was done, loses its buttons and says by whom, at everybody who has it."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, Literal

from server.cards.kinds import CardKind
from server.cards.table import CARDS
from server.kit.db import Collection, Index, Reader, Tx
from server.kit.events import Event, on
from server.kit.jobs import DUE, Leased
from server.sessions import Actor
from server.staff import STAFF
from server.staff_push import NOTICES, Card, WorkNotice

OVER = "这件事已经办过了"
_MOST = 500
_KEPT = timedelta(days=30)

State = Literal["queued", "shown", "stale", "moot", "dead"]


class CardUpdate(Leased, kw_only=True):
    """A new face for the card of a notice, which is drawn when it is sent. `code` is that of a tap, without one it is the
    sending's; `say` is why a tap came to nothing though the buttons stay. `stale`: the code was spent or too old, `moot`:
    there never was a card."""

    notice_id: str
    code: str
    say: str
    state: State = "queued"
    expires_at: datetime


UPDATES: Collection[CardUpdate] = Collection(
    "card_updates", CardUpdate, Index(("expires_at",), expire_after_s=0), DUE
)


def actor_of(reader: Reader, userid: str) -> Actor | None:
    """The member as they may act now; None for whoever has left."""
    member = reader.recall(STAFF, userid)
    if member is None or not member.active:
        return None
    return Actor("staff", member.id, member.name, tuple(member.grants))


async def open_now(reader: Reader, notice: WorkNotice) -> frozenset[str]:
    """Which of its buttons its owner could tap now: what the case lets them do, and the table has on the card."""
    found = kind_of(notice)
    actor = actor_of(reader, notice.userid)
    if found is None or actor is None:
        return frozenset()
    card, kind = found
    return await kind.door.open(reader, card, actor) & {one.action for one in kind.buttons}


def kind_of(notice: WorkNotice) -> tuple[Card, CardKind] | None:
    """The card and its row; a row that is gone from the table has no buttons."""
    kind = CARDS.get(notice.card.kind) if notice.card is not None else None
    return (notice.card, kind) if notice.card is not None and kind is not None else None


async def became(reader: Reader, notice: WorkNotice) -> str:
    """What became of it without its owner, in a few words."""
    found = kind_of(notice)
    if found is None:
        return OVER
    card, kind = found
    return await kind.door.first(reader, card, kind, notice.userid) or OVER


async def close(tx: Tx, notice: WorkNotice, outcome: str, code: str = "") -> None:
    """No button any more; whoever closed it first has said what stands there."""
    last = {"card.open": False, "card.outcome": outcome}
    if await tx.change(NOTICES, {"_id": notice.id, "card.open": True}, {"$set": last}) or code:
        await show(tx, notice, code)


async def show(tx: Tx, notice: WorkNotice, code: str = "", say: str = "") -> None:
    """Let the card be drawn anew: with the code of a tap, or with that of its sending, which is good for once."""
    which = hashlib.sha256(code.encode()).hexdigest()[:16] if code else "sent"
    update = CardUpdate(
        id=f"{notice.id}|{which}",
        notice_id=notice.id,
        code=code,
        say=say,
        due_at=tx.now,
        request_id=notice.request_id,
        expires_at=tx.now + _KEPT,
    )
    if await tx.get(UPDATES, update.id) is None:
        await tx.insert(UPDATES, update)


@on("booking.*", "bundle.*", "complaint.*", "followup.*", "clock.*", "dispatch.*", "provider.*")
async def close_what_is_done(tx: Tx, event: Event) -> None:
    """Whatever happened to a case, its cards are looked at as things are now: told twice, or in another order, there is
    nothing new to find."""
    where: dict[str, Any] = {"card.case_no": event.data.get("case_no", event.subject), "card.open": True}
    for notice in await tx.all(NOTICES, where, limit=_MOST):
        if not await open_now(tx, notice):
            await close(tx, notice, await became(tx, notice))
