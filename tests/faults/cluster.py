"""A replica set of three on this machine, whose members are killed and come back: elections for real."""

import asyncio
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from server.kit import tether
from server.kit.mongod import HOST, find_binary
from tests.faults.network import Fault, Line

NAME = "faults"
PARAMETERS = (
    "transactionLifetimeLimitSeconds=4",
    "oplogNetworkTimeoutBufferSeconds=1",
    "oplogRetriedFindMaxSeconds=1",
    "diagnosticDataCollectionEnabled=false",
)
SETTINGS = {"electionTimeoutMillis": 1000, "heartbeatTimeoutSecs": 2, "heartbeatIntervalMillis": 500}


class Member:
    """One mongod of the set; `keep` starts it again whenever it dies."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        with socket.create_server((HOST, 0)) as free:
            self.port: int = free.getsockname()[1]
        self.line = Line(self.port)
        self.process = self._spawned()

    def _spawned(self) -> subprocess.Popen[bytes]:
        command = [
            find_binary(),
            *("--dbpath", str(self.folder), "--bind_ip", HOST, "--port", str(self.port), "--nounixsocket"),
            *("--replSet", NAME, "--oplogSize", "256", "--wiredTigerCacheSizeGB", "0.5", "--quiet"),
            *("--logpath", str(self.folder / "mongod.log"), "--logappend"),
            *(word for one in PARAMETERS for word in ("--setParameter", one)),
        ]
        return tether.spawn(command, output=subprocess.DEVNULL)

    async def keep(self) -> None:
        while True:
            await tether.exited(self.process)
            await asyncio.sleep(0.2)
            self.process = self._spawned()

    def client(self) -> AsyncMongoClient[dict[str, Any]]:
        return AsyncMongoClient(HOST, self.port, directConnection=True, serverSelectionTimeoutMS=500)


class Cluster:
    def __init__(self, members: list[Member]) -> None:
        self.members = members

    @property
    def url(self) -> str:
        return f"mongodb://{','.join(f'{HOST}:{one.line.port}' for one in self.members)}/?replicaSet={NAME}"

    async def pid(self) -> int:
        """The primary's process, waited for while there is none."""
        return (await self.primary()).process.pid

    async def primary(self) -> Member:
        while True:
            for member in self.members:
                if await self._leads(member):
                    return member
            await asyncio.sleep(0.05)

    def isolate(self, member: Member, fault: Fault) -> None:
        """Nobody hears it, and it hears nobody."""
        member.line.break_off(fault)
        for other in self.members:
            if other is not member:
                other.line.cut_off(member.port, fault)

    def part(self, fault: Fault) -> None:
        """The set is well, and the clients cannot reach it."""
        for member in self.members:
            member.line.break_off(fault, members_too=False)

    def slow_down(self, seconds: float) -> None:
        for member in self.members:
            member.line.delay_s = seconds

    def mend(self) -> None:
        for member in self.members:
            member.line.mend()

    def _member_of(self, port: int) -> int | None:
        """The member whose end of a connection has this port."""
        for member in self.members:
            with suppress(psutil.Error):
                ends = psutil.Process(member.process.pid).net_connections("tcp4")
                if any(one.laddr.port == port for one in ends):
                    return member.port
        return None

    async def _leads(self, member: Member) -> bool:
        try:
            async with member.client() as client:
                return bool((await client.admin.command("hello")).get("isWritablePrimary"))
        except PyMongoError:
            return False

    async def initiate(self) -> None:
        for one in self.members:
            one.line.member_of = self._member_of
            await one.line.open()
        members = [
            {"_id": number, "host": f"{HOST}:{one.line.port}"} for number, one in enumerate(self.members)
        ]
        config = {"_id": NAME, "members": members, "settings": SETTINGS}
        for member in self.members:
            await self._until_up(member)
        async with self.members[0].client() as client:
            await client.admin.command("replSetInitiate", config)
        await self.pid()

    async def _until_up(self, member: Member) -> None:
        while True:
            try:
                async with member.client() as client:
                    await client.admin.command("ping")
                    return
            except PyMongoError:
                await asyncio.sleep(0.05)

    async def hashes(self, database: str) -> list[str]:
        """Each member's digest of the database, once all of it has reached all of them."""
        async with AsyncMongoClient(self.url, w=3) as client:
            await client[database]["settled"].insert_one({})
        digests = []
        for member in self.members:
            async with member.client() as client:
                digests.append((await client[database].command("dbHash"))["md5"])
        return digests


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Cluster]:
    """Three members, initiated, kept alive, and gone afterwards."""
    cluster = Cluster([Member(folder / f"member-{number}") for number in range(3)])
    keepers: list[asyncio.Task[None]] = []
    try:
        await cluster.initiate()
        keepers = [asyncio.create_task(one.keep(), name="member") for one in cluster.members]
        yield cluster
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        # Killed: a primary that is asked to go first waits ten seconds for somebody to take over.
        for one in cluster.members:
            one.process.kill()
        await asyncio.gather(*(tether.exited(one.process) for one in cluster.members))
        await asyncio.gather(*(one.line.close() for one in cluster.members))
