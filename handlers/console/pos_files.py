"""The post office's statement files: sent from a page, watched as they are posted, with the lines that were not taken."""

from contextlib import aclosing
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct
from tornado.iostream import StreamClosedError
from tornado.web import stream_request_body

from handlers.base import allow
from handlers.page import MONEY, Goto, MenuItem, Page, Shown
from handlers.pos import StatementUpload
from schemas.pos import FileView
from server import pos
from server.kit.db import Reader
from server.kit.errors import HoelunError
from server.kit.multipart import FormBroken

LIST = "/console/pos-files"
SEES = ("accountant", "admin")
_SHOWN = frozenset({404, 409, 413, 422})
_AT_ONCE, _REJECTS_AT_ONCE = 20, 50
_COUNTS = {"posted": "入账", "again": "以前已经入过", "waiting": "等绑卡", "rejected": "没有收"}


class Look(Struct, frozen=True):
    cursor: str | None = None


def address(file_id: str, cursor: str | None = None) -> str:
    page = f"{LIST}/{quote(file_id, safe='')}"
    return f"{page}?{urlencode({'cursor': cursor})}" if cursor else page


@stream_request_body
class Files(StatementUpload, Page):
    path = LIST
    menu = MenuItem("对账文件", "file", MONEY, 20)

    @allow(*SEES)
    async def get(self, query: Look) -> Shown:
        """The files that were sent, the newest first, and a form for the next."""
        return await self._shown(query, "", 200)

    @allow(*SEES)
    async def post(self) -> Shown | Goto:
        """Send the file of a day; sent twice it is one file."""
        if self.form_of is not None and not self.form_of.has_file:
            self.refusal = self.refusal or FormBroken("请先选一个文件")
        try:
            async with self.arrived() as digest:
                answer = await self.once(
                    lambda tx: self.taken(tx, digest), status=201, lanes=[pos.files.lane(digest)]
                )
        except HoelunError as error:
            if error.status not in _SHOWN:
                raise
            await self.note_refusal(error)
            return await self._shown(Look(), error.message, error.status)
        file = msgspec.json.decode(answer.body, type=FileView)
        self.flash("这份文件以前传过，不会重复入账" if file.known else "文件已收到，正在核对")
        return Goto(address(file.id))

    async def _shown(self, query: Look, problem: str, status: int) -> Shown:
        found = await self.building.db.reading(
            lambda reader: pos.files.listed(reader, query.cursor, _AT_ONCE)
        )
        facts = {
            "found": found,
            "look": query,
            "problem": problem,
            "most_mb": self.building.settings.pos.max_file_bytes >> 20,
            "flash": self.flashed(),
        }
        return Shown("console/pos_files.html", facts, status)


async def picture(reader: Reader, file_id: str, query: Look) -> dict[str, Any]:
    """Raises FileNotFound, BadCursor."""
    file = pos.files.view(reader, await pos.files.find(reader, file_id))
    rejects = await pos.files.rejects(reader, file_id, query.cursor, _REJECTS_AT_ONCE)
    return {
        "file": file,
        "rejects": rejects,
        "look": query,
        "became": [(text, getattr(file, name)) for name, text in _COUNTS.items()],
        "percent": round(100 * file.done / file.rows) if file.rows else 0,
        "under_way": file.state in ("checking", "posting"),
        "address": address,
    }


class OneFile(Page):
    path = LIST + "/{file_id}"

    @allow(*SEES)
    async def get(self, file_id: str, query: Look) -> Shown:
        """How far it has come, its totals, and the lines that were not taken."""
        facts = await self.building.db.reading(lambda reader: picture(reader, file_id, query))
        return Shown("console/pos_file.html", facts | {"flash": self.flashed()})


class RejectsTable(Page):
    path = LIST + "/{file_id}/rejects.csv"

    @allow(*SEES)
    async def get(self, file_id: str) -> None:
        """The lines that were not taken, for a spreadsheet; streamed."""
        async with aclosing(pos.reject_sheets.table(self.building.db, file_id)) as pieces:
            first = await anext(pieces)
            await self.saw("pos_file.rejects", file_id)
            name = quote(f"没有收的行-{file_id[:8]}.csv", safe="")
            self.set_header("Content-Type", "text/csv; charset=utf-8")
            self.set_header(
                "Content-Disposition", f"attachment; filename=\"rejects.csv\"; filename*=UTF-8''{name}"
            )
            self.write(first)
            async for piece in pieces:
                self.write(piece)
                await self.flush()

    def answer(self, result: object, status: int) -> None:
        """It has been written."""
        try:
            self.finish()
        except StreamClosedError:
            return
