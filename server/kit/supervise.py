"""One parent that binds the port once and keeps its children running: web processes, workers, a sandbox.

Children inherit the listening socket, so that a rolling restart (start the new one, wait until it is ready,
end the old one) never leaves the port without an owner. A child says it is ready through an inherited pipe.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import IO

import structlog
from msgspec import Struct
from tornado.netutil import bind_sockets

from server.config import Settings
from server.kit import tether

READY_S = 30.0
LIVED_S = 10.0
"""A child that lived this long had started well: its next restart is not held back."""
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 10.0

log = structlog.get_logger(__name__)


class StartFailed(Exception):
    """A child ended, or said nothing, before it was ready."""

    def __init__(self, role: str, exit_code: int | None) -> None:
        self.exit_code = exit_code
        how = f"ended with code {exit_code}" if exit_code is not None else f"was not ready in {READY_S:.0f} s"
        super().__init__(f"{role} {how}")


class Role(Struct, frozen=True, kw_only=True):
    """What to run, how many times. `--ready-fd N` is added to the command."""

    name: str
    command: Sequence[str]
    count: int = 1
    sockets: Sequence[socket.socket] = ()
    env: Mapping[str, str] | None = None
    output: IO[bytes] | None = None
    patience_s: float = 15.0


class _Seat:
    """A place that is never left empty: `child` is who sits there now."""

    def __init__(self, role: Role, number: int) -> None:
        self.role = role
        self.name = f"{role.name}.{number}"
        self.child: subprocess.Popen[bytes] | None = None
        self.changing = asyncio.Lock()


class Supervisor:
    """`start()`, then `roll()` as often as wished, then `stop()`; `run()` does all three by events."""

    def __init__(self, roles: Sequence[Role]) -> None:
        self._seats = [_Seat(role, number) for role in roles for number in range(role.count)]
        self._tasks: list[asyncio.Task[None]] = []
        self._rolling = asyncio.Lock()

    async def run(self, stop: asyncio.Event, reload: asyncio.Event) -> None:
        """Start, roll whenever `reload` is set, and let all of them drain once `stop` is set."""
        await self.start()
        rolling = asyncio.create_task(self._roll_on(reload), name="supervise.roll")
        try:
            await stop.wait()
        finally:
            rolling.cancel()
            await asyncio.gather(rolling, return_exceptions=True)
            await self.stop()

    async def _roll_on(self, reload: asyncio.Event) -> None:
        while True:
            await reload.wait()
            reload.clear()
            await self.roll()

    def pids(self, role: str) -> list[int]:
        return [seat.child.pid for seat in self._seats if seat.role.name == role and seat.child]

    async def start(self) -> None:
        """Returns once all are ready. Raises StartFailed, with nothing left behind, when one is not."""
        starts = [asyncio.create_task(self._fill(seat), name=f"start.{seat.name}") for seat in self._seats]
        try:
            await asyncio.gather(*starts)
        except BaseException:
            for one in starts:
                one.cancel()
            await asyncio.gather(*starts, return_exceptions=True)
            await self.stop()
            raise
        self._tasks = [
            asyncio.create_task(self._keep(seat), name=f"keep.{seat.name}") for seat in self._seats
        ]

    async def roll(self) -> None:
        """Replace every child, one after the other; one that cannot be replaced stays."""
        async with self._rolling:
            for seat in self._seats:
                try:
                    await self._replace(seat)
                except StartFailed as error:
                    log.error("supervise.roll_failed", child=seat.name, reason=str(error))

    async def stop(self) -> None:
        """Let all of them drain at once; returns when none is left."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await asyncio.gather(*(self._dismiss(seat.role, seat.child) for seat in self._seats))

    async def _replace(self, seat: _Seat) -> None:
        async with seat.changing:
            old = seat.child
            await self._fill(seat)
        await self._dismiss(seat.role, old)
        log.info("supervise.replaced", child=seat.name, old=old.pid if old else None)

    async def _keep(self, seat: _Seat) -> None:
        pause = FIRST_PAUSE_S
        loop = asyncio.get_running_loop()
        while child := seat.child:
            began = loop.time()
            code = await tether.exited(child)
            if seat.child is not child:  # replaced on purpose
                pause = FIRST_PAUSE_S
                continue
            log.warning("supervise.died", child=seat.name, pid=child.pid, exit_code=code)
            if loop.time() - began > LIVED_S:
                pause = FIRST_PAUSE_S
            pause = await self._refill(seat, child, pause)

    async def _refill(self, seat: _Seat, dead: subprocess.Popen[bytes], pause: float) -> float:
        """Try until somebody sits there again; returns the pause to keep before the next restart."""
        while True:
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_S)
            async with seat.changing:
                if seat.child is not dead:
                    return pause
                try:
                    await self._fill(seat)
                except StartFailed as error:
                    log.error(
                        "supervise.restart_failed", child=seat.name, reason=str(error), retry_in_s=pause
                    )
                    continue
                log.info("supervise.restarted", child=seat.name, pid=seat.child.pid)
                return pause

    async def _fill(self, seat: _Seat) -> None:
        """Start a child and seat it once it is ready."""
        role = seat.role
        reading, writing = os.pipe()
        try:
            child = tether.spawn(
                [*role.command, "--ready-fd", str(writing)],
                env=role.env,
                pass_fds=[writing, *(one.fileno() for one in role.sockets)],
                output=role.output,
            )
        finally:
            os.close(writing)
        try:
            async with asyncio.timeout(READY_S):
                spoke = await _said_something(reading)
            if not spoke:
                raise StartFailed(seat.name, await tether.exited(child))
        except BaseException as error:
            child.kill()
            child.wait()
            if isinstance(error, TimeoutError):
                raise StartFailed(seat.name, None) from error
            raise
        finally:
            os.close(reading)
        seat.child = child

    async def _dismiss(self, role: Role, child: subprocess.Popen[bytes] | None) -> None:
        if child:
            await tether.end(child, role.patience_s)


def site(
    settings: Settings,
    sockets: Sequence[socket.socket],
    env: Mapping[str, str],
    options: Sequence[str] = (),
    output: IO[bytes] | None = None,
) -> list[Role]:
    """The configured number of web processes on `sockets`, and of workers; `options` go to each command."""
    command = [sys.executable, "-m", "server"]
    descriptors = [word for one in sockets for word in ("--fd", str(one.fileno()))]
    patience_s = settings.http.drain_s + 5
    web = Role(
        name="web",
        command=[*command, "web", *options, *descriptors],
        count=settings.web_processes,
        sockets=sockets,
        env=env,
        output=output,
        patience_s=patience_s,
    )
    worker = Role(
        name="worker",
        command=[*command, "worker", *options],
        count=settings.worker_processes,
        env=env,
        output=output,
        patience_s=patience_s,
    )
    return [web, worker]


def listen(host: str, port: int) -> list[socket.socket]:
    """Bound once, here, for all children. Raises OSError when the port is taken."""
    return bind_sockets(port, host or None, backlog=1024)


def adopt(descriptors: Sequence[int]) -> list[socket.socket]:
    """The child's side of `listen`: the same sockets, from the inherited descriptors."""
    sockets = [socket.socket(fileno=descriptor) for descriptor in descriptors]
    for one in sockets:
        one.setblocking(False)
    return sockets


def announcer(descriptor: int | None) -> Callable[[], None]:
    """What a child calls once it is ready; without a descriptor there is nobody to tell."""

    def announce() -> None:
        if descriptor is not None:
            with suppress(OSError):  # the parent gave up waiting
                os.write(descriptor, b"1")
            os.close(descriptor)

    return announce


def on_signals(stop: asyncio.Event, reload: asyncio.Event | None = None) -> None:
    """SIGTERM and SIGINT set `stop`; SIGHUP sets `reload`, or `stop` where nothing can be reloaded."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, (reload or stop).set)


async def _said_something(descriptor: int) -> bool:
    """Wait for a byte; False when the other end was closed without one."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(descriptor, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(descriptor)
    return bool(os.read(descriptor, 1))
