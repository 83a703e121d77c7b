"""The way of work notices to WeCom: as a card where there is something to tap, else as a line to read.

Both queues are leased, and a worker may be killed anywhere. A card that was sent and whose answer is lost is known by
its `task_id` and not sent twice; its face can then be changed by the code of a tap only. A code that was spent by an
attempt whose answer is lost is refused the next time, and the card has its new face already. A card that cannot be
changed any more, since its code is lost or too old, is followed by a line that says what became of it, once.
"""

from datetime import datetime, timedelta
from typing import Protocol

import structlog
from msgspec.structs import replace

from server.building import WeComGateway
from server.cards import faces
from server.cards.closing import OVER, UPDATES, CardUpdate, became, kind_of, open_now
from server.config import Settings
from server.kit.db import Database, Reader
from server.kit.jobs import QueueOf, RetryPolicy, Settled
from server.kit.platform import Action, PlatformRefusal
from server.staff_push import AGAIN, NOTICES, UNREACHABLE, Card, WorkNotice, address, deliver, refused

log = structlog.get_logger()

_A_MOMENT = timedelta(seconds=1)
_A_MINUTE = timedelta(seconds=60)
CHANGEABLE = timedelta(hours=72)
"""So long the platform takes the code of a sending."""
NO_LONGER = "上面那张卡片的按钮不用再点了"


class House(Protocol):
    """What sending needs of the building."""

    @property
    def db(self) -> Database: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def wecom(self) -> WeComGateway: ...


async def carry(house: House, notice: WorkNotice) -> Settled:
    """Take a notice to WeCom, outside any transaction; what to set on the row."""
    url = address(house.settings, notice.page)
    if notice.card is None or not notice.card.open or not url:
        return await deliver(house, notice)
    buttons = await house.db.reading(lambda reader: open_now(reader, notice))
    if buttons:
        return await _as_card(house, notice, buttons, url)
    outcome = await house.db.reading(lambda reader: became(reader, notice))
    return await _as_line(house, notice, outcome)


async def _as_line(house: House, notice: WorkNotice, outcome: str = "") -> Settled:
    """Without buttons: somebody was faster than the message, which then says so, or the app may send no cards."""
    card = notice.card
    told = replace(notice, card=replace(card, open=False, outcome=outcome)) if card is not None else notice
    settled = await deliver(house, told)
    return {**settled, "card.open": False, "card.outcome": outcome} if settled is not None else None


async def _as_card(house: House, notice: WorkNotice, buttons: frozenset[str], url: str) -> Settled:
    found = kind_of(notice)
    assert found is not None
    face = faces.asking(notice, found[1], buttons, url)
    try:
        code = await house.wecom.send_card(house.settings.wecom.agentid, notice.userid, face)
    except PlatformRefusal as refusal:
        known = refusal.action in AGAIN | UNREACHABLE or refusal.action is Action.throttle
        if known:
            return refused(notice, refusal, house.db.now())
        log.error("cards.refused", errcode=refusal.errcode, action=refusal.action, card=found[1].name)
        return await _as_line(house, notice)
    sent = {"card.response_code": code, "card.sent_at": house.db.now()}
    return {"due_at": None, "delivery": "sent", "error": "", **sent}


async def update(house: House, row: CardUpdate) -> Settled:
    """Change the face of a card, as the card is by now."""

    async def drawn(reader: Reader) -> tuple[WorkNotice | None, faces.Face | None]:
        notice = await reader.get(NOTICES, row.notice_id)
        found = kind_of(notice) if notice is not None else None
        url = address(house.settings, notice.page) if notice is not None else ""
        if notice is None or found is None or not url:
            return notice, None
        buttons = await open_now(reader, notice) if found[0].open else frozenset()
        return notice, (
            faces.asking(notice, found[1], buttons, url, row.say) if buttons else faces.answered(notice, url)
        )

    notice, face = await house.db.reading(drawn)
    if notice is not None and notice.delivery == "queued":
        return {"due_at": house.db.now() + _A_MOMENT, "attempts": 0}
    card = notice.card if notice is not None else None
    if notice is None or card is None or face is None or not (row.code or card.sent_at):
        return {"due_at": None, "state": "moot"}
    code = row.code or _good(card, house.db.now())
    if not code:
        return await _follow(house, notice, card)
    try:
        await house.wecom.update_card(house.settings.wecom.agentid, notice.userid, code, face)
    except PlatformRefusal as refusal:
        if refusal.action is Action.give_up and row.attempts == 1 and not row.code:
            return await _follow(house, notice, card)
        return _not_updated(house, refusal)
    return {"due_at": None, "state": "shown", "error": ""}


def _good(card: Card, now: datetime) -> str:
    """The code of its sending while the platform takes it."""
    young = card.sent_at is not None and now - card.sent_at < CHANGEABLE
    return card.response_code if young else ""


async def _follow(house: House, notice: WorkNotice, card: Card) -> Settled:
    """A line to whom the card still shows its buttons; word for word the same when it is tried again, so WeCom drops
    what it has had."""
    if card.open:
        return {"due_at": None, "state": "moot"}
    outcome = f"{card.outcome or OVER}，{NO_LONGER}"
    settled = await deliver(house, replace(notice, card=replace(card, outcome=outcome))) or {}
    delivery = settled.pop("delivery", "")
    return settled | ({"state": "told" if delivery == "sent" else "stale"} if delivery else {})


def _not_updated(house: House, refusal: PlatformRefusal) -> Settled:
    """The platform's own table says what to do (server/gateways/errors.py)."""
    error = {"error": f"{refusal.errcode} {refusal.action}"}
    if refusal.action in AGAIN:
        raise refusal
    if refusal.action is Action.throttle:
        return {"due_at": house.db.now() + _A_MINUTE, "attempts": 0, **error}
    if refusal.action is Action.give_up:
        return {"due_at": None, "state": "stale", **error}
    log.error("cards.not_updated", errcode=refusal.errcode, action=refusal.action)
    return {"due_at": None, "state": "dead", **error}


DELIVERIES = QueueOf(
    "work_notices", NOTICES, carry, parallel=8, retry=RetryPolicy(), dead={"delivery": "dead"}
)
UPDATED = QueueOf("card_updates", UPDATES, update, parallel=8, retry=RetryPolicy(), dead={"state": "dead"})
