"""The supervisor's list of faults: what should not have happened, on which case, and whose it was; also as a table."""

import csv
import io
from functools import partial
from typing import Any
from urllib.parse import quote

from handlers.base import Answer, allow
from handlers.console.approvals import SUPERVISES, Look, may_supervise
from handlers.page import Page, Shown
from handlers.words import stamp
from schemas.approvals import FaultsView, FaultView, FindFaults
from server.approvals import desk
from server.approvals.faults import listed
from server.cases.exports import cell
from server.kit.clock import SHANGHAI
from server.kit.db import Reader
from server.kit.db.pages import BadCursor

LIST = "/console/approvals/faults"
KINDS = {"second_supplement": "没有一次告知", "deemed": "逾期没有答复是否受理"}
MOST = 5_000
_AT_ONCE = 100
_COLUMNS = ("时间", "哪一种", "办件", "社区", "谁", "经过")


class Faults(Page):
    path = LIST

    @allow(*SUPERVISES)
    async def get(self, query: Look) -> Shown:
        """The newest first, of all communities or of one."""

        async def seen(reader: Reader) -> dict[str, Any]:
            found, problem = FaultsView(items=[]), ""
            try:
                wanted = FindFaults(cursor=query.cursor or None, limit=20)
                found = await listed(reader, wanted, query.community or None)
            except BadCursor:
                problem = "名单有了变化，请从第一页看"
            return {
                "look": query,
                "found": found,
                "problem": problem,
                "kinds": KINDS,
                "communities": desk.communities(reader, self.actor),
                "supervises": may_supervise(self.actor),
            }

        return Shown("console/approvals_faults.html", await self.building.db.reading(seen))


class FaultsTable(Page):
    path = f"{LIST}/csv"

    @allow(*SUPERVISES)
    async def get(self, query: Look) -> Answer[bytes]:
        """The same as a table; that it was taken is on record."""
        community_id, cursor, rows = query.community or None, None, list[FaultView]()
        while len(rows) < MOST:
            wanted = FindFaults(cursor=cursor, limit=_AT_ONCE)
            page = await self.building.db.reading(partial(listed, wanted=wanted, community_id=community_id))
            rows += page.items
            cursor = page.next
            if cursor is None:
                break
        await self.saw("faults.export")
        day = self.building.clock.now().astimezone(SHANGHAI)
        name = quote(f"差错-{day:%Y%m%d-%H%M}.csv", safe="")
        self.set_header(
            "Content-Disposition", f"attachment; filename=\"faults.csv\"; filename*=UTF-8''{name}"
        )
        return Answer(_table(rows), content_type="text/csv; charset=utf-8")

    def answer(self, result: Any, status: int) -> None:
        """A file and no page."""
        self.set_header("Content-Type", result.content_type)
        self.finish(result.body)


def _table(rows: list[FaultView]) -> bytes:
    """UTF-8 with a byte order mark, as Excel wants it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for one in rows:
        line = (stamp(one.at), KINDS[one.kind], one.case_no, one.community, one.name, one.text)
        writer.writerow([cell(text) for text in line])
    return b"\xef\xbb\xbf" + out.getvalue().encode()
