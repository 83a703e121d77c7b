"""The clocks of an approval, by its item: how long until it is accepted, how long it may take, what does not count.

| clock | runs | counted from |
|---|---|---|
| acceptance | while it waits to be accepted; anew after a supplement | it came in |
| promised, legal | from acceptance to the decision, but for what stands below | the acceptance; deemed: when it came in |
| step | in a step that has a limit of its own | the step's beginning |
| supplement | while the resident has to supplement | the notice |
| publicity | while it is made public | its beginning |

What was promised and what the law gives stand in steps outside the limits, and while the resident supplements.
"""

from collections.abc import Mapping

from schemas.items import Step
from server import budgets, items
from server.approvals.details import Approval
from server.budgets import ACCEPTANCE, LEGAL, PROMISED, PUBLICITY, STEP, SUPPLEMENT, Budget, CaseClock, Pause
from server.cases import Act, Case
from server.cases.turns import begin, count
from server.items import Body
from server.kit.db import Reader

WAITING = "等您补材料"
_BY_SYSTEM = "system:system"
REMIND_RESIDENT = {"resident": 50, "resident_again": 80}
OVERALL = (PROMISED, LEGAL)


def runs(case: Case, name: str) -> CaseClock | None:
    """The clock, while it has not been stopped."""
    clock = case.clocks.get(name)
    return clock if clock is not None and clock.stopped_at is None else None


def _begin(act: Act, name: str, days: int, remind: Mapping[str, int] | None = None) -> CaseClock | None:
    if not days:
        return None
    usual = act.rules.clocks.remind_percent
    return begin(act.tx, act.case, name, Budget(days), usual if remind is None else remind)


def _stop(act: Act, *names: str) -> None:
    for name in names:
        clock = runs(act.case, name)
        if clock is not None:
            budgets.stop(clock, act.tx.now)


def came_in(act: Act, body: Body) -> None:
    """It waits to be accepted; what was accepted once goes on as it was."""
    if act.details.accepted_at is None:
        _begin(act, ACCEPTANCE, body.acceptance_days)
    else:
        _resume(act, WAITING)
    _stop(act, SUPPLEMENT)


def accepted(act: Act, body: Body, *, deemed: bool = False) -> None:
    """From now on it is counted how long it takes. What counts as accepted is so since it came in."""
    approval: Approval = act.details
    waited = act.case.clocks.get(ACCEPTANCE)
    since = waited.started_at if deemed and waited is not None else act.tx.now
    _stop(act, ACCEPTANCE)
    if approval.accepted_at is not None:
        return
    approval.accepted_at, approval.deemed = since, deemed
    for name, days in ((PROMISED, body.promised_days), (LEGAL, body.legal_days)):
        clock = _begin(act, name, days)
        if clock is not None:
            clock.started_at = since
            count(act.tx, clock)


def supplement_asked(act: Act, body: Body) -> None:
    """The resident is to act: what runs stands, and they have time of their own."""
    _stop(act, ACCEPTANCE)
    _pause(act, WAITING, "resident")
    _begin(act, SUPPLEMENT, body.supplement_days, REMIND_RESIDENT)


def leave(act: Act) -> Step | None:
    """The step that is being left; its own clocks stop."""
    approval: Approval = act.details
    _stop(act, STEP, PUBLICITY)
    body = items.version(act.tx, approval.item_id).body
    return next((one for one in body.steps if one.name == approval.step), None)


def arrive(act: Act, step: Step | None, left: Step | None) -> None:
    """What the step that is entered asks of the clocks."""
    if left is not None and left.outside_limits:
        _resume(act, items.words.STEPS[left.name])
    if step is None:
        return
    if step.outside_limits:
        _pause(act, items.words.STEPS[step.name], "other")
    if step.name == "publicity":
        _begin(act, PUBLICITY, step.days, {})
    else:
        _begin(act, STEP, step.limit)


def decided(act: Act) -> None:
    _stop(act, ACCEPTANCE, STEP, PUBLICITY, SUPPLEMENT, *OVERALL)


def _pause(act: Act, reason: str, owner: budgets.Owner) -> None:
    """What the staff have paused by hand stays theirs."""
    for name in OVERALL:
        clock = runs(act.case, name)
        if clock is not None and clock.state == "running":
            clock.pauses.append(Pause(at=act.tx.now, owner=owner, reason=reason, by=_BY_SYSTEM))
            count(act.tx, clock)


def _resume(act: Act, reason: str) -> None:
    for name in OVERALL:
        clock = runs(act.case, name)
        standing = clock.open_pause if clock is not None else None
        if (
            clock is not None
            and standing is not None
            and (standing.by, standing.reason) == (_BY_SYSTEM, reason)
        ):
            standing.until = act.tx.now
            count(act.tx, clock)


def most_more(reader: Reader, case: Case, name: str) -> int:
    """By how many working days the item lets a limit be extended; what the law gives for other things stays."""
    if name not in (*OVERALL, STEP):
        return 0
    return items.version(reader, case.details["item_id"]).body.extension_days
