"""How an item is said: its limits, its fee, its papers and its steps in the words of the street."""

from typing import Any

from schemas.common import FormField
from schemas.items import (
    Condition,
    Copies,
    Delivery,
    Domain,
    FieldType,
    ItemBody,
    ItemState,
    Level,
    Material,
    ResultType,
    Step,
    StepName,
    StepRole,
)

DOMAINS: dict[Domain, str] = {
    "labour": "劳动保障",
    "civil_affairs": "民政",
    "family_planning": "计划生育",
    "pension": "养老",
    "medical": "医疗",
    "certificates": "证件证明",
}
LEVELS: dict[Level, str] = {"community": "社区", "street": "街道", "district": "区"}
ITEM_STATES: dict[ItemState, str] = {
    "draft": "草稿",
    "proposed": "待发布",
    "published": "在用",
    "retired": "已停用",
}
TONES: dict[ItemState, str] = {"draft": "new", "proposed": "wait", "published": "active", "retired": "grey"}
COPIES: dict[Copies, str] = {
    "original": "原件",
    "copy": "复印件",
    "both": "原件和复印件",
    "photo": "拍照上传",
}
STEPS: dict[StepName, str] = {
    "community_review": "社区审核",
    "home_visit": "入户调查",
    "appraisal": "民主评议",
    "publicity": "公示",
    "street_review": "街道审核",
    "district": "区级审批",
}
STEP_ROLES: dict[StepRole, str] = {
    "clerk": "社区窗口",
    "elder_team": "老年服务队",
    "reviewer": "街道审核人员",
}
RESULTS: dict[ResultType, str] = {
    "certificate": "证件",
    "approval": "审批",
    "payment": "待遇发放",
    "registration": "登记",
}
DELIVERIES: dict[Delivery, str] = {"pick_up": "窗口领取", "mail": "邮寄", "electronic": "电子送达"}
FIELD_TYPES: dict[FieldType, str] = {"text": "文字", "number": "数字", "choice": "选一项", "yes_no": "是或否"}


def limit_text(body: ItemBody) -> str:
    if body.instant:
        return "当场办结"
    legal = f"（法定 {body.legal_days} 个）" if body.legal_days != body.promised_days else ""
    return f"受理后 {body.promised_days} 个工作日内办完{legal}"


def fee_text(body: ItemBody) -> str:
    return f"{body.fee_fen / 100:.2f} 元" if body.fee_fen else "不收费"


def visits_text(body: ItemBody) -> str:
    return f"最多跑 {body.visits} 次" if body.visits else "不用跑腿"


def result_text(body: ItemBody) -> str:
    return f"{body.result_name}（{RESULTS[body.result]}）"


def copies_text(material: Material) -> str:
    if material.copies == "photo":
        return COPIES["photo"] if material.number == 1 else f"拍照上传，{material.number} 张"
    return f"{COPIES[material.copies]} {material.number} 份"


def answer_text(field: FormField | None, answer: Any) -> str:
    """What was answered, as the form writes it."""
    if isinstance(answer, bool):
        return "是" if answer else "否"
    if isinstance(answer, float):
        return f"{answer:g}"
    options = {one["value"]: one["text"] for one in field.options} if field else {}
    return options.get(str(answer), str(answer))


def when_text(body: ItemBody, when: Condition | None) -> str:
    """When a material is needed, such as 「办理方式」选“代办”时."""
    if when is None:
        return ""
    field = next((one for one in body.fields if one.name == when.field), None)
    answers = "或".join(f"“{answer_text(field, one)}”" for one in when.is_)
    return f"“{field.label if field else when.field}”为{answers}时要交"


def need_text(body: ItemBody, material: Material) -> str:
    """Whether it has to be handed in."""
    if not material.required:
        return when_text(body, material.when).replace("要交", "可以交") or "可以不交"
    return when_text(body, material.when) or "必须交"


def step_limit(step: Step) -> str:
    if step.name == "publicity":
        return f"公示 {step.days} 个工作日{'，不算在办理时限里' if step.outside_limits else ''}"
    outside = "时间不算在办理时限里" if step.outside_limits else ""
    own = f"{step.limit} 个工作日内" if step.limit else ""
    return "，".join(one for one in (own, outside) if one)
