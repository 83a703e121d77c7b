"""What can go wrong, by status, with every code that a reply may name."""

from collections.abc import Iterator
from typing import Any

from handlers.base import ANYONE
from handlers.openapi.calls import Call
from server import nouns
from server.kit import discover
from server.kit.errors import STATUS_TABLE, HoelunError

_HEADERS = {401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After"}
_ALWAYS = frozenset({400, 422, 429, 503})


def statuses(call: Call) -> list[int]:
    """The refusals that this call may answer with."""
    found = set(_ALWAYS)
    takes_body = bool(call.bodies) or call.takes_files
    if ANYONE not in call.who or takes_body:
        found |= {401, 403}
    if call.placeholders or takes_body or call.query:
        found.add(404)
    if call.method != "get":
        found |= {409, 413}
    if takes_body:
        found.add(415)
    return sorted(found)


def response_name(status: int) -> str:
    return STATUS_TABLE[status].__name__


def responses() -> dict[str, Any]:
    """The document's `components.responses`, one for each family."""
    known = sorted({*_named_errors()}, key=lambda one: one.code)
    return {
        family.__name__: _response(family, [one for one in known if issubclass(one, family)])
        for status, family in sorted(STATUS_TABLE.items())
    }


def _response(family: type[HoelunError], named: list[type[HoelunError]]) -> dict[str, Any]:
    codes = "\n".join(f"- `{one.code}` {one.text}" for one in named if one is not family)
    response: dict[str, Any] = {
        "description": f"{family.text} (`{family.code}`)" + (f"\n\n{codes}" if codes else ""),
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorView"}}},
    }
    header = _HEADERS.get(family.status)
    if header:
        response["headers"] = {header: {"$ref": f"#/components/headers/{header}"}}
    return response


def _named_errors() -> Iterator[type[HoelunError]]:
    yield from discover.subclasses("server", HoelunError, nouns.BUILDING - {"kit"})
    yield from discover.subclasses("handlers", HoelunError)
