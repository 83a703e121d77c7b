"""The nouns are found, not listed: every module beside this one that is not part of the building itself."""

from typing import Any, TypeVar

from server.kit import discover
from server.kit.db import Collection
from server.kit.events import EVENTS
from server.kit.sweeps import SWEEPS

T = TypeVar("T")

BUILDING = frozenset({"app", "config", "demo", "gateways", "kit", "nouns", "sandbox", "worker"})


def found(kind: type[T]) -> list[T]:
    """Everything of this type that the nouns declare."""
    return discover.found("server", kind, BUILDING)


def collections() -> list[Collection[Any]]:
    declared = {one.name: one for one in [*found(Collection), EVENTS, SWEEPS]}
    return [declared[name] for name in sorted(declared)]
