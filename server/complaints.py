"""Complaints 投诉: the provider answers, or the street decides when it does not or the answer does not do.

It is a case of its own beside the one it is about. For some days after the end it can be taken up again; until then
it is not closed for good.
"""

import functools
from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from schemas.bookings import WithReason
from schemas.cases import Channel
from schemas.complaints import (
    RULINGS,
    AnswerComplaint,
    ComplaintDetails,
    ComplaintSheet,
    Decide,
    GroundView,
    NewComplaint,
)
from server import catalogue, nouns
from server.budgets import ANSWER, DECISION, Budget
from server.cases import CASES, Act, Case, Kind, Promise, beside, open_case
from server.cases.claims import CLAIM
from server.cases.notices import KEYS, Word, tell
from server.cases.numbers import sibling
from server.config import Settings
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, Invalid
from server.kit.events import Event, on
from server.kit.flow import Action, Flow, NoFields, Row, State
from server.push import Template
from server.sessions import Actor


class NotAboutThis(Conflict):
    """这个办件现在不能投诉，如有问题请拨打街道服务热线"""


class TooLateToComplain(Conflict):
    """投诉的时间已过，如有问题请拨打街道服务热线"""


class AlreadyComplained(Conflict):
    """这件事已经投诉过，请在原来的投诉里继续反映"""


class UnknownGround(Invalid):
    """请从给出的原因里选择一个"""


class ReopenedBefore(Conflict):
    """这件投诉已经重新处理过，如还有问题请拨打街道服务热线"""


class Grounds(Struct, frozen=True):
    """What a noun declares to have its cases complained about: in which states, for which reasons."""

    kind: str
    states: frozenset[str]
    reasons: Mapping[str, str]


@functools.cache
def grounds() -> dict[str, Grounds]:
    """By the name of the kind."""
    return {one.kind: one for one in nouns.found(Grounds)}


class Complaint(Struct, kw_only=True):
    """Stored details. `about` is the number of the case it is about, of kind `about_kind`."""

    about: str
    about_kind: str
    about_title: str
    reason: str
    text: str
    answer: str = ""
    answered_in_time: bool = False
    ruling: str = ""
    ruling_reason: str = ""
    reopened: int = 0


async def _answer(act: Act) -> None:
    """Late, while the street decides already, it is still heard."""
    act.details.answer = act.form.answer
    act.details.answered_in_time = act.source == "filed"


async def _decide(act: Act) -> None:
    act.details.ruling, act.details.ruling_reason = act.form.ruling, act.form.reason
    act.case.handler_id = act.actor.id


async def _reopen(act: Act) -> None:
    """Raises ReopenedBefore."""
    if act.details.reopened >= act.rules.complaints.reopenings:
        raise ReopenedBefore
    act.details.reopened += 1


_CALLERS = frozenset({"resident", "operator", "clerk"})
_PROVIDER = frozenset({"provider"})
_SYSTEM = frozenset({"system"})

FLOW = Flow(
    (
        State("filed", "等商家答复", "new", timer="escalate"),
        State("answered", "等居民确认", "wait", timer="accept"),
        State("arbitrating", "街道裁决中", "active"),
        State("settled", "已了结", "done", timer="seal"),
        State("decided", "已裁决", "done", timer="seal"),
        State("closed", "已归档", "grey", final=True),
    ),
    (
        Action("file", "提交投诉"),
        Action("answer", "答复居民", AnswerComplaint, _answer),
        Action("escalate", "超时转街道"),
        Action("accept", "接受答复", NoFields),
        Action("arbitrate", "请街道裁决", WithReason),
        Action("decide", "作出裁决", Decide, _decide),
        Action("withdraw", "撤回投诉", danger=True),
        Action("reopen", "重新处理", WithReason, _reopen),
        Action("seal", "归档"),
        CLAIM,
    ),
    (
        Row(Flow.OPENING, "file", "filed", _CALLERS),
        Row("filed", "answer", "answered", _PROVIDER),
        Row("filed", "claim", "filed", _PROVIDER),
        Row("filed", "escalate", "arbitrating", _SYSTEM),
        Row("filed", "withdraw", "settled", _CALLERS),
        Row("answered", "accept", "settled", _CALLERS | _SYSTEM),
        Row("answered", "arbitrate", "arbitrating", _CALLERS),
        Row("arbitrating", "decide", "decided", frozenset({"dispatcher"})),
        Row("arbitrating", "claim", "arbitrating", frozenset({"dispatcher"})),
        Row("arbitrating", "answer", "arbitrating", _PROVIDER),
        Row("arbitrating", "withdraw", "settled", _CALLERS),
        Row("settled", "reopen", "arbitrating", _CALLERS),
        Row("settled", "seal", "closed", _SYSTEM),
        Row("decided", "reopen", "arbitrating", _CALLERS),
        Row("decided", "seal", "closed", _SYSTEM),
    ),
)


def _deadlines(act: Act) -> tuple[datetime | None, datetime | None]:
    """Of the states that no clock times."""
    now, rules = act.tx.now, act.rules.complaints
    match act.target:
        case "answered":
            return now + timedelta(days=rules.accept_days), None
        case "settled" | "decided":
            return now + timedelta(days=rules.reopen_days), None
    return None, None


def _sentence(reader: Reader, case: Case, details: Complaint, mine: frozenset[str]) -> str:
    company = _company(reader, case)
    match case.state:
        case "filed":
            return f"投诉已转给{company}，到时不答复由街道处理"
        case "answered":
            return f"{company}已经答复，请居民看看能不能接受"
        case "arbitrating":
            return "街道正在了解双方情况，会给出裁决"
        case "decided":
            return f"街道已裁决：{RULINGS[details.ruling]}"
        case "settled":
            return "投诉已了结，如果问题又出现，可以请街道重新处理"
    return "投诉已归档"


def _company(reader: Reader, case: Case) -> str:
    provider = catalogue.provider_of(reader, case.provider_id or "")
    return provider.name if provider else "商家"


def _show(reader: Reader, case: Case, details: Complaint, mine: frozenset[str]) -> ComplaintDetails:
    return ComplaintDetails(
        about=details.about,
        about_title=details.about_title,
        reason=details.reason,
        reason_text=_reasons(details.about_kind).get(details.reason, details.reason),
        text=details.text,
        answer=details.answer,
        answered_in_time=details.answered_in_time,
        ruling=details.ruling,
        ruling_text=RULINGS.get(details.ruling, ""),
        ruling_reason=details.ruling_reason,
        reopened=details.reopened,
    )


def _reasons(kind: str) -> Mapping[str, str]:
    declared = grounds().get(kind)
    return declared.reasons if declared else {}


COMPLAINT = Kind(
    name="complaint",
    text="投诉",
    prefix="TS",
    flow=FLOW,
    details=Complaint,
    deadlines=_deadlines,
    sentence=_sentence,
    show=_show,
    unassigned=frozenset({"arbitrating"}),
    promises=(
        Promise(
            ANSWER,
            frozenset({"filed"}),
            lambda rules: Budget(rules.complaints.answer_hours, "hours"),
            timer=True,
        ),
        Promise(
            DECISION, frozenset({"arbitrating"}), lambda rules: Budget(rules.complaints.decide_working_days)
        ),
    ),
    proxy_scope="bookings",
)


async def file(
    tx: Tx, about: Case, new: NewComplaint, actor: Actor, channel: Channel, rules: Settings
) -> Case:
    """Complain about a case. Its number is that case's with other letters: there is one complaint for each.

    Raises NotAboutThis, TooLateToComplain, AlreadyComplained, UnknownGround.
    """
    _check(about, tx.now, rules)
    if new.reason not in _reasons(about.kind):
        raise UnknownGround(field="reason")
    number = sibling(about.id, COMPLAINT.prefix)
    if await tx.get(CASES, number) is not None:
        raise AlreadyComplained
    details = Complaint(
        about=about.id,
        about_kind=about.kind,
        about_title=about.title,
        reason=new.reason,
        text=new.text,
    )
    complaint = beside(about, COMPLAINT, number, actor, channel, tx.now)
    complaint.provider_id = about.provider_id
    return await open_case(tx, complaint, details, COMPLAINT, "file", actor, rules)


async def sheet(reader: Reader, about: Case, rules: Settings) -> ComplaintSheet:
    known = await reader.get(CASES, sibling(about.id, COMPLAINT.prefix)) if about.kind in grounds() else None
    return ComplaintSheet(
        case_no=known.id if known else None,
        can_complain=known is None and _is_open_to_it(about, reader.now, rules),
        reasons=[GroundView(name=name, text=text) for name, text in _reasons(about.kind).items()],
    )


def _check(about: Case, now: datetime, rules: Settings) -> None:
    declared = grounds().get(about.kind)
    if declared is None or about.provider_id is None or about.state not in declared.states:
        raise NotAboutThis
    if not about.open and now > about.updated_at + timedelta(days=rules.complaints.within_days):
        raise TooLateToComplain


def _is_open_to_it(about: Case, now: datetime, rules: Settings) -> bool:
    try:
        _check(about, now, rules)
    except Conflict:
        return False
    return True


CHANGED = Template("complaint_changed", "投诉进展通知", "complain", KEYS, topic="talks")

_WORDS = {
    "file": Word("已受理", "商家答复后会再通知您"),
    "answer": Word("已答复", "请看看能不能接受"),
    "escalate": Word("裁决中", "商家没有按时答复，由街道处理"),
    "arbitrate": Word("裁决中", "街道会了解双方情况"),
    "accept": Word("已了结", "如还有问题可以重新处理"),
    "withdraw": Word("已撤回", "如还有问题可以重新处理"),
    "decide": Word("已裁决", "点开看裁决结果和理由"),
    "reopen": Word("裁决中", "街道会重新了解情况"),
}
_THEIR_OWN = frozenset({"accept", "withdraw"})


@on("complaint.*")
async def tell_resident(tx: Tx, event: Event) -> None:
    """Every step, but for the end that they made themselves with their own tap."""
    action = event.data["action"]
    case = await tx.get(CASES, event.subject)
    if action not in _WORDS or case is None:
        return
    if action in _THEIR_OWN and event.by["kind"] == "resident":
        return
    details: Complaint = COMPLAINT.details_of(case)
    await tell(tx, event, case, CHANGED, _WORDS[action], _text(tx, case, details, action))


def _text(tx: Tx, case: Case, details: Complaint, action: str) -> str:
    """What is told of the step itself, though the case may have moved on since."""
    about, company = details.about_title, _company(tx, case)
    match action:
        case "file":
            return f"您对“{about}”的投诉已转给{company}，到时不答复由街道处理"
        case "answer":
            return f"{company}答复了您对“{about}”的投诉：{details.answer}"
        case "escalate":
            return f"{company}没有按时答复您对“{about}”的投诉，已由街道处理"
        case "decide":
            return f"您对“{about}”的投诉，街道已裁决：{RULINGS[details.ruling]}。{details.ruling_reason}"
        case "accept":
            return f"您对“{about}”的投诉已了结，如果问题又出现，可以请街道重新处理"
        case "withdraw":
            return f"您对“{about}”的投诉已撤回，如果问题又出现，可以请街道重新处理"
    return f"您对“{about}”的投诉，街道正在了解双方情况，会给出裁决"
