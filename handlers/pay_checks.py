"""The bill of a day at WeChat Pay against ours: the days, their differences, and who answers for them."""

from datetime import date

from handlers.base import Answer, Endpoint, allow
from schemas.pay_checks import (
    AnswerDifference,
    FindChecks,
    FindDifferences,
    PayChecksView,
    PayCheckView,
    PayDifferencesView,
    PayDifferenceView,
)
from server import pay_checks
from server.kit.db import Reader, Tx
from server.pay_checks.views import PayCheckNotFound

TITLE = "微信对账"


def day_of(text: str) -> date:
    """Raises PayCheckNotFound for what is no day."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise PayCheckNotFound from error


class PayChecks(Endpoint):
    path = "/v1/pay-checks"

    @allow("accountant", "admin")
    async def get(self, query: FindChecks) -> PayChecksView:
        """The days that were compared, the latest first."""
        return await self.building.db.reading(lambda reader: pay_checks.listed(reader, query))


class OneCheck(Endpoint):
    path = "/v1/pay-checks/{day}"

    @allow("accountant", "admin")
    async def get(self, day: str) -> PayCheckView:
        """Both sides' sums of a day, such as 2026-11-26."""

        async def seen(reader: Reader) -> PayCheckView:
            return await pay_checks.view(reader, await pay_checks.check_of(reader, day))

        return await self.building.db.reading(seen)


class RunCheck(Endpoint):
    path = "/v1/pay-checks/{day}/run"

    @allow("accountant", "admin")
    async def post(self, day: str) -> Answer[PayCheckView]:
        """Compare that day again, as soon as a worker is free."""
        wanted = day_of(day)

        async def run(tx: Tx) -> PayCheckView:
            return await pay_checks.view(tx, await pay_checks.run_again(tx, wanted, self.actor))

        return await self.once(run)


class Differences(Endpoint):
    path = "/v1/pay-checks/{day}/differences"

    @allow("accountant", "admin")
    async def get(self, day: str, query: FindDifferences) -> PayDifferencesView:
        """What the sides do not both say, newest first."""
        actor = self.actor
        return await self.building.db.reading(
            lambda reader: pay_checks.differences(reader, day, query, actor)
        )


class ResolveDifference(Endpoint):
    path = "/v1/pay-differences/{difference_id}/resolve"

    @allow("accountant", "admin")
    async def post(self, difference_id: str, answer: AnswerDifference) -> Answer[PayDifferenceView]:
        """Say why it is so; somebody else confirms it."""

        async def done(tx: Tx) -> PayDifferenceView:
            found = await pay_checks.resolve(tx, difference_id, answer.reason, self.actor)
            return pay_checks.view_difference(found, self.actor)

        return await self.once(done)


class ConfirmDifference(Endpoint):
    path = "/v1/pay-differences/{difference_id}/confirm"

    @allow("accountant", "admin")
    async def post(self, difference_id: str) -> Answer[PayDifferenceView]:
        """It is as a colleague said."""

        async def done(tx: Tx) -> PayDifferenceView:
            found = await pay_checks.confirm(tx, difference_id, self.actor)
            return pay_checks.view_difference(found, self.actor)

        return await self.once(done)


class ReturnDifference(Endpoint):
    path = "/v1/pay-differences/{difference_id}/return"

    @allow("accountant", "admin")
    async def post(self, difference_id: str, answer: AnswerDifference) -> Answer[PayDifferenceView]:
        """Not enough, and why: it is open again."""

        async def done(tx: Tx) -> PayDifferenceView:
            found = await pay_checks.send_back(tx, difference_id, answer.reason, self.actor)
            return pay_checks.view_difference(found, self.actor)

        return await self.once(done)
