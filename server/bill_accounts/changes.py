"""Saving an account, calling it something else, letting go of it: one's own, or that of somebody for whom one may pay."""

from typing import Any

from msgspec import UNSET

from schemas.bill_accounts import ChangeBillAccount, NewBillAccount
from server import bills
from server.bill_accounts.stored import (
    BILL_ACCOUNTS,
    BillAccount,
    BillAccountKnown,
    TooManyBillAccounts,
    seen_by,
)
from server.bills import BILLS
from server.config import Settings
from server.kit.chance import chance
from server.kit.db import Duplicate, Tx
from server.kit.events import Event, emit, event_id
from server.sessions import Actor


async def save(
    tx: Tx, wanted: NewBillAccount, resident_id: str, actor: Actor, rules: Settings
) -> BillAccount:
    """The payee is asked at once. Raises PayeeNotFound, ProxyEnded, TooManyBillAccounts, BillAccountKnown."""
    payee = bills.payee(tx, wanted.payee_id)
    proxy_id = await bills.by_proxy(tx, actor, resident_id)
    # Two that are saved at once meet in those that are there, so that the second counts the first.
    theirs, most = {"resident_id": resident_id}, rules.payees.most_accounts
    if await tx.change_all(BILL_ACCOUNTS, theirs, {"$inc": {"later": 1}}) >= most:
        raise TooManyBillAccounts
    account = BillAccount(
        id=chance.hex(12),
        resident_id=resident_id,
        payee_id=payee.id,
        account_no=wanted.account_no,
        label=wanted.label,
        remind_days=wanted.remind_days,
        saved_by=actor.key,
        proxy_id=proxy_id,
        at=tx.now,
        due_at=tx.now if payee.online else None,
    )
    _note(tx, account, "save", actor, proxy_id)
    try:
        await tx.insert(BILL_ACCOUNTS, account)
    except Duplicate as error:
        raise BillAccountKnown(field="account_no") from error
    await _pass_on(tx, account)
    return account


async def change(tx: Tx, account_id: str, wanted: ChangeBillAccount, actor: Actor) -> BillAccount:
    """Raises BillAccountNotFound, ProxyEnded."""
    account = await seen_by(tx, account_id, actor)
    await bills.by_proxy(tx, actor, account.resident_id)
    if wanted.label is not UNSET:
        account.label = wanted.label
    if wanted.remind_days is not UNSET:
        account.remind_days = wanted.remind_days
    how = {"label": account.label, "remind_days": account.remind_days}
    await tx.change(BILL_ACCOUNTS, {"_id": account.id}, {"$set": how})
    await _pass_on(tx, account)
    return account


async def remove(tx: Tx, account: BillAccount, actor: Actor) -> None:
    """Its bills stay. Raises ProxyEnded."""
    proxy_id = await bills.by_proxy(tx, actor, account.resident_id)
    if await tx.delete(BILL_ACCOUNTS, {"_id": account.id}):
        _note(tx, account, "remove", actor, proxy_id)


async def _pass_on(tx: Tx, account: BillAccount) -> None:
    """To the bills of it that are still to be paid, which are reminded of anew."""
    theirs = {
        "resident_id": account.resident_id,
        "payee_id": account.payee_id,
        "account_no": account.account_no,
        "state": "open",
    }
    how: dict[str, Any] = {"label": account.label, "remind_days": account.remind_days, "due_at": tx.now}
    await tx.change_all(BILLS, theirs, {"$set": how})


def _note(tx: Tx, account: BillAccount, what: str, actor: Actor, proxy_id: str | None) -> None:
    account.told += 1
    data = {"action": what, "payee": account.payee_id, "label": account.label}
    behalf = {"principal": account.resident_id, "proxy_id": proxy_id} if proxy_id else {}
    emit(
        tx,
        Event(
            id=event_id(f"bill-account-{account.id}", account.told),
            type=f"bill_account.{what}",
            subject=account.id,
            seq=account.told,
            at=tx.now,
            by={"kind": actor.kind, "id": actor.id, "name": "", "role": actor.kind},
            channel="mini_program",
            data=data | behalf,
        ),
    )
