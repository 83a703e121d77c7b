"""Who else wants to know that a resident has read what was sent to them."""

from collections.abc import Awaitable, Callable

from msgspec import Struct

from server import nouns
from server.kit.db import Tx


class OnRead(Struct, frozen=True):
    """Declared by a noun and found. `hear` is given the resident and the ids of what they read, None for everything, in
    the transaction in which they read it."""

    hear: Callable[[Tx, str, list[str] | None], Awaitable[None]]


async def tell(tx: Tx, resident_id: str, ids: list[str] | None) -> None:
    for one in nouns.found(OnRead):
        await one.hear(tx, resident_id, ids)
