"""The departments and tags of the company: a tree below number 1, and labels on members and departments."""

from collections.abc import Iterable

from .config import Department, Tag


class Company:
    """What it is at first comes from the configuration; changes are forgotten when the sandbox ends."""

    def __init__(self, departments: Iterable[Department], tags: Iterable[Tag]) -> None:
        self.departments = {one.id: one for one in departments}
        self.tags = {one.id: one for one in tags}

    def below(self, number: int) -> set[int]:
        """This department and all below it; nothing for an unknown one."""
        found = {number} & self.departments.keys()
        grown = True
        while grown:
            more = {one.id for one in self.departments.values() if one.parentid in found} - found
            found |= more
            grown = bool(more)
        return found
