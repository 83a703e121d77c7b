"""`python -m server demo` as a newcomer meets it: what it prints works when pasted, and it leaves nothing behind."""

import json
import re
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from .demos import COMMAND, Demo, environ
from .kit.waiting import until_sync

FIVE = 5
"""Submitted, confirmed, assigned, started, done."""


@pytest.fixture(scope="module")
def data_dir(folder: Path) -> Path:
    return folder


@pytest.fixture(scope="module")
def demo(data_dir: Path) -> Iterator[Demo]:
    one = Demo(data_dir)
    yield one
    if one.process.poll() is None:
        one.process.kill()


def test_every_line_it_prints_works_when_pasted(demo: Demo) -> None:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", demo.lines_to_try()], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert '"error"' not in done.stdout
    assert re.search(r"^HB-\d{8}-\d+  日常保洁", done.stdout, re.MULTILINE)
    phone = re.search(r"(http://\S+)/messages/(demo-resident-001)", demo.printed)
    assert phone
    until_sync(lambda: len(messages(phone[1], phone[2])) == FIVE)


def messages(sandbox: str, openid: str) -> list[object]:
    with urlopen(f"{sandbox}/_control/messages?openid={openid}", timeout=5) as reply:
        items: list[object] = json.load(reply)["items"]
        return items


def test_a_second_demo_on_the_same_data_is_told_who_is_there(demo: Demo, data_dir: Path) -> None:
    done = subprocess.run(COMMAND, env=environ(data_dir), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert f"in use by process {demo.process.pid}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_somebody_insisted_on_and_that_is_taken_is_an_error(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            COMMAND, env=environ(tmp_path, HOELUN_PORT=port), capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in done.stderr


def test_ctrl_c_stops_all_of_it_and_the_next_start_goes_on_with_the_data(demo: Demo, data_dir: Path) -> None:
    assert "kept in" in demo.stop()
    again = Demo(data_dir)
    assert "made-up people" in demo.printed
    assert "made-up people" not in again.printed
    again.stop()
