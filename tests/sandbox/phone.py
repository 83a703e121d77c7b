"""What a test holds in its hand: a running sandbox, called over real HTTP like the platforms themselves."""

import asyncio
import threading
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from tornado.httpserver import HTTPServer
from tornado.testing import bind_unused_port

from server.sandbox import SandboxConfig, make_sandbox

START = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)

BOOKED = {
    "thing1": "日常保洁 2 小时",
    "character_string2": "JZ-20261124-000137",
    "time3": "2026年11月25日 09:00",
    "phrase4": "已提交",
    "thing5": "我们会尽快为您安排",
}
NOTICE = {"thing1": "高龄津贴年审", "time2": "2026-12-01 09:00", "thing3": "请带身份证到社区窗口"}


class HandClock:
    """A clock that only moves by hand."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def advance(self, by: timedelta) -> None:
        self.moment += by


class Phone:
    """A sandbox in a thread with a loop of its own; every method is one HTTP call."""

    def __init__(self, config: SandboxConfig | None = None) -> None:
        self.config = config or SandboxConfig()
        self.clock = HandClock()
        self.http = requests.Session()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        sandbox = make_sandbox(self.config, self.clock)
        server = HTTPServer(sandbox.application)
        socket, port = bind_unused_port()
        server.add_socket(socket)
        self.base = f"http://127.0.0.1:{port}"
        self._ready.set()
        await self._stop.wait()
        server.stop()
        await server.close_all_connections()
        sandbox.close()

    def close(self) -> None:
        """Stop it; stopping twice is fine."""
        if not self._thread.is_alive():
            return
        self.http.close()
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)
        assert not self._thread.is_alive()

    def get(self, path: str, **query: Any) -> Any:
        return self.http.get(self.base + path, params=query, timeout=10).json()

    def post(self, path: str, json: Any = None, **query: Any) -> Any:
        answer = self.http.post(self.base + path, params=query, json=json, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def control(self, name: str, /, **body: Any) -> Any:
        return self.post(f"/_control/{name}", body)

    def fault(self, path: str, **body: Any) -> None:
        self.control("faults", path=path, **body)

    def advance(self, seconds: float) -> None:
        self.control("clock", advance_s=seconds)

    def app_query(self, **changes: Any) -> dict[str, Any]:
        """Query of a token fetch or a login."""
        return {"appid": self.config.appid, "secret": self.config.secret} | changes

    def stable(self, **changes: Any) -> Any:
        return self.post("/cgi-bin/stable_token", self.app_query(grant_type="client_credential") | changes)

    def old(self, **changes: Any) -> Any:
        return self.get("/cgi-bin/token", **self.app_query(grant_type="client_credential") | changes)

    def token(self) -> str:
        return str(self.stable()["access_token"])

    def call(self, path: str, body: Any) -> Any:
        """A POST with a good token."""
        return self.post(path, body, access_token=self.token())

    def login_code(self, openid: str) -> str:
        return str(self.control("codes", openid=openid)["code"])

    def login(self, openid: str, **changes: Any) -> Any:
        query = self.app_query(grant_type="authorization_code", js_code=self.login_code(openid)) | changes
        return self.get("/sns/jscode2session", **query)

    def accept(self, openid: str, template_id: str = "tmpl-booking-submitted", **more: Any) -> Any:
        return self.control(
            "subscribe", **{"openid": openid, "template_id": template_id, "result": "accept"} | more
        )

    def send(self, openid: str, template_id: str = "tmpl-booking-submitted", **changes: Any) -> Any:
        data = {key: {"value": value} for key, value in (changes.pop("values", None) or BOOKED).items()}
        body = {"touser": openid, "template_id": template_id, "data": data} | changes
        return self.call("/cgi-bin/message/subscribe/send", body)

    def items(self, openid: str) -> Any:
        return self.get("/_control/messages", openid=openid)["items"]

    def credits(self, openid: str, template_id: str = "tmpl-booking-submitted") -> int:
        return int(self.get("/_control/credits", openid=openid)["credits"].get(template_id, 0))

    def calls(self, path: str) -> int:
        return int(self.get("/_control/stats")["calls"].get(path, 0))

    def corp_token(self, **changes: Any) -> Any:
        query = {"corpid": self.config.corpid, "corpsecret": self.config.corpsecret} | changes
        return self.get("/cgi-bin/gettoken", **query)

    def corp_get(self, path: str, **query: Any) -> Any:
        return self.get(path, access_token=self.corp_token()["access_token"], **query)


def somebody() -> str:
    """A fresh openid."""
    return f"o{uuid.uuid4().hex[:27]}"
