"""The booking's table of moves (product §3), for services booked by time slot."""

from schemas.bookings import Assign, Finish, MaybeReason, Start, WithReason
from server.bookings import acts
from server.kit.flow import Action, Flow, NoFields, Row, State

_DESK = frozenset({"operator", "clerk"})
_SIDE = frozenset({"provider", "dispatcher"})
_RESIDENT = frozenset({"resident"})
_WORKER = frozenset({"worker"})
_SYSTEM = frozenset({"system"})
_CALLERS = _RESIDENT | _DESK

STATES = (
    State("held", "已占号", "wait", timer="expire"),
    State("submitted", "等商家确认", "new", timer="escalate"),
    State("confirmed", "已确认", "active"),
    State("assigned", "已派师傅", "active"),
    State("en_route", "师傅在路上", "active"),
    State("in_service", "服务中", "active"),
    State("done", "待确认完成", "wait", timer="accept"),
    State("disputed", "有争议", "late"),
    State("completed", "已完成", "done", final=True),
    State("expired", "占号已过期", "grey", final=True),
    State("rejected", "商家未接", "grey", final=True),
    State("cancelled", "已取消", "grey", final=True),
    State("no_show", "上门无人", "grey", final=True),
)

ACTIONS = (
    Action("hold", "占号"),
    Action("submit", "提交预约"),
    Action("expire", "占号过期", NoFields, acts.free_seat),
    Action("confirm", "确认接单", NoFields, acts.confirm),
    Action("reject", "不能接单", WithReason, acts.free_seat, danger=True),
    Action("escalate", "超时上报", NoFields, acts.escalate),
    Action("assign", "派单", Assign, acts.assign),
    Action("decline", "退单", WithReason, acts.decline, danger=True),
    Action("depart", "出发"),
    Action("start", "开始服务", Start, acts.start),
    Action("finish", "完成服务", Finish, acts.finish),
    Action("accept", "确认完成"),
    Action("dispute", "有问题", WithReason),
    Action("settle", "处理完毕", WithReason),
    Action("no_show", "上门无人", MaybeReason, acts.no_show, danger=True),
    Action("cancel", "取消预约", MaybeReason, acts.cancel, danger=True),
)

ROWS = (
    Row(Flow.OPENING, "hold", "held", _CALLERS),
    Row(Flow.OPENING, "submit", "submitted", _CALLERS),
    Row("held", "submit", "submitted", _CALLERS),
    Row("held", "cancel", "cancelled", _CALLERS),
    Row("held", "expire", "expired", _SYSTEM),
    Row("submitted", "confirm", "confirmed", _SIDE),
    Row("submitted", "reject", "rejected", _SIDE),
    Row("submitted", "escalate", "submitted", _SYSTEM),
    Row("submitted", "cancel", "cancelled", _CALLERS | {"dispatcher"}),
    Row("confirmed", "assign", "assigned", _SIDE),
    Row("confirmed", "cancel", "cancelled", _CALLERS | _SIDE),
    Row("assigned", "depart", "en_route", _WORKER),
    Row("assigned", "start", "in_service", _WORKER),
    Row("assigned", "assign", "assigned", _SIDE),
    Row("assigned", "decline", "confirmed", _WORKER),
    Row("assigned", "cancel", "cancelled", _CALLERS | _SIDE),
    Row("en_route", "start", "in_service", _WORKER),
    Row("en_route", "no_show", "no_show", _WORKER | {"dispatcher"}),
    Row("en_route", "cancel", "cancelled", _DESK | {"dispatcher"}),
    Row("in_service", "finish", "done", _WORKER),
    Row("done", "accept", "completed", _CALLERS | _SYSTEM),
    Row("done", "dispute", "disputed", _CALLERS),
    Row("disputed", "settle", "completed", frozenset({"dispatcher"})),
)

FLOW = Flow(STATES, ACTIONS, ROWS)
