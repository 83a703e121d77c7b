"""Child processes that never outlive the process that started them, not even after its `kill -9`.

The kernel is asked (PR_SET_PDEATHSIG) to kill the child when its parent dies. The parent must start it from
its main thread: the kernel watches the thread that forked, not the process. Run as a program, this file ties
itself to its parent and then becomes the command it was given: so nothing of ours runs between fork and exec,
where a process with threads may lock up.
"""

import asyncio
import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

_PR_SET_PDEATHSIG = 1


def spawn(
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    pass_fds: Sequence[int] = (),
    output: IO[bytes] | int | None = None,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own (a Ctrl-C reaches only us), to be killed when we die.

    `output` takes both standard output and error; None leaves ours. RuntimeError outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("child processes die with the thread that starts them: use the main thread")
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(Path(__file__).resolve()), str(os.getpid()), *command],
        env=None if env is None else dict(env),
        pass_fds=pass_fds,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


async def exited(process: subprocess.Popen[bytes]) -> int:
    """Wait for the end of `process` on any event loop, without a thread; returns its exit code."""
    if process.poll() is None:
        loop = asyncio.get_running_loop()
        gone = asyncio.Event()
        descriptor = os.pidfd_open(process.pid)
        loop.add_reader(descriptor, gone.set)
        try:
            await gone.wait()
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)
    return process.wait()


async def end(process: subprocess.Popen[bytes], patience_s: float) -> int:
    """SIGTERM, then SIGKILL when it is still there after `patience_s`; returns its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(patience_s):  # wait_for of 3.11 can lose a cancellation
                return await exited(process)
        except TimeoutError:
            process.kill()
    return await exited(process)


def _tie(parent: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before we could ask
        sys.exit(1)


if __name__ == "__main__":
    _tie(int(sys.argv[1]))
    os.execvp(sys.argv[2], sys.argv[2:])
