"""Drivers: their own page, on duty or not, what they have earned, and who drives what."""

from handlers.base import Answer, Endpoint, allow
from schemas.drivers import (
    DriverRowView,
    DriversView,
    DriverView,
    Duty,
    EarningsView,
    FindDrivers,
    FindEarnings,
    Vehicle,
)
from server import drivers
from server.kit.db import Tx
from server.rides import choices, desk, offers

TITLE = "司机"


class OwnPage(Endpoint):
    path = "/v1/driver"

    @allow("driver")
    async def get(self) -> DriverView:
        """What I do now, and what is offered to me."""
        return await self.building.db.reading(lambda reader: desk.own(reader, self.actor))


class OnDuty(Endpoint):
    path = "/v1/driver/duty"

    @allow("driver")
    async def post(self, duty: Duty) -> Answer[DriverView]:
        """On duty or not; what I am asked about goes to the next then, a ride that I have is still mine."""
        rules, me = self.building.settings, self.actor.id

        async def changed(tx: Tx) -> DriverView:
            if duty.on:
                await drivers.go_on_duty(tx, me)
            else:
                await offers.go_off_duty(tx, me, rules)
            return await desk.own(tx, self.actor)

        answer = await self.once(changed)
        self.building.duty_changed(me)
        return answer


class Earnings(Endpoint):
    path = "/v1/driver/earnings"

    @allow("driver")
    async def get(self, query: FindEarnings) -> EarningsView:
        """What my days have brought."""
        me = self.actor.id
        return await self.building.db.reading(lambda reader: choices.earnings(reader, query, me))


class Drivers(Endpoint):
    path = "/v1/drivers"

    @allow("dispatcher", "admin", "provider")
    async def get(self, query: FindDrivers) -> DriversView:
        """Everybody who drives, and what they do now."""
        return await self.building.db.reading(lambda reader: desk.listed(reader, query, self.actor))


class VehicleOf(Endpoint):
    path = "/v1/drivers/{driver_id}/vehicle"

    @allow("dispatcher", "admin", "provider")
    async def post(self, driver_id: str, vehicle: Vehicle) -> Answer[DriverRowView]:
        """What they drive from now on."""

        async def given(tx: Tx) -> DriverRowView:
            member = desk.theirs(tx, driver_id, self.actor)
            driver = await drivers.give_vehicle(tx, driver_id, vehicle)
            return desk.row_view(tx, member, driver)

        return await self.once(given)
