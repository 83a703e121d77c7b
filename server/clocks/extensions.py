"""More time for a case: one asks, another allows or refuses it, and the resident reads why.

Nobody allows what they have asked for themselves. How often a clock may be extended, and by how much of what was
promised at most, are rules of the place.
"""

from schemas.cases import Channel
from schemas.clocks import AllowExtension, AskExtension, ClocksView, RefuseExtension
from server import budgets
from server.budgets import CaseClock, Extension, Request
from server.cases import Case, kind_of, parts
from server.clocks import acts
from server.clocks.desk import theirs, views
from server.config import Settings
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, Forbidden, Invalid
from server.sessions import Actor

MAY_ALLOW = frozenset({"reviewer", "dispatcher", "admin"})


class NotYoursToAllow(Forbidden):
    """只有街道审核、调度或管理人员可以批准延长"""


class OwnExtension(Forbidden):
    """自己申请的延长要由另一个人批准"""


class ExtensionAsked(Conflict):
    """已经有人申请延长，请等批准的结果"""


class NothingAsked(Conflict):
    """现在没有等着批准的延长申请"""


class ExtendedBefore(Conflict):
    """这项计时已经延长过，不能再延长"""


class TooMuchMore(Invalid):
    """延长的时间太长了，不能超过原来的时限"""


class NotExtendable(Conflict):
    """这个事项的时限不能延长"""


def may_allow(case: Case, actor: Actor) -> bool:
    return bool(parts(actor, case) & MAY_ALLOW)


async def ask_extension(
    tx: Tx, case_no: str, name: str, wanted: AskExtension, actor: Actor, channel: Channel, rules: Settings
) -> ClocksView:
    """Ask for more of the clock's unit.

    Raises CaseNotFound, NotYoursToPause, VersionConflict, ClockNotFound, ClockStopped, ExtensionAsked,
    ExtendedBefore, TooMuchMore, NotExtendable.
    """
    case = await theirs(tx, case_no, wanted.version, actor)

    def asked(tx: Tx, case: Case) -> None:
        clock = acts.open_clock(case, name)
        if clock.asked is not None:
            raise ExtensionAsked
        _check(clock, wanted.amount, _most(tx, case, name), rules)
        clock.asked = Request(at=tx.now, amount=wanted.amount, asker=actor.key, reason=wanted.reason)

    text = f"申请延长{budgets.title(name)}"
    await acts.change(
        tx, case, asked, action="extension_asked", text=text, reason=wanted.reason, by=actor, channel=channel
    )
    return views(tx, case)


def _most(reader: Reader, case: Case, name: str) -> int:
    """As much as was promised, unless the kind says less."""
    most, promised = kind_of(case).most_more, case.clocks[name].amount
    return min(promised, most(reader, case, name)) if most is not None else promised


def _check(clock: CaseClock, amount: int, most: int, rules: Settings) -> None:
    """Raises NotExtendable, ExtendedBefore, TooMuchMore."""
    if most == 0:
        raise NotExtendable
    if len(clock.extensions) >= rules.clocks.extensions:
        raise ExtendedBefore
    if amount > most:
        more = f"延长的时间太长了，不能超过 {most} {budgets.UNITS[clock.unit]}"
        raise TooMuchMore(more if most < clock.amount else None, field="amount")


async def allow_extension(
    tx: Tx, case_no: str, name: str, wanted: AllowExtension, actor: Actor, channel: Channel
) -> ClocksView:
    """Raises CaseNotFound, NotYoursToAllow, VersionConflict, ClockNotFound, ClockStopped, NothingAsked, OwnExtension."""
    case = await theirs(tx, case_no, wanted.version, actor, MAY_ALLOW, NotYoursToAllow)
    asked = _asked(case, name, actor)

    def extended(tx: Tx, case: Case) -> None:
        case.clocks[name].asked = None
        more = Extension(
            at=tx.now, amount=asked.amount, approver=actor.key, asker=asked.asker, reason=asked.reason
        )
        acts.extend(tx, case, name, more)

    more = f"{asked.amount} {budgets.UNITS[case.clocks[name].unit]}"
    await acts.change(
        tx,
        case,
        extended,
        action="extended",
        text=f"{budgets.title(name)}延长 {more}",
        reason=asked.reason,
        by=actor,
        channel=channel,
    )
    return views(tx, case)


async def refuse_extension(
    tx: Tx, case_no: str, name: str, wanted: RefuseExtension, actor: Actor, channel: Channel
) -> ClocksView:
    """Raises what `allow_extension` raises."""
    case = await theirs(tx, case_no, wanted.version, actor, MAY_ALLOW, NotYoursToAllow)
    _asked(case, name, actor)

    def refused(tx: Tx, case: Case) -> None:
        case.clocks[name].asked = None

    text = f"没有同意延长{budgets.title(name)}"
    await acts.change(
        tx,
        case,
        refused,
        action="extension_refused",
        text=text,
        reason=wanted.reason,
        by=actor,
        channel=channel,
    )
    return views(tx, case)


def _asked(case: Case, name: str, actor: Actor) -> Request:
    """Raises ClockNotFound, ClockStopped, NothingAsked, OwnExtension."""
    asked = acts.open_clock(case, name).asked
    if asked is None:
        raise NothingAsked
    if asked.asker == actor.key:
        raise OwnExtension
    return asked
