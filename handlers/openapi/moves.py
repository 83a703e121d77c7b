"""The moves of all flows, each as a call of its own: the generic route takes any action, the document names them."""

import functools
from collections import defaultdict
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from schemas.common import Version
from server.cases.kinds import Kind, kinds
from server.kit.flow import Flow, Row

_SYSTEM = "system"


class Move(Struct, frozen=True, kw_only=True):
    """One action, of all kinds that have it."""

    action: str
    text: str
    details: str
    by: frozenset[str]
    forms: tuple[type[Struct], ...]


def moves() -> list[Move]:
    """Every action that somebody can take on a case that is open, by name."""
    found: dict[str, list[tuple[Kind, list[Row]]]] = defaultdict(list)
    for kind in kinds().values():
        for action in kind.flow.actions:
            rows = [one for one in kind.flow.rows if one.action == action and _can_be_called(one)]
            if rows and not kind.flow.actions[action].through:
                found[action].append((kind, rows))
    return [_move(action, found[action]) for action in sorted(found)]


def _can_be_called(row: Row) -> bool:
    return row.source != Flow.OPENING and bool(row.by - {_SYSTEM})


def _move(action: str, found: list[tuple[Kind, list[Row]]]) -> Move:
    texts = dict.fromkeys(kind.flow.actions[action].text for kind, _ in found)
    forms = dict.fromkeys(_with_version(kind.flow.actions[action].form) for kind, _ in found)
    by = frozenset().union(*(row.by for _, rows in found for row in rows))
    return Move(
        action=action,
        text=" / ".join(texts),
        details="\n\n".join(_table(kind, rows) for kind, rows in found),
        by=by - {_SYSTEM},
        forms=tuple(forms),
    )


def _table(kind: Kind, rows: list[Row]) -> str:
    """The rows of this action in words."""
    states = kind.flow.states
    lines = [f"{kind.text} (`{kind.name}`):", ""]
    for row in rows:
        who = ", ".join(sorted(row.by - {_SYSTEM}))
        source, target = states[row.source], states[row.target]
        lines.append(f"- `{row.source}` {source.text} → `{row.target}` {target.text}: {who}")
    return "\n".join(lines)


@functools.cache
def _with_version(form: type[Struct]) -> type[Struct]:
    """The form as it is sent: with the version that the caller has seen."""
    return msgspec.defstruct(
        f"{form.__name__}Move",
        [("version", Version | None, None)],
        bases=(form,),
        module=form.__module__,
        kw_only=True,
        namespace={"__doc__": form.__doc__},
    )


def details_views() -> list[Any]:
    """What `details` of a case can be: the view of each kind."""
    views = {get_type_hints(kind.show)["return"] for kind in kinds().values()}
    return sorted(views, key=lambda one: one.__name__)
