"""The network between the processes and the members of the set, as far as it can be broken without being root.

Every member is reached through a line of its own, by clients and by the other members: the set's configuration names
the lines. A line can be cut (connections are reset, new ones refused), be silent (what is sent arrives after the line
is mended: packets are repeated until then), or be slow. Who is calling is told by the first message, since the driver
introduces itself; which of the members it is, by the process that holds the connection.
"""

import asyncio
from collections.abc import Callable
from typing import Literal

from server.kit.mongod import HOST

Fault = Literal["none", "cut", "silent"]
_DRIVER = b"PyMongo"


class End(asyncio.Protocol):
    """One end of a connection through a line; what it hears is said at the other end."""

    def __init__(self, line: "Line") -> None:
        self._line = line
        self.transport: asyncio.Transport | None = None
        self.other: End | None = None
        self.caller: int | None = None  # a member's port; None: a client
        self.known = False
        self.waiting: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._line.ends.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._line.ends.discard(self)
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()

    def data_received(self, data: bytes) -> None:
        if self.known:
            self.pass_on(data)
            return
        self.known = True
        if _DRIVER not in data and self.transport is not None:
            self.caller = self._line.member_of(self.transport.get_extra_info("peername")[1])
        self.waiting.append(data)
        self._line.arrived(self)

    def pass_on(self, data: bytes) -> None:
        if self.other is None or self._line.fault_for(self) == "silent":
            self.waiting.append(data)
        elif self._line.delay_s:
            asyncio.get_running_loop().call_later(self._line.delay_s, self.other.say, data)
        else:
            self.other.say(data)

    def say(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    def mended(self) -> None:
        waiting, self.waiting = self.waiting, []
        for data in waiting:
            self.pass_on(data)

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()


class Line:
    """The way to one member. `port` is where it is reached, `delay_s` what every message takes longer."""

    def __init__(self, member_port: int) -> None:
        self.member_port = member_port
        self.member_of: Callable[[int], int | None] = lambda port: None
        self.port = 0
        self.delay_s = 0.0
        self.ends: set[End] = set()
        self._fault: Fault = "none"
        self._members_too = True
        self._cut_off: set[int] = set()
        self._server: asyncio.Server | None = None
        self._calls: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: End(self), HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for end in list(self.ends):
            end.abort()

    def break_off(self, fault: Fault, *, members_too: bool = True) -> None:
        """For clients alone, or for the other members as well."""
        self._fault, self._members_too = fault, members_too
        self._apply()

    def cut_off(self, member_port: int, fault: Fault) -> None:
        """The same for what one other member says here: with its own line broken it is alone."""
        self._fault, self._members_too = fault, False
        self._cut_off = {member_port}
        self._apply()

    def mend(self) -> None:
        self._fault, self._cut_off, self.delay_s = "none", set(), 0.0
        for end in list(self.ends):
            if end.known and end.other is None and end.waiting:
                self.arrived(end)
            else:
                end.mended()

    def fault_for(self, end: End) -> Fault:
        caller = end.caller
        if self._cut_off:
            return self._fault if caller in self._cut_off else "none"
        return self._fault if caller is None or self._members_too else "none"

    def _apply(self) -> None:
        for end in list(self.ends):
            if self.fault_for(end) == "cut":
                end.abort()

    def arrived(self, end: End) -> None:
        """Somebody has said who they are."""
        match self.fault_for(end):
            case "cut":
                end.abort()
            case "none":
                call = asyncio.get_running_loop().create_task(self._call(end), name="line")
                self._calls.add(call)
                call.add_done_callback(self._calls.discard)

    async def _call(self, end: End) -> None:
        try:
            _, other = await asyncio.get_running_loop().create_connection(
                lambda: End(self), HOST, self.member_port
            )
        except OSError:
            end.abort()
            return
        other.caller, other.known, other.other = end.caller, True, end
        end.other = other
        if self.fault_for(end) == "cut":
            end.abort()
        else:
            end.mended()
