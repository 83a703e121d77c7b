"""Items for whoever writes and publishes them: the list, an item with its versions, one version with what it changes."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct
from tornado.escape import to_unicode

from handlers.base import allow
from handlers.console.case import read_as
from handlers.page import Goto, MenuItem, Page, Shown
from schemas.common import View
from schemas.items import FindItemFile, ItemBody, RetireItem, ReturnItem
from server import items, staff
from server.items import WRITES, ItemVersion, words
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError, Invalid
from server.sessions import Actor

LIST = "/console/items"
SHOWN = frozenset({403, 404, 409, 422})
_LARGEST_FILE = 200_000
_HINTS = {
    "reason": "请写明原因，200 字以内",
    "content": "请选一个文件，或者把文件的内容粘贴进来",
    "new_code": "事项编码用大写字母、数字和短横线，2 到 24 个，比如 ELDER-CARD",
    "new_name": "请写事项名称，60 字以内",
}


class Refused(Struct, frozen=True):
    """Why a form was refused, which one, and what was filled in."""

    action: str = ""
    message: str = ""
    given: dict[str, str] = {}


class Look(Struct, frozen=True):
    """What is looked for, as it was chosen."""

    domain: str = ""
    q: str = ""

    def address(self, **changed: str) -> str:
        wanted = {name: one for name, one in ({"domain": self.domain, "q": self.q} | changed).items() if one}
        return f"{LIST}?{urlencode(wanted)}" if wanted else LIST


class Against(Struct, frozen=True):
    """The version to compare with, as it was chosen."""

    since: str = ""


class Done(View, frozen=True):
    """What is remembered of an act, and where it leads."""

    text: str
    url: str


class Line(Struct, frozen=True):
    """An item in the list: the version in force, and the one on its way."""

    body: ItemBody
    now: ItemVersion | None
    next: ItemVersion | None


def address(code: str, number: int | str = "") -> str:
    page = f"{LIST}/{quote(code, safe='')}"
    return f"{page}/{number}" if number else page


def lines(reader: Reader, look: Look) -> list[Line]:
    """All items there ever were, in the order of the list."""
    found: dict[str, list[ItemVersion]] = {}
    for one in reader.everything(items.ITEMS).items.values():
        found.setdefault(one.code, []).append(one)
    every = [_line(sorted(one, key=lambda each: -each.number)) for one in found.values()]
    wanted = [one for one in every if look.domain in ("", one.body.domain) and _has(one.body, look.q)]
    return sorted(wanted, key=lambda one: (one.body.rank, one.body.code))


def _line(found: list[ItemVersion]) -> Line:
    now = next((one for one in found if one.state == "published"), None)
    return Line((now or found[0]).body, now, items.open_version(found))


def _has(body: ItemBody, text: str) -> bool:
    return text.strip().lower() in f"{body.name} {body.summary} {body.code}".lower()


def listing(reader: Reader, look: Look, refused: Refused) -> dict[str, Any]:
    """What the list is filled with."""
    return {
        "look": look,
        "lines": lines(reader, look),
        "every": lines(reader, Look()),
        "domains": words.DOMAINS,
        "words": words,
        "refused": refused,
    }


def names(reader: Reader, found: list[ItemVersion]) -> dict[str, str]:
    """Who is who of those that wrote and published."""
    ids = {one for each in found for one in (*each.writers, each.published_by) if one}
    known = {one: reader.recall(staff.STAFF, one) for one in ids}
    return {one: member.name if member else one for one, member in known.items()}


async def picture(
    page: Page, reader: Reader, code: str, number: str, refused: Refused, since: str = ""
) -> dict[str, Any]:
    """What the page of one version is filled with. Raises ItemVersionNotFound."""
    actor, rules = page.actor, page.building.settings
    found = await items.versions(reader, code)
    one = await items.find(reader, code, items.number_of(number))
    against = items.number_of(since) if since else None
    return {
        "one": items.version_view(one, actor),
        "own": actor.id in one.writers,
        "names": names(reader, found),
        "numbers": [each.number for each in found if each.number != one.number],
        "difference": await items.changes_of(reader, code, one.number, against),
        "seen": items.view(one, None, reader.now, rules),
        "open": items.open_version(found),
        "words": words,
        "refused": refused,
    }


def revision_of(form: dict[str, str]) -> int | None:
    text = form.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 9 else None


def blank(code: str, name: str) -> ItemBody:
    """Where a new item begins."""
    values = {
        "code": code,
        "name": name,
        "domain": "certificates",
        "level": "street",
        "legal_days": 20,
        "promised_days": 10,
        "result": "certificate",
        "result_name": name,
        "steps": [
            {"name": "community_review", "role": "clerk", "limit": 3},
            {"name": "street_review", "role": "reviewer", "limit": 3},
        ],
        "materials": [{"key": "id_card", "name": "身份证（正反面）", "reusable": True, "number": 2}],
    }
    return items.files.body_from(values)


def plain(error: HoelunError) -> str:
    """A refusal as the writer reads it."""
    return _HINTS.get(error.field or "", error.message) if isinstance(error, Invalid) else error.message


class ItemList(Page):
    path = LIST
    menu = MenuItem("事项", "note", 47)

    @allow(*WRITES)
    async def get(self, query: Look) -> Shown:
        """All items by domain, with the version in force and the one on its way."""
        facts = listing(self.building.db.reader(), query, Refused())
        return Shown("console/items.html", facts | {"flash": self.flashed()})

    @allow(*WRITES)
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """Begin an item, from nothing or as another one is; or take one in from a file."""
        actor = self.actor

        async def drafted(tx: Tx) -> Done:
            made = await items.draft(tx, await begun(tx, form), actor)
            return Done("草稿已存好，居民还看不到", address(made.code, made.number))

        try:
            answer = await self.once(drafted)
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            refused = Refused("file" if "content" in form else "new", plain(error), form)
            facts = listing(self.building.db.reader(), Look(), refused)
            return Shown("console/items.html", facts | {"flash": ""}, error.status)
        done = msgspec.json.decode(answer.body, type=Done)
        self.flash(done.text)
        return Goto(done.url)

    def form(self) -> dict[str, str]:
        """A file that was chosen goes before what was pasted. Raises Invalid."""
        form = super().form()
        for file in self.request.files.get("file", []):
            if file.body and len(file.body) <= _LARGEST_FILE:
                try:
                    form["content"] = to_unicode(file.body)
                except UnicodeDecodeError as error:
                    raise Invalid("这个文件不是文字，请选导出的 TOML 或 JSON 文件") from error
            elif file.body:
                raise Invalid("这个文件太大，不是事项的文件")
        return form


async def begun(reader: Reader, form: dict[str, str]) -> ItemBody:
    """Raises Invalid, ItemVersionNotFound."""
    if "content" in form:
        if not form["content"].strip():
            raise Invalid(field="content")
        return items.files.read(form["content"])
    code, name = form.get("code", "").strip().upper(), form.get("name", "").strip()
    try:
        body = blank(code, name)
    except items.BadItem as error:
        raise Invalid(field=f"new_{error.field}") from error
    if not form.get("like"):
        return body
    like = (await items.versions(reader, form["like"]))[0].body
    return msgspec.structs.replace(like, code=code, name=name)


class OneItem(Page):
    path = "/console/items/{code}"

    @allow(*WRITES)
    async def get(self, code: str) -> Shown:
        """An item with all of its versions."""
        found = await self.building.db.reading(lambda reader: items.versions(reader, code))
        facts = {
            "found": [items.version_view(one, self.actor) for one in found],
            "names": names(self.building.db.reader(), found),
            "open": items.open_version(found),
            "words": words,
            "flash": self.flashed(),
        }
        return Shown("console/items_one.html", facts)


class OneVersion(Page):
    path = "/console/items/{code}/{number}"

    @allow(*WRITES)
    async def get(self, code: str, number: str, query: Against) -> Shown:
        """One version: what it changes, what residents read, and what may be done with it."""
        facts = await self.building.db.reading(
            lambda reader: picture(self, reader, code, number, Refused(), query.since)
        )
        return Shown("console/items_version.html", facts | {"flash": self.flashed()})


class ItemFile(Page):
    path = "/console/items/{code}/{number}/file"

    @allow(*WRITES)
    async def get(self, code: str, number: str, query: FindItemFile) -> None:
        """A version as a file to keep."""
        which = items.number_of(number)
        one = await self.building.db.reading(lambda reader: items.find(reader, code, which))
        file = items.file_of(one, query)
        await self.saw("item.export", f"{code}.{number}")
        name = quote(file.name, safe="")
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.set_header(
            "Content-Disposition", f"attachment; filename=\"item.{query.format}\"; filename*=UTF-8''{name}"
        )
        self.write(file.content)

    def answer(self, result: object, status: int) -> None:
        """It has been written."""
        self.finish()


Deed = Callable[[Tx, str, int, dict[str, str], Actor], Awaitable[Done]]


async def _draft(tx: Tx, code: str, number: int, form: dict[str, str], actor: Actor) -> Done:
    made = await items.draft_again(tx, code, number, actor)
    return Done("新的一版已经照着写好，改完再交给同事发布", f"{address(code, made.number)}/edit")


async def _propose(tx: Tx, code: str, number: int, form: dict[str, str], actor: Actor) -> Done:
    await items.propose(tx, code, number, revision_of(form), actor)
    return Done("已交给同事，由没有写过这一版的同事看过再发布", address(code, number))


async def _publish(tx: Tx, code: str, number: int, form: dict[str, str], actor: Actor) -> Done:
    await items.publish(tx, code, number, revision_of(form), actor)
    return Done("已发布，从现在起申请的按这一版办", address(code, number))


async def _return(tx: Tx, code: str, number: int, form: dict[str, str], actor: Actor) -> Done:
    reason = read_as({"reason": form.get("reason", "").strip()}, ReturnItem).reason
    await items.return_(tx, code, number, reason, actor)
    return Done("已退回修改", address(code, number))


async def _retire(tx: Tx, code: str, number: int, form: dict[str, str], actor: Actor) -> Done:
    reason = read_as({"reason": form.get("reason", "").strip()}, RetireItem).reason
    await items.retire(tx, code, number, reason, actor)
    return Done("已停用，居民不能再申请；正在办的照旧办完", address(code, number))


async def _discard(tx: Tx, code: str, number: int, form: dict[str, str], actor: Actor) -> Done:
    await items.discard(tx, code, number, actor)
    return Done("草稿已删除", LIST)


DEEDS: dict[str, Deed] = {
    "draft": _draft,
    "propose": _propose,
    "publish": _publish,
    "return": _return,
    "retire": _retire,
    "discard": _discard,
}


class Act(Page):
    path = "/console/items/{code}/{number}/{action}"

    @allow(*WRITES)
    async def get(self, code: str, number: str, action: str) -> Goto:
        """The address of a form that was sent, typed again: nothing is done by looking."""
        return Goto(address(code, number))

    @allow(*WRITES)
    async def post(self, code: str, number: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """One of the forms of the page; sent twice it is done once."""
        deed, which, actor = DEEDS.get(action), items.number_of(number), self.actor
        if deed is None:
            raise items.ItemVersionNotFound
        try:
            answer = await self.once(lambda tx: deed(tx, code, which, form, actor), lanes=[f"item {code}"])
        except HoelunError as error:
            if error.status not in SHOWN or isinstance(error, items.ItemVersionNotFound):
                raise
            await self.note_refusal(error)
            refused = Refused(action, plain(error), form)
            facts = await self.building.db.reading(
                lambda reader: picture(self, reader, code, number, refused)
            )
            return Shown("console/items_version.html", facts | {"flash": ""}, error.status)
        done = msgspec.json.decode(answer.body, type=Done)
        self.flash(done.text)
        return Goto(done.url)
