"""Items 事项: what can be applied for, version by version."""

from server.items.stored import ITEMS, ItemNotFound, ItemVersion, in_force, version

__all__ = ["ITEMS", "ItemNotFound", "ItemVersion", "in_force", "version"]
