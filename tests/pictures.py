"""Files as people and attackers send them, made up for each test."""

import io
import os
import struct
import zipfile
import zlib

from PIL import Image

GPS = 0x8825


def photo(width: int = 640, height: int = 480, form: str = "JPEG", **options: object) -> bytes:
    """Noise would not compress, so a plain slope."""
    out = io.BytesIO()
    picture = Image.linear_gradient("L").resize((width, height)).convert("RGB")
    picture.save(out, form, **options)
    return out.getvalue()


def photo_with_place() -> bytes:
    """Taken at a known place, lying on its side, with a comment."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    exif[0x0110] = "SecretPhone 9"
    exif.get_ifd(GPS)[2] = (39.0, 49.0, 12.0)
    return photo(exif=exif.tobytes(), comment=b"SecretComment")


def noisy_photo(side: int) -> bytes:
    out = io.BytesIO()
    Image.frombytes("RGB", (side, side), os.urandom(side * side * 3)).save(out, "PNG", compress_level=0)
    return out.getvalue()


def pdf(size: int = 2000) -> bytes:
    return b"%PDF-1.7\n" + os.urandom(max(size - 32, 0)).replace(b"PK", b"pk") + b"\nstartxref\n0\n%%EOF\n"


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        packed.writestr("run.js", "alert(1)")
    return out.getvalue()


def huge_png(width: int = 60_000, height: int = 60_000) -> bytes:
    """A few kilobytes that would be ten gigabytes of pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
