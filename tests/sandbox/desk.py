"""Our side of WeCom's callbacks in a thread: it opens what comes by wechatpy's own cipher and answers as told."""

import asyncio
import threading
from typing import Any

import xmltodict
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port
from tornado.web import Application, RequestHandler
from wechatpy.work.crypto import WeChatCrypto

from server.sandbox import SandboxConfig


class Desk:
    """`heard` are the messages in order, `signed` the query of each; `answers` are given one by one, then `success`.

    An answer is a text to seal, a status, bytes as they are, or a float of seconds that is waited before `success`.
    """

    def __init__(self, config: SandboxConfig, **other: str) -> None:
        self.heard: list[dict[str, Any]] = []
        self.signed: list[dict[str, str]] = []
        self.checks: list[str] = []
        self.answers: list[str | bytes | int | float] = []
        given = {"token": config.token, "encoding_aes_key": config.encoding_aes_key, "corpid": config.corpid}
        given |= other
        self._crypto = WeChatCrypto(given["token"], given["encoding_aes_key"], given["corpid"])
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    def check(self, query: dict[str, str]) -> bytes:
        signed = (query["msg_signature"], query["timestamp"], query["nonce"])
        opened = self._crypto.check_signature(*signed, query["echostr"])
        text = opened if isinstance(opened, str) else opened.decode()
        self.checks.append(text)
        return text.encode()

    def hear(self, query: dict[str, str], body: bytes) -> str | bytes | int | float:
        signed = (query["msg_signature"], query["timestamp"], query["nonce"])
        opened = self._crypto.decrypt_message(body.decode(), *signed)
        self.heard.append(xmltodict.parse(opened)["xml"])
        self.signed.append(query)
        answer = self.answers.pop(0) if self.answers else b"success"
        if isinstance(answer, str):
            return str(self._crypto.encrypt_message(answer, "n0nce", query["timestamp"])).encode()
        return answer

    async def _serve(self) -> None:
        desk = self

        class Door(RequestHandler):
            def get(self) -> None:
                self.finish(desk.check(self.query()))

            async def post(self) -> None:
                answer = desk.hear(self.query(), self.request.body)
                if isinstance(answer, float):
                    await asyncio.sleep(answer)
                    answer = b"success"
                if isinstance(answer, int):
                    self.set_status(answer)
                    answer = b""
                self.finish(answer)

            def query(self) -> dict[str, str]:
                return {name: self.get_query_argument(name) for name in self.request.query_arguments}

        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = HTTPServer(Application([("/wecom/callback", Door)], log_function=lambda _: None))
        socket, port = bind_unused_port()
        server.add_socket(socket)
        self.url = f"http://127.0.0.1:{port}/wecom/callback"
        self._ready.set()
        await self._stop.wait()
        server.stop()
        await server.close_all_connections()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()
