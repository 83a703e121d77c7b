"""The way of work notices to WeCom: as a card where there is something to tap, else as a line to read.

Both queues are leased, and a worker may be killed anywhere. A card that was sent and whose answer is lost is known by
its `task_id` and not sent twice; its face can then be changed by the code of a tap only. A code that was spent by an
attempt whose answer is lost is refused the next time, and the card has its new face already.
"""

from datetime import timedelta
from typing import Protocol

import structlog
from msgspec.structs import replace

from server.building import WeComGateway
from server.cards import faces
from server.cards.closing import UPDATES, CardUpdate, became, kind_of, open_now
from server.config import Settings
from server.kit.db import Database, Reader
from server.kit.jobs import QueueOf, RetryPolicy, Settled
from server.kit.platform import Action, PlatformRefusal
from server.staff_push import AGAIN, NOTICES, UNREACHABLE, WorkNotice, address, deliver, refused

log = structlog.get_logger()

_A_MOMENT = timedelta(seconds=1)
_A_MINUTE = timedelta(seconds=60)


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
    return {"due_at": None, "delivery": "sent", "error": "", "card.response_code": code}


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
    code = row.code or (notice.card.response_code if notice is not None and notice.card is not None else "")
    if notice is None or face is None or not code:
        return {"due_at": None, "state": "moot"}
    try:
        await house.wecom.update_card(house.settings.wecom.agentid, notice.userid, code, face)
    except PlatformRefusal as refusal:
        return _not_updated(house, refusal)
    return {"due_at": None, "state": "shown", "error": ""}


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
