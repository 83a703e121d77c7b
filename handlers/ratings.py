"""Rating a case."""

from handlers.base import Answer, Endpoint, allow
from schemas.ratings import NewRating, RatingSheet, RatingView
from server import cases, ratings, redress
from server.kit.db import Reader, Tx

TITLE = "评价"


class Rating(Endpoint):
    path = "/v1/cases/{case_no}/rating"

    @allow("resident", "staff")
    async def get(self, case_no: str) -> RatingSheet:
        """The rating of this case, and what can be said in one."""
        rules = self.building.settings

        async def seen(reader: Reader) -> RatingSheet:
            case = await cases.find(reader, case_no, self.actor)
            return await ratings.sheet(reader, case, self.actor, rules)

        return await self.building.db.reading(seen)

    @allow("resident", status=201)
    async def post(self, case_no: str, new: NewRating) -> Answer[RatingView]:
        """Rate it, once; a low rating has somebody call."""
        rules, actor = self.building.settings, self.actor

        async def given(tx: Tx) -> RatingView:
            case = await cases.find(tx, case_no, actor)
            rating = await ratings.give(tx, case, new, actor, rules)
            if ratings.is_low(rating, rules):
                await redress.follow_up(tx, case, rating, rules)
            return ratings.view(rating)

        return await self.once(given, status=201, lanes=[case_no])
