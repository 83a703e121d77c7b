"""Messages to residents. The inbox always has them; WeChat shows them while the resident's credits last.

One row is both: written in the transaction of what happened, delivered by the worker afterwards. Its id is made of
event, recipient and template, so a repeat writes nothing new.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, Protocol

import structlog
from msgspec import Struct

from schemas.push import Delivery, InboxView, MessageView
from server import credits, nouns
from server.config import Settings
from server.kit.clock import SHANGHAI
from server.kit.db import TEXT, Collection, Database, Index, Lanes, Reader, Tx
from server.kit.errors import Conflict
from server.kit.events import Event
from server.kit.jobs import DEAD, DUE, Leased
from server.kit.platform import Action, PlatformRefusal
from server.outbox import Outbox
from server.residents import Resident

log = structlog.get_logger()


class LeaseLost(Conflict):
    """这条消息已由另一个进程接手"""


class Template(Struct, frozen=True):
    """A subscription template, declared beside the noun that uses it; `keys` maps its parameters to payload names.

    `moment` names the tap at which the client asks for it. Its id at the platform is configuration.
    """

    name: str
    title: str
    moment: str
    keys: Mapping[str, str]

    def template_id(self, settings: Settings) -> str:
        return settings.push.templates.get(self.name, f"tmpl-{self.name.replace('_', '-')}")


class Notice(Struct, frozen=True, kw_only=True):
    """What to say: `text` for the inbox, `payload` by the names that the template's keys map to."""

    text: str
    payload: dict[str, str]
    page: str
    case_no: str | None = None


class Message(Leased, kw_only=True):
    """A message in a resident's inbox and its way to WeChat. `paid`: a credit has been taken for it; `msgid`
    is WeChat's number of it."""

    resident_id: str
    openid: str
    template: str
    title: str
    text: str
    payload: dict[str, str]
    page: str
    case_no: str | None
    at: datetime
    read_at: datetime | None = None
    delivery: Delivery = "queued"
    paid: bool = False
    msgid: str | None = None


MESSAGES: Collection[Message] = Collection(
    "messages",
    Message,
    Index(("resident_id", "-at", "-_id")),
    Index(("resident_id", "read_at")),
    Index(("msgid",), only={"msgid": TEXT}),
    DUE,
    DEAD,
)
OUTBOX = Outbox(name="messages", title="给居民的订阅消息", collection=MESSAGES, again={"delivery": "queued"})


class Sends(Protocol):
    """What push needs of the gateway to WeChat."""

    async def send_subscribe(
        self, openid: str, template_id: str, data: dict[str, str], page: str, *, state: str = ...
    ) -> str: ...


async def send(tx: Tx, event: Event, resident: Resident, template: Template, notice: Notice) -> None:
    """Put a message into the resident's inbox and on its way; a repeat changes nothing, and who has closed the
    account is left in peace."""
    if resident.deleted_at is not None:
        return
    message_id = f"{event.id}.{resident.id}.{template.name}"
    if await tx.get(MESSAGES, message_id) is not None:
        return
    message = Message(
        id=message_id,
        resident_id=resident.id,
        openid=resident.openid,
        template=template.name,
        title=template.title,
        text=notice.text,
        payload=notice.payload,
        page=notice.page,
        case_no=notice.case_no,
        at=event.at,
        due_at=event.at,
        request_id=event.request_id,
    )
    await tx.insert(MESSAGES, message)


def templates() -> dict[str, Template]:
    """By name."""
    return {one.name: one for one in nouns.found(Template)}


class Courier:
    """Takes messages to WeChat, outside any transaction, one at a time for each recipient."""

    def __init__(self, db: Database, wechat: Sends, settings: Settings) -> None:
        self._db = db
        self._wechat = wechat
        self._settings = settings
        self._templates = templates()
        self._turns = Lanes()

    async def deliver(self, message: Message) -> dict[str, Any]:
        """What to set on the row. An exception is an attempt that failed and may be repeated, with the credit that
        was taken at the first."""
        async with self._turns.hold([message.openid]):
            credit = credits.credit_id(message.openid, message.template)
            if not message.paid and not await self._db.atomically(lambda tx: _pay(tx, message, credit)):
                return {"due_at": None, "delivery": "no_credit"}
            try:
                msgid = await self._send(message)
            except PlatformRefusal as refusal:
                return await self._refused(message, credit, refusal)
            return {"due_at": None, "delivery": "sent", "error": "", "msgid": msgid or None}

    async def _send(self, message: Message) -> str:
        template = self._templates[message.template]
        data = {key: message.payload[name] for key, name in template.keys.items()}
        return await self._wechat.send_subscribe(
            message.openid,
            template.template_id(self._settings),
            data,
            message.page,
            state=self._settings.push.miniprogram_state,
        )

    async def _refused(self, message: Message, credit: str, refusal: PlatformRefusal) -> dict[str, Any]:
        """The platform's own table says what to do (wechat.md §1.3); the inbox has the message in any case."""
        error = {"error": f"{refusal.errcode} {refusal.action}"}
        match refusal.action:
            case Action.retry | Action.serialize | Action.defer | Action.refresh_token:
                raise refusal
            case Action.stop_until_tomorrow:
                return {"due_at": _tomorrow(self._db.now()), "attempts": 0, **error}
            case Action.throttle:
                return {"due_at": self._db.now() + timedelta(seconds=60), "attempts": 0, **error}
            case Action.zero_credit:
                await self._db.atomically(lambda tx: credits.zero(tx, credit, tx.now))
                return {"due_at": None, "delivery": "no_credit", **error}
        await self._db.alone(lambda tx: credits.give_back(tx, credit))
        if refusal.action in (Action.drop_recipient, Action.skip, Action.flag_content):
            return {"due_at": None, "delivery": "refused", "paid": False, **error}
        log.error("push.misconfigured", template=message.template, errcode=refusal.errcode)
        return {"due_at": None, "delivery": "dead", "paid": False, **error}


def _tomorrow(now: datetime) -> datetime:
    day = now.astimezone(SHANGHAI).date() + timedelta(days=1)
    return datetime.combine(day, time(0, 5), SHANGHAI).astimezone(UTC)


async def _pay(tx: Tx, message: Message, credit: str) -> bool:
    """Take one credit for this message. Raises LeaseLost when another worker has the message by now."""
    if not await credits.take(tx, credit):
        return False
    if not await tx.change(MESSAGES, {"_id": message.id, "fence": message.fence}, {"$set": {"paid": True}}):
        raise LeaseLost
    return True


async def inbox(reader: Reader, resident_id: str, cursor: str | None, limit: int) -> InboxView:
    mine = {"resident_id": resident_id}
    page = await reader.page(MESSAGES, mine, sort="-at", cursor=cursor, limit=limit)
    unread = await reader.count(MESSAGES, {**mine, "read_at": None}, limit=100)
    return InboxView(items=[_view(one) for one in page.items], unread=unread, next=page.next)


async def read(tx: Tx, resident_id: str, ids: list[str] | None = None) -> None:
    """These of their own, or all of them, have been read; ids of nobody's or somebody else's change nothing."""
    where: dict[str, Any] = {"resident_id": resident_id, "read_at": None}
    if ids is not None:
        where["_id"] = {"$in": ids}
    await tx.change_all(MESSAGES, where, {"$set": {"read_at": tx.now}})


def _view(message: Message) -> MessageView:
    return MessageView(
        id=message.id,
        title=message.title,
        text=message.text,
        at=message.at,
        read_at=message.read_at,
        case_no=message.case_no,
        page=message.page,
        delivery=message.delivery,
    )
