"""The whole street as real processes: mongod, platforms, web and worker processes that can be killed."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest

from server.app import House, open_building
from server.catalogue import CATEGORIES, POOLS, PROVIDERS, SERVICES, Category, Pool, Price, Provider, Service
from server.config import Http, Limits, Payees, Push, Settings, Waitlist, WeChat, WeCom
from server.kit import mongod, supervise
from server.kit.clock import SHANGHAI
from server.kit.mongod import Mongod
from server.kit.supervise import Role, Supervisor
from server.places import PLACES, Place
from server.sandbox.payee import SECRET
from server.settings import dump
from tests import purse
from tests.faults import cluster
from tests.faults.cluster import Cluster

HORIZON = 14
COMPOUND = "compound-faults"
NO_QUIET = "12:00-12:00"
"""The hour of the day does not matter here."""


class Told(Struct):
    """An answer: 0 is a connection that broke before there was one.

    For somebody who insisted: `waited` is how long it took from the first attempt on, `slowest` the slowest of the
    attempts, `refused` how many were answered with 429 or 503 and when to come back, `wrong` those that failed otherwise.
    """

    status: int
    body: Any
    replayed: bool
    seconds: float
    comes_back: bool = False
    waited: float = 0.0
    slowest: float = 0.0
    refused: int = 0
    wrong: int = 0


class Street:
    """What runs, and a client that keeps asking with the same key until it is answered."""

    def __init__(
        self, settings: Settings, database: Mongod | Cluster, people: Supervisor, house: House
    ) -> None:
        self.settings = settings
        self.database = database
        self.processes = people
        self.house = house
        self.url = f"http://127.0.0.1:{settings.port}"
        self.sandbox_url = settings.wechat.base_url
        self.client = AsyncHTTPClient(force_instance=True, max_clients=1000)
        self.turn = asyncio.Lock()
        """Of what breaks things: one thing after the other."""

    async def kill(self, what: str) -> None:
        """SIGKILL a living process: `web`, `worker` or `mongod`; one that is just being restarted is waited for."""
        while True:
            pids = [await self.database_pid()] if what == "mongod" else self.processes.pids(what)
            for pid in pids:
                with suppress(ProcessLookupError):
                    return os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.05)

    async def database_pid(self) -> int:
        """Of the only mongod, or of the primary."""
        return self.database.pid if isinstance(self.database, Mongod) else await self.database.pid()

    async def ask(
        self, method: str, path: str, body: Any = None, *, token: str = "", key: str = "", base: str = ""
    ) -> Told:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if key:
            headers["Idempotency-Key"] = key
        content = None if body is None else json.dumps(body)
        request = HTTPRequest(
            (base or self.url) + path, method=method, headers=headers, body=content, request_timeout=20
        )
        began = asyncio.get_running_loop().time()
        try:
            answer = await self.client.fetch(request, raise_error=False)
        except (OSError, HTTPClientError):
            return Told(0, None, False, asyncio.get_running_loop().time() - began)
        seconds = asyncio.get_running_loop().time() - began
        if answer.code == 599:
            return Told(0, None, False, seconds)
        told = json.loads(answer.body) if answer.body else None
        replayed, comes_back = ("Idempotent-Replayed" in answer.headers, "Retry-After" in answer.headers)
        return Told(answer.code, told, replayed, seconds, comes_back)

    async def insist(
        self, method: str, path: str, body: Any = None, *, token: str = "", key: str = ""
    ) -> Told:
        """As a client on a bad line does: the same request with the same key until there is an answer."""
        loop = asyncio.get_running_loop()
        began, slowest, refused, wrong = loop.time(), 0.0, 0, 0
        while True:
            told = await self.ask(method, path, body, token=token, key=key)
            slowest = max(slowest, told.seconds)
            if told.status not in (0, 429, 500, 502, 503):
                told.waited, told.slowest = loop.time() - began, slowest
                told.refused, told.wrong = refused, wrong
                return told
            refused += told.status in (429, 503) and told.comes_back
            wrong += told.status == 500 or (told.status == 503 and not told.comes_back)
            await asyncio.sleep(0.05)

    async def resident(self, openid: str) -> str:
        """The token of a resident with a name, a phone and a home."""
        code = (await self.ask("POST", "/_control/codes", {"openid": openid}, base=self.sandbox_url)).body[
            "code"
        ]
        session = await self.ask("POST", "/v1/sessions", {"code": code})
        assert session.status == 201, session
        return str(session.body["token"])

    async def residents(self, count: int, prefix: str) -> list[str]:
        gate = asyncio.Semaphore(16)

        async def one(number: int) -> str:
            async with gate:
                return await self.resident(f"{prefix}-{number:04d}")

        return list(await asyncio.gather(*(one(number) for number in range(count))))

    async def service(self, name: str, capacity: int, minutes: int = 60) -> str:
        """A service of its own pool, open every day, known to every web process when this returns."""
        pool = Pool(id=f"pool-{name}", provider_id="provider-faults", name=name, capacity=capacity)
        service = Service(
            id=f"service-{name}",
            name="日常保洁",
            category="cleaning",
            summary="示例数据",
            mode="slot",
            provider_id="provider-faults",
            pool_id=pool.id,
            price=Price(unit="visit", amount_fen=7000),
            duration_min=minutes,
            step_min=minutes,
            lead_time_min=0,
            horizon_days=HORIZON,
            weekly=[[(8 * 60, 20 * 60)]] * 7,
            open_on_holidays=True,
        )
        await self.house.db.alone(lambda tx: tx.put(POOLS, pool))
        await self.house.db.alone(lambda tx: tx.put(SERVICES, service))
        return service.id

    def start(self, hour: int, minute: int = 0, days: int = 1) -> str:
        day = datetime.now(SHANGHAI).date() + timedelta(days=days)
        return datetime.combine(day, time(hour, minute), SHANGHAI).isoformat()


def wish(service_id: str, start: str) -> dict[str, Any]:
    return {
        "service_id": service_id,
        "start": start,
        "address": {"compound_id": COMPOUND, "room": "1-1-101"},
        "contact": {"name": "王桂英", "phone": "13947700001"},
    }


@asynccontextmanager
async def open_street(
    folder: Path, *, web: int = 2, workers: int = 1, idle_s: float = 5, members: int = 1, **rules: Any
) -> AsyncIterator[Street]:
    """Start everything on free ports; nothing of it is left afterwards. `rules` are settings of its own."""
    databases = mongod.running(folder / "mongo") if members == 1 else cluster.running(folder / "set")
    async with databases as database:
        doors, platforms = supervise.listen("127.0.0.1", 0), supervise.listen("127.0.0.1", 0)
        settings = _settings(folder, database, doors[0].getsockname()[1], platforms[0].getsockname()[1])
        http = msgspec.structs.replace(settings.http, idle_s=idle_s)
        settings = msgspec.structs.replace(
            settings, web_processes=web, worker_processes=workers or 1, http=http, **rules
        )
        environ = {name: value for name, value in os.environ.items() if not name.startswith("HOELUN_")}
        environ |= dump(settings)
        with open(folder / "processes.log", "ab") as output:  # noqa: ASYNC230  (opened once, before any load)
            sandbox = Role(
                name="sandbox",
                command=[sys.executable, "-m", "server", "sandbox", "--fd", str(platforms[0].fileno())],
                sockets=platforms,
                env=environ,
                output=output,
            )
            async with open_building(settings) as house:
                await _furnish(house)
                site = supervise.site(settings, doors, environ, output=output)[: 2 if workers else 1]
                processes = Supervisor([sandbox, *site])
                await processes.start()
                try:
                    yield Street(settings, database, processes, house)
                finally:
                    await processes.stop()
        for one in (*doors, *platforms):
            one.close()


def _settings(folder: Path, database: Mongod | Cluster, port: int, sandbox_port: int) -> Settings:
    base = f"http://127.0.0.1:{sandbox_port}"
    return Settings(
        environment="test",
        port=port,
        sandbox_port=sandbox_port,
        data_dir=str(folder),
        mongo_url=database.url,
        database="faults",
        log_level="warning",
        wechat=WeChat(base_url=base),
        wecom=WeCom(base_url=base),
        sms=purse.sms(base),
        http=Http(deadline_s=5),
        limits=Limits(actor_per_s=1e5, actor_burst=100_000),
        push=Push(lease_s=2, max_attempts=20, quiet_hours=NO_QUIET, uncertain_s=8),
        waitlist=Waitlist(offer_minutes=1, look_minutes=1, most_open=50),
        payees=Payees(base_url=base, secret=SECRET, timeout_s=2.0),
    )


async def _furnish(house: House) -> None:
    async def furnished(tx: Any) -> None:
        await tx.put(PLACES, Place(id="community-faults", kind="community", name="绿苑社区"))
        await tx.put(
            PLACES, Place(id=COMPOUND, kind="compound", name="绿苑小区", parent_id="community-faults")
        )
        await tx.put(CATEGORIES, Category(id="cleaning", name="保洁", icon="sparkles"))
        await tx.put(PROVIDERS, Provider(id="provider-faults", name="爱洁家政", phone="0477-8300001"))

    await house.db.alone(furnished)
