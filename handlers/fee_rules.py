"""What giving tickets back and changing them costs: what counts now, every version, what one would cost."""

from typing import get_args

from handlers.base import ANYONE, Answer, Endpoint, allow
from schemas.fee_rules import FeeQuote, FeeRulesListView, FeeRulesView, Mode, NewFeeRules, TryFeeRules
from schemas.versions import ReturnVersion
from server import fee_rules
from server.fee_rules import VERSIONS
from server.kit.clock import today
from server.kit.db import Tx
from server.versions import VersionNotFound

TITLE = "退改规则"
WRITES = ("dispatcher", "accountant", "admin")


def mode_named(text: str) -> Mode:
    """Raises VersionNotFound."""
    found: Mode | None = next((one for one in get_args(Mode) if one == text), None)
    if found is None:
        raise VersionNotFound
    return found


class CurrentFee(Endpoint):
    path = "/v1/fee-rules/{mode}/current/fee"

    @allow(ANYONE)
    async def get(self, mode: str, query: TryFeeRules) -> FeeQuote:
        """What giving a ticket back or changing it costs by the rules in force at that time."""
        reader = self.building.db.reader()
        day = today(query.at or reader.now)
        return fee_rules.tried(reader, fee_rules.in_force(reader, mode_named(mode), day), query)


class FeeRules(Endpoint):
    path = "/v1/fee-rules/{mode}"

    @allow(*WRITES)
    async def get(self, mode: str) -> FeeRulesListView:
        """Every version for trains or for planes, the newest first."""
        return fee_rules.listed(self.building.db.reader(), self.actor, mode_named(mode))

    @allow(*WRITES, status=201)
    async def post(self, mode: str, new: NewFeeRules) -> Answer[FeeRulesView]:
        """A new version; somebody else approves it."""
        fee_rules.check(new)

        async def drafted(tx: Tx) -> FeeRulesView:
            return fee_rules.view(tx, await VERSIONS.draft(tx, mode, new, self.actor), self.actor)

        return await self.once(drafted, status=201, lanes=["fee rules"])


class FeeRulesFee(Endpoint):
    path = "/v1/fee-rules/{mode}/{number}/fee"

    @allow(*WRITES)
    async def get(self, mode: str, number: str, query: TryFeeRules) -> FeeQuote:
        """What it would cost by this version."""
        reader = self.building.db.reader()
        return fee_rules.tried(reader, await VERSIONS.find(reader, mode, number), query)


class ApproveFeeRules(Endpoint):
    path = "/v1/fee-rules/{mode}/{number}/approve"

    @allow(*WRITES)
    async def post(self, mode: str, number: str) -> Answer[FeeRulesView]:
        """It will be in force from its day on."""

        async def approved(tx: Tx) -> FeeRulesView:
            return fee_rules.view(tx, await VERSIONS.approve(tx, mode, number, self.actor), self.actor)

        return await self.once(approved)


class ReturnFeeRules(Endpoint):
    path = "/v1/fee-rules/{mode}/{number}/return"

    @allow(*WRITES)
    async def post(self, mode: str, number: str, answer: ReturnVersion) -> Answer[FeeRulesView]:
        """Hand it back with the reason."""

        async def returned(tx: Tx) -> FeeRulesView:
            made = await VERSIONS.return_(tx, mode, number, answer.reason, self.actor)
            return fee_rules.view(tx, made, self.actor)

        return await self.once(returned)


class WithdrawFeeRules(Endpoint):
    path = "/v1/fee-rules/{mode}/{number}/withdraw"

    @allow(*WRITES)
    async def post(self, mode: str, number: str) -> Answer[FeeRulesView]:
        """Who has written it takes it back."""

        async def withdrawn(tx: Tx) -> FeeRulesView:
            return fee_rules.view(tx, await VERSIONS.withdraw(tx, mode, number, self.actor), self.actor)

        return await self.once(withdrawn)
