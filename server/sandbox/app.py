"""Puts the sandbox together: every described call becomes a route of one small Tornado application."""

import asyncio
import importlib
import logging

from msgspec import Struct
from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

from . import (
    cards,
    credentials,
    directory,
    links,
    notices,
    residents,
    safety,
    staff,
    subscribe,
    tickets,
    wxacode,
)
from .api import Api, PlatformHandler
from .clock import Now
from .config import SandboxConfig
from .control import CONTROLS, ControlHandler
from .controls import Control
from .logins import LOGINS, LoginHandler
from .pages import PageHandler, WeComHandler
from .pay_doors import DOORS, PayHandler
from .payee import AGENCY, AgencyHandler
from .sms import SMS_DOOR, SMS_PATHS, SmsHandler
from .world import World

_MINI = (credentials, residents, subscribe, safety, wxacode, links)
_CORP = (staff, directory, notices, cards, tickets)
_MODULES = (*_MINI, *_CORP)
APIS: tuple[Api, ...] = tuple(
    value for module in _MODULES for value in vars(module).values() if isinstance(value, Api)
)
_MOST_BYTES = 1 << 20
_log = logging.getLogger(__name__)


class SandboxApp(Struct):
    """`application` serves both platforms on one port; `close()` writes what the state file still misses."""

    application: Application
    world: World

    def call_back(self, url: str, mini: str = "", sms: str = "") -> None:
        """Callbacks and reports go to these addresses, which are not checked."""
        self.world.callbacks.url, self.world.mini.url, self.world.reports.url = url, mini, sms

    def close(self) -> None:
        self.world.callbacks.close()
        self.world.mini.close()
        self.world.reports.close()
        self.world.notifier.close()
        self.world.store.close()


def make_sandbox(config: SandboxConfig, clock: Now) -> SandboxApp:
    """`clock.now()` is aware UTC; with an `advance(timedelta)` of its own it is moved by /_control/clock.

    Raises RealCredentials (already when the config is made) and StateUnreadable.
    """
    world = World(config, clock)
    world.paths.update(api.path for api in APIS)
    routes: list[tuple[str, type[RequestHandler], dict[str, object]]] = [
        (api.path, PlatformHandler, {"api": api, "world": world}) for api in APIS
    ]
    for path in dict.fromkeys(control.path for control in CONTROLS):
        routes.append((path, ControlHandler, {"controls": _methods(path), "world": world}))
    routes += [(path, LoginHandler, {"world": world}) for path in LOGINS]
    world.paths.update(name for _, name, _ in DOORS)
    world.paths.update(AGENCY[:2])
    world.paths.update(SMS_PATHS)
    routes.append((SMS_DOOR, SmsHandler, {"world": world}))
    routes += [(path, AgencyHandler, {"world": world}) for path in AGENCY]
    routes += [(path, PayHandler, {"world": world, "work": work, "path": name}) for path, name, work in DOORS]
    routes += [
        ("/health/ready", ReadyHandler, {"world": world}),
        ("/", PageHandler, {"world": world}),
        (r"/messages/([^/]{1,128})", PageHandler, {"world": world}),
        (r"/wecom/([^/]{1,128})", WeComHandler, {"world": world}),
    ]
    return SandboxApp(Application(list(routes), log_function=_quiet), world)


async def run(
    config: SandboxConfig,
    port: int,
    address: str = "127.0.0.1",
    clock: Now | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until `stop` is set or the task is cancelled; the state file is complete when this returns."""
    sandbox = make_sandbox(config, clock or importlib.import_module("server.kit.clock").Clock())
    server = HTTPServer(sandbox.application, max_buffer_size=_MOST_BYTES)
    server.listen(port, address)
    _log.info("sandbox.ready http://%s:%s", address, port)
    try:
        await (stop or asyncio.Event()).wait()
    finally:
        server.stop()
        await server.close_all_connections()
        sandbox.close()


class ReadyHandler(RequestHandler):
    def initialize(self, world: World) -> None:
        self.world = world

    def get(self) -> None:
        here = f"{self.request.protocol}://{self.request.host}"
        self.finish({"status": "ready", "sandbox": here, "web": self.world.config.web_base})


def _methods(path: str) -> dict[str, Control]:
    return {control.method: control for control in CONTROLS if control.path == path}


def _quiet(handler: RequestHandler) -> None:
    """Load tests make thousands of calls a second; /_control/stats counts them instead of a log."""
    if handler.get_status() >= 500:
        _log.warning("sandbox %s %s %s", handler.get_status(), handler.request.method, handler.request.path)
