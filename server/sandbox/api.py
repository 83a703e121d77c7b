"""How a platform call is described and answered: method, token, quota, body, then the work, spoilt by faults.

An Api is the description; its `work` is a plain function from the call to the answer.
Business errors are HTTP 200.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct
from tornado.web import RequestHandler

from .errors import Refused, corp_message, mini_message
from .faults import Fault
from .world import World

Method = Literal["GET", "POST"]


class Call(Struct, frozen=True):
    query: dict[str, str]
    body: dict[str, Any]
    address: str


class Picture(Struct, frozen=True):
    """An answer that is not JSON."""

    data: bytes
    content_type: str


Answer = dict[str, Any] | Picture
Work = Callable[[World, Call], Answer]


class Api(Struct, frozen=True, kw_only=True):
    """`bad_body` is the code for a body that is no JSON object; `one_at_a_time` names the body field with the
    person who must not be sent two things at once; what succeeds is not counted where it is `free`."""

    path: str
    method: Method
    work: Work
    platform: Literal["mini", "corp"] = "mini"
    token: bool = True
    bad_body: int = 47001
    one_at_a_time: str = ""
    free: bool = False
    content_type: str = "application/json; encoding=utf-8"

    @property
    def wrong_method(self) -> int:
        return 43001 if self.method == "GET" else 43002


def mini(method: Method, path: str, **options: Any) -> Callable[[Work], Api]:
    """Describe a call of the mini-program host."""
    return lambda work: Api(path=path, method=method, work=work, **options)


def corp(method: Method, path: str, **options: Any) -> Callable[[Work], Api]:
    """Describe a call of the WeCom host."""
    return lambda work: Api(path=path, method=method, work=work, platform="corp", **options)


OK: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}


def last_values(arguments: dict[str, list[bytes]]) -> dict[str, str]:
    """One text for each name of a query string."""
    return {name: values[-1].decode("utf-8", "replace") for name, values in arguments.items()}


class PlatformHandler(RequestHandler):
    """Answers one path of a platform."""

    def initialize(self, api: Api, world: World) -> None:
        self.api = api
        self.world = world

    async def handle(self) -> None:
        self.world.calls[self.api.path] += 1
        fault = self.world.faults.take(self.api.path)
        if fault is None:
            self.give(await self.answer())
        elif fault.spoils and not fault.after:
            await asyncio.sleep(fault.delay_s)
            self.spoil(fault)
        else:
            answer = await self.answer(0.0 if fault.after else fault.delay_s)
            if fault.after:
                await asyncio.sleep(fault.delay_s)
            if fault.spoils:
                self.spoil(fault)
            else:
                self.give(answer)

    get = post = put = patch = delete = handle

    async def answer(self, delay_s: float = 0.0) -> Answer:
        try:
            call = self.read()
            with self.guard(call):
                await self.pause(delay_s)
                answer = self.api.work(self.world, call)
            if self.api.free:
                self.world.counters.give_back(self.api.path, call.address)
            return answer
        except Refused as refused:
            return self.refusal(refused)

    def read(self) -> Call:
        """Method, token, quota and body, refused in this order."""
        api, world = self.api, self.world
        if self.request.method != api.method:
            raise Refused(api.wrong_method)
        query = last_values(self.request.query_arguments)
        address = self.request.remote_ip or ""
        if api.token:
            self.check_token(query.get("access_token", ""), address)
        if api.platform == "corp":
            world.counters.spend_corp(api.path, address, world.now_s)
        else:
            world.counters.spend(api.path, world.now_s)
        return Call(query, self.read_body() if api.method == "POST" else {}, address)

    def check_token(self, token: str, address: str) -> None:
        if self.api.platform == "corp":
            self.world.corp_tokens.check(token, self.world.now_s)
            self.world.check_address(address, 60020)
        else:
            self.world.mini_tokens.check(token, self.world.now_s)

    def read_body(self) -> dict[str, Any]:
        if not self.request.body:
            raise Refused(44002)
        try:
            return msgspec.json.decode(self.request.body, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise Refused(self.api.bad_body) from error

    def guard(self, call: Call) -> AbstractContextManager[None]:
        if not self.api.one_at_a_time:
            return nullcontext()
        return self.world.alone(str(call.body.get(self.api.one_at_a_time)))

    async def pause(self, delay_s: float) -> None:
        if self.api.one_at_a_time:
            delay_s += self.world.config.send_takes_ms / 1000
        if delay_s > 0:
            await asyncio.sleep(delay_s)

    def refusal(self, refused: Refused) -> dict[str, Any]:
        self.world.refused(self.api.path, refused.errcode)
        if self.api.platform == "corp":
            text = corp_message(refused, self.world.now_s, self.request.remote_ip or "")
        else:
            text = mini_message(refused, self.world.now_s)
        return {"errcode": refused.errcode, "errmsg": text}

    def give(self, answer: Answer) -> None:
        if isinstance(answer, Picture):
            self.set_header("Content-Type", answer.content_type)
            self.finish(answer.data)
        else:
            self.set_header("Content-Type", self.api.content_type)
            self.finish(msgspec.json.encode(answer))

    def spoil(self, fault: Fault) -> None:
        if fault.drop:
            self.detach().close()
        elif fault.http_status is not UNSET:
            self.set_status(fault.http_status)
            self.set_header("Content-Type", "text/html")
            self.finish(f"<html><head><title>{fault.http_status}</title></head></html>")
        elif fault.errcode is not UNSET:
            self.give(self.refusal(Refused(fault.errcode)))
