"""Whom an announcement is for, as a filter of the residents."""

from collections.abc import Callable
from typing import Any

from schemas.places import PlaceKind
from server.announcements.stored import Announcement

_PLACES: dict[PlaceKind, Callable[[str], dict[str, Any]]] = {
    "street": lambda place: {},
    "community": lambda place: {"community_id": place},
    "compound": lambda place: {"household.compound_id": place},
}


def residents_where(one: Announcement) -> dict[str, Any]:
    """Those who live there now and have not closed the account; an index begins with its fields.

    Of those with a tag the index goes on with `_id`, in whose order they can be gone through. Who closed the account
    has none.
    """
    if one.tag is not None:
        return {"tags.id": one.tag} | _PLACES[one.kind](one.place)
    match one.kind:
        case "compound":
            return {"household.compound_id": one.place, "deleted_at": None}
        case "community":
            return {"community_id": one.place, "deleted_at": None}
    return {"deleted_at": None}
