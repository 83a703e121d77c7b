"""Agreeing, pausing, going on, stopping, and leaving one bill out.

Only whose points they are agrees; family with a proxy may pause and stop, which takes nothing from anybody.
"""

from collections.abc import Mapping
from typing import Literal

from schemas.auto_pay import AutoPayState, ConsentTo, NewAutoPay
from server import bill_accounts, bills
from server.auto_pay.agreement import CURRENT
from server.auto_pay.noted import note
from server.auto_pay.running import start
from server.auto_pay.stored import (
    AUTO_PAYS,
    CONSENTS,
    OPEN_RUNS,
    RUNS,
    AutoPay,
    Consent,
    Run,
    find,
    of_account,
)
from server.bill_accounts import BillAccount
from server.bills import BILLS
from server.config import Settings
from server.kit.chance import chance
from server.kit.db import Tx
from server.kit.errors import Conflict, Invalid
from server.sessions import Actor

Act = Literal["pause", "resume", "stop"]
MOVES: Mapping[Act, tuple[frozenset[AutoPayState], AutoPayState]] = {
    "pause": (frozenset({"on"}), "paused"),
    "resume": (frozenset({"paused"}), "on"),
    "stop": (frozenset({"on", "paused"}), "stopped"),
}
BY_FAMILY: frozenset[Act] = frozenset({"pause", "stop"})
_OPEN_BILLS = 50


class NotAgreed(Invalid):
    """请先看过协议并勾选同意"""


class AgreementChanged(Conflict):
    """协议有了新版本，请重新看过再同意"""


class LimitTooHigh(Invalid):
    """额度太高了，请选小一点的"""


class OwnConsentOnly(Conflict):
    """自动缴费要本人同意，家人可以替他暂停或停止"""


class NotPossibleNow(Conflict):
    """自动缴费已经不是这个状态了，请刷新后再看"""


class BillNotComing(Conflict):
    """这张账单已经缴了，或者本来就不会自动缴"""


async def agree(tx: Tx, wanted: NewAutoPay, actor: Actor, rules: Settings) -> AutoPay:
    """From now on, with the bills that are open already; agreed to anew, by the new limits.

    Raises NotAgreed, AgreementChanged, LimitTooHigh, BillAccountNotFound, OwnConsentOnly."""
    account = await bill_accounts.seen_by(tx, wanted.account_id, actor)
    if account.resident_id != actor.id:
        raise OwnConsentOnly
    _check(wanted, rules)
    known = await tx.get(AUTO_PAYS, account.id)
    auto = AutoPay(
        id=account.id,
        resident_id=account.resident_id,
        payee_id=account.payee_id,
        account_no=account.account_no,
        state="on",
        most_bill_fen=wanted.most_bill_fen,
        most_month_fen=wanted.most_month_fen,
        version=CURRENT.version,
        digest=CURRENT.digest,
        consented_at=tx.now,
        month=known.month if known else "",
        month_fen=known.month_fen if known else 0,
        told=known.told if known else 0,
    )
    note(tx, auto, "agree", actor)
    _keep(tx, auto, "agree", actor, None)
    await tx.put(AUTO_PAYS, auto)
    for bill in await tx.all(BILLS, of_account(auto), limit=_OPEN_BILLS):
        await start(tx, auto, bill)
    return auto


def _check(wanted: NewAutoPay, rules: Settings) -> None:
    if not wanted.agreed:
        raise NotAgreed(field="agreed")
    if wanted.version != CURRENT.version:
        raise AgreementChanged(field="version")
    if wanted.most_bill_fen > max(rules.auto_pay.bill_limits_fen):
        raise LimitTooHigh(field="most_bill_fen")
    if wanted.most_month_fen > max(rules.auto_pay.month_limits_fen):
        raise LimitTooHigh(field="most_month_fen")


def _keep(tx: Tx, auto: AutoPay, what: ConsentTo, actor: Actor, proxy_id: str | None) -> None:
    tx.add(
        CONSENTS,
        Consent(
            id=chance.hex(12),
            auto_pay_id=auto.id,
            resident_id=auto.resident_id,
            what=what,
            version=auto.version,
            digest=auto.digest,
            most_bill_fen=auto.most_bill_fen,
            most_month_fen=auto.most_month_fen,
            by=actor.key,
            proxy_id=proxy_id,
            at=tx.now,
        ),
    )


async def change(tx: Tx, auto_pay_id: str, act: Act, actor: Actor) -> AutoPay:
    """Raises AutoPayNotFound, OwnConsentOnly, ProxyEnded, NotPossibleNow."""
    auto = await find(tx, auto_pay_id, bills.residents_of(actor))
    if auto.resident_id != actor.id and act not in BY_FAMILY:
        raise OwnConsentOnly
    proxy_id = await bills.by_proxy(tx, actor, auto.resident_id)
    before, after = MOVES[act]
    if auto.state not in before:
        raise NotPossibleNow
    return await _become(tx, auto, act, after, actor, proxy_id)


async def end_with(tx: Tx, account: BillAccount, actor: Actor) -> None:
    """The account is let go of, and with it what was agreed to of it."""
    auto = await tx.get(AUTO_PAYS, account.id)
    if auto is not None and auto.state != "stopped":
        proxy_id = await bills.by_proxy(tx, actor, auto.resident_id)
        await _become(tx, auto, "stop", "stopped", actor, proxy_id)


async def _become(
    tx: Tx, auto: AutoPay, act: Act, state: AutoPayState, actor: Actor, proxy_id: str | None
) -> AutoPay:
    behalf = {"principal": auto.resident_id, "proxy_id": proxy_id} if proxy_id else {}
    auto.state = state
    note(tx, auto, act, actor, **behalf)
    _keep(tx, auto, act, actor, proxy_id)
    await tx.put(AUTO_PAYS, auto)
    how = {"on": {"due_at": tx.now}, "paused": {"state": "waiting", "due_at": None, "pays_at": None}}
    over = {"state": "over", "due_at": None, "pays_at": None}
    runs = {"auto_pay_id": auto.id, "state": {"$in": OPEN_RUNS}}
    await tx.change_all(RUNS, runs, {"$set": how.get(state, over), "$inc": {"fence": 1}})
    if state != "on":
        await tx.change_all(BILLS, of_account(auto), {"$set": {"auto_at": None}})
    return auto


async def skip(tx: Tx, bill_id: str, actor: Actor) -> Run:
    """Not this one. Raises AutoPayNotFound, ProxyEnded, BillNotComing."""
    run = await tx.get(RUNS, bill_id)
    auto = await find(tx, run.auto_pay_id if run else "", bills.residents_of(actor))
    await bills.by_proxy(tx, actor, auto.resident_id)
    how = {"$set": {"state": "skipped", "due_at": None, "pays_at": None}, "$inc": {"fence": 1}}
    if not await tx.change(RUNS, {"_id": bill_id, "state": {"$in": OPEN_RUNS}}, how):
        raise BillNotComing
    await tx.change(BILLS, {"_id": bill_id}, {"$set": {"auto_at": None}})
    skipped = await tx.get(RUNS, bill_id)
    assert skipped is not None
    return skipped
