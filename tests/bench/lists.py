"""`scripts/bench --lists`: every list of a street with ten thousand cases and of one with a million, in turns.

A list is flat when it costs the large street what it costs the small one. How each was answered is asked of the
database's own profiler, which saw the queries as they were made.
"""

import asyncio
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from schemas.cases import Box
from server.config import Settings
from server.kit import log
from server.kit.mongod import Mongod
from tests.bench.crowd import Crowd, fill
from tests.bench.load import Meter, burst, get
from tests.browser import seal
from tests.faults.street import Street, open_street

RATIO = 1.5
BOXES: tuple[str, ...] = msgspec.inspect.type_info(Box).values  # type: ignore[attr-defined]
ROUNDS = 3
COUNT = 60
FEW = 200
"""So many documents may be looked at whatever comes of it: fewer are of no account."""


class Call(Struct, frozen=True):
    """A list, as somebody asks for it: `who` is a role, of residents everybody in turn."""

    who: str
    path: str
    page: bool = False

    @property
    def name(self) -> str:
        return f"{self.who} {self.path}"

    def request(self, crowd: Crowd, number: int) -> bytes:
        token = (
            crowd.residents[number % len(crowd.residents)]
            if self.who == "resident"
            else crowd.tokens[self.who]
        )
        if not self.page:
            return get(self.path, token)
        cookie = f"Cookie: hoelun_staff={seal(Settings().cookie_key, token, time.time())}\r\n"
        return f"GET {self.path} HTTP/1.1\r\nHost: bench\r\n{cookie}\r\n".encode()


def calls(crowd: Crowd) -> list[Call]:
    """Every list that is asked for."""
    mine = [Call("resident", one) for one in ("/v1/cases", "/v1/inbox", "/v1/waitlist", "/v1/plans")]
    boxes = [
        Call(who, f"/v1/cases?box={box}") for who in ("provider", "dispatcher", "clerk") for box in BOXES
    ]
    others = [Call("worker", "/v1/cases?box=mine"), Call("elder_team", "/v1/cases?box=team")]
    everything = [Call(who, "/v1/cases") for who in ("provider", "dispatcher", "clerk")]
    searches = [
        Call(who, f"/v1/cases?q={quote(q)}")
        for who in ("dispatcher", "clerk")
        for q in (crowd.case_no, crowd.phone[-4:], crowd.phone)
    ]
    counts = [Call(who, "/console/list", page=True) for who in ("provider", "dispatcher", "clerk")]
    ahead = [Call(who, path) for who in ("provider", "dispatcher") for path in ("/v1/waitlist", "/v1/plans")]
    approvals = [
        Call(who, f"/console/approvals{path}", page=True)
        for who in ("clerk", "reviewer")
        for path in ("", "?step=street_review", "/board")
    ]
    approvals.append(Call("reviewer", "/console/approvals/faults", page=True))
    one = [
        Call("operator", f"/v1/residents?phone={crowd.phone}"),
        Call("operator", f"/v1/cases/{crowd.case_no}/history"),
        Call("resident", f"/v1/services/{crowd.service_id}/slots"),
    ]
    return [*mine, *boxes, *others, *everything, *searches, *counts, *ahead, *approvals, *one]


class Look(Struct):
    """One query as the profiler saw it."""

    collection: str
    plan: str
    sorted_in_memory: bool
    examined: int
    keys: int
    returned: int

    @property
    def problems(self) -> list[str]:
        found = []
        if "COLLSCAN" in self.plan:
            found.append("reads the whole collection")
        if self.sorted_in_memory and self.examined > 1:
            found.append("sorts in memory")
        if max(self.examined, self.keys) > max(10 * self.returned, FEW):
            found.append(f"looks at {max(self.examined, self.keys)} for {self.returned}")
        return found


def _look(row: dict[str, Any]) -> Look | None:
    """None for what is no query of ours: the follower's stream, what the profiler itself asks."""
    command = row.get("command", {})
    said = str(command) + str(row.get("originatingCommand", ""))
    collection = row["ns"].partition(".")[2]
    if "$changeStream" in said:
        return None
    if collection.startswith(("system.", "$cmd")) or "planSummary" not in row:
        return None
    limits = [one["$limit"] for one in command.get("pipeline", []) if "$limit" in one]
    return Look(
        collection=collection,
        plan=row["planSummary"],
        sorted_in_memory=bool(row.get("hasSortStage")),
        examined=row.get("docsExamined", 0),
        keys=row.get("keysExamined", 0),
        returned=max([row.get("nreturned", 0), row.get("nMatched", 0), row.get("ndeleted", 0), *limits]),
    )


class Profiler:
    """The queries made between two looks, by the database's own account."""

    def __init__(self, handle: Any) -> None:
        self._handle = handle
        self._seen = 0

    async def __aenter__(self) -> "Profiler":
        await self._handle.command("profile", 0)
        await self._handle.drop_collection("system.profile")
        await self._handle.create_collection("system.profile", capped=True, size=64 << 20)
        await self._handle.command("profile", 2)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._handle.command("profile", 0)

    async def since(self) -> list[Look]:
        rows = await self._handle["system.profile"].find().sort("$natural", 1).to_list(None)
        fresh, self._seen = rows[self._seen :], len(rows)
        return [look for one in fresh if (look := _look(one)) is not None]


def problems(name: str, looks: Iterable[Look]) -> list[str]:
    return [
        f"{name}: {problem} ({look.collection}, {look.plan})" for look in looks for problem in look.problems
    ]


class Row(Struct):
    name: str
    small_us: float
    large_us: float
    small_ms: float
    large_ms: float

    @property
    def ratio(self) -> float:
        return self.large_us / self.small_us

    def line(self) -> str:
        verdict = "flat" if self.ratio <= RATIO else "NOT FLAT"
        return (
            f"{self.name:<58} {self.small_us:8.0f} µs {self.large_us:8.0f} µs  × {self.ratio:4.2f}  {verdict:<8}"
            f"  p50 {self.small_ms:.1f} / {self.large_ms:.1f} ms"
        )


class Measured(Struct):
    """A street with its crowd."""

    street: Street
    crowd: Crowd

    async def cost(self, number: int) -> tuple[float, float]:
        """CPU of server and database for each call in microseconds, and the median time in milliseconds."""
        call, database = calls(self.crowd)[number], self.street.database
        assert isinstance(database, Mongod)
        meter = Meter(self.street.processes.pids("web"), [database.pid])
        ask: Callable[[int], bytes] = lambda which: call.request(self.crowd, which)  # noqa: E731
        spent = await burst(self.street.settings.port, ask, COUNT, meter, clients=4)
        assert set(spent.statuses) == {200}, (call.name, spent.statuses)
        return spent.cpu_us, spent.p50_ms

    async def problems(self) -> list[str]:
        found = []
        meter = Meter([], [])
        async with Profiler(self.street.house.db._handle) as profiler:
            for call in calls(self.crowd):
                request = call.request(self.crowd, 0)
                await burst(self.street.settings.port, lambda _, it=request: it, 1, meter, clients=1)  # type: ignore[misc]
                found += problems(call.name, await profiler.since())
            await self.street.house.worker().run_due()
            worked = problems("the worker", await profiler.since())
            # A month that is added up may read a month; nothing may read everything.
            found += [one for one in worked if "looks at" not in one]
        return found


async def measured(small: Measured, large: Measured) -> list[Row]:
    rows = []
    for number, call in enumerate(calls(large.crowd)):
        costs = [(await small.cost(number), await large.cost(number)) for _ in range(ROUNDS)]
        few = [sum(one[0][part] for one in costs) / ROUNDS for part in (0, 1)]
        many = [sum(one[1][part] for one in costs) / ROUNDS for part in (0, 1)]
        rows.append(Row(call.name, few[0], many[0], few[1], many[1]))
        print(rows[-1].line(), flush=True)
    return rows


async def main(cases: int) -> int:
    """Both streets are filled, then every list is asked of one and the other in turns."""
    log.configure("error", "console")
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory(prefix="hoelun-lists-") as folder:
        few, many = Path(folder, "few"), Path(folder, "many")
        async with (
            open_street(few, web=1, workers=0, idle_s=600) as small,
            open_street(many, web=1, workers=0, idle_s=600) as large,
        ):
            streets = []
            for street, copies in ((small, 0), (large, cases // 10_000 - 1)):
                began = loop.time()
                streets.append(Measured(street, await fill(street.house, copies)))
                await street.house.db._client.admin.command("fsync")
                stored = await street.house.db._handle["cases"].estimated_document_count()
                print(f"{stored} cases in {loop.time() - began:.0f} s", flush=True)
            found = [problem for one in streets for problem in await one.problems()]
            rows = await measured(*streets)
    print("\n".join(found) or "every query reads off an index, and little more than it returns")
    steep = [one for one in rows if one.ratio > RATIO]
    print(
        f"{len(rows) - len(steep)} of {len(rows)} lists are flat; the steepest × {max(r.ratio for r in rows):.2f}"
    )
    return 1 if found or steep else 0
