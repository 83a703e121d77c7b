"""Where the car of a ride is: a line that tells it, and the same for whoever asks again and again.

A line is a WebSocket; its handshake is a call like all others, with `Authorization: Bearer`, and where a client cannot
send headers with the token as a subprotocol: `hoelun, bearer.<token>`. Nothing goes up the line. It is closed with

    1001  the process is leaving, reason `again_ms=…`: come back after so many milliseconds
    1003  something was sent up
    1009  something large was sent up
    1013  the database does not answer, reason `again_ms=…`
    4401  the login is over
    4404  the ride is not yours to see any more
    4410  no car is on its way any more: ask for the case
"""

import asyncio
import contextlib
from typing import Any

import structlog
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from handlers.base import Endpoint, allow
from handlers.base.asked import bearer
from schemas.positions import RidePositionView
from server.cases import CaseNotFound
from server.kit.chance import chance
from server.kit.errors import BadRequest, Forbidden, HoelunError, Unauthorized
from server.positions import Onlooker, RideNotFollowed, Trip
from server.sessions import Actor

log = structlog.get_logger()

PROTOCOL = "hoelun"
_TOKEN = "bearer."
_AGAIN_MS = 1000
"""So long a client waits until it comes back, and as much again by chance: not all at once when a process leaves."""
_LARGEST = 256
_SWITCHED = 101


class LineExpected(BadRequest):
    """这个地址要用 WebSocket 连接"""


class RidePosition(Endpoint):
    path = "/v1/rides/{case_no}/position"

    @allow("resident", "staff")
    async def get(self, case_no: str) -> RidePositionView:
        """Where the car is now, for who may read the ride, from the driver's acceptance to its end."""
        house = self.building
        trip = await house.trips.of(case_no, self.actor)
        if self.actor.kind == "staff" and not house.looked.late(f"{self.actor.id} {case_no}", self.began):
            await self.saw("positions.follow", case_no)
        return await house.onlookers.position(trip)


class RideLine(Endpoint, WebSocketHandler):
    path = "/v1/rides/{case_no}/live"
    documented = False
    onlooker: Onlooker | None = None
    sending: asyncio.Task[None] | None = None

    @allow("resident", "staff")
    async def get(self, case_no: str) -> None:
        """The line; it lasts until the ride or the login is over, or somebody hangs up."""
        house = self.building
        self.trip = await house.trips.of(case_no, self.actor)
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            raise LineExpected
        await self.saw("positions.follow", case_no)
        with house.onlookers.watch(self.actor, self.trip) as self.onlooker:
            await WebSocketHandler.get(self, case_no)

    # The handshake.

    def token(self) -> str | None:
        given = bearer(self.request)
        if given is None:
            offered = self.request.headers.get("Sec-WebSocket-Protocol", "").split(",")
            named = (one.strip() for one in offered)
            given = next((one.removeprefix(_TOKEN) for one in named if one.startswith(_TOKEN)), None)
        return given or None

    def select_subprotocol(self, subprotocols: list[str]) -> str | None:
        return PROTOCOL if PROTOCOL in subprotocols else None

    def check_origin(self, origin: str) -> bool:
        """What opens the line is a token that no browser sends by itself: where the page came from proves nothing."""
        return True

    @property
    def max_message_size(self) -> int:
        return _LARGEST

    @property
    def ping_interval(self) -> float:
        return self.building.settings.positions.heartbeat_s

    def answer(self, result: object, status: int) -> None:
        """Tornado has answered: it switched protocols, or said what was wrong with the asking."""
        if self.get_status() == 426:
            self.refuse(LineExpected(), 426)

    # What is told.

    def open(self, *args: str) -> None:
        self.set_nodelay(True)
        self.building.lifecycle.in_flight += 1
        self.sending = asyncio.create_task(self._send_all(), name="ride-line")
        self.sending.add_done_callback(self._sent)

    async def _send_all(self) -> None:
        house, onlooker = self.building, self.onlooker
        assert onlooker is not None
        if house.lifecycle.draining:
            onlooker.leave()
        with contextlib.suppress(WebSocketClosedError):
            await self._tell(self.trip)
            while await onlooker.wakes(house.settings.positions.heartbeat_s):
                if onlooker.leaving:
                    self._close(1001, _again())
                    return
                if onlooker.has_to_look() and not await self._still():
                    return
                await self._tell(self.trip)

    async def _still(self) -> bool:
        """Whether who they are, what they may see, and the ride itself are still as they were."""
        house = self.building
        assert self.onlooker is not None
        try:
            actor = await self._anew()
            self.trip = await house.trips.of(self.onlooker.case_no, actor)
        except (Unauthorized, Forbidden):
            self._close(4401, "登录已结束")
        except CaseNotFound:
            self._close(4404, CaseNotFound.text)
        except RideNotFollowed:
            self._close(4410, "行程已结束或正在重新派车")
        except HoelunError:
            self._close(1013, _again())
        else:
            house.onlookers.follow(self.onlooker, self.trip)
            return True
        return False

    async def _anew(self) -> Actor:
        """Looking on is nothing that somebody did: it keeps no login of the staff alive."""
        token = self.token()
        if token is None:
            raise Unauthorized
        if self.actor.kind == "staff":
            return await self.building.onlooking(token)
        return await self.building.actor(token)

    async def _tell(self, trip: Trip) -> None:
        """Raises WebSocketClosedError, also for who does not read: they are cut off."""
        told = await self.building.onlookers.told(trip)
        try:
            async with asyncio.timeout(self.building.settings.positions.slow_s):
                await self.write_message(told.decode())
        except TimeoutError as error:
            log.info("ride_line.slow", actor=self.actor.key, request_id=self.request_id)
            self.on_connection_close()
            raise WebSocketClosedError from error

    def _close(self, code: int, reason: str) -> None:
        self.close(code, reason)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self.building.lifecycle.in_flight -= 1
        if not task.cancelled() and task.exception() is not None:
            log.error("ride_line.failed", request_id=self.request_id, exc_info=task.exception())
            self.close(1011)

    # What is heard.

    def on_message(self, message: Any) -> None:
        self._close(1003, "这条线只往下发")

    def on_close(self) -> None:
        if self.onlooker is not None:
            self.onlooker.end()


def _again() -> str:
    return f"again_ms={_AGAIN_MS + chance.below(_AGAIN_MS)}"
