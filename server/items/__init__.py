"""Items 事项: what can be applied for, version by version."""

from schemas.items import ItemBody as Body
from server.items import words
from server.items.rules import BadItem, check
from server.items.stored import ITEMS, ItemNotFound, ItemVersion, in_force, version, version_id
from server.items.views import card, fits, listed, offered, view

__all__ = [
    "ITEMS",
    "BadItem",
    "Body",
    "ItemNotFound",
    "ItemVersion",
    "card",
    "check",
    "fits",
    "in_force",
    "listed",
    "offered",
    "version",
    "version_id",
    "view",
    "words",
]
