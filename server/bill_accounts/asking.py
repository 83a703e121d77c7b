"""A payee is asked for the new bills of an account every so many days, in the morning, not all at the same minute; one
that does not answer is asked again, more and more seldom."""

import zlib
from datetime import UTC, datetime, time, timedelta
from typing import Any

from schemas.bills import LookUp
from server import bills
from server.bill_accounts.stored import BILL_ACCOUNTS, BillAccount
from server.bills import PAYEES, Wish
from server.building import Building
from server.config import Settings
from server.kit.clock import SHANGHAI, today
from server.kit.db import Tx
from server.kit.jobs import QueueOf, RetryPolicy, Settled
from server.kit.platform import Action, PlatformRefusal

_PATIENCE = RetryPolicy(attempts=1_000_000, first_s=60, longest_s=6 * 3600)
_MOST_SAVERS = 50
NOT_KNOWN = "account not known"


def next_ask(account: BillAccount, now: datetime, rules: Settings) -> datetime:
    """On its day, at a minute of its own."""
    own = rules.payees
    day = today(now) + timedelta(days=own.ask_every_days)
    spread = timedelta(minutes=zlib.crc32(account.id.encode()) % own.ask_spread_minutes)
    return (datetime.combine(day, time(own.ask_hour), SHANGHAI) + spread).astimezone(UTC)


async def ask(house: Building, account: BillAccount) -> Settled:
    """No answer raises, and is an attempt that is repeated."""
    payee = house.db.reader().recall(PAYEES, account.payee_id)
    following = next_ask(account, house.db.now(), house.settings)
    if payee is None or not payee.active or not payee.online:
        return {"due_at": following, "attempts": 0, "error": ""}
    try:
        found = await house.payees.bills(account.payee_id, account.account_no)
    except PlatformRefusal as refusal:
        if refusal.action not in (Action.skip, Action.give_up):
            raise
        return {"due_at": following, "attempts": 0, "error": NOT_KNOWN}
    lanes = [f"bills {account.payee_id} {account.account_no}"]
    await house.db.atomically(lambda tx: _taken(tx, account, found, house.settings), lanes=lanes)
    return None


async def _taken(tx: Tx, leased: BillAccount, found: list[Any], rules: Settings) -> None:
    """Nothing where another worker has it by now, or it was let go of."""
    account = await tx.get(BILL_ACCOUNTS, leased.id)
    if account is None or account.fence != leased.fence:
        return
    where = {"payee_id": account.payee_id, "account_no": account.account_no}
    savers = await tx.all(BILL_ACCOUNTS, where, limit=_MOST_SAVERS)
    wish = Wish(
        how="schedule",
        label=account.label,
        remind_days=account.remind_days,
        left_before=tx.now - timedelta(hours=rules.payees.kept_hours),
        savers=frozenset(one.resident_id for one in savers),
    )
    await bills.take_up(tx, account.resident_id, LookUp(**where), found, wish)
    how = {"asked_at": tx.now, "due_at": next_ask(account, tx.now, rules), "attempts": 0, "error": ""}
    await tx.change(BILL_ACCOUNTS, {"_id": account.id, "fence": leased.fence}, {"$set": how})


ASKING: QueueOf[BillAccount] = QueueOf("bill_accounts", BILL_ACCOUNTS, ask, retry=_PATIENCE)
