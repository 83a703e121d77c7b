"""`scripts/bench`: our endpoints against the bare parts, measured in turns in one run, as ratios of CPU.

Absolute times say something about the machine; a ratio of two things measured side by side says something about us.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
from msgspec import Struct

from server.kit import log, supervise, tether
from tests.bench import lists, sockets, transfers
from tests.bench.load import Meter, Spent, burst, get, median, post
from tests.faults.street import HORIZON, Street, open_street, wish

ROUNDS = 5
Say = Callable[[str], None]


class Row(Struct):
    """One target: what was measured, against what, and what must be reached (`must` in the row's own direction)."""

    what: str
    against: str
    figure: float
    must: float
    unit: str = "×"
    at_most: bool = False

    @property
    def holds(self) -> bool:
        return self.figure <= self.must if self.at_most else self.figure >= self.must

    def line(self) -> str:
        sign = "≤" if self.at_most else "≥"
        verdict = "reached" if self.holds else "MISSED"
        return f"{self.what:<34} {self.figure:8.2f} {self.unit:<3} {sign} {self.must:<6} {verdict:<8} {self.against}"


class Bench:
    """One web process, one mongod, and the bare parts beside them."""

    def __init__(self, street: Street, mongod_pid: int, scale: float) -> None:
        self.mongod_pid = mongod_pid
        self.street = street
        self.scale = scale
        self.port = street.settings.port
        self.rows: list[Row] = []

    def meter(self) -> Meter:
        return Meter(self.street.processes.pids("web"), [self.mongod_pid])

    def count(self, usual: int) -> int:
        return max(int(usual * self.scale), 64)

    async def ours(self, request: bytes, usual: int) -> Spent:
        spent = await burst(self.port, lambda _: request, self.count(usual), self.meter())
        assert set(spent.statuses) == {200}, spent.statuses
        return spent

    async def reads(self, token: str, service_id: str) -> None:
        """Catalogue and availability against the bare handler, in turns."""
        async with _child("tests.bench.bare_http") as (port, pid):
            bare, catalogue, slots = [], [], []
            for _ in range(ROUNDS):
                meter = Meter([pid], [self.mongod_pid])
                bare.append(await burst(port, lambda _: get("/"), self.count(4000), meter))
                catalogue.append(await self.ours(get("/v1/services", token), 4000))
                slots.append(await self.ours(get(f"/v1/services/{service_id}/slots", token), 4000))
        self._capacity("catalogue, authenticated", bare, catalogue)
        self._capacity("availability, 14 days", bare, slots)

    def _capacity(self, what: str, bare: list[Spent], ours: list[Spent]) -> None:
        mine, theirs = median(ours, lambda one: one.cpu_us), median(bare, lambda one: one.server_us)
        self.rows.append(Row(what, f"bare handler {theirs:.0f} µs, ours {mine:.0f} µs", theirs / mine, 0.8))

    async def lists(self, tokens: list[str]) -> None:
        """My cases, of everybody in turn, against the same list by FastAPI."""
        await self._fill(tokens)
        settings = self.street.settings
        async with _child("tests.bench.fastapi_baseline", settings.mongo_url, settings.database) as (
            port,
            pid,
        ):
            peer, ours = [], []
            asked = [get("/v1/cases?limit=20", token) for token in tokens]
            for _ in range(ROUNDS):
                meter = Meter([pid], [self.mongod_pid])
                count = self.count(800)
                peer.append(await burst(port, lambda number: asked[number % len(asked)], count, meter))
                mine = self.meter()
                ours.append(await burst(self.port, lambda number: asked[number % len(asked)], count, mine))
        assert set(ours[0].statuses) == {200}, ours[0].statuses
        assert set(peer[0].statuses) == {200}, peer[0].statuses
        theirs, mine = median(peer, lambda one: one.cpu_us), median(ours, lambda one: one.cpu_us)
        self.rows.append(
            Row("my cases (20)", f"FastAPI {theirs:.0f} µs, ours {mine:.0f} µs", theirs / mine, 1.4)
        )

    async def _fill(self, tokens: list[str]) -> None:
        """Twenty-four cases for everybody."""
        service_id = await self.street.service("mine", capacity=len(tokens))
        await self._know(tokens[0], [service_id])
        starts = [self.street.start(hour, 0, day) for hour in range(8, 20) for day in (1, 2)]

        async def fill(token: str) -> None:
            for start in starts:
                body = wish(service_id, start)
                await self.street.insist("POST", "/v1/bookings", body, token=token, key=f"mine-{start}")

        await asyncio.gather(*(fill(token) for token in tokens))

    async def bookings(self, tokens: list[str]) -> None:
        """Uniform bookings against the bare transaction, then all on one slot."""
        bare, uniform, hot = [], [], []
        for number in range(ROUNDS):
            bare.append(await self._bare_transaction())
            uniform.append(await self._book(tokens, f"uniform-{number}", spread=True))
            hot.append(await self._book(tokens, f"hot-{number}", spread=False))
        theirs, mine = median(bare, float), median(uniform, lambda one: one.cpu_us)
        self.rows.append(
            Row(
                "book, uniform, 32 clients",
                f"4-write transaction {theirs:.0f} µs, ours {mine:.0f} µs",
                theirs / mine,
                0.7,
            )
        )
        rate = median(hot, lambda one: one.requests / one.seconds) / median(
            uniform, lambda one: one.requests / one.seconds
        )
        self.rows.append(Row("book, one hot slot: rate", "own uniform rate", rate, 0.5))
        p99 = median(hot, lambda one: one.p99_ms)
        self.rows.append(Row("book, one hot slot: p99", "32 clients", p99, 250, "ms", at_most=True))
        errors = sum(count for one in hot for status, count in one.statuses.items() if status != 201)
        self.rows.append(Row("book, one hot slot: errors", "all rounds", errors, 0, "", at_most=True))

    async def _bare_transaction(self) -> float:
        count = self.count(600)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.bare_driver", self.street.settings.mongo_url, str(count),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        meter = Meter([], [self.mongod_pid])
        with meter.running():
            output, _ = await process.communicate()
        print(f"bare transaction: {float(output):.0f} + {meter.database_s / count * 1e6:.0f} µs", flush=True)
        return float(output) + meter.database_s / count * 1e6

    async def _book(self, tokens: list[str], name: str, *, spread: bool) -> Spent:
        count = self.count(600)
        services = [
            await self.street.service(f"{name}-{number}", count) for number in range(20 if spread else 1)
        ]
        await self._know(tokens[0], services)
        times = [(day, hour) for day in range(1, HORIZON) for hour in range(8, 20)] if spread else [(1, 10)]

        def request(number: int) -> bytes:
            day, hour = times[(number // len(services)) % len(times)]
            body = json.dumps(
                wish(services[number % len(services)], self.street.start(hour, 0, day))
            ).encode()
            return post("/v1/bookings", body, tokens[number % len(tokens)], f"{name}-{number}")

        prepared = [request(number) for number in range(count)]
        return await burst(self.port, prepared.__getitem__, count, self.meter())

    async def _know(self, token: str, services: list[str]) -> None:
        for service_id in services:
            async with asyncio.timeout(10):
                while (await self.street.ask("GET", f"/v1/services/{service_id}", token=token)).status != 200:
                    await asyncio.sleep(0.01)

    async def idle(self, connections: int) -> None:
        """What an idle connection costs."""
        web = psutil.Process(self.street.processes.pids("web")[0])
        before = web.memory_info().rss
        opened = []
        for _ in range(connections):
            opened.append(await asyncio.open_connection("127.0.0.1", self.port))
        await self.street.ask("GET", "/health/live")
        each = (web.memory_info().rss - before) / connections / 1024
        for _, writer in opened:
            writer.close()
        self.rows.append(Row("idle connection", f"{connections} open", each, 12, "KB", at_most=True))


@asynccontextmanager
async def _child(module: str, *arguments: str) -> AsyncIterator[tuple[int, int]]:
    """A bare part on a port of its own, answering."""
    listening = supervise.listen("127.0.0.1", 0)[0]
    descriptor, port = listening.fileno(), listening.getsockname()[1]
    command = [sys.executable, "-m", module, str(descriptor), *arguments]
    child = tether.spawn(command, env=dict(os.environ), pass_fds=[descriptor], output=None)
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("/docs"))
        await reader.readuntil(b"\r\n\r\n")
        writer.close()
        yield port, child.pid
    finally:
        await tether.end(child, 5)
        listening.close()


async def main(scale: float, idle: int) -> int:
    log.configure("error", "console")
    with tempfile.TemporaryDirectory(prefix="hoelun-bench-") as folder:
        async with open_street(Path(folder), web=1, workers=0, idle_s=600) as street:
            await street.house.db.follower.close()
            bench = Bench(street, await street.database_pid(), scale)
            tokens = await street.residents(32, "bench")
            for number in range(25):
                service_id = await street.service(f"catalogue-{number}", capacity=5)
            await bench._know(tokens[0], [service_id])
            await bench.reads(tokens[0], service_id)
            await bench.lists(tokens)
            await bench.bookings(tokens)
            await bench.idle(idle)
    print("\n".join(row.line() for row in bench.rows))
    return 0 if all(row.holds for row in bench.rows) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="more or fewer requests than usual")
    parser.add_argument("--idle", type=int, default=5000, help="idle connections to open")
    parser.add_argument(
        "--lists", action="store_true", help="lists of many cases against those of few, alone"
    )
    parser.add_argument(
        "--transfers",
        action="store_true",
        help="transfers of the ledger against the bare driver's writes, alone",
    )
    parser.add_argument("--sockets", action="store_true", help="cars followed on open lines, alone")
    parser.add_argument("--rides", type=int, default=500, help="how many cars are followed")
    parser.add_argument("--seconds", type=int, default=20, help="for how long")
    parser.add_argument("--web", type=int, default=2, help="how many processes serve them")
    parser.add_argument("--cases", type=int, default=1_000_000, help="how many cases are many")
    given = parser.parse_args()
    if given.transfers:
        sys.exit(asyncio.run(transfers.main(given.scale)))
    if given.sockets:
        sys.exit(asyncio.run(sockets.main(given.rides, given.seconds, given.web)))
    sys.exit(asyncio.run(lists.main(given.cases) if given.lists else main(given.scale, given.idle)))
