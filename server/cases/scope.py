"""Which parts somebody plays in a case, and which cases lie in their scope."""

from collections.abc import Iterator
from typing import Any, Protocol

from schemas.staff import Grant
from server.cases.kinds import Case, Kind, kind_of, kinds
from server.sessions import Actor
from server.staff import STREET_WIDE

_OWN = frozenset({"resident"})
_PROXY = frozenset({"resident", "proxy"})
_COPIED = frozenset({"copied"})
NOBODY: dict[str, Any] = {"_id": {"$in": []}}


class Lying(Protocol):
    """What says where a case lies: a case, or as much of it as somebody remembers."""

    @property
    def community_id(self) -> str | None: ...
    @property
    def compound_id(self) -> str | None: ...
    @property
    def provider_id(self) -> str | None: ...
    @property
    def worker_id(self) -> str | None: ...


def parts(actor: Actor, case: Case) -> frozenset[str]:
    """`resident` for the case's own, staff roles where a grant covers the case, `copied` for who was sent a copy; empty:
    the case is not theirs.

    Who holds the resident's proxy has their part, and `proxy` beside it.
    """
    if actor.kind == "system":
        return frozenset({"system"})
    if actor.kind == "resident":
        if case.resident_id == actor.id:
            return _OWN
        by_proxy = actor.principals and actor.acts_for(case.resident_id, kind_of(case).proxy_scope)
        return _PROXY if by_proxy else frozenset()
    mine = {grant.role for grant in _grants(actor, kind_of(case)) if _covers(grant, actor, case)}
    return frozenset(mine | _COPIED if actor.id in case.copied_to else mine)


def _grants(actor: Actor, kind: Kind) -> Iterator[Grant]:
    """Their own, and those in which they act for colleagues who are away."""
    yield from actor.grants
    for one in actor.standing_in:
        yield from (grant for grant in one.grants if grant.role in kind.deputies)


def covered(actor: Actor, case: Lying) -> bool:
    """Whether a member of the staff may see the case."""
    return actor.kind == "staff" and any(_covers(grant, actor, case) for grant in actor.grants)


def _covers(grant: Grant, actor: Actor, case: Lying) -> bool:
    match grant.role:
        case "clerk":
            return grant.community_id is not None and grant.community_id == case.community_id
        case "elder_team":
            return grant.compound_id is not None and grant.compound_id == case.compound_id
        case "provider":
            return grant.provider_id is not None and grant.provider_id == case.provider_id
        case "worker" | "driver":
            return case.worker_id == actor.id and grant.provider_id == case.provider_id
    return grant.role in STREET_WIDE


def scope(actor: Actor) -> dict[str, Any]:
    """The filter for the cases that somebody may see."""
    if actor.kind == "resident":
        own = {"resident_id": actor.id}
        return {"$or": [own, *_by_proxy(actor)]} if actor.principals else own
    if actor.roles & STREET_WIDE:
        return {}
    clauses = [clause for grant in actor.grants if (clause := _clause(grant, actor))]
    clauses += _standing_in(actor)
    unique = [one for index, one in enumerate(clauses) if one not in clauses[:index]]
    if not unique:
        return NOBODY
    return unique[0] if len(unique) == 1 else {"$or": unique}


def theirs(actor: Actor, proxy_scope: str) -> dict[str, Any]:
    """As `scope`, for what is no case but has a resident, a place and a provider as cases have."""
    if actor.kind != "resident":
        return scope(actor)
    others = [one.resident_id for one in actor.principals if proxy_scope in one.scopes]
    return {"resident_id": {"$in": [actor.id, *others]}} if others else {"resident_id": actor.id}


def _by_proxy(actor: Actor) -> list[dict[str, Any]]:
    """What the actor's proxies let them see."""
    clauses = []
    for one in actor.principals:
        covered = sorted(kind.name for kind in kinds().values() if kind.proxy_scope in one.scopes)
        clauses.append({"resident_id": one.resident_id, "kind": {"$in": covered}})
    return clauses


def _standing_in(actor: Actor) -> list[dict[str, Any]]:
    """What the colleagues see for whom they act, of the kinds in which one may."""
    clauses = []
    for kind in kinds().values() if actor.standing_in else ():
        for one in actor.standing_in:
            theirs = [_clause(grant, actor) or {} for grant in one.grants if grant.role in kind.deputies]
            clauses += [clause | {"kind": kind.name} for clause in theirs]
    return clauses


def _clause(grant: Grant, actor: Actor) -> dict[str, Any] | None:
    match grant.role:
        case "clerk" if grant.community_id:
            return {"community_id": grant.community_id}
        case "elder_team" if grant.compound_id:
            community = {"community_id": grant.community_id} if grant.community_id else {}
            return {**community, "compound_id": grant.compound_id}
        case "provider" if grant.provider_id:
            return {"provider_id": grant.provider_id}
        case "worker" | "driver":
            return {"worker_id": actor.id, "provider_id": grant.provider_id}
    return None
