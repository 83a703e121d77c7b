"""What the street offers as one thing: written by one, published by another, on the list and off it."""

import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from handlers.base import allow
from handlers.console import bundle_form
from handlers.console.case import read_as
from handlers.page import Goto, MenuItem, Page, Shown
from schemas.bundles import BundleForm, ReturnBundle
from schemas.common import View
from server import bundles, catalogue, staff
from server.bundles import drafts
from server.kit.chance import chance
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError, Invalid

LIST = "/console/bundles"
STREET = ("dispatcher", "admin")
_SHOWN = frozenset({403, 404, 409, 422})
_LABELS = {
    "name": "名称",
    "description": "介绍",
    "parts": "要办的几件",
    "answer_hours": "等居民决定多久",
    "rank": "排在第几",
    "reason": "退回的原因",
}
_USUAL = {
    "if_part_fails": "nothing",
    "answer_hours": "24",
    "free:provider": "1",
    "free:street": "1",
    "active": "1",
}


class Refused(Struct, frozen=True):
    """Why a form was refused, which one, and what was filled in."""

    action: str = ""
    message: str = ""
    given: dict[str, str] = {}


class Done(View, frozen=True):
    """What is remembered of an act, and where it leads."""

    text: str
    url: str


def address(bundle_id: str) -> str:
    return f"{LIST}/{quote(bundle_id, safe='')}"


def plain(error: HoelunError) -> str:
    """A refusal as the writer reads it: which part, which box."""
    field = error.field or ""
    row = re.match(r"parts(?:\.|\[)(\d+)", field)
    if isinstance(error, Invalid) and row:
        message = "没有填好" if type(error) is Invalid else error.message
        return f"第 {int(row[1]) + 1} 件：{message}"
    if type(error) is Invalid and field:
        return f"请把“{_LABELS.get(field, field)}”填好"
    return error.message


def number_of(text: str) -> int:
    """Raises BundleNotFound."""
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 7):
        raise bundles.BundleNotFound
    return int(text)


async def listing(reader: Reader) -> dict[str, Any]:
    every = sorted(reader.everything(bundles.BUNDLES).items.values(), key=lambda one: (one.rank, one.id))
    return {
        "found": [bundles.view(reader, one) for one in every],
        "waiting": await drafts.waiting(reader),
        "states": drafts.STATES,
    }


class Bundles(Page):
    path = LIST
    menu = MenuItem("一件事", "layers", 51)

    @allow(*STREET)
    async def get(self) -> Shown:
        """All of them, on the list or off it, and what waits to be published."""
        facts = await self.building.db.reading(listing)
        return Shown("console/bundles.html", facts | {"flash": self.flashed()})


async def picture(page: Page, reader: Reader, bundle_id: str, refused: Refused) -> dict[str, Any]:
    """What the page of one is filled with. Raises BundleNotFound."""
    now = reader.recall(bundles.BUNDLES, bundle_id)
    written = await drafts.of_bundle(reader, bundle_id)
    if now is None and not written:
        raise bundles.BundleNotFound
    waiting = next((one for one in written if one.open), None)
    shown = waiting.bundle if waiting else now or written[0].bundle
    names = {one.part: one.name for one in shown.parts}
    return {
        "bundle_id": bundle_id,
        "now": now,
        "terms": drafts.terms(reader, now) if now else {},
        "waiting": waiting,
        "own": waiting is not None and waiting.author_id == page.actor.id,
        "changes": drafts.compared(reader, now, waiting.bundle) if waiting else [],
        "written": written,
        "states": drafts.STATES,
        "tones": drafts.TONES,
        "seen": bundles.view(reader, shown),
        "order": {one.part: drafts.order_text(one, names) for one in shown.parts if one.after},
        "faults": drafts.FAULTS,
        "name_of": lambda userid: _name(reader, userid),
        "refused": refused,
    }


def _name(reader: Reader, userid: str) -> str:
    member = reader.recall(staff.STAFF, userid)
    return member.name if member else userid


class OneBundle(Page):
    path = "/console/bundles/{bundle_id}"

    @allow(*STREET)
    async def get(self, bundle_id: str) -> Shown:
        """One as it is, what waits to be published of it, and how a resident reads it."""
        facts = await self.building.db.reading(lambda reader: picture(self, reader, bundle_id, Refused()))
        return Shown("console/bundle.html", facts | {"flash": self.flashed()})


class Written(Page):
    """A form that becomes a draft."""

    async def drafted_once(self, bundle_id: str, form: dict[str, str]) -> Shown | Goto:
        """Sent twice it is drafted once."""
        since = bundle_form.number(form.get("since", "0"))

        async def kept(tx: Tx) -> Done:
            wanted = read_as(bundle_form.read(form), BundleForm)
            seen = since if isinstance(since, int) else -1
            made = await drafts.draft(tx, bundle_id, wanted, seen, self.actor, form.get("note", "")[:200])
            return Done("已交，等另一位同事审核；居民现在看到的没有变", address(made.bundle_id))

        try:
            answer = await self.once(kept, lanes=[f"bundle {bundle_id}"])
        except HoelunError as error:
            if error.status not in _SHOWN:
                raise
            await self.note_refusal(error)
            return self.form_shown(bundle_id, Refused("draft", plain(error), form), error.status)
        done = msgspec.json.decode(answer.body, type=Done)
        self.flash(done.text)
        return Goto(done.url)

    def form_shown(self, bundle_id: str, refused: Refused, status: int) -> Shown:
        reader = self.building.db.reader()
        known = reader.recall(bundles.BUNDLES, bundle_id)
        categories = sorted(reader.everything(catalogue.CATEGORIES).items.values(), key=lambda one: one.rank)
        services = sorted(
            reader.everything(catalogue.SERVICES).items.values(), key=lambda one: (one.rank, one.id)
        )
        facts = {
            "given": refused.given,
            "known": known,
            "categories": categories,
            "services": [(one, [each for each in services if each.category == one.id]) for one in categories],
            "rows": bundle_form.rows_of(refused.given),
            "marked": [_marked(refused.given, row) for row in range(bundle_form.MOST_PARTS)],
            "rules": bundles.RULE_TEXTS,
            "faults": drafts.FAULTS,
            "refused": refused,
            "action": f"{address(bundle_id)}/edit" if known else f"{LIST}/new",
        }
        return Shown("console/bundle_form.html", facts, status)


def _marked(given: dict[str, str], row: int) -> int:
    """How many services are chosen for that part."""
    return sum(name.startswith(f"part{row}.service:") for name in given)


class New(Written):
    path = "/console/bundles/new"

    @allow(*STREET)
    async def get(self) -> Shown:
        """The form of one that is not there yet."""
        return self.form_shown("", Refused(given=_USUAL), 200)

    @allow(*STREET)
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """Propose it."""
        return await self.drafted_once(chance.hex(8), form)


class Edit(Written):
    path = "/console/bundles/{bundle_id}/edit"

    @allow(*STREET)
    async def get(self, bundle_id: str) -> Shown:
        """The form, filled with what is in force."""
        bundle = bundles.find(self.building.db.reader(), bundle_id)
        given = bundle_form.filled(drafts.form_of(bundle)) | {"since": str(bundle.version)}
        return self.form_shown(bundle_id, Refused(given=given), 200)

    @allow(*STREET)
    async def post(self, bundle_id: str, form: dict[str, str]) -> Shown | Goto:
        """Propose the change."""
        bundles.find(self.building.db.reader(), bundle_id)
        return await self.drafted_once(bundle_id, form)


Deed = Callable[[Page, Tx, str, dict[str, str]], Awaitable[str]]


async def _publish(page: Page, tx: Tx, bundle_id: str, form: dict[str, str]) -> str:
    made = await drafts.publish(tx, bundle_id, number_of(form.get("number", "")), page.actor)
    return "已生效，居民现在就能看到" if made.bundle.active else "已下架，办着的照常办"


async def _return(page: Page, tx: Tx, bundle_id: str, form: dict[str, str]) -> str:
    reason = read_as({"reason": form.get("reason", "").strip()}, ReturnBundle).reason
    await drafts.hand_back(tx, bundle_id, number_of(form.get("number", "")), reason, page.actor)
    return "已退回"


async def _withdraw(page: Page, tx: Tx, bundle_id: str, form: dict[str, str]) -> str:
    await drafts.take_back(tx, bundle_id, number_of(form.get("number", "")), page.actor)
    return "已撤回"


async def _switch(page: Page, tx: Tx, bundle_id: str, form: dict[str, str]) -> str:
    bundle = bundles.find(tx, bundle_id)
    wanted = drafts.form_of(bundle)
    since = bundle_form.number(form.get("since", ""))
    seen = since if isinstance(since, int) else -1
    await drafts.draft(tx, bundle_id, replace(wanted, active=not bundle.active), seen, page.actor)
    return "已交，等另一位同事审核"


DEEDS: dict[str, Deed] = {
    "publish": _publish,
    "return": _return,
    "withdraw": _withdraw,
    "switch": _switch,
}


class Act(Page):
    path = "/console/bundles/{bundle_id}/{action}"

    @allow(*STREET)
    async def get(self, bundle_id: str, action: str) -> Goto:
        """The address of a form that was sent, typed again: nothing is done by looking."""
        return Goto(address(bundle_id))

    @allow(*STREET)
    async def post(self, bundle_id: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """One of the forms of the page; sent twice it is done once."""
        deed = DEEDS.get(action)
        if deed is None:
            raise bundles.BundleNotFound

        async def done(tx: Tx) -> Done:
            return Done(await deed(self, tx, bundle_id, form), address(bundle_id))

        try:
            answer = await self.once(done, lanes=[f"bundle {bundle_id}"])
        except HoelunError as error:
            if error.status not in _SHOWN:
                raise
            await self.note_refusal(error)
            refused = Refused(action, plain(error), form)
            facts = await self.building.db.reading(lambda reader: picture(self, reader, bundle_id, refused))
            return Shown("console/bundle.html", facts | {"flash": ""}, error.status)
        self.flash(msgspec.json.decode(answer.body, type=Done).text)
        return Goto(address(bundle_id))
