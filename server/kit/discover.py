"""Finding instead of listing: what a package's modules hold is found by its type, so a new file needs no list edited."""

import functools
import importlib
import pkgutil
from types import ModuleType
from typing import Any, TypeVar

T = TypeVar("T")


@functools.cache
def modules(package: str, leave_out: frozenset[str] = frozenset()) -> tuple[ModuleType, ...]:
    """The package's modules at every depth, imported, in alphabetical order; `leave_out` names some at the top."""
    return tuple(importlib.import_module(name) for name in _names(package, leave_out))


def _names(package: str, leave_out: frozenset[str]) -> list[str]:
    root = importlib.import_module(package)
    names: list[str] = []
    for one in sorted(pkgutil.iter_modules(root.__path__), key=lambda found: found.name):
        if one.name.startswith("_") or one.name in leave_out:
            continue
        names.append(f"{package}.{one.name}")
        if one.ispkg:
            names += _names(f"{package}.{one.name}", frozenset())
    return names


def found(package: str, kind: type[T], leave_out: frozenset[str] = frozenset()) -> list[T]:
    """Every module-level object of that type, each once, in a stable order."""
    return list(_found(package, kind, leave_out))  # type: ignore[arg-type]


@functools.cache
def _found(package: str, kind: Any, leave_out: frozenset[str]) -> tuple[Any, ...]:
    seen: dict[int, Any] = {}
    for module in modules(package, leave_out):
        for value in vars(module).values():
            if isinstance(value, kind):
                seen.setdefault(id(value), value)
    return tuple(seen.values())


def subclasses(package: str, base: type[T], leave_out: frozenset[str] = frozenset()) -> list[type[T]]:
    """Every class below `base` that the package's modules define."""
    classes: dict[str, type[T]] = {}
    for module in modules(package, leave_out):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, base) and value.__module__ == module.__name__:
                classes[f"{value.__module__}.{value.__qualname__}"] = value
    return [one for one in classes.values() if one is not base]
