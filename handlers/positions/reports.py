"""What a driver's phone reports of where it is."""

from handlers.base import Endpoint, allow
from schemas.positions import ReportPosition
from server import positions
from server.building import Building
from server.cases import CaseNotFound
from server.positions import Position


class DriverPosition(Endpoint):
    path = "/v1/driver/position"

    @allow("driver")
    async def put(self, report: ReportPosition) -> None:
        """Where I am, once every second or two while on duty; the last one counts."""
        await heard(self, report)


async def heard(door: Endpoint, report: ReportPosition) -> None:
    """Where the driver at this door is. Raises PositionsTooMany, NotOnDuty, and why it cannot be."""
    house, driver_id = door.building, door.actor.id
    late = house.reporting.late(driver_id, door.began)
    if late:
        raise positions.PositionsTooMany(retry_after=late)
    rules, driver = house.settings.positions, await house.driver(driver_id)
    if driver is None or driver.state == "off":
        raise positions.NotOnDuty
    last = await house.whereabouts.last(driver_id)
    row = positions.made(driver_id, report, driver.ride_no, last, house.db.now(), rules)
    await house.db.alone(lambda tx: positions.write(tx, row))
    house.whereabouts.reported(row)
    if row.ride_no is not None:
        await _note(house, row.ride_no, row)


async def _note(house: Building, ride_no: str, row: Position) -> None:
    """The way with the passenger on board is measured."""
    try:
        trip = await house.trips.known(ride_no)
    except (CaseNotFound, positions.RideNotFollowed):
        return
    if trip.stage == "on_board":
        rules = house.settings.positions
        await house.db.alone(lambda tx: positions.note(tx, ride_no, row, rules))
