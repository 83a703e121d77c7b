"""What a verb says of itself: who may call it, and by its signature what it takes and what it answers."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from msgspec import Struct

from handlers.base.answers import Answer
from server.sessions import Actor

F = TypeVar("F", bound=Callable[..., Any])
ANYONE = "anyone"
VERBS = ("get", "post", "patch", "put", "delete")


class Rule(Struct, frozen=True):
    """Who may call a verb, the status it answers with, and whether it takes an Idempotency-Key."""

    who: frozenset[str]
    status: int
    once: bool

    def lets(self, actor: Actor) -> bool:
        return actor.kind in self.who or not self.who.isdisjoint(actor.roles)


def allow(*who: str, status: int = 200, once: bool = True) -> Callable[[F], F]:
    """`"anyone"`, `"resident"`, `"staff"`, or staff roles. `once=False` for a POST that cannot be replayed, with
    the reason beside it."""

    def ruled(verb: F) -> F:
        verb.rule = Rule(frozenset(who), status, once)  # type: ignore[attr-defined]
        return verb

    return ruled


class Plan(Struct, frozen=True):
    """A verb as its signature describes it; made once, when the class is."""

    verb: Callable[..., Awaitable[Any]]
    name: str
    rule: Rule
    path_arguments: tuple[str, ...]
    query: type[Struct] | None
    no_query: Struct | None
    body: Any
    body_name: str
    view: Any
    document: str


def plan_of(name: str, verb: Callable[..., Awaitable[Any]]) -> Plan:
    rule = getattr(verb, "rule", None)
    if rule is None:
        raise TypeError(f"{verb.__qualname__} does not say who may call it: add @allow(…)")
    hints = get_type_hints(verb, include_extras=True)
    view = hints.pop("return")
    parameters = [one for one in inspect.signature(verb).parameters if one != "self"]
    path = tuple(one for one in parameters if hints[one] is str)
    others = [one for one in parameters if one not in path and one != "query"]
    return Plan(
        verb=verb,
        name=name,
        rule=rule,
        path_arguments=path,
        query=hints.get("query"),
        no_query=_no_query(hints.get("query")),
        body=hints[others[0]] if others else None,
        body_name=others[0] if others else "",
        view=get_args(view)[0] if get_origin(view) is Answer else view,
        document=inspect.getdoc(verb) or "",
    )


def _no_query(kind: type[Struct] | None) -> Struct | None:
    """What an empty query string means, made once; None where something has to be asked for."""
    try:
        return kind() if kind is not None else None
    except TypeError:
        return None
