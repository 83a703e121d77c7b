"""What was asked: the token, the query string and the body, each read into what the verb declares."""

from typing import Any

import msgspec
from msgspec import Struct
from tornado.httputil import HTTPServerRequest

from server.kit.errors import Invalid, UnsupportedMedia

_READ_AS_JSON = ("application/json", "application/x-www-form-urlencoded")
"""The second is what many tools say of any body, when they are not told otherwise."""


class BodyNotExpected(Invalid):
    """这个操作不需要正文"""


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A query string that has to be empty."""


def bearer(request: HTTPServerRequest) -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


def query_of(request: HTTPServerRequest, kind: type[Struct]) -> Any:
    """The query string as a Struct. Raises Invalid naming the parameter that is wrong."""
    found: dict[str, Any] = {}
    for name, values in request.query_arguments.items():
        if len(values) > 1:
            raise Invalid(f"{name} 只能出现一次", field=name)
        try:
            found[name] = values[0].decode("utf-8")
        except UnicodeDecodeError as error:
            raise Invalid(f"{name} 不是有效的文字", field=name) from error
        if found[name].lower() == "null":
            raise Invalid(f"{name} 没有值时请省去", field=name)
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid.from_validation(error) from error


def body_of(request: HTTPServerRequest, kind: Any) -> Any:
    """The JSON of the body as `kind`. Raises UnsupportedMedia, and Invalid naming the field that is wrong."""
    media = request.headers.get("Content-Type", "application/json").partition(";")[0]
    if request.body and media.strip().lower() not in _READ_AS_JSON:
        raise UnsupportedMedia
    try:
        return msgspec.json.decode(request.body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise Invalid.from_validation(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(f"正文不是有效的 JSON（{type(error).__name__}）") from error
