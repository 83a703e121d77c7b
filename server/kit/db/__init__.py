"""The one door to MongoDB: nouns declare a `Collection`, read through a `Reader`, write through a `Tx`.

Only this package imports the driver, so that changing the driver stays a change of one folder.
"""

from server.kit.db.caches import Cache, Change, Follower, Whole
from server.kit.db.collection import MOMENT, NUMBER, TEXT, Collection, Index, Stored, plain
from server.kit.db.database import Database, DatabaseUnavailable, Lanes, connect
from server.kit.db.idempotency import Once, Reply
from server.kit.db.pages import BadCursor, Page
from server.kit.db.tx import Duplicate, Reader, Tx

__all__ = [
    "MOMENT",
    "NUMBER",
    "TEXT",
    "BadCursor",
    "Cache",
    "Change",
    "Collection",
    "Database",
    "DatabaseUnavailable",
    "Duplicate",
    "Follower",
    "Index",
    "Lanes",
    "Once",
    "Page",
    "Reader",
    "Reply",
    "Stored",
    "Tx",
    "Whole",
    "connect",
    "plain",
]
