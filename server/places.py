"""Places: street → community → compound. Every case carries where it belongs."""

from msgspec import Struct

from schemas.cases import WhereView
from schemas.places import PlaceKind, PlaceView, Spot
from server.kit.db import Collection, Index, Reader, Stored
from server.kit.errors import NotFound


class CompoundNotFound(NotFound):
    """没有这个小区，请重新选择"""


class Place(Stored, kw_only=True):
    kind: PlaceKind
    name: str
    parent_id: str | None = None
    spot: Spot | None = None


PLACES: Collection[Place] = Collection("places", Place, Index(("parent_id",)), whole=True)


class Where(Struct, frozen=True):
    """Community and compound of a case."""

    community_id: str | None = None
    compound_id: str | None = None


def locate(reader: Reader, compound_id: str) -> Where:
    """The compound with its community. Raises CompoundNotFound."""
    compound = reader.recall(PLACES, compound_id)
    if compound is None or compound.kind != "compound":
        raise CompoundNotFound(field="compound_id")
    return Where(compound.parent_id, compound.id)


def name_of(reader: Reader, place_id: str | None) -> str:
    place = reader.recall(PLACES, place_id) if place_id else None
    return place.name if place else ""


def view_where(reader: Reader, community_id: str | None, compound_id: str | None) -> WhereView:
    return WhereView(
        community_id=community_id,
        community=name_of(reader, community_id),
        compound_id=compound_id,
        compound=name_of(reader, compound_id),
    )


def view_all(reader: Reader) -> list[PlaceView]:
    """Every place, parents before children."""
    order = {"street": 0, "community": 1, "compound": 2}
    places = sorted(reader.everything(PLACES).items.values(), key=lambda one: (order[one.kind], one.id))
    return [
        PlaceView(id=one.id, kind=one.kind, name=one.name, parent_id=one.parent_id, spot=one.spot)
        for one in places
    ]
