"""The bare part: a Tornado handler that answers one kilobyte, on an inherited socket."""

import asyncio
import socket
import sys

from tornado.httpserver import HTTPServer
from tornado.web import Application, RequestHandler

BODY = b"x" * 1024


class Bare(RequestHandler):
    def get(self) -> None:
        self.write(BODY)


async def main(descriptor: int) -> None:
    listening = socket.socket(fileno=descriptor)
    listening.setblocking(False)
    HTTPServer(Application([("/", Bare)], log_function=lambda handler: None)).add_socket(listening)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
