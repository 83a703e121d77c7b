"""Messages to residents. The inbox always has them; WeChat shows them while the resident's credits last."""

from server.push.bulk import Bulk, open_to_all
from server.push.courier import Courier, Sends
from server.push.inbox import inbox, read
from server.push.stored import (
    BULK,
    BULKS,
    MESSAGES,
    OUTBOX,
    URGENT,
    URGENT_BULK,
    LeaseLost,
    Message,
    Notice,
    Receipt,
    Template,
    made,
    send,
    templates,
)

__all__ = [
    "BULK",
    "BULKS",
    "MESSAGES",
    "OUTBOX",
    "URGENT",
    "URGENT_BULK",
    "Bulk",
    "Courier",
    "LeaseLost",
    "Message",
    "Notice",
    "Receipt",
    "Sends",
    "Template",
    "inbox",
    "made",
    "open_to_all",
    "read",
    "send",
    "templates",
]
