"""Where a case stands, for whoever has its receipt, without signing in."""

from handlers.base import ANYONE, Endpoint, allow
from schemas.progress import FindProgress, ProgressView
from server import progress

TITLE = "查进度"


class Progress(Endpoint):
    path = "/v1/progress"

    @allow(ANYONE, once=False)  # nothing is written
    async def post(self, wanted: FindProgress) -> ProgressView:
        """Where a case stands, by its number and the last four digits of the phone left with it.

        How often is limited for each address and for each number; whatever does not fit is refused in the same words.
        """
        house = self.building
        self.keep_pace_by_address(house.progress.addresses)
        house.progress.ask_for(progress.number_of(wanted.case_no), self.began)
        return await house.db.reading(lambda reader: progress.look_up(reader, wanted, house.settings))
