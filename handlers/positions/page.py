"""The page behind a shared link: for anybody's phone, without signing in, without a map of anybody's."""

from typing import Any

from handlers.base import ANYONE, Endpoint, Rule, allow
from handlers.page import Page, Shown
from handlers.positions.shares import shared_ride
from handlers.sketches import HIGH, WIDE, Mark, Sketch, sketch
from schemas.positions import SharedRideView
from server.kit.errors import HoelunError

_TEMPLATE = "ride_share.html"


class SharedRide(Page):
    path = "/r/{token}"

    async def authenticate(self, rule: Rule) -> None:
        """Nobody signs in here. Raises AskedTooOften."""
        await Endpoint.authenticate(self, rule)

    @allow(ANYONE)
    async def get(self, token: str) -> Shown:
        """Where the car is; the page asks for itself anew every few seconds."""
        ride = await shared_ride(self, token)
        return Shown(_TEMPLATE, {"ride": ride, "sketch": _drawn(ride), "wide": WIDE, "high": HIGH})

    def clear(self) -> None:
        """The secret in the address is told to nobody, and nothing of it is found by searching."""
        super().clear()
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Robots-Tag", "noindex")

    def surroundings(self) -> dict[str, Any]:
        return {"demo": self.building.settings.environment == "demo", "error": None}

    def refuse(self, error: HoelunError, status: int | None = None) -> None:
        if error.retry_after is not None:
            self.set_header("Retry-After", str(max(1, round(error.retry_after))))
        facts = {"ride": None, "sketch": None, "error": error}
        self.show(Shown(_TEMPLATE, facts, status or error.status))


def _drawn(ride: SharedRideView) -> Sketch | None:
    goal = ride.dropoff if ride.goal == "dropoff" else ride.pickup
    marks = [
        Mark(spot, kind, text)
        for spot, kind, text in (
            (ride.pickup, "pickup", "上车点"),
            (ride.dropoff, "dropoff", "目的地"),
        )
        if spot is not None
    ]
    if ride.spot is not None:
        marks.append(Mark(ride.spot, "car", ride.plate, to=goal))
    return sketch(marks)
