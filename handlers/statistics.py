"""Figures of a month, for whoever answers for a part of the street or all of it."""

from handlers.base import Endpoint, allow
from schemas.statistics import FindStatistics, StatisticsView, YearView

TITLE = "统计"

LOOKERS = ("admin", "dispatcher", "operator", "reviewer", "clerk", "provider", "elder_team")


class Statistics(Endpoint):
    path = "/v1/statistics"

    @allow(*LOOKERS)
    async def get(self, query: FindStatistics) -> StatisticsView:
        """Of the cases in the caller's scope that were opened in the month."""
        return await self.building.statistics.of(self.actor, query.month)


class Year(Endpoint):
    path = "/v1/statistics/year"

    @allow(*LOOKERS)
    async def get(self) -> YearView:
        """The last twelve months in short, of the same cases."""
        return await self.building.statistics.year(self.actor)
