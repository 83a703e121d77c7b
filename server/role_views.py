"""The staff and their roles as they are told to administrators: to programs here, to people by the console's pages."""

from collections.abc import Iterable

from schemas.directory import DirectoryView, GroupView, ReadingView
from schemas.role_changes import (
    ChangeLineView,
    FindProposals,
    ProposalsView,
    ProposalView,
    RoleRulesView,
    RoleRuleView,
)
from schemas.staff import FindStaff, HeldView, MemberLineView, MembersView, MemberView
from server import directory, role_changes, roles, staff
from server.directory import READINGS, Reading
from server.kit.db import Reader
from server.role_changes import Proposal, StaffNotFound
from server.roles import GROUPS, RoleRule, Source
from server.sessions import Actor
from server.staff import STAFF, Staff


def members(reader: Reader, wanted: FindStaff) -> MembersView:
    """Everybody who serves, by name. Raises BadCursor."""
    found = staff.listed(reader, wanted)
    return MembersView(items=[_line(reader, one) for one in found.items], next=found.next)


def _line(reader: Reader, one: Staff) -> MemberLineView:
    return MemberLineView(
        id=one.id,
        name=one.name,
        active=one.active,
        grants=one.grants,
        roles=[roles.grant_text(reader, grant) for grant in one.grants],
        by_hand=bool(one.given),
        mapped=bool(one.mapped),
    )


async def member(reader: Reader, userid: str) -> MemberView:
    """Raises StaffNotFound."""
    found = await reader.get(STAFF, userid)
    if found is None:
        raise StaffNotFound
    held = [
        HeldView(grant=one.grant, text=one.text, by_hand=one.by_hand, rules=one.rules)
        for one in roles.held(reader, found)
    ]
    return MemberView(
        id=found.id,
        name=found.name,
        active=found.active,
        left_at=found.left_at,
        groups=groups_of(reader, found),
        held=held,
    )


def groups_of(reader: Reader, one: Staff) -> list[str]:
    """The departments and tags they are in, by name."""
    numbers: tuple[tuple[Source, list[int]], ...] = (("department", one.departments), ("tag", one.tags))
    ids = [roles.group_id(source, number) for source, all_ in numbers for number in all_]
    known = (reader.recall(GROUPS, item_id) for item_id in ids)
    return [group.name for group in known if group is not None]


async def proposals(reader: Reader, wanted: FindProposals, actor: Actor) -> ProposalsView:
    """The newest first. Raises BadCursor."""
    page = await role_changes.listed(reader, wanted.state, wanted.cursor, wanted.limit)
    return ProposalsView(items=[proposal(reader, one, actor) for one in page.items], next=page.next)


async def proposals_of(reader: Reader, userid: str, actor: Actor) -> ProposalsView:
    """The last twenty that were about somebody. Raises StaffNotFound."""
    if await reader.get(STAFF, userid) is None:
        raise StaffNotFound
    found = await role_changes.of(reader, userid)
    return ProposalsView(items=[proposal(reader, one, actor) for one in found])


def proposal(reader: Reader, row: Proposal, actor: Actor) -> ProposalView:
    lines = [ChangeLineView(adds=one.sign == "+", text=one.text) for one in role_changes.diff(reader, row)]
    return ProposalView(
        id=row.id,
        userid=row.userid or None,
        about=role_changes.about(reader, row),
        lines=lines,
        touched=role_changes.touched(reader, row),
        reason=row.reason,
        by=staff.name_of(reader, row.by),
        at=row.at,
        expires_at=row.expires_at,
        state=row.state,
        state_text=role_changes.STATES[row.state],
        decided_by=staff.name_of(reader, row.decided_by) if row.decided_by else "",
        decided_at=row.decided_at,
        answer=row.answer,
        own=row.by == actor.id,
        can_answer=role_changes.may_answer(reader, row, actor.id),
        stuck=role_changes.nobody_can_answer(reader, row),
    )


def rules(reader: Reader) -> RoleRulesView:
    return RoleRulesView(items=[_rule(reader, one) for one in roles.known_table(reader).rules])


def _rule(reader: Reader, one: RoleRule) -> RoleRuleView:
    return RoleRuleView(
        id=one.id,
        source=one.source,
        number=one.number,
        group=roles.group_text(reader, one.source, one.number),
        grant=one.grant,
        text=roles.grant_text(reader, one.grant),
        people=len(roles.members_of(reader, one.source, one.number)),
        by=[staff.name_of(reader, userid) for userid in (one.by, one.approved_by) if userid],
    )


def known_directory(reader: Reader) -> DirectoryView:
    """Out of memory."""
    last = reader.recall(READINGS, directory.LAST)
    return DirectoryView(
        last=reading(last) if last else None,
        departments=list(_groups(reader, "department")),
        tags=list(_groups(reader, "tag")),
    )


def _groups(reader: Reader, source: Source) -> Iterable[GroupView]:
    found = sorted(reader.everything(GROUPS).items.values(), key=lambda one: one.number)
    for one in found:
        if one.source == source:
            people = len(roles.members_of(reader, source, one.number))
            yield GroupView(number=one.number, name=one.name, parent=one.parent, people=people)


def reading(one: Reading) -> ReadingView:
    return ReadingView(at=one.at, here=one.here, changed=one.changed, left=one.left, problem=one.problem)
