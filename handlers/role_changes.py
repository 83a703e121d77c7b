"""Changes of roles: one administrator proposes, another one approves."""

from collections.abc import Awaitable, Callable

from handlers.base import Answer, Endpoint, allow
from schemas.role_changes import (
    FindProposals,
    ProposalsView,
    ProposalView,
    ProposeRule,
    ProposeRuleRemoval,
    RoleRulesView,
)
from schemas.staff import DeclineProposal, ProposeGrants
from server import role_changes, role_views, roles
from server.kit.db import Tx
from server.role_changes import NothingToChange, Proposal
from server.roles import ROLE_RULES

TITLE = "角色申请"


def told(
    door: Endpoint, work: Callable[[Tx], Awaitable[Proposal]]
) -> Callable[[Tx], Awaitable[ProposalView]]:
    """What was done, as it is told to whoever did it."""

    async def done(tx: Tx) -> ProposalView:
        return role_views.proposal(tx, await work(tx), door.actor)

    return done


class MemberProposals(Endpoint):
    path = "/v1/staff-members/{userid}/proposals"

    @allow("admin")
    async def get(self, userid: str) -> ProposalsView:
        """What was proposed about them, the newest first."""
        return await self.building.db.reading(
            lambda reader: role_views.proposals_of(reader, userid, self.actor)
        )

    @allow("admin", status=201)
    async def post(self, userid: str, wish: ProposeGrants) -> Answer[ProposalView]:
        """Propose roles by hand, more or less; nothing changes until another administrator agrees."""
        actor, rules = self.actor, self.building.settings
        work = told(self, lambda tx: role_changes.propose(tx, userid, wish, actor, rules))
        return await self.once(work, status=201)


class Proposals(Endpoint):
    path = "/v1/role-proposals"

    @allow("admin")
    async def get(self, query: FindProposals) -> ProposalsView:
        """What waits for a second administrator, and what was answered."""
        return await self.building.db.reading(lambda reader: role_views.proposals(reader, query, self.actor))


class Approve(Endpoint):
    path = "/v1/role-proposals/{proposal_id}/approve"

    @allow("admin")
    async def post(self, proposal_id: str) -> Answer[ProposalView]:
        """It is so from now on."""
        return await self.once(told(self, lambda tx: role_changes.approve(tx, proposal_id, self.actor)))


class Decline(Endpoint):
    path = "/v1/role-proposals/{proposal_id}/decline"

    @allow("admin")
    async def post(self, proposal_id: str, why: DeclineProposal) -> Answer[ProposalView]:
        """No, with a reason that whoever proposed it reads."""
        actor = self.actor
        return await self.once(
            told(self, lambda tx: role_changes.decline(tx, proposal_id, why.reason, actor))
        )


class Withdraw(Endpoint):
    path = "/v1/role-proposals/{proposal_id}/withdraw"

    @allow("admin")
    async def post(self, proposal_id: str) -> Answer[ProposalView]:
        """Take one's own back."""
        return await self.once(told(self, lambda tx: role_changes.withdraw(tx, proposal_id, self.actor)))


class RoleRules(Endpoint):
    path = "/v1/role-rules"

    @allow("admin")
    async def get(self) -> RoleRulesView:
        """Which department or tag gives which role."""
        return role_views.rules(self.building.db.reader())

    @allow("admin", status=201)
    async def post(self, wish: ProposeRule) -> Answer[ProposalView]:
        """Propose one more."""
        actor, rules = self.actor, self.building.settings
        rule = roles.rule_of(wish.source, wish.number, wish.grant)
        work = told(self, lambda tx: role_changes.propose_rule(tx, rule, wish.reason, actor, rules))
        return await self.once(work, status=201)


class RoleRuleRemovals(Endpoint):
    path = "/v1/role-rules/removals"

    @allow("admin", status=201)
    async def post(self, wish: ProposeRuleRemoval) -> Answer[ProposalView]:
        """Propose one less."""
        actor, settings = self.actor, self.building.settings

        async def proposed(tx: Tx) -> Proposal:
            rule = await tx.get(ROLE_RULES, wish.rule)
            if rule is None:
                raise NothingToChange
            return await role_changes.propose_rule(tx, rule, wish.reason, actor, settings, removes=True)

        return await self.once(told(self, proposed), status=201)
