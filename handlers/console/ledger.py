"""The ledger, to be read: what stands in each book, an account with its entries and its balance at any moment, a transfer
with its legs and what it belongs to, and the last check."""

from datetime import datetime
from typing import Any, get_args
from urllib.parse import quote

from msgspec import Struct

from handlers.base import allow
from handlers.console.case import moment_of
from handlers.console.money import AT_ONCE, SEES, SPOILT, Done, Look, below
from handlers.page import MONEY, Goto, MenuItem, Page, Shown
from server import ledger, ledger_checks, staff
from server.bills import PAYEES
from server.kit.db import Reader, Tx
from server.kit.db.pages import BadCursor
from server.kit.db.pages import Page as Rows
from server.kit.errors import HoelunError
from server.ledger import Account, Book, Entry, Transfer, TransferNotFound, looking
from server.points.views import KINDS
from server.pos import SWIPES
from server.residents import RESIDENTS
from server.words import masked_name

LIST = "/console/ledger"
BOOKS: dict[Book, str] = {
    "resident": "居民可用的积分",
    "held": "正在付款的积分",
    "owed": "退货后居民欠的",
    "payee": "替居民付给收费单位、还没有结算",
    "clearing": "已向邮政申请结算",
    "issuer": "邮政（发出去的积分）",
    "expired": "到期作废",
    "loss": "核销",
}
_OWN = frozenset({"resident", "held", "owed"})
_OF_PAYEES = frozenset({"payee", "clearing"})
_KINDS = KINDS | {
    "redeem": "付给收费单位",
    "reserve": "付款预留",
    "release": "预留退回",
    "refund": "退款",
    "claim": "向邮政申请结算",
    "settlement": "邮政已结算",
    "loss": "核销",
    "carry": "转入下一批结算",
}
_NAMES = ("{}", "payment/{}/points", "payment/{}/reserve", "refund/{}/points", "swipe/{}")
_LAST = 4


class LedgerLook(Look, frozen=True, kw_only=True):
    q: str = ""


class BookLook(Look, frozen=True, kw_only=True):
    book: str = "resident"


class AccountLook(Look, frozen=True, kw_only=True):
    """An account, and a moment of the street's own time."""

    id: str = ""
    moment: str = ""


class TransferLook(Struct, frozen=True):
    id: str = ""


class AccountUnknown(TransferNotFound):
    """没有这个账户"""


def account_at(account_id: str) -> str:
    return f"{LIST}/account?id={quote(account_id, safe='')}"


def transfer_at(transfer_id: str) -> str:
    return f"{LIST}/transfer?id={quote(transfer_id, safe='')}"


async def named(reader: Reader, account_ids: list[str]) -> dict[str, str]:
    """What each account is called; of a resident there is no more than the family name and the end of their number."""
    parts = {one: one.partition(":") for one in account_ids}
    theirs = {rest for book, _, rest in parts.values() if book in _OWN}
    residents = (
        await reader.all(RESIDENTS, {"_id": {"$in": sorted(theirs)}}, limit=len(theirs)) if theirs else []
    )
    whose = {one.id: masked_name(one.name) for one in residents}
    return {one: _name(reader, book, rest, whose) for one, (book, _, rest) in parts.items()}


def _name(reader: Reader, book: str, rest: str, whose: dict[str, str]) -> str:
    text = BOOKS.get(book, book)  # type: ignore[call-overload]
    if book in _OWN:
        return f"{text}：{whose.get(rest) or '已注销的居民'}（尾号 {rest[-_LAST:]}）"
    about, _, stripe = rest.partition("/")
    payee = reader.recall(PAYEES, about)
    middle = f"：{payee.name if payee else about}" if about else ""
    return f"{text}{middle}" + (f"（第 {int(stripe) + 1} 本）" if stripe.isdigit() else "")


# The books.


class Ledger(Page):
    path = LIST
    menu = MenuItem("积分账本", "list", MONEY, 70)

    @allow(*SEES)
    async def get(self, query: LedgerLook) -> Shown | Goto:
        """What stands in each book, and the last check; a number leads to its transfer or account."""
        wanted = query.q.strip()

        async def seen(reader: Reader) -> dict[str, Any] | str:
            there = await _found(reader, wanted) if wanted else ""
            if there:
                return there
            sums = await looking.sums(reader)
            order = list(BOOKS)
            return {
                "sums": sorted(sums, key=lambda one: order.index(one.book)),
                "total": sum(one.fen for one in sums),
                "books": BOOKS,
                "last": await ledger_checks.last(reader),
                "problem": "没有这一笔账，也没有这个账户" if wanted else "",
            }

        facts = await self.building.db.reading(seen)
        if isinstance(facts, str):
            return Goto(facts)
        return Shown("console/ledger.html", facts | {"look": query, "flash": self.flashed()})


class Check(Page):
    path = f"{LIST}/check"

    @allow(*SEES)
    async def get(self) -> Goto:
        """The address of the form, typed again."""
        return Goto(LIST)

    @allow(*SEES)
    async def post(self, form: dict[str, str]) -> Goto:
        """Check every balance now; asked twice it is one check."""

        async def asked(tx: Tx) -> Done:
            return Done((await ledger_checks.ask(tx, self.actor)).id)

        try:
            await self.once(asked)
            self.flash("正在核对每一个账户，账多时要几分钟；有了结果会写在这里")
        except ledger_checks.CheckUnderWay as error:
            self.flash(error.message)
        return Goto(LIST)


async def _found(reader: Reader, wanted: str) -> str:
    """The address of the transfer, or of the account, that somebody may mean."""
    names = [one.format(wanted) for one in _NAMES]
    there = await looking.several(reader, names)
    for name in names:
        if name in there:
            return transfer_at(name)
    accounts = [wanted, f"resident:{wanted}"]
    for one in accounts:
        if await reader.get(ledger.ACCOUNTS, one) is not None:
            return account_at(one)
    return ""


class OneBook(Page):
    path = f"{LIST}/book"

    @allow(*SEES)
    async def get(self, query: BookLook) -> Shown:
        """The accounts of a book."""
        book: Any = query.book if query.book in get_args(Book) else "resident"

        async def seen(reader: Reader) -> dict[str, Any]:
            rows, problem = Rows[Account]([], None), ""
            try:
                rows = await looking.accounts_of(reader, book, query.at, AT_ONCE)
            except BadCursor:
                problem = SPOILT
            return {
                "rows": rows.items,
                "next": rows.next,
                "names": await named(reader, [one.id for one in rows.items]),
                "by_payee": await looking.sums_by_payee(reader, book) if book in _OF_PAYEES else [],
                "payees": {one.id: one.name for one in reader.everything(PAYEES).items.values()},
                "problem": problem,
            }

        facts = await self.building.db.reading(seen)
        return Shown(
            "console/ledger_book.html", facts | {"look": query, "title": BOOKS[book], "at": account_at}
        )


# An account.


class OneAccount(Page):
    path = f"{LIST}/account"

    @allow(*SEES)
    async def get(self, query: AccountLook) -> Shown:
        """Its balance, now and at any moment, and how it came about, the newest first."""
        moment, wrong = _moment(query.moment)

        async def seen(reader: Reader) -> dict[str, Any]:
            account = await reader.get(ledger.ACCOUNTS, query.id)
            if account is None:
                raise AccountUnknown
            rows, problem = Rows[Entry]([], None), wrong
            try:
                rows = await ledger.entries(reader, account.id, query.at, AT_ONCE)
            except BadCursor:
                problem = SPOILT
            return {
                "account": account,
                "name": (await named(reader, [account.id]))[account.id],
                "rows": rows.items,
                "next": rows.next,
                "why": await looking.several(reader, [one.transfer_id for one in rows.items]),
                "kinds": _KINDS,
                "moment": moment,
                "then": await ledger.as_of(reader, account.id, moment) if moment else None,
                "problem": problem,
                "to": transfer_at,
            }

        facts = await self.building.db.reading(seen)
        if facts["account"].book in _OWN:
            await self.saw("ledger.account", facts["account"].about)
        return Shown("console/ledger_account.html", facts | {"look": query})


def _moment(text: str) -> tuple[datetime | None, str]:
    """Of the street's own time; with what is wrong with it."""
    if not text.strip():
        return None, ""
    try:
        return datetime.fromisoformat(moment_of(text.strip())), ""
    except ValueError:
        return None, "请选日期和时间"


# A transfer.


class OneTransfer(Page):
    path = f"{LIST}/transfer"

    @allow(*SEES)
    async def get(self, query: TransferLook) -> Shown:
        """Its legs, why it was made, what it belongs to, what it takes back and what takes it back."""

        async def seen(reader: Reader) -> dict[str, Any]:
            transfer = await ledger.find(reader, query.id)
            entries = {one.account_id: one for one in await ledger.entries_of(reader, transfer.id)}
            swipe = (
                await reader.get(SWIPES, transfer.id.removeprefix("swipe/"))
                if transfer.id.startswith("swipe/")
                else None
            )
            return {
                "transfer": transfer,
                "kind": _KINDS.get(transfer.kind, transfer.kind),
                "by": _by(reader, transfer),
                "entries": entries,
                "names": await named(reader, [leg.account_id for leg in transfer.legs]),
                "after": await looking.taken_back_by(reader, transfer.id),
                "swipe": swipe,
                "belongs": _belongs(transfer.id),
                "at": account_at,
                "to": transfer_at,
            }

        try:
            facts = await self.building.db.reading(seen)
        except HoelunError as error:
            await self.note_refusal(error)
            raise
        return Shown("console/ledger_transfer.html", facts)


def _by(reader: Reader, transfer: Transfer) -> str:
    kind, _, who = transfer.by.partition(":")
    if kind == "resident":
        return "居民本人"
    return (
        {"system": "系统", "terminal": "刷卡终端"}.get(kind)
        or staff.name_of(reader, who or kind)
        or transfer.by
    )


def _belongs(transfer_id: str) -> str:
    """The page of the payment or refund that made it."""
    kind, _, rest = transfer_id.partition("/")
    pages = {"payment": "/console/payments", "refund": "/console/refunds"}
    return below(pages[kind], rest.partition("/")[0]) if kind in pages else ""
