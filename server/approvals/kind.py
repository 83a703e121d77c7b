"""An approval as a kind of case: how it is opened, what its timers are, who is shown what."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from schemas.approvals import NewApproval
from schemas.cases import Channel
from server import cases, items
from server.approvals import timing, views, way
from server.approvals.details import Approval, not_accepted_yet, unanswered
from server.approvals.flow import FLOW
from server.budgets import ACCEPTANCE, PUBLICITY, SUPPLEMENT
from server.cases import Act, Case, Kind
from server.catalogue.forms import answers
from server.config import Settings
from server.kit.db import Reader, Tx
from server.kit.errors import Invalid
from server.residents import Resident
from server.sessions import Actor

SCOPE = "approvals"
_CLOCKS: Mapping[str, str] = {
    "submitted": ACCEPTANCE,
    "pre_review": ACCEPTANCE,
    "supplement": SUPPLEMENT,
    "publicity": PUBLICITY,
}
"""The clock whose end is the state's timer."""


class ApplicantNeeded(Invalid):
    """请先选择是替哪位居民申请"""


class NotTheirApplicant(Invalid):
    """只能替自己申请；替家人申请，要请家人先把代办权交给您"""


class HomeNeeded(Invalid):
    """请先填写姓名和住址，才知道由哪个社区来办"""


def for_whom(actor: Actor, wanted: NewApproval, on_behalf_of: str | None = None) -> str:
    """The resident it is for, named in the body or beside it. Raises NotTheirApplicant, ApplicantNeeded."""
    named = {wanted.resident_id, on_behalf_of} - {None}
    whom = wanted.resident_id or on_behalf_of
    if actor.kind != "resident" and whom is None:
        raise ApplicantNeeded(field="resident_id")
    others = actor.kind == "resident" and whom not in (None, actor.id)
    if len(named) > 1 or (others and not actor.acts_for(whom, SCOPE)):
        raise NotTheirApplicant(field="resident_id")
    return whom or actor.id


async def apply(
    tx: Tx,
    actor: Actor,
    resident: Resident,
    wanted: NewApproval,
    case_no: str,
    channel: Channel,
    rules: Settings,
) -> Case:
    """Open a draft in the version that is in force. Raises ItemNotFound, BadForm, HomeNeeded, OutOfScope."""
    item = items.in_force(tx, wanted.item_id)
    if not resident.name or resident.household is None:
        raise HomeNeeded(field="resident_id")
    approval = Approval(
        item_id=item.id,
        code=item.code,
        item=item.body.name,
        instant=item.body.instant,
        form=answers(item.body.fields, wanted.form),
    )
    case = Case(
        id=case_no,
        kind=APPROVAL.name,
        title=item.body.name,
        state="",
        version=0,
        open=True,
        channel=channel,
        resident_id=resident.id,
        resident_name=resident.name,
        opened_by=actor.key,
        community_id=resident.community_id,
        compound_id=resident.household.compound_id,
        created_at=tx.now,
        updated_at=tx.now,
        phone=resident.phone or "",
        phone_tail=(resident.phone or "")[-4:],
        details={},
    )
    return await cases.open_case(tx, case, approval, APPROVAL, "apply", actor, rules)


def _deadlines(act: Act) -> tuple[datetime | None, datetime | None]:
    case, rules = act.case, act.rules.approvals
    name = _CLOCKS.get(act.target, "") if _is_timed(act) else ""
    clock = timing.runs(case, name) if name else None
    case.timer_clock = name if clock is not None else ""
    if clock is not None:
        return clock.due_at, None
    match act.target:
        case "draft":
            return act.tx.now + timedelta(days=rules.draft_days), None
        case "delivered":
            return act.tx.now + timedelta(days=rules.archive_days), None
    return None, None


def _is_timed(act: Act) -> bool:
    """Whether the end of the state's clock does anything: it only reminds where nothing counts as accepted, and where
    somebody who objects waits for an answer."""
    approval: Approval = act.details
    match act.target:
        case "submitted" | "pre_review":
            return not_accepted_yet(approval) and way.body_of(act.tx, approval).deemed
        case "publicity":
            return not unanswered(approval)
    return True


def _struck(reader: Reader, case: Case) -> str:
    """Where a timer that has struck leads to, by the item."""
    body = items.version(reader, case.details["item_id"]).body
    return way.after(body, "publicity" if case.state == "publicity" else "")


def _shows_files(reader: Reader, case: Case, mine: frozenset[str]) -> bool:
    return views.concerned(reader, case, APPROVAL.details_of(case), mine)


def details_of(case: Case) -> Any:
    return APPROVAL.details_of(case)


APPROVAL = Kind(
    name="approval",
    text="审批",
    prefix="SP",
    flow=FLOW,
    details=Approval,
    deadlines=_deadlines,
    sentence=views.sentence,
    show=views.show,
    unassigned=frozenset({"submitted"}),
    proxy_scope=SCOPE,
    deputies=frozenset({"clerk", "reviewer", "elder_team"}),
    struck=_struck,
    most_more=timing.most_more,
    shows_files=_shows_files,
)
