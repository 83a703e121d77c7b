"""A parent and its children: nobody missed while they are replaced, nobody left when the parent goes."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from tornado.httpclient import AsyncHTTPClient

from server.kit import supervise
from server.kit.supervise import Role, StartFailed, Supervisor

from .waiting import gone, until, until_sync

CHILD = """
import argparse, asyncio, os
from tornado.web import Application, RequestHandler
from server.config import Http
from server.kit import supervise
from server.kit.lifecycle import Lifecycle
from server.kit.serving import serve

LIFECYCLE = Lifecycle()

class Pid(RequestHandler):
    def prepare(self):
        LIFECYCLE.in_flight += 1
    def on_finish(self):
        LIFECYCLE.in_flight -= 1
    async def get(self):
        await asyncio.sleep(float(self.get_argument("takes", "0")))
        self.write(str(os.getpid()))

async def main(arguments):
    stop = asyncio.Event()
    supervise.on_signals(stop)
    sockets = supervise.adopt(arguments.fd)
    application = Application([("/", Pid)], lifecycle=LIFECYCLE)
    await serve(application, sockets, Http(drain_s=5), stop, supervise.announcer(arguments.ready_fd))

parser = argparse.ArgumentParser()
parser.add_argument("--fd", type=int, action="append")
parser.add_argument("--ready-fd", type=int)
asyncio.run(main(parser.parse_args()))
"""


@pytest.fixture
def child(tmp_path: Path) -> Path:
    path = tmp_path / "child.py"
    path.write_text(CHILD)
    return path


def web(child: Path, listening: socket.socket, count: int = 1) -> Role:
    command = [sys.executable, str(child), "--fd", str(listening.fileno())]
    env = {**os.environ, "PYTHONPATH": os.getcwd()}
    return Role(name="web", command=command, count=count, sockets=[listening], env=env)


@asynccontextmanager
async def supervised(child: Path, count: int = 1) -> AsyncIterator[tuple[Supervisor, str]]:
    (listening,) = supervise.listen("127.0.0.1", 0)
    supervisor = Supervisor([web(child, listening, count)])
    await supervisor.start()
    try:
        yield supervisor, f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        await supervisor.stop()
        listening.close()


async def ask(url: str) -> int:
    return int((await AsyncHTTPClient().fetch(url, request_timeout=10)).body)


def test_a_rolling_restart_under_requests_fails_none_of_them(child: Path) -> None:
    async def story() -> None:
        async with supervised(child, count=2) as (supervisor, url):
            before, answered = set(supervisor.pids("web")), list[int]()
            rolling = asyncio.create_task(supervisor.roll(), name="roll")

            async def visitor() -> None:
                while not rolling.done():
                    answered.append(await ask(url + "?takes=0.01"))

            async def loyal_visitor() -> None:
                answered.extend(await keep_asking(url, rolling))

            await asyncio.gather(visitor(), visitor(), visitor(), loyal_visitor(), loyal_visitor(), rolling)
            after = set(supervisor.pids("web"))
            assert before.isdisjoint(after)
            assert len(answered) > 50
            assert before & set(answered) and after & set(answered)

    asyncio.run(story())


async def keep_asking(url: str, until_done: "asyncio.Task[None]") -> list[int]:
    """On one connection as long as the server keeps it, as a proxy or a browser does."""
    answered: list[int] = []
    address = urlsplit(url)
    while not until_done.done():
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        keep = True
        while keep and not until_done.done():
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].split()[0])
            answered.append(int(await reader.readexactly(length)))
            keep = b"connection: close" not in head
            await asyncio.sleep(0.01)
        writer.close()
    return answered


def test_a_dead_child_is_replaced(child: Path) -> None:
    async def story() -> None:
        async with supervised(child) as (supervisor, url):
            (first,) = supervisor.pids("web")
            os.kill(first, signal.SIGKILL)
            await until(lambda: supervisor.pids("web") != [first])
            assert await ask(url) == supervisor.pids("web")[0]

    asyncio.run(story())


def test_stopping_lets_a_request_finish(child: Path) -> None:
    async def story() -> None:
        async with supervised(child) as (supervisor, url):
            slow = asyncio.create_task(ask(url + "?takes=0.7"), name="slow")
            await ask(url)
            (pid,) = supervisor.pids("web")
            await supervisor.stop()
            assert await slow == pid
            assert gone(pid)

    asyncio.run(story())


def test_a_child_that_ends_before_it_is_ready_is_named_with_its_exit_code(child: Path) -> None:
    async def story() -> None:
        (listening,) = supervise.listen("127.0.0.1", 0)
        broken = Role(name="worker", command=[sys.executable, "-c", "raise SystemExit(2)"])
        supervisor = Supervisor([web(child, listening), broken])
        with pytest.raises(StartFailed, match=r"worker\.0 ended with code 2") as caught:
            await supervisor.start()
        assert caught.value.exit_code == 2
        assert all(gone(pid) for pid in supervisor.pids("web"))
        listening.close()

    asyncio.run(story())


def test_a_child_that_cannot_be_replaced_stays(child: Path) -> None:
    async def story() -> None:
        async with supervised(child) as (supervisor, url):
            pids = supervisor.pids("web")
            await asyncio.to_thread(child.write_text, "raise SystemExit(1)")
            await supervisor.roll()
            assert supervisor.pids("web") == pids == [await ask(url)]

    asyncio.run(story())


def test_children_of_a_killed_parent_are_gone(child: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from server.kit.supervise import Role, Supervisor, listen\n"
        "async def main():\n"
        "    (listening,) = listen('127.0.0.1', 0)\n"
        "    command = [sys.executable, sys.argv[1], '--fd', str(listening.fileno())]\n"
        "    supervisor = Supervisor([Role(name='web', command=command, count=2, sockets=[listening])])\n"
        "    await supervisor.start()\n"
        "    print(*supervisor.pids('web'), flush=True)\n"
        "    await asyncio.Event().wait()\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(child)],
        env={**os.environ, "PYTHONPATH": os.getcwd()},
        stdout=subprocess.PIPE,
    )
    assert parent.stdout
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 2
    parent.kill()
    parent.wait()
    until_sync(lambda: all(gone(pid) for pid in pids))


def test_run_rolls_on_reload_and_ends_on_stop(child: Path) -> None:
    async def story() -> None:
        (listening,) = supervise.listen("127.0.0.1", 0)
        supervisor = Supervisor([web(child, listening)])
        stop, reload = asyncio.Event(), asyncio.Event()
        running = asyncio.create_task(supervisor.run(stop, reload), name="run")
        await until(lambda: supervisor.pids("web"))
        first = supervisor.pids("web")
        reload.set()
        await until(lambda: supervisor.pids("web") != first)
        await until(lambda: gone(first[0]))
        stop.set()
        await running
        assert all(gone(pid) for pid in supervisor.pids("web"))
        listening.close()

    asyncio.run(story())
