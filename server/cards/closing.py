"""A card whose act has been done, wherever it was done, loses its buttons and says by whom, at everybody who has it."""

import hashlib
from collections import defaultdict
from datetime import datetime, timedelta
from typing import Literal

from server import errcodes
from server.cards.kinds import CardKind, First, Look
from server.cards.table import CARDS
from server.cases import CASES
from server.kit.db import Collection, Index, Reader, Tx
from server.kit.events import Event, on
from server.kit.jobs import DEAD, DUE, Leased
from server.outbox import Outbox
from server.sessions import Actor
from server.staff import STAFF
from server.staff_push import NOTICES, Card, WorkNotice

OVER = "这件事已经办过了"
_MOST = 500
_KEPT = timedelta(days=30)

State = Literal["queued", "shown", "told", "stale", "moot", "dead"]


class CardUpdate(Leased, kw_only=True):
    """A new face for the card of a notice, which is drawn when it is sent. `code` is that of a tap, without one it is the
    sending's; `say` is why a tap came to nothing though the buttons stay. `told`: the card could not be changed any more,
    and a line says what became of it; `stale`: the code was spent, `moot`: there never was a card."""

    notice_id: str
    code: str
    say: str
    state: State = "queued"
    expires_at: datetime


UPDATES: Collection[CardUpdate] = Collection(
    "card_updates", CardUpdate, Index(("expires_at",), expire_after_s=0), DUE, DEAD
)
OUTBOX = Outbox(
    name="card_updates",
    title="消息卡片的更新",
    collection=UPDATES,
    again={"state": "queued"},
    drop={"state": "dead"},
    words=errcodes.WECOM,
)


def actor_of(reader: Reader, userid: str) -> Actor | None:
    """The member as they may act now; None for whoever has left."""
    member = reader.recall(STAFF, userid)
    if member is None or not member.active:
        return None
    return Actor("staff", member.id, member.name, tuple(member.grants))


def kind_of(notice: WorkNotice) -> tuple[Card, CardKind] | None:
    """The card and its row; a row that is gone from the table has no buttons."""
    kind = CARDS.get(notice.card.kind) if notice.card is not None else None
    return (notice.card, kind) if notice.card is not None and kind is not None else None


async def open_now(reader: Reader, notice: WorkNotice) -> frozenset[str]:
    """Which of its buttons its owner could tap now: what the case lets them do, and the table has on the card."""
    look = await _look(reader, notice)
    return await _open_on(look, notice) if look is not None else frozenset()


async def became(reader: Reader, notice: WorkNotice) -> str:
    """What became of it without its owner, in a few words."""
    look = await _look(reader, notice)
    return await _Outcomes(look).of(notice) if look is not None else OVER


async def _look(reader: Reader, notice: WorkNotice) -> Look | None:
    case = await reader.get(CASES, notice.card.case_no) if notice.card is not None else None
    return Look(reader, case) if case is not None else None


async def _open_on(look: Look, notice: WorkNotice) -> frozenset[str]:
    found, actor = kind_of(notice), actor_of(look.reader, notice.userid)
    if found is None or actor is None:
        return frozenset()
    card, kind = found
    return await kind.door.open(look, card, actor) & {one.action for one in kind.buttons}


class _Outcomes:
    """What came between, found once for all cards that were sent alike."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._found: dict[tuple[str, int, str], First | None] = {}

    async def of(self, notice: WorkNotice) -> str:
        found = kind_of(notice)
        if found is None:
            return OVER
        card, kind = found
        alike = (card.kind, card.version, card.about)
        if alike not in self._found:
            self._found[alike] = await kind.door.first(self._look, card, kind)
        first = self._found[alike]
        return first.said_to(notice.userid) if first is not None else OVER


async def close(tx: Tx, notice: WorkNotice, outcome: str, code: str = "") -> None:
    """No button any more; whoever closed it first has said what stands there."""
    last = {"card.open": False, "card.outcome": outcome}
    if await tx.change(NOTICES, {"_id": notice.id, "card.open": True}, {"$set": last}) or code:
        await show(tx, notice, code)


async def show(tx: Tx, notice: WorkNotice, code: str = "", say: str = "") -> None:
    """Let the card be drawn anew: with the code of a tap, or with that of its sending, which is good for once."""
    update = _update(tx, notice, code, say)
    if await tx.get(UPDATES, update.id) is None:
        await tx.insert(UPDATES, update)


def _update(tx: Tx, notice: WorkNotice, code: str = "", say: str = "") -> CardUpdate:
    which = hashlib.sha256(code.encode()).hexdigest()[:16] if code else "sent"
    return CardUpdate(
        id=f"{notice.id}|{which}",
        notice_id=notice.id,
        code=code,
        say=say,
        due_at=tx.now,
        request_id=notice.request_id,
        expires_at=tx.now + _KEPT,
    )


_HEARS = (
    *("approval.*", "booking.*", "bundle.*", "complaint.*", "followup.*", "redress.*"),
    *("clock.*", "dispatch.*", "provider.*", "ride.*"),
)


@on(*_HEARS)
async def close_what_is_done(tx: Tx, event: Event) -> None:
    """Whatever happened to a case, its cards are looked at as things are now: told twice, or in another order, there is
    nothing new to find."""
    case_no = event.data.get("case_no", event.subject)
    cards = await tx.all(NOTICES, {"card.case_no": case_no, "card.open": True}, limit=_MOST)
    case = await tx.get(CASES, case_no) if cards else None
    if case is None:
        return
    look = Look(tx, case)
    outcomes, done = _Outcomes(look), defaultdict(list)
    for one in cards:
        if not await _open_on(look, one):
            done[await outcomes.of(one)].append(one)
    for outcome, notices in done.items():
        last = {"$set": {"card.open": False, "card.outcome": outcome}}
        ids = {"_id": {"$in": [one.id for one in notices]}, "card.open": True}
        await tx.change_all(NOTICES, ids, last)
        await tx.put_all(UPDATES, [_update(tx, one) for one in notices])
