"""What WeCom and WeChat tell us by themselves: a button that was tapped, a change of the directory, an answer to the
subscription popup.

The door of each platform (server/gateways/*_callbacks.py) says that a message is the platform's; here it is heard once.
Each kind has one listener, found by its `@hears`, and what it writes becomes true together with the mark that it was
heard: delivered again, as the platforms do where our answer came late, a message changes nothing.
"""

import asyncio
import functools
import hashlib
import inspect
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

import msgspec
import structlog
from msgspec import Struct

from server import nouns
from server.config import Settings
from server.kit.db import Collection, Database, DatabaseUnavailable, Duplicate, Index, Stored, Tx
from server.kit.errors import Forbidden, HoelunError, Unavailable

log = structlog.get_logger()

WINDOW = timedelta(minutes=5)
"""How far the signed time may be from ours."""
_REMEMBERED = timedelta(days=1)
"""Longer than both sides of the window: what is forgotten is refused by its time."""
_WITHIN_S = 4.0
"""The platforms wait for five seconds and then ask again."""
_NEW_EACH_TIME = frozenset({"ResponseCode"})
"""A delivery's own: two deliveries of one message may differ in it."""

Platform = Literal["wecom", "wechat"]
Message = Mapping[str, Any]
"""The message as the platform names its parts: `MsgType`, `FromUserName`, …; one of several parts is itself, several
are a list."""


class CallbackRefused(Forbidden):
    """这条消息不能接受"""


class Callback(Stored, kw_only=True):
    """A message that was heard; `id` is made of what it says."""

    at: datetime
    expires_at: datetime


CALLBACKS: Collection[Callback] = Collection("callbacks", Callback, Index(("expires_at",), expire_after_s=0))

Hear = Callable[..., Awaitable[str | None]]


class Hearing(Struct, frozen=True):
    """Who hears a kind of message. `hear` gets the transaction and the message, and the rules of the place as a third
    argument if it takes one; what it returns is said to the sender. Where it refuses, nothing of it stays, and `refused`
    may say something about that: it gets the transaction, the message and the refusal."""

    platform: Platform
    msgtype: str
    event: str
    hear: Hear
    refused: Callable[[Tx, Message, HoelunError], Awaitable[str | None]] | None = None

    async def heard(self, tx: Tx, message: Message, rules: Settings) -> str | None:
        takes_rules = len(inspect.signature(self.hear).parameters) > 2
        return await (self.hear(tx, message, rules) if takes_rules else self.hear(tx, message))


def hears(
    platform: Platform,
    msgtype: str,
    event: str = "",
    *,
    refused: Callable[[Tx, Message, HoelunError], Awaitable[str | None]] | None = None,
) -> Callable[[Hear], Hearing]:
    """`@hears("wecom", "event", "change_contact")`, or `@hears("wecom", "text")`."""

    def declared(hear: Hear) -> Hearing:
        return Hearing(platform, msgtype, event, hear, refused)

    return declared


@functools.cache
def hearings() -> dict[tuple[str, str, str], Hearing]:
    """Who hears what."""
    return {(one.platform, one.msgtype, one.event): one for one in nouns.found(Hearing)}


class House(Protocol):
    """What hearing needs of the building."""

    @property
    def db(self) -> Database: ...
    @property
    def settings(self) -> Settings: ...


def check_time(signed_at: str, now: datetime) -> None:
    """`signed_at` in seconds, as the signature covers it. Raises CallbackRefused outside the window."""
    if not (signed_at.isascii() and signed_at.isdigit() and len(signed_at) <= 12):
        raise CallbackRefused
    if abs(now.timestamp() - int(signed_at)) > WINDOW.total_seconds():
        raise CallbackRefused


async def receive(house: House, platform: Platform, message: Message) -> str | None:
    """Hear a message once; what to say to its sender, None for nothing. Raises DatabaseUnavailable."""
    kind = (platform, str(message.get("MsgType")), str(message.get("Event") or ""))
    hearing = hearings().get(kind)
    if hearing is None:
        return None
    try:
        async with asyncio.timeout(_WITHIN_S):
            return await _heard(house, hearing, message)
    except TimeoutError as error:
        raise DatabaseUnavailable(retry_after=1) from error


async def _heard(house: House, hearing: Hearing, message: Message) -> str | None:
    async def once(tx: Tx) -> str | None:
        await _mark(tx, hearing.platform, message)
        return await hearing.heard(tx, message, house.settings)

    try:
        return await house.db.atomically(once)
    except Duplicate as error:
        if error.collection != CALLBACKS.name:
            raise
        return None
    except HoelunError as refusal:
        if isinstance(refusal, Unavailable):
            raise
        log.info("callbacks.refused", heard=hearing.event or hearing.msgtype, code=refusal.code)
        return await _refused(house, hearing, message, refusal)


async def _refused(house: House, hearing: Hearing, message: Message, refusal: HoelunError) -> str | None:
    """Asked again it would be refused again: the platform hears that all is well, and the sender why it is not."""
    answer = hearing.refused

    async def once(tx: Tx) -> str | None:
        await _mark(tx, hearing.platform, message)
        return await answer(tx, message, refusal) if answer is not None else None

    try:
        return await house.db.atomically(once)
    except Duplicate as error:
        if error.collection != CALLBACKS.name:
            raise
        return None


async def _mark(tx: Tx, platform: Platform, message: Message) -> None:
    """Raises Duplicate for what was heard before."""
    mark = Callback(id=f"{platform}:{_key(message)}", at=tx.now, expires_at=tx.now + _REMEMBERED)
    await tx.insert(CALLBACKS, mark)


def _key(message: Message) -> str:
    """Messages have a number of their own; events have none, so all that one says tells it from the next."""
    if message.get("MsgId"):
        return f"message:{message['MsgId']}"
    said = {name: part for name, part in message.items() if name not in _NEW_EACH_TIME}
    whole = msgspec.json.encode(said, order="deterministic")
    return f"event:{hashlib.sha256(whole).hexdigest()}"
