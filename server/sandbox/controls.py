"""How a control call is described: its method, path and body, and the work behind it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from .world import World

Name = Annotated[str, Meta(min_length=1, max_length=128)]
Reply = dict[str, Any]


class Unknown(Exception):
    """Names something the sandbox does not have: 422."""


class Control(Struct, frozen=True):
    """One call: GET takes `asks` from the query, the other methods from a JSON body."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    asks: type[Struct]
    work: Callable[[World, Any], Reply | Awaitable[Reply]]


class Nothing(Struct):
    pass
