"""Who of the staff could do the present step of a case."""

from collections.abc import Iterator

from schemas.approvals import ColleaguesView, ColleagueView, FindColleagues
from server import staff
from server.approvals.details import Approval
from server.approvals.way import body_of, role_at
from server.cases import Case, kind_of, parts
from server.kit.db import Reader
from server.sessions import Actor
from server.staff import Staff

MOST = 200


def able(reader: Reader, case: Case, approval: Approval, userid: str) -> Staff | None:
    """The member, if the step that the case lies at is one of theirs."""
    member = reader.recall(staff.STAFF, userid)
    role = role_at(body_of(reader, approval), case.state)
    return member if member is not None and _plays(member, case, role) else None


def with_part(reader: Reader, case: Case, role: str) -> Iterator[Staff]:
    """All who play this part in the case."""
    everybody = reader.everything(staff.STAFF).items.values()
    yield from sorted(
        (one for one in everybody if _plays(one, case, role)), key=lambda one: (one.name, one.id)
    )


def _plays(member: Staff, case: Case, role: str) -> bool:
    actor = Actor("staff", member.id, member.name, tuple(member.grants))
    return member.active and role in parts(actor, case)


def listed(reader: Reader, case: Case, wanted: FindColleagues, actor: Actor) -> ColleaguesView:
    """By name; without who asks."""
    approval = kind_of(case).details_of(case)
    if not isinstance(approval, Approval):
        return ColleaguesView(items=[])
    if wanted.everybody:
        everybody = reader.everything(staff.STAFF).items.values()
        found = sorted((one for one in everybody if one.active), key=lambda one: (one.name, one.id))
    else:
        found = list(with_part(reader, case, role_at(body_of(reader, approval), case.state)))
    return ColleaguesView(items=[_view(one) for one in found if one.id != actor.id][:MOST])


def _view(member: Staff) -> ColleagueView:
    roles = dict.fromkeys(staff.ROLE_TEXTS[one.role] for one in member.grants)
    return ColleagueView(id=member.id, name=member.name, role_text="、".join(roles))
