"""The example street's residents: made up by a rule and not by chance, so that every run makes the same people."""

from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Annotated

from msgspec import Meta, Struct

from schemas.common import Name
from schemas.residents import Household, Preferences
from server.demo import rows
from server.places import Place
from server.residents import Resident

SEED = "demo-resident"
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
Names = Annotated[list[Name], Meta(min_length=1)]


class Recipe(Struct, kw_only=True):
    """What residents are made of. Every `large_text_every`-th of them has large text."""

    count: Annotated[int, Meta(ge=1, le=999)]
    mongolian_share: Annotated[float, Meta(ge=0, le=1)]
    large_text_every: Annotated[int, Meta(ge=1)]
    mongolian: Names
    surnames: Names
    given: Names


def people(path: Path, places: list[Place]) -> list[Resident]:
    """Raises BadData."""
    recipe = rows.Row(path.name, rows.document(path)).to(Recipe)
    compounds = [one for one in places if one.kind == "compound"]
    chance = Random(SEED)
    return [
        _resident(number, recipe, compounds[(number - 1) % len(compounds)], chance)
        for number in range(1, recipe.count + 1)
    ]


def openid_of(number: int) -> str:
    """Of the so many-th resident."""
    return f"{SEED}-{number:03d}"


def _resident(number: int, recipe: Recipe, compound: Place, chance: Random) -> Resident:
    openid = openid_of(number)
    return Resident(
        id=openid,
        openid=openid,
        name=_name(recipe, chance),
        phone=f"13900000{number:03d}",
        household=Household(compound_id=compound.id, room=_room(chance)),
        community_id=compound.parent_id,
        preferences=Preferences(large_text=number % recipe.large_text_every == 0),
        created_at=SINCE,
    )


def _name(recipe: Recipe, chance: Random) -> str:
    if chance.random() < recipe.mongolian_share:
        return chance.choice(recipe.mongolian)
    return chance.choice(recipe.surnames) + chance.choice(recipe.given)


def _room(chance: Random) -> str:
    """Building, unit and door, such as 3-2-501."""
    building, unit, floor, door = (chance.randint(1, most) for most in (12, 4, 6, 3))
    return f"{building}-{unit}-{floor}0{door}"
