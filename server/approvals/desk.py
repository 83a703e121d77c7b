"""What the staff's pages of approvals ask for: who waits at which step, and what is overdue in which community.

Each is read off an index of the cases that still wait for their turn, so that what has ended costs nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from msgspec import Struct

from schemas.approvals import ColleaguesView, FindColleagues
from schemas.cases import CasesView
from schemas.common import FormField
from server import cases, items, staff, workdays
from server.approvals import reviewing, way
from server.approvals.colleagues import listed
from server.approvals.delegations import ROLES
from server.approvals.papers import reuses
from server.cases import CASES, STILL_OPEN, Case
from server.cases.kinds import kinds
from server.kit.clock import today
from server.kit.db import Reader
from server.kit.flow import State
from server.places import PLACES
from server.sessions import Actor
from server.staff import STREET_WIDE, Staff
from server.words import said_day

KIND = "approval"
DRAFT = "draft"
REVIEWED = frozenset({"submitted", "pre_review"})
"""Where the materials are looked at."""
SOON = timedelta(days=3)
MOST = 1000
"""What is overdue is counted no further than this."""


class Waiting(Struct, frozen=True, kw_only=True):
    """Which of the open approvals are looked for; all but drafts if nothing is said. `mine` are also those of colleagues
    for whom one stands in."""

    step: str = ""
    community_id: str = ""
    mine: bool = False
    overdue: bool = False


class Lateness(Struct, frozen=True):
    """How things stand in one community; `overdue` and `soon` are counted up to MOST."""

    community_id: str
    community: str
    overdue: int
    soon: int


def steps() -> list[State]:
    """The states in which somebody of the staff is waited for, or waits, in the flow's order."""
    return [one for one in kinds()[KIND].flow.states.values() if not one.final and one.name != DRAFT]


def wanted(look: Waiting, actor: Actor, reader: Reader) -> dict[str, Any]:
    """The filter for the actor's cases, in the order of their turn."""
    clauses: list[dict[str, Any]] = [{"kind": KIND}, STILL_OPEN]
    clauses.append({"state": look.step} if look.step else {"state": {"$ne": DRAFT}})
    if look.community_id:
        clauses.append({"community_id": look.community_id})
    if look.mine:
        clauses.append({"handler_id": {"$in": [actor.id, *(one.userid for one in actor.standing_in)]}})
    if look.overdue:
        clauses.append({"turn": {"$lt": reader.now}})
    return {"$and": [*clauses, own] if (own := cases.scope(actor)) else clauses}


async def waiting(
    reader: Reader, look: Waiting, actor: Actor, cursor: str | None = None, limit: int = 20
) -> CasesView:
    """A page of them: what is due first comes first. Raises BadCursor."""
    page = await reader.page(
        CASES, wanted(look, actor, reader), sort="turn", cursor=cursor or None, limit=limit
    )
    return CasesView(items=[cases.view(reader, one, actor) for one in page.items], next=page.next)


def communities(reader: Reader, actor: Actor) -> list[tuple[str, str]]:
    """Id and name of those in which the actor may see approvals."""
    known = [one for one in reader.everything(PLACES).items.values() if one.kind == "community"]
    grants = [*actor.grants, *(grant for one in actor.standing_in for grant in one.grants)]
    if not {one.role for one in grants} & STREET_WIDE:
        own = {one.community_id for one in grants}
        known = [one for one in known if one.id in own]
    return sorted((one.id, one.name) for one in known)


async def board(reader: Reader, actor: Actor) -> list[Lateness]:
    """Where most is overdue first."""
    found = [
        Lateness(place_id, name, *await _counted(reader, place_id, actor))
        for place_id, name in communities(reader, actor)
    ]
    return sorted(found, key=lambda one: (-one.overdue, -one.soon, one.community))


async def _counted(reader: Reader, community_id: str, actor: Actor) -> tuple[int, int]:
    now, late = reader.now, Waiting(community_id=community_id, overdue=True)
    soon = {"turn": {"$gte": now, "$lt": now + SOON}}
    near = {"$and": [wanted(Waiting(community_id=community_id), actor, reader), soon]}
    return (
        await reader.count(CASES, wanted(late, actor, reader), limit=MOST),
        await reader.count(CASES, near, limit=MOST),
    )


# One case.


def verdicts() -> dict[str, str]:
    """Those that can be given, in words."""
    return {name: text for name, text in reviewing.VERDICTS.items() if name != "pending"}


class Letter(Struct, frozen=True):
    """A supplement notice as the resident would read it if it were sent now, but for what is added by hand."""

    opening: str
    lines: list[str]
    closing: str


def letter(reader: Reader, case: Case) -> Letter:
    approval = cases.kind_of(case).details_of(case)
    body = way.body_of(reader, approval)
    until = workdays.calendar(reader).add_working_days(today(reader.now), body.supplement_days)
    return Letter(
        opening=f"您申请的“{approval.item}”要补材料：",
        lines=reviewing.lines(approval, body),
        closing=f"请在 {said_day(until)} 前一次补齐。",
    )


def fields(reader: Reader, case: Case) -> Sequence[FormField]:
    """The item's form as it was when the case began."""
    return way.body_of(reader, cases.kind_of(case).details_of(case)).fields


def deliveries(reader: Reader, case: Case) -> list[tuple[str, str]]:
    """How the result may reach the applicant, in words."""
    offered = way.body_of(reader, cases.kind_of(case).details_of(case)).deliveries
    return [(one, items.words.DELIVERIES[one]) for one in offered]


def helpers(reader: Reader, case: Case, actor: Actor, everybody: bool) -> ColleaguesView:
    """To whom a step may be handed; or everybody, for a copy."""
    return listed(reader, case, FindColleagues(everybody=everybody), actor)


def deputies(reader: Reader, actor: Actor) -> list[Staff]:
    """Colleagues who do what the actor does somewhere, or might."""
    own = actor.roles & ROLES
    everybody = reader.everything(staff.STAFF).items.values()
    found = [
        one
        for one in everybody
        if one.active and one.id != actor.id and own & {grant.role for grant in one.grants}
    ]
    return sorted(found, key=lambda one: (one.name, one.id))


__all__ = [
    "DRAFT",
    "KIND",
    "MOST",
    "REVIEWED",
    "Lateness",
    "Letter",
    "Waiting",
    "board",
    "communities",
    "deliveries",
    "deputies",
    "fields",
    "helpers",
    "letter",
    "reuses",
    "steps",
    "verdicts",
    "waiting",
    "wanted",
]
