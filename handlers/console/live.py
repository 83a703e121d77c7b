"""What keeps an open page true: a line of server-sent events that says which case changed, and nothing of what it is.

`case` carries `{"case_no", "version"}` of a case that the member may see; `broadcast` the `{"announcement_id"}` of one
that has come further on its way to phones; `box` says that lists or marks changed; `over` ends a page whose login has
ended. The page then asks for its fragments anew (handlers/static/live.js).
"""

import asyncio
import contextlib

import msgspec
import structlog
from tornado.iostream import StreamClosedError

from handlers.base import allow
from handlers.page import Page
from server.kit.chance import chance
from server.kit.errors import Forbidden, HoelunError, Unauthorized
from server.live import News, Watcher

log = structlog.get_logger()

_BACK_MS = 1000
"""So long a page waits until it comes back, and as much again by chance: not all at once when a process leaves."""


class Live(Page):
    path = "/console/live"
    watcher: Watcher | None = None
    looks_by_itself = True

    async def _count_notices(self) -> None:
        """A line has no bell."""

    @allow("staff")
    async def get(self) -> None:
        """The line; it lasts until the page is closed, its login ends or the process leaves."""
        house, token = self.building, self.token()
        assert token is not None
        with house.live.watch(self.actor) as self.watcher, contextlib.suppress(StreamClosedError):
            self.set_header("Content-Type", "text/event-stream; charset=utf-8")
            self.set_header("X-Accel-Buffering", "no")
            self.set_header("Connection", "close")
            if house.lifecycle.draining:
                self.watcher.end()
            await self._send(f"retry: {_BACK_MS + chance.below(_BACK_MS)}\n\n")
            while await self.watcher.wakes(house.settings.live.heartbeat_s):
                try:
                    actor = await house.onlooking(token)
                except (Unauthorized, Forbidden):
                    await self._send("event: over\ndata: {}\n\n")
                    break
                except HoelunError:
                    break
                await self._send(_lines(self.watcher.taken(actor)))

    async def _send(self, text: str) -> None:
        """Raises StreamClosedError, also for a page that does not read: it is cut off."""
        self.write(text)
        try:
            async with asyncio.timeout(self.building.settings.live.slow_s):
                await self.flush()
        except TimeoutError as error:
            log.info("live.slow", actor=self.actor.key, request_id=self.request_id)
            self._hang_up()
            raise StreamClosedError from error

    def _hang_up(self, sent: asyncio.Future[None] | None = None) -> None:
        if sent is not None and not sent.cancelled():
            sent.exception()  # of a page that has gone
        stream = getattr(self.request.connection, "stream", None)
        if stream is not None:
            stream.close()

    def on_connection_close(self) -> None:
        if self.watcher is not None:
            self.watcher.end()

    def answer(self, result: object, status: int) -> None:
        """Everything has been said, and nothing else is asked on this connection."""
        with contextlib.suppress(StreamClosedError):
            self.finish().add_done_callback(self._hang_up)

    def refuse(self, error: HoelunError, status: int | None = None) -> None:
        """A line is no page: a browser that is refused one asks from time to time instead."""
        self.set_status(status or error.status)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        if error.retry_after is not None:
            self.set_header("Retry-After", str(max(1, round(error.retry_after))))
        self.finish(error.message)


def _lines(news: News) -> str:
    told = [
        f"event: case\ndata: {msgspec.json.encode({'case_no': case_no, 'version': version}).decode()}\n\n"
        for case_no, version in news.cases.items()
    ]
    told += [
        f"event: broadcast\ndata: {msgspec.json.encode({'announcement_id': one}).decode()}\n\n"
        for one in sorted(news.broadcasts)
    ]
    if news.box:
        told.append("event: box\ndata: {}\n\n")
    return "".join(told) or ": still here\n\n"
