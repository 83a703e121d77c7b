"""The OpenAPI 3.1 document: signatures, rules, forms and errors, put down in the standard's words.

`schemas/openapi.json` is this document as a file; `scripts/openapi` writes it.
"""

import functools
import sys
from typing import Any

import msgspec
from msgspec import Struct

from handlers.base import ANYONE
from handlers.openapi import errors, moves
from handlers.openapi.calls import Call, calls
from schemas.common import END, ErrorView
from server.staff import ROLE_TEXTS

_REF = "#/components/schemas/{name}"
_WHO = {"resident": "居民", "staff": "工作人员", **ROLE_TEXTS}

_ABOUT = """诃额伦智慧社区的接口。JSON, snake_case; times are RFC 3339 with offset, money is integer fen.

- Sign in with `POST /v1/sessions` (residents) or `POST /v1/staff-sessions`, then send `Authorization: Bearer`.
- A POST that takes `Idempotency-Key` can be repeated: the first answer comes again, with `Idempotent-Replayed: true`.
- Lists answer `items` and `next`; send `next` back as `cursor`.
- Refusals answer `{"error": {"code", "message", "request_id", "field"}}`. What is not yours is 404."""

_HEADERS: dict[str, Any] = {
    "Idempotent-Replayed": {
        "description": "`true` when this is the first answer to the same key, once more",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "Retry-After": {
        "description": "Seconds to wait before trying again",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
    "WWW-Authenticate": {"schema": {"type": "string"}},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Made up by the client for each intention, such as a UUID; kept for seven days",
    "schema": {"type": "string", "pattern": "^[!-~]{1,255}$", "minLength": 1, "maxLength": 255},
}

_BYTES = {"type": "string", "format": "binary"}
_FORM = {"type": "object", "properties": {"file": _BYTES}, "required": ["file"]}
_FILE: dict[str, Any] = {
    "required": True,
    "content": {"application/octet-stream": {"schema": _BYTES}, "multipart/form-data": {"schema": _FORM}},
}


def document() -> dict[str, Any]:
    """The whole document, the same on every run."""
    found = calls()
    schemas = _Schemas(found)
    paths: dict[str, Any] = {}
    for call in found:
        paths.setdefault(call.path, {})[call.method] = _operation(call, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hoelun 诃额伦", "version": "1", "description": _ABOUT, "license": {"name": "MIT"}},
        "tags": [_tag(noun) for noun in sorted({one.noun for one in found})],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "responses": errors.responses(),
            "parameters": {"IdempotencyKey": _IDEMPOTENCY_KEY},
            "headers": _HEADERS,
            "securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer"}},
        },
    }


@functools.cache
def text() -> bytes:
    """The document as it is served and committed."""
    return msgspec.json.format(msgspec.json.encode(document()), indent=1) + b"\n"


class _Schemas:
    """JSON Schema of every type that goes in or out."""

    def __init__(self, found: list[Call]) -> None:
        types = [one for call in found for one in (*call.bodies, call.view) if one is not type(None)]
        types += [ErrorView, *moves.details_views()]
        unique = list(dict.fromkeys(types))
        schemas, components = msgspec.json.schema_components(unique, ref_template=_REF)
        self._by_type: dict[Any, Any] = dict(zip(unique, _readable(schemas), strict=True))
        self.components: dict[str, Any] = dict(sorted(_readable(components).items()))
        views = [self._by_type[one] for one in moves.details_views()]
        self.components["CaseView"]["properties"]["details"] = {"anyOf": views}

    def of(self, kind: Any) -> dict[str, Any]:
        schema: dict[str, Any] = self._by_type[kind]
        return schema


def _readable(schema: Any) -> Any:
    """In JavaScript's dialect `$` is the very end by itself."""
    if isinstance(schema, dict):
        return {name: _readable(one) for name, one in schema.items()}
    if isinstance(schema, list | tuple):
        return [_readable(one) for one in schema]
    return schema.removesuffix(END) + "$" if isinstance(schema, str) and schema.endswith(END) else schema


def _tag(noun: str) -> dict[str, str]:
    module = sys.modules[f"handlers.{noun}"]
    summary = (module.__doc__ or "").strip().replace("\n", " ")
    title = getattr(module, "TITLE", "")
    return {"name": noun, "description": f"{title} · {summary}" if title else summary}


def _operation(call: Call, schemas: _Schemas) -> dict[str, Any]:
    who = "、".join(f"{_WHO.get(one, '任何人')} `{one}`" for one in sorted(call.who))
    operation: dict[str, Any] = {
        "operationId": call.name,
        "tags": [call.noun],
        "summary": call.summary,
        "description": "\n\n".join(one for one in (call.details, f"谁可以调用 Who may call: {who}") if one),
        "security": [] if ANYONE in call.who else [{"bearerAuth": []}],
        "x-who": sorted(call.who),
    }
    parameters = [*_path_parameters(call), *_query_parameters(call.query)]
    if call.once:
        parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
    if parameters:
        operation["parameters"] = parameters
    if call.bodies:
        operation["requestBody"] = _body(call, schemas)
    elif call.takes_files:
        operation["requestBody"] = _FILE
    operation["responses"] = {str(call.status): _answer(call, schemas)} | {
        str(status): {"$ref": f"#/components/responses/{errors.response_name(status)}"}
        for status in errors.statuses(call)
    }
    return operation


def _path_parameters(call: Call) -> list[dict[str, Any]]:
    return [
        {"name": one, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for one in call.placeholders
    ]


def _query_parameters(query: type[Struct] | None) -> list[dict[str, Any]]:
    if query is None:
        return []
    _, components = msgspec.json.schema_components([query], ref_template=_REF)
    schema = _readable(components[query.__name__])
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": _sendable(one)}
        for name, one in schema["properties"].items()
    ]


def _sendable(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is left out rather than null."""
    kept = {name: one for name, one in schema.items() if not (name == "default" and one is None)}
    options = [one for one in kept.pop("anyOf", []) if one != {"type": "null"}]
    if len(options) > 1:
        return kept | {"anyOf": options}
    if "enum" in kept:
        kept["enum"] = [one for one in kept["enum"] if one is not None]
    return kept | (options[0] if options else {})


def _body(call: Call, schemas: _Schemas) -> dict[str, Any]:
    options = [schemas.of(one) for one in call.bodies]
    schema = options[0] if len(options) == 1 else {"anyOf": options}
    required = all(any(one.required for one in msgspec.structs.fields(kind)) for kind in call.bodies)
    return {"required": required, "content": {"application/json": {"schema": schema}}}


def _answer(call: Call, schemas: _Schemas) -> dict[str, Any]:
    if call.view is type(None):
        return {"description": "Done"}
    media = "text/plain" if call.view is str else "application/json"
    answer: dict[str, Any] = {"description": "Done", "content": {media: {"schema": schemas.of(call.view)}}}
    if call.once:
        answer["headers"] = {"Idempotent-Replayed": {"$ref": "#/components/headers/Idempotent-Replayed"}}
    return answer


__all__ = ["document", "text"]
