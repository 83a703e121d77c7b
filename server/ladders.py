"""The ladder 兜底通知: how an important message reaches whom WeChat did not show it to.

One row for each such message says on which rung it stands. It is made in the transaction that settled the message, and
climbed by the worker until somebody has read it, was told, or nothing is left to try. The inbox has it in any case.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from msgspec import Struct

from schemas.ladders import Ended, SmsState
from schemas.push import Channel, Importance
from schemas.return_calls import Why
from server import return_calls
from server.config import ReturnCalls, Settings
from server.keeping import Keeping, by_resident
from server.kit.db import TEXT, Collection, Database, Index, Tx
from server.kit.events import Event, on
from server.kit.jobs import DUE, Leased, QueueOf, Settled
from server.kit.platform import Action, PlatformDown, PlatformRefusal
from server.push import MESSAGES, Message, receipts, timing
from server.residents import RESIDENTS, Resident
from server.return_calls import RETURN_CALLS

log = structlog.get_logger()

_KEPT = timedelta(days=90)
_WAITS: Mapping[Action, timedelta] = {
    Action.throttle: timedelta(minutes=1),
    Action.defer: timedelta(hours=1),
    Action.config_alert: timedelta(hours=1),
    Action.stop_until_tomorrow: timedelta(hours=6),
}
"""Refusals after which an SMS is tried again: it was certainly not sent."""
_AWAY = timedelta(minutes=1)
_WORTH_SENDING = timedelta(days=3)


class Sends(Protocol):
    """What the ladder needs of the provider of short messages."""

    configured: bool

    async def send(self, phone: str, text: str, out_id: str) -> str: ...


class House(Protocol):
    db: Database
    settings: Settings
    sms: Sends


class Rung(Struct, frozen=True):
    """A way to reach somebody, tried so long after the one before it was."""

    channel: Channel
    after: Callable[[ReturnCalls], timedelta] = lambda rules: timedelta()


LADDERS: Mapping[Importance, tuple[Rung, ...]] = {
    "urgent": (
        Rung("sms"),
        Rung("return_call", lambda rules: timedelta(minutes=rules.urgent_minutes)),
    ),
    "high": (
        Rung("return_call"),
        Rung("sms", lambda rules: timedelta(hours=rules.hours)),
    ),
}
"""What comes after WeChat. Of what matters less than this the inbox is enough."""


class Climb(Leased, kw_only=True):
    """`id` is the message's. `rung` counts those that are behind it, and the next one is tried at `next_at`. `sms` is set
    before one is sent, `sms_no` is the provider's number of it; `recalled`: it did not arrive, which was looked after."""

    resident_id: str
    importance: Importance
    at: datetime
    rung: int = 0
    next_at: datetime
    sms: SmsState = ""
    sms_no: str | None = None
    recalled: bool = False
    ended: Ended | None = None
    ended_at: datetime | None = None


CLIMBS: Collection[Climb] = Collection(
    "climbs",
    Climb,
    Index(("resident_id",)),
    Index(("sms_no",), only={"sms_no": TEXT}),
    Index(("ended_at",), expire_after_s=int(_KEPT.total_seconds())),
    DUE,
)
_CLIMBS = Keeping(
    title="兜底通知", collection=CLIMBS, find=by_resident, hidden=frozenset({"sms_no", "next_at"})
)


class Sms(Struct, frozen=True):
    """One that is to be sent now."""

    phone: str
    text: str


class Answer(Struct, frozen=True):
    """What the provider said to it; with `again` it has certainly not gone, and is tried after so long."""

    state: SmsState
    number: str | None = None
    error: str = ""
    again: timedelta | None = None


async def begin(tx: Tx, message: Message) -> None:
    """WeChat did not show this message; it is told otherwise. A repeat changes nothing."""
    if message.bulk or message.importance not in LADDERS:
        return
    if await tx.get(CLIMBS, message.id) is None:
        climb = Climb(
            id=message.id,
            resident_id=message.resident_id,
            importance=message.importance,
            at=tx.now,
            next_at=tx.now,
            due_at=tx.now,
            request_id=message.request_id,
        )
        await tx.insert(CLIMBS, climb)


async def climb(house: House, leased: Climb) -> Settled:
    """The next rung. That an SMS is being sent is written down before, and its answer after: of whoever dies in between
    nobody knows whether it went, and it is not sent again."""
    sms = await house.db.atomically(
        lambda tx: _step(tx, leased, house.settings, house.sms.configured), lanes=[leased.resident_id]
    )
    if sms is not None:
        answer = await _sent(house, leased, sms)
        await house.db.atomically(lambda tx: _answered(tx, leased, answer, house.settings))
    return None


CLIMBING: QueueOf[Climb] = QueueOf("climbs", CLIMBS, climb)


async def _step(tx: Tx, leased: Climb, rules: Settings, can_text: bool) -> Sms | None:
    row = await tx.get(CLIMBS, leased.id)
    if row is None or row.fence != leased.fence:
        return None
    message, resident = await tx.get(MESSAGES, row.id), await tx.get(RESIDENTS, row.resident_id)
    row.attempts, row.error = 0, ""
    if row.sms == "sending":
        row.sms = "unknown"
        await receipts.note(tx, row.id, "sms", "unknown")
    sms = None
    if message is None or resident is None or resident.deleted_at is not None:
        await _end(tx, row, "left")
    elif (over := _over(message)) is not None:
        await _end(tx, row, over)
    else:
        if row.sms == "failed" and not row.recalled:
            await _recall(tx, row, message, resident, rules)
        sms = await _next(tx, row, message, resident, rules, can_text)
    await tx.put(CLIMBS, row)
    return sms


def _over(message: Message) -> Ended | None:
    if message.read_at is not None:
        return "read"
    return "sent" if message.delivery == "sent" else None


async def _next(
    tx: Tx, row: Climb, message: Message, resident: Resident, rules: Settings, can_text: bool
) -> Sms | None:
    """As far as it goes now; what to send, if that is it."""
    ladder = LADDERS[row.importance]
    while row.rung < len(ladder):
        rung = ladder[row.rung]
        wait = max(row.next_at, _quiet_until(row, resident, tx.now, rules))
        if wait > tx.now:
            row.due_at = wait
            return None
        if rung.channel == "sms" and row.sms:
            row.rung, row.next_at = row.rung + 1, tx.now
            continue
        hindrance = _hindrance(rung.channel, resident, can_text)
        if hindrance:
            await receipts.note(tx, row.id, rung.channel, "skipped", hindrance)
            row.rung, row.next_at = row.rung + 1, tx.now
        elif rung.channel == "sms":
            row.sms = "sending"
            return Sms(resident.phone or "", message.title)
        else:
            await return_calls.add(tx, resident, message, _why(row, message))
            row.rung += 1
            row.next_at = _after(row, tx.now, rules)
    row.due_at = None
    if not await return_calls.waits_for(tx, row.id):
        await _end(tx, row, "tried")
    return None


def _quiet_until(row: Climb, resident: Resident, now: datetime, rules: Settings) -> datetime:
    """Only what is urgent wakes somebody."""
    end = None if row.importance == "urgent" else timing.quiet_until(resident, now, rules.push)
    return now if end is None else end + timing.spread(resident.id, rules.push)


def _after(row: Climb, now: datetime, rules: Settings) -> datetime:
    ladder = LADDERS[row.importance]
    return now + ladder[row.rung].after(rules.return_calls) if row.rung < len(ladder) else now


def _hindrance(channel: Channel, resident: Resident, can_text: bool) -> str:
    """Why this way is not open, in a word; empty where it is."""
    if not resident.phone:
        return "no_phone"
    if channel == "sms" and not can_text:
        return "not_configured"
    wanted = resident.preferences.sms if channel == "sms" else resident.preferences.calls
    return "" if wanted else "switched_off"


def _why(row: Climb, message: Message) -> Why:
    if row.sms in ("sent", "delivered", "unknown"):
        return "unread"
    if row.sms == "failed":
        return "sms_failed"
    match message.delivery:
        case "no_credit" | "refused" | "unknown" as why:
            return why
    return "dead"


async def _recall(tx: Tx, row: Climb, message: Message, resident: Resident, rules: Settings) -> None:
    """The SMS was the last rung and did not arrive: one more call, where not enough were made."""
    row.recalled = True
    enough = await return_calls.tries_of(tx, row.id) >= rules.return_calls.tries
    if row.rung == len(LADDERS[row.importance]) and not enough and resident.preferences.calls:
        await return_calls.add(tx, resident, message, "sms_failed")


async def _end(tx: Tx, row: Climb, ended: Ended) -> None:
    row.due_at, row.ended, row.ended_at = None, ended, tx.now
    if ended != "tried":
        await return_calls.close(tx, row.id, "read" if ended == "read" else "not_needed")


async def _sent(house: House, row: Climb, sms: Sms) -> Answer:
    try:
        return Answer("sent", await house.sms.send(sms.phone, sms.text, row.id))
    except PlatformRefusal as refusal:
        return _refused(refusal, house.db.now() - row.at)
    except PlatformDown as down:
        return Answer(
            "unknown" if down.uncertain else "", None, down.reason, None if down.uncertain else _AWAY
        )


def _refused(refusal: PlatformRefusal, waited: timedelta) -> Answer:
    error = f"{refusal.errcode} {refusal.action}"
    if refusal.action is Action.dedupe:
        return Answer("sent", error=error)
    if refusal.action is Action.retry:
        return Answer("unknown", error=error)
    if refusal.action in (Action.config_alert, Action.bug):
        log.error("ladders.misconfigured", errcode=refusal.errcode, action=refusal.action)
    wait = _WAITS.get(refusal.action)
    if wait is None or waited > _WORTH_SENDING:
        return Answer("refused", error=error)
    return Answer("", error=error, again=wait)


async def _answered(tx: Tx, leased: Climb, answer: Answer, rules: Settings) -> None:
    """Whom an SMS has gone to need not be called any more, or not at once; where it has not gone, the next is tried."""
    row = await tx.get(CLIMBS, leased.id)
    if row is None:
        return
    row.sms_no = answer.number or row.sms_no
    if row.sms not in ("delivered", "failed"):
        row.sms = answer.state
    if answer.state:
        await receipts.note(tx, row.id, "sms", answer.state, answer.error)
    if row.fence == leased.fence and row.ended is None:
        row.error = answer.error
        if answer.again is None:
            row.rung += 1
            row.next_at = _after(row, tx.now, rules) if answer.state == "sent" else tx.now
            row.due_at = row.next_at
        else:
            row.due_at = tx.now + answer.again
    await tx.put(CLIMBS, row)
    if answer.state == "sent":
        await return_calls.close(tx, row.id, "unreachable")


async def reported(tx: Tx, number: str, ok: bool, error: str, out_id: str = "") -> None:
    """What the provider says later of an SMS, which it may do before we have its number. One that did not arrive leaves
    the telephone; a repeat changes nothing."""
    row = await tx.first(CLIMBS, {"sms_no": number}) or await tx.get(CLIMBS, out_id)
    if row is None or row.sms not in ("sending", "sent", "unknown"):
        return
    sending, row.sms_no, row.sms = row.sms == "sending", number, "delivered" if ok else "failed"
    await receipts.note(tx, row.id, "sms", row.sms, error)
    if not ok and not sending and row.ended in (None, "tried"):
        row.ended, row.ended_at = None, None
        row.due_at = row.next_at = tx.now
    await tx.put(CLIMBS, row)


@on("return_call.*")
async def follow(tx: Tx, event: Event) -> None:
    """What came of a call, as it stands now."""
    call = await tx.get(RETURN_CALLS, event.subject)
    for told in call.messages if call is not None else ():
        row = await tx.get(CLIMBS, told.message_id)
        if row is None:
            continue
        match told.ended:
            case "reached" if row.ended is None:
                row.due_at, row.ended, row.ended_at = None, "told", tx.now
            case "read" | "not_needed" | "replaced" as ended if row.ended is None:
                row.due_at, row.ended, row.ended_at = None, ended, tx.now
            case "unreachable" if row.ended is None and row.sms != "sending":
                row.due_at = row.next_at = tx.now
            case None if row.ended in ("told", "not_needed"):
                row.ended, row.ended_at = None, None
                row.due_at = row.next_at
            case _:
                continue
        await tx.put(CLIMBS, row)
