"""What is kept of a message to a resident, and how one gets into the inbox.

One row is both the entry in the inbox and its way to WeChat: written in the transaction of what happened, delivered by
the worker afterwards. Its id is made of event, recipient and template, so a repeat writes nothing new.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from schemas.push import Channel, Delivery, Importance, Topic
from server import errcodes, nouns
from server.config import Settings
from server.kit.db import MOMENT, TEXT, Collection, Index, Tx
from server.kit.errors import Conflict
from server.kit.events import Event
from server.kit.jobs import DEAD, DUE, Leased
from server.outbox import Outbox
from server.residents import Resident

URGENT, BULK, URGENT_BULK = "urgent", "bulk", "urgent_bulk"
"""The lanes beside the usual one: what is urgent stands behind nothing that is not, and what goes to thousands at once
never before a message to one person."""
BULKS = (URGENT_BULK, BULK)
"""In the order in which they are worked off."""


class LeaseLost(Conflict):
    """这条消息已由另一个进程接手"""


class Template(Struct, frozen=True):
    """A subscription template, declared beside the noun that uses it; `keys` maps its parameters to payload names.

    `moment` names the tap at which the client asks for it; `topic` is what a resident can have told otherwise, and
    `importance` how far it is taken to reach them. Its id at the platform is configuration.
    """

    name: str
    title: str
    moment: str
    keys: Mapping[str, str]
    topic: Topic
    importance: Importance = "normal"

    def template_id(self, settings: Settings) -> str:
        return settings.push.templates.get(self.name, f"tmpl-{self.name.replace('_', '-')}")


class Notice(Struct, frozen=True, kw_only=True):
    """What to say: `text` for the inbox, `payload` by the names that the template's keys map to. `importance` is the
    template's own unless this one is another."""

    text: str
    payload: dict[str, str]
    page: str
    case_no: str | None = None
    importance: Importance | None = None


class Receipt(Struct, kw_only=True):
    """One attempt to reach somebody by one channel and what came of it, in a word."""

    channel: Channel
    at: datetime
    outcome: str
    error: str = ""


class Message(Leased, kw_only=True):
    """A message in a resident's inbox and its way to WeChat. `paid`: a credit has been taken for it; `msgid`
    is WeChat's number of it. `held`: why it waits, in a word. What belongs to a `broadcast_id` is in one of the BULKS.

    `asked_at`: WeChat was asked to send it then and has not refused. Of a message that is still queued nobody knows what
    came of it: the answer was lost, or whoever asked has died. `receipts` are the last attempts."""

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
    asked_at: datetime | None = None
    msgid: str | None = None
    topic: Topic | None = None
    importance: Importance = "normal"
    lane: str | None = None
    broadcast_id: str | None = None
    held: str = ""
    receipts: list[Receipt] = []

    @property
    def bulk(self) -> bool:
        """Whether it goes to thousands at once."""
        return self.lane in BULKS


MESSAGES: Collection[Message] = Collection(
    "messages",
    Message,
    Index(("resident_id", "-at", "-_id")),
    Index(("resident_id", "read_at")),
    Index(("msgid",), only={"msgid": TEXT}),
    Index(("openid", "template", "asked_at"), only={"asked_at": MOMENT}),
    Index(("lane", "due_at"), only={"due_at": MOMENT}),
    Index(("broadcast_id", "delivery"), only={"broadcast_id": TEXT}),
    Index(("-at", "-_id", "template", "delivery", "error", "read_at")),
    DUE,
    DEAD,
)
OUTBOX = Outbox(
    name="messages",
    title="给居民的订阅消息",
    collection=MESSAGES,
    again={"delivery": "queued", "held": ""},
    drop={"delivery": "none", "held": ""},
    words=errcodes.WECHAT,
    lanes={URGENT: "给居民的紧急消息", BULK: "群发给居民的消息", URGENT_BULK: "群发给居民的紧急消息"},
    history=True,
)


async def send(tx: Tx, event: Event, resident: Resident, template: Template, notice: Notice) -> None:
    """Put a message into the resident's inbox and on its way; a repeat changes nothing, and who has closed the
    account is left in peace."""
    if resident.deleted_at is not None:
        return
    message = made(f"{event.id}.{resident.id}.{template.name}", event.at, resident, template, notice)
    message.request_id = event.request_id
    if await tx.get(MESSAGES, message.id) is None:
        await tx.insert(MESSAGES, message)


def made(message_id: str, at: datetime, resident: Resident, template: Template, notice: Notice) -> Message:
    """The row of a message, due at once."""
    importance = notice.importance or template.importance
    return Message(
        id=message_id,
        resident_id=resident.id,
        openid=resident.openid,
        template=template.name,
        title=template.title,
        text=notice.text,
        payload=notice.payload,
        page=notice.page,
        case_no=notice.case_no,
        at=at,
        due_at=at,
        topic=template.topic,
        importance=importance,
        lane=URGENT if importance == "urgent" else None,
    )


def templates() -> dict[str, Template]:
    """By name."""
    return {one.name: one for one in nouns.found(Template)}
