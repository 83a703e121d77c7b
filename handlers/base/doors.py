"""All routes, found by themselves, and which of them a path leads to."""

import re
from typing import Any, NoReturn

from tornado.escape import url_unescape
from tornado.httputil import HTTPMessageDelegate, HTTPServerRequest
from tornado.web import Application, HTTPError

from handlers.base.at_once import AtOnce
from handlers.base.endpoint import Endpoint
from server.building import Building
from server.kit import discover
from server.kit.errors import NotFound

_PARTS = re.compile(r"(\{\w+\})")


class RouteNotFound(NotFound):
    """没有这个地址"""


class NothingHere(Endpoint):
    """Every path that no endpoint has."""

    def prepare(self) -> NoReturn:
        super().prepare()
        raise HTTPError(404)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.refuse(RouteNotFound())


def endpoints() -> list[type[Endpoint]]:
    """Every endpoint of the building; fixed paths before those with placeholders."""
    found = [one for one in discover.subclasses("handlers", Endpoint) if one.path]
    return sorted(found, key=lambda one: [("{" in part, part) for part in one.path.split("/")])


def pattern(path: str) -> str:
    """The path as tornado matches it: `{placeholders}` take one part, everything else stands for itself."""
    return "".join("([^/]+)" if one.startswith("{") else re.escape(one) for one in _PARTS.split(path)) + "$"


class Doors(Application):
    """All routes, found. A path is looked up by its fixed parts instead of being matched against every route."""

    def __init__(self, building: Building) -> None:
        self._building = building
        self._given = {"building": building}
        self._fixed: dict[str, type[Endpoint]] = {}
        self._open: dict[tuple[int, str], list[tuple[re.Pattern[str], type[Endpoint]]]] = {}
        for one in endpoints():
            if "{" in one.path:
                self._open.setdefault(_address(one.path), []).append((re.compile(pattern(one.path)), one))
            else:
                self._fixed[one.path] = one
        super().__init__(
            default_handler_class=NothingHere,
            default_handler_args=self._given,
            lifecycle=building.lifecycle,
            largest_body=self.largest_body,
            log_function=lambda handler: None,
        )

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        found = self._find(request.path)
        return self._delegate(request, *found) if found else super().find_handler(request, **kwargs)

    def largest_body(self, path: str) -> int | None:
        """In bytes, where it is not what it is everywhere."""
        found = self._find(path)
        return found[0].largest_body(self._building.settings) if found else None

    def _find(self, path: str) -> tuple[type[Endpoint], list[str]] | None:
        fixed = self._fixed.get(path)
        if fixed is not None:
            return fixed, []
        for form, endpoint in self._open.get(_address(path), ()):
            if (match := form.match(path)) is not None:
                return endpoint, list(match.groups())
        return None

    def _delegate(
        self, request: HTTPServerRequest, endpoint: type[Endpoint], parts: list[str]
    ) -> HTTPMessageDelegate:
        unescaped = [url_unescape(one, encoding=None, plus=False) for one in parts]
        usual = self.get_handler_delegate(request, endpoint, self._given, path_args=unescaped)
        if request.method == "GET" and "at_once" in endpoint.__dict__:
            return AtOnce(self._building, request, endpoint, parts, usual)
        return usual


def _address(path: str) -> tuple[int, str]:
    """How many parts a path has, and the first two, or of two parts the first: no route leaves them open."""
    second = path.find("/", 1)
    third = path.find("/", second + 1)
    return path.count("/"), path[: third if third > 0 else second]
