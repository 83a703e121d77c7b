"""An approval as its people see it. What was filled in and handed in is for the applicant and for whoever works on it."""

from typing import Any, Literal

from schemas.approvals import (
    ApprovalDetails,
    MaterialShown,
    NoticeShown,
    ObjectionShown,
    SignerShown,
    StepShown,
    VisitShown,
)
from server import items
from server.approvals import words
from server.approvals.details import Approval, Did, Given, Opinion, holds, lacking
from server.approvals.reviewing import VERDICTS
from server.approvals.way import DECISION, body_of, step_named
from server.cases import Case
from server.items import Body
from server.kit.db import Reader
from server.words import local, said

_WORK_ON_IT = frozenset({"clerk", "reviewer", "operator", "admin", "copied"})
_FILLS_IN = frozenset({"resident", "operator", "clerk"})
_JUDGED_SHOWN = frozenset({"clerk", "reviewer", "admin", "copied", "elder_team"})
_TO_DELIVER = frozenset({"granted", "denied"})
_OVER = frozenset({"granted", "denied", "delivered", "archived"})
_WHAT = {"passed": "通过", "signed": "加签", "sent_back": "退回", "denial": "建议不予"}


def concerned(reader: Reader, case: Case, approval: Approval, mine: frozenset[str]) -> bool:
    """Whether what was filled in and handed in is shown: to the applicant, to the desks, to whom a step is given. A draft
    is nobody's business but theirs who fill it in."""
    if case.state == "draft":
        return bool(mine & _FILLS_IN)
    if mine & _WORK_ON_IT or "resident" in mine:
        return True
    steps = body_of(reader, approval).steps
    return "elder_team" in mine and any(one.role == "elder_team" for one in steps)


def sentence(reader: Reader, case: Case, approval: Approval, mine: frozenset[str]) -> str:
    where = words.lies_with(reader, case, approval, named=bool(mine))
    stands = words.stands(reader, case, approval)
    return f"{stands}，在{where}" if where and where != words.YOURS else stands


def _lies_with(reader: Reader, case: Case, approval: Approval, mine: frozenset[str]) -> str:
    """The staff read of the applicant, who reads of themselves."""
    where = words.lies_with(reader, case, approval, named=bool(mine))
    staff = bool(mine) and "resident" not in mine
    return words.APPLICANTS if staff and where == words.YOURS else where


def show(reader: Reader, case: Case, approval: Approval, mine: frozenset[str]) -> ApprovalDetails:
    body = body_of(reader, approval)
    open_to = concerned(reader, case, approval, mine)
    inside = open_to and bool(mine & _JUDGED_SHOWN)
    missing = [one.name for one in lacking(body, approval)] if open_to else []
    decided = case.state in _OVER or case.state == "not_accepted"
    return ApprovalDetails(
        item_id=approval.code,
        item_version=int(approval.item_id.rpartition("|")[2]),
        item=approval.item,
        domain_text=items.words.DOMAINS[body.domain],
        form=approval.form if open_to else {},
        materials=_materials(body, case, approval) if open_to else [],
        complete=not missing,
        lacking=missing,
        delivery=approval.delivery,
        address=approval.address if open_to else "",
        steps=_steps(reader, body, case, approval, named=bool(mine)),
        lies_with=_lies_with(reader, case, approval, mine),
        next_text=words.next_text(reader, case, approval),
        aloud=words.aloud(reader, case, approval, named=bool(mine)),
        notices=_notices(approval) if open_to else [],
        publicity_until=_publicity_until(case),
        result_text=_result(case, body, approval) if open_to else "",
        ground=approval.ground if open_to and decided else "",
        reason=approval.reason if open_to and decided else "",
        pick_up_code=approval.pick_up_code if "resident" in mine and case.state in _TO_DELIVER else "",
        **(_inside(reader, case, approval) if inside else {}),
    )


def _inside(reader: Reader, case: Case, approval: Approval) -> dict[str, Any]:
    """What is between the staff."""
    return {
        "step": approval.step,
        "opinions": [_opinion(one) for one in approval.opinions]
        + ([approval.proposal] if approval.proposal else []),
        "visits": [
            VisitShown(at=said(one.at), visitors=one.contact, report=one.text, photos=one.photos)
            for one in approval.visits
        ],
        "objections": [
            ObjectionShown(
                number=number,
                text=one.text,
                at=said(one.at),
                upheld=one.upheld,
                answer=one.answer,
                by=one.contact_name,
            )
            for number, one in enumerate(approval.objections, 1)
        ],
        "signers": [
            SignerShown(
                userid=one.userid,
                name=one.name,
                at=said(one.at) if one.at else "",
                opinion=one.opinion,
            )
            for one in approval.signers
        ],
        "copied_to": [one.name for one in approval.copies],
        "faults": approval.faults,
        "second_allowed": approval.second_allowed,
    }


def _opinion(one: Opinion) -> str:
    who = f"{one.name}（代{one.stands_for}）" if one.stands_for else one.name
    station = words.NAMES.get(one.step, one.step)
    return f"{station} {_WHAT[one.what]}：{one.text or '无意见'}（{who}，{said(one.at)}）"


def _materials(body: Body, case: Case, approval: Approval) -> list[MaterialShown]:
    shown = []
    for one in body.materials:
        given = approval.given(one.key) or Given(key=one.key)
        shown.append(
            MaterialShown(
                key=one.key,
                name=one.name,
                applies=holds(one.when, approval.form),
                required=one.required,
                copies_text=items.words.copies_text(one),
                number=one.number,
                hint=one.hint,
                issued_by=one.issued_by,
                files=given.files,
                paper=given.paper,
                reused_from=given.reused_from,
                verdict=given.verdict,
                verdict_text=VERDICTS[given.verdict],
                remark=given.remark,
            )
        )
    return shown


def _steps(reader: Reader, body: Body, case: Case, approval: Approval, *, named: bool) -> list[StepShown]:
    """From the application to the delivery. What was sent back lies ahead again."""
    names = ["submitted", "pre_review", *(one.name for one in body.steps)]
    if not body.instant:
        names.append(DECISION)
    names.append("delivered")
    now = {"draft": "submitted", "supplement": "submitted", "submitted": "pre_review"}.get(
        case.state, case.state
    )
    if case.state in ("granted", "denied"):
        now = "delivered"
    if not case.open or case.state == "delivered":
        now = ""
    over = not case.open or case.state in _OVER
    return [_step(body, name, approval.did.get(name), now, over, named=named) for name in names]


def _step(body: Body, name: str, did: Did | None, now: str, over: bool, *, named: bool) -> StepShown:
    step = step_named(body, name)
    state: Literal["done", "now", "ahead", "skipped"]
    if name == now:
        state, did = "now", None
    else:
        state = "done" if did is not None else "skipped" if over else "ahead"
    return StepShown(
        name=name,
        text=words.NAMES[name],
        state=state,
        who=did.name if did is not None and named else "",
        at=local(did.at) if did is not None else "",
        limit_text=items.words.step_limit(step) if step is not None else "",
    )


def _notices(approval: Approval) -> list[NoticeShown]:
    return [
        NoticeShown(
            number=number,
            at=said(one.at),
            until=said(one.until),
            lines=one.lines,
            note=one.note,
            answered=one.answered_at is not None,
        )
        for number, one in enumerate(approval.notices, 1)
    ]


def _publicity_until(case: Case) -> str:
    clock = case.clocks.get("publicity")
    running = clock is not None and clock.stopped_at is None and clock.due_at is not None
    return local(clock.due_at) if running and clock is not None and clock.due_at is not None else ""


def _result(case: Case, body: Body, approval: Approval) -> str:
    match case.state:
        case "granted" | "delivered" | "archived" if not approval.ground:
            how = f"，{approval.delivered_how}" if approval.delivered_how else ""
            return f"准予，{items.words.result_text(body)}{how}"
        case "denied" | "delivered" | "archived":
            return "不予办理，请看决定书"
        case "not_accepted":
            return "不予受理，请看通知书"
    return ""
