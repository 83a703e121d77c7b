"""Transfers: double entry, insert-only, each identified for good by what the outside calls it.

All writes of a transfer wait for the commit and are conditional on the accounts as they were read, so of two that meet at
an account one is run again by the database; a transfer is there with all its entries or not at all.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any
from weakref import WeakKeyDictionary

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
    known = await tx.get(TRANSFERS, transfer_id)
    if known is not None:
        return _same(known, kind, summed, reverses)
    accounts = await _accounts(tx, [one.account_id for one in summed])
    made = Transfer(
        id=transfer_id, kind=kind, legs=summed, at=tx.now, by=by, why=dict(why or {}), reverses=reverses
    )
    for leg in summed:
        _written[tx][leg.account_id] = _enter(tx, accounts[leg.account_id], leg, made)
    tx.add(TRANSFERS, made)
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


_written: WeakKeyDictionary[Tx, dict[str, Account]] = WeakKeyDictionary()
"""The accounts as the transfers of one transaction leave them: its writes wait for the commit, so the database cannot
tell yet."""


async def _accounts(tx: Tx, account_ids: list[str]) -> dict[str, Account]:
    ours = _written.setdefault(tx, {})
    wanted = [one for one in account_ids if one not in ours]
    found = await tx.all(ACCOUNTS, {"_id": {"$in": wanted}}, limit=len(wanted)) if wanted else []
    by_id = {one.id: one for one in found} | ours
    return {one: by_id.get(one) or opened(one) for one in account_ids}


async def standing(tx: Tx, account_id: str) -> int:
    """An account's balance after what this transaction has posted so far."""
    return (await _accounts(tx, [account_id]))[account_id].balance


def _enter(tx: Tx, account: Account, leg: Leg, transfer: Transfer) -> Account:
    """One entry and the balance it leaves. Raises NotEnoughPoints."""
    balance = account.balance + leg.amount
    if balance < 0 and leg.amount < 0 and account.book in FLOORED:
        raise NotEnoughPoints
    made = _entry(account, leg, balance, transfer)
    after: dict[str, Any] = {
        "balance": balance,
        "seq": made.seq,
        "head": made.seal,
        "touched_at": made.at,
    }
    first = {"book": account.book, "about": account.about}
    where = {"_id": account.id, "seq": account.seq}
    tx.demand(ACCOUNTS, where, {"$set": after, "$setOnInsert": first}, otherwise=LedgerBusy())
    tx.add(ENTRIES, made)
    return replace(account, **after)


def _entry(account: Account, leg: Leg, balance: int, transfer: Transfer) -> Entry:
    """An account's entries are in the order of their times, also where two machines' clocks differ a little."""
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


async def is_posted(reader: Reader, transfer_id: str) -> bool:
    """Whether it is in the books already."""
    return await reader.get(TRANSFERS, transfer_id) is not None


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
