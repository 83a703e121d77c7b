"""Drivers on duty: who could be sent, with which vehicle, and what they are busy with.

One driver never has two rides: what decides is a conditional update of the driver's own row, in the transaction that
gives them the ride. An offer takes the row in the same way, so nobody is asked about two rides at once.
"""

from datetime import datetime

from schemas.drivers import DriverState, Vehicle
from server import positions, staff
from server.kit.clock import today
from server.kit.db import TEXT, Collection, Index, Reader, Stored, Tx
from server.kit.errors import Conflict, NotFound
from server.staff import STAFF, Staff


class DriverNotFound(NotFound):
    """没有这位司机，请从名单里选"""


class VehicleMissing(Conflict):
    """还没有登记您的车，请先联系车队负责人"""


class Driver(Stored, kw_only=True):
    """`id` is that of the member of the staff. `ride_no` is the ride they have, `offer_id` the one they are asked about;
    `missed` offers were let pass one after the other. `last_at` is when they last had a ride, `since` when they came on
    duty; `rides_today` are those of the Shanghai day `day`, `given_up` all that they ever gave back."""

    on_duty: bool = False
    since: datetime | None = None
    vehicle: Vehicle | None = None
    ride_no: str | None = None
    offer_id: str | None = None
    missed: int = 0
    last_at: datetime | None = None
    day: str = ""
    rides_today: int = 0
    given_up: int = 0

    def rides_of(self, now: datetime) -> int:
        return self.rides_today if self.day == today(now).isoformat() else 0

    @property
    def state(self) -> DriverState:
        if self.ride_no is not None:
            return "riding"
        if not self.on_duty:
            return "off"
        return "asked" if self.offer_id is not None else "free"


DRIVERS: Collection[Driver] = Collection(
    "drivers", Driver, Index(("ride_no",), unique=True, only={"ride_no": TEXT}), Index(("on_duty",))
)

STATES: dict[DriverState, str] = {"off": "下班", "free": "空车", "asked": "正在问", "riding": "有乘客"}


async def of(reader: Reader, driver_id: str) -> Driver:
    """What is kept of a driver, or a new one."""
    return await reader.get(DRIVERS, driver_id) or Driver(id=driver_id)


async def several(reader: Reader, ids: list[str]) -> dict[str, Driver]:
    found = await reader.all(DRIVERS, {"_id": {"$in": ids}}, limit=max(len(ids), 1))
    return {one.id: one for one in found}


def member(reader: Reader, driver_id: str) -> Staff:
    """Raises DriverNotFound for who is no driver, or not any more."""
    found = reader.recall(STAFF, driver_id)
    if found is None or not found.is_("driver"):
        raise DriverNotFound(field="driver_id")
    return found


def provider_of(driver: Staff) -> str | None:
    """For whom they drive."""
    return next((one.provider_id for one in driver.grants if one.role == "driver"), None)


def everybody(reader: Reader) -> list[Staff]:
    """All who drive, by name."""
    found = (one for one in reader.everything(STAFF).items.values() if one.is_("driver"))
    return sorted(found, key=lambda one: (one.name, one.id))


async def go_on_duty(tx: Tx, driver_id: str) -> Driver:
    """Raises VehicleMissing."""
    driver = await of(tx, driver_id)
    if driver.vehicle is None:
        raise VehicleMissing
    if not driver.on_duty:
        driver.on_duty, driver.since, driver.missed = True, tx.now, 0
        await tx.put(DRIVERS, driver)
    return driver


async def go_off_duty(tx: Tx, driver_id: str) -> Driver:
    """The ride that they have is still theirs."""
    driver = await of(tx, driver_id)
    if driver.on_duty:
        driver.on_duty, driver.since = False, None
        await tx.put(DRIVERS, driver)
        await _lose_sight(tx, driver)
    return driver


async def _lose_sight(tx: Tx, driver: Driver) -> None:
    """Off duty and without a ride it is nobody's business where they are."""
    if driver.state == "off":
        await positions.forget(tx, driver.id)


async def give_vehicle(tx: Tx, driver_id: str, vehicle: Vehicle) -> Driver:
    """Raises DriverNotFound."""
    member(tx, driver_id)
    driver = await of(tx, driver_id)
    driver.vehicle = vehicle
    await tx.put(DRIVERS, driver)
    return driver


# One ride and one question at a time.


async def reserve(tx: Tx, driver_id: str, offer_id: str) -> bool:
    """They are asked about this; False: they are busy, or went home."""
    free = {"_id": driver_id, "on_duty": True, "ride_no": None, "offer_id": None}
    return await tx.change(DRIVERS, free, {"$set": {"offer_id": offer_id}})


async def let_go(tx: Tx, driver_id: str, offer_id: str, *, missed: int | None = None) -> None:
    """They are not asked about this any more; who lets `missed` pass in a row goes off duty."""
    asked = {"_id": driver_id, "offer_id": offer_id}
    change: dict[str, object] = {"$set": {"offer_id": None}}
    if missed is not None:
        change["$inc"] = {"missed": 1}
    driver = await tx.take(DRIVERS, asked, change)
    if driver is not None and missed is not None and driver.missed >= missed:
        off = {"on_duty": False, "since": None}
        await tx.change(DRIVERS, {"_id": driver_id}, {"$set": off})
        await positions.forget(tx, driver_id)


async def take(tx: Tx, driver_id: str, case_no: str, offer_id: str | None) -> bool:
    """The ride is theirs; False: they have another one, went home, or it is not what they were asked about."""
    free = {"_id": driver_id, "on_duty": True, "ride_no": None, "offer_id": offer_id}
    return await tx.change(
        DRIVERS, free, {"$set": {"ride_no": case_no, "offer_id": None, "missed": 0, "last_at": tx.now}}
    )


async def free(tx: Tx, driver_id: str, case_no: str, *, drove: bool = False, gave_up: bool = False) -> None:
    """They do not have this ride any more; `drove`: it counts as one of today's."""
    driver = await tx.get(DRIVERS, driver_id)
    if driver is None or driver.ride_no != case_no:
        return
    driver.ride_no, driver.last_at = None, tx.now
    if drove:
        driver.rides_today = driver.rides_of(tx.now) + 1
        driver.day = today(tx.now).isoformat()
    driver.given_up += int(gave_up)
    await tx.put(DRIVERS, driver)
    await _lose_sight(tx, driver)


def name_of(reader: Reader, driver_id: str) -> str:
    return staff.name_of(reader, driver_id)
