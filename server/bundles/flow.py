"""The bundle's table of moves: it follows its parts, and asks when a needed one has failed."""

from datetime import datetime

from schemas.bookings import MaybeReason
from schemas.bundles import ReplacePart
from server import catalogue
from server.bundles import acts
from server.bundles.parts import Bundled
from server.kit.flow import Action, Flow, NoFields, Row, State
from server.words import said

_CALLERS = frozenset({"resident", "operator", "clerk"})
_SYSTEM = frozenset({"system"})
_ANY = ("open", "attention", "completed", "cancelled")


def can_replace(bundled: Bundled) -> bool:
    return any(one.failed for one in bundled.parts)


def can_cancel(bundled: Bundled) -> bool:
    return bool(bundled.leaving)


def cancel_hint(bundled: Bundled, now: datetime) -> str:
    """What giving up the rest comes to, said before it is done."""
    names, fee, free = (
        "、".join(one.name for one in bundled.leaving),
        bundled.leaving_fen(now),
        bundled.free_because,
    )
    if free is not None:
        return f"会取消：{names}。“{free.name}”没办成不是您的原因，取消其余的不收费"
    return f"会取消：{names}。" + (f"现在取消一共要付 {catalogue.yuan(fee)} 元" if fee else "现在取消不收费")


def replace_hint(bundled: Bundled, now: datetime) -> str:
    part = next((one for one in bundled.lacking or bundled.parts if one.failed), None)
    if part is None:
        return ""
    near = "、".join(said(one) for one in part.alternatives if one > now)
    return f"重新约“{part.name}”，从可预约的时间里选" + (f"；最近有空：{near}" if near else "")


STATES = (
    State("open", "办理中", "active"),
    State("attention", "等您决定", "late", timer="go_on"),
    State("completed", "已办完", "done", final=True),
    State("cancelled", "已取消", "grey", final=True),
)

ACTIONS = (
    Action("order", "提交一件事"),
    Action("follow", "进展", NoFields, acts.follow),
    Action("replace", "重新约这一件", ReplacePart, acts.replace, fits=can_replace, hint=replace_hint),
    Action("go_on", "不等它，其余照办", NoFields, acts.go_on),
    Action(
        "cancel", "其余全部取消", MaybeReason, acts.cancel, danger=True, fits=can_cancel, hint=cancel_hint
    ),
)

ROWS = (
    Row(Flow.OPENING, "order", "open", _CALLERS),
    Row("open", "follow", "attention", _SYSTEM, or_else=_ANY),
    Row("open", "replace", "open", _CALLERS, or_else=_ANY),
    Row("open", "cancel", "cancelled", _CALLERS, or_else=_ANY),
    Row("attention", "follow", "completed", _SYSTEM, or_else=_ANY),
    Row("attention", "replace", "open", _CALLERS, or_else=_ANY),
    Row("attention", "go_on", "open", _CALLERS | _SYSTEM | {"dispatcher"}, or_else=_ANY),
    Row("attention", "cancel", "cancelled", _CALLERS, or_else=_ANY),
)

FLOW = Flow(STATES, ACTIONS, ROWS)
