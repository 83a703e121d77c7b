"""Work notices 工作通知 to the staff. Their list always has them; WeCom takes them to the telephone.

As with messages to residents (server/push.py) one row is both: written in the transaction of what happened, delivered
by the worker afterwards. Its id is made of event, member and title, so a repeat writes nothing new. Nobody is told of
what they did themselves. What calls for an act has buttons in WeCom; server/cards sends those, and is the queue of all.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import structlog
from msgspec import Struct

from schemas.staff_push import Delivery, NoticesView, NoticeView
from server import errcodes, staff
from server.config import Settings
from server.keeping import Keeping, under_case
from server.kit.chance import chance
from server.kit.clock import SHANGHAI
from server.kit.db import TEXT, Collection, Index, Reader, Tx
from server.kit.events import Event
from server.kit.jobs import DEAD, DUE, Leased, Settled
from server.kit.platform import Action, PlatformRefusal
from server.outbox import Outbox

log = structlog.get_logger()

COUNTED = 100
AGAIN = frozenset(
    {Action.retry, Action.serialize, Action.defer, Action.refresh_token, Action.stop_until_tomorrow}
)
UNREACHABLE = frozenset({Action.drop_recipient, Action.skip, Action.resync_directory})


class Ask(Struct, frozen=True, kw_only=True):
    """That the notice calls for an act: `card` is a row of the card table (server/cards/table.py), `case_no` the case
    as it was at `version`. `about` is what of the case is meant: an offer's id, a clock, the time that was written."""

    card: str
    case_no: str
    version: int = 0
    about: str = ""


class Word(Struct, frozen=True, kw_only=True):
    """What to say: a title of a few words, a text of a line or two, the page of the console that it is about such as
    `/console/cases/HB…`, and the case, if it is about one. With an `ask` it has buttons in WeCom."""

    title: str
    text: str
    page: str = ""
    case_no: str | None = None
    ask: Ask | None = None


class Card(Struct, kw_only=True):
    """The buttons of a notice. WeCom names the card by `task_id`; by `response_code`, from its sending, its face can be
    changed once, within 72 hours of `sent_at`, which is none where it went out as a line. When nothing on it can be
    tapped any more it is not `open`, and the `outcome` stands there instead."""

    kind: str
    case_no: str
    version: int
    about: str
    task_id: str
    response_code: str = ""
    sent_at: datetime | None = None
    open: bool = True
    outcome: str = ""


class WorkNotice(Leased, kw_only=True):
    """A notice in the list of one member and its way to WeCom."""

    userid: str
    title: str
    text: str
    page: str
    case_no: str | None
    at: datetime
    read_at: datetime | None = None
    delivery: Delivery = "queued"
    card: Card | None = None


NOTICES: Collection[WorkNotice] = Collection(
    "work_notices",
    WorkNotice,
    Index(("userid", "-at", "-_id")),
    Index(("userid", "read_at")),
    Index(("card.task_id",), only={"card.task_id": TEXT}),
    Index(("card.case_no",), only={"card.open": True}),
    DUE,
    DEAD,
)
OUTBOX = Outbox(
    name="work_notices",
    title="给工作人员的通知",
    collection=NOTICES,
    again={"delivery": "queued"},
    drop={"delivery": "dead"},
    words=errcodes.WECOM,
)

KEPT = Keeping(title="发给工作人员的通知", collection=NOTICES, find=under_case, blank={"text": ""})


async def send(tx: Tx, event: Event, userid: str, word: Word) -> None:
    """Put a notice into the member's list and on its way; a repeat changes nothing. Whom we do not know or who has
    left is skipped, and so is whoever did it."""
    await send_all(tx, event, [userid], word)


async def send_all(tx: Tx, event: Event, userids: Iterable[str], word: Word) -> None:
    """The same to several, in two trips however many they are."""
    notices = [
        _notice(f"{event.id}.{one}.{word.title}", event, one, word)
        for one in dict.fromkeys(userids)
        if _hears(tx, event, one)
    ]
    ids = {"_id": {"$in": [one.id for one in notices]}}
    there = {one.id for one in await tx.all(NOTICES, ids, limit=len(notices))} if notices else set()
    await tx.put_all(NOTICES, [one for one in notices if one.id not in there])


async def send_unless_waiting(tx: Tx, event: Event, userid: str, word: Word) -> None:
    """The same for what comes again and again: nothing while such a notice of this case has not been looked at; then
    the old one is new again."""
    if not _hears(tx, event, userid):
        return
    notice = _notice(f"{word.case_no}:notice.{userid}.{word.title}", event, userid, word)
    if await tx.get(NOTICES, notice.id) is None:
        await tx.insert(NOTICES, notice)
    else:
        seen = {"_id": notice.id, "read_at": {"$ne": None}, "at": {"$lt": event.at}}
        await tx.replace(NOTICES, notice, seen)


def _hears(reader: Reader, event: Event, userid: str) -> bool:
    member = reader.recall(staff.STAFF, userid)
    return member is not None and member.active and not _did_it(event, userid)


def _notice(notice_id: str, event: Event, userid: str, word: Word) -> WorkNotice:
    return WorkNotice(
        id=notice_id,
        userid=userid,
        title=word.title,
        text=word.text,
        page=word.page,
        case_no=word.case_no,
        at=event.at,
        due_at=event.at,
        request_id=event.request_id,
        card=_card(word.ask) if word.ask else None,
    )


def _card(ask: Ask) -> Card:
    """No `task_id` is ever used twice, also where the database was set up anew."""
    return Card(
        kind=ask.card, case_no=ask.case_no, version=ask.version, about=ask.about, task_id=chance.hex(16)
    )


def _did_it(event: Event, userid: str) -> bool:
    return event.by.get("kind") == "staff" and event.by.get("id") == userid


async def deliver(house: Any, notice: WorkNotice) -> Settled:
    """Take it to WeCom, outside any transaction; what to set on the row. An exception is an attempt that failed and
    may be repeated: the platform drops what it has had a moment ago."""
    settings, wecom = house.settings, house.wecom
    outcome = f"。{notice.card.outcome}" if notice.card is not None and notice.card.outcome else ""
    try:
        await wecom.send_notice(
            settings.wecom.agentid,
            notice.userid,
            notice.title,
            f"{notice.text}{outcome}（{when(notice)}）",
            address(settings, notice.page),
        )
    except PlatformRefusal as refusal:
        return refused(notice, refusal, house.db.now())
    return {"due_at": None, "delivery": "sent", "error": ""}


def when(notice: WorkNotice) -> str:
    """The minute of the event."""
    return f"{notice.at.astimezone(SHANGHAI):%m-%d %H:%M}"


def refused(notice: WorkNotice, refusal: PlatformRefusal, now: datetime) -> Settled:
    """The platform's own table says what to do (server/gateways/errors.py); the list has it in any case."""
    error = {"error": f"{refusal.errcode} {refusal.action}"}
    if refusal.action in AGAIN:
        raise refusal
    if refusal.action is Action.throttle:
        return {"due_at": now + timedelta(seconds=60), "attempts": 0, **error}
    if refusal.action in UNREACHABLE:
        return {"due_at": None, "delivery": "undeliverable", **error}
    log.error("staff_push.misconfigured", errcode=refusal.errcode, action=refusal.action)
    return {"due_at": None, "delivery": "dead", **error}


def address(settings: Settings, page: str) -> str:
    """The page as a telephone reaches it; empty where there is none, or nobody said how we are reached."""
    base = settings.public_url
    if not base and settings.environment != "production":
        base = f"http://{settings.host}:{settings.port}"
    return f"{base}{page}" if base and page else ""


async def listed(reader: Reader, userid: str, cursor: str | None, limit: int) -> NoticesView:
    """A page of the member's notices, newest first. Raises BadCursor."""
    page = await reader.page(NOTICES, {"userid": userid}, sort="-at", cursor=cursor, limit=limit)
    return NoticesView(
        items=[view(one) for one in page.items], unread=await unread(reader, userid), next=page.next
    )


async def unread(reader: Reader, userid: str) -> int:
    """How many have not been read, counted no further than 100."""
    return await reader.count(NOTICES, {"userid": userid, "read_at": None}, limit=COUNTED)


async def page_of(reader: Reader, userid: str, notice_id: str) -> str:
    """What this notice of theirs is about; empty for what is not there or somebody else's."""
    notice = await reader.get(NOTICES, notice_id)
    return notice.page if notice is not None and notice.userid == userid else ""


async def read(tx: Tx, userid: str, ids: list[str] | None = None) -> None:
    """These of their own, or all of them, have been read; ids of nobody's or somebody else's change nothing."""
    where: dict[str, Any] = {"userid": userid, "read_at": None}
    if ids is not None:
        where["_id"] = {"$in": ids}
    await tx.change_all(NOTICES, where, {"$set": {"read_at": tx.now}})


def view(notice: WorkNotice) -> NoticeView:
    return NoticeView(
        id=notice.id,
        title=notice.title,
        text=notice.text,
        page=notice.page,
        case_no=notice.case_no,
        at=notice.at,
        read_at=notice.read_at,
        delivery=notice.delivery,
    )
