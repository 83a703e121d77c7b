"""A mistyped address under /console is answered with a page."""

from typing import NoReturn

from handlers.base import RouteNotFound, allow
from handlers.page import Page


class Missing(Page):
    path = "/console/{name}"

    @allow("staff")
    async def get(self, name: str) -> NoReturn:
        """No such page."""
        raise RouteNotFound
