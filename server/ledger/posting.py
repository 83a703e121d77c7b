"""Transfers: double entry, insert-only, each identified for good by what the outside calls it.

All writes of a transfer wait for the commit and are conditional on the accounts as they were read, so of two that meet at
an account one is run again by the database; a transfer is there with all its entries or not at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from weakref import WeakKeyDictionary

from msgspec import Struct
from msgspec.structs import replace

from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, NotFound
from server.ledger.stored import (
    ACCOUNTS,
    ENTRIES,
    FLOORED,
    TRANSFERS,
    Account,
    Entry,
    Leg,
    Transfer,
    entry_id,
    facts,
    opened,
    seal,
)


class NotEnoughPoints(Conflict):
    """积分不够"""


class TransferDiffers(Conflict):
    """这一笔已经记过账，内容不一样，不能再记"""


class LedgerBusy(Conflict):
    """账户正在记别的账，请稍后再试"""


class TransferNotFound(NotFound):
    """没有这一笔账"""


async def post(
    tx: Tx,
    transfer_id: str,
    kind: str,
    legs: Iterable[Leg],
    *,
    by: str,
    why: Mapping[str, str] | None = None,
    reverses: str | None = None,
) -> Transfer:
    """Write a transfer, once: the same one again is answered with the first.

    Raises NotEnoughPoints, TransferDiffers, ValueError for legs that do not sum to zero.
    """
    summed = _summed(legs)
    seen = _seen(tx)
    known = None if transfer_id in seen.absent else await tx.get(TRANSFERS, transfer_id)
    if known is not None:
        return _same(known, kind, summed, reverses)
    await _look(tx, [one.account_id for one in summed])
    made = Transfer(
        id=transfer_id, kind=kind, legs=summed, at=tx.now, by=by, why=dict(why or {}), reverses=reverses
    )
    entries = [_entry(seen.accounts[leg.account_id], leg, made) for leg in summed]
    for one in entries:
        seen.accounts[one.account_id] = _carry(tx, seen.accounts[one.account_id], one)
    tx.add_all(ENTRIES, entries)
    tx.add(TRANSFERS, made)
    seen.absent.discard(transfer_id)
    return made


def _summed(legs: Iterable[Leg]) -> list[Leg]:
    """One leg for each account, in the order of their ids: all transfers take the accounts in the same order."""
    amounts: dict[str, int] = {}
    for one in legs:
        amounts[one.account_id] = amounts.get(one.account_id, 0) + one.amount
    summed = [Leg(account_id, amount) for account_id, amount in sorted(amounts.items()) if amount]
    if not summed or sum(one.amount for one in summed) != 0:
        raise ValueError(f"the legs of a transfer must sum to zero: {summed}")
    return summed


def _same(known: Transfer, kind: str, legs: Sequence[Leg], reverses: str | None) -> Transfer:
    if (known.kind, known.legs, known.reverses) != (kind, list(legs), reverses):
        raise TransferDiffers
    return known


class _Seen(Struct):
    """What a transaction has read of the books, as its own transfers leave it: their writes wait for the commit, so the
    database cannot tell yet. `absent` are transfers that are not there."""

    accounts: dict[str, Account]
    absent: set[str]


_of_transaction: WeakKeyDictionary[Tx, _Seen] = WeakKeyDictionary()


def _seen(tx: Tx) -> _Seen:
    return _of_transaction.setdefault(tx, _Seen({}, set()))


async def _look(tx: Tx, account_ids: Iterable[str]) -> None:
    """Read those that have not been read yet, in one trip."""
    accounts = _seen(tx).accounts
    wanted = [one for one in account_ids if one not in accounts]
    if wanted:
        accounts.update({one: opened(one) for one in wanted})
        found = await tx.all(ACCOUNTS, {"_id": {"$in": wanted}}, limit=len(wanted))
        accounts.update({one.id: one for one in found})


async def standing(tx: Tx, account_id: str, *soon: str) -> int:
    """An account's balance after what this transaction has posted so far; those that it needs `soon` are read, too."""
    await _look(tx, (account_id, *soon))
    return _seen(tx).accounts[account_id].balance


def _entry(account: Account, leg: Leg, transfer: Transfer) -> Entry:
    """An account's entries are in the order of their times, also where two machines' clocks differ a little.

    Raises NotEnoughPoints.
    """
    balance = account.balance + leg.amount
    if balance < 0 and leg.amount < 0 and account.book in FLOORED:
        raise NotEnoughPoints
    seq = account.seq + 1
    at: datetime = max(transfer.at, account.touched_at or transfer.at)
    plain = Entry(
        id=entry_id(account.id, seq),
        account_id=account.id,
        seq=seq,
        transfer_id=transfer.id,
        kind=transfer.kind,
        amount=leg.amount,
        balance=balance,
        at=at,
        seal="",
    )
    return replace(plain, seal=seal(account.head, facts(plain)))


def _carry(tx: Tx, account: Account, entry: Entry) -> Account:
    """The account as the entry leaves it, on condition that nobody else has written to it meanwhile."""
    after: dict[str, Any] = {
        "balance": entry.balance,
        "seq": entry.seq,
        "head": entry.seal,
        "touched_at": entry.at,
    }
    first = {"book": account.book, "about": account.about}
    where = {"_id": account.id, "seq": account.seq}
    tx.demand(ACCOUNTS, where, {"$set": after, "$setOnInsert": first}, otherwise=LedgerBusy())
    return replace(account, **after)


async def is_posted(tx: Tx, transfer_id: str) -> bool:
    """Whether it is in the books already."""
    if await tx.get(TRANSFERS, transfer_id) is not None:
        return True
    _seen(tx).absent.add(transfer_id)
    return False


async def find(reader: Reader, transfer_id: str) -> Transfer:
    """Raises TransferNotFound."""
    found = await reader.get(TRANSFERS, transfer_id)
    if found is None:
        raise TransferNotFound
    return found


async def entries_of(reader: Reader, transfer_id: str) -> list[Entry]:
    found = await reader.all(ENTRIES, {"transfer_id": transfer_id}, limit=_LEGS)
    return sorted(found, key=attrgetter("account_id"))


_LEGS = 100
