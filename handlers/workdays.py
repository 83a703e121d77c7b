"""The working-day calendar: what is in force, and what the street corrects in it."""

from handlers.base import Answer, Endpoint, allow
from schemas.workdays import NewWorkdays, WorkdaysView
from server import clocks, workdays
from server.kit.db import Tx

TITLE = "工作日历"


class Workdays(Endpoint):
    path = "/v1/workdays"

    @allow("staff")
    async def get(self) -> WorkdaysView:
        """The calendar in force."""
        return workdays.view(workdays.in_force(self.building.db.reader()))

    @allow("admin")
    async def post(self, new: NewWorkdays) -> Answer[WorkdaysView]:
        """Put a calendar in force: slots follow at once, open clocks are counted again, what moves is told."""
        own = workdays.CalendarFile(new.years, new.days_off, new.working_days)

        async def loaded(tx: Tx) -> WorkdaysView:
            return workdays.view(await clocks.load_calendar(tx, own, self.building.settings))

        return await self.once(loaded, lanes=["workdays"])
