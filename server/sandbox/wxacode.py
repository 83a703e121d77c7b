"""Mini-program codes without limit of number: an image on success, JSON on failure."""

import re
from typing import Any

from .api import Answer, Call, Picture, mini
from .errors import Refused
from .image import Colour, code_png
from .world import World

_SCENE = re.compile(r"[0-9A-Za-z!#$&'()*+,/:;=?@\-._~]{1,32}")
_VERSIONS = ("release", "trial", "develop")


@mini("POST", "/wxa/getwxacodeunlimit", bad_body=40169)
def getwxacodeunlimit(world: World, call: Call) -> Answer:
    scene = _scene(call.body.get("scene"))
    page = _page(world, call.body)
    width = call.body.get("width", 430)
    if call.body.get("env_version", "release") not in _VERSIONS or not _whole(width, 280, 1280):
        raise Refused(40097)
    picture = code_png(f"{page}?{scene}", width, _ink(call.body), bool(call.body.get("is_hyaline")))
    return Picture(picture, "image/png")


def _scene(scene: Any) -> str:
    if not isinstance(scene, str) or not scene:
        raise Refused(40129)
    if not _SCENE.fullmatch(scene):
        raise Refused(40169)
    if "scancode_time" in scene:
        raise Refused(85096)
    return scene


def _page(world: World, body: dict[str, Any]) -> str:
    """A released page without a query; with check_path off any page, but not endlessly many."""
    page, check = body.get("page", ""), body.get("check_path", True)
    if not isinstance(page, str) or not isinstance(check, bool) or page.startswith("/") or "?" in page:
        raise Refused(40097)
    if check and page and not world.page_exists(page):
        raise Refused(41030)
    if not check:
        world.unchecked_pages.add(page)
        if len(world.unchecked_pages) > world.config.unchecked_pages:
            world.unchecked_pages.discard(page)
            raise Refused(45009)
    return page


def _ink(body: dict[str, Any]) -> Colour:
    """`line_color` counts while auto_color is off; its numbers may be strings, as in the samples."""
    colour = body.get("line_color") or {}
    if body.get("auto_color") or not isinstance(colour, dict):
        colour = {}
    try:
        red, green, blue = (int(colour.get(name, 0)) for name in "rgb")
    except (TypeError, ValueError) as error:
        raise Refused(40097) from error
    if not all(0 <= part <= 255 for part in (red, green, blue)):
        raise Refused(40097)
    return red, green, blue


def _whole(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
