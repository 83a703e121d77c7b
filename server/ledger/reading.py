"""Balances, now and at any moment before, and the entries that made them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, get_args

from server.kit.db import Page, Reader
from server.ledger.stored import ACCOUNTS, ENTRIES, OWN, Account, Book, Entry, opened, own


async def balances(reader: Reader, resident_id: str) -> dict[Book, int]:
    """What a resident can spend, what is held for payments under way, and what they owe (zero or less), in fen."""
    found = await accounts(reader, [own(book, resident_id) for book in _THEIRS])
    return {one.book: one.balance for one in found}


_THEIRS: tuple[Book, ...] = ("resident", "held", "owed")


async def accounts(reader: Reader, account_ids: Iterable[str]) -> list[Account]:
    """In the order asked for; one that nobody has used yet is empty."""
    wanted = list(account_ids)
    found = await reader.all(ACCOUNTS, {"_id": {"$in": wanted}}, limit=len(wanted))
    by_id = {one.id: one for one in found}
    return [by_id.get(one) or opened(one) for one in wanted]


async def total(reader: Reader, book: Book, about: str | None = None) -> int:
    """The balance of a book, of all its accounts together, or of those of one payee."""
    where = {"book": book} if about is None else {"book": book, "about": about}
    steps: list[dict[str, Any]] = [{"$match": where}, {"$group": {"_id": None, "fen": {"$sum": "$balance"}}}]
    rows = await reader.groups(ACCOUNTS, steps)
    return int(rows[0]["fen"]) if rows else 0


async def outstanding(reader: Reader, before: datetime) -> int:
    """What residents had in all their books together before that moment, in fen: all that the shared accounts lack, of
    which there are few."""
    last = [
        {"$match": {"at": {"$lt": before}}},
        {"$sort": {"at": -1, "_id": -1}},
        {"$limit": 1},
        {"$project": {"balance": 1}},
    ]
    entries = {"from": ENTRIES.name, "localField": "_id", "foreignField": "account_id", "pipeline": last}
    steps: list[dict[str, Any]] = [
        {"$match": {"book": {"$in": sorted(set(get_args(Book)) - OWN)}}},
        {"$lookup": entries | {"as": "last"}},
        {"$group": {"_id": None, "fen": {"$sum": {"$first": "$last.balance"}}}},
    ]
    rows = await reader.groups(ACCOUNTS, steps)
    return -int(rows[0]["fen"]) if rows else 0


async def as_of(reader: Reader, account_id: str, moment: datetime) -> int:
    """The balance that an account had at that moment."""
    where = {"account_id": account_id, "at": {"$lte": moment}}
    last = await reader.all(ENTRIES, where, limit=1, sort="-at")
    return last[0].balance if last else 0


async def entries(reader: Reader, account_id: str, cursor: str | None, limit: int) -> Page[Entry]:
    """The newest first. Raises BadCursor."""
    return await reader.page(ENTRIES, {"account_id": account_id}, sort="-at", cursor=cursor, limit=limit)
