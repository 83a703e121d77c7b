"""What makes a definition sensible beyond the types of its fields; a refusal names the place."""

from collections import Counter
from collections.abc import Iterable
from typing import get_args

from schemas.items import Condition, ItemBody, ItemField, Step, StepName, StepRole
from server.items.words import STEP_ROLES, STEPS
from server.kit.errors import Invalid

ORDER: tuple[StepName, ...] = get_args(StepName)
MAY_DO: dict[StepName, frozenset[StepRole]] = {
    "community_review": frozenset({"clerk"}),
    "home_visit": frozenset({"clerk", "elder_team"}),
    "appraisal": frozenset({"clerk"}),
    "publicity": frozenset({"clerk"}),
    "street_review": frozenset({"reviewer"}),
    "district": frozenset({"reviewer"}),
}
_DEEMED_DAYS = 5


class BadItem(Invalid):
    """事项的内容有矛盾，请检查后再保存"""


def check(body: ItemBody) -> ItemBody:
    """The body itself. Raises BadItem naming the field that is wrong."""
    _check_limits(body)
    _check_steps(body)
    _check_fields(body.fields)
    _check_materials(body)
    for number, hint in enumerate(body.hints):
        if hint.min_age is not None and hint.max_age is not None and hint.min_age > hint.max_age:
            raise BadItem("最小年龄不能比最大年龄大", field=f"hints[{number}].min_age")
    if len(set(body.deliveries)) < len(body.deliveries):
        raise BadItem("同一种领取方式写了两次", field="deliveries")
    return body


def _check_limits(body: ItemBody) -> None:
    if body.promised_days > body.legal_days:
        raise BadItem("承诺时限不能比法定时限长", field="promised_days")
    if body.acceptance_days < 1:
        raise BadItem("几天内告知受不受理，至少写 1 个工作日", field="acceptance_days")
    if body.deemed and body.acceptance_days > _DEEMED_DAYS:
        raise BadItem(
            "到时没告知就算受理的，最多写 5 个工作日（《行政许可法》第三十二条）", field="acceptance_days"
        )
    if body.instant:
        if body.steps:
            raise BadItem("即办件当场办结，不能再有后面的步骤", field="steps")
        if body.extension_days:
            raise BadItem("即办件当场办结，不能延长", field="extension_days")
        if body.legal_days or body.promised_days:
            where = "legal_days" if body.legal_days else "promised_days"
            raise BadItem("即办件当场办结，时限请写 0", field=where)
    elif body.promised_days < 1:
        raise BadItem("不是即办件，承诺时限至少 1 个工作日", field="promised_days")


def _check_steps(body: ItemBody) -> None:
    before: StepName | None = None
    for number, step in enumerate(body.steps):
        where = f"steps[{number}]"
        if before is not None and ORDER.index(step.name) <= ORDER.index(before):
            said = f"“{STEPS[step.name]}”不能放在“{STEPS[before]}”后面"
            twice = f"“{STEPS[step.name]}”写了两次"
            seen = step.name in {one.name for one in body.steps[:number]}
            raise BadItem(twice if seen else said, field=f"{where}.name")
        if step.role not in MAY_DO[step.name]:
            allowed = "或".join(STEP_ROLES[one] for one in sorted(MAY_DO[step.name]))
            raise BadItem(f"“{STEPS[step.name]}”只能由{allowed}来办", field=f"{where}.role")
        _check_days(step, where)
        if not step.outside_limits and step.limit > body.legal_days:
            raise BadItem(f"“{STEPS[step.name]}”的时限比法定时限还长", field=f"{where}.limit")
        before = step.name


def _check_days(step: Step, where: str) -> None:
    if step.name == "publicity" and step.days < 1:
        raise BadItem("公示至少 1 个工作日", field=f"{where}.days")
    if step.name != "publicity" and step.days:
        raise BadItem("只有公示才写公示几天", field=f"{where}.days")


def _check_fields(fields: list[ItemField]) -> None:
    _no_twins("fields", "name", "表单里有两栏的代号一样", [one.name for one in fields])
    for number, one in enumerate(fields):
        where = f"fields[{number}]"
        if any(sorted(each) != ["text", "value"] or not all(each.values()) for each in one.options):
            raise BadItem("每个选项要有 value 和 text", field=f"{where}.options")
        values = [each["value"] for each in one.options]
        _no_twins(where, "options", "同一个选项写了两次", values, of_list=False)
        if (one.type == "choice") != bool(values):
            said = f"“{one.label}”是选一项，请写出选项" if one.type == "choice" else "只有选一项才写选项"
            raise BadItem(said, field=f"{where}.options")
        if one.min is not None and one.max is not None and one.min > one.max:
            raise BadItem("最小值不能比最大值大", field=f"{where}.min")
        if one.source:
            raise BadItem("事项的表单不能从别处取选项", field=f"{where}.source")


def _check_materials(body: ItemBody) -> None:
    _no_twins("materials", "key", "两份材料的代号一样", [one.key for one in body.materials])
    fields = {one.name: one for one in body.fields}
    for number, one in enumerate(body.materials):
        if one.when is not None:
            _check_condition(fields, one.when, f"materials[{number}].when")


def _check_condition(fields: dict[str, ItemField], when: Condition, where: str) -> None:
    field = fields.get(when.field)
    if field is None:
        raise BadItem(f"表单里没有“{when.field}”这一栏", field=f"{where}.field")
    for answer in when.is_:
        if not _can_be(field, answer):
            raise BadItem(f"“{field.label}”不会有“{answer}”这个回答", field=f"{where}.is")


def _can_be(field: ItemField, answer: str | bool | float) -> bool:
    match field.type:
        case "yes_no":
            return isinstance(answer, bool)
        case "choice":
            return answer in {one["value"] for one in field.options}
        case "number":
            return isinstance(answer, float) and not isinstance(answer, bool)
    return isinstance(answer, str)


def _no_twins(place: str, what: str, said: str, values: Iterable[str], *, of_list: bool = True) -> None:
    values = list(values)
    counts = Counter(values)
    for number, one in enumerate(values):
        if counts[one] > 1 and one in values[:number]:
            where = f"{place}[{number}].{what}" if of_list else f"{place}.{what}"
            raise BadItem(f"{said}：{one}", field=where)
