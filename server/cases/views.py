"""Cases as their people see them: one case, a list of them, the steps that led here."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast, get_args

import msgspec
from msgspec.structs import replace

from schemas.cases import (
    ActionView,
    Box,
    CasesView,
    CaseView,
    Channel,
    ClockView,
    EventView,
    FindCases,
    HistoryView,
    PersonView,
)
from schemas.common import FormField
from server import budgets, catalogue, forms, places, proxies, staff, workdays
from server.cases.kinds import CASES, ENDED, STILL_OPEN, Case, Kind, kind_of, kinds
from server.cases.moves import time_is_up
from server.cases.numbers import is_case_no
from server.cases.scope import parts, scope
from server.kit.db import Reader
from server.kit.errors import NotFound
from server.kit.events import EVENTS, Event, history_of
from server.kit.flow import Action, Flow
from server.sessions import Actor
from server.staff import ROLE_TEXTS
from server.words import masked

_ONE_PART_ONLY = frozenset({"provider", "worker", "driver"})
"""Who serves one part does not learn what else belongs to it."""
_BY = {"resident": "居民", "system": "系统"}


SOON = timedelta(minutes=10)
"""A promise that is this near stands in a box of its own."""

_OPEN = {"$lt": ENDED}
_EVER = datetime(9999, 1, 1, tzinfo=UTC)
_COUNTED = 100
_TAIL = 4


class CaseNoMistyped(NotFound):
    """编号有误，可能有一位数字不对，请再核对一遍"""


def view(reader: Reader, case: Case, actor: Actor, unread: int = 0) -> CaseView:
    """The case for this actor; a state whose time is up is shown as what it has become. `unread` is what
    server/unread.py knows."""
    kind = kind_of(case)
    ended = time_is_up(reader, case)
    if ended is not None:
        still_open = not kind.flow.states[ended.target].final
        case = replace(case, state=ended.target, open=still_open, timer_at=None)
    mine = parts(actor, case)
    state = kind.flow.states[case.state]
    details = kind.details_of(case)
    return CaseView(
        case_no=case.id,
        kind=case.kind,
        kind_text=kind.text,
        title=case.title,
        sentence=kind.sentence(reader, case, details, mine),
        state=case.state,
        state_text=state.text,
        tone=state.tone,
        actions=_actions(reader, kind, case, details, mine) if ended is None else [],
        version=case.version,
        created_at=case.created_at,
        updated_at=case.updated_at,
        expires_at=_expires_at(kind, case),
        clock=_clock(reader, case),
        channel=case.channel,
        place=places.view_where(reader, case.community_id, case.compound_id),
        resident=_resident(case),
        on_behalf_of=_resident(case) if _by_another(case, mine) else None,
        behalf_text=_behalf_text(reader, case, mine),
        provider=_provider(reader, case),
        worker=_worker(reader, case, kind),
        part_of=case.part_of if mine - _ONE_PART_ONLY else None,
        open=case.open,
        details=msgspec.to_builtins(kind.show(reader, case, details, mine)),
        unread=unread,
    )


def shows_files(reader: Reader, case: Case, actor: Actor) -> bool:
    """Whether its files are shown to somebody who may see the case."""
    asked = kind_of(case).shows_files
    return asked is None or asked(reader, case, parts(actor, case))


def _by_another(case: Case, mine: frozenset[str]) -> bool:
    """Whether somebody else asked for it, or looks at it, in the resident's place."""
    return case.opened_by != f"resident:{case.resident_id}" or "proxy" in mine


def _behalf_text(reader: Reader, case: Case, mine: frozenset[str]) -> str:
    """The resident hears who asked in their place; whoever acts for them, in whose place they do."""
    own, (kind, _, by) = case.opened_by == f"resident:{case.resident_id}", case.opened_by.partition(":")
    if "resident" not in mine or case.resident_id is None or (own and "proxy" not in mine):
        return ""
    if "proxy" in mine:
        name = case.resident_name or "家人"
        return f"{name} 自己办的" if own else f"替 {name} 办的"
    if kind == "staff":
        member = reader.recall(staff.STAFF, by)
        return f"由工作人员 {member.name} 代您办的" if member else "由工作人员代您办的"
    proxy = reader.recall(proxies.PROXIES, case.proxy_id) if case.proxy_id else None
    return f"由 {(proxy.holder_name if proxy else '') or '家人'} 代您办的" if kind == "resident" else ""


def _actions(reader: Reader, kind: Kind, case: Case, details: Any, mine: frozenset[str]) -> list[ActionView]:
    """The first harmless one that leads on is the main one."""
    flow = kind.flow
    shown = [
        one
        for one in flow.open_to(case.state, mine)
        if one.name != flow.states[case.state].timer or "system" not in mine
        if one.shown(details, mine)
    ]
    onward = (one.name for one in shown if not one.danger and _leads_on(flow, case, one, mine))
    main = next(onward, None)
    return [
        ActionView(
            name=one.name,
            text=one.text,
            fields=_fields(reader, one, case, details),
            danger=one.danger,
            main=one.name == main,
        )
        for one in shown
    ]


def _leads_on(flow: Flow, case: Case, action: Action, mine: frozenset[str]) -> bool:
    return flow.row(case.state, action.name, mine).target != case.state


def _fields(reader: Reader, action: Action, case: Case, details: Any) -> list[FormField]:
    """The form's fields; what it would come to stands beside the first."""
    drawn = forms.fields(action.form, case.id)
    hint = action.hint(details, reader.now) if action.hint is not None else ""
    return [replace(drawn[0], hint=hint), *drawn[1:]] if hint else drawn


def _expires_at(kind: Kind, case: Case) -> datetime | None:
    timer = kind.flow.states[case.state].timer
    if timer is None or case.timer_at is None:
        return None
    row = kind.flow.row(case.state, timer, frozenset({"system"}))
    return case.timer_at if row.target != row.source else None


def _clock(reader: Reader, case: Case) -> ClockView | None:
    """The promise, where the case has one by the working day or the hour; otherwise what its state promises."""
    open_ones = {name: one for name, one in case.clocks.items() if one.stopped_at is None}
    if case.open and open_ones:
        name = budgets.PROMISED if budgets.PROMISED in open_ones else min(open_ones)
        return _counted(reader, open_ones[name])
    if case.promised_at is None or not case.open:
        return None
    left = case.promised_at - reader.now
    overdue = left.total_seconds() <= 0
    minutes = int(abs(left.total_seconds()) // 60)
    amount = f"{minutes // 60} 小时 {minutes % 60} 分" if minutes >= 60 else f"{minutes} 分钟"
    return ClockView(
        text=f"已超过 {amount}" if overdue else f"还有 {amount}", due_at=case.promised_at, overdue=overdue
    )


def _counted(reader: Reader, clock: budgets.CaseClock) -> ClockView:
    reading = budgets.read(clock, workdays.calendar(reader), reader.now)
    return ClockView(
        text=reading.text,
        due_at=reading.due_at,
        overdue=reading.overdue,
        unit=clock.unit,
        used=round(reading.used, 2),
        total=reading.total,
        paused=clock.state == "paused",
        paused_for=round(reading.paused_for, 2),
        provisional=reading.provisional,
        sentence=reading.sentence,
    )


def _resident(case: Case) -> PersonView | None:
    return PersonView(id=case.resident_id, name=case.resident_name) if case.resident_id else None


def _provider(reader: Reader, case: Case) -> PersonView | None:
    provider = catalogue.provider_of(reader, case.provider_id) if case.provider_id else None
    return PersonView(id=provider.id, name=provider.name, phone=provider.phone) if provider else None


def _worker(reader: Reader, case: Case, kind: Kind) -> PersonView | None:
    worker = reader.recall(staff.STAFF, case.worker_id) if case.worker_id else None
    if worker is None:
        return None
    phone = worker.phone if case.open or kind.call_later else masked(worker.phone)
    return PersonView(id=worker.id, name=worker.name, phone=phone or None)


def order(wanted: FindCases, actor: Actor) -> str:
    """By what a list is sorted: residents and searches find the newest first, the staff what is due first."""
    return "-created_at" if actor.kind == "resident" or wanted.q is not None else "turn"


def wanted_cases(wanted: FindCases, actor: Actor, now: datetime) -> dict[str, Any]:
    """The filter for the actor's cases that are asked for. Raises CaseNoMistyped for a number that cannot be."""
    where = [scope(actor), _box(wanted.box, actor, now), _search(wanted)]
    if wanted.kind is not None:
        where.append({"kind": wanted.kind})
    if wanted.state is not None:
        where.append({"state": wanted.state})
    if wanted.community_id is not None:
        where.append({"community_id": wanted.community_id})
    if wanted.open is not None:
        where.append(STILL_OPEN if wanted.open else {"open": False})
    clauses = [one for one in where if one]
    return {"$and": clauses} if len(clauses) > 1 else (clauses or [{}])[0]


async def listed(reader: Reader, wanted: FindCases, actor: Actor) -> CasesView:
    """A page of the actor's cases, in the order of `order`. Raises CaseNoMistyped, BadCursor."""
    where, sort = wanted_cases(wanted, actor, reader.now), order(wanted, actor)
    page = await reader.page(CASES, where, sort=sort, cursor=wanted.cursor, limit=wanted.limit)
    return CasesView(items=[view(reader, one, actor) for one in page.items], next=page.next)


async def counts(reader: Reader, actor: Actor) -> dict[Box, int]:
    """How many cases lie in each box, counted no further than 100."""
    return {
        box: await reader.count(CASES, {"$and": [scope(actor), _box(box, actor, reader.now)]}, limit=_COUNTED)
        for box in get_args(Box)
    }


def _box(box: Box | None, actor: Actor, now: datetime) -> dict[str, Any]:
    """A stretch of the line in which cases wait for their turn: each is read off an index in its order."""
    if actor.kind != "staff":
        return {}
    match box:
        case None:
            return {"turn": {"$lt": _EVER}}
        case "mine":
            return {"turn": _OPEN, "$or": [{"worker_id": actor.id}, {"handler_id": actor.id}]}
        case "unassigned":
            states = sorted(set().union(*(one.unassigned for one in kinds().values())))
            return {"turn": _OPEN, "worker_id": None, "state": {"$in": states}}
        case "soon":
            return {"turn": {"$gte": now, "$lt": now + SOON}}
        case "overdue":
            return {"turn": {"$lt": now}}
    return {"turn": _OPEN}


def _search(wanted: FindCases) -> dict[str, Any]:
    if wanted.q is None:
        return {}
    text = wanted.q.upper()
    if text[:2].isalpha() and not is_case_no(text):
        raise CaseNoMistyped(field="q")
    if text[:2].isalpha():
        return {"_id": text}
    digits = text.replace("-", "")
    whole = {"phone": {"$regex": f"^{'-?'.join(digits)}$"}}  # with the dash of a landline or without
    return {"phone_tail": digits[-_TAIL:]} | (whole if len(digits) > _TAIL else {})


async def history(reader: Reader, case: Case) -> HistoryView:
    events = await reader.all(EVENTS, history_of(case.id), limit=500)
    flow = kind_of(case).flow
    return HistoryView(items=[_step(reader, one, flow) for one in events])


def _doer(reader: Reader, event: Event) -> tuple[str, str]:
    """Who did it, and as what."""
    by = event.by
    if "on_behalf_of" in event.data:
        proxy = reader.recall(proxies.PROXIES, event.data["proxy_id"])
        return (proxy.holder_name if proxy else "") or _BY["resident"], "亲属代办"
    return by["name"] or _BY.get(by["kind"], ""), ROLE_TEXTS.get(by["role"], _BY.get(by["role"], ""))


def _step(reader: Reader, event: Event, flow: Flow) -> EventView:
    data, (by, role) = event.data, _doer(reader, event)
    action, target = flow.actions.get(data["action"]), flow.states[data["target"]]
    return EventView(
        seq=event.seq,
        at=event.at,
        action=data["action"],
        text=action.text if action else data["text"],
        source=data["source"],
        target=target.name,
        target_text=target.text,
        by=by,
        role=role,
        channel=cast(Channel, event.channel),
        reason=data.get("reason", ""),
        facts=data.get("facts", {}),
    )
