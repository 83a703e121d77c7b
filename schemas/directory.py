"""WeCom's directory as it was read last."""

from datetime import datetime

from schemas.common import View


class ReadingView(View, frozen=True, kw_only=True):
    """How many there were, how many of them were news, and how many had left; `problem` says why it was not taken."""

    at: datetime
    here: int
    changed: int
    left: int
    problem: str


class GroupView(View, frozen=True, kw_only=True):
    """A department or a tag; `parent` is the number of the department above, 0 for none."""

    number: int
    name: str
    parent: int
    people: int


class DirectoryView(View, frozen=True, kw_only=True):
    """`last` is the last whole reading; null: there was none yet."""

    last: ReadingView | None
    departments: list[GroupView]
    tags: list[GroupView]
