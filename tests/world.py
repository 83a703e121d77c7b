"""A street to test in: factories for its people and services, and a client that speaks HTTP to it."""

import asyncio
import itertools
import json
import socket
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct, structs
from pymongo import AsyncMongoClient
from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPHeaders
from tornado.netutil import Resolver, bind_sockets

from schemas.staff import Grant
from server.app import House, open_building
from server.catalogue import CATEGORIES, POOLS, PROVIDERS, SERVICES, Category, Pool, Price, Provider, Service
from server.config import Directory, Http, Limits, Push, Settings, WeChat, WeCom
from server.kit.clock import SHANGHAI, SettableClock
from server.kit.db import Collection, Stored
from server.kit.serving import serve
from server.pauses import PAUSES
from server.places import PLACES, Place
from server.push.heard import HEARD
from server.sandbox import SandboxApp, SandboxConfig, make_sandbox
from server.staff import STAFF, Staff
from tests import purse

ALL_DAY = [[(8 * 60, 20 * 60)]] * 7
WHOLE_DAY_HOURS = [(8 * 60, 20 * 60)]
_numbers = itertools.count(1)


def unique(prefix: str) -> str:
    return f"{prefix}-{next(_numbers)}"


def member(*grants: Grant, skills: Iterable[str] = (), name: str = "王芳") -> Staff:
    """Somebody to be hired."""
    return Staff(id=unique("staff"), name=name, grants=list(grants), skills=list(skills))


class Reply(Struct):
    status: int
    headers: HTTPHeaders
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body) if self.body else None

    @property
    def code(self) -> str:
        """The error's name, or an empty word."""
        return self.json.get("error", {}).get("code", "") if self.body else ""


class Person(Struct):
    """Somebody signed in."""

    world: "World"
    id: str
    token: str
    openid: str = ""

    async def get(self, path: str, **query: Any) -> Reply:
        return await self.world.call("GET", path, token=self.token, query=query)

    async def post(self, path: str, body: Any = None, key: str | None = None) -> Reply:
        return await self.world.call("POST", path, body or {}, token=self.token, key=key)

    async def patch(self, path: str, body: Any) -> Reply:
        return await self.world.call("PATCH", path, body, token=self.token)

    async def delete(self, path: str) -> Reply:
        return await self.world.call("DELETE", path, token=self.token)

    async def act(self, case_no: str, action: str, key: str | None = None, **form: Any) -> Reply:
        return await self.post(f"/v1/cases/{case_no}/{action}", form, key=key)


class Here(Resolver):
    """Every house is on this machine and called by its number: no thread has to look it up."""

    async def resolve(
        self, host: str, port: int, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[tuple[int, Any]]:
        return [(socket.AF_INET, (host, port))]


class Town(Struct):
    """What runs: the house with its doors open, and the platforms it talks to."""

    house: House
    clock: SettableClock
    url: str
    sandbox: SandboxApp
    sandbox_url: str


def _sockets() -> tuple[list[socket.socket], str]:
    sockets = bind_sockets(0, "127.0.0.1")
    return sockets, f"http://127.0.0.1:{sockets[0].getsockname()[1]}"


async def emptied(mongo_url: str, database: str) -> None:
    """Nothing is stored there any more, and no plan remembered. Collections and indexes may stay, which are slow to
    make: every house checks them when it opens."""
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(mongo_url)

    async def empty(name: str) -> None:
        await client[database][name].delete_many({})
        await client[database].command("planCacheClear", name)

    async with client:
        names = await client[database].list_collection_names()
        await asyncio.gather(*(empty(one) for one in names if not one.startswith("system.")))


@asynccontextmanager
async def open_town(mongo_url: str, database: str) -> AsyncIterator[Town]:
    """A house and a sandbox on ports of their own."""
    clock = SettableClock()
    sandbox = make_sandbox(SandboxConfig(pay=purse.keys(), tell_sent=False), clock)
    sandbox_sockets, sandbox_url = _sockets()
    platforms = HTTPServer(sandbox.application)
    platforms.add_sockets(sandbox_sockets)
    sockets, url = _sockets()
    settings = Settings(
        environment="test",
        mongo_url=mongo_url,
        database=database,
        wechat=WeChat(base_url=sandbox_url, timeout_s=1.0),
        wecom=WeCom(
            base_url=sandbox_url,
            login_url=f"{sandbox_url}/wwlogin/sso/login",
            authorize_url=f"{sandbox_url}/connect/oauth2/authorize",
            timeout_s=1.0,
        ),
        pay=purse.pay(sandbox_url, url),
        payees=purse.payees(sandbox_url),
        sms=purse.sms(sandbox_url),
        push=Push(max_attempts=5),
        directory=Directory(nightly=False),
        http=Http(deadline_s=20),  # a busy machine is no reason to refuse
        limits=Limits(actor_per_s=5000, actor_burst=5000, address_per_s=5000, address_burst=5000),
    )
    async with open_building(settings, clock=clock) as house:
        stop = asyncio.Event()
        doors = asyncio.create_task(serve(house.http_application(), sockets, settings.http, stop))
        sandbox.call_back(f"{url}/wecom/callback", f"{url}/wechat/callback", purse.sms_reports(url))
        try:
            yield Town(house, clock, url, sandbox, sandbox_url)
        finally:
            stop.set()
            await doors
    platforms.stop()
    await platforms.close_all_connections()
    sandbox.close()


class World:
    """One test's view of the town."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.house = town.house
        self.building = town.house
        self.clock = town.clock
        self.url = town.url
        self.client = AsyncHTTPClient(force_instance=True, max_clients=400, resolver=Here())
        self.compound = ""
        self.community = ""

    async def settle(self) -> None:
        """Tomorrow, nine o'clock; one community and compound; no fault left over."""
        tomorrow = datetime.now(SHANGHAI).date() + timedelta(days=1)
        self.clock.set(datetime.combine(tomorrow, time(9), SHANGHAI))
        self.town.sandbox.world.settle()
        await self._forget(PAUSES, HEARD)
        self.community, self.compound = unique("community"), unique("compound")
        await self.put(
            PLACES,
            Place(id=self.community, kind="community", name="绿苑社区", parent_id=None),
            Place(id=self.compound, kind="compound", name="绿苑小区", parent_id=self.community),
        )

    async def _forget(self, *collections: Collection[Any]) -> None:
        """What an earlier test has left in memory that would change what the worker does."""

        async def gone(tx: Any) -> None:
            for one in collections:
                await tx.delete_all(one, {})

        if any(self.house.db.reader().everything(one).items for one in collections):
            await self.house.db.atomically(gone)

    async def close(self) -> None:
        self.client.close()

    # Speaking to it.

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        key: str | None = None,
        query: dict[str, Any] | None = None,
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        url = self.url + path + (f"?{urlencode(query)}" if query else "")
        sent = dict(headers or {})
        if token:
            sent["Authorization"] = f"Bearer {token}"
        if key:
            sent["Idempotency-Key"] = key
        content = raw if raw is not None else (json.dumps(body).encode() if body is not None else None)
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        request = HTTPRequest(
            url, method=method, headers=sent, body=content, allow_nonstandard_methods=True, request_timeout=30
        )
        response = await self.client.fetch(request, raise_error=False)
        if response.error is not None and response.code == 599:
            raise response.error
        return Reply(response.code, response.headers, response.body or b"")

    async def control(self, name: str, /, method: str = "POST", **body: Any) -> Any:
        """A control call of the sandbox."""
        request = HTTPRequest(
            f"{self.town.sandbox_url}/_control/{name}",
            method=method,
            body=json.dumps(body) if method == "POST" else None,
        )
        answer = await self.client.fetch(request)
        return json.loads(answer.body) if answer.body else None

    async def told(self, name: str, **query: str) -> Any:
        """What the sandbox says of itself."""
        return await self.control(f"{name}?{urlencode(query)}", method="GET")

    async def work(self) -> int:
        """Let a worker do all that is due."""
        return await self.house.worker().run_due()

    async def until(self, true: Any, what: str, seconds: float = 20) -> None:
        """Wait on a condition that another task makes true."""
        async with asyncio.timeout(seconds):
            while not await true():
                await asyncio.sleep(0.01)

    # Its people and things.

    async def put(self, collection: Collection[Any], *items: Stored) -> None:
        """Store, and wait until memory knows where memory keeps this."""
        await self.put_all({collection: items})

    async def put_all(self, things: Mapping[Collection[Any], Iterable[Stored]]) -> None:
        """The same for several collections, and all at once."""

        async def stored(tx: Any) -> None:
            for collection, items in things.items():
                for item in items:
                    await tx.put(collection, item)

        remembered = {one: tuple(items) for one, items in things.items() if one.whole}
        # Who writes what memory keeps is answered when memory knows; for that it takes a transaction.
        await (self.house.db.atomically(stored) if remembered else self.house.db.alone(stored))
        for collection, items in remembered.items():
            await self._known(collection, items)

    async def _known(self, collection: Collection[Any], items: Iterable[Stored]) -> None:
        whole = self.house.db.reader().everything(collection)

        async def known() -> bool:
            return all(whole.items.get(one.id) == one for one in items)

        await self.until(known, f"{collection.name} {[one.id for one in items]}")

    async def resident(self, openid: str | None = None, **profile: Any) -> Person:
        """A resident signed in through wx.login, with name, phone and household unless `profile` says otherwise."""
        openid = openid or unique("resident")
        code, phone_code = await asyncio.gather(
            self.control("codes", openid=openid),
            self.control("phone-codes", openid=openid, phone="13947700001"),
        )
        reply = await self.call("POST", "/v1/sessions", {"code": code["code"]})
        assert reply.status == 201, reply.body
        person = Person(self, reply.json["resident"]["id"], reply.json["token"], openid)
        household = {"compound_id": self.compound, "room": "3-2-501"}
        changed = await person.patch("/v1/me", {"name": "王桂英", "household": household, **profile})
        assert changed.status == 200, changed.body
        await person.post("/v1/me/phone", {"code": phone_code["code"]})
        return person

    async def staff(self, *grants: Grant, skills: Iterable[str] = (), name: str = "王芳") -> Person:
        """A member of the staff signed in through WeCom."""
        [person] = await self.hired(member(*grants, skills=skills, name=name))
        return person

    async def hired(self, *members: Staff) -> list[Person]:
        """Several members of the staff, all signed in."""
        await self.put(STAFF, *members)
        return await asyncio.gather(*(self.sign_in(one.id) for one in members))

    async def sign_in(self, userid: str) -> Person:
        code = (await self.control("wecom-codes", userid=userid))["code"]
        reply = await self.call("POST", "/v1/staff-sessions", {"code": code})
        assert reply.status == 201, reply.body
        return Person(self, userid, reply.json["token"])

    async def shop(self, capacity: int = 2, **service: Any) -> "Shop":
        """A provider with one service and its people."""
        return await open_shop(self, capacity, service)

    def at(self, hour: int, minute: int = 0, days: int = 1) -> str:
        """A local time `days` from today, as a client sends it."""
        day = self.clock.now().astimezone(SHANGHAI).date() + timedelta(days=days)
        return datetime.combine(day, time(hour, minute), SHANGHAI).isoformat()


class Shop(Struct):
    """A provider, its service, its manager and its worker, all signed in."""

    world: World
    provider_id: str
    service_id: str
    pool_id: str
    category: str
    manager: Person
    worker: Person
    dispatcher: Person

    def wish(self, start: str, **more: Any) -> dict[str, Any]:
        return {"service_id": self.service_id, "start": start, **more}

    async def booked(self, resident: Person, start: str | None = None, **more: Any) -> dict[str, Any]:
        """A booking of this service, freshly submitted (or held)."""
        reply = await resident.post("/v1/bookings", self.wish(start or self.world.at(10), **more))
        assert reply.status == 201, reply.body
        case: dict[str, Any] = reply.json
        return case

    async def brought_to(self, state: str, resident: Person, start: str | None = None) -> dict[str, Any]:
        """A booking brought to a state by its usual way."""
        if state == "quoted":
            return await self._quoted(resident, start)
        case = await self.booked(resident, start, hold=state in ("held", "expired"))
        case_no = case["case_no"]
        usual = {
            "confirmed": (self.manager, "confirm", {}),
            "assigned": (self.manager, "assign", {"worker_id": self.worker.id}),
            "en_route": (self.worker, "depart", {}),
            "in_service": (self.worker, "start", {"code": case["details"]["start_code"]}),
            "done": (self.worker, "finish", {}),
        }
        ends = {
            "rejected": ("submitted", self.manager, "reject", {"reason": "那天没有人"}),
            "cancelled": ("submitted", resident, "cancel", {}),
            "completed": ("done", resident, "accept", {}),
            "disputed": ("done", resident, "dispute", {"reason": "没擦干净"}),
            "requoted": ("in_service", self.worker, "requote", REQUOTE),
        }
        before, *last = ends.get(state, (state,))
        if before in usual:
            for name, (who, action, form) in usual.items():
                await _moved(who, case_no, action, form)
                if name == before:
                    break
        if last:
            who, action, form = last
            await _moved(who, case_no, action, form)
        if state == "expired":
            self.world.clock.advance(timedelta(minutes=6))
            await self.world.work()
        if state in ("no_show", "appealed", "upheld"):
            for name in ("confirmed", "assigned", "en_route"):
                await _moved(usual[name][0], case_no, usual[name][1], usual[name][2])
            self.world.clock.set(datetime.fromisoformat(case["details"]["start"]) + timedelta(minutes=20))
            await _moved(self.worker, case_no, "no_show", {"reason": "敲门没有人，电话没人接"})
        if state in ("appealed", "upheld"):
            await _moved(resident, case_no, "appeal", {"reason": "我一直在家"})
        if state == "upheld":
            await _moved(self.dispatcher, case_no, "uphold", {"reason": "电话记录已核实"})
        reply = await resident.get(f"/v1/cases/{case_no}")
        assert reply.json["state"] == state, reply.json
        found: dict[str, Any] = reply.json | {"start_code": case["details"]["start_code"]}
        return found

    async def signed_in_anew(self) -> "Shop":
        """The same people after a night: the staff's sessions end."""
        again = {
            name: await self.world.sign_in(getattr(self, name).id)
            for name in ("manager", "worker", "dispatcher")
        }
        return structs.replace(self, **again)

    async def quoting(self, **service: Any) -> "Shop":
        """The same people with a service whose price is asked for."""
        usual = self.world.house.db.reader().recall(SERVICES, self.service_id)
        assert usual is not None
        changes = {"name": "搬家", "mode": "quote", "price": Price(unit="quote", amount_fen=20000), **service}
        made = structs.replace(usual, id=unique("service"), **changes)
        await self.world.put(SERVICES, made)
        return structs.replace(self, service_id=made.id)

    async def _quoted(self, resident: Person, start: str | None) -> dict[str, Any]:
        case = await (await self.quoting()).booked(resident, start)
        await _moved(self.manager, case["case_no"], "quote", {"items": QUOTE})
        reply = await resident.get(f"/v1/cases/{case['case_no']}")
        found: dict[str, Any] = reply.json | {"start_code": case["details"]["start_code"]}
        return found


QUOTE = [{"name": "搬运", "amount_fen": 30000}, {"name": "上楼费", "amount_fen": 6000}]
REQUOTE = {
    "items": [{"name": "换水管", "amount_fen": 12000}],
    "reason": "水管也坏了",
    "if_refused": "leave",
}


async def _moved(who: Person, case_no: str, action: str, form: dict[str, Any]) -> None:
    reply = await who.act(case_no, action, **form)
    assert reply.status == 200, (action, reply.body)


async def open_shop(world: World, capacity: int, service: dict[str, Any]) -> Shop:
    provider_id, service_id, pool_id = unique("provider"), unique("service"), unique("pool")
    category = service.get("category", "cleaning")
    usual: dict[str, Any] = {
        "name": "日常保洁",
        "category": category,
        "summary": "两小时",
        "mode": "slot",
        "price": Price(unit="hour", amount_fen=3500),
        "duration_min": 120,
        "lead_time_min": 60,
        "weekly": ALL_DAY,
        "open_on_holidays": True,
    }
    made = Service(id=service_id, provider_id=provider_id, pool_id=pool_id, **(usual | service))
    people = [
        member(Grant(role="provider", provider_id=provider_id)),
        member(Grant(role="worker", provider_id=provider_id), skills=[category], name="李师傅"),
        member(Grant(role="dispatcher")),
    ]
    await world.put_all(
        {
            CATEGORIES: [Category(id=category, name="保洁", icon="sparkles")],
            PROVIDERS: [Provider(id=provider_id, name="爱洁家政", phone="0477-8300001")],
            POOLS: [Pool(id=pool_id, provider_id=provider_id, name="保洁组", capacity=capacity)],
            SERVICES: [made],
            STAFF: people,
        }
    )
    manager, worker, dispatcher = await asyncio.gather(*(world.sign_in(one.id) for one in people))
    return Shop(
        world=world,
        provider_id=provider_id,
        service_id=service_id,
        pool_id=pool_id,
        category=category,
        manager=manager,
        worker=worker,
        dispatcher=dispatcher,
    )
