"""What WeChat says of a message after it has taken it, and whether it says anything at all.

Its word comes by itself, names the person, the template and a number that the answer to the send need not have told,
and may be here before we have written down that we have asked.
"""

from datetime import datetime, timedelta

from server.kit.db import Collection, Reader, Stored, Tx
from server.push import receipts
from server.push.stored import MESSAGES, Message

SENT = "subscribe_msg_sent_event"
_EVERY = timedelta(seconds=10)
"""So often it is written down that WeChat speaks, however much it says, or oftener where it is waited for less long."""
_EARLY = timedelta(seconds=2)
"""Its time has whole seconds, and its clock is not ours."""
_LATE = timedelta(days=1)


class Heard(Stored, kw_only=True):
    """When an event of this kind was heard last, to a few seconds."""

    at: datetime


HEARD: Collection[Heard] = Collection("heard_events", Heard, whole=True)


async def note(tx: Tx, waited: timedelta, message: Message | None) -> None:
    """WeChat has told of this message; its word is `waited` for so long. Where nobody has written down yet what came of
    it, that WeChat speaks is known from the moment it was asked: whoever asked may be dead, with others in hand."""
    before = tx.now - min(_EVERY, waited / 4)
    if message is not None and message.delivery == "queued" and message.asked_at is not None:
        before = max(before, message.asked_at)
    known = tx.recall(HEARD, SENT)
    if known is None:
        await tx.take(HEARD, {"_id": SENT}, {"$max": {"at": tx.now}}, upsert=True)
    elif known.at <= before:
        await tx.change(HEARD, {"_id": SENT, "at": {"$lte": before}}, {"$set": {"at": tx.now}})


def since(reader: Reader, moment: datetime) -> bool:
    """Whether WeChat has told of any message after this."""
    known = reader.recall(HEARD, SENT)
    return known is not None and known.at > moment


async def meant(tx: Tx, openid: str, template: str, msgid: str, at: datetime) -> Message | None:
    """The message of which WeChat speaks: by its number, else the last one that was asked for before WeChat spoke and
    has no number yet."""
    same = {"openid": openid, "template": template}
    numbered = await tx.first(MESSAGES, {"msgid": msgid, **same})
    if numbered is not None:
        return numbered
    where = {**same, "asked_at": {"$gte": at - _LATE, "$lte": at + _EARLY}, "msgid": None}
    found = await tx.all(MESSAGES, where, limit=1, sort="-asked_at")
    return found[0] if found else None


async def confirm(tx: Tx, message: Message, msgid: str) -> None:
    """WeChat has shown it, whatever is written here; whoever still works on it has nothing left to do."""
    if message.delivery == "sent":
        if message.msgid != msgid:
            await tx.change(MESSAGES, {"_id": message.id}, {"$set": {"msgid": msgid}})
        return
    shown: dict[str, object] = {
        "delivery": "sent",
        "due_at": None,
        "dead_at": None,
        "held": "",
        "error": "",
        "msgid": msgid,
    }
    await tx.change(MESSAGES, {"_id": message.id}, _settling(tx, shown, "sent", ""))


async def deny(tx: Tx, message: Message, msgid: str, error: str) -> bool:
    """WeChat had taken it and could not show it; False where that is known."""
    failed: dict[str, object] = {
        "delivery": "refused",
        "due_at": None,
        "held": "",
        "error": error,
        "msgid": msgid,
    }
    where = {"_id": message.id, "delivery": {"$ne": "refused"}}
    return await tx.change(MESSAGES, where, _settling(tx, failed, "refused", error))


def _settling(tx: Tx, fields: dict[str, object], word: str, error: str) -> dict[str, object]:
    return {"$set": fields, "$inc": {"fence": 1}, **receipts.added(tx.now, "subscription", word, error)}
