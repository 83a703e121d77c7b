"""What the tests write down for a while lies in memory, where there is room: databases above all, which wait for the
disk at every commit. Processes are killed in these tests, never the machine, and to a process both are the same."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil

RAM = Path("/dev/shm")
ROOM = 4 << 30
"""For the databases of a few test processes and demos, each with its journal."""

_NAME = "hoelun-test."


def keep_what_is_temporary() -> Callable[[], None]:
    """From now on, here and in every process started from here; returns what puts an end to it."""
    if "TMPDIR" in os.environ or not _roomy():
        return _nothing
    _tidy()
    folder = RAM / f"{_NAME}{os.getpid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = None

    def end() -> None:
        del os.environ["TMPDIR"]
        tempfile.tempdir = None
        shutil.rmtree(folder, ignore_errors=True)

    return end


def _roomy() -> bool:
    if not os.access(RAM, os.W_OK):
        return False
    return min(psutil.disk_usage(str(RAM)).free, psutil.virtual_memory().available) >= ROOM


def _tidy() -> None:
    """What a run that was killed has left."""
    for left in RAM.glob(f"{_NAME}*"):
        if not psutil.pid_exists(int(left.name.removeprefix(_NAME))):
            shutil.rmtree(left, ignore_errors=True)


def _nothing() -> None: ...
