"""Approvals: applying for an item, what may be handed in again, and who else could do a step."""

from handlers.base import Answer, Endpoint, allow
from schemas.approvals import ColleaguesView, FindColleagues, NewApproval, ReusesView
from schemas.cases import CaseView
from server import approvals, cases
from server.kit.db import Reader, Tx

TITLE = "政务审批"


class Approvals(Endpoint):
    path = "/v1/approvals"

    @allow("resident", "operator", "clerk", status=201)
    async def post(self, new: NewApproval) -> Answer[CaseView]:
        """Begin a draft in the version of the item that is in force. It is filled in by `edit`, its photos are sent to
        the case, and `submit` hands it in."""
        house, actor = self.building, self.actor
        resident = await house.resident(approvals.for_whom(actor, new, self.on_behalf_of), actor)
        case_no = await house.case_numbers.next(approvals.APPROVAL.prefix, house.clock.now())

        async def begun(tx: Tx) -> CaseView:
            case = await approvals.apply(tx, actor, resident, new, case_no, self.channel, house.settings)
            return cases.view(tx, case, actor)

        return await self.once(begun, status=201)


class Reuses(Endpoint):
    path = "/v1/cases/{case_no}/reuses"

    @allow("resident", "operator", "clerk")
    async def get(self, case_no: str) -> ReusesView:
        """Photos of earlier cases of the same resident that were found to be good, for materials that may be handed in
        again."""

        async def found(reader: Reader) -> ReusesView:
            case = await cases.find(reader, case_no, self.actor)
            return await approvals.reuses(reader, case)

        return await self.building.db.reading(found)


class Colleagues(Endpoint):
    path = "/v1/cases/{case_no}/colleagues"

    @allow("clerk", "reviewer", "elder_team", "admin")
    async def get(self, case_no: str, query: FindColleagues) -> ColleaguesView:
        """Who else could do the present step; or everybody, to send a copy to."""

        async def found(reader: Reader) -> ColleaguesView:
            case = await cases.find(reader, case_no, self.actor)
            return approvals.colleagues_of(reader, case, query, self.actor)

        return await self.building.db.reading(found)
