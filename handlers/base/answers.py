"""What is answered: bytes that are ready, and the headers that all answers have."""

import time
from email.utils import formatdate
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct
from tornado.httputil import HTTPHeaders

V = TypeVar("V")
JSON = "application/json; charset=utf-8"

encode = msgspec.json.encode


class Answer(Struct, Generic[V], frozen=True):
    """An encoded V: from memory, or written together with its idempotency receipt."""

    body: bytes
    status: int = 200
    replayed: bool = False
    content_type: str = JSON


def usual_headers() -> HTTPHeaders:
    return HTTPHeaders({"Content-Type": JSON, "Date": _date(), "Cache-Control": "no-store"})


_now: tuple[int, str] = (0, "")


def _date() -> str:
    """The Date header, formatted once a second."""
    global _now  # noqa: PLW0603
    second = int(time.time())
    if _now[0] != second:
        _now = (second, formatdate(second, usegmt=True))
    return _now[1]
