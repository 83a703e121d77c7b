"""What is not worth a message of its own is told once a day, all of it in one.

A row for each resident and day collects the messages, each in the transaction that settles it, and is worked off when
the day's hour has come: what has been read by then is not told, and who has read all of it hears nothing.
"""

from datetime import datetime, time, timedelta

from server.config import Push
from server.keeping import Keeping, by_resident
from server.kit.clock import SHANGHAI, today
from server.kit.db import Collection, Index, Tx
from server.kit.jobs import DUE, Leased, Premises, QueueOf, Settled
from server.push.stored import MESSAGES, LeaseLost, Message, Notice, Template, made
from server.push.timing import spread
from server.residents import RESIDENTS

PAGE = "pages/inbox/index"
DIGEST = Template(
    "digest",
    "消息汇总提醒",
    "digest",
    {"thing1": "what", "number2": "count", "thing3": "tip"},
    topic="account",
)
_LONGEST = 20
_KEPT = timedelta(days=30)


class Digest(Leased, kw_only=True):
    """`id` is `resident|day`; `message_ids` are what it is to tell, `told` how many of them nobody had read by then."""

    resident_id: str
    message_ids: list[str] = []
    told: int | None = None
    expires_at: datetime


DIGESTS: Collection[Digest] = Collection(
    "digests", Digest, Index(("resident_id",)), Index(("expires_at",), expire_after_s=0), DUE
)
KEPT = Keeping(title="每天的消息汇总", collection=DIGESTS, find=by_resident)


async def collect(tx: Tx, message: Message, rules: Push) -> None:
    """Settle the message as one of the next digest. Raises LeaseLost when another worker has it by now."""
    settled = {"due_at": None, "delivery": "digest", "held": ""}
    if not await tx.change(MESSAGES, {"_id": message.id, "fence": message.fence}, {"$set": settled}):
        raise LeaseLost
    moment = _next(tx.now, rules)
    digest = await tx.get(DIGESTS, _id(message.resident_id, moment))
    if digest is not None and digest.due_at is None:
        moment += timedelta(days=1)
        digest = await tx.get(DIGESTS, _id(message.resident_id, moment))
    if digest is None:
        due = moment + spread(message.resident_id, rules)
        digest = Digest(
            id=_id(message.resident_id, moment),
            resident_id=message.resident_id,
            due_at=due,
            expires_at=due + _KEPT,
        )
        await tx.insert(DIGESTS, digest)
    await tx.change(DIGESTS, {"_id": digest.id}, {"$addToSet": {"message_ids": message.id}})


def _id(resident_id: str, moment: datetime) -> str:
    return f"{resident_id}|{today(moment)}"


def _next(now: datetime, rules: Push) -> datetime:
    """When the next digest goes: today, or tomorrow where its hour is over."""
    moment = datetime.combine(today(now), time.fromisoformat(rules.digest_at), SHANGHAI)
    return (moment if now < moment else moment + timedelta(days=1)).astimezone(now.tzinfo)


async def tell(premises: Premises, digest: Digest) -> Settled:
    """One message of all that is unread; it and the end of the row are one transaction."""
    await premises.db.atomically(lambda tx: _tell(tx, digest))
    return None


QUEUE = QueueOf("digests", DIGESTS, tell)


async def _tell(tx: Tx, digest: Digest) -> None:
    """Raises LeaseLost when another worker has the row by now."""
    where = {"_id": {"$in": digest.message_ids}, "read_at": None, "delivery": "digest"}
    unread = await tx.all(MESSAGES, where, limit=len(digest.message_ids) or 1, sort="-at")
    done = {"due_at": None, "told": len(unread)}
    if not await tx.change(DIGESTS, {"_id": digest.id, "fence": digest.fence}, {"$set": done}):
        raise LeaseLost
    resident = await tx.get(RESIDENTS, digest.resident_id)
    if unread and resident is not None and resident.deleted_at is None:
        message = made(f"{digest.id}.digest", tx.now, resident, DIGEST, _notice(unread))
        message.topic = None  # no wish about a topic holds for it: it is what they wished for
        await tx.insert(MESSAGES, message)


def _notice(unread: list[Message]) -> Notice:
    """Which kinds of messages there are, newest first, as far as they fit."""
    titles = list(dict.fromkeys(one.title for one in unread))
    first = titles[0] if len(titles) == 1 else f"{titles[0]}等"
    return Notice(
        text=f"您有 {len(unread)} 条消息还没看：{'、'.join(titles)}。不着急，有空时看看。",
        payload={"what": first[:_LONGEST], "count": str(len(unread)), "tip": "不着急，有空时看看"},
        page=PAGE,
    )
