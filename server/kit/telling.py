"""The numbers of a process that has no doors, on a port of this machine: what a worker counts is seen nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from server.kit.metrics import Metrics

HERE = "127.0.0.1"
log = structlog.get_logger()


class Numbers(RequestHandler):
    def initialize(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def get(self) -> None:
        self.set_header("Content-Type", self._metrics.content_type)
        self.finish(self._metrics.exposition())


@contextmanager
def told(metrics: Metrics, first_port: int, processes: int) -> Iterator[int | None]:
    """At `/metrics` of the first free port from `first_port` on, 0 for none at all. There are twice as many ports as
    processes: in a rolling restart the next one begins before the last has gone. Without a free one it works untold."""
    server, port = None, None
    if first_port:
        application = Application(
            [("/metrics", Numbers, {"metrics": metrics})], log_function=lambda handler: None
        )
        server = HTTPServer(application)
        port = _bound(server, first_port, processes)
    try:
        yield port
    finally:
        if server is not None:
            server.stop()


def _bound(server: HTTPServer, first_port: int, processes: int) -> int | None:
    for port in range(first_port, first_port + 2 * processes):
        try:
            sockets = bind_sockets(port, HERE)
        except OSError:
            continue
        server.add_sockets(sockets)
        log.info("metrics.told", port=port)
        return port
    log.warning("metrics.no_port", first=first_port)
    return None
