"""The demo's directory as if it had been read already, a few rules of its tags, and a proposal that waits."""

from datetime import datetime, timedelta

from schemas.staff import Grant, Role
from server import directory, roles
from server.demo import company
from server.demo.street import Street
from server.kit.db import Tx
from server.role_changes import PROPOSALS, Proposal
from server.roles import GROUPS, ROLE_RULES, Group, Table
from server.staff import ROLE_TEXTS, STAFF

RULED: tuple[Role, ...] = ("operator", "dispatcher", "accountant")
"""Roles of the whole street that come with their tag."""
PROPOSED_BY, APPROVED_BY = "demo-admin", "demo-admin-2"
_ANSWERED_WITHIN = timedelta(days=7)


def groups(street: Street) -> list[Group]:
    departments = [
        directory.group("department", one.id, one.name or str(one.id), one.parentid)
        for one in company.departments(street)
    ]
    return departments + [directory.group("tag", one.id, one.name) for one in company.tags()]


async def put(tx: Tx, street: Street, now: datetime) -> None:
    """Roles that a tag gives are not given by hand as well."""
    known, numbers = groups(street), list(ROLE_TEXTS)
    rules = [roles.rule_of("tag", numbers.index(one) + 1, Grant(role=one)) for one in RULED]
    for rule in rules:
        rule.by, rule.approved_by = PROPOSED_BY, APPROVED_BY
    table = Table(rules, {one.id: one for one in known})
    where = {one.userid: one for one in company.members(street)}
    people = list(street.staff)
    for member in people:
        member.departments, member.tags = list(where[member.id].department), list(where[member.id].tags)
        mapped = table.grants_of(member.departments, member.tags)
        member.has([one for one in member.given if one not in mapped], mapped)
    await tx.put_all(GROUPS, known)
    await tx.put_all(ROLE_RULES, rules)
    await tx.put_all(STAFF, people)
    await _propose(tx, now)


async def _propose(tx: Tx, now: datetime) -> None:
    """What was answered since stays answered."""
    if await tx.get(PROPOSALS, "demo-proposal") is not None:
        return
    until = now + _ANSWERED_WITHIN
    waiting = Proposal(
        id="demo-proposal",
        target="person:demo-reviewer",
        userid="demo-reviewer",
        add=[Grant(role="dispatcher")],
        reason="孟和休假的两周由他替班派单（示例数据）",
        by=PROPOSED_BY,
        at=now,
        expires_at=until,
        due_at=until,
    )
    await tx.insert(PROPOSALS, waiting)
