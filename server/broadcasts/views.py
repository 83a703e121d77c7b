"""How far a broadcast has come, for the staff."""

from datetime import datetime, timedelta

from schemas.broadcasts import BroadcastActionView, BroadcastView
from server import announcements
from server.announcements import Announcement
from server.broadcasts.planning import deliveries
from server.broadcasts.stored import ACTS, RUNNING, STATE_TEXTS, TONES, Broadcast
from server.kit.db import Reader
from server.sessions import Actor


async def view(reader: Reader, one: Broadcast, announcement: Announcement, actor: Actor) -> BroadcastView:
    """Counted through indexes alone."""
    counts = await deliveries(reader, one.id)
    written, waiting = sum(counts.values()), counts.get("queued", 0)
    mine = announcements.may_change(announcement, actor)
    return BroadcastView(
        id=one.id,
        announcement_id=one.announcement_id,
        edition=one.edition,
        importance=one.importance,
        state=one.state,
        state_text=STATE_TEXTS[one.state],
        tone=TONES[one.state],
        by=one.by,
        at=one.at,
        started_at=one.started_at,
        ended_at=one.ended_at,
        planned=one.planned,
        total=max(one.total, written),
        written=written,
        sent=counts.get("sent", 0),
        no_credit=counts.get("no_credit", 0),
        refused=counts.get("refused", 0) + counts.get("dead", 0),
        unknown=counts.get("unknown", 0),
        inbox_only=sum(counts.get(each, 0) for each in ("none", "digest", "replaced")),
        waiting=waiting,
        read=await announcements.read_by(reader, announcement, one.edition),
        per_minute=one.per_minute if one.state == RUNNING else 0,
        ends_at=_ends_at(one, max(one.total - written, 0) + waiting, reader.now),
        actions=[
            BroadcastActionView(name=each.name, text=each.text) for each in ACTS if one.state in each.states
        ]
        if mine
        else [],
    )


def _ends_at(one: Broadcast, left: int, now: datetime) -> datetime | None:
    if one.state != RUNNING or not left or one.per_minute <= 0:
        return None
    return now + timedelta(minutes=left / one.per_minute)
