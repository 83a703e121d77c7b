"""The table of moves of an order of tickets (product §5): quoted, agreed to, paid, bought; changed and given back."""

from datetime import datetime
from typing import Any

from schemas.tickets import (
    AcceptChange,
    AskChange,
    AskForSome,
    Authorise,
    ChangeResults,
    ConfirmRefund,
    HandOver,
    MaybeReason,
    OfferChange,
    Post,
    RaiseCeiling,
    TakeCash,
    TicketQuote,
    TicketResults,
    WithReason,
)
from server.cases import Act
from server.catalogue import yuan
from server.kit.flow import Action, Flow, NoFields, Row, State
from server.tickets import buying, changes, holds, papers, quotes, refunds
from server.tickets.details import Ticket

_DESK = frozenset({"operator", "clerk"})
_CALLERS = frozenset({"resident"}) | _DESK
_AGENT = frozenset({"provider", "dispatcher"})
_SYSTEM = frozenset({"system"})
_WINDOW = frozenset({"clerk"})
_BACK = ("partial",)

STATES = (
    State("submitted", "等代办员报价", "new", timer="watch"),
    State("quoted", "等您看报价", "wait", timer="lapse"),
    State("authorised", "等您付款", "wait", timer="lapse"),
    State("buying", "正在买票", "active", timer="watch"),
    State("ticketed", "已出票", "done", timer="close"),
    State("partial", "部分有票", "late", timer="close"),
    State("changing", "正在找改签的车次", "active"),
    State("change_offered", "等您看改签", "wait", timer="change_lapse"),
    State("change_paying", "等您付改签差价", "wait", timer="change_lapse"),
    State("rebooking", "正在改签", "active"),
    State("refund_quoted", "等您确认退票", "wait", timer="refund_lapse"),
    State("refunding", "正在退票", "active"),
    State("failed", "没买到", "grey", final=True),
    State("refused", "不能代购", "grey", final=True),
    State("cancelled", "已取消", "grey", final=True),
    State("expired", "已过期", "grey", final=True),
    State("closed", "已结束", "done", final=True),
)


async def _cash(act: Act) -> None:
    """Raises NothingToPay, BillNotOpen."""
    await (buying.pay_cash if act.source == "authorised" else changes.pay_cash)(act)


def _cash_hint(ticket: Ticket, now: datetime) -> str:
    change, quote = ticket.change, ticket.quote
    if change is not None and change.state == "accepted" and change.bill_id:
        return f"收现金 {yuan(change.pay_fen)} 元"
    return f"收现金 {yuan(quote.total_fen)} 元" if quote else ""


def _cancel_hint(details: Any, now: datetime) -> str:
    return "还没有买票，付了的钱全部退还" if details.paid_fen else "不收费"


ACTIONS = (
    Action("submit", "提交订票"),
    Action("quote", "报价", TicketQuote, quotes.quote),
    Action("authorise", "同意报价，去付款", Authorise, quotes.authorise, hint=quotes.authorise_hint),
    Action("refuse_quote", "换别的车次", MaybeReason, quotes.refuse, hint=quotes.refuse_hint),
    Action("withdraw_quote", "收回报价", WithReason, quotes.withdraw),
    Action("lapse", "报价过期", NoFields, quotes.lapse),
    Action("raise_ceiling", "提高最高价", RaiseCeiling, quotes.raise_ceiling),
    Action("buy", "已付款", NoFields, buying.paid),
    Action("pay_cash", "收现金", TakeCash, _cash, hint=_cash_hint),
    Action("claim", "我来办", NoFields, holds.claim),
    Action("release", "放回去", NoFields, holds.release),
    Action("watch", "看时间", NoFields, buying.watch),
    Action("record", "登记出票结果", TicketResults, buying.record),
    Action("refuse", "不能代购", WithReason, buying.refuse, danger=True),
    Action("ask_change", "改签", AskChange, changes.ask),
    Action("offer_change", "改签报价", OfferChange, changes.offer),
    Action("refuse_change", "没有合适的车次", WithReason, changes.refuse, danger=True),
    Action("accept_change", "同意改签", AcceptChange, changes.accept, hint=changes.accept_hint),
    Action("decline_change", "不改签了", MaybeReason, changes.decline, danger=True),
    Action("withdraw_change", "不改签了", MaybeReason, changes.withdraw, danger=True),
    Action("change_paid", "已付改签差价", NoFields, changes.paid),
    Action("change_lapse", "改签过期", NoFields, changes.lapse),
    Action("confirm_bought_change", "登记新票", ChangeResults, changes.done),
    Action("change_failed", "改签没办成", WithReason, changes.failed, danger=True),
    Action("ask_refund", "退票", AskForSome, refunds.ask),
    Action(
        "confirm_refund",
        "确认退票",
        ConfirmRefund,
        refunds.confirm,
        hint=refunds.confirm_hint,
        before=refunds.anew,
    ),
    Action("withdraw_refund", "不退了", NoFields, refunds.drop, danger=True),
    Action("refund_lapse", "退票没有确认", NoFields, refunds.drop),
    Action("record_refund", "登记已退票", NoFields, refunds.done),
    Action("refund_failed", "退票没办成", WithReason, refunds.failed, danger=True),
    Action("hand_over", "凭证已取走", HandOver, papers.hand_over, fits=papers.to_fetch),
    Action("post", "凭证已寄出", Post, papers.post, fits=papers.to_post),
    Action("close", "行程结束"),
    Action("cancel", "取消订票", MaybeReason, buying.cancel, danger=True, hint=_cancel_hint),
)


def _in_hand(state: str) -> tuple[Row, Row]:
    return Row(state, "claim", state, _AGENT), Row(state, "release", state, _AGENT)


def _with_tickets(state: str) -> tuple[Row, ...]:
    return (
        Row(state, "ask_refund", "refund_quoted", _CALLERS),
        Row(state, "ask_change", "changing", _CALLERS),
        Row(state, "hand_over", state, _WINDOW),
        Row(state, "post", state, _AGENT | _DESK),
        Row(state, "close", "closed", _SYSTEM),
    )


ROWS = (
    Row(Flow.OPENING, "submit", "submitted", _CALLERS),
    Row("submitted", "quote", "quoted", _AGENT),
    *_in_hand("submitted"),
    Row("submitted", "refuse", "refused", _AGENT),
    Row("submitted", "raise_ceiling", "submitted", _CALLERS),
    Row("submitted", "watch", "submitted", _SYSTEM, or_else=("expired",)),
    Row("submitted", "cancel", "cancelled", _CALLERS),
    Row("quoted", "authorise", "authorised", _CALLERS),
    Row("quoted", "refuse_quote", "submitted", _CALLERS),
    Row("quoted", "withdraw_quote", "submitted", _AGENT),
    Row("quoted", "lapse", "expired", _SYSTEM),
    Row("quoted", "cancel", "cancelled", _CALLERS),
    Row("authorised", "buy", "buying", _SYSTEM),
    Row("authorised", "pay_cash", "buying", _WINDOW),
    Row("authorised", "withdraw_quote", "submitted", _AGENT),
    Row("authorised", "lapse", "expired", _SYSTEM, or_else=("buying",)),
    Row("authorised", "cancel", "cancelled", _CALLERS),
    Row("buying", "record", "ticketed", _AGENT, or_else=("partial", "failed")),
    *_in_hand("buying"),
    Row("buying", "watch", "buying", _SYSTEM, or_else=("failed",)),
    Row("buying", "cancel", "cancelled", _CALLERS),
    *_with_tickets("ticketed"),
    *_with_tickets("partial"),
    Row("changing", "offer_change", "change_offered", _AGENT),
    *_in_hand("changing"),
    Row("changing", "raise_ceiling", "changing", _CALLERS),
    Row("changing", "refuse_change", "ticketed", _AGENT, or_else=_BACK),
    Row("changing", "withdraw_change", "ticketed", _CALLERS, or_else=_BACK),
    Row("change_offered", "accept_change", "rebooking", _CALLERS, or_else=("change_paying",)),
    Row("change_offered", "decline_change", "ticketed", _CALLERS, or_else=_BACK),
    Row("change_offered", "change_lapse", "ticketed", _SYSTEM, or_else=_BACK),
    Row("change_paying", "change_paid", "rebooking", _SYSTEM),
    Row("change_paying", "pay_cash", "rebooking", _WINDOW),
    Row("change_paying", "withdraw_change", "ticketed", _CALLERS, or_else=_BACK),
    Row("change_paying", "change_lapse", "ticketed", _SYSTEM, or_else=("partial", "rebooking")),
    Row("rebooking", "confirm_bought_change", "ticketed", _AGENT, or_else=_BACK),
    *_in_hand("rebooking"),
    Row("rebooking", "change_failed", "ticketed", _AGENT, or_else=_BACK),
    Row("refund_quoted", "confirm_refund", "refunding", _CALLERS),
    Row("refund_quoted", "withdraw_refund", "ticketed", _CALLERS, or_else=_BACK),
    Row("refund_quoted", "refund_lapse", "ticketed", _SYSTEM, or_else=_BACK),
    Row("refunding", "record_refund", "partial", _AGENT, or_else=("closed",)),
    *_in_hand("refunding"),
    Row("refunding", "refund_failed", "ticketed", _AGENT, or_else=_BACK),
)

FLOW = Flow(STATES, ACTIONS, ROWS)
