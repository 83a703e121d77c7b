"""States and moves are rows of a table; the rows are the check, the buttons, the diagram and the tests."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from server.kit.errors import Conflict

Tone = Literal["new", "wait", "active", "late", "done", "grey"]


class NotAllowedNow(Conflict):
    """现在不能这样操作，请刷新后看最新状态"""


class NoFields(Struct, frozen=True, forbid_unknown_fields=True):
    """An action that needs no more than the tap."""


class State(Struct, frozen=True):
    """`text` is the pill, `tone` its colour; `timer` names the action that the worker takes when the state is due."""

    name: str
    text: str
    tone: Tone
    timer: str | None = None
    final: bool = False


class Action(Struct, frozen=True):
    """What a button does: `form` is its body, `do` the noun's function, `text` the word on it.

    `fits` says of a case's details whether the button is shown at all; `do` refuses by name what does not fit.
    `hint` says beside the first field what it will come to if it is done now.
    `before` writes in a transaction of its own what must stay though the act is refused, and returns the refusal.
    `through` is the call that makes this move, where the case's own path does not: `POST /v1/offers/…/take`.
    `whose` says of the details which of the row's parts it is up to now: the others do not see the button.
    """

    name: str
    text: str
    form: type[Struct] = NoFields
    do: Callable[..., Any] | None = None
    danger: bool = False
    fits: Callable[[Any], bool] | None = None
    hint: Callable[[Any, datetime], str] | None = None
    before: Callable[..., Any] | None = None
    through: str = ""
    whose: Callable[[Any], frozenset[str]] | None = None

    def shown(self, details: Any, parts: frozenset[str]) -> bool:
        """Whether somebody with these parts sees the button."""
        theirs = self.whose is None or bool(self.whose(details) & parts)
        return theirs and (self.fits is None or self.fits(details))


class Row(Struct, frozen=True):
    """From `source` by `action` to `target`, for whoever plays one of the parts in `by`.

    `or_else` are the states that the action may choose instead, by what it finds.
    """

    source: str
    action: str
    target: str
    by: frozenset[str]
    or_else: tuple[str, ...] = ()

    @property
    def targets(self) -> tuple[str, ...]:
        return (self.target, *self.or_else)


class Flow:
    """A table of moves. `OPENING` is the source of what opens a case."""

    OPENING = ""

    def __init__(self, states: Iterable[State], actions: Iterable[Action], rows: Iterable[Row]) -> None:
        self.states = {one.name: one for one in states}
        self.actions = {one.name: one for one in actions}
        self.rows = tuple(rows)
        self._by_move = {(row.source, row.action): row for row in self.rows}
        self._check()

    def row(self, state: str, action: str, parts: frozenset[str]) -> Row:
        """The row for this state, action and caller. Raises NotAllowedNow when there is none."""
        row = self._by_move.get((state, action))
        if row is None or not row.by & parts:
            raise NotAllowedNow
        return row

    def open_to(self, state: str, parts: frozenset[str]) -> list[Action]:
        """The actions that these parts have in this state, in the table's order."""
        return [self.actions[row.action] for row in self.rows if row.source == state and row.by & parts]

    def diagram(self) -> str:
        """The table as a Mermaid state diagram."""
        lines = ["stateDiagram-v2"]
        for row in self.rows:
            who = ", ".join(sorted(row.by))
            lines += [f"    {row.source or '[*]'} --> {one}: {row.action} ({who})" for one in row.targets]
        lines += [f"    {one.name} --> [*]" for one in self.states.values() if one.final]
        return "\n".join(lines)

    def _check(self) -> None:
        if len(self._by_move) != len(self.rows):
            raise ValueError("two rows start from the same state with the same action")
        for row in self.rows:
            known = row.source in {*self.states, self.OPENING} and set(row.targets) <= set(self.states)
            if not known or row.action not in self.actions:
                raise ValueError(f"row {row} names a state or an action that is not declared")
