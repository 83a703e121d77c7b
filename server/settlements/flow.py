"""The moves of a batch, as a table."""

from server.kit.flow import Action, Flow, Row, State

MAKER, CHECKER, SYSTEM = "maker", "checker", "system"
"""Whoever keeps the books is a maker; a checker is one of them who has neither frozen nor sent this batch."""


def _rows(source: str, action: str, target: str, by: str, *or_else: str) -> Row:
    return Row(source, action, target, frozenset({by}), or_else)


FLOW = Flow(
    states=[
        State("open", "收集中", "active"),
        State("frozen", "已冻结", "wait"),
        State("sent", "已送邮政", "wait"),
        State("confirmed", "已确认，等到账", "wait"),
        State("difference", "有差错", "late"),
        State("paid", "已结清", "done", final=True),
    ],
    actions=[
        Action("open", "新建批次"),
        Action("freeze", "冻结"),
        Action("send", "标为已送出"),
        Action("confirm", "确认比对"),
        Action("settle", "到账"),
    ],
    rows=[
        _rows(Flow.OPENING, "open", "open", MAKER),
        _rows("open", "freeze", "frozen", MAKER),
        _rows("frozen", "send", "sent", MAKER),
        _rows("sent", "confirm", "confirmed", CHECKER),
        _rows("confirmed", "settle", "paid", SYSTEM, "difference"),
        _rows("difference", "settle", "paid", SYSTEM, "difference"),
    ],
)
