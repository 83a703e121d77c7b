"""Messages to residents. The inbox always has them; WeChat shows them while the resident's credits last."""

from server.push.bulk import Bulk, open_to_all
from server.push.courier import Courier, Sends
from server.push.inbox import inbox, read
from server.push.stored import (
    BULK,
    MESSAGES,
    OUTBOX,
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
    "MESSAGES",
    "OUTBOX",
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
