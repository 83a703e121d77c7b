"""Whom an announcement is for, as a filter of the residents."""

from typing import Any

from server.announcements.stored import Announcement


def residents_where(one: Announcement) -> dict[str, Any]:
    """Those who live there now and have not closed the account; an index begins with its fields."""
    match one.kind:
        case "compound":
            return {"household.compound_id": one.place, "deleted_at": None}
        case "community":
            return {"community_id": one.place, "deleted_at": None}
    return {"deleted_at": None}
