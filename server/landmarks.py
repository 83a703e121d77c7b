"""Landmarks 常去的地方: stations, hospitals, offices, so that nobody has to find them on a map."""

from schemas.landmarks import LandmarkKind, LandmarkView
from schemas.places import Spot
from server.kit.db import Collection, Reader, Stored

KINDS: dict[LandmarkKind, str] = {
    "station": "车站",
    "airport": "机场",
    "hospital": "医院",
    "office": "办事的地方",
    "market": "市场",
    "park": "公园",
}


class Landmark(Stored, kw_only=True):
    """`rank`: the lower, the further up in the list."""

    name: str
    kind: LandmarkKind
    spot: Spot
    rank: int = 0


LANDMARKS: Collection[Landmark] = Collection("landmarks", Landmark, whole=True)


def view_all(reader: Reader) -> list[LandmarkView]:
    """All of them, by rank."""
    found = sorted(reader.everything(LANDMARKS).items.values(), key=lambda one: (one.rank, one.id))
    return [
        LandmarkView(id=one.id, name=one.name, kind=one.kind, kind_text=KINDS[one.kind], spot=one.spot)
        for one in found
    ]
