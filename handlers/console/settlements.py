"""The settlement with the post office: its batches, what is open and for how long, and each batch with all its steps."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

from msgspec import Struct

from handlers.base import Answer, RouteNotFound, allow
from handlers.console.case import read_as
from handlers.console.providers import Done, Refused
from handlers.page import MONEY, Goto, MenuItem, Page, Shown
from schemas.settlements import (
    ConfirmBatch,
    FindAnswers,
    FindBatches,
    FindDifferences,
    FindReceipts,
    FindRows,
    NewBatch,
    NewReceipt,
    ReturnReceipt,
)
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError, Invalid
from server.sessions import Actor
from server.settlements import aging, answers, batches, money, views

LIST = "/console/settlements"
SEES = ("accountant", "admin")
SHOWN = frozenset({403, 404, 409, 413, 422})
_FILES, _RECEIPTS, _DIFFERENCES = 5, 50, 100
_WRONG = {
    "through": "请选截止日期",
    "reference": "请填银行流水号，只用字母、数字和短横",
    "amount_fen": "请填金额，例如 12850.00",
    "day": "请选到账日期",
    "reason": "请写明原因，200 字以内",
}
_DONE = {
    "freeze": "已冻结，明细和金额不再变",
    "send": "已记下，等邮政的回执文件",
    "confirm": "比对已确认，等邮政到账",
    "receipts": "已登记，等另一位同事确认",
}
TONES = {
    "open": "active",
    "frozen": "wait",
    "sent": "wait",
    "confirmed": "wait",
    "difference": "late",
    "paid": "done",
    "proposed": "wait",
    "resolved": "grey",
    "entered": "wait",
    "returned": "grey",
    "checking": "wait",
    "compared": "active",
    "refused": "late",
}


class Look(Struct, frozen=True):
    cursor: str = ""

    @property
    def at(self) -> str | None:
        return self.cursor or None


def address(batch_id: str) -> str:
    return f"{LIST}/{quote(batch_id, safe='')}"


def message_of(error: HoelunError) -> str:
    """In words for whoever has filled in the form."""
    return _WRONG.get(error.field or "", error.message) if type(error) is Invalid else error.message


async def overview(reader: Reader, page: Page, look: Look, refused: Refused) -> dict[str, Any]:
    rules, actor = page.building.settings, page.actor
    found = await views.batches(reader, FindBatches(cursor=look.at), actor)
    opened = await views.batches(reader, FindBatches(state="open", limit=1), actor)
    return {
        "look": look,
        "found": found,
        "opened": opened.items[0] if opened.items else None,
        "age": await aging.aging(reader, rules),
        "files": await views.answers_view(reader, FindAnswers(limit=_FILES)),
        "today": today(reader.now).isoformat(),
        "most_mb": rules.settlements.max_file_bytes >> 20,
        "tones": TONES,
        "refused": refused,
    }


class Overview(Page):
    """The first page, also with what was wrong in one of its forms."""

    async def shown(self, look: Look, refused: Refused, status: int) -> Shown:
        facts = await self.building.db.reading(lambda reader: overview(reader, self, look, refused))
        return Shown("console/settlements.html", facts | {"flash": self.flashed()}, status)


class Settlements(Overview):
    path = LIST
    menu = MenuItem("邮政结算", "wallet", MONEY, 60)

    @allow(*SEES)
    async def get(self, query: Look) -> Shown:
        """The batches, what the post office owes and for how long, and its files."""
        return await self.shown(query, Refused(), 200)

    @allow(*SEES)
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """A new batch; sent twice it is opened once."""

        async def opened(tx: Tx) -> Done:
            new = read_as({"through": form.get("through", "")}, NewBatch)
            batch = await batches.open_(tx, new, self.actor, self.building.settings)
            return Done(batch.id)

        try:
            await self.once(opened, lanes=["settlements"])
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            return await self.shown(Look(), Refused("open", message_of(error), form), error.status)
        self.flash("新批次已建好，正在收集明细")
        return Goto(LIST)


async def picture(
    reader: Reader, batch_id: str, actor: Actor, look: Look, refused: Refused
) -> dict[str, Any]:
    """Raises BatchNotFound, BadCursor."""
    batch = await batches.find(reader, batch_id)
    answer = await answers.expecting(reader, batch)
    return {
        "batch": await views.batch_view(reader, batch, actor),
        "answer": views.answer_view(reader, answer) if answer else None,
        "files": await views.answers_view(reader, FindAnswers(batch=batch_id, limit=_FILES)),
        "receipts": await views.receipts(reader, batch_id, FindReceipts(limit=_RECEIPTS), actor),
        "differences": await views.differences_view(
            reader, FindDifferences(batch=batch_id, limit=_DIFFERENCES), actor
        ),
        "rows": await views.rows(reader, batch_id, FindRows(cursor=look.at, limit=50)),
        "may_enter": batch.state in ("confirmed", "difference"),
        "made": any(one.by == actor.id for one in batch.steps if one.state in ("frozen", "sent")),
        "today": today(reader.now).isoformat(),
        "look": look,
        "address": address(batch_id),
        "tones": TONES,
        "refused": refused,
    }


class BatchPage(Page):
    """A page on which something of a batch is done: a refusal is shown where it was."""

    async def shown(self, batch_id: str, look: Look, refused: Refused, status: int = 200) -> Shown:
        facts = await self.building.db.reading(
            lambda reader: picture(reader, batch_id, self.actor, look, refused)
        )
        return Shown("console/settlement.html", facts | {"flash": self.flashed()}, status)

    async def did(
        self,
        batch_id: str,
        action: str,
        form: dict[str, str],
        work: Callable[[Tx], Awaitable[Any]],
        text: str,
    ) -> Shown | Goto:
        async def done(tx: Tx) -> Done:
            await work(tx)
            return Done(text)

        try:
            await self.once(done, lanes=[f"settlement {batch_id}"])
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            return await self.shown(batch_id, Look(), Refused(action, message_of(error), form), error.status)
        self.flash(text)
        return Goto(address(batch_id))


class OneSettlement(BatchPage):
    path = LIST + "/{batch_id}"

    @allow(*SEES)
    async def get(self, batch_id: str, query: Look) -> Shown:
        """Where it stands, what it comes to, what does not agree, the money, and every row."""
        return await self.shown(batch_id, query, Refused())


class Act(BatchPage):
    path = LIST + "/{batch_id}/{action}"

    @allow(*SEES)
    async def get(self, batch_id: str, action: str) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(address(batch_id))

    @allow(*SEES)
    async def post(self, batch_id: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Freeze, send, confirm the comparison, enter money; sent twice it is done once."""
        work = self._work(batch_id, action, form)
        return await self.did(batch_id, action, form, work, _DONE[action])

    def _work(self, batch_id: str, action: str, form: dict[str, str]) -> Callable[[Tx], Awaitable[Any]]:
        rules, actor = self.building.settings, self.actor
        match action:
            case "freeze":
                return lambda tx: batches.freeze(tx, batch_id, actor, rules)
            case "send":
                return lambda tx: batches.send(tx, batch_id, actor)
            case "confirm":
                return lambda tx: self._confirm(tx, batch_id, form)
            case "receipts":
                return lambda tx: self._enter(tx, batch_id, form)
        raise RouteNotFound

    async def _confirm(self, tx: Tx, batch_id: str, form: dict[str, str]) -> None:
        wanted = read_as({"answer": form.get("answer", "")}, ConfirmBatch)
        await money.confirm(tx, batch_id, wanted, self.actor, self.building.settings)

    async def _enter(self, tx: Tx, batch_id: str, form: dict[str, str]) -> None:
        body: dict[str, Any] = {name: text.strip() for name, text in form.items() if name != "amount"}
        new = read_as(body | {"amount_fen": fen_of(form.get("amount", ""))}, NewReceipt)
        await money.enter(tx, batch_id, new, self.actor)


def fen_of(text: str) -> int | str:
    """`12,850.5` as fen; whatever is no amount stays what it is, and is refused by name."""
    whole, _, rest = text.replace(",", "").replace("，", "").strip().partition(".")
    digits = whole.isascii() and whole.isdigit() and ((rest.isascii() and rest.isdigit()) or not rest)
    if not digits or len(whole) > 12 or len(rest) > 2:
        return text
    return int(whole) * 100 + int((rest or "0").ljust(2, "0"))


class AnswerReceipt(BatchPage):
    path = LIST + "/{batch_id}/receipts/{receipt_id}/{action}"

    @allow(*SEES)
    async def get(self, batch_id: str, receipt_id: str, action: str) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(address(batch_id))

    @allow(*SEES)
    async def post(self, batch_id: str, receipt_id: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """The money has come, or has not; sent twice it is said once."""
        if action == "confirm":
            text = "到账已确认并记账"
            return await self.did(
                batch_id, receipt_id, form, lambda tx: money.accept(tx, receipt_id, self.actor), text
            )
        if action != "return":
            raise RouteNotFound

        async def returned(tx: Tx) -> None:
            reason = read_as({"reason": form.get("reason", "").strip()}, ReturnReceipt).reason
            await money.hand_back(tx, receipt_id, reason, self.actor)

        return await self.did(batch_id, receipt_id, form, returned, "已退回，可以重新登记")


class Encoded(Struct, frozen=True):
    encoding: str = "utf-8"


class OurFile(Page):
    path = LIST + "/{batch_id}/file"

    @allow(*SEES)
    async def get(self, batch_id: str, query: Encoded) -> Answer[bytes]:
        """The file for the post office; that it was taken is on record."""
        encoding = "gb18030" if query.encoding == "gb18030" else "utf-8"

        async def read(reader: Reader) -> str:
            return await batches.file_of(reader, await batches.find(reader, batch_id))

        text = await self.building.db.reading(read)
        await self.saw("settlement.file", batch_id)
        self.set_header("Content-Disposition", f'attachment; filename="{batch_id}.csv"')
        return Answer(text.encode(encoding), content_type=f"text/csv; charset={encoding}")

    def answer(self, result: Any, status: int) -> None:
        """A file and no page."""
        self.set_header("Content-Type", result.content_type)
        self.finish(result.body)
