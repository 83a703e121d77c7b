"""How a message that is on its way stands, in words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.outbox import Act, AttemptView, LetterView
from schemas.push import Channel, Importance
from server import errcodes
from server.kit.clock import SHANGHAI, today

IMPORTANCES: Mapping[Importance, str] = {"urgent": "紧急", "high": "要紧", "normal": "一般", "low": "不急"}
CHANNELS: Mapping[Channel, str] = {"subscription": "微信", "return_call": "电话", "sms": "短信"}
DELIVERIES: Mapping[str, str] = {
    "queued": "等着发",
    "sent": "已送到微信",
    "no_credit": "没有订阅，只在收件箱",
    "refused": "微信不收，只在收件箱",
    "dead": "停发",
    "none": "只在收件箱",
    "digest": "放进每天的汇总",
    "replaced": "有了更新的消息，不再发",
    "unknown": "不知道送到没有，不再发",
}
HELD: Mapping[str, str] = {
    "quiet": "夜里不打扰，等到 {at} 再发",
    "quota": "今天的额度用完了，{at} 再发",
    "throttled": "发得太快，{at} 再发",
    "doubt": "等微信说送到没有，{at} 再看",
    "down": "没有连上微信，{at} 再试",
    "busy": "同时有别的消息给这个人，错开再发",
}
HELD_SHORT: Mapping[str, str] = {
    "quiet": "夜里不打扰",
    "quota": "今天的额度用完了",
    "throttled": "发得太快",
    "doubt": "等微信说送到没有",
    "down": "没有连上微信",
    "busy": "同时有别的消息",
}
OUTCOMES: Mapping[str, str] = {
    "sent": "已发出",
    "delivered": "已送到手机",
    "again": "没成，再试",
    "no_credit": "没有订阅",
    "refused": "不收",
    "dead": "停发",
    "failed": "没送到",
    "unknown": "不知道送到没有",
    "skipped": "跳过",
    "waiting": "等人打",
    "reached": "打通了",
    "not_reached": "没打通",
    "unreachable": "打不通，不再打",
    "read": "居民已经看了",
    "not_needed": "不用打了",
}
"""What a receipt's word says, whichever the channel; a channel's own words stand as they are."""


def letter(row: Any, words: Mapping[int, str], now: datetime, *, droppable: bool) -> LetterView:
    """A row of any outbox, which has as much of a message as its noun keeps."""
    importance = getattr(row, "importance", None)
    return LetterView(
        id=row.id,
        title=getattr(row, "title", ""),
        template=getattr(row, "template", ""),
        lane=getattr(row, "lane", None),
        importance=importance,
        importance_text=IMPORTANCES[importance] if importance else "",
        since=getattr(row, "at", None),
        state_text=state(row, now),
        attempts=row.attempts,
        error=row.error,
        errcode=errcodes.code_of(row.error),
        error_text=errcodes.said(words, row.error),
        next_at=row.due_at,
        dead_at=row.dead_at,
        receipts=[_attempt(one) for one in getattr(row, "receipts", [])],
        actions=_actions(row, droppable),
    )


def state(row: Any, now: datetime) -> str:
    """Why it waits, or what became of it."""
    if row.dead_at is not None:
        return "停发"
    if row.due_at is None:
        return DELIVERIES.get(getattr(row, "delivery", ""), "已经办完")
    held = HELD.get(getattr(row, "held", ""))
    if held and row.due_at > now:
        return held.format(at=_clock(row.due_at, now))
    if row.attempts and row.error:
        return f"正在重试，第 {row.attempts} 次"
    if row.due_at > now:
        return "正在发" if row.attempts else f"等到 {_clock(row.due_at, now)} 再发"
    return "等着发"


def _clock(at: datetime, now: datetime) -> str:
    local = at.astimezone(SHANGHAI)
    days = (today(at) - today(now)).days
    day = {0: "", 1: "明天 "}.get(days, f"{local.month} 月 {local.day} 日 ")
    return f"{day}{local.hour}:{local.minute:02d}"


def _attempt(receipt: Any) -> AttemptView:
    return AttemptView(
        channel=receipt.channel,
        channel_text=CHANNELS[receipt.channel],
        at=receipt.at,
        outcome_text=OUTCOMES.get(receipt.outcome, receipt.outcome),
    )


def _actions(row: Any, droppable: bool) -> list[Act]:
    actions: list[Act] = ["retry"] if row.dead_at is not None else []
    if droppable and (row.dead_at is not None or row.due_at is not None):
        actions.append("drop")
    return actions
