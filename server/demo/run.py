"""`python -m server demo`: database, sandbox, web and worker processes on this machine, and what to try.

Whatever happens to this process, nothing of it stays behind; what was done in the demo stays in `data_dir`.
"""

import asyncio
import errno
import os
import shutil
import socket
import sys
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, TypeVar

import msgspec
from pymongo import AsyncMongoClient

from server.config import Settings
from server.demo import guide, purse
from server.demo.platforms import state_file
from server.kit import log, mongod, supervise
from server.settings import dump

T = TypeVar("T")
SEARCHED_PORTS = 200
PREVIEW = Path(__file__).resolve().parents[2] / "miniprogram" / "preview" / "serve.mjs"


class CannotRun(Exception):
    """The demo cannot start; the text says why and what to do."""


class Stopped(Exception):
    """Ctrl-C came before the demo was up."""


async def run(settings: Settings, stop: asyncio.Event, *, fresh: bool, month: bool, chosen: set[str]) -> None:
    """Until `stop`. A port that nobody chose and that is taken is replaced by the next free one. With `month` a month of
    purchases and bills goes by while somebody tries it out already."""
    if settings.environment == "production":
        raise CannotRun("the demo does not run with environment = production")
    if fresh and settings.mongo_url:
        raise CannotRun("--fresh empties the demo's own database only; HOELUN_MONGO_URL names another")
    log.configure("warning", "console")
    async with AsyncExitStack() as stack:
        try:
            up = await unless(stop, _bring_up(stack, settings, fresh, chosen))
            if month:
                stack.push_async_callback(_ended, asyncio.create_task(_month(up), name="demo.month"))
            await stop.wait()
        except Stopped:
            pass
        say("\nstopping …")
    say(f"stopped; everything is kept in {settings.data_dir}, and the next scripts/demo goes on from there")


async def _bring_up(stack: AsyncExitStack, settings: Settings, fresh: bool, chosen: set[str]) -> Settings:
    """The settings with what came out."""
    own = not settings.mongo_url
    say("database …")
    url = await stack.enter_async_context(
        mongod.address(settings.mongo_url, Path(settings.data_dir, "mongo"))
    )
    web = _listen(settings.host, settings.port, "port" in chosen)
    stack.callback(web.close)
    platforms = _listen(settings.host, settings.sandbox_port, "sandbox_port" in chosen)
    stack.callback(platforms.close)
    phone = _listen(settings.host, settings.preview_port, "preview_port" in chosen)
    stack.callback(phone.close)
    settings = _joined(settings, url, web, platforms, phone)
    output = stack.enter_context(_log_file(settings))

    say("stand-in for WeChat and WeCom …")
    if fresh:
        state_file(settings).unlink(missing_ok=True)
    await _started(stack, [_sandbox(settings, platforms, output)])
    if counts := await _seeded(settings, fresh, own):
        say("  " + " · ".join(f"{how_many} {what}" for what, how_many in counts.items()))

    say(f"{settings.web_processes} web and {settings.worker_processes} worker processes …")
    await _started(stack, supervise.site(settings, [web], _environ(settings), output=output))
    if can_preview():
        await _started(stack, [_preview(settings, phone, output)])
    else:
        say("  no node, or scripts/setup could not install the preview's packages: no phone to look at")
    say(guide.text(settings))
    return settings


async def _month(settings: Settings) -> None:
    """Once in the life of the data; what was interrupted is gone on with at the next start."""
    from server.demo.month import Refused, begun

    try:
        await begun(settings, say)
    except (Refused, TimeoutError, ExceptionGroup) as error:
        say(f"  the month could not be played to its end: {error}")


async def _ended(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _started(stack: AsyncExitStack, roles: list[supervise.Role]) -> None:
    supervisor = supervise.Supervisor(roles)
    await supervisor.start()
    stack.push_async_callback(supervisor.stop)


def _sandbox(settings: Settings, listening: socket.socket, output: IO[bytes]) -> supervise.Role:
    return supervise.Role(
        name="sandbox",
        command=[sys.executable, "-m", "server", "sandbox", "--fd", str(listening.fileno())],
        sockets=[listening],
        env=_environ(settings),
        output=output,
    )


def can_preview() -> bool:
    """Whether the mini-program can be shown in a browser here."""
    return shutil.which("node") is not None and (PREVIEW.parent.parent / "node_modules").is_dir()


def _preview(settings: Settings, listening: socket.socket, output: IO[bytes]) -> supervise.Role:
    """The mini-program in a browser; whoever looks at it talks to this demo."""
    return supervise.Role(
        name="preview",
        command=[
            shutil.which("node") or "node",
            str(PREVIEW),
            *("--api", f"http://127.0.0.1:{settings.port}"),
            *("--sandbox", f"http://127.0.0.1:{settings.sandbox_port}"),
            *("--fd", str(listening.fileno())),
        ],
        sockets=[listening],
        output=output,
    )


async def _seeded(settings: Settings, fresh: bool, own: bool) -> dict[str, int]:
    """Fill an empty database, and first empty one that was left half filled. {} when it was full already."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(settings.mongo_url, tz_aware=True)
    async with client:
        database = client[settings.database]
        done = await database["demo"].find_one({"_id": "seeded"})
        if done and not fresh:
            return {}
        if not own and await database.list_collection_names():
            raise CannotRun(f"the database {settings.database!r} is in use, and not by a demo")
        say("made-up people, services and providers …")
        await client.drop_database(settings.database)
        counts = await _load(settings)
        await database["demo"].insert_one({"_id": "seeded", "at": datetime.now(UTC), "counts": counts})
    return counts


async def _load(settings: Settings) -> dict[str, int]:
    from server.app import open_building
    from server.demo import seed

    async with open_building(settings) as building:
        return await seed.load(building)


def _joined(
    settings: Settings, url: str, web: socket.socket, platforms: socket.socket, phone: socket.socket
) -> Settings:
    """The settings with what came out at start: database, ports, the sandbox in place of the platforms."""
    port, sandbox_port = web.getsockname()[1], platforms.getsockname()[1]
    base = f"http://127.0.0.1:{sandbox_port}"
    settings = purse.joined(msgspec.structs.replace(settings, port=port), base)
    return msgspec.structs.replace(
        settings,
        mongo_url=url,
        port=port,
        sandbox_port=sandbox_port,
        preview_port=phone.getsockname()[1],
        clock_file=str(Path(settings.data_dir, "clock").absolute()),
        # whoever looks at a demo at night wants to see what it sends
        push=msgspec.structs.replace(settings.push, quiet_hours="00:00-00:00"),
        # who tries being a driver is wherever they say, at once
        positions=msgspec.structs.replace(settings.positions, jump_m=200_000),
        wechat=msgspec.structs.replace(settings.wechat, base_url=base),
        wecom=msgspec.structs.replace(
            settings.wecom,
            base_url=base,
            login_url=f"{base}/wwlogin/sso/login",
            authorize_url=f"{base}/connect/oauth2/authorize",
        ),
    )


def _environ(settings: Settings) -> dict[str, str]:
    rest = {name: value for name, value in os.environ.items() if not name.startswith("HOELUN_")}
    return rest | dump(settings)


def _listen(host: str, port: int, chosen: bool) -> socket.socket:
    """The socket of this port; of one of the next when it is taken and nobody insisted on it."""
    for candidate in range(port, min(port + SEARCHED_PORTS, 65_536)):
        try:
            return supervise.listen(host, candidate)[0]
        except OSError as error:
            if chosen or error.errno != errno.EADDRINUSE:
                raise CannotRun(f"cannot listen on {host}:{candidate}: {error.strerror}") from error
            if candidate == port:
                say(f"port {port} is taken; looking for the next free one")
    raise CannotRun(f"no free port from {port} on")


def _log_file(settings: Settings) -> IO[bytes]:
    """What web, worker and sandbox say; each start begins anew."""
    folder = Path(settings.data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    return (folder / "demo.log").open("wb")


def say(line: str) -> None:
    with suppress(OSError):  # the terminal may be gone; the data still has to be put away
        print(line, flush=True)


async def unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`; raises Stopped, with `work` cancelled, when `stop` is set first."""
    working = asyncio.create_task(work, name="demo.start")
    stopping = asyncio.create_task(stop.wait(), name="demo.stop")
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise Stopped
        return working.result()
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)
