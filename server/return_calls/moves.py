"""Taking a call, giving it back, and what came of it. One member has it at a time, for a while: who goes home without
a word keeps nobody from being told."""

from datetime import datetime, timedelta

from schemas.return_calls import CallOutcome
from schemas.reveals import NewReveal
from server import audit, reveals, staff, staff_push
from server.config import Settings
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, NotFound, TooMany
from server.kit.events import Event, on
from server.push import receipts
from server.return_calls.stored import RETURN_CALLS, ReturnCall, Try, end, save, say
from server.sessions import Actor

WAITING_MOST = 100
_READERS = frozenset({"operator", "admin"})


class ReturnCallNotFound(NotFound):
    """没有这通电话"""


class ReturnCallTaken(Conflict):
    """同事正在打这通电话"""


class ReturnCallNotYours(Conflict):
    """请先点“我来打”，再记结果"""


class ReturnCallOver(Conflict):
    """这通电话已经不用打了"""


class ReturnCallChanged(Conflict):
    """又多了一条要告诉这位居民的消息，请看一看再记"""


class ReturnCallSettled(Conflict):
    """过了可以改的时间，不能改回去了"""


class CalledEnough(TooMany):
    """您今天点“我来打”的次数已经用完，剩下的请同事接着打；没有同事能打，请找管理员加次数"""


def lane(call_id: str) -> str:
    """Those who reach for the same call take turns."""
    return f"return_call|{call_id}"


async def find(reader: Reader, call_id: str, actor: Actor) -> ReturnCall:
    """A window's are those of its own community. Raises ReturnCallNotFound."""
    call = await reader.get(RETURN_CALLS, call_id)
    if call is None or not seen_by(actor, call.community_id):
        raise ReturnCallNotFound
    return call


def seen_by(actor: Actor, community_id: str | None) -> bool:
    return not actor.roles.isdisjoint(_READERS) or any(
        one.role == "clerk" and community_id in (None, one.community_id) for one in actor.grants
    )


async def take(tx: Tx, call_id: str, actor: Actor, rules: Settings) -> ReturnCall:
    """It is mine for a while, with the resident's number, which is on record; whoever has it already has it for longer.
    Counted by itself: who has called all morning may still look somebody up.

    Raises ReturnCallNotFound, ReturnCallOver, ReturnCallTaken, CalledEnough."""
    call = await _open(tx, call_id, actor)
    if call.held(tx.now) and call.taken_by != actor.id:
        raise ReturnCallTaken
    if call.taken_by != actor.id:
        await reveals.on_record(tx, call.resident_id, NewReveal(reason="callback"), actor)
        await reveals.spend(tx, actor, rules.return_calls.takes_per_day, "return_calls", CalledEnough)
    call.taken_by = actor.id
    call.until = tx.now + timedelta(minutes=rules.return_calls.hold_minutes)
    await save(tx, call)
    return call


async def release(tx: Tx, call_id: str, actor: Actor) -> ReturnCall:
    """Somebody else may have it. Raises ReturnCallNotFound, ReturnCallOver, ReturnCallNotYours."""
    call = await _mine(tx, call_id, actor)
    audit.note(tx, actor, "console", "return_calls.release", call.id, call.resident_id)
    await _let_go(tx, call)
    return call


async def hand_over(tx: Tx, actor: Actor) -> int:
    """The end of a shift: all that I have goes back; how many."""
    mine = await tx.all(RETURN_CALLS, {"taken_by": actor.id, "open": True}, limit=WAITING_MOST)
    audit.note(tx, actor, "console", "return_calls.hand_over", *(one.id for one in mine))
    for call in mine:
        await _let_go(tx, call)
    return len(mine)


async def settle(tx: Tx, call_id: str, wanted: CallOutcome, actor: Actor, rules: Settings) -> ReturnCall:
    """What came of it. Who could not be reached often enough is written to instead.

    Raises ReturnCallNotFound, ReturnCallOver, ReturnCallNotYours, ReturnCallChanged."""
    call = await _mine(tx, call_id, actor)
    if call.version != wanted.version:
        raise ReturnCallChanged
    audit.note(tx, actor, "console", f"return_calls.{wanted.outcome}", call.id, call.resident_id)
    match wanted.outcome:
        case "not_reached":
            await _nobody_answered(tx, call, actor, rules)
        case outcome:
            await end(tx, call, outcome, actor, wanted.reason.strip())
    return call


async def undo(tx: Tx, call_id: str, actor: Actor, rules: Settings) -> ReturnCall:
    """It was not so: what this member has just written down as told, or as not needed, waits again and is theirs.

    Raises ReturnCallNotFound, ReturnCallSettled."""
    call = await find(tx, call_id, actor)
    waiting = await tx.first(RETURN_CALLS, {"resident_id": call.resident_id, "open": True})
    if waiting is not None or not undone_by(call, actor, tx.now, rules):
        raise ReturnCallSettled
    audit.note(tx, actor, "console", "return_calls.undo", call.id, call.resident_id)
    for one in call.messages:
        if one.ended == call.outcome:
            one.ended = None
            await receipts.note(tx, one.message_id, "return_call", "waiting")
    call.open, call.outcome, call.reason = True, None, ""
    call.ended_by, call.ended_at = "", None
    call.taken_by, call.until = actor.id, tx.now + timedelta(minutes=rules.return_calls.hold_minutes)
    say(tx, call, "reopened", actor)
    await save(tx, call)
    return call


def undone_by(call: ReturnCall, actor: Actor, now: datetime, rules: Settings) -> bool:
    """Whether this member may still take back what they wrote."""
    if call.ended_at is None or call.outcome not in ("reached", "not_needed") or call.ended_by != actor.id:
        return False
    return now - call.ended_at < timedelta(minutes=rules.return_calls.undo_minutes)


async def _nobody_answered(tx: Tx, call: ReturnCall, actor: Actor, rules: Settings) -> None:
    call.tries = [*call.tries, Try(tx.now, actor.id)]
    if len(call.tries) >= rules.return_calls.tries:
        await end(tx, call, "unreachable", actor)
        return
    for one in call.waits():
        await receipts.note(tx, one.message_id, "return_call", "not_reached")
    await _let_go(tx, call)


async def _let_go(tx: Tx, call: ReturnCall) -> None:
    call.taken_by, call.until = None, None
    await save(tx, call)


async def _open(tx: Tx, call_id: str, actor: Actor) -> ReturnCall:
    call = await find(tx, call_id, actor)
    if not call.open:
        raise ReturnCallOver
    return call


async def _mine(tx: Tx, call_id: str, actor: Actor) -> ReturnCall:
    """Also after its time, as long as nobody else has taken it over."""
    call = await _open(tx, call_id, actor)
    if call.taken_by != actor.id:
        raise ReturnCallTaken if call.held(tx.now) else ReturnCallNotYours
    return call


@on("return_call.opened")
async def tell_operators(tx: Tx, event: Event) -> None:
    """That somebody waits: one notice for all of them, until it has been looked at."""
    number = await tx.count(RETURN_CALLS, {"open": True}, limit=WAITING_MOST)
    if not number:
        return
    word = staff_push.Word(
        title="有居民等着接电话",
        text=f"有 {number} 位居民没收到通知，请打电话告诉他们",
        page="/console/return-calls",
    )
    for member in tx.everything(staff.STAFF).items.values():
        if member.is_("operator"):
            await staff_push.send_unless_waiting(tx, event, member.id, word)
