"""A list of cases as a table for a spreadsheet: few columns, no address, the telephone as its last digits.

A cell is never a formula: what begins like one is written after an apostrophe (OWASP, CSV injection).
"""

import csv
import io
from collections.abc import AsyncGenerator
from datetime import datetime

from schemas.cases import FindCases
from server import catalogue, places, staff
from server.cases.kinds import CASES, Case, kind_of
from server.cases.views import order, wanted_cases
from server.kit.clock import SHANGHAI
from server.kit.db import Database, Reader
from server.sessions import Actor
from server.words import masked

MOST = 20_000
"""Rows of one table; whoever needs more narrows the list."""

_AT_ONCE = 200
_COLUMNS = (
    "编号",
    "类别",
    "事项",
    "状态",
    "社区",
    "小区",
    "居民",
    "电话",
    "商家",
    "师傅",
    "提交时间",
    "期限",
    "最近变化",
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


async def table(db: Database, wanted: FindCases, actor: Actor) -> AsyncGenerator[bytes, None]:
    """The actor's cases in pieces, each read for itself by cursor: a long table holds no transaction open.

    UTF-8 with a byte order mark, as Excel wants it. Raises CaseNoMistyped, BadCursor before the first piece.
    """
    written, cursor = 0, wanted.cursor
    head = b"\xef\xbb\xbf" + _lines([_COLUMNS])
    while True:
        at = cursor

        async def page(reader: Reader, at: str | None = at) -> tuple[list[tuple[str, ...]], str | None]:
            where, sort = wanted_cases(wanted, actor, reader.now), order(wanted, actor)
            found = await reader.page(CASES, where, sort=sort, cursor=at, limit=_AT_ONCE)
            return [_row(reader, one) for one in found.items], found.next

        rows, cursor = await db.reading(page)
        rows = rows[: MOST - written]
        written += len(rows)
        yield head + _lines(rows)
        head = b""
        if cursor is None or written >= MOST:
            return


def _row(reader: Reader, case: Case) -> tuple[str, ...]:
    kind, place = kind_of(case), places.view_where(reader, case.community_id, case.compound_id)
    provider = catalogue.provider_of(reader, case.provider_id) if case.provider_id else None
    worker = reader.recall(staff.STAFF, case.worker_id) if case.worker_id else None
    return (
        case.id,
        kind.text,
        case.title,
        kind.flow.states[case.state].text,
        place.community,
        place.compound,
        case.resident_name,
        masked(case.phone),
        provider.name if provider else "",
        worker.name if worker else "",
        _moment(case.created_at),
        _moment(case.promised_at),
        _moment(case.updated_at),
    )


def _moment(at: datetime | None) -> str:
    return f"{at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if at else ""


def cell(text: str) -> str:
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def _lines(rows: list[tuple[str, ...]]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows([[cell(one) for one in row] for row in rows])
    return written.getvalue().encode()
