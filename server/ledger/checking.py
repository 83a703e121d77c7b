"""Is every balance what its entries say? Recomputed while everything goes on, an account at a time.

An account is read first and then its entries up to the one it counts: what is written meanwhile comes behind them.
"""

from collections.abc import AsyncIterator

from server.kit.db import Reader
from server.ledger.lots import left
from server.ledger.stored import (
    ACCOUNTS,
    BEGINNING,
    ENTRIES,
    TRANSFERS,
    Account,
    Entry,
    Transfer,
    facts,
    seal,
)


async def differences(reader: Reader) -> AsyncIterator[str]:
    """What does not agree, a line each; nothing when all does. Takes a pass over entries and transfers."""
    async for account in reader.each(ACCOUNTS, {}):
        async for line in _of_account(reader, account):
            yield line
    async for transfer in reader.each(TRANSFERS, {}):
        async for line in _of_transfer(reader, transfer):
            yield line


async def _of_account(reader: Reader, account: Account) -> AsyncIterator[str]:
    balance, count, head = 0, 0, BEGINNING
    where = {"_id": {"$gt": f"{account.id}#", "$lt": f"{account.id}$"}}
    async for entry in reader.each(ENTRIES, where):
        if count == account.seq:
            break
        count, balance = count + 1, balance + entry.amount
        head = seal(head, facts(entry))
        if fault := _fault(entry, count, balance, head):
            yield f"{account.id}: entry {entry.seq} {fault}"
            return
    if count != account.seq:
        yield f"{account.id}: {account.seq} entries are counted and {count} are there"
    if balance != account.balance:
        yield f"{account.id}: the balance is {account.balance} and the entries sum to {balance}"
    elif account.book == "resident" and (lots := await left(reader, account.about)) != account.balance:
        again = await reader.get(ACCOUNTS, account.id)
        if again is not None and again.seq == account.seq:
            yield f"{account.id}: the balance is {account.balance} and the lots have {lots}"
    if head != account.head:
        yield f"{account.id}: the seal of the last entry is not the account's"


def _fault(entry: Entry, count: int, balance: int, head: str) -> str:
    if entry.seq != count:
        return f"stands where number {count} should"
    if entry.balance != balance:
        return f"says a balance of {entry.balance}, the entries before it and it sum to {balance}"
    return "" if entry.seal == head else "has been changed since it was written"


async def _of_transfer(reader: Reader, transfer: Transfer) -> AsyncIterator[str]:
    if sum(one.amount for one in transfer.legs):
        yield f"{transfer.id}: its legs do not sum to zero"
    written = await reader.all(ENTRIES, {"transfer_id": transfer.id}, limit=len(transfer.legs) + 1)
    entered = sorted((one.account_id, one.amount) for one in written)
    if entered != sorted((one.account_id, one.amount) for one in transfer.legs):
        yield f"{transfer.id}: its entries are not its legs"
