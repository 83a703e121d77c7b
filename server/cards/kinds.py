"""What a card is made of: buttons, what may be chosen beside them, and the door through which a tap goes."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from server import cases
from server.cases import Case, claims
from server.config import Settings
from server.kit.db import Reader, Tx
from server.sessions import Actor
from server.staff_push import Card

DETAIL = "看详情"


class Button(Struct, frozen=True):
    """`action` is what it does at its door, `done` completes “已由 王芳 ……”; `style` is WeCom's: 1 blue, 3 red."""

    action: str
    text: str
    done: str
    style: int = 1
    takes_choice: bool = False


class Choice(Struct, frozen=True):
    """What is chosen before a button that takes it is tapped: a title, and up to ten of value and text."""

    title: str
    options: tuple[tuple[str, str], ...]


class Tap(Struct, frozen=True):
    """A button tapped by somebody; `value` and `reason` are what was chosen, empty where nothing is."""

    card: Card
    action: str
    actor: Actor
    value: str = ""
    reason: str = ""


class First(Struct, frozen=True):
    """Who was faster: the kind, id and name of who it was, and what was done, such as “接单”."""

    kind: str
    id: str
    name: str
    done: str

    def said_to(self, userid: str) -> str:
        """As it stands on the card of this member."""
        match self.kind:
            case "staff" if self.id == userid:
                return f"您已{self.done}"
            case "staff":
                return f"已由 {self.name} {self.done}"
            case "resident":
                return f"居民已{self.done}"
        return self.done


class Look:
    """A case as it is at one moment, looked at once for all cards that ask about it."""

    def __init__(self, reader: Reader, case: Case) -> None:
        self.reader = reader
        self.case = case
        self._actions: dict[frozenset[str], frozenset[str]] = {}

    def actions(self, actor: Actor) -> frozenset[str]:
        """What the flow lets them do now; a case that somebody sees to already is not claimed again."""
        mine = cases.parts(actor, self.case)
        if mine not in self._actions:
            self._actions[mine] = self._open_to(mine)
        return self._actions[mine]

    def _open_to(self, mine: frozenset[str]) -> frozenset[str]:
        if not mine or cases.time_is_up(self.reader, self.case):
            return frozenset()
        kind = cases.kind_of(self.case)
        details = kind.details_of(self.case)
        shown = kind.flow.open_to(self.case.state, mine)
        names = {one.name for one in shown if one.shown(details, mine)}
        held = claims.NAME in names and claims.claimed_by(self.reader, self.case) is not None
        return frozenset(names - {claims.NAME} if held else names)


class Door(Struct, frozen=True):
    """Where a tap is done as the same act is done elsewhere. `open` says which actions the actor has on the case now;
    `act` does one and raises what it raises there; `first` says what came between."""

    open: Callable[[Look, Card, Actor], Awaitable[frozenset[str]]]
    act: Callable[[Tx, Tap, Settings], Awaitable[None]]
    first: Callable[[Look, Card, "CardKind"], Awaitable[First | None]]


class CardKind(Struct, frozen=True):
    """A row of the table (server/cards/table.py)."""

    name: str
    door: Door
    buttons: tuple[Button, ...]
    choice: Choice | None = None

    def button(self, action: str) -> Button | None:
        return next((one for one in self.buttons if one.action == action), None)
