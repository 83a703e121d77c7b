"""What the desks of versions with four eyes share; their pages are drawn by templates/console/versions.html."""

from msgspec import Struct

from schemas.common import View

SHOWN = frozenset({403, 404, 409, 422})
"""Refusals that are said on the page."""


class Like(Struct, frozen=True):
    """Which version a new one is begun from; the one in force if none is named."""

    like: str = ""


class Done(View, frozen=True):
    """What was done, in words, with which version."""

    text: str
    number: int
