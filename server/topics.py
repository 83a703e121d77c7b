"""What residents are told of, topic by topic, in words that say what a choice does and what it does not."""

from collections.abc import Iterable

from msgspec import Struct

from schemas.push import Importance, Topic
from schemas.residents import How, Preferences, QuietHours
from schemas.topics import TopicsView, TopicView, WayView
from server.config import Push
from server.push import Template, templates
from server.push.timing import hours_of


class Words(Struct, frozen=True):
    title: str
    text: str


TOPICS: dict[Topic, Words] = {
    "visits": Words("上门服务", "预约、师傅上门、报价、候补"),
    "rides": Words("用车", "司机接单、到了、车费"),
    "tickets": Words("车票", "出票、改签、出发前提醒"),
    "approvals": Words("办事审批", "办到哪一步，要补什么材料"),
    "money": Words("账单和积分", "新账单、缴费、退款、积分"),
    "talks": Words("回复和投诉", "工作人员给您的回复"),
    "account": Words("我的账号", "家人代办、资料变更"),
    "announcements": Words("社区通知", "停水停电、活动、政策"),
}
_IMPORTANT: tuple[Importance, ...] = ("urgent", "high")


def listed(wanted: Preferences, rules: Push) -> TopicsView:
    """Every topic as this resident wants it."""
    usual = _hours(Preferences(), rules)
    return TopicsView(
        items=[_view(topic, wanted, rules) for topic in TOPICS],
        quiet_hours=_hours(wanted, rules),
        usual=usual,
    )


def _hours(wanted: Preferences, rules: Push) -> QuietHours | None:
    start, end = hours_of(wanted, rules)
    return None if start == end else QuietHours(start=start, end=end)


def _view(topic: Topic, wanted: Preferences, rules: Push) -> TopicView:
    chosen = wanted.topics.get(topic)
    mine = sorted((one for one in templates().values() if one.topic == topic), key=lambda one: one.name)
    return TopicView(
        topic=topic,
        title=TOPICS[topic].title,
        text=TOPICS[topic].text,
        how=chosen or "now",
        note=_note(chosen, mine, rules),
        ways=[
            WayView(how="now", text="马上告诉我"),
            WayView(how="digest", text="每天汇总一次"),
            WayView(how="inbox", text="只放在消息里"),
        ],
    )


def _note(chosen: How | None, mine: list[Template], rules: Push) -> str:
    """The exceptions: what can wait where nothing was chosen, and what cannot where it was."""
    slight = _titles(one for one in mine if one.importance == "low")
    important = _titles(one for one in mine if one.importance in _IMPORTANT)
    match chosen:
        case None:
            return f"{slight}不急，每天 {rules.digest_at} 汇总。" if slight else ""
        case "now":
            return ""
        case _:
            return f"要紧的还是马上告诉您，比如{important}。" if important else ""


def _titles(some: Iterable[Template]) -> str:
    """Each once: some titles stand for several templates."""
    return "、".join(dict.fromkeys(one.title for one in some))
