"""When a message goes to WeChat: at once, later, or not by itself."""

from datetime import datetime

from msgspec import Struct

from schemas.push import Delivery
from server.config import Settings
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
    return Now()
