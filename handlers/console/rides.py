"""Cars 车辆: which drivers are on duty, where they are, and of whom nothing has been heard."""

from datetime import datetime
from typing import Any

from msgspec import Struct

from handlers.base import allow
from handlers.console.driver import seen_text
from handlers.page import MenuItem, Page, Shown
from handlers.sketches import Mark, sketch
from server import drivers, places
from server.drivers import DRIVERS, STATES, Driver
from server.kit.db import Reader
from server.places import PLACES
from server.positions import POSITIONS, Position

_MOST = 200
_TONES = {"free": "active", "asked": "new", "riding": "wait", "off": "grey"}


class Car(Struct, frozen=True):
    """A driver who is on duty or has a ride. `lost`: nothing has been heard of them for too long."""

    driver: Driver
    name: str
    phone: str
    state_text: str
    tone: str
    seen: str
    lost: bool


async def picture(reader: Reader) -> dict[str, Any]:
    """What the page is filled with."""
    busy = {"$or": [{"on_duty": True}, {"ride_no": {"$type": "string"}}]}
    found = await reader.all(DRIVERS, busy, limit=_MOST)
    where = {
        one.id: one
        for one in await reader.all(POSITIONS, {"_id": {"$in": [one.id for one in found]}}, limit=_MOST)
    }
    cars = sorted(
        (_car(reader, one, where.get(one.id), reader.now) for one in found),
        key=lambda one: (not one.lost, one.driver.state, one.name),
    )
    marks = [_mark(one, where[one.driver.id]) for one in cars if one.driver.id in where]
    return {"cars": cars, "map": sketch(_compounds(reader) + marks) if marks else None}


def _car(reader: Reader, driver: Driver, seen: Position | None, now: datetime) -> Car:
    member = drivers.member(reader, driver.id)
    return Car(
        driver=driver,
        name=member.name,
        phone=member.phone or "",
        state_text=STATES[driver.state],
        tone=_TONES[driver.state],
        seen=seen_text(seen, now),
        lost=seen is None or seen.fresh_until < now,
    )


def _mark(car: Car, seen: Position) -> Mark:
    kind = "lost" if car.lost else car.driver.state
    return Mark(seen.spot, kind, car.name, f"{car.name}，{car.state_text}，{car.seen}", f"#{car.driver.id}")


def _compounds(reader: Reader) -> list[Mark]:
    found = (one for one in reader.everything(PLACES).items.values() if one.spot and one.kind == "compound")
    return [Mark(one.spot, "place", title=places.name_of(reader, one.id)) for one in found if one.spot]


class Cars(Page):
    path = "/console/rides"
    menu = MenuItem("车辆", "pin", 32)

    @allow("dispatcher", "admin")
    async def get(self) -> Shown:
        """Who is on duty, on a sketch and in a list; of whom nothing is heard stands first."""
        facts = await self.building.db.reading(picture)
        await self.saw("rides.cars")
        return Shown("console/rides.html", facts)
