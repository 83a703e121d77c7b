"""Approvals: applying for an item, what may be handed in again, and who else could do a step."""

from handlers.base import Answer, Endpoint, allow
from schemas.approvals import (
    ColleaguesView,
    DelegationsView,
    DelegationView,
    FindColleagues,
    NewApproval,
    NewDelegation,
    ReusesView,
)
from schemas.cases import CaseView
from server import approvals, cases
from server.approvals import delegations
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


class Delegations(Endpoint):
    path = "/v1/delegations"

    @allow("clerk", "reviewer", "elder_team")
    async def get(self) -> DelegationsView:
        """Who stands in for me, and for whom I do, the newest first."""
        return await self.building.db.reading(lambda reader: delegations.listed(reader, self.actor))

    @allow("clerk", "reviewer", "elder_team", status=201)
    async def post(self, new: NewDelegation) -> Answer[DelegationView]:
        """While I am away a colleague does my steps of approvals. The history says for whom they did them."""
        rules = self.building.settings

        async def given(tx: Tx) -> DelegationView:
            return await delegations.give(tx, self.actor, new, rules)

        return await self.once(given, status=201)


class Delegation(Endpoint):
    path = "/v1/delegations/{delegation_id}/revoke"

    @allow("clerk", "reviewer", "elder_team")
    async def post(self, delegation_id: str) -> Answer[DelegationView]:
        """Take it back at once."""

        async def revoked(tx: Tx) -> DelegationView:
            return await delegations.revoke(tx, self.actor, delegation_id)

        return await self.once(revoked)
