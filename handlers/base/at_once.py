"""The few answers that memory gives before there is a handler."""

import time
from typing import Any

from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest, ResponseStartLine

from handlers.base.answers import usual_headers
from handlers.base.asked import NoQuery, bearer, query_of
from handlers.base.endpoint import Endpoint
from server.building import Building
from server.kit.errors import HoelunError

_OK = ResponseStartLine("HTTP/1.1", 200, "OK")


class AtOnce(HTTPMessageDelegate):
    """A GET that memory may answer: no handler, no coroutine, half the work. Everything else goes the usual way."""

    def __init__(
        self,
        building: Building,
        request: HTTPServerRequest,
        endpoint: type[Endpoint],
        path: list[str],
        usual: HTTPMessageDelegate,
    ) -> None:
        self._building = building
        self._request = request
        self._endpoint = endpoint
        self._path = path
        self._usual = usual
        self._has_body = False

    def data_received(self, chunk: bytes) -> Any:
        self._has_body = True
        return self._usual.data_received(chunk)

    def on_connection_close(self) -> None:
        self._usual.on_connection_close()

    def finish(self) -> None:
        began = time.perf_counter()
        body = None if self._has_body or self._building.lifecycle.draining else self._known(began)
        if body is None:
            self._usual.finish()
            return
        connection = self._request.connection
        assert connection is not None
        headers = usual_headers()
        headers["Content-Length"] = str(len(body))
        connection.write_headers(_OK, headers, body)
        connection.finish()
        self._building.metrics.answered(self._endpoint.path, "GET", 200, time.perf_counter() - began)

    def _known(self, now_s: float) -> bytes | None:
        token = bearer(self._request)
        actor = self._building.known_actor(token) if token else None
        plan = self._endpoint.plans["get"]
        if actor is None or not plan.rule.lets(actor):
            return None
        try:
            query = plan.no_query
            if self._request.query or query is None:
                query = query_of(self._request, plan.query or NoQuery)
            body = self._endpoint.at_once(self._building, actor, query, self._path)
        except HoelunError:
            return None
        return None if body is None or self._building.callers.late(actor.key, now_s) else body
