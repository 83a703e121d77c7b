"""Photos and papers on a case: taken in, kept, shown by links that expire, and swept when nobody uses them."""

from server.attachments.intake import Intake
from server.attachments.links import LinkInvalid, check, link
from server.attachments.store import (
    ATTACHMENTS,
    PICTURES,
    THUMBNAIL,
    Attachment,
    AttachmentNotFound,
    Facts,
    Holder,
    begin,
    claim,
    complete,
    discard,
    find,
    listed,
    release,
    unclaimed,
    view,
    views,
)

__all__ = [
    "ATTACHMENTS",
    "PICTURES",
    "THUMBNAIL",
    "Attachment",
    "AttachmentNotFound",
    "Facts",
    "Holder",
    "Intake",
    "LinkInvalid",
    "begin",
    "check",
    "claim",
    "complete",
    "discard",
    "find",
    "link",
    "listed",
    "release",
    "unclaimed",
    "view",
    "views",
]
