"""A client that costs little, and the CPU that others spend answering it."""

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psutil
from msgspec import Struct


class Spent(Struct):
    """Figures of one run; CPU in microseconds for each request, `server` and `database` apart."""

    requests: int
    seconds: float
    server_us: float
    database_us: float
    p50_ms: float
    p99_ms: float
    statuses: dict[int, int]

    @property
    def cpu_us(self) -> float:
        return self.server_us + self.database_us


class Meter:
    """CPU seconds of some processes between two moments."""

    def __init__(self, server: Sequence[int], database: Sequence[int]) -> None:
        self._server = [psutil.Process(pid) for pid in server]
        self._database = [psutil.Process(pid) for pid in database]
        self.server_s = self.database_s = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        before = _cpu(self._server), _cpu(self._database)
        yield
        self.server_s = _cpu(self._server) - before[0]
        self.database_s = _cpu(self._database) - before[1]


def _cpu(processes: Sequence[psutil.Process]) -> float:
    times = [one.cpu_times() for one in processes]
    return float(sum(one.user + one.system for one in times))


async def burst(
    port: int, requests: Callable[[int], bytes], count: int, meter: Meter, clients: int = 32
) -> Spent:
    """`count` requests over `clients` kept connections; `requests(n)` makes the bytes of the n-th."""
    todo = iter(range(count))
    times: list[float] = []
    statuses: dict[int, int] = {}

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in todo:
            began = time.perf_counter()
            writer.write(requests(number))
            status = await _answer(reader)
            times.append(time.perf_counter() - began)
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    began = time.perf_counter()
    with meter.running():
        await asyncio.gather(*(client() for _ in range(clients)))
    seconds = time.perf_counter() - began
    times.sort()
    return Spent(
        requests=count,
        seconds=seconds,
        server_us=meter.server_s / count * 1e6,
        database_us=meter.database_s / count * 1e6,
        p50_ms=times[len(times) // 2] * 1000,
        p99_ms=times[int(len(times) * 0.99)] * 1000,
        statuses=statuses,
    )


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            length = int(line[15:])
    if length:
        await reader.readexactly(length)
    return int(head[9:12])


def get(path: str, token: str = "") -> bytes:
    who = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: bench\r\n{who}\r\n".encode()


def post(path: str, body: bytes, token: str, key: str) -> bytes:
    head = (
        f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\nIdempotency-Key: {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def median(runs: Sequence[Any], of: Callable[[Any], float]) -> float:
    values = sorted(of(one) for one in runs)
    return values[len(values) // 2]
