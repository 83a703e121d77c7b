"""What comes of an attempt to show a message in WeChat, and what the platform's table of errors says is done about it
(wechat.md §1.3). The inbox has the message in any case."""

import random
from datetime import UTC, datetime, time, timedelta
from itertools import takewhile
from typing import Any, Literal

from msgspec import Struct

from schemas.push import Delivery
from server.kit.clock import SHANGHAI
from server.kit.jobs import RetryPolicy
from server.kit.platform import Action, PlatformDown, PlatformRefusal
from server.pauses import EVERYTHING, of_template
from server.push.stored import Message

BANNED = 43107
"""Of one template, until somebody at the platform has been spoken to."""
CROWDED = 5
"""So often two sends at once to one person are no attempt of the message."""
_MINUTE = timedelta(seconds=60)
_BUSY = "busy"
_NOT_TRIED = "breaker_open"


class Outcome(Struct, frozen=True, kw_only=True):
    """`delivery` is the last word, or `queued` where it is tried again at `due_at`; `held` says why it waits. `attempts`
    is set where the attempt does not count as one more.

    `unasked`: WeChat has certainly sent nothing. `money`: the credit is given `back`, or there are `none`. `dropped`:
    the recipient is not tried for a day. `pause`: what is paused, until when. `receipt`: the word for the receipt, empty
    where WeChat was not asked.
    """

    delivery: Delivery = "queued"
    due_at: datetime | None = None
    held: str = ""
    error: str = ""
    attempts: int | None = None
    unasked: bool = True
    money: Literal["kept", "back", "none"] = "kept"
    dropped: bool = False
    pause: tuple[str, datetime | None] | None = None
    msgid: str = ""
    receipt: str = ""

    @property
    def plain(self) -> bool:
        """Nothing changes but the message itself: what is collected for a digest joins its row, too."""
        changes = self.money != "kept" or self.dropped or self.pause is not None
        return not changes and self.delivery != "digest"

    def fields(self, now: datetime) -> dict[str, Any]:
        """What is set on the row."""
        fields: dict[str, Any] = {
            "delivery": self.delivery,
            "due_at": self.due_at,
            "held": self.held,
            "error": self.error,
        }
        if self.attempts is not None:
            fields["attempts"] = self.attempts
        if self.unasked:
            fields["asked_at"] = None
        if self.money == "back":
            fields["paid"] = False
        if self.msgid:
            fields["msgid"] = self.msgid
        if self.delivery == "dead":
            fields["dead_at"] = now
        return fields


def sent(msgid: str) -> Outcome:
    return Outcome(delivery="sent", unasked=False, msgid=msgid, receipt="sent")


def waits(message: Message, until: datetime, why: str) -> Outcome:
    """It was not tried, and is as good as new."""
    return Outcome(due_at=until, held=why, attempts=0, error=message.error)


def refused(message: Message, refusal: PlatformRefusal, now: datetime, retry: RetryPolicy) -> Outcome:
    """By the action of the table."""
    error = f"{refusal.errcode} {refusal.action}"
    match refusal.action:
        case Action.serialize:
            return _crowded(message, error, now, retry)
        case Action.retry | Action.defer | Action.refresh_token:
            return _again(message, error, now, retry)
        case Action.stop_until_tomorrow:
            until = tomorrow(now)
            pause = (EVERYTHING, until)
            return Outcome(due_at=until, held="quota", error=error, attempts=0, pause=pause, receipt="again")
        case Action.throttle:
            until = now + _MINUTE
            pause = (EVERYTHING, until)
            return Outcome(
                due_at=until, held="throttled", error=error, attempts=0, pause=pause, receipt="again"
            )
        case Action.zero_credit:
            return Outcome(delivery="no_credit", error=error, money="none", receipt="no_credit")
        case Action.drop_recipient:
            return _ended("refused", error, dropped=True)
        case Action.skip | Action.flag_content:
            return _ended("refused", error)
    if refusal.errcode == BANNED:
        return _ended("dead", error, pause=(of_template(message.template), None))
    return _ended("dead", error)


def down(
    message: Message, trouble: PlatformDown, now: datetime, retry: RetryPolicy, word_s: float
) -> Outcome:
    """There was no answer. Where WeChat may have sent it all the same, its word is waited for."""
    if trouble.uncertain:
        until = (message.asked_at or now) + timedelta(seconds=word_s)
        error = f"down {trouble.reason}"
        return Outcome(due_at=until, held="doubt", error=error, unasked=False, receipt="unknown")
    if trouble.reason == _NOT_TRIED:
        until = now + timedelta(seconds=max(trouble.retry_after or 0, 1) * random.uniform(1, 1.5))
        return Outcome(due_at=until, held="down", error=message.error, attempts=message.attempts - 1)
    error = f"-1 {Action.retry}" if trouble.reason == _BUSY else f"down {trouble.reason}"
    return _again(message, error, now, retry)


def _again(message: Message, error: str, now: datetime, retry: RetryPolicy) -> Outcome:
    if message.attempts >= retry.attempts:
        return _ended("dead", error)
    return Outcome(due_at=now + retry.wait(message.attempts), error=error, receipt="again")


def _crowded(message: Message, error: str, now: datetime, retry: RetryPolicy) -> Outcome:
    """Somebody else was sending to them: a moment later it is their turn."""
    before = len(list(takewhile(lambda one: one.error == error, reversed(message.receipts))))
    if before >= CROWDED:
        return _again(message, error, now, retry)
    soon = now + timedelta(seconds=random.uniform(0.5, 2))
    return Outcome(due_at=soon, held="busy", error=error, attempts=message.attempts - 1, receipt="again")


def _ended(delivery: Delivery, error: str, **more: Any) -> Outcome:
    """The last word; nothing was sent with the credit."""
    return Outcome(delivery=delivery, error=error, money="back", receipt=delivery, **more)


def tomorrow(now: datetime) -> datetime:
    """When the platform has begun to count anew."""
    day = now.astimezone(SHANGHAI).date() + timedelta(days=1)
    return datetime.combine(day, time(0, 5), SHANGHAI).astimezone(UTC)
