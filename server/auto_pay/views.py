"""Auto-pay as whose points they are sees it, and family who may pay their bills."""

from schemas.auto_pay import AutoPayActionView, AutoPaysView, AutoPayView, ConsentTo, ConsentView, RunView
from server import bills
from server.auto_pay.changes import BY_FAMILY, MOVES, Act
from server.auto_pay.messages import lacking, limits
from server.auto_pay.running import spent
from server.auto_pay.stored import (
    AUTO_PAYS,
    CONSENTS,
    OPEN_RUNS,
    RUN_STATES,
    RUN_TONES,
    RUNS,
    STATES,
    TONES,
    AutoPay,
    Consent,
    Run,
)
from server.bill_accounts import BILL_ACCOUNTS, BillAccount
from server.bills import BILLS, KINDS, Bill
from server.kit.clock import today
from server.kit.db import Reader
from server.points import yuan
from server.sessions import Actor
from server.words import clock_time, said, said_day

_TEXTS: dict[Act, str] = {"pause": "暂停", "resume": "恢复", "stop": "停止自动缴费"}
_CONSENTS: dict[ConsentTo, str] = {"agree": "同意开通", "pause": "暂停", "resume": "恢复", "stop": "停止"}
_SHOWN = 20
_MOST = 500


async def listed(reader: Reader, actor: Actor) -> AutoPaysView:
    """Theirs and their family's; with a few queries, however many."""
    theirs = {"resident_id": {"$in": bills.residents_of(actor)}}
    found = await reader.all(AUTO_PAYS, theirs, limit=_MOST, sort="-consented_at")
    return AutoPaysView(items=await _views(reader, found, actor))


async def view(reader: Reader, auto: AutoPay, actor: Actor) -> AutoPayView:
    return (await _views(reader, [auto], actor))[0]


async def _views(reader: Reader, found: list[AutoPay], actor: Actor) -> list[AutoPayView]:
    ids = [one.id for one in found]
    if not ids:
        return []
    its = {"auto_pay_id": {"$in": ids}}
    runs = await reader.all(RUNS, its, limit=_SHOWN * len(ids), sort="-at")
    about = await reader.all(BILLS, {"_id": {"$in": [one.id for one in runs]}}, limit=len(runs) or 1)
    consents = await reader.all(CONSENTS, its, limit=_SHOWN * len(ids), sort="-at")
    accounts = await reader.all(BILL_ACCOUNTS, {"_id": {"$in": ids}}, limit=len(ids))
    of_run, labels = {one.id: one for one in about}, {one.id: one for one in accounts}
    return [
        _view(
            reader,
            one,
            labels.get(one.id),
            [
                _run(reader, run, of_run[run.id])
                for run in runs
                if run.auto_pay_id == one.id and run.id in of_run
            ],
            [_consent(reader, it) for it in consents if it.auto_pay_id == one.id],
            actor,
        )
        for one in found
    ]


def _view(
    reader: Reader,
    auto: AutoPay,
    account: BillAccount | None,
    runs: list[RunView],
    consents: list[ConsentView],
    actor: Actor,
) -> AutoPayView:
    payee = bills.payee_of(reader, auto.payee_id)
    return AutoPayView(
        id=auto.id,
        title=(account.label if account else "") or KINDS[payee.kind],
        payee=payee.name,
        account_no=auto.account_no,
        of_text=bills.principal_text(reader, actor, auto.resident_id),
        state=auto.state,
        state_text=STATES[auto.state],
        agreed=auto.state != "stopped",
        tone=TONES[auto.state],
        most_bill_fen=auto.most_bill_fen,
        most_month_fen=auto.most_month_fen,
        limits_text=limits(auto),
        month_text=f"这个月已经自动缴了 {yuan(spent(auto, reader.now))} 元",
        version=auto.version,
        consented_at=auto.consented_at,
        actions=[
            AutoPayActionView(name=act, text=_TEXTS[act], danger=act == "stop")
            for act, (before, _) in MOVES.items()
            if auto.state in before and (auto.resident_id == actor.id or act in BY_FAMILY)
        ],
        runs=runs,
        consents=consents,
    )


def _run(reader: Reader, run: Run, bill: Bill) -> RunView:
    fen = run.amount_fen or bill.amount_fen
    return RunView(
        bill_id=run.id,
        title=f"{bills.name_of(reader, bill)} {_month(bill.period)}",
        amount_fen=fen,
        amount_text=f"{yuan(fen)} 元",
        state=run.state,
        state_text=RUN_STATES[run.state],
        tone=RUN_TONES[run.state],
        text=_text(run),
        pays_at=run.pays_at if run.state == "told" else None,
        payment_id=run.payment_id if run.state == "paid" else None,
        can_skip=run.state in OPEN_RUNS,
    )


def _month(period: str) -> str:
    year, month = period.split("-")
    return f"{year} 年 {int(month)} 月"


def _text(run: Run) -> str:
    if run.state == "told" and run.pays_at is not None:
        return f"{said(run.pays_at)} 用 {yuan(run.amount_fen)} 分缴"
    if run.state == "lacking":
        return f"{lacking(run.lack, run.lack_fen)}，可以自己缴"
    return {"failed": "积分已经退回，可以自己缴", "skipped": "您选了这次不缴，可以自己缴"}.get(run.state, "")


def _consent(reader: Reader, one: Consent) -> ConsentView:
    who = bills.holder_text(reader, one.proxy_id) if one.proxy_id else ""
    text = f"{said_day(today(one.at))} {clock_time(one.at)} {who}{_CONSENTS[one.what]}"
    terms = (
        f"：一张账单最多 {yuan(one.most_bill_fen)} 元，一个月最多 {yuan(one.most_month_fen)} 元，"
        f"协议版本 {one.version}"
    )
    return ConsentView(at=one.at, text=text + terms if one.what == "agree" else text)
