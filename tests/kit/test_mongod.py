"""The embedded database as a neighbour: private, persistent, hard to kill, and never left behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from server.kit import mongod

from .waiting import gone, until, until_sync

Things = Any


async def using(url: str, work: Callable[[Things], Awaitable[Any]]) -> Any:
    async with AsyncMongoClient(url, serverSelectionTimeoutMS=10_000) as client:
        return await work(client["test"]["things"])


async def write(url: str, name: str) -> None:
    await using(url, lambda things: things.insert_one({"_id": name}))


async def names(url: str) -> list[str]:
    found: list[str] = await using(url, lambda things: things.distinct("_id"))
    return found


@pytest.fixture(scope="module")
def database(folder: Path) -> Iterator[mongod.Mongod]:
    one = asyncio.run(mongod.start(folder))
    yield one
    asyncio.run(one.stop())


def test_two_databases_side_by_side_do_not_meet(database: mongod.Mongod, tmp_path: Path) -> None:
    async def story() -> None:
        async with mongod.running(tmp_path) as other:
            await asyncio.gather(write(database.url, "here"), write(other.url, "there"))
            assert other.port != database.port
            assert "there" not in await names(database.url)
            assert await names(other.url) == ["there"]

    asyncio.run(story())


def test_transactions_work_from_the_start(database: mongod.Mongod) -> None:
    async def story() -> None:
        async with AsyncMongoClient(database.url) as client:
            async with client.start_session() as session, await session.start_transaction():
                await client["test"]["moves"].insert_one({"_id": 1}, session=session)
            assert await client["test"]["moves"].count_documents({}) == 1

    asyncio.run(story())


def test_a_restart_keeps_the_data_though_the_port_changes(tmp_path: Path) -> None:
    async def story() -> None:
        async with mongod.running(tmp_path) as first:
            await write(first.url, "kept")
        async with mongod.running(tmp_path) as second:
            assert second.port != first.port
            assert await names(second.url) == ["kept"]

    asyncio.run(story())


def test_a_directory_in_use_is_refused_at_once(database: mongod.Mongod) -> None:
    with pytest.raises(mongod.DirectoryInUse, match=rf"in use by process {os.getpid()}"):
        asyncio.run(mongod.start(database.data_dir))


def test_a_port_in_use_is_refused(tmp_path: Path) -> None:
    with socket.create_server((mongod.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(mongod.PortInUse, match=str(port)):
            asyncio.run(mongod.start(tmp_path, port=port))


def test_a_killed_database_comes_back_on_the_same_port_with_its_data(tmp_path: Path) -> None:
    async def story() -> None:
        async with mongod.running(tmp_path) as one:
            await write(one.url, "acknowledged")
            pid, port = one.pid, one.port
            os.kill(pid, signal.SIGKILL)
            await until(lambda: one.pid != pid)
            assert await names(one.url) == ["acknowledged"]
            assert one.port == port

    asyncio.run(story())


def test_a_killed_parent_leaves_no_database_behind(tmp_path: Path) -> None:
    script = (
        "import asyncio, pathlib, sys\n"
        "from server.kit import mongod\n"
        "async def main():\n"
        "    one = await mongod.start(pathlib.Path(sys.argv[1]))\n"
        "    print(one.pid, file=sys.stderr, flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stderr=subprocess.PIPE)
    assert parent.stderr
    pid = int(parent.stderr.readline())
    assert not gone(pid)
    parent.kill()
    parent.wait()
    until_sync(lambda: gone(pid))


def test_an_address_that_is_given_needs_no_database_of_our_own(tmp_path: Path) -> None:
    async def story() -> str:
        async with mongod.address("mongodb://elsewhere/", tmp_path / "unused") as url:
            return url

    assert asyncio.run(story()) == "mongodb://elsewhere/"
    assert not (tmp_path / "unused").exists()


def test_a_mongod_on_the_path_comes_before_the_packaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert mongod.find_binary().endswith("fiftyone/db/bin/mongod")
    (tmp_path / "mongod").touch(mode=0o755)
    assert mongod.find_binary() == str(tmp_path / "mongod")


def test_a_database_that_cannot_start_says_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "mongod"
    fake.write_text(f"#!/bin/sh\necho 'disk is on fire' > {tmp_path}/data/mongod.log\nexit 1\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent), prepend=os.pathsep)
    with pytest.raises(mongod.MongodError, match="disk is on fire"):
        asyncio.run(mongod.start(tmp_path / "data"))
