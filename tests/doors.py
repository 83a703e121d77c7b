"""How a test module says what a good call of its endpoints looks like; tests/test_endpoints.py tries each four ways."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct

from tests.world import Person, Reply, World


class Visit(Struct, kw_only=True):
    """A call that must succeed. `stranger` is somebody of the same kind to whom the thing in the path does not belong;
    a path that names a thing of nobody's in particular is `shared`."""

    path: str
    who: Person | None = None
    body: Any = None
    query: dict[str, Any] = {}
    headers: dict[str, str] = {}
    stranger: Person | None = None
    shared: bool = False

    async def made_by(self, world: World, method: str, who: Person | None) -> Reply:
        token = who.token if who else None
        return await world.call(
            method, self.path, self.body, token=token, query=self.query, headers=self.headers
        )


Verb = tuple[str, str]
Happy = dict[Verb, Callable[[World], Awaitable[Visit]]]
