"""What is kept of a call back: whose it is, which messages it is to tell, and who has it.

A resident has one at most that is open, whatever is to be told: a unique index says so. The words stay with the
messages and are read from there.
"""

from datetime import datetime, timedelta

from msgspec import Struct

from schemas.push import Importance
from schemas.return_calls import Ended, Why
from server.keeping import Keeping, by_resident
from server.kit.chance import chance
from server.kit.db import Collection, Index, Stored, Tx
from server.kit.events import Event, emit, event_id
from server.push import Message, receipts
from server.push.reading import OnRead
from server.residents import Resident
from server.sessions import SYSTEM, Actor

_KEPT = timedelta(days=90)
_TOLD_AGAIN = 5


class Told(Struct, kw_only=True):
    """A message that is to be told, written at `since`; nothing is to be done about it any more once it has `ended`."""

    message_id: str
    template: str
    case_no: str | None
    importance: Importance
    why: Why
    since: datetime
    ended: Ended | None = None


class Try(Struct, frozen=True):
    """Nobody answered."""

    at: datetime
    by: str


class ReturnCall(Stored, kw_only=True):
    """`open` until it `ended`. `order` is its place in the queue; who has `taken` it has it until a time, after which a
    colleague may take it over. `seq` counts its events, `version` its changes."""

    resident_id: str
    community_id: str | None
    open: bool = True
    order: str
    since: datetime
    messages: list[Told]
    tries: list[Try] = []
    taken_by: str | None = None
    until: datetime | None = None
    version: int = 1
    seq: int = 0
    outcome: Ended | None = None
    reason: str = ""
    ended_by: str = ""
    ended_at: datetime | None = None

    @property
    def urgent(self) -> bool:
        return any(one.importance == "urgent" for one in self.messages if one.ended is None)

    def held(self, now: datetime) -> bool:
        """Whether somebody is at it."""
        return self.open and self.until is not None and self.until > now

    def waits(self) -> list[Told]:
        return [one for one in self.messages if one.ended is None]


RETURN_CALLS: Collection[ReturnCall] = Collection(
    "return_calls",
    ReturnCall,
    Index(("resident_id", "open"), unique=True, only={"open": True}),
    Index(("resident_id",)),
    Index(("open", "order", "_id")),
    Index(("community_id", "open", "order", "_id")),
    Index(("open", "until", "_id")),
    Index(("community_id", "open", "until", "_id")),
    Index(("open", "-ended_at", "-_id")),
    Index(("community_id", "open", "-ended_at", "-_id")),
    Index(("taken_by",), only={"open": True}),
    Index(("ended_by", "-ended_at")),
    Index(("messages.message_id",)),
    Index(("ended_at",), expire_after_s=int(_KEPT.total_seconds())),
)
_RETURN_CALLS = Keeping(
    title="电话通知",
    collection=RETURN_CALLS,
    find=by_resident,
    hidden=frozenset({"order", "seq", "version", "open"}),
)


async def open_of(tx: Tx, resident_id: str) -> ReturnCall | None:
    return await tx.first(RETURN_CALLS, {"resident_id": resident_id, "open": True})


async def add(tx: Tx, resident: Resident, message: Message, why: Why) -> None:
    """One more message for the call that waits for this resident, or the first of a new one; a repeat changes nothing. Of
    what says the same of a case only the last is told."""
    if await waits_for(tx, message.id):
        return
    told = Told(
        message_id=message.id,
        template=message.template,
        case_no=message.case_no,
        importance=message.importance,
        why=why,
        since=message.at,
    )
    await receipts.note(tx, message.id, "return_call", "waiting")
    call = await open_of(tx, resident.id)
    if call is not None:
        call.messages = [*call.messages, told]
        waits = call.waits()
        older = {one.message_id for one in waits if any(_replaces(other, one) for other in waits)}
        await end(tx, call, "replaced", SYSTEM, only=older) if older else await save(tx, call)
        return
    call = ReturnCall(
        id=chance.hex(12),
        resident_id=resident.id,
        community_id=resident.community_id,
        order="",
        since=tx.now,
        messages=[told],
    )
    say(tx, call, "opened", SYSTEM)
    call.order = place(call)
    await tx.insert(RETURN_CALLS, call)


def _replaces(newer: Told, older: Told) -> bool:
    same = (newer.template, newer.case_no) == (older.template, older.case_no)
    return same and newer.case_no is not None and newer.since > older.since


def place(call: ReturnCall) -> str:
    """What is urgent comes first, then what waits longest; a call that nobody answered waits anew."""
    since = call.tries[-1].at if call.tries else call.since
    return f"{0 if call.urgent else 1} {since.isoformat()}"


async def save(tx: Tx, call: ReturnCall) -> None:
    call.version += 1
    call.order = place(call)
    await tx.put(RETURN_CALLS, call)


async def end(
    tx: Tx, call: ReturnCall, outcome: Ended, actor: Actor, reason: str = "", *, only: set[str] | None = None
) -> None:
    """These messages need not be told any more, or all; the call is over with the last of them."""
    ending = [one for one in call.waits() if only is None or one.message_id in only]
    for one in ending:
        one.ended = outcome
        await receipts.note(tx, one.message_id, "return_call", outcome)
    if not call.waits():
        call.open, call.until = False, None
        call.outcome, call.reason = outcome, reason
        call.ended_by, call.ended_at = actor.id, tx.now
    if ending:
        say(tx, call, "ended", actor)
        await save(tx, call)


async def waits_for(tx: Tx, message_id: str) -> bool:
    """Whether somebody is to be told of this message by telephone."""
    calls = await tx.all(RETURN_CALLS, {"messages.message_id": message_id}, limit=_TOLD_AGAIN)
    return any(told.message_id == message_id for call in calls for told in call.waits())


async def tries_of(tx: Tx, message_id: str) -> int:
    """How often nobody answered."""
    calls = await tx.all(RETURN_CALLS, {"messages.message_id": message_id}, limit=_TOLD_AGAIN)
    return sum(len(one.tries) for one in calls)


async def close(tx: Tx, message_id: str, outcome: Ended) -> None:
    """This message need not be told by telephone any more, or it was told in another way."""
    call = await tx.first(RETURN_CALLS, {"messages.message_id": message_id, "open": True})
    if call is not None:
        await end(tx, call, outcome, SYSTEM, only={message_id})


async def _read(tx: Tx, resident_id: str, ids: list[str] | None) -> None:
    """Who has seen it needs no call."""
    call = await open_of(tx, resident_id)
    if call is not None:
        await end(tx, call, "read", SYSTEM, only=None if ids is None else set(ids))


READ = OnRead(_read)


def say(tx: Tx, call: ReturnCall, what: str, actor: Actor) -> None:
    """Tell the listeners; the call is to be stored in the same transaction."""
    call.seq += 1
    emit(
        tx,
        Event(
            id=event_id(f"return_call-{call.id}", call.seq),
            type=f"return_call.{what}",
            subject=call.id,
            seq=call.seq,
            at=tx.now,
            by={"kind": actor.kind, "id": actor.id, "name": "", "role": actor.kind},
            channel="system",
            data={},
        ),
    )
