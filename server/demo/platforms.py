"""The sandbox as a process of the demo: on an inherited socket, so that a restart loses no call to it."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from server.config import Settings
from server.demo import company, dues, purse, street
from server.kit.clock import clock_of, today
from server.kit.serving import serve
from server.sandbox import SandboxConfig, make_sandbox

IDLE_S = 75.0
"""As long as the real platforms keep an idle connection, about; the gateways reuse theirs."""


async def run(
    settings: Settings, sockets: Sequence[socket.socket], stop: asyncio.Event, ready: Callable[[], None]
) -> None:
    """Serve until `stop`; what it remembers is in `<data_dir>/sandbox.jsonl` when this returns.

    Raises RealCredentials beside anything but example credentials, and StateUnreadable.
    """
    made_up = await asyncio.to_thread(street.read)
    keys = await asyncio.to_thread(purse.keys, settings)
    clock = clock_of(settings.clock_file)
    config = SandboxConfig(
        appid=settings.wechat.appid,
        secret=settings.wechat.secret,
        corpid=settings.wecom.corpid,
        agentid=settings.wecom.agentid,
        corpsecret=settings.wecom.secret,
        web_base=f"http://{settings.host}:{settings.port}",
        callback_url=f"http://127.0.0.1:{settings.port}/wecom/callback",
        token=settings.wecom.token,
        encoding_aes_key=settings.wecom.encoding_aes_key,
        mini_callback_url=f"http://127.0.0.1:{settings.port}/wechat/callback",
        mini_token=settings.wechat.token,
        mini_encoding_aes_key=settings.wechat.encoding_aes_key,
        state_file=str(state_file(settings)),
        members=company.members(made_up),
        departments=company.departments(made_up),
        tags=company.tags(),
        pay=keys,
        dues=dues.every(today(clock.now())),
        sms=purse.account(settings),
    )
    sandbox = make_sandbox(config, clock)
    try:
        http = msgspec.structs.replace(settings.http, idle_s=IDLE_S)
        await serve(sandbox.application, sockets, http, stop, ready)
    finally:
        sandbox.close()


def state_file(settings: Settings) -> Path:
    return Path(settings.data_dir, "sandbox.jsonl")
