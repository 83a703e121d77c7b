"""Style sheets and scripts of the pages: read once, named by what is in them, kept by browsers for a year."""

import functools
import hashlib
import mimetypes
from pathlib import Path

from msgspec import Struct

from handlers.base import ANYONE, Answer, Endpoint, allow
from server.kit.errors import NotFound

FOLDER = Path(__file__).with_name("static")
_A_YEAR = "public, max-age=31536000, immutable"


class Asset(Struct, frozen=True):
    """`version` changes when the content does."""

    content: bytes
    content_type: str
    version: str


@functools.cache
def assets() -> dict[str, Asset]:
    return {one.name: _read(one) for one in sorted(FOLDER.iterdir()) if one.is_file()}


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    text = kind.startswith("text/") or kind == "image/svg+xml"
    return Asset(
        content, f"{kind}; charset=utf-8" if text else kind, hashlib.sha256(content).hexdigest()[:12]
    )


def url(name: str) -> str:
    """The address of a file with its version: a page that was rendered today never gets yesterday's style."""
    return f"/static/{name}?v={assets()[name].version}"


class Wanted(Struct, frozen=True):
    v: str = ""


class Static(Endpoint):
    path = "/static/{name}"
    documented = False

    @allow(ANYONE)
    async def get(self, name: str, query: Wanted) -> Answer[bytes]:
        """A file by its name; for ever when it is asked for by version."""
        asset = assets().get(name)
        if asset is None:
            raise NotFound
        self.set_header("Cache-Control", _A_YEAR if query.v == asset.version else "no-cache")
        self.set_header("X-Content-Type-Options", "nosniff")
        return Answer(asset.content, content_type=asset.content_type)
