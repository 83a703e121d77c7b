"""What resident and staff say to each other on a case: in order, heard by the other side, marked until it was read.

A case's conversation has one row that counts what was said; the number is part of each message's id, so a history is
read off the ids. How far somebody has read is a row of their own: one colleague's look hides nothing from another.
"""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

from schemas.attachments import AttachmentView
from schemas.cases import Channel
from schemas.talks import NewTalk, Side, TalksView, TalkView
from server import attachments, cases, proxies, push, residents
from server.cases import CASES, Case
from server.config import Settings
from server.kit.clock import SHANGHAI
from server.kit.db import Collection, Reader, Stored, Tx
from server.kit.errors import Invalid
from server.kit.events import Event, emit, event_id, history_of, on
from server.push import Notice, Template
from server.sessions import Actor
from server.staff import ROLE_TEXTS

SAID = "talk.said"
_RESIDENT_TEXTS = {"resident": "居民", "proxy": "亲属代办"}
_SHOWN = 60


class NothingSaid(Invalid):
    """请写一句话，或选一张照片"""


class Talk(Stored, kw_only=True):
    """`id` is the case number and which message of its conversation this is; `by` the name of the side that speaks,
    `proxy_id` the proxy by which somebody wrote it for the resident."""

    case_no: str
    number: Annotated[int, Meta(ge=1)]
    side: Side
    by_key: str
    by: str
    proxy_id: str = ""
    role: str
    text: str
    attachments: list[str]
    channel: Channel
    at: datetime


class Conversation(Stored, kw_only=True):
    """Of one case: `said` counts all messages, `by_resident` and `by_staff` are the numbers of each side's last."""

    said: Annotated[int, Meta(ge=0)] = 0
    by_resident: int = 0
    by_staff: int = 0


class ReadMark(Stored, kw_only=True):
    """`id` is the case number and the reader; all up to `number` has been read."""

    number: int


TALKS: Collection[Talk] = Collection("talks", Talk)
CONVERSATIONS: Collection[Conversation] = Collection("conversations", Conversation)
READ_MARKS: Collection[ReadMark] = Collection("read_marks", ReadMark)

CASE_MESSAGE = Template(
    "case_message",
    "办件回复通知",
    "talk",
    {"thing1": "title", "character_string2": "case_no", "thing3": "text", "time4": "time"},
    topic="talks",
)


def side_of(actor: Actor) -> Side:
    return "staff" if actor.kind == "staff" else "resident"


async def say(tx: Tx, case: Case, actor: Actor, said: NewTalk, channel: Channel) -> Talk:
    """Put it into the conversation; the other side hears of it.

    Raises NothingSaid, AttachmentNotFound, ProxyEnded.
    """
    text = said.text.strip()
    if not text and not said.attachments:
        raise NothingSaid(field="text")
    side, mine = side_of(actor), cases.parts(actor, case)
    number = await _next_number(tx, case, side)
    talk_id = event_id(case.id, number)
    talk = Talk(
        id=talk_id,
        case_no=case.id,
        number=number,
        side=side,
        by_key=actor.key,
        by=actor.name if side == "staff" else case.resident_name,
        proxy_id=await _proxy(tx, case, actor, mine),
        role="proxy" if "proxy" in mine else min(mine, default=""),
        text=text,
        attachments=await attachments.claim(
            tx, case, actor, said.attachments, f"talk:{talk_id}", "attachments"
        ),
        channel=channel,
        at=tx.now,
    )
    await tx.insert(TALKS, talk)
    await read(tx, case, actor, number)
    _tell_others(tx, talk, actor)
    return talk


async def _proxy(tx: Tx, case: Case, actor: Actor, mine: frozenset[str]) -> str:
    """By which proxy it is said, as the database has it now. Raises ProxyEnded."""
    if "proxy" not in mine:
        return ""
    scope = cases.kind_of(case).proxy_scope or ""
    return (await proxies.confirm(tx, actor, case.resident_id or "", scope)).id


def speaker(reader: Reader, talk: Talk) -> str:
    """Whose name stands over the message; of a proxy, also for whom they wrote it."""
    return proxies.signature(reader, talk.proxy_id, talk.by) if talk.proxy_id else talk.by


async def _next_number(tx: Tx, case: Case, side: Side) -> int:
    one_more = {"$inc": {"said": 1}}
    conversation = await tx.take(CONVERSATIONS, {"_id": case.id}, one_more, upsert=True)
    assert conversation is not None
    last = {f"by_{side}": conversation.said}
    await tx.change(CONVERSATIONS, {"_id": case.id}, {"$set": last})
    return conversation.said


def _tell_others(tx: Tx, talk: Talk, actor: Actor) -> None:
    subject = f"{talk.case_no}:talks"
    emit(
        tx,
        Event(
            id=event_id(subject, talk.number),
            type=SAID,
            subject=subject,
            seq=talk.number,
            at=tx.now,
            by={"kind": actor.kind, "id": actor.id},
            channel=talk.channel,
            data={"case_no": talk.case_no, "talk_id": talk.id, "side": talk.side},
        ),
    )


@on(SAID)
async def tell(tx: Tx, event: Event) -> None:
    """The resident hears what the staff said; the staff find it marked in their inbox."""
    talk = await tx.get(TALKS, event.data["talk_id"])
    case = await tx.get(CASES, event.data["case_no"])
    if talk is None or case is None or talk.side == "resident" or case.resident_id is None:
        return
    resident = await residents.find(tx, case.resident_id)
    told = talk.text or f"发来 {len(talk.attachments)} 个文件"
    short = told if len(told) <= _SHOWN else f"{told[: _SHOWN - 1]}…"
    notice = Notice(
        text=f"{talk.by}（{ROLE_TEXTS.get(talk.role, '工作人员')}）就“{case.title}”给您留言：{short}",
        payload={
            "title": case.title,
            "case_no": case.id,
            "text": told,
            "time": f"{talk.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
        },
        page=f"packages/cases/pages/case/index?case_no={case.id}",
        case_no=case.id,
    )
    await push.send(tx, event, resident, CASE_MESSAGE, notice)


# Reading.


def mark_id(case_no: str, actor: Actor) -> str:
    """Of the row that says how far somebody has read."""
    return f"{case_no}|{actor.key}"


async def read(tx: Tx, case: Case, actor: Actor, number: int | None = None) -> None:
    """The actor has read up to this message; without a number, all there is."""
    if number is None:
        conversation = await tx.get(CONVERSATIONS, case.id)
        if conversation is None:
            return
        number = conversation.said
    how = {"$max": {"number": number}}
    await tx.change(READ_MARKS, {"_id": mark_id(case.id, actor)}, how, upsert=True)


async def read_up_to(tx: Tx, last: TalkView, actor: Actor) -> None:
    """What was shown has been read, up to this message."""
    talk = await tx.get(TALKS, last.id)
    if talk is not None:
        how = {"$max": {"number": talk.number}}
        await tx.change(READ_MARKS, {"_id": mark_id(talk.case_no, actor)}, how, upsert=True)


async def listed(
    reader: Reader, case: Case, actor: Actor, rules: Settings, *, cursor: str | None = None, limit: int = 20
) -> TalksView:
    """A page of the conversation, newest first. Raises BadCursor."""
    page = await reader.page(TALKS, history_of(case.id), sort="-_id", cursor=cursor, limit=limit)
    mark = await reader.get(READ_MARKS, mark_id(case.id, actor))
    seen = mark.number if mark else 0
    files = [one for talk in page.items for one in talk.attachments]
    shown = await attachments.views(reader, files, rules)
    theirs = "resident" if side_of(actor) == "staff" else "staff"
    since = history_of(case.id) | {"side": theirs, "number": {"$gt": seen}}
    return TalksView(
        items=[_view(reader, one, actor, seen, shown) for one in page.items],
        next=page.next,
        unread=await reader.count(TALKS, since, limit=100),
    )


def view(reader: Reader, talk: Talk, actor: Actor, shown: dict[str, AttachmentView]) -> TalkView:
    return _view(reader, talk, actor, talk.number, shown)


def _view(reader: Reader, talk: Talk, actor: Actor, seen: int, shown: dict[str, AttachmentView]) -> TalkView:
    return TalkView(
        id=talk.id,
        at=talk.at,
        side=talk.side,
        by=speaker(reader, talk),
        role=ROLE_TEXTS.get(talk.role) or _RESIDENT_TEXTS.get(talk.role, ""),
        text=talk.text,
        attachments=[shown[one] for one in talk.attachments if one in shown],
        mine=talk.by_key == actor.key,
        unread=talk.side != side_of(actor) and talk.number > seen,
    )
