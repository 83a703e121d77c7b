"""A second house on the same database, as another process would be, with doors of its own."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from msgspec.structs import replace
from tornado.netutil import bind_sockets

from server.app import House, open_building
from server.kit.serving import serve
from tests.world import Person, Town, World


class NextDoor(World):
    """The same street, entered through another house."""

    def meets(self, person: Person) -> Person:
        """The same person with the same token, calling here."""
        return replace(person, world=self)


@asynccontextmanager
async def next_door(world: World, **settings: Any) -> AsyncIterator[NextDoor]:
    """Another house over the same database and platforms, sharing nothing else with the first but its settings."""
    own = replace(world.house.settings, **settings)
    async with open_building(own, clock=world.clock) as house, open_doors(house) as url:
        other = NextDoor(Town(house, world.clock, url, world.town.sandbox, world.town.sandbox_url))
        other.compound, other.community = world.compound, world.community
        try:
            yield other
        finally:
            await other.close()


@asynccontextmanager
async def open_doors(house: House) -> AsyncIterator[str]:
    """The house's HTTP on a free port."""
    sockets: list[socket.socket] = bind_sockets(0, "127.0.0.1")
    stop = asyncio.Event()
    doors = asyncio.create_task(serve(house.http_application(), sockets, house.settings.http, stop))
    try:
        yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    finally:
        stop.set()
        await doors
