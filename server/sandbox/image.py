"""Draws a disc of dots that looks like a mini-program code; no phone can scan it."""

import hashlib
import struct
import zlib
from functools import lru_cache
from math import hypot

Colour = tuple[int, int, int]

_CELLS = 41
_PAPER, _INK = 0, 1


@lru_cache(maxsize=256)
def code_png(text: str, width: int, ink: Colour, see_through: bool) -> bytes:
    """A PNG `width` pixels wide and high."""
    side = width // _CELLS
    margin = width - side * _CELLS
    rows = bytearray()
    for row in _cells(text):
        line = b"\0" + b"".join(bytes([cell]) * side for cell in row) + bytes(margin)
        rows += line * side
    rows += (b"\0" + bytes(width)) * margin
    return _png(bytes(rows), width, ink, see_through)


def _cells(text: str) -> list[list[int]]:
    """The ink of the disc: three rings to aim at, a round middle, the rest by the digest of the text."""
    noise = hashlib.shake_256(text.encode()).digest(_CELLS * _CELLS)
    return [[_cell(x, y, noise[y * _CELLS + x]) for x in range(_CELLS)] for y in range(_CELLS)]


def _cell(x: int, y: int, noise: int) -> int:
    middle = _CELLS // 2
    distance = hypot(x - middle, y - middle)
    for ring_x, ring_y in ((9, 9), (_CELLS - 10, 9), (9, _CELLS - 10)):
        to_ring = hypot(x - ring_x, y - ring_y)
        if to_ring < 5:
            return _INK if to_ring < 2 or 3 < to_ring < 4.3 else _PAPER
    if distance > middle or 7 < distance < 9:
        return _PAPER
    if distance <= 7:
        return _INK if distance > 5.8 or distance < 3 else _PAPER
    return _INK if noise < 110 else _PAPER


def _png(rows: bytes, width: int, ink: Colour, see_through: bool) -> bytes:
    header = struct.pack(">IIBBBBB", width, width, 8, 3, 0, 0, 0)
    chunks = [_chunk(b"IHDR", header), _chunk(b"PLTE", bytes((255, 255, 255, *ink)))]
    if see_through:
        chunks.append(_chunk(b"tRNS", b"\0"))
    chunks += [_chunk(b"IDAT", zlib.compress(rows, 6)), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
