"""When a message goes to WeChat: at once, later, or not by itself.

The importance says how far it may go, and the resident how they want to be told of its topic: who is in need of it is
told though they wanted to hear less, and nobody is woken for what can wait.
"""

from datetime import datetime, time, timedelta
from zlib import crc32

from msgspec import Struct

from schemas.push import Delivery
from schemas.residents import How, Preferences
from server.config import Push, Settings
from server.kit.clock import SHANGHAI
from server.push.stored import Message
from server.residents import Resident


class Now(Struct, frozen=True):
    """It goes at once."""


class Later(Struct, frozen=True):
    """It waits until `at`; `why` in a word."""

    at: datetime
    why: str


class Never(Struct, frozen=True):
    """It stays in the inbox, as `delivery` says."""

    delivery: Delivery


def decide(
    message: Message, resident: Resident | None, now: datetime, rules: Settings
) -> Now | Later | Never:
    """Who has closed the account hears nothing any more."""
    if resident is None or resident.deleted_at is not None:
        return Never("none")
    match _how(message, resident.preferences):
        case "inbox":
            return Never("none")
        case "digest":
            return Never("digest")
    end = None if message.importance == "urgent" else quiet_until(resident, now, rules.push)
    return Now() if end is None else Later(end + spread(resident.id, rules.push), "quiet")


def _how(message: Message, wanted: Preferences) -> How:
    """A topic that was silenced is silent only for what is no more than normal."""
    match message.importance:
        case "urgent" | "high":
            return "now"
        case usual:
            chosen = wanted.topics.get(message.topic) if message.topic else None
            return chosen or ("now" if usual == "normal" else "digest")


def quiet_until(resident: Resident, now: datetime, rules: Push) -> datetime | None:
    """When the quiet hours end in which this resident is now; None: they may be told."""
    start, end = hours_of(resident.preferences, rules)
    here = now.astimezone(SHANGHAI)
    if not (start <= here.time() < end if start <= end else here.time() >= start or here.time() < end):
        return None
    day = here.date() + timedelta(days=1 if here.time() >= end else 0)
    return datetime.combine(day, end, SHANGHAI).astimezone(now.tzinfo)


def hours_of(wanted: Preferences, rules: Push) -> tuple[time, time]:
    """From when to when it is quiet for somebody, the street's usual hours where they have said nothing."""
    if wanted.quiet_hours is not None:
        return wanted.quiet_hours.start, wanted.quiet_hours.end
    start, end = (time.fromisoformat(one) for one in rules.quiet_hours.split("-"))
    return start, end


def spread(resident_id: str, rules: Push) -> timedelta:
    """How much later than the others somebody is told, always the same, so that not all are told in one second."""
    return timedelta(seconds=crc32(resident_id.encode()) % (rules.spread_minutes * 60))
