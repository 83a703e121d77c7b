"""A fresh sandbox for each test: starting one takes a few milliseconds."""

from collections.abc import Callable, Iterator

import pytest

from server.sandbox import SandboxConfig

from .phone import Phone


@pytest.fixture
def phones() -> Iterator[Callable[..., Phone]]:
    """Starts sandboxes with settings of one's own."""
    started: list[Phone] = []

    def start(**settings: object) -> Phone:
        started.append(Phone(SandboxConfig(**settings)))  # type: ignore[arg-type]
        return started[-1]

    yield start
    for phone in started:
        phone.close()


@pytest.fixture
def phone(phones: Callable[..., Phone]) -> Phone:
    return phones()
