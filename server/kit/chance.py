"""Secrets drawn from a buffer of the system's randomness.

Asking the system for each one lets go of the interpreter lock each time, and under load the event loop waits a third
of a millisecond to get it back.
"""

import os

_BUFFER_BYTES = 4096
_DRAW_BYTES = 8


class Chance:
    """As unpredictable as `os.urandom`, which fills it; for the event loop's thread only."""

    def __init__(self) -> None:
        self._buffer = b""
        self._used = 0

    def take(self, count: int) -> bytes:
        if self._used + count > len(self._buffer):
            self._buffer, self._used = os.urandom(max(_BUFFER_BYTES, count)), 0
        taken = self._buffer[self._used : self._used + count]
        self._used += count
        return taken

    def hex(self, count: int) -> str:
        """`count` bytes as twice as many hexadecimal digits."""
        return self.take(count).hex()

    def below(self, limit: int) -> int:
        """Every number from 0 to limit − 1 as likely as any other: draws that would favour some are thrown away."""
        span = 1 << (8 * _DRAW_BYTES)
        while (drawn := int.from_bytes(self.take(_DRAW_BYTES))) >= span - span % limit:
            pass
        return drawn % limit


chance = Chance()
