"""What a driver's phone reports of where it is."""

from handlers.base import Endpoint, allow
from schemas.positions import ReportPosition
from server import positions


class DriverPosition(Endpoint):
    path = "/v1/driver/position"

    @allow("driver")
    async def put(self, report: ReportPosition) -> None:
        """Where I am, once every second or two while on duty; the last one counts."""
        house, driver_id = self.building, self.actor.id
        late = house.reporting.late(driver_id, self.began)
        if late:
            raise positions.PositionsTooMany(retry_after=late)
        rules, now = house.settings.positions, house.db.now()
        last = await house.whereabouts.last(driver_id)
        row = positions.made(driver_id, report, None, last, now, rules)
        await house.db.alone(lambda tx: positions.write(tx, row))
        house.whereabouts.reported(row)
