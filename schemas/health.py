"""Answers for whoever runs the house."""

from schemas.common import View


class LiveView(View, frozen=True, kw_only=True):
    status: str


class ReadyView(View, frozen=True, kw_only=True):
    """`parts` says "ok", or what kind of failure, for each thing this process stands on."""

    status: str
    parts: dict[str, str]
