"""What is stored of a saved account, and finding one."""

from datetime import datetime
from typing import Literal

from server import bills
from server.bills import Bill, Wish
from server.keeping import Keeping, by_resident
from server.kit.db import Collection, Index, Reader
from server.kit.errors import Conflict, NotFound
from server.kit.jobs import DUE, Leased
from server.sessions import Actor


class BillAccountNotFound(NotFound):
    """没有这个常缴账户"""


class BillAccountKnown(Conflict):
    """这个户号已经存过了，在常缴账户里可以找到"""


class TooManyBillAccounts(Conflict):
    """常缴账户太多了，请先删掉不用的"""


class BillAccount(Leased, kw_only=True):
    """It is due when its payee is asked for new bills next. `saved_by` is who saved it, by the proxy `proxy_id` where
    that was somebody else; `told` counts its events, `later` those that were saved after it."""

    resident_id: str
    payee_id: str
    account_no: str
    label: str = ""
    remind_days: Literal[1, 3, 7] = 3
    saved_by: str
    proxy_id: str | None = None
    at: datetime
    asked_at: datetime | None = None
    told: int = 0
    later: int = 0


BILL_ACCOUNTS: Collection[BillAccount] = Collection(
    "bill_accounts",
    BillAccount,
    Index(("resident_id", "payee_id", "account_no"), unique=True),
    Index(("payee_id", "account_no")),
    DUE,
)
SAVED = Keeping(title="常缴账户", collection=BILL_ACCOUNTS, find=by_resident)


async def find(reader: Reader, account_id: str, resident_id: str) -> BillAccount:
    """One of this resident's own. Raises BillAccountNotFound."""
    return await _one(reader, account_id, [resident_id])


async def seen_by(reader: Reader, account_id: str, actor: Actor) -> BillAccount:
    """One of theirs or of their family. Raises BillAccountNotFound."""
    return await _one(reader, account_id, bills.residents_of(actor))


async def _one(reader: Reader, account_id: str, residents: list[str]) -> BillAccount:
    found = await reader.get(BILL_ACCOUNTS, account_id)
    if found is None or found.resident_id not in residents:
        raise BillAccountNotFound
    return found


async def of_bill(reader: Reader, bill: Bill) -> BillAccount | None:
    """The account that whose bill it is has saved for it."""
    return await _saved(reader, bill.resident_id, bill.payee_id, bill.account_no)


async def _saved(reader: Reader, resident_id: str, payee_id: str, account_no: str) -> BillAccount | None:
    where = {"resident_id": resident_id, "payee_id": payee_id, "account_no": account_no}
    return await reader.first(BILL_ACCOUNTS, where)


async def wish(
    reader: Reader,
    resident_id: str,
    payee_id: str,
    account_no: str,
    how: Literal["lookup", "window"],
    label: str = "",
) -> Wish:
    """What a bill is called and when it is reminded of, where the account is saved."""
    saved = await _saved(reader, resident_id, payee_id, account_no)
    if saved is None:
        return Wish(how=how, label=label)
    return Wish(how=how, label=label or saved.label, remind_days=saved.remind_days)
