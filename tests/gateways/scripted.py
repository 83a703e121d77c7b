"""A platform that answers what a test tells it to, and the gateways pointed at it."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from server.gateways.breaker import Breaker
from server.gateways.calls import Retry
from server.gateways.wechat import WeChat
from server.gateways.wecom import WeCom
from server.kit.clock import Clock

AT_ONCE = Retry(first_wait_s=0.001, growth=1.0)
TOKENS = {"/cgi-bin/stable_token", "/cgi-bin/gettoken"}


@asynccontextmanager
async def served(application: Application) -> AsyncIterator[str]:
    """The address of the application on a port of its own."""
    server = HTTPServer(application)
    sockets = bind_sockets(0, "127.0.0.1")
    server.add_sockets(sockets)
    try:
        yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    finally:
        server.stop()
        await server.close_all_connections()


class Platform:
    """Answers each call as scripted, then with `usual`; hands out the tokens `token-1`, `token-2` …

    An answer is a dict, bytes, an int for a bare HTTP status, or a float for seconds of silence before `{}`.
    """

    def __init__(self, usual: Any = None) -> None:
        self.usual = usual if usual is not None else {"errcode": 0, "errmsg": "ok"}
        self.script: deque[Any] = deque()
        self.token_script: deque[Any] = deque()
        self.token_life_s = 7200
        self.asked: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.tokens_asked: list[dict[str, Any]] = []
        self.token_asked = asyncio.Event()

    def next_answer(self, handler: RequestHandler) -> Any:
        request = handler.request
        query = {name: values[-1].decode() for name, values in request.query_arguments.items()}
        body = json.loads(request.body) if request.body else {}
        if request.path in TOKENS:
            self.tokens_asked.append({**query, **body})
            self.token_asked.set()
            given = {"access_token": f"token-{len(self.tokens_asked)}", "expires_in": self.token_life_s}
            return self.token_script.popleft() if self.token_script else given
        self.asked.append((f"{request.method} {request.path}", query, body))
        return self.script.popleft() if self.script else self.usual

    def application(self) -> Application:
        platform = self

        class Anything(RequestHandler):
            async def get(self) -> None:
                answer = platform.next_answer(self)
                if isinstance(answer, float):
                    await asyncio.sleep(answer)
                    answer = {}
                if isinstance(answer, int):
                    self.set_status(answer)
                    self.set_header("Location", "/elsewhere")
                    answer = b"<html></html>"
                self.finish(answer)

            post = get

        return Application([(".*", Anything)])


@asynccontextmanager
async def wechat_at(platform: Platform, clock: Clock, **options: Any) -> AsyncIterator[WeChat]:
    options.setdefault("retry", AT_ONCE)
    options.setdefault("breaker", Breaker(clock, failures=3, cool_off_s=10))
    async with served(platform.application()) as url:
        wechat = WeChat(url, "wxdemo0000000000", "example-wechat-secret", clock=clock, **options)
        try:
            yield wechat
        finally:
            await wechat.close()


@asynccontextmanager
async def wecom_at(platform: Platform, clock: Clock, **options: Any) -> AsyncIterator[WeCom]:
    options.setdefault("retry", AT_ONCE)
    async with served(platform.application()) as url:
        wecom = WeCom(url, "wwdemo0000000000", "example-wecom-secret", clock=clock, **options)
        try:
            yield wecom
        finally:
            await wecom.close()
