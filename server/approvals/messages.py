"""What the applicant is told: every step, what is lacking, and how it ended; not what they did with their own tap."""

from msgspec import Struct
from msgspec.structs import replace

from server.approvals import words
from server.approvals.details import Approval
from server.approvals.kind import APPROVAL
from server.cases import CASES, Case
from server.cases.notices import KEYS, Word, tell
from server.kit.db import Tx
from server.kit.events import Event, on
from server.push import Template
from server.words import said_day
from server.workdays import day_of

PROGRESS = Template("approval_progress", "审批进度通知", "approve", KEYS, topic="approvals")
SUPPLEMENT = Template(
    "approval_supplement", "补正材料通知", "approve", KEYS, topic="approvals", importance="high"
)
RESULT = Template("approval_result", "审批结果通知", "approve", KEYS, topic="approvals", importance="high")


class Told(Struct, frozen=True):
    template: Template
    word: Word


def _progress(state: str, tip: str) -> Told:
    return Told(PROGRESS, Word(state, tip))


_TOLD = {
    "submit": _progress("已提交", "窗口看完材料会告诉您"),
    "resubmit": _progress("已补齐", "窗口会接着看材料"),
    "take_up": _progress("预审中", "窗口正在看材料"),
    "accept": _progress("已受理", "点开看办到哪一步"),
    "deem": _progress("视为受理", "从提交那天开始计时"),
    "supplement": Told(SUPPLEMENT, Word("待补材料", "请一次补齐再提交")),
    "pass": _progress("办理中", "点开看下一步"),
    "report": _progress("办理中", "入户调查已完成"),
    "appraise": _progress("办理中", "民主评议已完成"),
    "close_publicity": _progress("办理中", "公示已结束"),
    "answer_objection": _progress("办理中", "点开看下一步"),
    "district_answer": _progress("待决定", "区里已经答复"),
    "propose_denial": _progress("待决定", "等街道作出决定"),
    "send_back": _progress("重新核实", "前面的步骤要再核实"),
    "grant": Told(RESULT, Word("准予", "点开看怎么领取")),
    "grant_now": Told(RESULT, Word("准予", "点开看怎么领取")),
    "deny": Told(RESULT, Word("不予", "点开看理由和救济途径")),
    "not_accept": Told(RESULT, Word("不予受理", "点开看理由和依据")),
    "deliver": Told(RESULT, Word("已送达", "请为这次服务评分", "normal")),
    "lapse": Told(RESULT, Word("已撤回", "没有按时补，可再申请")),
    "forget": _progress("草稿过期", "要办可以重新申请"),
    "withdraw": Told(RESULT, Word("已撤回", "要办可以重新申请")),
    "discard": _progress("不办了", "要办可以重新申请"),
}
_THEIR_OWN = frozenset({"resubmit", "withdraw", "discard"})


@on("approval.*")
async def tell_applicant(tx: Tx, event: Event) -> None:
    action = event.data["action"]
    told = _TOLD.get(action)
    case = await tx.get(CASES, event.subject)
    stays = event.data["source"] == event.data["target"]
    if told is None or case is None or stays or (action in _THEIR_OWN and event.by["kind"] == "resident"):
        return
    approval: Approval = APPROVAL.details_of(case)
    await tell(tx, event, case, told.template, told.word, _text(tx, event, case, approval))


def _text(tx: Tx, event: Event, case: Case, approval: Approval) -> str:
    """What is told of the step itself, though the case may have moved on since."""
    name, reason = f"您申请的“{approval.item}”", event.data.get("reason", "")
    match event.data["action"]:
        case "submit":
            return f"{name}已经提交，编号 {case.id}。窗口看完材料会告诉您受不受理"
        case "supplement" if approval.notices:
            notice = approval.notices[-1]
            lacking = "；".join(notice.lines)
            until = said_day(day_of(notice.until))
            return f"{name}要补材料：{lacking}。请在 {until} 前一次补齐。{notice.note}"
        case "not_accept":
            return f"{name}不予受理：{reason}。依据：{approval.ground}"
        case "deny":
            return f"{name}没有准予：{reason}。依据：{approval.ground}"
        case "lapse":
            return f"{name}没有在期限内补材料，已经撤回，要办可以重新申请"
        case "forget":
            return f"{name}的草稿很久没有填，已经作废，要办可以重新申请"
        case "send_back":
            return f"{name}前面的步骤要重新核实，原因是：{reason}"
    then = replace(case, state=event.data["target"])
    return words.aloud(tx, then, approval, named=True)


@on("clock.reminded")
async def remind(tx: Tx, event: Event) -> None:
    """Half of the time to supplement is over, or most of it."""
    case = await tx.get(CASES, event.data["case_no"])
    theirs = event.data["to"].startswith("resident") and case is not None and case.state == "supplement"
    if case is None or case.kind != APPROVAL.name or not theirs:
        return
    approval: Approval = APPROVAL.details_of(case)
    notice = approval.notices[-1]
    until, lacking = said_day(day_of(notice.until)), "；".join(notice.lines)
    text = f"您申请的“{approval.item}”还在等您补材料：{lacking}。{until}前没有补齐，申请会自动撤回"
    await tell(tx, event, case, SUPPLEMENT, Word("待补材料", "快到期了，请尽快补齐"), text)
