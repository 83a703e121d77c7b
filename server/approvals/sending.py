"""What is sent electronically has reached the applicant as soon as its papers exist."""

from server import cases
from server.approvals.details import Approval
from server.approvals.kind import APPROVAL
from server.cases import CASES
from server.config import Settings
from server.documents import DOCUMENTS
from server.kit.db import Tx
from server.kit.events import Event, on
from server.sessions import SYSTEM

_NO_RULES = Settings()
_DECIDED = frozenset({"granted", "denied"})
_MOST = 20


@on("document.made")
async def deliver(tx: Tx, event: Event) -> None:
    """Once all of them are made, and once only."""
    case = await tx.get(CASES, event.data["case_no"])
    if case is None or case.kind != APPROVAL.name or case.state not in _DECIDED:
        return
    approval: Approval = APPROVAL.details_of(case)
    papers = await tx.all(DOCUMENTS, {"case_no": case.id}, limit=_MOST)
    if approval.delivery == "electronic" and all(one.made for one in papers):
        await cases.move(tx, case.id, "deliver", {"method": "electronic"}, SYSTEM, "system", _NO_RULES)
