"""What is the same at every address where a platform calls us."""

from collections.abc import Callable
from typing import TypeVar

from msgspec import Struct

from handlers.base import Answer, Endpoint
from server import callbacks
from server.callbacks import CallbackRefused
from server.config import Settings
from server.kit.errors import HoelunError

T = TypeVar("T")
PLAIN = "text/plain; charset=utf-8"
HEARD: Answer[str] = Answer(b"success", content_type=PLAIN)


class Callback(Endpoint):
    """For the platform alone: whoever else asks is refused without a word why."""

    documented = False

    @classmethod
    def largest_body(cls, settings: Settings) -> int:
        """A message has a few kilobytes at most."""
        return 1 << 16

    def opened(self, timestamp: str, opening: Callable[[], T]) -> T:
        """What the door reads, where the signed time is about now. Raises CallbackRefused."""
        callbacks.check_time(timestamp, self.building.clock.now())
        try:
            return opening()
        except HoelunError as error:
            raise CallbackRefused from error

    def read_query(self, kind: type[Struct]) -> Struct:
        try:
            return super().read_query(kind)
        except HoelunError as error:
            raise CallbackRefused from error

    def read_no_body(self) -> None:
        """It is the door's to read."""
