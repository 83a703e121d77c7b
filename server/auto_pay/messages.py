"""What is told of it: that it was agreed to, that a bill will be paid tomorrow and how to stop that, and what is lacking.

That it was paid, or was not to be, is the payment's own news."""

from typing import Any

from server import bills, push, residents
from server.auto_pay.stored import AUTO_PAYS, RUNS, AutoPay, Run
from server.bills import BILLS
from server.kit.db import Tx
from server.kit.events import Event, on
from server.points import yuan
from server.push import Notice, Template
from server.words import said

AUTO = Template(
    "auto_pay",
    "自动缴费提醒",
    "autopay",
    {"thing1": "title", "amount2": "amount", "phrase3": "state", "thing4": "tip"},
    topic="money",
    importance="high",
)
CHANGED = Template(
    "auto_pay_changed",
    "自动缴费开通通知",
    "autopay",
    {"thing1": "title", "phrase2": "state", "thing3": "tip"},
    topic="money",
)
"""Of its own, so that it takes no credit from what is told before a bill is paid."""
PAGE = "packages/bills/pages/autopay/index?id="
_LONGEST = 20
_ACTED = {"pause": "暂停了自动缴费", "stop": "停止了自动缴费"}


@on("auto_pay.agree")
async def tell_agreed(tx: Tx, event: Event) -> None:
    auto = await tx.get(AUTO_PAYS, event.subject)
    if auto is None:
        return
    name = bills.payee_of(tx, auto.payee_id).name
    text = f"“{name}”户号 {auto.account_no} 已开通积分自动缴费，{limits(auto)}。不是您的意思，请马上停止"
    payload = {"title": name[:_LONGEST], "state": "已开通", "tip": "随时可以停止"}
    await _send(tx, event, auto, text, payload, CHANGED)


@on("auto_pay.pause", "auto_pay.stop")
async def tell_principal(tx: Tx, event: Event) -> None:
    """Whose points they are hears of what family did."""
    await bills.tell_principal(tx, event, _ACTED[event.data["action"]], PAGE + event.subject)


@on("auto_pay.coming")
async def tell_coming(tx: Tx, event: Event) -> None:
    """A day before; nothing where it was stopped meanwhile."""
    run, bill = await tx.get(RUNS, event.subject), await tx.get(BILLS, event.subject)
    if run is None or bill is None or run.state != "told" or run.pays_at is None:
        return
    name, fen = bills.name_of(tx, bill), yuan(run.amount_fen)
    text = f"{said(run.pays_at)} 会用您的 {fen} 分自动缴“{name}” {fen} 元。不想缴，点开选“这次不缴”"
    payload = {
        "title": name[:_LONGEST],
        "amount": f"¥{fen}",
        "state": "将自动缴",
        "tip": "不想缴可以点开停止",
    }
    await _send(tx, event, run, text, payload)


@on("auto_pay.lacking")
async def tell_lacking(tx: Tx, event: Event) -> None:
    run, bill = await tx.get(RUNS, event.subject), await tx.get(BILLS, event.subject)
    if run is None or bill is None or bill.state != "open":
        return
    name, fen = bills.name_of(tx, bill), yuan(bill.amount_fen)
    why = lacking(event.data["lack"], event.data["fen"])
    last = f"{bill.due.month} 月 {bill.due.day} 日"
    text = f"“{name}” {fen} 元没有自动缴：{why}。请在 {last}前自己缴"
    payload = {
        "title": name[:_LONGEST],
        "amount": f"¥{fen}",
        "state": "没有缴",
        "tip": "点开看原因，可自己缴",
    }
    await _send(tx, event, run, text, payload)


def lacking(lack: str, fen: int) -> str:
    """What keeps a bill from being paid by itself."""
    return {
        "points": f"积分不够，还差 {yuan(fen)} 分",
        "over_bill": f"比您定的一张账单的额度多 {yuan(fen)} 元",
        "over_month": f"会比您定的一个月的额度多 {yuan(fen)} 元",
        "card": "卡已挂失或冻结",
    }.get(lack, "")


def limits(auto: AutoPay) -> str:
    return f"一张账单最多 {yuan(auto.most_bill_fen)} 元，一个月最多 {yuan(auto.most_month_fen)} 元"


async def _send(
    tx: Tx,
    event: Event,
    about: AutoPay | Run,
    text: str,
    payload: dict[str, Any],
    template: Template = AUTO,
) -> None:
    page = PAGE + (about.auto_pay_id if isinstance(about, Run) else about.id)
    resident = await residents.find(tx, about.resident_id)
    await push.send(tx, event, resident, template, Notice(text=text, payload=payload, page=page))
