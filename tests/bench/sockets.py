"""`scripts/bench --sockets`: so many rides, each with a driver who reports every second and a passenger on a line.

How long it takes from a report's being accepted until the passenger has it, at whichever process either of them is, and
what a message costs. The lines are read and the reports sent by this process, which is not counted.
"""

import asyncio
import json
import os
import re
import tempfile
import time
from pathlib import Path

from msgspec import Struct

from schemas.drivers import Vehicle
from schemas.staff import Grant
from server import sessions
from server.app import House
from server.cases import CASES, Case
from server.drivers import DRIVERS, Driver
from server.kit import log
from server.kit.db import Tx
from server.sessions import SESSIONS
from server.staff import STAFF, Staff
from tests.bench.load import Meter
from tests.faults.street import Street, open_street

WARM_S = 3
P99_MS = 1000
LNG, LAT, STEP = 109.98, 39.82, 0.00005
_LAT = re.compile(rb'"lat":([0-9.]+)')


class Seat(Struct):
    """One ride: who drives, who waits, and when the report under way was sent and accepted."""

    case_no: str
    driver: str
    passenger: str
    number: int = 0
    sent: float = 0.0
    accepted: float = 0.0
    heard: float = 0.0

    @property
    def lat(self) -> float:
        return round(LAT + self.number * STEP, 6)


class Seen(Struct):
    """Milliseconds from sending and from accepting to hearing; how many reports were refused or never heard of."""

    sent: list[float] = []
    accepted: list[float] = []
    messages: int = 0
    refused: int = 0
    lost: int = 0


async def _seats(house: House, count: int) -> list[Seat]:
    now = house.db.now()

    def session(kind: sessions.Kind, actor_id: str) -> str:
        made, token = sessions._new(kind, actor_id, now, sessions._SEEN_EVERY * 600, sessions.NOWHERE)
        rows.append(made)
        return token

    rows: list[sessions.Session] = []
    seats = [
        Seat(f"DC-bench-{one:05}", session("staff", f"driver-{one}"), session("resident", f"resident-{one}"))
        for one in range(count)
    ]
    vehicle = Vehicle(plate="蒙K12345", model="轿车", colour="白色")
    drive = [Grant(role="driver", provider_id="provider-faults")]
    people = [Staff(id=f"driver-{one}", name="张强", grants=drive, skills=[]) for one in range(count)]
    cars = [
        Driver(id=f"driver-{one}", on_duty=True, vehicle=vehicle, ride_no=seat.case_no)
        for one, seat in enumerate(seats)
    ]

    async def stored(tx: Tx) -> None:
        await tx.put_all(SESSIONS, rows)
        await tx.put_all(DRIVERS, cars)
        await tx.put_all(CASES, [_ride(one, number, now) for number, one in enumerate(seats)])

    await house.db.alone(stored)
    await house.db.atomically(lambda tx: tx.put_all(STAFF, people))
    return seats


def _ride(seat: Seat, number: int, now: object) -> Case:
    stop = {"text": "示例", "point": [LNG, LAT]}
    facts: dict[str, object] = {
        "id": seat.case_no,
        "due_at": None,
        "kind": "ride",
        "title": "打车",
        "state": "accepted",
        "version": 1,
        "open": True,
        "channel": "mini_program",
        "resident_id": f"resident-{number}",
        "resident_name": "",
        "opened_by": "",
        "community_id": None,
        "compound_id": None,
        "worker_id": f"driver-{number}",
        "created_at": now,
        "updated_at": now,
        "phone": "",
        "phone_tail": "",
        "details": {"pickup": stop, "dropoff": stop, "driver": {"id": f"driver-{number}"}},
    }
    return Case(**facts)  # type: ignore[arg-type]


async def _follow(port: int, seat: Seat, seen: Seen) -> asyncio.StreamWriter:
    """Opens the line; what comes down it is read until it ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"GET /v1/rides/{seat.case_no}/live HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {seat.passenger}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    if b" 101 " not in head.split(b"\r\n", 1)[0]:
        raise RuntimeError(head.decode())
    seat_task = asyncio.create_task(_read(reader, writer, seat, seen), name="line")
    _READING.add(seat_task)
    seat_task.add_done_callback(_READING.discard)
    return writer


_READING: set[asyncio.Task[None]] = set()


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seat: Seat, seen: Seen) -> None:
    try:
        while True:
            first, length = await reader.readexactly(2)
            if length == 126:
                length = int.from_bytes(await reader.readexactly(2), "big")
            body = await reader.readexactly(length)
            if first == 0x89:
                writer.write(b"\x8a\x80" + os.urandom(4))
            elif first == 0x81:
                _heard(body, seat, seen)
    except (asyncio.IncompleteReadError, ConnectionError):
        return


def _heard(body: bytes, seat: Seat, seen: Seen) -> None:
    seen.messages += 1
    found = _LAT.search(body)
    if found is None or seat.heard or float(found[1]) != seat.lat:
        return
    seat.heard = time.perf_counter()
    _count(seat, seen)


def _count(seat: Seat, seen: Seen) -> None:
    """Once it is known both when it was accepted and when it was heard; what is heard first was there at once."""
    if seat.heard and seat.accepted:
        seen.sent.append((seat.heard - seat.sent) * 1000)
        seen.accepted.append(max(seat.heard - seat.accepted, 0.0) * 1000)


async def _report(port: int, seat: Seat, seen: Seen, until: float, offset: float) -> None:
    """Every second, on one kept connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    next_at = time.perf_counter() + offset
    while next_at < until:
        await asyncio.sleep(max(next_at - time.perf_counter(), 0))
        if seat.number and not seat.heard:
            seen.lost += 1
        seat.number, seat.accepted, seat.heard = seat.number + 1, 0.0, 0.0
        body = json.dumps({"spot": {"lng": LNG, "lat": seat.lat}, "heading": 0}).encode()
        seat.sent = time.perf_counter()
        writer.write(
            f"PUT /v1/driver/position HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {seat.driver}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 204 " in head.split(b"\r\n", 1)[0]:
            seat.accepted = time.perf_counter()
            _count(seat, seen)
        else:
            seen.refused += 1
            length = re.search(rb"Content-Length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
        next_at = max(next_at + 1, time.perf_counter() + 0.05)
    writer.close()


async def _measured(street: Street, seats: list[Seat], seconds: int) -> Seen:
    port, seen = street.settings.port, Seen()
    lines = [await _follow(port, one, seen) for one in seats]
    web = street.processes.pids("web")
    begun = time.perf_counter()
    meter = Meter(web, [await street.database_pid()])

    async def all_of_them(until: float) -> None:
        each = 1 / len(seats)
        await asyncio.gather(
            *(_report(port, one, seen, until, number * each) for number, one in enumerate(seats))
        )

    await all_of_them(begun + WARM_S)
    seen.sent, seen.accepted, seen.messages, seen.refused, seen.lost = [], [], 0, 0, 0
    for one in seats:
        one.heard = one.heard or 1.0
    begun = time.perf_counter()
    with meter.running():
        await all_of_them(begun + seconds)
        took = time.perf_counter() - begun
        await asyncio.sleep(1)
    for one in lines:
        one.close()
    _tell(seen, meter, len(seats), len(web), took)
    return seen


def _tell(seen: Seen, meter: Meter, count: int, web: int, took: float) -> None:
    def at(times: list[float], part: float) -> float:
        times.sort()
        return times[min(int(len(times) * part), len(times) - 1)]

    reports = max(len(seen.accepted), 1)
    print(f"{count} lines, {web} web processes, {took:.0f} s, load {os.getloadavg()[0]:.1f}")
    print(f"reports {reports} ({reports / took:.0f} a second), messages {seen.messages}")
    print(f"refused {seen.refused}, overtaken by the next one {seen.lost}")
    for name, times in (("accepted → heard", seen.accepted), ("sent → heard", seen.sent)):
        print(
            f"{name}: p50 {at(times, 0.5):.0f} ms, p99 {at(times, 0.99):.0f} ms, most {at(times, 1):.0f} ms"
        )
    server, database = meter.server_s / reports * 1e6, meter.database_s / reports * 1e6
    print(f"CPU for each report with its message: server {server:.0f} µs, database {database:.0f} µs")


async def main(count: int, seconds: int, web: int) -> int:
    log.configure("error", "console")
    with tempfile.TemporaryDirectory(prefix="hoelun-bench-") as folder:
        async with open_street(Path(folder), web=web, workers=0, idle_s=600) as street:
            seats = await _seats(street.house, count)
            await street.house.db.follower.close()
            await asyncio.sleep(1)
            seen = await _measured(street, seats, seconds)
    late = sorted(seen.accepted)[int(len(seen.accepted) * 0.99)] if seen.accepted else float("inf")
    return 0 if late <= P99_MS and not seen.refused else 1
