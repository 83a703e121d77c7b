"""The booking's table of moves (product §3), for a time slot at a listed price and for a price that is asked for."""

from schemas.bookings import (
    AcceptQuote,
    Assign,
    Finish,
    MaybeReason,
    NewPrice,
    NewQuote,
    NoShow,
    Reschedule,
    Start,
    Suspended,
    Transfer,
    WithReason,
)
from server.bookings import acts, appeals, fees, quotes, transfer
from server.bookings import reschedule as changes
from server.bookings.details import has_price, needs_quote
from server.kit.flow import Action, Flow, NoFields, Row, State

_DESK = frozenset({"operator", "clerk"})
_SIDE = frozenset({"provider", "dispatcher"})
_RESIDENT = frozenset({"resident"})
_WORKER = frozenset({"worker"})
_DISPATCHER = frozenset({"dispatcher"})
_SYSTEM = frozenset({"system"})
_CALLERS = _RESIDENT | _DESK

STATES = (
    State("held", "已占号", "wait", timer="expire"),
    State("submitted", "等商家确认", "new", timer="escalate"),
    State("quoted", "等您看报价", "wait", timer="lapse"),
    State("confirmed", "已确认", "active"),
    State("assigned", "已派师傅", "active"),
    State("en_route", "师傅在路上", "active"),
    State("in_service", "服务中", "active"),
    State("requoted", "等您看新报价", "wait"),
    State("done", "待确认完成", "wait", timer="accept"),
    State("disputed", "有争议", "late"),
    State("completed", "已完成", "done", final=True),
    State("expired", "已过期", "grey", final=True),
    State("rejected", "商家未接", "grey", final=True),
    State("cancelled", "已取消", "grey", final=True),
    State("no_show", "上门无人", "late", timer="stand"),
    State("appealed", "申诉中", "late"),
    State("upheld", "爽约成立", "grey", final=True),
)

ACTIONS = (
    Action("hold", "占号"),
    Action("submit", "提交预约"),
    Action("expire", "占号过期", NoFields, acts.end),
    Action("confirm", "确认接单", NoFields, acts.confirm, fits=has_price),
    Action("quote", "报价", NewQuote, quotes.quote, fits=needs_quote),
    Action("accept_quote", "同意报价", AcceptQuote, quotes.accept, hint=quotes.accept_hint),
    Action("refuse_quote", "不同意报价", MaybeReason, quotes.refuse, danger=True, hint=quotes.refuse_hint),
    Action("withdraw_quote", "收回报价", WithReason, quotes.withdraw),
    Action("lapse", "报价过期", NoFields, quotes.lapse),
    Action("reschedule", "改约", Reschedule, changes.reschedule, hint=changes.hint),
    Action("reject", "不能接单", WithReason, quotes.reject, danger=True),
    Action("escalate", "超时上报", NoFields, acts.escalate),
    Action("assign", "派单", Assign, acts.assign),
    Action("decline", "退单", WithReason, acts.decline, danger=True),
    Action("depart", "出发"),
    Action("start", "开始服务", Start, acts.start),
    Action("finish", "完成服务", Finish, acts.finish),
    Action("requote", "现场改报价", NewPrice, quotes.requote),
    Action("accept", "确认完成", NoFields, acts.close),
    Action("dispute", "有问题", WithReason),
    Action("settle", "处理完毕", WithReason, acts.close),
    Action("no_show", "上门无人", NoShow, appeals.no_show, danger=True),
    Action("appeal", "申诉", WithReason, appeals.appeal),
    Action("stand", "申诉期已过"),
    Action("uphold", "维持爽约", WithReason),
    Action("overturn", "撤销爽约", WithReason, appeals.overturn),
    Action("transfer", "转给别家", Transfer, transfer.transfer, hint=transfer.transfer_hint),
    Action("call_off", "街道取消", Suspended, transfer.call_off),
    Action("hold_up", "等街道安排", Suspended, transfer.hold_up),
    Action("go_on", "照常进行", WithReason, transfer.go_on),
    Action("cancel", "取消预约", MaybeReason, acts.cancel, danger=True, hint=fees.hint),
)

ROWS = (
    Row(Flow.OPENING, "hold", "held", _CALLERS),
    Row(Flow.OPENING, "submit", "submitted", _CALLERS),
    Row("held", "submit", "submitted", _CALLERS),
    Row("held", "cancel", "cancelled", _CALLERS),
    Row("held", "expire", "expired", _SYSTEM),
    Row("submitted", "confirm", "confirmed", _SIDE),
    Row("submitted", "quote", "quoted", _SIDE),
    Row("submitted", "reject", "rejected", _SIDE),
    Row("submitted", "reschedule", "submitted", _CALLERS),
    Row("submitted", "escalate", "submitted", _SYSTEM),
    Row("submitted", "cancel", "cancelled", _CALLERS | {"dispatcher"}),
    Row("quoted", "accept_quote", "confirmed", _CALLERS),
    Row("quoted", "refuse_quote", "cancelled", _CALLERS),
    Row("quoted", "withdraw_quote", "submitted", _SIDE),
    Row("quoted", "reject", "rejected", _SIDE),
    Row("quoted", "lapse", "expired", _SYSTEM),
    Row("confirmed", "assign", "assigned", _SIDE),
    Row("confirmed", "reschedule", "confirmed", _CALLERS),
    Row("confirmed", "cancel", "cancelled", _CALLERS | _SIDE),
    Row("assigned", "depart", "en_route", _WORKER),
    Row("assigned", "start", "in_service", _WORKER),
    Row("assigned", "assign", "assigned", _SIDE),
    Row("assigned", "decline", "confirmed", _WORKER),
    Row("assigned", "reschedule", "assigned", _CALLERS, or_else=("confirmed",)),
    Row("assigned", "cancel", "cancelled", _CALLERS | _SIDE),
    Row("en_route", "start", "in_service", _WORKER),
    Row("en_route", "requote", "requoted", _WORKER),
    Row("en_route", "no_show", "no_show", _WORKER | {"dispatcher"}),
    Row("en_route", "cancel", "cancelled", _DESK | {"dispatcher"}),
    Row("in_service", "finish", "done", _WORKER),
    Row("in_service", "requote", "requoted", _WORKER),
    Row("requoted", "accept_quote", "in_service", _CALLERS, or_else=("en_route",)),
    Row("requoted", "refuse_quote", "cancelled", _CALLERS, or_else=("in_service", "en_route")),
    Row("requoted", "withdraw_quote", "in_service", _WORKER, or_else=("en_route",)),
    Row("done", "accept", "completed", _CALLERS | _SYSTEM),
    Row("done", "dispute", "disputed", _CALLERS),
    Row("disputed", "settle", "completed", _DISPATCHER),
    Row("confirmed", "transfer", "submitted", _DISPATCHER),
    Row("assigned", "transfer", "submitted", _DISPATCHER),
    Row("held", "call_off", "cancelled", _SYSTEM),
    Row("submitted", "call_off", "cancelled", _SYSTEM),
    Row("quoted", "call_off", "cancelled", _SYSTEM),
    Row("confirmed", "hold_up", "confirmed", _SYSTEM),
    Row("assigned", "hold_up", "assigned", _SYSTEM),
    Row("confirmed", "go_on", "confirmed", _SYSTEM),
    Row("assigned", "go_on", "assigned", _SYSTEM),
    Row("no_show", "appeal", "appealed", _CALLERS),
    Row("no_show", "stand", "upheld", _SYSTEM),
    Row("appealed", "uphold", "upheld", _DISPATCHER),
    Row("appealed", "overturn", "cancelled", _DISPATCHER),
)

FLOW = Flow(STATES, ACTIONS, ROWS)
