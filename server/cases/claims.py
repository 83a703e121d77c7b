"""Who sees to it 我来处理: one of those who could takes a case upon themselves, and the others need not.

It changes nothing but the handler. Somebody who handles it in another part, such as the manager who has confirmed a
booking, does not stand in the way of the street's own people.
"""

from server import staff
from server.cases.kinds import Act, Case, kind_of
from server.cases.scope import parts
from server.kit.db import Reader
from server.kit.errors import Conflict
from server.kit.flow import Action, NoFields, NotAllowedNow
from server.sessions import Actor
from server.staff import Staff

NAME = "claim"


class AlreadyClaimed(Conflict):
    """已经有同事在处理"""


def claimed_by(reader: Reader, case: Case) -> Staff | None:
    """Who has the case in a part that could take it now."""
    member = reader.recall(staff.STAFF, case.handler_id or "")
    if member is None or not member.active:
        return None
    theirs = parts(Actor("staff", member.id, member.name, tuple(member.grants)), case)
    try:
        kind_of(case).flow.row(case.state, NAME, theirs)
    except NotAllowedNow:
        return None
    return member


async def claim(act: Act) -> None:
    """Raises AlreadyClaimed, naming who was first."""
    holder = claimed_by(act.tx, act.case)
    if holder is not None and holder.id != act.actor.id:
        raise AlreadyClaimed(f"{holder.name}已经在处理")
    act.case.handler_id = act.actor.id


CLAIM = Action(NAME, "我来处理", NoFields, claim)
