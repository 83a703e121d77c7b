"""Roles are changed by two: one administrator proposes, another one approves, and only then is it so.

Neither who proposed it nor whom it concerns can approve. A proposal that nobody answers lapses; for one that nobody
could answer there is server/appointing.py. Every step is in the records, and whoever has to know is told.
"""

from datetime import datetime, timedelta
from typing import Any, Literal

from msgspec import Struct

from schemas.staff import Grant, ProposeGrants
from server import audit, roles, staff, staff_push
from server.config import Settings
from server.kit.chance import chance
from server.kit.db import Collection, Duplicate, Index, Page, Reader, Tx
from server.kit.errors import Conflict, Forbidden, Invalid, NotFound
from server.kit.events import Event, emit, event_id, on
from server.kit.jobs import DUE, Leased, QueueOf, Settled
from server.roles import ROLE_RULES, RoleRule
from server.sessions import SYSTEM, Actor
from server.staff import STAFF, Staff
from server.staff_push import Word

FEWEST_ADMINISTRATORS = 2
State = Literal["open", "approved", "declined", "withdrawn", "lapsed"]
STATES: dict[State, str] = {
    "open": "等另一位管理员",
    "approved": "已同意",
    "declined": "不同意",
    "withdrawn": "已撤回",
    "lapsed": "过期作废",
}
TONES: dict[State, str] = {
    "open": "wait",
    "approved": "active",
    "declined": "late",
    "withdrawn": "grey",
    "lapsed": "grey",
}
PAGE = "/console/role-changes"


class StaffNotFound(NotFound):
    """没有这位工作人员"""


class ProposalNotFound(NotFound):
    """没有这份角色申请"""


class NothingToChange(Invalid):
    """和现在的角色一样，没有要改的"""


class AlreadyProposed(Conflict):
    """已经有一份申请在等同意，请先处理那一份"""


class ProposalClosed(Conflict):
    """这份申请已经处理过了，请刷新后再看"""


class ProposalStale(Conflict):
    """提出以后情况变了，请重新提出"""


class OwnProposal(Forbidden):
    """自己提出的要由另一位管理员来同意"""


class ConcernsYourself(Forbidden):
    """这份申请会改您自己的角色，要由另一位管理员来处理"""


class TooFewAdministrators(Conflict):
    """这样改以后管理员就不到两位了，没有人能再同意别的申请"""


class Proposal(Leased, kw_only=True):
    """`target` is whom or which rule it is about: one proposal at a time. Roles are added to and removed from those
    given by hand to `userid`; or `rule` is added to the table, or removed from it where `removes` says so."""

    target: str
    userid: str = ""
    add: list[Grant] = []
    remove: list[Grant] = []
    rule: RoleRule | None = None
    removes: bool = False
    reason: str
    by: str
    at: datetime
    expires_at: datetime
    state: State = "open"
    decided_by: str = ""
    decided_at: datetime | None = None
    answer: str = ""


PROPOSALS: Collection[Proposal] = Collection(
    "role_proposals",
    Proposal,
    Index(("state", "-at", "-_id")),
    Index(("-at", "-_id")),
    Index(("userid", "-at", "-_id")),
    Index(("target",), unique=True, only={"state": "open"}),
    DUE,
)


# Proposing.


async def propose(tx: Tx, userid: str, wish: ProposeGrants, actor: Actor, rules: Settings) -> Proposal:
    """For one member of the staff. Raises StaffNotFound, GrantWrong, NothingToChange, ProposalStale, AlreadyProposed."""
    member = await tx.get(STAFF, userid)
    if member is None or not member.active:
        raise StaffNotFound
    for grant in wish.add:
        roles.check(tx, grant)
    if any(one not in member.given for one in wish.remove):
        raise ProposalStale
    add = [one for one in wish.add if one not in member.given]
    if not add and not wish.remove:
        raise NothingToChange
    made = _made(tx, actor, rules, target=f"person:{userid}", reason=wish.reason)
    made.userid, made.add, made.remove = userid, add, wish.remove
    return await _propose(tx, made, actor, userid)


async def propose_rule(
    tx: Tx, rule: RoleRule, reason: str, actor: Actor, rules: Settings, *, removes: bool = False
) -> Proposal:
    """For the table. Raises GrantWrong, NothingToChange, AlreadyProposed."""
    if not removes:
        roles.check(tx, rule.grant)
    if (await tx.get(ROLE_RULES, rule.id) is not None) != removes:
        raise NothingToChange
    made = _made(tx, actor, rules, target=f"rule:{rule.id}", reason=reason)
    made.rule, made.removes = rule, removes
    return await _propose(tx, made, actor, None)


def _made(tx: Tx, actor: Actor, rules: Settings, *, target: str, reason: str) -> Proposal:
    until = tx.now + timedelta(days=rules.directory.proposal_days)
    return Proposal(
        id=chance.hex(12),
        target=target,
        reason=reason,
        by=actor.id,
        at=tx.now,
        expires_at=until,
        due_at=until,
    )


async def _propose(tx: Tx, made: Proposal, actor: Actor, subject: str | None) -> Proposal:
    try:
        await tx.insert(PROPOSALS, made)
    except Duplicate as error:
        raise AlreadyProposed from error
    audit.note(tx, actor, "console", "roles.propose", made.id, subject)
    _tell(tx, made, "propose", 1, actor)
    return made


# Answering.


async def approve(tx: Tx, item_id: str, actor: Actor) -> Proposal:
    """It is so from now on. Raises ProposalNotFound, ProposalClosed, OwnProposal, ConcernsYourself, ProposalStale,
    TooFewAdministrators."""
    await _others(tx, item_id, actor)
    done = await _close(tx, item_id, "approved", actor, "")
    before = await _administrators(tx)
    await (_apply_rule(tx, done) if done.rule is not None else _apply(tx, done))
    if len(before) >= FEWEST_ADMINISTRATORS > len(await _administrators(tx)):
        raise TooFewAdministrators
    audit.note(tx, actor, "console", "roles.approve", done.id, done.userid or None)
    _tell(tx, done, "approve", 2, actor)
    return done


async def decline(tx: Tx, item_id: str, reason: str, actor: Actor) -> Proposal:
    """Raises ProposalNotFound, ProposalClosed, OwnProposal, ConcernsYourself."""
    await _others(tx, item_id, actor)
    done = await _close(tx, item_id, "declined", actor, reason)
    audit.note(tx, actor, "console", "roles.decline", done.id, done.userid or None)
    _tell(tx, done, "decline", 2, actor)
    return done


async def withdraw(tx: Tx, item_id: str, actor: Actor) -> Proposal:
    """By whoever proposed it. Raises ProposalNotFound, ProposalClosed, Forbidden."""
    known = await _found(tx, item_id)
    if known.by != actor.id:
        raise Forbidden
    done = await _close(tx, item_id, "withdrawn", actor, "")
    audit.note(tx, actor, "console", "roles.withdraw", done.id, done.userid or None)
    return done


async def void(tx: Tx, userid: str) -> None:
    """Whoever has left needs no roles."""
    how = {"state": "lapsed", "decided_at": tx.now, "due_at": None, "answer": "本人已离岗"}
    await tx.change_all(PROPOSALS, {"target": f"person:{userid}", "state": "open"}, {"$set": how})


async def _found(tx: Tx, item_id: str) -> Proposal:
    known = await tx.get(PROPOSALS, item_id)
    if known is None:
        raise ProposalNotFound
    if known.state != "open" or known.expires_at <= tx.now:
        raise ProposalClosed
    return known


async def _others(tx: Tx, item_id: str, actor: Actor) -> None:
    known = await _found(tx, item_id)
    if known.by == actor.id:
        raise OwnProposal
    if await concerns(tx, known, actor.id):
        raise ConcernsYourself


async def concerns(tx: Tx, proposal: Proposal, userid: str) -> bool:
    """Whether it would change their roles."""
    if proposal.rule is None:
        return proposal.userid == userid
    member, table = await tx.get(STAFF, userid), await roles.table(tx)
    mine = table.belonging(member.departments, member.tags) if member else set()
    return roles.group_id(proposal.rule.source, proposal.rule.number) in mine


async def _close(tx: Tx, item_id: str, state: State, actor: Actor, answer: str) -> Proposal:
    how = {"state": state, "decided_by": actor.id, "decided_at": tx.now, "answer": answer, "due_at": None}
    done = await tx.take(PROPOSALS, {"_id": item_id, "state": "open"}, {"$set": how})
    if done is None:
        raise ProposalClosed
    return done


async def _apply(tx: Tx, proposal: Proposal) -> None:
    member = await tx.get(STAFF, proposal.userid)
    if member is None or not member.active or any(one not in member.given for one in proposal.remove):
        raise ProposalStale
    kept = [one for one in member.given if one not in proposal.remove]
    member.has([*kept, *(one for one in proposal.add if one not in kept)], member.mapped)
    await tx.put(STAFF, member)


async def _apply_rule(tx: Tx, proposal: Proposal) -> None:
    rule = proposal.rule
    assert rule is not None
    if proposal.removes:
        await tx.delete(ROLE_RULES, {"_id": rule.id})
    else:
        rule.by, rule.approved_by = proposal.by, proposal.decided_by
        await tx.put(ROLE_RULES, rule)
    await roles.remap_all(tx)


async def _administrators(tx: Tx) -> list[Staff]:
    """As this transaction has them."""
    return await tx.all(STAFF, {"active": True, "grants.role": "admin"}, limit=FEWEST_ADMINISTRATORS)


async def lapse(house: Any, row: Proposal) -> Settled:
    """Nobody has answered in time."""

    async def lapsed(tx: Tx) -> None:
        how = {"state": "lapsed", "decided_at": tx.now, "due_at": None}
        done = await tx.take(PROPOSALS, {"_id": row.id, "state": "open", "fence": row.fence}, {"$set": how})
        if done is not None:
            audit.note_system(tx, "roles.lapse", done.id, done.userid or None)
            _tell(tx, done, "lapse", 2, SYSTEM)

    await house.db.atomically(lapsed)
    return None


LAPSING = QueueOf("role_proposals", PROPOSALS, lapse, parallel=1)


# Telling.


def _tell(tx: Tx, row: Proposal, what: str, seq: int, actor: Actor) -> None:
    emit(
        tx,
        Event(
            id=event_id(f"roles:{row.id}", seq),
            type=f"roles.{what}",
            subject=row.id,
            seq=seq,
            at=tx.now,
            by={"kind": actor.kind, "id": actor.id, "name": actor.name, "role": "admin"},
            channel="console",
            data={"action": what},
        ),
    )


@on("roles.*")
async def tell(tx: Tx, event: Event) -> None:
    """Who can approve, who has proposed, and at last whom it concerns."""
    row = await tx.get(PROPOSALS, event.subject)
    if row is None:
        return
    if event.type == "roles.propose":
        word = Word(title="有角色申请等您同意", text=f"{about(tx, row)}。{row.reason}", page=PAGE)
        for one in staff.administrators(tx):
            if one.id not in (row.by, row.userid):
                await staff_push.send(tx, event, one.id, word)
        return
    answer = f"：{row.answer}" if row.answer else ""
    word = Word(title=f"角色申请{STATES[row.state]}", text=f"{about(tx, row)}{answer}", page=PAGE)
    await staff_push.send(tx, event, row.by, word)
    if event.type == "roles.approve" and row.userid:
        text = "；".join(one.text for one in diff(tx, row))
        word = Word(title="您的角色有变化", text=text, page="/console/me")
        await staff_push.send(tx, event, row.userid, word)


# As they are listed.


async def listed(reader: Reader, state: State | None, cursor: str | None, limit: int) -> Page[Proposal]:
    """The newest first. Raises BadCursor."""
    where = {"state": state} if state else {}
    return await reader.page(PROPOSALS, where, sort="-at", cursor=cursor, limit=limit)


async def of(reader: Reader, userid: str) -> list[Proposal]:
    """What was proposed for somebody, the newest first, the last twenty."""
    return await reader.all(PROPOSALS, {"userid": userid}, limit=20, sort="-at")


def may_answer(reader: Reader, row: Proposal, userid: str) -> bool:
    """Whether this one could approve it, as memory has it."""
    if row.state != "open" or row.expires_at <= reader.now or row.by == userid:
        return False
    if row.rule is None:
        return row.userid != userid
    return userid not in {one.id for one in _touched(reader, row.rule)}


def nobody_can_answer(reader: Reader, row: Proposal) -> bool:
    """It waits, and each administrator has proposed it or is concerned by it (server/appointing.py)."""
    waits = row.state == "open" and row.expires_at > reader.now
    return waits and not any(may_answer(reader, row, one.id) for one in staff.administrators(reader))


# In words.


class Line(Struct, frozen=True):
    """A line of what would be different: `sign` is + or −."""

    sign: str
    text: str


def about(reader: Reader, row: Proposal) -> str:
    if row.rule is not None:
        return roles.group_text(reader, row.rule.source, row.rule.number)
    return staff.name_of(reader, row.userid)


def diff(reader: Reader, row: Proposal) -> list[Line]:
    if row.rule is not None:
        return [Line("−" if row.removes else "+", roles.grant_text(reader, row.rule.grant))]
    less = [Line("−", roles.grant_text(reader, one)) for one in row.remove]
    return [*less, *(Line("+", roles.grant_text(reader, one)) for one in row.add)]


def touched(reader: Reader, row: Proposal) -> list[str]:
    """The names of those whom a rule is about, as memory has them."""
    return sorted(one.name for one in _touched(reader, row.rule)) if row.rule is not None else []


def _touched(reader: Reader, rule: RoleRule) -> list[Staff]:
    return roles.members_of(reader, rule.source, rule.number)
