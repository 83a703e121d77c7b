"""What the history of a play must say. The order of what happened is that in which the database has committed it, not
that of clocks."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from server.cases import CASES, Case
from server.dispatch import gini
from server.dispatch.stored import Choice, Scored
from server.drivers import DRIVERS, Driver
from server.kit.db import Database
from server.rides.stored import RIDE_CHOICES, RIDE_OFFERS, RideOffer
from tests.traffic.people import FINAL

BUSY = frozenset({"accepted", "arrived", "on_board"})
_MOST = 100_000
_ROUNDED = 0.03
"""Four parts of two decimals, made of values of four."""


class Step(Struct, frozen=True):
    """A step of a ride; `workers` says who had it before and has it from then on, where that has changed."""

    case_no: str
    seq: int
    action: str
    target: str
    workers: dict[str, str | None] | None

    @classmethod
    def of(cls, event: dict[str, Any]) -> "Step":
        """Of an event as it is stored."""
        data = event["data"]
        return cls(event["subject"], event["seq"], data["action"], data["target"], data.get("workers"))


class Kept(Struct):
    """What the database has at the end."""

    cases: list[Case]
    offers: list[RideOffer]
    choices: list[Choice]
    drivers: list[Driver]


class Figures(Struct):
    called: int
    ends: dict[str, int]
    offers: dict[str, int]
    steps: int
    rides: list[int]
    gini: float
    metres_to_passenger: int
    wrong: list[str]


async def kept(db: Database) -> Kept:
    async def every(reader: Any) -> Kept:
        cases = await reader.all(CASES, {"kind": "ride"}, limit=_MOST)
        offers = await reader.all(RIDE_OFFERS, {}, limit=_MOST)
        choices = await reader.all(RIDE_CHOICES, {}, limit=_MOST)
        return Kept(cases, offers, choices, await reader.all(DRIVERS, {}, limit=_MOST))

    found: Kept = await db.reading(every)
    return found


def figures(steps: list[Step], found: Kept, called: list[str], driving: list[str]) -> Figures:
    """`called` are the rides that passengers were told to have, `driving` all drivers."""
    loads = Counter(str(one.worker_id) for one in found.cases if one.state == "completed")
    rides = sorted(loads[one] for one in driving)
    wrong = [*holding(steps), *_ends(steps, found, called), *_scores(found)]
    metres = [one.metres for one in found.offers if one.state == "taken"]
    return Figures(
        called=len(called),
        ends=dict(Counter(one.state for one in found.cases)),
        offers=dict(Counter(one.state for one in found.offers)),
        steps=len(steps),
        rides=rides,
        gini=gini(rides),
        metres_to_passenger=round(sum(metres) / len(metres)) if metres else 0,
        wrong=wrong,
    )


def holding(steps: list[Step]) -> Iterator[str]:
    """No ride with two drivers, no driver with two rides, at no moment."""
    has: dict[str, str] = {}
    for one in steps:
        before = has.get(one.case_no)
        driver = one.workers["after"] if one.workers else before
        if one.workers and before and driver and driver != before:
            yield f"{one.case_no} is {before}'s and is given to {driver}"
        if one.target not in BUSY:
            has.pop(one.case_no, None)
        elif driver is None:
            yield f"{one.case_no} is {one.target} and nobody's"
        else:
            has.pop(one.case_no, None)
            if driver in has.values():
                yield f"{driver} gets {one.case_no} and has another one"
            has[one.case_no] = driver


def _ends(steps: list[Step], found: Kept, called: list[str]) -> Iterator[str]:
    """Every ride that was asked for is there once and over, its history is whole, and nobody is busy any more."""
    told: dict[str, list[Step]] = {}
    for step in steps:
        told.setdefault(step.case_no, []).append(step)
    cases = {one.id: one for one in found.cases}
    if sorted(called) != sorted(cases):
        yield f"called {len(called)}, there {len(cases)}"
    for one in found.cases:
        history = told.get(one.id, [])
        if one.state not in FINAL or one.open:
            yield f"{one.id} has no end: {one.state}"
        own = one.version - bool(one.details.get("bill_id"))  # the bill is written down without a step
        if [step.seq for step in history] != list(range(1, own + 1)):
            yield f"{one.id} is of version {one.version}, its history {[step.seq for step in history]}"
        if not history or history[-1].target != one.state:
            yield f"{one.id} is not what its history says"
    yield from (f"{one.id} is still busy" for one in found.drivers if one.ride_no or one.offer_id)
    yield from (f"offer {one.id} is still open" for one in found.offers if one.state == "open")


def _scores(found: Kept) -> Iterator[str]:
    """Each offer went to the best of those who could be asked, and its score follows from the table."""
    tables = {(one.case_no, one.round): one for one in found.choices if one.how == "offer"}
    for offer in found.offers:
        choice = tables.get((offer.case_no, offer.round))
        if choice is None:
            yield f"offer {offer.id} has no table"
            continue
        chosen = [one for one in choice.table if one.chosen]
        if [one.worker_id for one in chosen] != [offer.driver_id] or chosen[0].reasons:
            yield f"offer {offer.id} is not who was chosen"
        elif chosen[0].score < max(one.score for one in choice.table if not one.reasons):
            yield f"offer {offer.id} did not go to the best"
        elif offer.score != chosen[0].score or abs(recomputed(choice, chosen[0]) - offer.score) > _ROUNDED:
            yield f"offer {offer.id} has {offer.score}, not {recomputed(choice, chosen[0])}"


def recomputed(choice: Choice, row: Scored) -> float:
    """From the weights and facts alone where a fact says all, else from the part's value."""
    radius = _number(choice.note)
    values = {one.name: one.value for one in row.parts}
    facts = {one.name: one.fact for one in row.parts}
    values["distance"] = max(1 - _number(facts["distance"]) / radius, 0.0)
    whole = sum(choice.weights.values())
    return sum(100 * values[name] * weight / whole for name, weight in choice.weights.items())


def _number(text: str) -> int:
    found = re.search(r"\d+", text)
    assert found is not None, text
    return int(found.group())
