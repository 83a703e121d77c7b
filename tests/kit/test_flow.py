"""A table of moves: who may do what from where, and a table that contradicts itself does not load."""

import pytest

from server.kit.flow import Action, Flow, NotAllowedNow, Row, State

GUEST, HOST = frozenset({"guest"}), frozenset({"host"})
STATES = (State("open", "开", "new"), State("shut", "关", "done", final=True))
ACTIONS = (Action("begin", "开始"), Action("knock", "敲门"), Action("close", "关门"))
ROWS = (
    Row(Flow.OPENING, "begin", "open", GUEST),
    Row("open", "knock", "open", GUEST),
    Row("open", "close", "shut", HOST | {"system"}),
)
FLOW = Flow(STATES, ACTIONS, ROWS)


def test_a_row_is_found_for_whoever_plays_one_of_its_parts() -> None:
    assert FLOW.row("open", "close", HOST) is ROWS[2]
    assert FLOW.row("open", "close", GUEST | {"system"}) is ROWS[2]
    assert FLOW.row(Flow.OPENING, "begin", GUEST) is ROWS[0]


@pytest.mark.parametrize(
    ("state", "action", "parts"),
    [
        ("open", "close", GUEST),
        ("open", "close", frozenset()),
        ("open", "begin", GUEST),
        ("shut", "close", HOST),
        ("shut", "knock", GUEST),
        ("open", "fly", GUEST),
        ("nowhere", "knock", GUEST),
    ],
)
def test_what_no_row_allows_is_refused(state: str, action: str, parts: frozenset[str]) -> None:
    with pytest.raises(NotAllowedNow) as refused:
        FLOW.row(state, action, parts)
    assert (refused.value.status, refused.value.code) == (409, "not_allowed_now")


def test_the_open_actions_stand_in_the_order_of_the_table() -> None:
    assert [one.name for one in FLOW.open_to("open", GUEST | HOST)] == ["knock", "close"]
    assert [one.name for one in FLOW.open_to("open", GUEST)] == ["knock"]
    assert FLOW.open_to("shut", GUEST | HOST) == []
    assert FLOW.open_to("open", frozenset()) == []


@pytest.mark.parametrize(
    "wrong",
    [
        Row("nowhere", "knock", "open", GUEST),
        Row("open", "begin", "nowhere", GUEST),
        Row("open", "fly", "open", GUEST),
        Row("open", "knock", "shut", HOST),
    ],
    ids=["unknown source", "unknown target", "unknown action", "two rows for one move"],
)
def test_a_table_that_contradicts_itself_does_not_load(wrong: Row) -> None:
    with pytest.raises(ValueError):
        Flow(STATES, ACTIONS, (*ROWS, wrong))


def test_the_diagram_draws_every_row_and_every_end() -> None:
    assert FLOW.diagram().splitlines() == [
        "stateDiagram-v2",
        "    [*] --> open: begin (guest)",
        "    open --> open: knock (guest)",
        "    open --> shut: close (host, system)",
        "    shut --> [*]",
    ]
