"""Where the description is served: for programs at `/openapi.json`, for people at `/docs`."""

from handlers.base import ANYONE, Answer, Endpoint, allow
from handlers.openapi import document, reading

HTML = "text/html; charset=utf-8"


class OpenApi(Endpoint):
    path = "/openapi.json"
    documented = False

    @allow(ANYONE)
    async def get(self) -> Answer[str]:
        """The OpenAPI document."""
        return Answer(document.text())


class Docs(Endpoint):
    path = "/docs"
    documented = False

    @allow(ANYONE)
    async def get(self) -> Answer[str]:
        """The same as a page."""
        return Answer(reading.page(), content_type=HTML)
