"""The command line: `python -m server web | worker | serve | demo | sandbox | seed | check | calendar | directory |
appoint`."""

import argparse
import asyncio
import os
import socket
import sys
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec
from msgspec import Struct

from server.config import Settings
from server.kit import log, mongod, supervise, telling
from server.kit.serving import serve
from server.settings import BadSettings, load

BAD_SETTINGS = 2
"""Exit code when starting again without a correction would be no use."""

EMBEDDED_DEMO = {"environment": "demo", "log_format": "console", "web_processes": "2"}


class CannotStart(Exception):
    """Said to the person at the terminal in one line, without a traceback."""


async def web(arguments: argparse.Namespace, settings: Settings, stop: asyncio.Event) -> int:
    """Answer HTTP requests, on inherited sockets or on the configured port."""
    from server.app import open_building

    sockets = supervise.adopt(arguments.fd) or _listen(settings.host, settings.port)
    ready = supervise.announcer(arguments.ready_fd)
    async with _database(settings) as settings, open_building(settings) as building:
        await serve(building.http_application(), sockets, settings.http, stop, ready)
    return 0


async def worker(arguments: argparse.Namespace, settings: Settings, stop: asyncio.Event) -> int:
    """Do what need not be answered at once: pushes, timers, reminders."""
    from server.app import open_building

    async with _database(settings) as settings, open_building(settings) as building:
        with telling.told(building.metrics, settings.metrics_port, settings.worker_processes):
            supervise.announcer(arguments.ready_fd)()
            await building.run_worker(stop)
    return 0


async def serve_all(arguments: argparse.Namespace, settings: Settings, stop: asyncio.Event) -> int:
    """Production on one machine: web and worker processes, replaced one by one on SIGHUP."""
    reload = asyncio.Event()
    supervise.on_signals(stop, reload)
    sockets = _listen(settings.host, settings.port)
    file = _config_file(arguments)
    options = ["--config", str(file)] if file else []
    async with _database(settings) as settings:
        env = {**os.environ, "HOELUN_MONGO_URL": settings.mongo_url}
        roles = supervise.site(settings, sockets, env, options)
        await supervise.Supervisor(roles).run(stop, reload)
    return 0


async def demo(arguments: argparse.Namespace, settings: Settings, stop: asyncio.Event) -> int:
    """Everything on this machine, with a stand-in for WeChat and made-up people."""
    from server.demo.run import CannotRun, run

    try:
        await run(settings, stop, fresh=arguments.fresh, month=arguments.month, chosen=_given(arguments))
    except CannotRun as error:
        raise CannotStart(str(error)) from error
    return 0


async def sandbox(arguments: argparse.Namespace, settings: Settings, stop: asyncio.Event) -> int:
    """The stand-in of the WeChat and WeCom platforms, alone."""
    from server.demo.platforms import run
    from server.sandbox import RealCredentials, StateUnreadable

    sockets = supervise.adopt(arguments.fd) or _listen(settings.host, settings.sandbox_port)
    try:
        await run(settings, sockets, stop, supervise.announcer(arguments.ready_fd))
    except (RealCredentials, StateUnreadable) as error:
        raise CannotStart(str(error)) from error
    return 0


async def seed(arguments: argparse.Namespace, settings: Settings, stop: asyncio.Event) -> int:
    """Load the demo's people, services and providers."""
    from server.app import open_building
    from server.demo.seed import load as load_seed

    if settings.environment == "production":
        raise CannotStart("made-up people do not belong in a production database (HOELUN_ENVIRONMENT)")
    async with _database(settings) as settings, open_building(settings) as building:
        for what, how_many in (await load_seed(building)).items():
            print(f"{how_many:>6} {what}")
    return 0


async def check(arguments: argparse.Namespace, settings: Settings, stop: asyncio.Event) -> int:
    """Settings, database, indexes and platforms: is all as it should be?"""
    from server.app import open_building

    async with _database(settings) as settings, open_building(settings) as building:
        problems = await building.check()
    print("\n".join(problems) if problems else "all is well")
    return 1 if problems else 0


async def calendar(arguments: argparse.Namespace, settings: Settings, stop: asyncio.Event) -> int:
    """Put the street's calendar file in force: days off and working days, for all processes, without a restart."""
    from server import audit, clocks, workdays
    from server.app import open_building
    from server.sessions import SYSTEM

    try:
        own = workdays.read_file(arguments.file)
    except workdays.BadCalendar as error:
        raise CannotStart(str(error)) from error
    async with _database(settings) as settings, open_building(settings) as building:
        edition = await building.db.atomically(lambda tx: clocks.load_calendar(tx, own, settings))
        await audit.record(building.db, SYSTEM, audit.Origin("system"), "workdays.load")
    print(f"edition {edition.number} is in force")
    return 0


async def directory(arguments: argparse.Namespace, settings: Settings, stop: asyncio.Event) -> int:
    """Read WeCom's directory anew: who works here, in which departments, with which tags."""
    from server import directory as noun
    from server.app import open_building
    from server.kit.platform import PlatformRefusal

    async with _database(settings) as settings, open_building(settings) as building:
        try:
            done = await noun.read(building)
        except (noun.ReadingImplausible, PlatformRefusal) as error:
            raise CannotStart(f"the directory was not taken: {error}") from error
    print(f"{done.here} members, {done.changed} of them news, {done.left} left")
    return 0


async def appoint(arguments: argparse.Namespace, settings: Settings, stop: asyncio.Event) -> int:
    """Make a member of WeCom an administrator, while there are not two who can agree on what waits."""
    from server import appointing
    from server.app import open_building

    async with _database(settings) as settings, open_building(settings) as building:
        try:
            await building.db.atomically(lambda tx: appointing.appoint(tx, arguments.userid))
        except appointing.EnoughAdministrators as error:
            raise CannotStart(
                "there are two administrators: they agree on the next one in the console"
            ) from error
    print(f"{arguments.userid} is an administrator")
    return 0


class Command(Struct, frozen=True, kw_only=True):
    """A row of the table of commands; `defaults` give way to the file and to the environment."""

    run: Callable[[argparse.Namespace, Settings, asyncio.Event], Awaitable[int]]
    name: str
    options: tuple[str, ...] = ()
    defaults: Mapping[str, str] = {}


COMMANDS = (
    Command(name="web", run=web, options=("fd", "ready-fd")),
    Command(name="worker", run=worker, options=("ready-fd",)),
    Command(name="serve", run=serve_all),
    Command(name="demo", run=demo, options=("fresh", "month"), defaults=EMBEDDED_DEMO),
    Command(name="sandbox", run=sandbox, options=("fd", "ready-fd"), defaults=EMBEDDED_DEMO),
    Command(name="seed", run=seed),
    Command(name="check", run=check),
    Command(name="calendar", run=calendar, options=("file",)),
    Command(name="directory", run=directory),
    Command(name="appoint", run=appoint, options=("userid",)),
)
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "fd": {"type": int, "action": "append", "default": [], "help": "an inherited listening socket"},
    "ready-fd": {"type": int, "default": None, "help": "an inherited pipe to say ready on"},
    "file": {"metavar": "FILE", "help": "TOML: days_off, working_days, years; empty takes it back"},
    "userid": {"metavar": "USERID", "help": "as WeCom's directory has it"},
    "fresh": {"action": "store_true", "help": "forget what an earlier demo left"},
    "month": {"action": "store_true", "help": "let a month of purchases and bills go by"},
}


POSITIONAL = frozenset({"file", "userid"})


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    command: Command = arguments.command
    try:
        given = _given(arguments)
        defaults = {_variable(name): value for name, value in command.defaults.items() if name not in given}
        settings = load(_config_file(arguments), {**defaults, **os.environ})
    except BadSettings as error:
        print(error, file=sys.stderr)
        return BAD_SETTINGS
    log.configure(settings.log_level, settings.log_format)
    try:
        return asyncio.run(_run(arguments, settings))
    except (CannotStart, mongod.MongodError, supervise.StartFailed) as error:
        print(f"hoelun {command.name}: {error}", file=sys.stderr)
        return BAD_SETTINGS if getattr(error, "exit_code", 1) == BAD_SETTINGS else 1


async def _run(arguments: argparse.Namespace, settings: Settings) -> int:
    stop = asyncio.Event()
    supervise.on_signals(stop)
    return await arguments.command.run(arguments, settings, stop)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m server", description=__doc__)
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for command in COMMANDS:
        one = commands.add_parser(command.name, help=command.run.__doc__, description=command.run.__doc__)
        one.add_argument("--config", type=Path, metavar="FILE", help="TOML settings (or HOELUN_CONFIG)")
        for option in command.options:
            one.add_argument(option if option in POSITIONAL else f"--{option}", **OPTIONS[option])  # type: ignore[arg-type]
        one.set_defaults(command=command)
    return parser


def _config_file(arguments: argparse.Namespace) -> Path | None:
    named = arguments.config or os.environ.get("HOELUN_CONFIG")
    return Path(named) if named else None


def _given(arguments: argparse.Namespace) -> set[str]:
    """Top-level settings that somebody chose, in the file or in the environment."""
    given = {name.removeprefix("HOELUN_").lower() for name in os.environ if name.startswith("HOELUN_")}
    if file := _config_file(arguments):
        with suppress(OSError, ValueError):  # `load` says so, together with all else that is wrong
            given |= tomllib.loads(file.read_text("utf-8")).keys()
    return given


def _variable(name: str) -> str:
    return f"HOELUN_{name.upper()}"


def _listen(host: str, port: int) -> list[socket.socket]:
    try:
        return supervise.listen(host, port)
    except OSError as error:
        raise CannotStart(f"cannot listen on {host}:{port}: {error.strerror}") from error


@asynccontextmanager
async def _database(settings: Settings) -> AsyncIterator[Settings]:
    """The settings with a database in them: the one configured, or an embedded one in `data_dir`."""
    async with mongod.address(settings.mongo_url, Path(settings.data_dir, "mongo")) as url:
        yield msgspec.structs.replace(settings, mongo_url=url)


if __name__ == "__main__":
    sys.exit(main())
