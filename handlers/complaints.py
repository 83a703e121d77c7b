"""Complaining about a case."""

from handlers.base import Answer, Endpoint, allow
from schemas.cases import CaseView
from schemas.complaints import ComplaintSheet, NewComplaint
from server import cases, complaints
from server.kit.db import Reader, Tx

TITLE = "投诉"


class Complaints(Endpoint):
    path = "/v1/complaints"

    @allow("resident", "operator", "clerk", status=201)
    async def post(self, new: NewComplaint) -> Answer[CaseView]:
        """Complain about a case; what follows are moves of the complaint, a case of its own."""
        rules, actor = self.building.settings, self.actor

        async def filed(tx: Tx) -> CaseView:
            about = await cases.find(tx, new.case_no, actor)
            case = await complaints.file(tx, about, new, actor, self.channel, rules)
            return cases.view(tx, case, actor)

        return await self.once(filed, status=201, lanes=[new.case_no])


class Complaint(Endpoint):
    path = "/v1/cases/{case_no}/complaint"

    @allow("resident", "staff")
    async def get(self, case_no: str) -> ComplaintSheet:
        """The complaint about this case, or what can be complained about."""
        rules = self.building.settings

        async def seen(reader: Reader) -> ComplaintSheet:
            about = await cases.find(reader, case_no, self.actor)
            return await complaints.sheet(reader, about, rules)

        return await self.building.db.reading(seen)
