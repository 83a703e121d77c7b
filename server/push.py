"""Messages to residents. The inbox always has them; WeChat shows them while the resident's credits last.

One row is both: written in the transaction of what happened, delivered by the worker afterwards. Its id is made of
event, recipient and template, so a repeat writes nothing new. Credits count as wechat.md §1.4 says: +1 for each
accept, −1 for each send, none left after a 43101; where we never heard of a credit one attempt finds out.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any, Literal, Protocol

import structlog
from msgspec import Meta, Struct

from schemas.push import Answer, Delivery, InboxView, MessageView, SubscriptionView
from server import nouns
from server.config import Settings
from server.kit.clock import SHANGHAI
from server.kit.db import Collection, Database, Index, Lanes, Reader, Stored, Tx
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
    """A message in a resident's inbox and its way to WeChat. `paid`: a credit has been taken for it."""

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


class Credit(Stored, kw_only=True):
    """`id` is `openid|template name`."""

    count: Annotated[int, Meta(ge=0)] = 0
    state: Literal["accepted", "rejected", "banned"] = "accepted"
    updated_at: datetime


MESSAGES: Collection[Message] = Collection(
    "messages",
    Message,
    Index(("resident_id", "-at", "-_id")),
    Index(("resident_id", "read_at")),
    DUE,
    DEAD,
)
OUTBOX = Outbox(name="messages", title="给居民的订阅消息", collection=MESSAGES, again={"delivery": "queued"})
CREDITS: Collection[Credit] = Collection("credits", Credit)


class Sends(Protocol):
    """What push needs of the gateway to WeChat."""

    async def send_subscribe(
        self, openid: str, template_id: str, data: dict[str, str], page: str, *, state: str = ...
    ) -> None: ...


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


def _templates() -> dict[str, Template]:
    return {one.name: one for one in nouns.found(Template)}


def credit_id(openid: str, template: str) -> str:
    return f"{openid}|{template}"


class Courier:
    """Takes messages to WeChat, outside any transaction, one at a time for each recipient."""

    def __init__(self, db: Database, wechat: Sends, settings: Settings) -> None:
        self._db = db
        self._wechat = wechat
        self._settings = settings
        self._templates = _templates()
        self._turns = Lanes()

    async def deliver(self, message: Message) -> dict[str, Any]:
        """What to set on the row. An exception is an attempt that failed and may be repeated, with the credit that
        was taken at the first."""
        async with self._turns.hold([message.openid]):
            credit = credit_id(message.openid, message.template)
            if not message.paid and not await self._db.atomically(lambda tx: _pay(tx, message, credit)):
                return {"due_at": None, "delivery": "no_credit"}
            try:
                await self._send(message)
            except PlatformRefusal as refusal:
                return await self._refused(message, credit, refusal)
            return {"due_at": None, "delivery": "sent", "error": ""}

    async def _send(self, message: Message) -> None:
        template = self._templates[message.template]
        data = {key: message.payload[name] for key, name in template.keys.items()}
        await self._wechat.send_subscribe(
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
                await self._db.alone(lambda tx: tx.change(CREDITS, {"_id": credit}, {"$set": {"count": 0}}))
                return {"due_at": None, "delivery": "no_credit", **error}
        await self._db.alone(lambda tx: _refund(tx, credit))
        if refusal.action in (Action.drop_recipient, Action.skip, Action.flag_content):
            return {"due_at": None, "delivery": "refused", "paid": False, **error}
        log.error("push.misconfigured", template=message.template, errcode=refusal.errcode)
        return {"due_at": None, "delivery": "dead", "paid": False, **error}


def _tomorrow(now: datetime) -> datetime:
    day = now.astimezone(SHANGHAI).date() + timedelta(days=1)
    return datetime.combine(day, time(0, 5), SHANGHAI).astimezone(UTC)


async def _pay(tx: Tx, message: Message, credit: str) -> bool:
    """Take one credit for this message; where none was ever recorded, one attempt is free and noted as the last.

    Raises LeaseLost when another worker has the message by now.
    """
    if await tx.get(CREDITS, credit) is None:
        await tx.insert(CREDITS, Credit(id=credit, updated_at=tx.now))
    elif not await tx.change(CREDITS, {"_id": credit, "count": {"$gte": 1}}, {"$inc": {"count": -1}}):
        return False
    if not await tx.change(MESSAGES, {"_id": message.id, "fence": message.fence}, {"$set": {"paid": True}}):
        raise LeaseLost
    return True


async def _refund(tx: Tx, credit: str) -> None:
    await tx.change(CREDITS, {"_id": credit}, {"$inc": {"count": 1}})


async def answered(tx: Tx, resident: Resident, results: Mapping[str, Answer], settings: Settings) -> None:
    """What the resident answered to the subscription popup; template ids that are not ours are ignored."""
    by_id = {one.template_id(settings): one for one in _templates().values()}
    for template_id, answer in results.items():
        template = by_id.get(template_id)
        if template is not None and answer != "filter":
            await _note(tx, credit_id(resident.openid, template.name), answer)


async def _note(tx: Tx, credit: str, answer: Answer) -> None:
    state = {"accept": "accepted", "reject": "rejected", "ban": "banned"}[answer]
    how: dict[str, Any] = {"$set": {"state": state, "updated_at": tx.now}}
    how |= {"$inc": {"count": 1}} if answer == "accept" else {"$setOnInsert": {"count": 0}}
    await tx.take(CREDITS, {"_id": credit}, how, upsert=True)


def moments() -> set[str]:
    """Every tap at which there is something to ask for."""
    return {one.moment for one in _templates().values()}


async def subscriptions(reader: Reader, resident: Resident, settings: Settings) -> list[SubscriptionView]:
    templates = sorted(_templates().values(), key=lambda one: (one.moment, one.name))
    ids = [credit_id(resident.openid, one.name) for one in templates]
    known = {one.id: one for one in await reader.all(CREDITS, {"_id": {"$in": ids}}, limit=len(ids))}
    views = []
    for template, item_id in zip(templates, ids, strict=True):
        credit = known.get(item_id)
        views.append(
            SubscriptionView(
                template_id=template.template_id(settings),
                title=template.title,
                moment=template.moment,
                credits=credit.count if credit else 0,
                state=credit.state if credit else "unknown",
            )
        )
    return views


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
