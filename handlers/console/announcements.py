"""Announcements for whoever writes them: the list, a draft with its preview, publishing, correcting, taking back."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct
from tornado.web import stream_request_body

from handlers.announcements import Pictures
from handlers.base import allow
from handlers.console.case import moment_of, read_as
from handlers.page import Goto, MenuItem, Page, Shown
from schemas.announcements import (
    CloseComments,
    CorrectAnnouncement,
    EditAnnouncement,
    FindStaffAnnouncements,
    HoldBackAnnouncement,
    NewAnnouncement,
    OpenComments,
    PublishAnnouncement,
    StaffAnnouncementsView,
    StaffAnnouncementView,
    WithdrawAnnouncement,
)
from schemas.broadcasts import BroadcastView
from schemas.comments import CommentState, FindStaffComments, StaffCommentsView
from schemas.common import Cursor, Nothing, View
from server import announcements, attachments, broadcasts, comments, places, tags
from server.announcements import STATE_TEXTS, STREET_ID, WRITES, Announcement
from server.kit.clock import SHANGHAI
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, HoelunError, Invalid
from server.kit.multipart import FormBroken
from server.sessions import Actor

LIST = "/console/announcements"
SHOWN = frozenset({403, 404, 409, 422})
_TICKED = "images:"
_MOST_SHOWN = 3
_HINTS = {
    "title": "请写标题，60 字以内",
    "text": "请写正文，5000 字以内",
    "reason": "请写明为什么撤回，200 字以内",
    "note": "请写明改了什么，200 字以内",
    "at": "请选发布的日期和时间",
    "images": "最多放 9 张图片",
}


class UrgentUnconfirmed(Conflict):
    """紧急通知夜里也会响，请确认以后再发"""


class Refused(Struct, frozen=True):
    """Why a form was refused, which one, and what was filled in; `comment` is the one that it was about."""

    action: str = ""
    message: str = ""
    given: dict[str, str] = {}
    comment: str = ""


class Look(Struct, frozen=True):
    """What is looked for, as it was chosen."""

    state: str = ""
    place: str = ""
    cursor: str = ""

    def address(self, **changed: str) -> str:
        wanted = {"state": self.state, "place": self.place, "cursor": self.cursor} | changed
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"{LIST}?{query}" if query else LIST


class Said(Struct, frozen=True):
    """From where on the comments under one are read: a cursor for each state."""

    waiting: Cursor | None = None
    shown: Cursor | None = None
    hidden: Cursor | None = None

    def further(self, announcement_id: str, **changed: str | None) -> str:
        wanted = msgspec.structs.asdict(self) | changed
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"{address(announcement_id)}{'?' if query else ''}{query}#comments"


class Group(Struct, frozen=True):
    """The comments of one state, and the addresses of the first page and of the next one."""

    state: CommentState
    found: StaffCommentsView
    first: str
    further: str


class Done(View, frozen=True):
    """What is remembered of an act, and where it leads."""

    text: str
    url: str


class Choice(Struct, frozen=True):
    """An audience to choose: `value` is what the form sends."""

    value: str
    text: str
    deep: bool = False


def address(announcement_id: str) -> str:
    return f"{LIST}/{quote(announcement_id, safe='')}"


def choices(reader: Reader, actor: Actor) -> list[Choice]:
    """Everybody to whom the actor may write, communities before their compounds."""
    street, own = announcements.writes_for_street(actor), announcements.own_communities(actor)
    every = places.view_all(reader)
    found = [Choice(f"street:{STREET_ID}", "全街道")] if street else []
    for community in every:
        if community.kind != "community" or not (street or community.id in own):
            continue
        found.append(Choice(f"community:{community.id}", f"{community.name}（整个社区）"))
        within = [one for one in every if one.parent_id == community.id and one.kind == "compound"]
        found += [Choice(f"compound:{one.id}", one.name, deep=True) for one in within]
    return found


def tag_choices(reader: Reader, chosen: str | None) -> list[Choice]:
    """Those in use; also the chosen one if it is retired, or else a form that is sent as it stands would be for
    everybody."""
    found = [Choice(one.id, one.name) for one in tags.active(reader)]
    if chosen and tags.is_retired(reader, chosen):
        found.append(Choice(chosen, f"{tags.name_of(reader, chosen)}（已停用，请另选）"))
    return found


async def listing(reader: Reader, look: Look, actor: Actor, refused: Refused) -> dict[str, Any]:
    """What the list is filled with."""
    found, problem = StaffAnnouncementsView(items=[]), ""
    try:
        wanted = {"state": look.state, "place_id": look.place.partition(":")[2], "cursor": look.cursor}
        query = msgspec.convert({name: one for name, one in wanted.items() if one}, FindStaffAnnouncements)
        found = await announcements.listed(reader, query, actor)
    except msgspec.ValidationError:
        problem = "没有这样的公告，请重新选择"
    except HoelunError as error:
        if error.status not in SHOWN:
            raise
        problem = error.message
    return {
        "look": look,
        "found": found,
        "problem": problem,
        "states": STATE_TEXTS,
        "choices": choices(reader, actor),
        "tags": tag_choices(reader, refused.given.get("tag")),
        "lost": {one.id: broadcasts.lost(reader, one) for one in found.items},
        "refused": refused,
    }


async def picture(
    page: Page, reader: Reader, announcement_id: str, refused: Refused, said: Said | None = None
) -> dict[str, Any]:
    """What the page of one is filled with. Raises AnnouncementNotFound, BadCursor."""
    rules, actor = page.building.settings, page.actor
    one = await announcements.find(reader, announcement_id, actor)
    view = await announcements.view(reader, one, actor, rules)
    said_there = await _comments(reader, one, said or Said(), actor)
    loose = await attachments.unclaimed(reader, one, actor) if view.actions else []
    tag = refused.given.get("tag") if refused.action == "edit" else one.tag
    return {
        "one": view,
        "may": {each.name for each in view.actions},
        "loose": [attachments.view(each, rules, reader.now) for each in loose if each.width is not None],
        "reach": await announcements.reach(reader, one) if view.state in ("draft", "published") else None,
        "broadcasts": await _broadcasts(reader, one, actor),
        "comments": said_there,
        "placed": any(each.id == refused.comment for group in said_there for each in group.found.items),
        "quiet_hours": "" if len(set(rules.push.quiet_hours.split("-"))) == 1 else rules.push.quiet_hours,
        "choices": choices(reader, actor),
        "chosen": f"{one.kind}:{one.place}",
        "tags": tag_choices(reader, tag),
        "tag": tag,
        "lost": broadcasts.lost(reader, view),
        "earliest": f"{reader.now.astimezone(SHANGHAI):%Y-%m-%dT%H:%M}",
        "refused": refused,
    }


async def _broadcasts(reader: Reader, one: Announcement, actor: Actor) -> list[BroadcastView]:
    """The latest edition's first."""
    found = await broadcasts.of(reader, one.id)
    return [await broadcasts.view(reader, each, one, actor) for each in reversed(found[-_MOST_SHOWN:])]


async def _comments(reader: Reader, one: Announcement, said: Said, actor: Actor) -> list[Group]:
    """For whoever picks them: those that wait for it first."""
    if one.state == "draft" or not announcements.may_change(one, actor):
        return []
    groups = []
    for state in comments.STATES:
        cursor: str | None = getattr(said, state)
        found = await comments.listed(reader, one.id, FindStaffComments(state=state, cursor=cursor), actor)
        first = said.further(one.id, **{state: None}) if cursor else ""
        further = said.further(one.id, **{state: found.next}) if found.next else ""
        groups.append(Group(state, found, first, further))
    return groups


def audience_of(form: dict[str, str]) -> dict[str, str]:
    kind, _, place_id = form.get("audience", "").partition(":")
    tag = {"tag": form["tag"]} if form.get("tag") else {}
    return {"kind": kind} | ({} if kind == "street" else {"place_id": place_id}) | tag


def plain(error: HoelunError, hints: dict[str, str] = _HINTS) -> str:
    """A refusal as the writer reads it."""
    return hints.get(error.field or "", error.message) if isinstance(error, Invalid) else error.message


def _texts(form: dict[str, str], *names: str) -> dict[str, Any]:
    return {name: form.get(name, "").strip().replace("\r\n", "\n") for name in names}


def _body(form: dict[str, str], *names: str) -> dict[str, Any]:
    """Texts, the pictures that are ticked, and the version that was seen."""
    return _texts(form, *names) | {"images": _images(form)} | version_of(form)


def _pushed(form: dict[str, str]) -> dict[str, Any]:
    """Whether phones are told, and how urgent it is. Raises UrgentUnconfirmed."""
    push, urgent = "push" in form, form.get("importance") == "urgent"
    if push and urgent and "sure" not in form:
        raise UrgentUnconfirmed
    return {"push": push, "importance": "urgent" if urgent else "normal"}


def _comments_on(form: dict[str, str]) -> dict[str, bool]:
    return {"comments": "comments" in form}


def _images(form: dict[str, str]) -> list[str]:
    return [name.removeprefix(_TICKED) for name in form if name.startswith(_TICKED)]


def version_of(form: dict[str, str]) -> dict[str, Any]:
    text = form.get("version", "")
    return {"version": int(text)} if text.isascii() and text.isdigit() and 0 < len(text) < 9 else {}


class AnnouncementList(Page):
    path = LIST
    menu = MenuItem("公告", "megaphone", 45)

    @allow(*WRITES)
    async def get(self, query: Look) -> Shown:
        """Those in scope, newest first, by state and audience."""
        facts = await self.building.db.reading(lambda reader: listing(reader, query, self.actor, Refused()))
        return Shown("console/announcements.html", facts | {"flash": self.flashed()})

    @allow(*WRITES)
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """Begin a draft; sent twice it is begun once."""
        house, actor = self.building, self.actor

        async def drafted(tx: Tx) -> StaffAnnouncementView:
            body = _texts(form, "title", "text") | {"audience": audience_of(form)} | _comments_on(form)
            made = await announcements.draft(tx, read_as(body, NewAnnouncement), actor)
            return await announcements.view(tx, made, actor, house.settings)

        try:
            answer = await self.once(drafted, status=201)
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            refused = Refused("draft", plain(error), form)
            facts = await house.db.reading(lambda reader: listing(reader, Look(), actor, refused))
            return Shown("console/announcements.html", facts | {"flash": ""}, error.status)
        self.flash("草稿已存好，居民还看不到。看一遍再发布。")
        return Goto(address(msgspec.json.decode(answer.body, type=StaffAnnouncementView).id))


class OneAnnouncement(Page):
    path = "/console/announcements/{announcement_id}"

    @allow(*WRITES)
    async def get(self, announcement_id: str, query: Said) -> Shown:
        """One, as residents see it, and what may be done with it."""
        facts = await self.building.db.reading(
            lambda reader: picture(self, reader, announcement_id, Refused(), query)
        )
        return Shown("console/announcement.html", facts | {"flash": self.flashed()})


Deed = Callable[[Page, Tx, str, dict[str, str]], Awaitable[Done]]


async def _edit(page: Page, tx: Tx, item_id: str, form: dict[str, str]) -> Done:
    body = _body(form, "title", "text") | {"audience": audience_of(form)} | _comments_on(form)
    await announcements.edit(tx, item_id, read_as(body, EditAnnouncement), page.actor)
    return Done("草稿已保存，居民还看不到", address(item_id))


async def _publish(page: Page, tx: Tx, item_id: str, form: dict[str, str]) -> Done:
    """Raises UrgentUnconfirmed."""
    later = form.get("when") == "later"
    body = {"at": moment_of(form.get("at", ""))} if later else {}
    body |= _pushed(form) | version_of(form)
    await broadcasts.publish(tx, item_id, read_as(body, PublishAnnouncement), page.actor)
    when = "已定好时间，到时居民自己就能看到" if later else "已发布，居民现在就能看到"
    return Done(f"{when}{'，手机也会收到通知' if body['push'] else ''}", address(item_id))


async def _hold_back(page: Page, tx: Tx, item_id: str, form: dict[str, str]) -> Done:
    await broadcasts.hold_back(tx, item_id, read_as(version_of(form), HoldBackAnnouncement), page.actor)
    return Done("已退回草稿，到时不会发布", address(item_id))


async def _withdraw(page: Page, tx: Tx, item_id: str, form: dict[str, str]) -> Done:
    body = _texts(form, "reason") | version_of(form)
    await broadcasts.withdraw(tx, item_id, read_as(body, WithdrawAnnouncement), page.actor)
    return Done("已撤回，居民打开时会看到原因", address(item_id))


async def _correct(page: Page, tx: Tx, item_id: str, form: dict[str, str]) -> Done:
    body = _body(form, "title", "text", "note") | _pushed(form)
    await broadcasts.correct(tx, item_id, read_as(body, CorrectAnnouncement), page.actor)
    return Done("已更正，居民会看到改了什么", address(item_id))


async def _open_comments(page: Page, tx: Tx, item_id: str, form: dict[str, str]) -> Done:
    await announcements.open_comments(tx, item_id, read_as(version_of(form), OpenComments), page.actor)
    return Done("已开放留言，请常来看看有没有新的", f"{address(item_id)}#comments")


async def _close_comments(page: Page, tx: Tx, item_id: str, form: dict[str, str]) -> Done:
    await announcements.close_comments(tx, item_id, read_as(version_of(form), CloseComments), page.actor)
    return Done("已关闭留言，选登过的居民还看得到", f"{address(item_id)}#comments")


def _acted(name: str, told: str) -> Deed:
    async def deed(page: Page, tx: Tx, item_id: str, form: dict[str, str]) -> Done:
        await broadcasts.act(tx, form.get("broadcast_id", ""), name, page.actor)
        return Done(told, address(item_id))

    return deed


async def _discard(page: Page, tx: Tx, item_id: str, form: dict[str, str]) -> Done:
    await announcements.discard(tx, item_id, page.actor)
    return Done("草稿已删除", LIST)


DEEDS: dict[str, Deed] = {
    "edit": _edit,
    "publish": _publish,
    "hold-back": _hold_back,
    "withdraw": _withdraw,
    "correct": _correct,
    "discard": _discard,
    "open-comments": _open_comments,
    "close-comments": _close_comments,
    "pause": _acted("pause", "已停住，还没收到的先不发"),
    "resume": _acted("resume", "接着发了"),
    "stop": _acted("stop", "不再往手机上发了，已经收到的还在消息箱里"),
}


class Act(Page):
    path = "/console/announcements/{announcement_id}/{action}"

    @allow(*WRITES)
    async def get(self, announcement_id: str, action: str) -> Goto:
        """The address of a form that was sent, typed again: nothing is done by looking."""
        return Goto(address(announcement_id))

    @allow(*WRITES)
    async def post(self, announcement_id: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """One of the forms of the page; sent twice it is done once."""
        deed = DEEDS.get(action)
        if deed is None:
            raise announcements.AnnouncementNotFound
        try:
            answer = await self.once(lambda tx: deed(self, tx, announcement_id, form))
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            refused = Refused(action, plain(error), form)
            facts = await self.building.db.reading(
                lambda reader: picture(self, reader, announcement_id, refused)
            )
            return Shown("console/announcement.html", facts | {"flash": ""}, error.status)
        done = msgspec.json.decode(answer.body, type=Done)
        self.flash(done.text)
        return Goto(done.url)


@stream_request_body
class Files(Pictures, Page):
    path = "/console/announcements/{announcement_id}/attachments"

    @allow(*WRITES)
    async def get(self, announcement_id: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(address(announcement_id))

    @allow(*WRITES)
    async def post(self, announcement_id: str) -> Goto:
        """Send a picture from the page; it then waits there, ticked, until the text is saved."""
        if self.form_of is not None and not self.form_of.has_file:
            self.refusal = self.refusal or FormBroken("请先选一张图片")
        async with self.taken_in() as arrival:

            async def kept(tx: Tx) -> Nothing:
                await self.keep_file(tx, announcement_id, arrival)
                return Nothing()

            arrival.kept = not (await self.once(kept)).replayed
        self.flash("图片已传好，保存后才会放进公告")
        return Goto(f"{address(announcement_id)}#write")
