"""A ride as it is stored while its car is on the way, a driver with a car, and a line to follow it by."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from schemas.drivers import Vehicle
from schemas.places import Spot
from schemas.staff import Grant
from server.cases import CASES, Case
from server.drivers import DRIVERS, Driver
from tests.world import Person, Reply, World, unique

SQUARE = Spot(109.98, 39.82)
"""A square in Dongsheng; a thousandth of a degree to the north is 111 metres."""
CAR = Vehicle(plate="蒙K12345", model="大众朗逸", colour="白色")
PATH = "/v1/driver/position"


def north(metres: float, of: Spot = SQUARE) -> Spot:
    return Spot(of.lng, round(of.lat + metres / 111_195, 6))


def at(spot: Spot, **more: Any) -> dict[str, Any]:
    return {"spot": {"lng": spot.lng, "lat": spot.lat}, **more}


async def driver(world: World, **more: Any) -> Person:
    """Somebody on duty."""
    person = await world.staff(Grant(role="driver", provider_id=unique("provider")), name="张强")
    await world.put(DRIVERS, Driver(id=person.id, vehicle=CAR, **{"on_duty": True} | more))
    return person


async def put(person: Person, spot: Spot, **more: Any) -> Reply:
    return await person.world.call("PUT", PATH, at(spot, **more), token=person.token)


class Riding(Struct):
    """A passenger, their driver and the ride between the square and three kilometres north of it."""

    world: World
    case: Case
    passenger: Person
    driver: Person

    @property
    def case_no(self) -> str:
        return self.case.id

    @property
    def live(self) -> str:
        return f"/v1/rides/{self.case_no}/live"

    async def becomes(self, state: str, driver: Person | None = None) -> None:
        """It moves on, as a move writes it."""
        details, ended = self.case.details, state not in ("accepted", "arrived", "on_board")
        if driver is not None:
            self.driver, details = driver, details | {"driver": driven_by(driver)}
        self.case = replace(
            self.case, state=state, version=self.case.version + 1, details=details, open=not ended
        )
        await self.world.put(CASES, self.case)


def driven_by(person: Person) -> dict[str, Any]:
    return {"id": person.id, "plate": CAR.plate, "model": CAR.model, "colour": CAR.colour}


async def riding(world: World, state: str = "accepted", **people: Person) -> Riding:
    passenger = people.get("passenger") or await world.resident()
    case_no = unique("DC")
    drives = people.get("driver") or await driver(world, ride_no=case_no)
    now, far = world.clock.now(), north(3000)
    case = Case(
        id=case_no,
        due_at=None,
        kind="ride",
        title="打车",
        state=state,
        version=3,
        open=True,
        channel="mini_program",
        resident_id=passenger.id,
        resident_name="王桂英",
        opened_by=f"resident:{passenger.id}",
        community_id=world.community,
        compound_id=world.compound,
        worker_id=drives.id,
        created_at=now,
        updated_at=now,
        phone="13947700001",
        phone_tail="0001",
        details={
            "pickup": {"text": "绿苑小区东门", "point": [SQUARE.lng, SQUARE.lat]},
            "dropoff": {"text": "火车站", "point": [far.lng, far.lat]},
            "driver": driven_by(drives),
        },
    )
    await world.put(CASES, case)
    return Riding(world, case, passenger, drives)


class Line:
    """What comes down a line."""

    def __init__(self, socket: WebSocketClientConnection) -> None:
        self.socket = socket
        self.told: list[dict[str, Any]] = []
        self.over = asyncio.Event()

    async def read(self) -> None:
        while (message := await self.socket.read_message()) is not None:
            self.told.append(json.loads(message))
        self.over.set()

    async def hears(self, true: Any, seconds: float = 10) -> dict[str, Any]:
        """The first message for which this is so."""
        async with asyncio.timeout(seconds):
            while not (found := [one for one in self.told if true(one)]):
                await asyncio.sleep(0.01)
        return found[0]

    async def at(self, spot: Spot) -> dict[str, Any]:
        return await self.hears(lambda one: one["spot"] == {"lng": spot.lng, "lat": spot.lat})

    async def closed(self, code: int, seconds: float = 10) -> str:
        async with asyncio.timeout(seconds):
            await self.over.wait()
        assert self.socket.close_code == code, (self.socket.close_code, self.socket.close_reason)
        return self.socket.close_reason or ""


async def opened(
    world: World, path: str, token: str | None, protocols: list[str] | None = None
) -> WebSocketClientConnection:
    """Raises HTTPClientError where it is refused."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = HTTPRequest(world.url.replace("http", "ws") + path, headers=headers)
    return await websocket_connect(request, subprotocols=protocols)


async def refused(world: World, path: str, token: str | None) -> tuple[int, str]:
    """With which status and code a line is not opened."""
    try:
        (await opened(world, path, token)).close()
    except HTTPClientError as error:
        body = json.loads(error.response.body) if error.response and error.response.body else {}
        return error.code, body.get("error", {}).get("code", "")
    raise AssertionError(f"{path} was opened")


@asynccontextmanager
async def line(world: World, path: str, token: str) -> AsyncIterator[Line]:
    one = Line(await opened(world, path, token))
    reading = asyncio.create_task(one.read())
    try:
        yield one
    finally:
        one.socket.close()
        reading.cancel()


def later(world: World, seconds: float) -> None:
    world.clock.advance(timedelta(seconds=seconds))
