"""The subscription templates as the administrator sees them: which there are, their ids here, and what they would show.

The nouns declare them, WeChat's console gives each its id, and `push.templates` in the settings says which is which.
Nothing here is about a person: values are examples, or what the administrator types.
"""

from collections.abc import Iterator, Mapping

from msgspec import Struct

from schemas.message_templates import (
    LineView,
    MessageTemplatesView,
    MessageTemplateView,
    ParameterView,
    PreviewTemplate,
    PreviewView,
)
from schemas.push import Importance
from server.config import Settings
from server.kit.errors import NotFound
from server.kit.template_rules import fit, type_of, violations
from server.push import Template, templates
from server.topics import TOPICS


class MessageTemplateNotFound(NotFound):
    """没有这个消息模板"""


class Kind(Struct, frozen=True):
    """A type of value: what may stand there, and one that may."""

    rule: str
    example: str


TYPES: Mapping[str, Kind] = {
    "thing": Kind("文字，最多 20 个字，长了会截断", "详情请打开小程序查看"),
    "number": Kind("数字，最多 32 位，可以有小数", "3"),
    "letter": Kind("英文字母，最多 32 个", "A"),
    "symbol": Kind("符号，最多 5 个", "#"),
    "character_string": Kind("数字、字母或符号，最多 32 个，不能有汉字", "HB-20261127-0001"),
    "time": Kind("时间，如 09:30，前面可以有日期", "2026年11月28日 09:30"),
    "date": Kind("日期，如 2026年12月31日", "2026年12月31日"),
    "amount": Kind("金额，最多 10 位，前面有 ¥", "¥128.50"),
    "phone_number": Kind("电话号码，最多 17 位", "0477-1234567"),
    "car_number": Kind("车牌号，最多 8 位", "蒙K12345"),
    "name": Kind("姓名，汉字最多 10 个，字母最多 20 个，不能有数字", "王师傅"),
    "phrase": Kind("汉字，最多 5 个", "已完成"),
    "enum": Kind("只能是模板里列出的一个", "正常"),
}
LABELS: Mapping[str, str] = {
    "amount": "金额",
    "case_no": "办件编号",
    "code": "开始口令",
    "count": "条数",
    "day": "到期日",
    "due": "缴费期限",
    "points": "积分",
    "publisher": "发布单位",
    "service": "服务项目",
    "state": "当前状态",
    "text": "回复内容",
    "time": "时间",
    "tip": "温馨提示",
    "title": "事项",
    "trip": "行程",
    "what": "内容",
    "worker": "服务人员",
}
EXAMPLES: Mapping[str, str] = {
    "code": "305812",
    "publisher": "绿苑社区",
    "service": "上门理发",
    "text": "您反映的事已经转给物业",
    "tip": "点开查看详情",
    "title": "上门理发",
    "trip": "东胜西 到 呼和浩特东",
    "what": "上门理发",
}
MOMENTS: Mapping[str, str] = {
    "announcements": "看社区公告时",
    "approve": "提交审批申请时",
    "autopay": "开通自动缴费时",
    "bills": "添加缴费户号时",
    "bundle": "办一件事时",
    "comment": "在公告下留言时",
    "complain": "投诉时",
    "digest": "选择每天汇总时",
    "finish": "服务办完时",
    "pay": "缴费时",
    "plan": "订定期服务时",
    "points": "看积分时",
    "profile": "改个人资料时",
    "progress": "看办件进度时",
    "proxy": "设家人代办时",
    "quote": "约要报价的服务时",
    "rate": "评价时",
    "ride": "叫车时",
    "submit": "提交预约时",
    "talk": "给工作人员留言时",
    "visit": "上门前看办件时",
    "wait": "排候补时",
}


class Weight(Struct, frozen=True):
    text: str
    reaches: str


WEIGHTS: Mapping[Importance, Weight] = {
    "urgent": Weight("紧急", "马上发，夜里也发；没送到就请人打电话，再不行发短信"),
    "high": Weight("要紧", "马上发，夜里等到早上；没送到就请人打电话"),
    "normal": Weight("一般", "马上发，夜里等到早上"),
    "low": Weight("不急", "每天汇总一次"),
}


def listed(settings: Settings) -> MessageTemplatesView:
    """All of them, by topic."""
    order = list(TOPICS)
    found = sorted(templates().values(), key=lambda one: (order.index(one.topic), one.name))
    return MessageTemplatesView(items=[_view(one, settings) for one in found])


def one(name: str) -> Template:
    """Raises MessageTemplateNotFound."""
    found = templates().get(name)
    if found is None:
        raise MessageTemplateNotFound
    return found


def previewed(wanted: PreviewTemplate) -> PreviewView:
    """What WeChat would show. Raises MessageTemplateNotFound."""
    return preview(one(wanted.name), wanted.values)


def preview(template: Template, values: Mapping[str, str]) -> PreviewView:
    """Each value cut to its rule as before every send."""
    lines = [_line(key, name, values.get(name, example(key, name))) for key, name in template.keys.items()]
    return PreviewView(title=template.title, lines=lines, sendable=not any(one.problem for one in lines))


def _line(key: str, name: str, given: str) -> LineView:
    text = fit(key, given)
    problem = TYPES[type_of(key)].rule if violations({key: text}) else ""
    return LineView(
        key=key,
        label=LABELS.get(name, name),
        text=text,
        cut=text != given.strip(),
        problem=f"微信不收：{problem}" if problem else "",
    )


def example(key: str, name: str) -> str:
    """Something that may stand there."""
    return EXAMPLES.get(name) or TYPES[type_of(key)].example


def unmapped(settings: Settings) -> list[str]:
    """In production each template needs the id that WeChat's console gave it."""
    if settings.environment != "production":
        return []
    return sorted(name for name in templates() if name not in settings.push.templates)


def problems(settings: Settings) -> Iterator[str]:
    """What is not as it should be, a line for each."""
    for name in unmapped(settings):
        yield f"push.templates: {name} has no template id, so its messages stay in the inbox"
    for name in sorted(settings.push.templates.keys() - templates().keys()):
        yield f"push.templates: no template is called {name}"


def _view(template: Template, settings: Settings) -> MessageTemplateView:
    weight = WEIGHTS[template.importance]
    mapped = template.name in settings.push.templates
    return MessageTemplateView(
        name=template.name,
        title=template.title,
        moment=template.moment,
        asked=MOMENTS.get(template.moment, template.moment),
        topic=template.topic,
        topic_text=TOPICS[template.topic].title,
        importance=template.importance,
        importance_text=weight.text,
        reaches=weight.reaches,
        long_term=template.name in settings.push.long_term,
        template_id=template.template_id(settings),
        mapped=mapped,
        missing=not mapped and settings.environment == "production",
        parameters=[_parameter(key, name) for key, name in template.keys.items()],
        preview=preview(template, {}),
    )


def _parameter(key: str, name: str) -> ParameterView:
    return ParameterView(
        key=key,
        name=name,
        label=LABELS.get(name, name),
        rule=TYPES[type_of(key)].rule,
        example=example(key, name),
    )
