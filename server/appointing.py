"""Administrators by the command line: the first two, and one more where a proposal waits that none of them can answer.

Of two administrators neither can change the other's roles, since one has proposed it and the other is concerned. Then
whoever runs the server is the second pair of eyes: they make a third one, who answers like everybody.
"""

from schemas.staff import Grant
from server import audit
from server.kit.db import Tx
from server.kit.errors import Conflict
from server.role_changes import FEWEST_ADMINISTRATORS, PROPOSALS, Proposal, concerns
from server.staff import STAFF, Staff

_MOST = 200


class EnoughAdministrators(Conflict):
    """已经有两位管理员了，请他们在工作台里办"""


async def appoint(tx: Tx, userid: str) -> None:
    """Raises EnoughAdministrators where there are two who can agree on all that waits."""
    present = await tx.all(STAFF, {"active": True, "grants.role": "admin"}, limit=_MOST)
    if len(present) >= FEWEST_ADMINISTRATORS and not await _is_stuck(tx, present):
        raise EnoughAdministrators
    member = await tx.get(STAFF, userid) or Staff(id=userid, name=userid, grants=[])
    member.active, admin = True, Grant(role="admin")
    member.has([*(one for one in member.given if one != admin), admin], member.mapped)
    await tx.put(STAFF, member)
    audit.note_system(tx, "roles.appoint", userid)


async def _is_stuck(tx: Tx, administrators: list[Staff]) -> bool:
    """Whether something waits that none of them can answer."""
    waiting = await tx.all(PROPOSALS, {"state": "open", "expires_at": {"$gt": tx.now}}, limit=_MOST)
    for one in waiting:
        if not await _answerable(tx, one, administrators):
            return True
    return False


async def _answerable(tx: Tx, proposal: Proposal, administrators: list[Staff]) -> bool:
    for one in administrators:
        if one.id != proposal.by and not await concerns(tx, proposal, one.id):
            return True
    return False
