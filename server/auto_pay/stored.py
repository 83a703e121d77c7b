"""What is stored: what was agreed to, each consent for good, and what became of each bill."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from schemas.auto_pay import AutoPayState, ConsentTo, Lack, RunState
from schemas.payments import PaymentTone
from server.keeping import Keeping, Whose, by_resident
from server.kit.db import Collection, Index, Reader, Stored, Tx
from server.kit.errors import NotFound
from server.kit.jobs import DUE, Leased

STATES: Mapping[AutoPayState, str] = {"on": "已开通", "paused": "已暂停", "stopped": "已停止"}
RUN_STATES: Mapping[RunState, str] = {
    "waiting": "暂停中",
    "told": "将自动缴",
    "lacking": "没有自动缴",
    "skipped": "这次不缴",
    "paying": "正在缴",
    "paid": "已自动缴清",
    "failed": "没有缴成",
    "over": "不用自动缴了",
}
TONES: Mapping[AutoPayState, PaymentTone] = {"on": "done", "paused": "wait", "stopped": ""}
RUN_TONES: Mapping[RunState, PaymentTone] = {
    "waiting": "wait",
    "told": "active",
    "lacking": "wait",
    "skipped": "",
    "paying": "active",
    "paid": "done",
    "failed": "late",
    "over": "",
}
OPEN_RUNS: tuple[RunState, ...] = ("waiting", "told", "lacking")
"""In which it may still be paid by itself."""


class AutoPayNotFound(NotFound):
    """没有这个自动缴费"""


class AutoPay(Stored, kw_only=True):
    """`id` is the saved account's. Of the bills that were paid in `month`, such as 2026-11, all come to `month_fen`.
    `told` counts its events."""

    resident_id: str
    payee_id: str
    account_no: str
    state: AutoPayState
    most_bill_fen: int
    most_month_fen: int
    version: str
    digest: str
    consented_at: datetime
    month: str = ""
    month_fen: int = 0
    told: int = 0


class Consent(Stored, kw_only=True):
    """That somebody agreed to the text of a version, or took it back; by whom, how, and up to how much."""

    auto_pay_id: str
    resident_id: str
    what: ConsentTo
    version: str
    digest: str
    most_bill_fen: int
    most_month_fen: int
    by: str
    proxy_id: str | None
    at: datetime


class Run(Leased, kw_only=True):
    """What becomes of one bill, whose id it has: so it is paid by itself once at most. It was told of with `amount_fen`
    and will be paid at `pays_at`; `lack` is what was lacking when it was looked at last."""

    auto_pay_id: str
    resident_id: str
    state: RunState = "waiting"
    amount_fen: int = 0
    pays_at: datetime | None = None
    lack: Lack = ""
    lack_fen: int = 0
    payment_id: str | None = None
    at: datetime
    told: int = 0


AUTO_PAYS: Collection[AutoPay] = Collection("auto_pays", AutoPay, Index(("resident_id",)))
CONSENTS: Collection[Consent] = Collection(
    "auto_pay_consents",
    Consent,
    Index(("auto_pay_id", "-at", "-_id")),
    Index(("resident_id",)),
    insert_only=True,
)
RUNS: Collection[Run] = Collection(
    "auto_pay_runs", Run, Index(("auto_pay_id", "-at", "-_id")), Index(("resident_id",)), DUE
)


async def _stays(tx: Tx, owner: Whose) -> None:
    """What was agreed to names the resident by a number alone, and can be shown for as long as the payments can."""


AGREED = Keeping(title="自动缴费", collection=AUTO_PAYS, find=by_resident)
CONSENTED = Keeping(title="自动缴费的同意记录", collection=CONSENTS, find=by_resident, wipe=_stays)
RAN = Keeping(title="自动缴费的每一次", collection=RUNS, find=by_resident)


async def find(reader: Reader, auto_pay_id: str, residents: list[str]) -> AutoPay:
    """One of these residents'. Raises AutoPayNotFound."""
    found = await reader.get(AUTO_PAYS, auto_pay_id)
    if found is None or found.resident_id not in residents:
        raise AutoPayNotFound
    return found


def of_account(auto: AutoPay) -> dict[str, Any]:
    """The filter for the bills of its account that are still to be paid."""
    return {
        "resident_id": auto.resident_id,
        "payee_id": auto.payee_id,
        "account_no": auto.account_no,
        "state": "open",
    }
