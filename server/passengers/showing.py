"""Papers shown whole to whoever buys the tickets: with a reason, on record, and so often in a day."""

from schemas.passengers import RevealedTravellersView
from schemas.reveals import NewReveal
from server import audit, cases, reveals
from server.config import Settings
from server.kit.db import Tx
from server.kit.errors import Conflict
from server.kit.vault import Vault
from server.passengers.travelling import whole
from server.sessions import Actor

BUYERS = frozenset({"provider", "dispatcher"})


class PapersWiped(Conflict):
    """这一单已经办完，证件信息不再提供或已经删除"""


async def reveal(
    tx: Tx, case_no: str, wanted: NewReveal, actor: Actor, vault: Vault, rules: Settings
) -> RevealedTravellersView:
    """Everybody of one order. Raises CaseNotFound, PapersWiped, RevealedEnough."""
    case = await cases.find(tx, case_no, actor)
    if case.kind != "ticket" or not BUYERS & cases.parts(actor, case):
        raise cases.CaseNotFound
    people = await whole(tx, case.id, vault) if case.open else []
    if not people:
        raise PapersWiped
    left = await reveals.spend(tx, actor, rules.desk.reveals_per_day)
    audit.note(tx, actor, "console", "passengers.reveal", case.id, reason=wanted.said)
    return RevealedTravellersView(case_no=case.id, people=people, left=left)
