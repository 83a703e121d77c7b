"""Where an approval stands, in words: where it lies, with whom, what comes next, and all of it in one sentence."""

from server import items, places
from server.approvals.details import Approval
from server.approvals.way import DECISION, STEPS, after, body_of, holder, role_at
from server.cases import Case
from server.kit.db import Reader
from server.words import said_day
from server.workdays import day_of

ROLES = {"clerk": "社区窗口", "elder_team": "老年服务队", "reviewer": "街道审核人员"}
NAMES: dict[str, str] = {
    "draft": "填写申请",
    "submitted": "提交申请",
    "pre_review": "预审受理",
    **{str(name): text for name, text in items.words.STEPS.items()},
    DECISION: "作出决定",
    "delivered": "送达结果",
}
_WAITS = {
    "draft": "还没有提交，填好后请提交",
    "supplement": "等您补材料",
    "granted": "已经准予，结果正在送给您",
    "denied": "没有准予，决定书正在送给您",
    "delivered": "已经办好，结果已送达",
    "archived": "已经办好并归档",
    "not_accepted": "没有受理，请看不予受理通知书",
    "withdrawn": "申请已撤回",
}


YOURS, APPLICANTS = "在您手里", "在申请人手里"


def lies_with(reader: Reader, case: Case, approval: Approval, *, named: bool) -> str:
    """The office and, for those who may know, the person: `绿苑社区窗口 王芳`."""
    if case.state in ("draft", "supplement"):
        return YOURS
    if case.state in ("granted", "denied"):
        return f"{_place(reader, case)}窗口"
    if case.state not in ("submitted", "pre_review", *STEPS, DECISION):
        return ""
    role = role_at(body_of(reader, approval), case.state)
    office = "区里" if case.state == "district" else ROLES[role]
    if role in ("clerk", "elder_team") and case.state != "district":
        office = f"{_place(reader, case)}{office.removeprefix('社区')}"
    member = holder(reader, case)
    return f"{office} {member.name}" if named and member is not None else office


def _place(reader: Reader, case: Case) -> str:
    return places.name_of(reader, case.community_id) or "社区"


def next_text(reader: Reader, case: Case, approval: Approval) -> str:
    """What comes after where it stands."""
    body = body_of(reader, approval)
    match case.state:
        case "draft":
            return "提交后，社区窗口会看材料齐不齐"
        case "submitted" | "pre_review":
            if approval.instant:
                return "材料合格就当场办结"
            return f"材料合格就受理，下一步是{NAMES[after(body, '')]}"
        case "supplement":
            return "补好提交后，还由原来的工作人员接着看"
        case "decision":
            return f"决定后把{body.result_name}交给您"
        case "granted" | "denied":
            return _handing_over(approval)
    if case.state in STEPS:
        return f"下一步是{NAMES[after(body, case.state)]}"
    return ""


def _handing_over(approval: Approval) -> str:
    match approval.delivery:
        case "pick_up":
            return "请带身份证到社区窗口，说出取件码领取"
        case "mail":
            return "会邮寄到您写的地址"
    return "在这个办件里就能看到电子件"


def stands(reader: Reader, case: Case, approval: Approval) -> str:
    """Half a sentence on where it stands."""
    if case.state in _WAITS and case.state != "supplement":
        return _WAITS[case.state]
    match case.state:
        case "supplement":
            until = approval.notices[-1].until if approval.notices else None
            return f"等您补材料，请在 {said_day(day_of(until))} 前补齐" if until else _WAITS["supplement"]
        case "submitted":
            return "已经提交，等社区窗口收下"
        case "pre_review":
            return "社区窗口正在看材料"
        case "publicity":
            clock = case.clocks.get("publicity")
            due = clock.due_at if clock is not None else None
            return f"正在公示，到 {said_day(day_of(due))} 为止" if due else "正在公示"
        case "decision":
            return "都审核过了，等街道作出决定"
        case "district":
            return "街道审核过了，等区里答复"
    return f"正在{NAMES.get(case.state, '办理')}"


def aloud(reader: Reader, case: Case, approval: Approval, *, named: bool) -> str:
    """One plain sentence to be read out: what it is, where it stands, with whom, until when, what comes next."""
    parts = [f"您申请的{approval.item}，{stands(reader, case, approval)}"]
    where = lies_with(reader, case, approval, named=named)
    if where and where != YOURS:
        parts.append(f"现在在{where}")
    clock = case.clocks.get("promised")
    if clock is not None and clock.due_at is not None:
        parts.append(f"最晚{said_day(day_of(clock.due_at))}办完")
    following = next_text(reader, case, approval)
    if following:
        parts.append(following)
    return "，".join(parts) + "。"
