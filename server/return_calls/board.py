"""The queue as its desks see it: the resident masked until somebody takes the call, and words to be read out."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from schemas.residents import ResidentCard
from schemas.return_calls import (
    ENDS,
    WHYS,
    Act,
    FindReturnCalls,
    ReturnCallsView,
    ReturnCallView,
    Stage,
    ToldView,
)
from server import reveals, staff
from server.config import Settings
from server.kit.db import Page, Reader
from server.push import MESSAGES, Message
from server.residents import RESIDENTS, Resident
from server.return_calls.moves import WAITING_MOST, undone_by
from server.return_calls.stored import RETURN_CALLS, ReturnCall, Told
from server.sessions import Actor
from server.words import said

CALLERS = frozenset({"operator", "clerk"})
READERS = CALLERS | {"admin"}
_HELD_MOST = 20
_STATES: dict[Stage, tuple[str, str]] = {"open": ("等人打", "new"), "taken": ("正在打", "active")}
_SORTS: dict[Stage, str] = {"open": "order", "taken": "until", "closed": "-ended_at"}
_TONES = {"reached": "done", "read": "done", "unreachable": "late", "not_needed": "grey", "replaced": "grey"}
_READ_BACK = "请对方说一遍听到了什么，说对了再点“已告知”"


async def listed(reader: Reader, wanted: FindReturnCalls, actor: Actor, rules: Settings) -> ReturnCallsView:
    """A page of the actor's: what is urgent first, then the oldest; of what is taken whatever is free again soonest, of
    what is over the latest. Raises BadCursor."""
    sort = _SORTS[wanted.state] if wanted.state else "order"
    wheres = [{**reach, **_stage(reader, wanted.state)} for reach in _reaches(actor)]
    page: Page[ReturnCall] = await reader.merged(
        RETURN_CALLS, wheres, sort=sort, cursor=wanted.cursor, limit=wanted.limit
    )
    return ReturnCallsView(
        items=await views(reader, page.items, actor, rules),
        waiting=await waiting(reader, actor),
        next=page.next,
    )


async def held_by(reader: Reader, actor: Actor, rules: Settings) -> list[ReturnCallView]:
    """What the actor has, and what they ended a moment ago and may still take back."""
    since = reader.now - timedelta(minutes=rules.return_calls.undo_minutes)
    has = {"taken_by": actor.id, "open": True, "until": {"$gt": reader.now}}
    had = {"ended_by": actor.id, "ended_at": {"$gt": since}}
    calls = [
        *await reader.all(RETURN_CALLS, has, limit=_HELD_MOST, sort="order"),
        *await reader.all(RETURN_CALLS, had, limit=_HELD_MOST, sort="-ended_at"),
    ]
    return await views(reader, calls, actor, rules)


async def waiting(reader: Reader, actor: Actor) -> int:
    """How many nobody is at."""
    counts = [
        await reader.count(RETURN_CALLS, {**reach, **_stage(reader, "open")}, limit=WAITING_MOST)
        for reach in _reaches(actor)
    ]
    return min(sum(counts), WAITING_MOST)


def _stage(reader: Reader, stage: Stage | None) -> Mapping[str, Any]:
    match stage:
        case "open":
            return {"open": True, "until": {"$not": {"$gt": reader.now}}}
        case "taken":
            return {"open": True, "until": {"$gt": reader.now}}
        case "closed":
            return {"open": False}
    return {"open": True}


def _reaches(actor: Actor) -> list[Mapping[str, Any]]:
    """The street's, or each community's whose window they keep, and those of nobody's yet."""
    if not actor.roles.isdisjoint({"operator", "admin"}):
        return [{}]
    own = {one.community_id for one in actor.grants if one.role == "clerk" and one.community_id}
    return [{"community_id": one} for one in [*sorted(own), None]]


async def view(reader: Reader, call: ReturnCall, actor: Actor, rules: Settings) -> ReturnCallView:
    return (await views(reader, [call], actor, rules))[0]


async def views(
    reader: Reader, calls: Sequence[ReturnCall], actor: Actor, rules: Settings
) -> list[ReturnCallView]:
    """In two trips however many they are."""
    if not calls:
        return []
    whose = [one.resident_id for one in calls]
    about = [told.message_id for one in calls for told in one.messages]
    residents = {
        one.id: one for one in await reader.all(RESIDENTS, {"_id": {"$in": whose}}, limit=len(whose))
    }
    messages = {one.id: one for one in await reader.all(MESSAGES, {"_id": {"$in": about}}, limit=len(about))}
    return [
        _view(reader, one, residents[one.resident_id], messages, actor, rules)
        for one in calls
        if one.resident_id in residents
    ]


def _view(
    reader: Reader,
    call: ReturnCall,
    resident: Resident,
    messages: Mapping[str, Message],
    actor: Actor,
    rules: Settings,
) -> ReturnCallView:
    held = call.held(reader.now)
    mine = held and call.taken_by == actor.id
    told = [_told(one, messages[one.message_id]) for one in call.messages if one.message_id in messages]
    text, tone = _state(call, held)
    return ReturnCallView(
        id=call.id,
        version=call.version,
        resident=_whole(reader, resident) if mine else reveals.card(reader, resident),
        phone=resident.phone or "" if mine else "",
        say=_say(resident, told, rules) if mine else "",
        read_back=_READ_BACK if mine else "",
        messages=told,
        urgent=call.urgent,
        since=call.since,
        tries=len(call.tries),
        tries_left=max(0, rules.return_calls.tries - len(call.tries)),
        tried_at=call.tries[-1].at if call.tries else None,
        state=("taken" if held else "open") if call.open else "closed",
        state_text=text,
        tone=tone,
        taken_by=_name(reader, call.taken_by) if held else "",
        mine=mine,
        until=call.until if held else None,
        outcome=call.outcome,
        reason=call.reason,
        ended_by=_name(reader, call.ended_by),
        ended_at=call.ended_at,
        actions=_actions(reader, call, actor, rules),
    )


def _state(call: ReturnCall, held: bool) -> tuple[str, str]:
    if call.outcome is not None:
        return ENDS[call.outcome], _TONES[call.outcome]
    return _STATES["taken" if held else "open"]


def _actions(reader: Reader, call: ReturnCall, actor: Actor, rules: Settings) -> list[Act]:
    if actor.roles.isdisjoint(CALLERS):
        return []
    if not call.open:
        return ["undo"] if undone_by(call, actor, reader.now, rules) else []
    if not call.held(reader.now):
        return ["take"]
    return ["take", "outcome", "release"] if call.taken_by == actor.id else []


def _told(told: Told, message: Message) -> ToldView:
    return ToldView(
        message_id=message.id,
        title=message.title,
        text=message.text,
        importance=told.importance,
        since=message.at,
        why=told.why,
        why_text=WHYS[told.why],
        case_no=told.case_no,
        ended=told.ended,
    )


def _say(resident: Resident, told: Sequence[ToldView], rules: Settings) -> str:
    """What to read out: who calls, then one thing on each line."""
    things = [_thing(one) for one in told if one.ended is None]
    if len(things) > 1:
        things = [f"第 {number} 件，{one}" for number, one in enumerate(things, 1)]
    who = f"您好，请问是{resident.name}吗？" if resident.name else "您好。"
    many = f"有 {len(things)} 件事要告诉您。" if len(things) > 1 else "有一件事要告诉您。"
    return "\n".join([f"{who}这里是{rules.documents.office}，{many}", *things])


def _thing(told: ToldView) -> str:
    """With its day: words such as 明天 are meant from there."""
    day = said(told.since).rpartition(" ")[0]
    return f"{day}的“{told.title}”：{told.text.rstrip('。')}。"


def _whole(reader: Reader, resident: Resident) -> ResidentCard:
    masked = reveals.card(reader, resident)
    return ResidentCard(
        id=resident.id,
        name=resident.name,
        phone=resident.phone or "",
        compound=masked.compound,
        community_id=resident.community_id,
    )


def _name(reader: Reader, userid: str | None) -> str:
    member = reader.recall(staff.STAFF, userid) if userid else None
    return member.name if member is not None else ""
