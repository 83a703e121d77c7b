"""Pictures are drawn anew: what is kept has been decoded and encoded here, so nothing rides along with it.

No place and no camera (EXIF), no second file behind the picture, no picture that fills the memory when it is opened.
Decoding runs in a few threads of its own: the loop goes on, and only so many pictures are in memory at once.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

from msgspec import Struct
from PIL import Image, ImageOps, UnidentifiedImageError

from server.kit.content import FileBroken, check_image
from server.kit.errors import Invalid

_FORMATS = ("JPEG", "PNG", "WEBP")
_WHITE = (255, 255, 255)


class PictureTooDetailed(Invalid):
    """照片的像素太多了，请用手机缩小后再传"""


class Bounds(Struct, frozen=True):
    """In pixels: more than `pixels` are not opened, longer sides than `side` made shorter."""

    pixels: int
    side: int
    thumbnail: int


class Picture(Struct, frozen=True):
    content: bytes
    type: str
    width: int
    height: int
    thumbnail: bytes


class Pictures:
    """The threads that draw."""

    def __init__(self, threads: int, bounds: Bounds) -> None:
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="pictures")
        self._bounds = bounds
        self._room = asyncio.Semaphore(threads)

    @property
    def room(self) -> asyncio.Semaphore:
        """To be held from before a picture is brought into memory until it is drawn."""
        return self._room

    async def drawn(self, content: bytes) -> Picture:
        """Raises FileBroken, FileDoubtful, PictureTooDetailed."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, draw, content, self._bounds)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def draw(content: bytes, bounds: Bounds) -> Picture:
    check_image(content)
    try:
        with _opened(content, bounds) as seen:
            seen.verify()
        with _opened(content, bounds) as seen:
            return _drawn(seen, bounds)
    except Image.DecompressionBombError as error:
        raise PictureTooDetailed from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError, IndexError) as error:
        raise FileBroken from error


def _opened(content: bytes, bounds: Bounds) -> Image.Image:
    """Only its header is read."""
    picture = Image.open(BytesIO(content), formats=_FORMATS)
    if picture.width * picture.height > bounds.pixels:
        raise PictureTooDetailed
    return picture


def _drawn(seen: Image.Image, bounds: Bounds) -> Picture:
    seen.draft("RGB", (bounds.side, bounds.side))  # a large JPEG is decoded at a fraction of its size
    plain = ImageOps.exif_transpose(seen)
    clear = plain.has_transparency_data
    plain = plain.convert("RGBA" if clear else "RGB")
    plain.info.clear()
    plain.thumbnail((bounds.side, bounds.side))
    as_png = clear or seen.format == "PNG"
    return Picture(
        content=_encoded(plain, "PNG") if as_png else _encoded(plain, "JPEG", quality=88),
        type="image/png" if as_png else "image/jpeg",
        width=plain.width,
        height=plain.height,
        thumbnail=_thumbnail(plain, bounds.thumbnail),
    )


def _thumbnail(picture: Image.Image, side: int) -> bytes:
    small = picture.copy()
    small.thumbnail((side, side))
    flat = Image.new("RGB", small.size, _WHITE)
    flat.paste(small, mask=small.getchannel("A") if small.mode == "RGBA" else None)
    return _encoded(flat, "JPEG", quality=80)


def _encoded(picture: Image.Image, form: str, **options: int) -> bytes:
    out = BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()
