"""The ride's table of moves (product §4)."""

from schemas.bookings import MaybeReason, WithReason
from schemas.rides import AssignDriver, Board, Complete, DeclineRide, GiveUp, NobodyCame, Offered, Widen
from server.kit.flow import Action, Flow, NoFields, Row, State
from server.rides import acts, fares

_CALLERS = frozenset({"resident", "operator", "clerk"})
_DISPATCHER = frozenset({"dispatcher"})
_DRIVER = frozenset({"driver"})
_SYSTEM = frozenset({"system"})

STATES = (
    State("held", "等车票", "wait"),
    State("scheduled", "已预约", "active", timer="begin"),
    State("requested", "正在找车", "new"),
    State("offered", "正在问司机", "new", timer="lapse"),
    State("accepted", "司机来接您", "active"),
    State("arrived", "司机已到", "active"),
    State("on_board", "行程中", "active"),
    State("completed", "已到达", "done", final=True),
    State("no_driver", "没有找到车", "late", final=True),
    State("cancelled", "已取消", "grey", final=True),
    State("no_show", "没等到乘客", "grey", final=True),
)

ACTIONS = (
    Action("hold", "等车票"),
    Action("book", "预约用车"),
    Action("request", "叫车"),
    Action("release", "车票好了", NoFields, acts.release),
    Action("begin", "开始找车", NoFields, acts.begin),
    Action("offer", "问司机", Offered, acts.offer),
    Action("widen", "扩大范围", Widen, acts.widen),
    Action("lapse", "没有答复", NoFields, acts.lapse),
    Action("take_back", "司机下班了", NoFields, acts.take_back),
    Action("nobody", "没有找到车", NoFields, acts.nobody),
    Action("accept", "接单", NoFields, acts.accept, through="/v1/ride-offers/{offer_id}/accept"),
    Action("decline", "不接", DeclineRide, acts.decline, through="/v1/ride-offers/{offer_id}/decline"),
    Action("assign", "派车", AssignDriver, acts.assign),
    Action("arrive", "我到了", NoFields, acts.arrive),
    Action("board", "乘客上车", Board, acts.board, before=acts.CODE.count),
    Action("complete", "到达", Complete, acts.complete),
    Action("give_up", "去不了", GiveUp, acts.give_up, danger=True),
    Action("lost", "司机失去联系", NoFields, acts.lost),
    Action("out_of_sight", "暂时没有位置"),
    Action("no_show", "没等到人", NobodyCame, acts.no_show, danger=True),
    Action("drop", "车票没办成", WithReason, acts.cancel),
    Action("cancel", "取消叫车", MaybeReason, acts.cancel, danger=True, hint=fares.cancel_hint),
)

_BEFORE_BOARDING = ("scheduled", "requested", "offered", "accepted", "arrived")

ROWS = (
    Row(Flow.OPENING, "hold", "held", _CALLERS),
    Row(Flow.OPENING, "book", "scheduled", _CALLERS),
    Row(Flow.OPENING, "request", "requested", _CALLERS),
    Row("held", "release", "requested", _SYSTEM, or_else=("scheduled",)),
    Row("scheduled", "begin", "requested", _SYSTEM),
    Row("requested", "offer", "offered", _SYSTEM),
    Row("requested", "widen", "requested", _SYSTEM),
    Row("requested", "nobody", "no_driver", _SYSTEM),
    Row("requested", "assign", "accepted", _DISPATCHER),
    Row("offered", "accept", "accepted", _DRIVER),
    Row("offered", "decline", "requested", _DRIVER),
    Row("offered", "lapse", "requested", _SYSTEM),
    Row("offered", "take_back", "requested", _SYSTEM),
    Row("offered", "assign", "accepted", _DISPATCHER),
    Row("accepted", "arrive", "arrived", _DRIVER),
    Row("accepted", "give_up", "requested", _DRIVER),
    Row("accepted", "lost", "requested", _SYSTEM),
    Row("arrived", "board", "on_board", _DRIVER),
    Row("arrived", "give_up", "requested", _DRIVER),
    Row("arrived", "lost", "requested", _SYSTEM),
    Row("arrived", "no_show", "no_show", _DRIVER | _DISPATCHER),
    Row("on_board", "out_of_sight", "on_board", _SYSTEM),
    Row("on_board", "complete", "completed", _DRIVER | _DISPATCHER),
    Row("held", "drop", "cancelled", _SYSTEM),
    *(Row(one, "drop", "cancelled", _SYSTEM) for one in _BEFORE_BOARDING),
    *(Row(one, "cancel", "cancelled", _CALLERS | _DISPATCHER) for one in _BEFORE_BOARDING),
)

FLOW = Flow(STATES, ACTIONS, ROWS)
