"""Control calls for a crowd: tens of thousands of subscribers in one go, and what became of them all in one answer.

Their openids are a prefix and a number. They keep no messages, so that a crowd costs little: each counts what it has
received of each template.
"""

from collections import Counter
from typing import Annotated

from msgspec import Meta, Struct

from .controls import Control, Name, Reply, Unknown
from .people import Person
from .world import World

_NAMED = 20
Credits = Annotated[list[Annotated[int, Meta(ge=0, le=1000)]], Meta(max_length=100_000)]


class Crowd(Struct, forbid_unknown_fields=True):
    """One person for each of `credits`, which is how many messages of the template they still get."""

    prefix: Name
    template_id: str
    credits: Credits


class AskCrowd(Struct, forbid_unknown_fields=True):
    prefix: Name
    template_id: str
    each: bool = False


def openid(prefix: str, number: int) -> str:
    """`crowd-00042`"""
    return f"{prefix}-{number:05d}"


def gather(world: World, ask: Crowd) -> Reply:
    if ask.template_id not in world.templates:
        raise Unknown(f"template_id: no template {ask.template_id}")
    for number, credits in enumerate(ask.credits):
        person = world.people.subscriber(openid(ask.prefix, number))
        person.crowd = True
        person.credits[ask.template_id] = credits
        if credits:
            person.results[ask.template_id] = "accept"
    return counted(world, AskCrowd(prefix=ask.prefix, template_id=ask.template_id))


def counted(world: World, ask: AskCrowd) -> Reply:
    """`received` in all, `most` by one person, `by_count` how many people have received 0, 1, 2, …, `twice` some of those
    who got more than one; with `each` the credits and messages of everybody in the order of their numbers."""
    people = _crowd(world, ask.prefix)
    credits = [person.credits.get(ask.template_id, 0) for person in people]
    received = [person.received.get(ask.template_id, 0) for person in people]
    by_count = Counter(received)
    more = [person.id for person, count in zip(people, received, strict=True) if count > 1]
    reply: Reply = {
        "people": len(people),
        "credits": sum(credits),
        "received": sum(received),
        "most": max(received, default=0),
        "by_count": {str(count): by_count[count] for count in sorted(by_count)},
        "twice": more[:_NAMED],
    }
    if ask.each:
        reply["each"] = {"credits": credits, "received": received}
    return reply


def _crowd(world: World, prefix: str) -> list[Person]:
    known = world.people.subscribers
    people: list[Person] = []
    while (person := known.get(openid(prefix, len(people)))) is not None:
        people.append(person)
    return people


CROWD_CONTROLS = (
    Control("POST", "/_control/crowd", Crowd, gather),
    Control("GET", "/_control/crowd", AskCrowd, counted),
)
