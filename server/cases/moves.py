"""Opening and moving: compare-and-set on state and version, with the history event in the same transaction."""

from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from schemas.cases import Channel, Seen
from server import audit, budgets, proxies
from server.cases.kinds import CASES, Act, Case, Kind, kind_of
from server.cases.scope import parts
from server.cases.turns import keep_promises, settle
from server.config import Settings
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, Forbidden, Invalid, NotFound
from server.kit.events import Event, emit, event_id
from server.kit.flow import Flow, NotAllowedNow, Row
from server.sessions import SYSTEM, Actor

S = TypeVar("S", bound=Struct)


class CaseNotFound(NotFound):
    """没有找到这个办件，请核对编号"""


class VersionConflict(Conflict):
    """这个办件刚刚有了变化，请刷新后再操作"""


class OutOfScope(Forbidden):
    """这个地址不在您负责的范围内，请转给所属社区窗口或话务员"""


class TimeIsUp(Conflict):
    """时间已过，请刷新后看最新状态"""


async def find(reader: Reader, case_no: str, actor: Actor, also: frozenset[str] = frozenset()) -> Case:
    """The case, if it is in the actor's scope, or the caller knows of a part that they have `also`.

    Raises CaseNotFound, also for what is somebody else's.
    """
    case = await reader.get(CASES, case_no)
    if case is None or not parts(actor, case) | also:
        raise CaseNotFound
    return case


def time_is_up(reader: Reader, case: Case) -> Row | None:
    """The row by which the state's timer has ended it, though the worker may not have come round yet."""
    flow = kind_of(case).flow
    timer = flow.states[case.state].timer
    if timer is None or case.timer_at is None or case.timer_at > reader.now:
        return None
    row = flow.row(case.state, timer, frozenset({"system"}))
    struck = kind_of(case).struck
    if struck is not None and row.or_else:
        row = msgspec.structs.replace(row, target=struck(reader, case))
    return row if row.target != row.source else None


async def open_case(
    tx: Tx, case: Case, details: Struct, kind: Kind, action: str, actor: Actor, rules: Settings
) -> Case:
    """Insert the case by an opening row of its flow.

    Raises OutOfScope when it would not be the actor's, NotAllowedNow when they may not open it.
    """
    mine = parts(actor, case)
    if not mine:
        raise OutOfScope
    row = kind.flow.row(Flow.OPENING, action, mine)
    act = Act(tx, case, details, None, actor, action, row.source, row.target, rules)
    act.proxy_id = await _proxy(act, kind, mine)
    case.proxy_id = act.proxy_id or None
    _enter(act, kind)
    tx.add(CASES, case)
    _record(act, kind, mine & row.by, case.channel)
    return case


async def move(
    tx: Tx,
    case_no: str,
    action: str,
    body: Mapping[str, Any],
    actor: Actor,
    channel: Channel,
    rules: Settings,
    also: frozenset[str] = frozenset(),
) -> Case:
    """Move a case along its flow. `also` are parts beyond the actor's scope, of which the calling noun knows, such as
    that of a worker whom the work was offered to.

    Raises CaseNotFound, VersionConflict, TimeIsUp, NotAllowedNow, Invalid for a bad form, and what the action raises.
    """
    case = await find(tx, case_no, actor, also)
    kind = kind_of(case)
    fields = dict(body)
    seen = _form({"version": fields.pop("version", None)}, Seen).version
    if seen is not None and seen != case.version:
        raise VersionConflict
    if actor is not SYSTEM and time_is_up(tx, case):
        raise TimeIsUp
    mine = parts(actor, case) | also
    row = kind.flow.row(case.state, action, mine)
    declared = kind.flow.actions[action]
    form = _form(fields, declared.form)
    details = kind.details_of(case)
    act = Act(
        tx, case, details, form, actor, action, row.source, row.target, rules, getattr(form, "reason", "")
    )
    act.proxy_id, act.channel = await _proxy(act, kind, mine), channel
    before, act.worker_before = case.version, case.worker_id
    if declared.do is not None:
        await declared.do(act)
    assert act.target in row.targets
    _enter(act, kind)
    if not await tx.replace(CASES, case, {"_id": case.id, "state": row.source, "version": before}):
        raise VersionConflict
    _record(act, kind, mine & row.by, channel)
    return case


async def strike(tx: Tx, case_no: str, rules: Settings) -> None:
    """What the worker does when a state's timer is due; nothing if the case has moved on."""
    case = await tx.get(CASES, case_no)
    if case is None or case.timer_at is None or case.timer_at > tx.now:
        return
    timer = kind_of(case).flow.states[case.state].timer
    if timer is not None:
        await move(tx, case_no, timer, {}, SYSTEM, "system", rules)


def _form(fields: dict[str, Any], form: type[S]) -> S:
    try:
        return msgspec.convert(fields, form)
    except msgspec.ValidationError as error:
        raise Invalid.from_validation(error) from error


async def _proxy(act: Act, kind: Kind, mine: frozenset[str]) -> str:
    """By which proxy it is done, as the database has it now; nothing when the actor acts for themselves.

    Raises ProxyEnded.
    """
    if "proxy" not in mine:
        return ""
    proxy = await proxies.confirm(act.tx, act.actor, act.case.resident_id or "", kind.proxy_scope or "")
    return proxy.id


def _enter(act: Act, kind: Kind) -> None:
    case, now = act.case, act.tx.now
    case.state = act.target
    case.version += 1
    case.updated_at = now
    case.open = not kind.flow.states[act.target].final
    timer_at, promised_at = kind.deadlines(act)
    keep_promises(act, kind, timer_at)
    if not case.open:
        budgets.stop_all(case.clocks, now)
    settle(act.tx, case, promised_at)
    case.attempts = 0
    case.details = kind.store_details(act.details)


def _record(act: Act, kind: Kind, roles: frozenset[str], channel: Channel) -> None:
    case, actor = act.case, act.actor
    told: dict[str, Any] = {"facts": act.facts} if act.facts else {}
    if act.worker_before != case.worker_id:
        told |= {"workers": {"before": act.worker_before, "after": case.worker_id}}
    if act.proxy_id:
        told |= {"on_behalf_of": case.resident_id, "proxy_id": act.proxy_id}
    audit.note(act.tx, actor, channel, f"{kind.name}.{act.action}", case.id, case.resident_id)
    by = {
        "kind": actor.kind,
        "id": actor.id,
        "name": actor.name if actor.kind == "staff" else "",
        "role": min(roles, default=""),
    }
    emit(
        act.tx,
        Event(
            id=event_id(case.id, case.version),
            type=f"{kind.name}.{act.action}",
            subject=case.id,
            seq=case.version,
            at=act.tx.now,
            by=by,
            channel=channel,
            data={"action": act.action, "source": act.source, "target": act.target, "reason": act.reason}
            | told,
        ),
    )


__all__ = [
    "CaseNotFound",
    "NotAllowedNow",
    "OutOfScope",
    "TimeIsUp",
    "VersionConflict",
    "find",
    "move",
    "open_case",
    "strike",
]
