"""What can be called: the verbs of every endpoint, and in place of the generic move one call for each action."""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from handlers.base import VERBS, Endpoint, Plan, endpoints
from handlers.cases import Move as AnyMove
from handlers.openapi import moves


class Call(Struct, frozen=True, kw_only=True):
    """One operation. `bodies` are alternatives; `summary` and `details` come from the docstring or the flow."""

    method: str
    path: str
    noun: str
    summary: str
    details: str
    who: frozenset[str]
    status: int
    once: bool
    query: type[Struct] | None
    bodies: tuple[Any, ...]
    view: Any
    takes_files: bool = False

    @property
    def name(self) -> str:
        return f"{self.method}_{re.sub(r'[^a-z0-9]+', '_', self.path.removeprefix('/v1').lower()).strip('_')}"

    @property
    def placeholders(self) -> list[str]:
        return re.findall(r"\{(\w+)\}", self.path)


def calls() -> list[Call]:
    """Everything documented, by path and verb."""
    found = [*_of_endpoints(), *_of_moves()]
    return sorted(found, key=lambda one: (one.path, VERBS.index(one.method)))


def _of_endpoints() -> Iterator[Call]:
    for endpoint in endpoints():
        if endpoint.documented:
            for plan in endpoint.plans.values():
                yield _call(endpoint, plan)


def _call(endpoint: type[Endpoint], plan: Plan) -> Call:
    summary, _, details = plan.document.partition("\n")
    return Call(
        method=plan.name,
        path=endpoint.path,
        noun=endpoint.__module__.split(".")[1],
        summary=summary.strip(),
        details=details.strip(),
        who=plan.rule.who,
        status=204 if plan.view is type(None) else plan.rule.status,
        once=plan.name == "post" and plan.rule.once,
        query=plan.query,
        bodies=(plan.body,) if plan.body is not None else (),
        view=plan.view,
        takes_files=endpoint.takes_files and plan.name == "post",
    )


def _of_moves() -> Iterator[Call]:
    generic = AnyMove.plans["post"]
    for move in moves.moves():
        yield Call(
            method="post",
            path=AnyMove.path.replace("{action}", move.action),
            noun="cases",
            summary=move.text,
            details=move.details,
            who=move.by,
            status=generic.rule.status,
            once=generic.rule.once,
            query=None,
            bodies=move.forms,
            view=generic.view,
        )
