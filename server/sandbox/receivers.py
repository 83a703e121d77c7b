"""Whom an app can reach: members by name, departments with all below them, and tags."""

import re
from collections.abc import Iterable
from typing import Any

from .errors import Refused
from .people import Person
from .world import World

USERID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")


def check_agent(world: World, agentid: Any) -> None:
    if agentid is None:
        raise Refused(41011)
    if type(agentid) is not int or agentid != world.config.agentid:
        raise Refused(40056)


def reachable(person: Person) -> bool:
    """Whether the app may write to them at all."""
    return not (person.blocked or person.disabled or person.hidden)


def members_of(
    world: World, names: Iterable[str], parties: Iterable[str], tags: Iterable[str]
) -> tuple[list[Person], list[str], list[str], list[str]]:
    """Each member once; then what of the names (in lower case), departments and tags is none."""
    found: dict[str, Person] = {}
    no_names, no_parties, no_tags = [], [], []
    for name in dict.fromkeys(names):
        person = world.member(name) if USERID.fullmatch(name) else None
        if person is None or not reachable(person):
            no_names.append(name.lower())
        else:
            found[person.id] = person
    for party in dict.fromkeys(parties):
        inside = world.directory.below(int(party)) if _is_number(party) else set()
        if not inside:
            no_parties.append(party)
        found |= {one.id: one for one in world.members() if inside & set(one.department)}
    for tag in dict.fromkeys(tags):
        if not _is_number(tag) or int(tag) not in world.directory.tags:
            no_tags.append(tag)
        else:
            found |= {one.id: one for one in world.tagged(int(tag))}
    return [one for one in found.values() if reachable(one)], no_names, no_parties, no_tags


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 11
