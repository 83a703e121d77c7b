"""Comments 留言 under an announcement: residents write, the staff pick which of them others read, and may answer.

They are off until somebody opens them for one announcement. Nobody but the writer reads a comment before it was picked.
Who may pick and answer is who may change the announcement; each act is a compare-and-set and stands in the audit.
"""

from datetime import datetime
from typing import Any, Protocol, get_args

import structlog
from msgspec import Struct
from msgspec.structs import replace

from schemas.comments import (
    AnswerComment,
    CommentActionView,
    CommentState,
    CommentsView,
    CommentView,
    FindComments,
    FindStaffComments,
    HideComment,
    NewComment,
    ShowComment,
    StaffCommentsView,
    StaffCommentView,
)
from server import announcements, audit, push, residents
from server.announcements import COMMENTS, PUBLISHED, Announcement, Checked, Comment
from server.kit.chance import chance
from server.kit.clock import SHANGHAI
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, Invalid, NotFound
from server.kit.events import Event, emit, event_id, on
from server.kit.platform import Action, PlatformDown, PlatformRefusal
from server.push import Notice, Template
from server.residents import Resident
from server.sessions import Actor
from server.words import masked_name

log = structlog.get_logger()

MOST = 3
"""So many of one resident's there are under an announcement; who deletes one may write another."""

ANSWERED = "comment.answered"
STATES: tuple[CommentState, ...] = get_args(CommentState)
WAITING, SHOWN, HIDDEN = STATES
STATE_TEXTS: dict[CommentState, str] = {"waiting": "等社区选登", "shown": "已选登", "hidden": "没有选登"}
TONES: dict[CommentState, str] = {"waiting": "wait", "shown": "active", "hidden": "grey"}
CAUTIONS: dict[Checked, str] = {
    "pass": "",
    "review": "微信提醒：这条内容可能不合适，请仔细看",
    "none": "微信没能检查这条内容，请仔细看",
}
_SCENE = 2
_SHORT = 60

TOLD = Template(
    "comment_answered",
    "留言回复通知",
    "comment",
    {"thing1": "title", "thing2": "text", "thing3": "publisher", "time4": "time"},
    topic="announcements",
    importance="low",
)


class CommentNotFound(NotFound):
    """没有这条留言，可能已经删除了"""


class CommentsClosed(Conflict):
    """这条公告现在不能留言"""


class EnoughComments(Conflict):
    """一条公告下最多留言三条，删掉一条才能再写"""


class CommentUnsuitable(Conflict):
    """这段话里有不合适的内容，发不出去，请改一改再发"""


class CommentEmpty(Invalid):
    """请写一句话"""


class CommentNotNow(Conflict):
    """这条留言现在不能这样办，请刷新后再看"""


class CommentChanged(Conflict):
    """刚刚有同事处理过这条留言，请刷新后再办"""


class Deed(Struct, frozen=True):
    """Something that the staff may do with a comment, and in which states."""

    name: str
    text: str
    states: tuple[CommentState, ...]


DEEDS: tuple[Deed, ...] = (
    Deed("show", "选登", (WAITING, HIDDEN)),
    Deed("hide", "不选登", (WAITING, SHOWN)),
    Deed("answer", "回复", STATES),
)
_DEEDS = {one.name: one for one in DEEDS}


class TextCheck(Protocol):
    """What is asked of WeChat."""

    async def check_text(self, openid: str, content: str, scene: int) -> Any: ...


# What residents do.


async def judged(wechat: TextCheck, openid: str, text: str) -> Checked:
    """What WeChat thinks of the text; that it cannot be asked holds nobody up, as a person reads it in any case.

    Raises CommentUnsuitable. Never in a transaction: it waits for somebody else.
    """
    try:
        verdict = await wechat.check_text(openid, text, _SCENE)
    except PlatformDown as down:
        log.warning("comment.unchecked", why=down.reason)
        return "none"
    except PlatformRefusal as refusal:
        if refusal.action is Action.flag_content:
            raise CommentUnsuitable(field="text") from refusal
        log.warning("comment.unchecked", errcode=refusal.errcode)
        return "none"
    if verdict == "risky":
        raise CommentUnsuitable(field="text")
    return "pass" if verdict == "pass" else "review"


async def writable(reader: Reader, announcement_id: str, new: NewComment, me: Resident) -> Announcement:
    """Whether there is anything to ask WeChat about. Raises AnnouncementNotFound, CommentsClosed, CommentEmpty,
    EnoughComments."""
    one = await announcements.find_for(reader, announcement_id, me)
    if not _taken(reader, one):
        raise CommentsClosed
    if not new.text.strip():
        raise CommentEmpty(field="text")
    if not await _free(reader, one, me):
        raise EnoughComments
    return one


async def write(tx: Tx, announcement_id: str, new: NewComment, checked: Checked, me: Resident) -> Comment:
    """Raises what `writable` raises, ResidentNotFound. Two at once take two places: the index refuses the same one."""
    one = await writable(tx, announcement_id, new, me)
    writer = await residents.present(tx, me.id)
    made = Comment(
        id=f"{one.id}.{chance.hex(12)}",
        announcement_id=one.id,
        resident_id=me.id,
        slot=min(await _free(tx, one, me)),
        by=masked_name(writer.name) or "居民",
        text=new.text.strip(),
        at=tx.now,
        checked=checked,
    )
    await tx.insert(COMMENTS, made)
    return made


async def remove(tx: Tx, comment_id: str, me: str) -> None:
    """One's own is gone, with its answer. Raises CommentNotFound."""
    if not await tx.delete(COMMENTS, {"_id": comment_id, "resident_id": me}):
        raise CommentNotFound


async def listed_for(
    reader: Reader, announcement_id: str, wanted: FindComments, me: Resident
) -> CommentsView:
    """What was picked, and all of one's own. Raises AnnouncementNotFound, BadCursor."""
    one = await announcements.find_for(reader, announcement_id, me)
    if one.state_at(reader.now) != PUBLISHED:
        return CommentsView(items=[], open=False, left=0)
    picked = {"announcement_id": one.id, "state": SHOWN}
    mine = {"resident_id": me.id, "announcement_id": one.id, "state": {"$ne": SHOWN}}
    page = await reader.merged(COMMENTS, [picked, mine], sort="-at", cursor=wanted.cursor, limit=wanted.limit)
    return CommentsView(
        items=[view_for(reader, each, one, me) for each in page.items],
        next=page.next,
        open=one.comments,
        left=len(await _free(reader, one, me)) if one.comments else 0,
    )


def view_for(reader: Reader, one: Comment, under: Announcement, me: Resident) -> CommentView:
    mine = one.resident_id == me.id
    return CommentView(
        id=one.id,
        by=one.by,
        text=one.text,
        at=one.at,
        state=one.state,
        state_text=STATE_TEXTS[one.state],
        mine=mine,
        reason=one.reason if mine else "",
        answer=one.answer,
        answered_by=announcements.publisher(reader, under) if one.answer else "",
        answered_at=one.answered_at,
        actions=[CommentActionView(name="delete", text="删除")] if mine else [],
    )


def _taken(reader: Reader, one: Announcement) -> bool:
    return one.comments and one.state_at(reader.now) == PUBLISHED


async def _free(reader: Reader, one: Announcement, me: Resident) -> set[int]:
    """The places that they have left under this announcement."""
    mine = {"resident_id": me.id, "announcement_id": one.id}
    used = await reader.all(COMMENTS, mine, limit=MOST, sort="-at")
    return set(range(1, MOST + 1)) - {each.slot for each in used}


# What the staff do.


async def find(reader: Reader, comment_id: str, actor: Actor) -> tuple[Comment, Announcement]:
    """With the announcement under which it stands. Raises CommentNotFound, AnnouncementOfStreet."""
    found = await reader.get(COMMENTS, comment_id)
    if found is None:
        raise CommentNotFound
    try:
        return found, await announcements.to_change(reader, found.announcement_id, actor)
    except announcements.AnnouncementNotFound as error:
        raise CommentNotFound from error


async def listed(
    reader: Reader, announcement_id: str, wanted: FindStaffComments, actor: Actor
) -> StaffCommentsView:
    """Raises AnnouncementNotFound, AnnouncementOfStreet, BadCursor."""
    one = await announcements.to_change(reader, announcement_id, actor)
    states = [wanted.state] if wanted.state else STATES
    wheres = [{"announcement_id": one.id, "state": state} for state in states]
    page = await reader.merged(COMMENTS, wheres, sort="-at", cursor=wanted.cursor, limit=wanted.limit)
    waiting = await announcements.waiting(reader, [one.id])
    return StaffCommentsView(
        items=[view(reader, each, one) for each in page.items],
        next=page.next,
        waiting=waiting.get(one.id, 0),
    )


async def show(tx: Tx, comment_id: str, wanted: ShowComment, actor: Actor) -> StaffCommentView:
    """Everybody whom the announcement is for reads it. Raises what `_ready` raises."""
    one, under = await _ready(tx, comment_id, "show", wanted.version, actor)
    return await _kept(tx, _decided(one, SHOWN, "", tx.now, actor), under, "show", actor)


async def hide(tx: Tx, comment_id: str, wanted: HideComment, actor: Actor) -> StaffCommentView:
    """Only the writer reads it, and why. Raises what `_ready` raises."""
    one, under = await _ready(tx, comment_id, "hide", wanted.version, actor)
    return await _kept(tx, _decided(one, HIDDEN, wanted.reason, tx.now, actor), under, "hide", actor)


async def answer(tx: Tx, comment_id: str, wanted: AnswerComment, actor: Actor) -> StaffCommentView:
    """The writer is told, and whoever reads the comment reads it. Said again in the same words nothing happens.

    Raises what `_ready` raises, CommentEmpty.
    """
    one, under = await _ready(tx, comment_id, "answer", wanted.version, actor)
    text = wanted.text.strip()
    if not text:
        raise CommentEmpty(field="text")
    if text == one.answer:
        return view(tx, one, under)
    changed = replace(one, answer=text, answered_by=actor.name, answered_at=tx.now, answers=one.answers + 1)
    _say(tx, changed, actor)
    return await _kept(tx, changed, under, "answer", actor)


def view(reader: Reader, one: Comment, under: Announcement) -> StaffCommentView:
    """As who may change the announcement sees it."""
    return StaffCommentView(
        id=one.id,
        announcement_id=one.announcement_id,
        by=one.by,
        text=one.text,
        at=one.at,
        state=one.state,
        state_text=STATE_TEXTS[one.state],
        tone=TONES[one.state],
        caution=CAUTIONS[one.checked],
        decided_by=one.decided_by,
        decided_at=one.decided_at,
        reason=one.reason,
        answer=one.answer,
        answered_by=one.answered_by,
        answered_at=one.answered_at,
        actions=[
            CommentActionView(name=each.name, text=each.text)
            for each in DEEDS
            if _may(reader, each, one, under)
        ],
        version=one.version,
    )


def _may(reader: Reader, deed: Deed, one: Comment, under: Announcement) -> bool:
    return under.state_at(reader.now) == PUBLISHED and one.state in deed.states


async def _ready(
    tx: Tx, comment_id: str, deed: str, version: int | None, actor: Actor
) -> tuple[Comment, Announcement]:
    """Raises CommentNotFound, AnnouncementOfStreet, CommentChanged, CommentNotNow."""
    one, under = await find(tx, comment_id, actor)
    if version is not None and version != one.version:
        raise CommentChanged
    if not _may(tx, _DEEDS[deed], one, under):
        raise CommentNotNow
    return one, under


def _decided(one: Comment, state: CommentState, reason: str, now: datetime, actor: Actor) -> Comment:
    return replace(one, state=state, reason=reason, decided_by=actor.name, decided_at=now)


async def _kept(tx: Tx, changed: Comment, under: Announcement, what: str, actor: Actor) -> StaffCommentView:
    """Raises CommentChanged: somebody was faster, or the writer deleted it."""
    next_ = replace(changed, version=changed.version + 1)
    if not await tx.replace(COMMENTS, next_, {"_id": changed.id, "version": changed.version}):
        raise CommentChanged
    audit.note(tx, actor, "console", f"comment.{what}", changed.id, under.id)
    return view(tx, next_, under)


def _say(tx: Tx, one: Comment, actor: Actor) -> None:
    subject = f"{one.id}:answers"
    emit(
        tx,
        Event(
            id=event_id(subject, one.answers),
            type=ANSWERED,
            subject=subject,
            seq=one.answers,
            at=tx.now,
            by={"kind": actor.kind, "id": actor.id},
            channel="console",
            data={"comment_id": one.id},
        ),
    )


@on(ANSWERED)
async def tell(tx: Tx, event: Event) -> None:
    """Who wrote it hears the answer; of one that was replaced at once only the later is told."""
    one = await tx.get(COMMENTS, event.data["comment_id"])
    if one is None or one.answers != event.seq or one.answered_at is None:
        return
    under = await tx.get(announcements.ANNOUNCEMENTS, one.announcement_id)
    if under is None or under.state_at(tx.now) != PUBLISHED:
        return
    short = one.answer if len(one.answer) <= _SHORT else f"{one.answer[: _SHORT - 1]}…"
    publisher = announcements.publisher(tx, under)
    notice = Notice(
        text=f"{publisher}回复了您在“{under.title}”下的留言：{short}",
        payload={
            "title": under.title,
            "text": one.answer,
            "publisher": publisher,
            "time": f"{one.answered_at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        },
        page=f"packages/announcements/pages/announcement/index?id={under.id}",
    )
    await push.send(tx, event, await residents.find(tx, one.resident_id), TOLD, notice)
