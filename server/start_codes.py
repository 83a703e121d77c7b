"""A code of four digits that is read out to begin: whoever guesses it is stopped. Every wrong one is written down, though
the request is refused.

Asking is counted in a transaction of its own before the act (`Action.before`): of two that guess at the same moment one
comes after the other, so there are never more guesses than the street allows. Nobody gets a new code: the lock ends by
itself, and the resident and the dispatchers hear of it at once.
"""

import hmac
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from server.cases.kinds import CASES, Case
from server.config import Settings
from server.kit.chance import chance
from server.kit.db import Tx
from server.kit.errors import Conflict, HoelunError
from server.kit.events import Event, emit, event_id
from server.sessions import Actor
from server.words import clock_time

LOCKED = "start_code.locked"


class WrongStartCode(Conflict):
    """开始口令不对，请居民再念一遍"""


class StartCodeLocked(Conflict):
    """开始口令错的次数太多，请稍后再试"""


class Coded(Protocol):
    """The stored details of what is begun with a code."""

    start_code: str
    code_tries: list[datetime]
    code_asked: int
    code_locked_until: datetime | None


class Given(Protocol):
    """The form of the act."""

    @property
    def code(self) -> str: ...


def new() -> str:
    return f"{chance.below(10_000):04d}"


class Guard(Struct, frozen=True):
    """What a noun calls its code (`word`), who reads it out, and what the resident is to know when somebody guesses."""

    word: str = "开始口令"
    whose: str = "居民"
    alarm: str = "师傅没有到门口，请不要把口令告诉任何人"

    def check(self, details: Coded, given: str, now: datetime) -> None:
        """Raises StartCodeLocked, WrongStartCode."""
        if details.code_locked_until is not None and now < details.code_locked_until:
            raise self._locked(details.code_locked_until, now)
        if not hmac.compare_digest(given, details.start_code):
            raise WrongStartCode(self._wrong_text, field="code")

    async def count(
        self, tx: Tx, case: Case, details: Coded, form: Given, actor: Actor, rules: Settings
    ) -> HoelunError | None:
        """Write down that somebody asked; what they are refused with."""
        try:
            self.check(details, form.code, tx.now)
        except StartCodeLocked as locked:
            return locked
        except WrongStartCode:
            return await self._wrong(tx, case, details, actor, rules)
        await _write(tx, case, {})
        return None

    def warning(self, details: Coded, now: datetime) -> str:
        """What the resident is to know of it; empty where nobody guesses."""
        until = details.code_locked_until
        if until is None or now >= until:
            return ""
        return f"有人把{self.word}输错了好几次，{clock_time(until)} 前不能再试。{self.alarm}"

    @property
    def _wrong_text(self) -> str:
        return f"{self.word}不对，请{self.whose}再念一遍"

    async def _wrong(self, tx: Tx, case: Case, details: Coded, actor: Actor, rules: Settings) -> HoelunError:
        """One more wrong one; the last that is allowed locks."""
        own = rules.bookings
        span = timedelta(minutes=own.code_lock_minutes)
        tries = [one for one in details.code_tries if tx.now - one < span] + [tx.now]
        left = own.code_tries - len(tries)
        if left > 0:
            await _write(tx, case, {"details.code_tries": tries})
            return WrongStartCode(f"{self._wrong_text}，还可以试 {left} 次", field="code")
        until = tx.now + span
        await _write(tx, case, {"details.code_tries": [], "details.code_locked_until": until})
        _tell(tx, case, details, actor)
        return self._locked(until, tx.now)

    def _locked(self, until: datetime, now: datetime) -> StartCodeLocked:
        left = until - now
        minutes = -(-int(left.total_seconds()) // 60)
        return StartCodeLocked(
            f"{self.word}错的次数太多，请等 {minutes} 分钟（{clock_time(until)}）再试，"
            f"先打电话和{self.whose}核对",
            field="code",
            retry_after=left.total_seconds(),
        )


async def _write(tx: Tx, case: Case, change: dict[str, object]) -> None:
    """Always a write: that puts those who ask at the same moment one after the other."""
    set_too = {"$set": change} if change else {}
    await tx.change(CASES, {"_id": case.id}, {"$inc": {"details.code_asked": 1}, **set_too})


def _tell(tx: Tx, case: Case, details: Coded, actor: Actor) -> None:
    subject, number = f"{case.id}:code", details.code_asked + 1
    emit(
        tx,
        Event(
            id=event_id(subject, number),
            type=LOCKED,
            subject=subject,
            seq=number,
            at=tx.now,
            by={"kind": actor.kind, "id": actor.id},
            channel="system",
            data={"case_no": case.id, "kind": case.kind},
        ),
    )
