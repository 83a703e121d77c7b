"""While somebody is away a colleague does their steps: for a time that is said, and the history says for whom."""

from datetime import datetime, timedelta
from typing import Literal

from schemas.approvals import DelegationsView, DelegationView, NewDelegation
from server import staff
from server.config import Settings
from server.kit.chance import chance
from server.kit.db import Collection, Index, Reader, Stored, Tx
from server.kit.errors import Conflict, Invalid, NotFound
from server.sessions import Actor, StandIn

ROLES = frozenset({"clerk", "reviewer", "elder_team"})
_SHOWN = 100
State = Literal["ahead", "active", "over", "revoked"]
_STATES: dict[State, str] = {"ahead": "还没开始", "active": "正在代办", "over": "已到期", "revoked": "已收回"}


class DelegationNotFound(NotFound):
    """没有找到这份委托"""


class NoSuchDeputy(Invalid):
    """没有这位同事，请从名单里选另一位"""


class BadTerm(Invalid):
    """请写清楚从什么时候到什么时候，结束要在开始之后"""


class NothingToDelegate(Conflict):
    """您没有要办的审批步骤，不用委托"""


class Delegation(Stored, kw_only=True):
    member_id: str
    deputy_id: str
    from_: datetime
    until: datetime
    reason: str
    created_at: datetime
    revoked_at: datetime | None = None

    def state(self, now: datetime) -> State:
        if self.revoked_at is not None:
            return "revoked"
        if now >= self.until:
            return "over"
        return "active" if now >= self.from_ else "ahead"


DELEGATIONS: Collection[Delegation] = Collection(
    "delegations",
    Delegation,
    Index(("member_id", "-created_at", "-_id")),
    Index(("deputy_id", "-created_at", "-_id")),
    whole=True,
)


def standing_in(reader: Reader, userid: str) -> tuple[StandIn, ...]:
    """For whom this member may act now, and in what: what the colleague may do today, no more."""
    found = []
    for one in reader.everything(DELEGATIONS).items.values():
        if one.deputy_id != userid or one.state(reader.now) != "active":
            continue
        member = reader.recall(staff.STAFF, one.member_id)
        if member is not None and member.active:
            grants = tuple(grant for grant in member.grants if grant.role in ROLES)
            found.append(StandIn(member.id, grants))
    return tuple(found)


def deputies_of(reader: Reader, userid: str) -> list[str]:
    return [
        one.deputy_id
        for one in reader.everything(DELEGATIONS).items.values()
        if one.member_id == userid and one.state(reader.now) == "active"
    ]


async def give(tx: Tx, actor: Actor, wanted: NewDelegation, rules: Settings) -> DelegationView:
    """Raises NothingToDelegate, NoSuchDeputy, BadTerm."""
    if not actor.roles & ROLES:
        raise NothingToDelegate
    deputy = tx.recall(staff.STAFF, wanted.deputy_id)
    if deputy is None or not deputy.active or deputy.id == actor.id:
        raise NoSuchDeputy(field="deputy_id")
    longest = rules.approvals.delegation_days
    if wanted.until <= max(wanted.from_, tx.now):
        raise BadTerm(field="until")
    if wanted.until - max(wanted.from_, tx.now) > timedelta(days=longest):
        raise BadTerm(f"一次最多委托 {longest} 天", field="until")
    made = Delegation(
        id=chance.hex(12),
        member_id=actor.id,
        deputy_id=deputy.id,
        from_=wanted.from_,
        until=wanted.until,
        reason=wanted.reason,
        created_at=tx.now,
    )
    await tx.insert(DELEGATIONS, made)
    return view(tx, made, actor)


async def revoke(tx: Tx, actor: Actor, delegation_id: str) -> DelegationView:
    """Whoever gave it takes it back, as often as they like. Raises DelegationNotFound."""
    known = await tx.get(DELEGATIONS, delegation_id)
    if known is None or known.member_id != actor.id:
        raise DelegationNotFound
    if known.revoked_at is None:
        known.revoked_at = tx.now
        await tx.put(DELEGATIONS, known)
    return view(tx, known, actor)


async def listed(reader: Reader, actor: Actor) -> DelegationsView:
    """What I gave and what I was given, the newest first."""
    both = {"$or": [{"member_id": actor.id}, {"deputy_id": actor.id}]}
    found = await reader.all(DELEGATIONS, both, limit=_SHOWN, sort="-created_at")
    return DelegationsView(items=[view(reader, one, actor) for one in found])


def view(reader: Reader, one: Delegation, actor: Actor) -> DelegationView:
    state = one.state(reader.now)
    return DelegationView(
        id=one.id,
        mine=one.member_id == actor.id,
        member_id=one.member_id,
        member=staff.name_of(reader, one.member_id),
        deputy_id=one.deputy_id,
        deputy=staff.name_of(reader, one.deputy_id),
        from_=one.from_,
        until=one.until,
        reason=one.reason,
        state=state,
        state_text=_STATES[state],
    )
