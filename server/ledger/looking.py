"""The books as somebody looks through them: what stands in each, its accounts, and what belongs to a transfer."""

from typing import Any

from msgspec import Struct

from server.kit.db import Page, Reader
from server.ledger.stored import ACCOUNTS, TRANSFERS, Account, Book, Transfer

_MOST = 100


class Sum(Struct, frozen=True):
    """Of a book, or of one payee in a book: how many accounts it has, and what they come to."""

    book: Book
    about: str
    accounts: int
    fen: int


async def sums(reader: Reader) -> list[Sum]:
    """Of each book; all together they are zero."""
    return await _summed(reader, {}, {"book": "$book"})


async def sums_by_payee(reader: Reader, book: Book) -> list[Sum]:
    """Of a book whose accounts are about payees, the stripes of each together."""
    return await _summed(reader, {"book": book}, {"book": "$book", "about": "$about"})


async def _summed(reader: Reader, where: dict[str, Any], group: dict[str, str]) -> list[Sum]:
    counted = {"accounts": {"$sum": 1}, "fen": {"$sum": "$balance"}}
    rows = await reader.groups(ACCOUNTS, [{"$match": where}, {"$group": {"_id": group} | counted}])
    found = [
        Sum(row["_id"]["book"], row["_id"].get("about", ""), int(row["accounts"]), int(row["fen"]))
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.book, one.about))


async def accounts_of(reader: Reader, book: Book, cursor: str | None, limit: int) -> Page[Account]:
    """By whom or what they are about. Raises BadCursor."""
    return await reader.page(ACCOUNTS, {"book": book}, sort="about", cursor=cursor, limit=limit)


async def taken_back_by(reader: Reader, transfer_id: str) -> list[Transfer]:
    """The transfers that take it back, wholly or in part; at most a hundred."""
    return await reader.all(TRANSFERS, {"reverses": transfer_id}, limit=_MOST)


async def several(reader: Reader, transfer_ids: list[str]) -> dict[str, Transfer]:
    found = (
        await reader.all(TRANSFERS, {"_id": {"$in": transfer_ids}}, limit=len(transfer_ids))
        if transfer_ids
        else []
    )
    return {one.id: one for one in found}
