"""The form of an item's draft, and the sample pictures of its materials."""

from typing import Any

import msgspec
from tornado.web import stream_request_body

from handlers.base import allow
from handlers.console import item_forms
from handlers.console.item_forms import Sheet
from handlers.console.items import SHOWN, Done, Refused, address, picture, revision_of
from handlers.items import SampleUpload
from handlers.page import Goto, Page, Shown
from schemas.common import Nothing
from server import items
from server.items import WRITES, words
from server.items.rules import MAY_DO, ORDER
from server.kit.db import Tx
from server.kit.errors import HoelunError
from server.kit.multipart import FormBroken


class Edit(Page):
    path = "/console/items/{code}/{number}/edit"

    @allow(*WRITES)
    async def get(self, code: str, number: str) -> Shown | Goto:
        """The form of a draft; what is no draft has none."""
        facts = await self.building.db.reading(lambda reader: picture(self, reader, code, number, Refused()))
        if "edit" not in facts["one"].actions:
            return Goto(address(code, number))
        return self._sheet(facts, item_forms.sheet_of(facts["one"].body))

    @allow(*WRITES)
    async def post(self, code: str, number: str, form: dict[str, str]) -> Shown | Goto:
        """Save the draft, or show one more row of what was filled in."""
        which, actor = items.number_of(number), self.actor
        sheet = item_forms.sheet_from(form)
        if form.get("_more") in item_forms.ROWS:
            more = item_forms.with_one_more(sheet, form["_more"])
            return await self._again(code, number, more, Refused(), 200)

        async def edited(tx: Tx) -> Done:
            body = items.files.body_from(item_forms.values_of(sheet))
            await items.edit(tx, code, which, body, revision_of(form), actor)
            return Done("草稿已保存，居民还看不到", address(code, number))

        try:
            answer = await self.once(edited, lanes=[f"item {code}"])
        except HoelunError as error:
            if error.status not in SHOWN or isinstance(error, items.ItemVersionNotFound):
                raise
            await self.note_refusal(error)
            return await self._again(code, number, sheet, Refused("edit", error.message), error.status, error)
        done = msgspec.json.decode(answer.body, type=Done)
        self.flash(done.text)
        return Goto(done.url)

    async def _again(
        self,
        code: str,
        number: str,
        sheet: Sheet,
        refused: Refused,
        status: int,
        error: HoelunError | None = None,
    ) -> Shown:
        facts = await self.building.db.reading(lambda reader: picture(self, reader, code, number, refused))
        return self._sheet(facts, sheet, status, (error.field or "") if error else "")

    def _sheet(self, facts: dict[str, Any], sheet: Sheet, status: int = 200, wrong: str = "") -> Shown:
        reader = self.building.db.reader()
        shared = {m.key: m.name for one in items.offered(reader) for m in one.body.materials if m.reusable}
        fields = [(row.get("name", ""), row.get("label", "")) for row in sheet.rows["fields"]]
        more = {
            "sheet": sheet,
            "wrong": wrong,
            "keys": shared,
            "fields": [each for each in fields if each[0]],
            "deliveries": sorted(words.DELIVERIES, key=lambda one: _place(sheet, f"deliveries:{one}")),
            "order": ORDER,
            "may_do": {name: [one for one in words.STEP_ROLES if one in MAY_DO[name]] for name in ORDER},
            "flash": self.flashed(),
        }
        return Shown("console/items_edit.html", facts | more, status)


def _place(sheet: Sheet, name: str) -> int:
    """What is ticked stands first, in its own order."""
    names = list(sheet.top)
    return names.index(name) if name in sheet.top else len(names)


@stream_request_body
class Samples(SampleUpload, Page):
    path = "/console/items/{code}/{number}/samples"

    @allow(*WRITES)
    async def get(self, code: str, number: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(address(code, number))

    @allow(*WRITES)
    async def post(self, code: str, number: str) -> Goto:
        """Send a sample picture of a material, which it then is of at once."""
        which, actor = items.number_of(number), self.actor
        key = self.get_body_argument("key", "")
        if self.form_of is not None and not self.form_of.has_file:
            self.refusal = self.refusal or FormBroken("请先选一张图片")
        async with self.taken_in() as arrival:

            async def kept(tx: Tx) -> Nothing:
                sent = await self.keep_file(tx, code, arrival)
                await items.put_sample(tx, code, which, key, sent.id, actor)
                return Nothing()

            arrival.kept = not (await self.once(kept, lanes=[f"item {code}"])).replayed
        self.flash("样张已传好，居民看指南时能打开")
        return Goto(f"{address(code, number)}#samples")
