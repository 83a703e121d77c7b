"""Roles from WeCom's directory: a table says which department or tag makes somebody what, and where.

What a member of the staff may do is what the table gives, and what was given by hand; which came from where stays
known. Both are changed by two administrators together (server/role_changes.py). A rule for a department holds for
everything below it; a tag on a department holds for its people.
"""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from msgspec.structs import asdict

from schemas.staff import Grant
from server import places
from server.catalogue import PROVIDERS
from server.kit.db import Collection, Reader, Stored, Tx
from server.kit.errors import Invalid
from server.places import PLACES
from server.staff import ROLE_ROWS, STAFF, Staff

Source = Literal["department", "tag"]
SOURCES: dict[Source, str] = {"department": "部门", "tag": "标签"}
_SCOPE_FIELDS = {"community": "community_id", "compound": "compound_id", "provider": "provider_id"}
_SCOPE_WORDS = {
    "street": "这个角色管全街道，范围请选“全街道”",
    "community": "这个角色要选一个社区",
    "compound": "这个角色要选一个小区",
    "provider": "这个角色要选一家服务商",
}
_MOST_RULES = 1_000
_MOST_GROUPS = 10_000
_MOST_STAFF = 10_000


class GrantWrong(Invalid):
    """角色和范围不相配，请重新选择"""


class Group(Stored, kw_only=True):
    """A department or a tag as the directory has it; `id` is `department:2`. A tag may be on whole departments."""

    source: Source
    number: int
    name: str
    parent: int = 0
    departments: list[int] = []


class RoleRule(Stored, kw_only=True):
    """Whoever is in this department, or has this tag, has this role. `id` says all of it, so no rule is there twice."""

    source: Source
    number: int
    grant: Grant
    by: str = ""
    approved_by: str = ""


GROUPS: Collection[Group] = Collection("directory", Group, whole=True)
ROLE_RULES: Collection[RoleRule] = Collection("role_rules", RoleRule, whole=True)


def group_id(source: Source, number: int) -> str:
    return f"{source}:{number}"


def grant_key(grant: Grant) -> str:
    """All that a grant says, in one word."""
    return ":".join(str(one or "") for one in asdict(grant).values())


def rule_of(source: Source, number: int, grant: Grant) -> RoleRule:
    item_id = f"{group_id(source, number)}:{grant_key(grant)}"
    return RoleRule(id=item_id, source=source, number=number, grant=grant)


class Table(Struct, frozen=True):
    """The rules, and the departments and tags they are about."""

    rules: list[RoleRule]
    groups: dict[str, Group]

    def grants_of(self, departments: Iterable[int], tags: Iterable[int]) -> list[Grant]:
        """What somebody in these departments with these tags has, each once."""
        mine = self.belonging(departments, tags)
        found = [one.grant for one in self.rules if group_id(one.source, one.number) in mine]
        return [one for index, one in enumerate(found) if one not in found[:index]]

    def belonging(self, departments: Iterable[int], tags: Iterable[int]) -> set[str]:
        """The ids of the departments, those above them, and the tags, also those of the departments."""
        under = self._upwards(departments)
        tagged = {
            one.id for one in self.groups.values() if one.source == "tag" and under & {*one.departments}
        }
        own = {group_id("department", one) for one in under}
        return own | {group_id("tag", one) for one in tags} | tagged

    def _upwards(self, departments: Iterable[int]) -> set[int]:
        found: set[int] = set()
        todo = list(departments)
        while todo:
            number = todo.pop()
            group = self.groups.get(group_id("department", number))
            if number not in found and group is not None and group.parent:
                todo.append(group.parent)
            found.add(number)
        return found


async def table(tx: Reader) -> Table:
    """As it is stored: what this transaction has changed counts already."""
    rules = await tx.all(ROLE_RULES, {}, limit=_MOST_RULES)
    groups = await tx.all(GROUPS, {}, limit=_MOST_GROUPS)
    return Table(rules, {one.id: one for one in groups})


def known_table(reader: Reader) -> Table:
    """As memory has it, for pages."""
    rules = sorted(reader.everything(ROLE_RULES).items.values(), key=lambda one: one.id)
    return Table(rules, reader.everything(GROUPS).items)


def remap(table: Table, member: Staff) -> bool:
    """Their roles by the table; whether anything is different now."""
    mapped = table.grants_of(member.departments, member.tags) if member.active else []
    if mapped == member.mapped:
        return False
    member.has(member.given, mapped)
    return True


async def remap_all(tx: Tx) -> list[Staff]:
    """After a change of the table or of what it is about; those whose roles are others now."""
    present = await table(tx)
    everybody = await tx.all(STAFF, {"active": True}, limit=_MOST_STAFF)
    changed = [one for one in everybody if remap(present, one)]
    await tx.put_all(STAFF, changed)
    return changed


def members_of(reader: Reader, source: Source, number: int) -> list[Staff]:
    """Who is in a department or has a tag, as memory has it."""
    present, wanted = known_table(reader), group_id(source, number)
    everybody = reader.everything(STAFF).items.values()
    return [one for one in everybody if one.active and wanted in present.belonging(one.departments, one.tags)]


def check(reader: Reader, grant: Grant) -> None:
    """Raises GrantWrong where role and scope do not fit, or the place or provider is not there."""
    scope = ROLE_ROWS[grant.role].scope
    wanted = _SCOPE_FIELDS.get(scope)
    named = {field for field in _SCOPE_FIELDS.values() if getattr(grant, field)}
    if scope == "compound":
        named.discard("community_id")
    if named != ({wanted} if wanted else set()):
        raise GrantWrong(_SCOPE_WORDS[scope], field="scope")
    if not _is_there(reader, scope, getattr(grant, wanted) if wanted else ""):
        raise GrantWrong(field="scope")


def _is_there(reader: Reader, scope: str, item_id: str) -> bool:
    if scope == "street":
        return True
    if scope == "provider":
        return reader.recall(PROVIDERS, item_id) is not None
    place = reader.recall(PLACES, item_id)
    return place is not None and place.kind == scope


# In words.


def grant_text(reader: Reader, grant: Grant) -> str:
    """社区窗口 · 绿苑社区."""
    return f"{ROLE_ROWS[grant.role].text} · {scope_text(reader, grant)}"


def scope_text(reader: Reader, grant: Grant) -> str:
    if grant.provider_id:
        provider = reader.recall(PROVIDERS, grant.provider_id)
        return provider.name if provider else grant.provider_id
    place_id = grant.compound_id or grant.community_id
    return (places.name_of(reader, place_id) or place_id) if place_id else "全街道"


def group_text(reader: Reader, source: Source, number: int) -> str:
    """部门“服务大厅”."""
    group = reader.recall(GROUPS, group_id(source, number))
    return f"{SOURCES[source]}“{group.name if group else number}”"


class Held(Struct, frozen=True):
    """A role somebody has, where, and from where: by hand, or by which rules of the table."""

    grant: Grant
    text: str
    by_hand: bool
    rules: list[str]


def held(reader: Reader, member: Staff) -> list[Held]:
    present = known_table(reader)
    mine = present.belonging(member.departments, member.tags)
    applying = [one for one in present.rules if group_id(one.source, one.number) in mine]
    return [
        Held(
            grant=grant,
            text=grant_text(reader, grant),
            by_hand=grant in member.given,
            rules=[group_text(reader, one.source, one.number) for one in applying if one.grant == grant],
        )
        for grant in member.grants
    ]
