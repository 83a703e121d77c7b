"""Takes messages to WeChat, which shows them while the resident's credits last."""

from datetime import UTC, datetime, time, timedelta
from typing import Any, Protocol

import structlog

from server import credits
from server.config import Settings
from server.kit.clock import SHANGHAI
from server.kit.db import Database, Lanes, Tx
from server.kit.platform import Action, PlatformRefusal
from server.push.digests import collect
from server.push.stored import MESSAGES, LeaseLost, Message, templates
from server.push.timing import Later, Never, decide
from server.residents import RESIDENTS

log = structlog.get_logger()


class Sends(Protocol):
    """What push needs of the gateway to WeChat."""

    async def send_subscribe(
        self, openid: str, template_id: str, data: dict[str, str], page: str, *, state: str = ...
    ) -> str: ...


class Courier:
    """Takes messages to WeChat, outside any transaction, one at a time for each recipient."""

    def __init__(self, db: Database, wechat: Sends, settings: Settings) -> None:
        self._db = db
        self._wechat = wechat
        self._settings = settings
        self._templates = templates()
        self._turns = Lanes()

    async def deliver(self, message: Message) -> dict[str, Any] | None:
        """What to set on the row. An exception is an attempt that failed and may be repeated, with the credit that
        was taken at the first."""
        resident = await self._db.reading(lambda reader: reader.get(RESIDENTS, message.resident_id))
        match decide(message, resident, self._db.now(), self._settings):
            case Later(at, why):
                return {"due_at": at, "attempts": 0, "held": why}
            case Never("digest"):
                return await self._db.atomically(lambda tx: collect(tx, message, self._settings.push))
            case Never(delivery):
                return {"due_at": None, "delivery": delivery}
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
