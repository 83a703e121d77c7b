"""Saved accounts as whoever may see them sees them, with what is to be paid."""

from schemas.bill_accounts import BillAccountsView, BillAccountView
from server import bills
from server.bill_accounts.asking import NOT_KNOWN
from server.bill_accounts.stored import BILL_ACCOUNTS, BillAccount
from server.bills import BILLS, KINDS, Bill
from server.config import Settings
from server.kit.db import Reader
from server.points import yuan
from server.sessions import Actor
from server.words import said

_OPEN_BILLS = 500


async def listed(reader: Reader, actor: Actor, rules: Settings) -> BillAccountsView:
    """Theirs, then those of their family, in the order in which they were saved; three queries, however many."""
    whom, most = bills.residents_of(actor), rules.payees.most_accounts
    theirs = {"resident_id": {"$in": whom}}
    found = await reader.all(BILL_ACCOUNTS, theirs, limit=most * len(whom))
    open_ones = await reader.all(BILLS, {**theirs, "state": "open"}, limit=_OPEN_BILLS)
    found.sort(key=lambda one: (whom.index(one.resident_id), one.at))
    mine = sum(one.resident_id == actor.id for one in found)
    return BillAccountsView(items=[_view(reader, one, open_ones, actor) for one in found], more=mine < most)


async def view(reader: Reader, account: BillAccount, actor: Actor) -> BillAccountView:
    where = {"resident_id": account.resident_id, "payee_id": account.payee_id, "state": "open"}
    return _view(reader, account, await reader.all(BILLS, where, limit=_OPEN_BILLS), actor)


def _view(reader: Reader, account: BillAccount, open_ones: list[Bill], actor: Actor) -> BillAccountView:
    key = (account.resident_id, account.payee_id, account.account_no)
    its = [one for one in open_ones if (one.resident_id, one.payee_id, one.account_no) == key]
    fen = sum(one.amount_fen for one in its)
    payee = bills.payee_of(reader, account.payee_id)
    return BillAccountView(
        id=account.id,
        payee=bills.view_payee(payee),
        account_no=account.account_no,
        label=account.label,
        title=account.label or KINDS[payee.kind],
        of_text=bills.principal_text(reader, actor, account.resident_id),
        mine=account.resident_id == actor.id,
        remind_days=account.remind_days,
        open_count=len(its),
        open_fen=fen,
        open_text=f"{len(its)} 张待缴，共 {yuan(fen)} 元" if its else "没有要缴的账单",
        asked_at=account.asked_at,
        asked_text=_asked(account, payee.online),
        trouble=bool(account.error),
    )


def _asked(account: BillAccount, online: bool) -> str:
    if not online:
        return "这家单位的账单由社区窗口录入，录入后会告诉您"
    if account.error == NOT_KNOWN:
        return "收费单位说没有这个户号，请核对"
    last = f"上次查到是 {said(account.asked_at)}" if account.asked_at else "还没有查到过"
    if account.error:
        return f"收费单位暂时没有答复，我们会接着查；{last}"
    return f"{said(account.asked_at)} 查过" if account.asked_at else "正在查"
