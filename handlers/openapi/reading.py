"""The document as a page to read: what the template needs, taken from the document and nowhere else."""

import functools
import re
from collections.abc import Iterator
from typing import Any

from markupsafe import Markup, escape

from handlers.openapi import document
from handlers.page import TEMPLATES
from server.kit.errors import STATUS_TABLE

_REF = re.compile(r"^#/components/\w+/")
_CODE = re.compile(r"`([^`]+)`")
_LIMITS = (
    ("minLength", "≥ {} 字"),
    ("maxLength", "≤ {} 字"),
    ("minimum", "≥ {}"),
    ("maximum", "≤ {}"),
    ("minItems", "≥ {} 项"),
    ("maxItems", "≤ {} 项"),
    ("pattern", "{}"),
)


@functools.cache
def page() -> bytes:
    """The page, made once."""
    whole = document.document()
    facts = {"about": whole["info"], "groups": list(_groups(whole)), "components": whole["components"]}
    ways = {"prose": prose, "words": words, "type": type_words, "limits": limits}
    template = TEMPLATES.get_template("openapi.html")
    return template.render(facts | ways | {"families": STATUS_TABLE}).encode()


def _groups(whole: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for tag in whole["tags"]:
        title, _, text = tag["description"].rpartition(" · ")
        calls = [
            {"method": method, "path": path, **operation, "parameters": _parameters(operation, whole)}
            for path, operations in whole["paths"].items()
            for method, operation in operations.items()
            if tag["name"] in operation["tags"]
        ]
        yield {"name": tag["name"], "title": title, "text": text, "calls": calls}


def _parameters(operation: dict[str, Any], whole: dict[str, Any]) -> list[dict[str, Any]]:
    known = whole["components"]["parameters"]
    return [known[_name(one)] if "$ref" in one else one for one in operation.get("parameters", ())]


def _name(reference: dict[str, Any]) -> str:
    return _REF.sub("", reference["$ref"])


def words(text: str) -> Markup:
    """A line with its `code`."""
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))


def prose(text: str) -> Markup:
    """Paragraphs and lists, as docstrings and flows write them."""
    html = [_list(one) if one.startswith("- ") else f"<p>{words(one)}</p>" for one in text.split("\n\n")]
    return Markup("\n".join(html))


def _list(lines: str) -> str:
    items = "".join(f"<li>{words(one)}</li>" for one in re.split(r"^- ", lines, flags=re.MULTILINE)[1:])
    return f"<ul>{items}</ul>"


def type_words(schema: dict[str, Any]) -> Markup:
    """A type in a few words, with links to what is described on the same page."""
    if "$ref" in schema:
        return Markup('<a href="#{0}">{0}</a>').format(_name(schema))
    if "anyOf" in schema:
        return Markup(" | ").join(type_words(one) for one in schema["anyOf"])
    if "enum" in schema:
        return Markup(" | ").join(Markup("<code>{}</code>").format(one) for one in schema["enum"])
    match schema.get("type"):
        case "array" if "prefixItems" in schema:
            return Markup("[{}]").format(Markup(", ").join(type_words(one) for one in schema["prefixItems"]))
        case "array":
            return type_words(schema.get("items", {})) + "[]"
        case "object" if isinstance(schema.get("additionalProperties"), dict):
            return Markup("{{… : {}}}").format(type_words(schema["additionalProperties"]))
    return escape(schema.get("format") or schema.get("type") or "any")


def limits(schema: dict[str, Any]) -> str:
    """What a value must keep to, in signs."""
    found = [text.format(schema[key]) for key, text in _LIMITS if key in schema]
    inside = [limits(one) for one in schema.get("anyOf", ())]
    return " · ".join(one for one in (*found, *inside) if one)
