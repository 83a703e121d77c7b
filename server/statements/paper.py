"""The statement as PDF, drawn by the worker, and as a table for a spreadsheet."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

from schemas.statements import StatementView
from server import point_cards, points
from server.cases.exports import cell
from server.config import Settings
from server.documents import slips
from server.documents.slips import Slip
from server.kit.clock import SHANGHAI
from server.kit.db import Reader, Tx
from server.ledger import ENTRIES, own
from server.points import yuan
from server.statements.monthly import find
from server.statements.months import span_of, text_of

TEMPLATE = "statement.typ"
_AT_ONCE = 200
_MOST_ROWS = 3_000
Row = tuple[str, str, str, str, str]
"""Time, kind, explanation, what the balance gained or lost, what it was then."""


async def rows(reader: Reader, resident_id: str, month: str) -> AsyncIterator[Row]:
    """Every entry of the month, the oldest first."""
    span = await span_of(reader, own("resident", resident_id), month)
    after = span.after
    while after < span.upto:
        until = min(after + _AT_ONCE, span.upto)
        piece = type(span)(span.account_id, after, until, 0, 0)
        found = await reader.all(ENTRIES, piece.where(), limit=_AT_ONCE)
        transfers = await points.views.transfers_of(reader, found)
        for one in found:
            shown = points.views.view(one, transfers)
            at = f"{one.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
            yield at, shown.kind_text, shown.text, signed(one.amount), yuan(one.balance)
        after = until


def signed(fen: int) -> str:
    """+0.64, −12.00."""
    return f"+{yuan(fen)}" if fen > 0 else f"−{yuan(-fen)}" if fen else yuan(0)


def slip_id(resident_id: str, month: str) -> str:
    return f"statement.{resident_id}.{month}"


async def ask(tx: Tx, resident_id: str, month: str, rules: Settings) -> Slip:
    """Have it drawn. Raises StatementNotFound."""
    told = await find(tx, resident_id, month)
    facts = await _facts(tx, told, resident_id, rules)
    title = f"积分对账单 {month}"
    return await slips.ask(tx, slip_id(resident_id, month), resident_id, TEMPLATE, facts, title, rules)


async def _facts(reader: Reader, told: StatementView, resident_id: str, rules: Settings) -> dict[str, Any]:
    """All that the paper says, as text."""
    card = await point_cards.of(reader, resident_id)
    entries: list[Row] = []
    more = False
    async for row in rows(reader, resident_id, told.month):
        if len(entries) == _MOST_ROWS:
            more = True
            break
        entries.append(row)
    # to the minute: asked for again within it, it is the same paper
    until = f"{told.until.astimezone(SHANGHAI):%Y-%m-%d %H:%M}"
    return {
        "office": rules.documents.office,
        "title": told.title,
        "who": [
            ["姓名", told.holder or "未填"],
            ["便民邮储卡", point_cards.view(card).number if card else "未绑定"],
            ["对账期间", f"{text_of(told.month)}" + (f"，到 {until}" if told.running else "")],
        ],
        "lines": [
            ["月初余额", "", yuan(told.opening_fen)],
            *([one.text, f"{one.count} 笔", signed(one.fen)] for one in told.lines),
            ["现在余额" if told.running else "月末余额", "", yuan(told.closing_fen)],
        ],
        "notes": _notes(told, more),
        "bills": [
            [
                f"{one.at.astimezone(SHANGHAI):%Y-%m-%d}",
                one.text,
                yuan(one.amount_fen),
                yuan(one.points_fen),
                yuan(one.pay_fen),
            ]
            for one in told.bills
        ],
        "entries": [list(one) for one in entries],
    }


def _notes(told: StatementView, more: bool) -> list[str]:
    notes = [told.swipes.text] if told.swipes.count else []
    notes += [f"另有 {yuan(told.held_fen)} 分正在付款"] if told.held_fen else []
    notes += [f"因退货还欠 {yuan(told.owed_fen)} 分，下次积分先补上"] if told.owed_fen else []
    notes += [f"明细太多，这里只有前 {_MOST_ROWS} 条，全部明细见表格文件"] if more else []
    return [*notes, "1 分积分抵 1 元。对账单由积分账本直接生成，有疑问请到社区便民窗口核对。"]


async def table(reader: Reader, resident_id: str, month: str) -> bytes:
    """The statement as CSV, with the mark by which a spreadsheet knows its letters. Raises StatementNotFound."""
    told = await find(reader, resident_id, month)
    written = io.StringIO()
    out = csv.writer(written)
    out.writerow(["时间", "类别", "说明", "积分变动", "余额"])
    out.writerow(["", "月初余额", "", "", _plain(yuan(told.opening_fen))])
    async for at, kind, text, amount, balance in rows(reader, resident_id, month):
        out.writerow([at, kind, cell(text), _plain(amount), _plain(balance)])
    out.writerow(["", "现在余额" if told.running else "月末余额", "", "", _plain(yuan(told.closing_fen))])
    return b"\xef\xbb\xbf" + written.getvalue().encode()


def _plain(number: str) -> str:
    """As a spreadsheet counts with it."""
    return number.replace(",", "").replace("−", "-").removeprefix("+")
