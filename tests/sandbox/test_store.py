"""A restart loses nothing."""

import asyncio
import json
import socket
import time

import pytest
import requests

from server.sandbox import SandboxConfig, StateUnreadable, make_sandbox, run

from .phone import BOOKED, HandClock
from .test_login import check


def test_people_credits_messages_and_session_keys_survive(phones, tmp_path):
    state = str(tmp_path / "deep" / "state.jsonl")
    before = phones(state_file=state)
    session_key = before.login("o-1")["session_key"]
    before.accept("o-1"), before.accept("o-1")
    before.send("o-1")
    before.control("users", openid="o-2", blocked=True)
    items = before.items("o-1")
    before.close()

    after = phones(state_file=state)
    assert (after.credits("o-1"), after.items("o-1")) == (1, items)
    assert check(after, "o-1", session_key)["errcode"] == 0
    assert after.login("o-2")["errcode"] == 40226
    assert after.send("o-1")["errcode"] == 0
    assert [item["data"] for item in after.items("o-1")] == [BOOKED, BOOKED]


def test_a_change_reaches_the_file_without_a_stop(phones, tmp_path):
    state = tmp_path / "state.jsonl"
    phone = phones(state_file=str(state))
    phone.accept("o-1")
    until = time.monotonic() + 8
    while not state.exists() and time.monotonic() < until:
        time.sleep(0.02)
    assert json.loads(state.read_text("utf-8"))["credits"] == {"tmpl-booking-submitted": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["state.jsonl"]


def test_a_file_that_is_no_state_is_left_alone(tmp_path):
    state = tmp_path / "notes.txt"
    state.write_text("not ours")
    with pytest.raises(StateUnreadable, match=r"notes\.txt"):
        make_sandbox(SandboxConfig(state_file=str(state)), HandClock())
    assert state.read_text() == "not ours"


def test_run_serves_until_told_to_stop_and_saves(tmp_path):
    state = tmp_path / "state.jsonl"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    async def live() -> int:
        stop = asyncio.Event()
        serving = asyncio.create_task(run(SandboxConfig(state_file=str(state)), port, stop=stop))
        body = {"openid": "o-1", "template_id": "tmpl-booking-done", "result": "accept"}
        await asyncio.sleep(0)
        call = asyncio.to_thread(
            requests.post, f"http://127.0.0.1:{port}/_control/subscribe", json=body, timeout=10
        )
        status = (await call).status_code
        stop.set()
        await asyncio.wait_for(serving, 10)
        return status

    assert asyncio.run(live()) == 200
    assert json.loads(state.read_text("utf-8"))["id"] == "o-1"
