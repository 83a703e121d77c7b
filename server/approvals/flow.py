"""The approval's table of moves (product §6). Which step follows which is the item's: a row names the usual one, and its
`or_else` whatever else an item may say."""

from schemas.approvals import (
    AllowSecond,
    AnswerObjection,
    Appraise,
    CopyTo,
    Decide,
    Deliver,
    Deny,
    DistrictAnswer,
    EditDraft,
    HandTo,
    Judge,
    NotAccept,
    Objection,
    Pass,
    SendBack,
    Sign,
    Supplement,
    Visit,
)
from schemas.bookings import MaybeReason
from server.approvals import applying, deciding, reviewing, stepping
from server.approvals.details import is_instant, not_accepted_yet, unanswered, unsigned, whose_step
from server.approvals.way import DECISION, STEPS
from server.kit.flow import Action, Flow, NoFields, Row, State

_RESIDENT = frozenset({"resident"})
_DESK = frozenset({"operator", "clerk"})
_CALLERS = _RESIDENT | _DESK
_CLERK = frozenset({"clerk"})
_REVIEWER = frozenset({"reviewer"})
_SUPERVISOR = frozenset({"reviewer", "admin"})
_VISITORS = frozenset({"clerk", "elder_team"})
_SYSTEM = frozenset({"system"})

STATES = (
    State("draft", "草稿", "wait", timer="forget"),
    State("submitted", "已提交", "new", timer="deem"),
    State("pre_review", "预审中", "active", timer="deem"),
    State("supplement", "等您补材料", "wait", timer="lapse"),
    State("community_review", "社区审核", "active"),
    State("home_visit", "入户调查", "active"),
    State("appraisal", "民主评议", "active"),
    State("publicity", "公示中", "active", timer="close_publicity"),
    State("street_review", "街道审核", "active"),
    State("district", "区级审批", "active"),
    State("decision", "待决定", "active"),
    State("granted", "准予", "done"),
    State("denied", "不予", "late"),
    State("delivered", "已送达", "done", timer="archive"),
    State("archived", "已归档", "done", final=True),
    State("not_accepted", "不予受理", "grey", final=True),
    State("withdrawn", "已撤回", "grey", final=True),
)

ACTIONS = (
    Action("apply", "开始申请"),
    Action("edit", "填写", EditDraft, applying.edit),
    Action("submit", "提交申请", Sign, applying.submit),
    Action("resubmit", "补好了，提交", Sign, applying.resubmit),
    Action("discard", "不办了", NoFields, applying.drop, danger=True),
    Action("forget", "草稿过期", NoFields, applying.drop),
    Action("withdraw", "撤回申请", MaybeReason, applying.withdraw, danger=True),
    Action("lapse", "逾期没有补", NoFields, applying.withdraw),
    Action("take_up", "收下办理", NoFields, reviewing.take_up),
    Action("judge", "审核材料", Judge, reviewing.judge),
    Action("accept", "受理", NoFields, reviewing.accept),
    Action("grant_now", "当场办结", NoFields, reviewing.grant_now, fits=is_instant),
    Action("supplement", "一次性告知要补的", Supplement, reviewing.supplement),
    Action("allow_second", "同意再补正一次", AllowSecond, reviewing.allow_second),
    Action("not_accept", "不予受理", NotAccept, reviewing.not_accept, danger=True, fits=not_accepted_yet),
    Action("deem", "视为受理", NoFields, reviewing.deem),
    Action("claim", "我来处理", NoFields, stepping.claim, whose=whose_step),
    Action("pass", "通过", Pass, stepping.pass_, whose=whose_step),
    Action("report", "登记入户情况", Visit, stepping.report, whose=whose_step),
    Action("appraise", "登记评议结果", Appraise, stepping.appraise, whose=whose_step),
    Action("object", "登记异议", Objection, stepping.object_),
    Action("answer_objection", "答复异议", AnswerObjection, stepping.answer_objection, fits=unanswered),
    Action("close_publicity", "公示期满", NoFields, stepping.close_publicity),
    Action("district_answer", "登记区里的答复", DistrictAnswer, stepping.district_answer, whose=whose_step),
    Action("propose_denial", "建议不予", Deny, stepping.propose_denial, danger=True, whose=whose_step),
    Action("send_back", "退回", SendBack, stepping.send_back, danger=True, whose=whose_step),
    Action("hand_to", "转交", HandTo, stepping.hand_to, whose=whose_step),
    Action("add_signer", "请同事加签", HandTo, stepping.add_signer),
    Action("sign", "加签", Pass, stepping.sign, fits=unsigned),
    Action("copy", "抄送", CopyTo, stepping.copy),
    Action("grant", "准予", Decide, deciding.grant),
    Action("deny", "不予", Deny, deciding.deny, danger=True),
    Action("deliver", "送达", Deliver, deciding.deliver),
    Action("archive", "归档", NoFields, deciding.archive),
)

_BY: dict[str, frozenset[str]] = {
    "community_review": _CLERK,
    "home_visit": _VISITORS,
    "appraisal": _CLERK,
    "publicity": _CLERK,
    "street_review": _REVIEWER,
    "district": _REVIEWER,
}
_DONE_BY = {
    "community_review": "pass",
    "home_visit": "report",
    "appraisal": "appraise",
    "street_review": "pass",
    "district": "district_answer",
}


def _onward(name: str) -> tuple[str, tuple[str, ...]]:
    """The station that usually follows, and all that may."""
    following = (*STEPS[STEPS.index(name) + 1 :], DECISION) if name else (*STEPS, DECISION)
    return following[0], following[1:]


def _back(name: str) -> tuple[str, ...]:
    return STEPS[: STEPS.index(name)] if name in STEPS else STEPS


def _step_rows() -> tuple[Row, ...]:
    """What can be done at every step: it is done, taken, handed on, sent back, or a denial is proposed."""
    rows: list[Row] = []
    for name, by in _BY.items():
        if name in _DONE_BY:
            target, others = _onward(name)
            rows.append(Row(name, _DONE_BY[name], target, by, others))
        rows.append(Row(name, "claim", name, by))
        if name not in ("publicity", "district"):
            rows.append(Row(name, "propose_denial", DECISION, by))
        if name != "publicity":
            rows.append(Row(name, "send_back", "pre_review", by, _back(name)))
        rows.append(Row(name, "hand_to", name, by))
        rows.append(Row(name, "copy", name, by))
        rows.append(Row(name, "withdraw", "withdrawn", _CALLERS))
    return tuple(rows)


_FIRST, _OTHERS = _onward("")
_AFTER_PUBLICITY, _LATER = _onward("publicity")

ROWS = (
    Row(Flow.OPENING, "apply", "draft", _CALLERS),
    Row("draft", "edit", "draft", _CALLERS),
    Row("draft", "submit", "submitted", _CALLERS),
    Row("draft", "discard", "withdrawn", _CALLERS),
    Row("draft", "forget", "withdrawn", _SYSTEM),
    Row("submitted", "take_up", "pre_review", _CLERK),
    Row("submitted", "deem", _FIRST, _SYSTEM, _OTHERS),
    Row("submitted", "withdraw", "withdrawn", _CALLERS),
    Row("pre_review", "judge", "pre_review", _CLERK),
    Row("pre_review", "accept", _FIRST, _CLERK, _OTHERS),
    Row("pre_review", "grant_now", "granted", _CLERK),
    Row("pre_review", "supplement", "supplement", _CLERK),
    Row("pre_review", "allow_second", "pre_review", _SUPERVISOR),
    Row("pre_review", "not_accept", "not_accepted", _CLERK),
    Row("pre_review", "hand_to", "pre_review", _CLERK),
    Row("pre_review", "deem", _FIRST, _SYSTEM, _OTHERS),
    Row("pre_review", "withdraw", "withdrawn", _CALLERS),
    Row("supplement", "edit", "supplement", _CALLERS),
    Row("supplement", "resubmit", "pre_review", _CALLERS),
    Row("supplement", "lapse", "withdrawn", _SYSTEM),
    Row("supplement", "withdraw", "withdrawn", _CALLERS),
    *_step_rows(),
    Row("publicity", "object", "publicity", frozenset({"clerk", "operator", "elder_team"})),
    Row("publicity", "answer_objection", "publicity", _CLERK, (*STEPS, DECISION)),
    Row("publicity", "close_publicity", _AFTER_PUBLICITY, _SYSTEM, (*_LATER, "publicity")),
    Row("street_review", "add_signer", "street_review", _REVIEWER),
    Row("street_review", "sign", "street_review", _REVIEWER),
    Row("decision", "grant", "granted", _REVIEWER),
    Row("decision", "deny", "denied", _REVIEWER),
    Row("decision", "claim", "decision", _REVIEWER),
    Row("decision", "send_back", "pre_review", _REVIEWER, STEPS),
    Row("decision", "hand_to", "decision", _REVIEWER),
    Row("decision", "copy", "decision", _REVIEWER),
    Row("decision", "withdraw", "withdrawn", _CALLERS),
    Row("granted", "deliver", "delivered", _DESK | _SYSTEM),
    Row("granted", "copy", "granted", _REVIEWER | _CLERK),
    Row("denied", "deliver", "delivered", _DESK | _SYSTEM),
    Row("denied", "copy", "denied", _REVIEWER | _CLERK),
    Row("delivered", "archive", "archived", _SYSTEM),
    Row("delivered", "copy", "delivered", _REVIEWER | _CLERK),
)

FLOW = Flow(STATES, ACTIONS, ROWS)
