"""The post office's answer files: handed in on a page, and compared with what was claimed, row by row."""

import csv
import hashlib
import io
from functools import partial
from typing import Any, get_args
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from handlers.base import Answer, allow
from handlers.console.providers import Refused
from handlers.console.settlements import LIST, SEES, SHOWN, TONES, Look, Overview, address, message_of
from handlers.page import Goto, Page, Shown
from handlers.settlements import AnswerEmpty
from schemas.settlements import AnswerView, FindMatches, Verdict
from server.cases.exports import cell
from server.config import Settings
from server.kit.db import Once, Reader, Tx
from server.kit.errors import HoelunError
from server.settlements import answers, batches, views
from server.settlements.stored import VERDICTS

FILES = f"{LIST}/files"
_FORM = 1 << 16
"""What a form adds to the file in it."""
_AT_ONCE = 100


def file_address(file_id: str) -> str:
    return f"{FILES}/{file_id}"


class HandIn(Overview):
    path = FILES

    @classmethod
    def largest_body(cls, settings: Settings) -> int | None:
        return settings.settlements.max_file_bytes + _FORM

    def once_key(self) -> Once | None:
        """The file is part of what was sent."""
        key = super().once_key()
        return msgspec.structs.replace(key, body=self._digest().encode()) if key else None

    def _content(self) -> bytes:
        given = self.request.files.get("file", [])
        return bytes(given[-1].body) if given else b""

    def _digest(self) -> str:
        return hashlib.sha256(self._content()).hexdigest()

    @allow(*SEES)
    async def get(self) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(LIST)

    @allow(*SEES)
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """A file of the post office; the same one again is the same file."""
        content, digest = self._content(), self._digest()

        async def taken(tx: Tx) -> AnswerView:
            answer, known = await answers.receive(tx, digest, content, self.actor)
            return views.answer_view(tx, answer, known=known)

        try:
            if not content:
                raise AnswerEmpty("请先选一个文件")
            told = await self.once(taken, status=201, lanes=[f"settlement file {digest}"])
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            refused = Refused("file", message_of(error), form)
            return await self.shown(Look(), refused, error.status)
        known = msgspec.json.decode(told.body, type=AnswerView).known
        self.flash("这份文件以前交过，不会重复比对" if known else "文件已收到，正在核对")
        return Goto(file_address(digest))


class Filtered(Struct, frozen=True):
    verdict: str = ""
    cursor: str = ""

    def wanted(self, limit: int, cursor: str | None = None) -> FindMatches:
        known: Any = self.verdict if self.verdict in get_args(Verdict) else None
        return FindMatches(verdict=known, cursor=cursor or self.cursor or None, limit=limit)

    def address(self, path: str, **more: str) -> str:
        given = {"verdict": self.verdict, "cursor": self.cursor} | more
        told = urlencode({name: text for name, text in given.items() if text})
        return f"{path}?{told}" if told else path


class OneFile(Page):
    path = FILES + "/{file_id}"

    @allow(*SEES)
    async def get(self, file_id: str, query: Filtered) -> Shown:
        """How far it has come, what was found, and ours and theirs beside each other."""

        async def seen(reader: Reader) -> dict[str, Any]:
            answer = await answers.find(reader, file_id)
            batch = await batches.find(reader, answer.batch_id) if answer.batch_id else None
            return {
                "file": views.answer_view(reader, answer),
                "batch": await views.batch_view(reader, batch, self.actor) if batch else None,
                "in_force": batch is not None and batch.answer_id == answer.id,
                "matches": await views.matches(reader, file_id, query.wanted(50)),
                "verdicts": VERDICTS,
                "look": query,
                "address": file_address(file_id),
                "batch_address": address(answer.batch_id),
                "tones": TONES,
            }

        facts = await self.building.db.reading(seen)
        return Shown("console/settlement_file.html", facts | {"flash": self.flashed()})


class MatchesTable(Page):
    path = FILES + "/{file_id}/csv"

    @allow(*SEES)
    async def get(self, file_id: str, query: Filtered) -> Answer[bytes]:
        """The same as a table; that it was taken is on record."""
        out = io.StringIO()
        table = csv.writer(out, lineterminator="\r\n")
        table.writerow(["序号", "流水号", "收费单位", "我方（元）", "邮政（元）", "结果", "邮政的说明"])
        cursor: str | None = None
        while True:
            wanted = query.wanted(_AT_ONCE, cursor)
            page = await self.building.db.reading(partial(views.matches, file_id=file_id, wanted=wanted))
            for one in page.items:
                ours, theirs = f"{one.ours_fen / 100:.2f}", f"{one.theirs_fen / 100:.2f}"
                told = (cell(one.key), cell(one.payee), ours, theirs, one.verdict_text, cell(one.told))
                table.writerow([one.n or "", *told])
            cursor = page.next
            if cursor is None:
                break
        await self.saw("settlement.matches", file_id)
        self.set_header("Content-Disposition", 'attachment; filename="matches.csv"')
        return Answer(b"\xef\xbb\xbf" + out.getvalue().encode(), content_type="text/csv; charset=utf-8")

    def answer(self, result: Any, status: int) -> None:
        """A file and no page."""
        self.set_header("Content-Type", result.content_type)
        self.finish(result.body)
