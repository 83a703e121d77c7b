"""A link by which others may look on while a ride is on."""

from handlers.base import ANYONE, Endpoint, allow
from schemas.positions import RideShareView, SharedRideView
from server.kit.db import Tx
from server.positions import shares, views


class RideShares(Endpoint):
    path = "/v1/rides/{case_no}/shares"

    @allow(
        "resident", status=201, once=False
    )  # asked again it gives the same link: no reply with a secret is kept
    async def post(self, case_no: str) -> RideShareView:
        """The link of my ride while it is on; the same one until I take it back."""
        house = self.building
        url = house.settings.public_url or f"{self.request.protocol}://{self.request.host}"
        return await house.db.alone(
            lambda tx: shares.share(tx, case_no, self.actor, house.vault, house.settings, url)
        )

    @allow("resident")
    async def delete(self, case_no: str) -> None:
        """Take it back: whoever has it sees nothing more."""

        async def revoked(tx: Tx) -> None:
            await shares.revoke(tx, case_no, self.actor)

        await self.once(revoked)


class RideShare(Endpoint):
    path = "/v1/ride-shares/{token}"

    @allow(ANYONE)
    async def get(self, token: str) -> SharedRideView:
        """Where the car is, for whoever was given the link, as long as the ride is on."""
        return await shared_ride(self, token)


async def shared_ride(door: Endpoint, token: str) -> SharedRideView:
    """Raises RideShareNotFound, AskedTooOften."""
    house = door.building
    door.keep_pace_by_address(house.sharing)
    found = await house.db.reading(lambda reader: shares.find(reader, token))
    trip = await shares.trip(house.trips, found)
    row = await house.whereabouts.last(trip.driver.id)
    return views.shared(house.db.reader(), trip, row, house.settings)
