"""Clocks as people see them, and as the staff pause them and let them run again."""

from schemas.cases import Channel
from schemas.clocks import (
    AskedView,
    CaseClockView,
    ClocksView,
    ExtensionView,
    PauseClock,
    PauseView,
    ResumeClock,
)
from server import budgets, cases, staff, workdays
from server.budgets import CaseClock, Owner, Reading
from server.cases import Case, VersionConflict
from server.clocks import acts
from server.kit.db import Reader, Tx
from server.kit.errors import Forbidden
from server.sessions import Actor

MAY_PAUSE = frozenset({"clerk", "reviewer", "dispatcher"})
OWNER_TEXTS: dict[Owner, str] = {"resident": "居民", "office": "经办单位", "other": "其他单位"}


class NotYoursToPause(Forbidden):
    """只有负责这个办件的窗口、审核或调度人员可以暂停和恢复计时"""


async def pause_by_hand(
    tx: Tx, case_no: str, name: str, wanted: PauseClock, actor: Actor, channel: Channel
) -> ClocksView:
    """Raises CaseNotFound, NotYoursToPause, VersionConflict, ClockNotFound, ClockStopped, ClockPaused."""
    case = await theirs(tx, case_no, wanted.version, actor)

    def paused(tx: Tx, case: Case) -> None:
        acts.pause(tx, case, name, wanted.owner, wanted.reason, actor)

    text, reason = f"{budgets.title(name)}暂停", wanted.reason
    await acts.change(tx, case, paused, action="paused", text=text, reason=reason, by=actor, channel=channel)
    return views(tx, case)


async def resume_by_hand(
    tx: Tx, case_no: str, name: str, wanted: ResumeClock, actor: Actor, channel: Channel
) -> ClocksView:
    """Raises CaseNotFound, NotYoursToPause, VersionConflict, ClockNotFound, ClockStopped, ClockRuns."""
    case = await theirs(tx, case_no, wanted.version, actor)
    text = f"{budgets.title(name)}恢复"

    def resumed(tx: Tx, case: Case) -> None:
        acts.resume(tx, case, name)

    await acts.change(tx, case, resumed, action="resumed", text=text, reason="", by=actor, channel=channel)
    return views(tx, case)


async def theirs(
    tx: Tx,
    case_no: str,
    version: int | None,
    actor: Actor,
    who: frozenset[str] = MAY_PAUSE,
    otherwise: type[Forbidden] = NotYoursToPause,
) -> Case:
    """The case, for one of these roles. Raises CaseNotFound, `otherwise`, VersionConflict."""
    case = await cases.find(tx, case_no, actor)
    if not cases.parts(actor, case) & who:
        raise otherwise
    if version is not None and version != case.version:
        raise VersionConflict
    return case


def may_pause(case: Case, actor: Actor) -> bool:
    return bool(cases.parts(actor, case) & MAY_PAUSE)


def views(reader: Reader, case: Case) -> ClocksView:
    calendar = workdays.calendar(reader)
    items = [
        _view(reader, name, one, budgets.read(one, calendar, reader.now))
        for name, one in sorted(case.clocks.items())
    ]
    return ClocksView(items=items)


def _view(reader: Reader, name: str, clock: CaseClock, reading: Reading) -> CaseClockView:
    return CaseClockView(
        name=name,
        title=budgets.title(name),
        state=clock.state,
        unit=clock.unit,
        used=round(reading.used, 2),
        total=reading.total,
        left=round(reading.left, 2),
        paused_for=round(reading.paused_for, 2),
        started_at=clock.started_at,
        stopped_at=clock.stopped_at,
        due_at=reading.due_at,
        overdue=reading.overdue,
        provisional=reading.provisional,
        text=reading.text,
        sentence=reading.sentence,
        pauses=[
            PauseView(
                at=one.at,
                until=one.until,
                owner=one.owner,
                owner_text=OWNER_TEXTS[one.owner],
                reason=one.reason,
            )
            for one in clock.pauses
        ],
        extensions=[
            ExtensionView(
                at=one.at,
                amount=one.amount,
                approver=_name(reader, one.approver),
                asker=_name(reader, one.asker),
                reason=one.reason,
            )
            for one in clock.extensions
        ],
        asked=_asked(reader, clock),
    )


def _asked(reader: Reader, clock: CaseClock) -> AskedView | None:
    asked = clock.asked
    if asked is None:
        return None
    return AskedView(
        at=asked.at,
        amount=asked.amount,
        asker_id=asked.asker.removeprefix("staff:"),
        asker=_name(reader, asked.asker),
        reason=asked.reason,
    )


def _name(reader: Reader, key: str) -> str:
    """Who that is, while they are among the staff."""
    member = reader.recall(staff.STAFF, key.removeprefix("staff:")) if key.startswith("staff:") else None
    return member.name if member else ""
