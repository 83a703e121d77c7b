"""Announcements to the street, a community or a compound: drafted, published, corrected, withdrawn, and read."""

from server.announcements.desk import (
    correct,
    discard,
    draft,
    edit,
    find,
    hold_back,
    may_change,
    own_communities,
    publish,
    to_change,
    withdraw,
    writes_for_street,
)
from server.announcements.reading import listed as listed_for
from server.announcements.reading import mark
from server.announcements.reading import view as view_for
from server.announcements.stored import (
    ANNOUNCEMENTS,
    EDITIONS,
    READINGS,
    STATE_TEXTS,
    STREET_ID,
    WRITES,
    Announcement,
    AnnouncementNotFound,
    ReplacedEdition,
    message_id,
    place_of,
    publisher,
)
from server.announcements.views import listed, reach, read_by, view

__all__ = [
    "ANNOUNCEMENTS",
    "EDITIONS",
    "READINGS",
    "STATE_TEXTS",
    "STREET_ID",
    "WRITES",
    "Announcement",
    "AnnouncementNotFound",
    "ReplacedEdition",
    "correct",
    "discard",
    "draft",
    "edit",
    "find",
    "hold_back",
    "listed",
    "listed_for",
    "mark",
    "may_change",
    "message_id",
    "own_communities",
    "place_of",
    "publish",
    "publisher",
    "reach",
    "read_by",
    "to_change",
    "view",
    "view_for",
    "withdraw",
    "writes_for_street",
]
