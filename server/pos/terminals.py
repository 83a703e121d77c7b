"""Terminals 商易通 at the community windows: what they send is signed, fresh, and heard once.

A terminal signs `timestamp\nnonce\nbody` with HMAC-SHA256 and its own secret. Its clock may be off by a few minutes
(`pos.clock_skew_s`); a nonce is remembered for longer than that, so a message that was caught on the way is worth
nothing.
"""

import hashlib
import hmac
from datetime import UTC, datetime

from msgspec.structs import replace

from schemas.pos import NewTerminal
from server import audit
from server.config import Settings
from server.kit.chance import chance
from server.kit.db import Collection, Duplicate, Index, Reader, Stored, Tx
from server.kit.errors import Conflict, Invalid, NotFound, Unauthorized
from server.kit.vault import Vault
from server.places import PLACES
from server.sessions import Actor

_KEPT_S = 900
"""Longer than a message is fresh: twice what the clock of a terminal may be off, before and after."""


class TerminalUnknown(Unauthorized):
    """终端未登记、已停用，或签名不对"""


class TerminalClockOff(Unauthorized):
    """终端的时间不对，请校准后再发"""


class SentBefore(Unauthorized):
    """这条报文已经收到过，请换新的随机数重发"""


class TerminalNotFound(NotFound):
    """没有这台终端"""


class TerminalKnown(Conflict):
    """这个编号已经登记过，请核对"""


class CommunityUnknown(Invalid):
    """没有这个社区，请重新选择"""


class Terminal(Stored, kw_only=True):
    """`secret` is sealed (server/kit/vault.py)."""

    name: str
    community_id: str | None
    secret: bytes
    active: bool = True


class Nonce(Stored, kw_only=True):
    """`id` is `terminal|nonce`."""

    at: datetime


TERMINALS: Collection[Terminal] = Collection("terminals", Terminal, whole=True)
NONCES: Collection[Nonce] = Collection("pos_nonces", Nonce, Index(("at",), expire_after_s=_KEPT_S))


def signature(secret: str, timestamp: str, nonce: str, body: bytes) -> str:
    """What a terminal puts into `X-Signature`: 64 hexadecimal digits."""
    message = f"{timestamp}\n{nonce}\n".encode() + body
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def check(
    reader: Reader,
    vault: Vault,
    rules: Settings,
    terminal_id: str,
    timestamp: str,
    nonce: str,
    given: str,
    body: bytes,
) -> Terminal:
    """Whose message it is. Raises TerminalUnknown, TerminalClockOff."""
    terminal = reader.recall(TERMINALS, terminal_id)
    secret = vault.open(terminal.secret, terminal.id) if terminal is not None else chance.hex(16)
    right = hmac.compare_digest(signature(secret, timestamp, nonce, body).encode(), given.encode())
    if terminal is None or not terminal.active or not right:
        raise TerminalUnknown
    if abs((_moment(timestamp) - reader.now).total_seconds()) > rules.pos.clock_skew_s:
        raise TerminalClockOff
    return terminal


def _moment(timestamp: str) -> datetime:
    """Raises TerminalClockOff."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= len("9999999999")):
        raise TerminalClockOff
    return datetime.fromtimestamp(int(timestamp), UTC)


async def hear_once(tx: Tx, terminal: Terminal, nonce: str) -> None:
    """Raises SentBefore."""
    try:
        await tx.insert(NONCES, Nonce(id=f"{terminal.id}|{nonce}", at=tx.now))
    except Duplicate as error:
        raise SentBefore from error


def register(terminal_id: str, name: str, community_id: str | None, secret: str, vault: Vault) -> Terminal:
    """A terminal with the secret that is typed into it."""
    return Terminal(
        id=terminal_id, name=name, community_id=community_id, secret=vault.seal(secret, terminal_id)
    )


# At the desk.


def new_secret() -> str:
    """What somebody types into a terminal, four digits at a time."""
    return chance.hex(16)


async def find(reader: Reader, terminal_id: str) -> Terminal:
    """Raises TerminalNotFound."""
    found = await reader.get(TERMINALS, terminal_id)
    if found is None:
        raise TerminalNotFound
    return found


async def enter(tx: Tx, new: NewTerminal, secret: str, vault: Vault, actor: Actor) -> Terminal:
    """Raises TerminalKnown, CommunityUnknown."""
    if new.community_id is not None:
        place = tx.recall(PLACES, new.community_id)
        if place is None or place.kind != "community":
            raise CommunityUnknown(field="community_id")
    if await tx.get(TERMINALS, new.id) is not None:
        raise TerminalKnown(field="id")
    made = register(new.id, new.name, new.community_id, secret, vault)
    try:
        await tx.insert(TERMINALS, made)
    except Duplicate as error:
        raise TerminalKnown(field="id") from error
    audit.note(tx, actor, "console", "terminal.register", made.id)
    return made


async def rekey(tx: Tx, terminal_id: str, secret: str, vault: Vault, actor: Actor) -> Terminal:
    """The old secret is worth nothing from now on. Raises TerminalNotFound."""
    changed = replace(await find(tx, terminal_id), secret=vault.seal(secret, terminal_id))
    await tx.put(TERMINALS, changed)
    audit.note(tx, actor, "console", "terminal.rekey", terminal_id)
    return changed


async def switch(tx: Tx, terminal_id: str, active: bool, actor: Actor) -> Terminal:
    """Heard, or heard no more. Raises TerminalNotFound."""
    changed = replace(await find(tx, terminal_id), active=active)
    await tx.put(TERMINALS, changed)
    audit.note(tx, actor, "console", "terminal.on" if active else "terminal.off", terminal_id)
    return changed
