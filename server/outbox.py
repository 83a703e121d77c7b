"""The outbox 发件箱: what waits to be told to WeChat and WeCom, what was given up, and what is done about it.

A noun that sends something declares an Outbox beside its collection, which has the indexes DUE and DEAD. Nothing here
says to whom or what: a title only.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from schemas.outbox import AgainView, FindLetters, LettersView, LetterView, OutboxView, QueueView
from server import audit
from server.kit.db import Collection, Reader, Tx
from server.kit.errors import Conflict, Invalid, NotFound
from server.outbox_words import letter
from server.sessions import Actor

COUNTED = 1_000
AT_ONCE = 500
LOOKED_AHEAD = 2_000
"""Of what waits, a choice is made among so many that come next."""
BACK = timedelta(days=7)


class Outbox(Struct, frozen=True, kw_only=True):
    """`again` is what is set on a row that was given up, so that it is tried as if it were new; `drop` on one that is not
    to be sent any more, where that can be. `words` are the error numbers of whom it goes to.

    `lanes` are those beside the main one, by name, with their titles; the rows then have a `lane`, and an index of it and
    `due_at`. With a `history` the rows have `at`, `template` and `delivery`, and an index of `-at` and `-_id` with these.
    """

    name: str
    title: str
    collection: Collection[Any]
    again: Mapping[str, Any]
    drop: Mapping[str, Any] | None = None
    words: Mapping[int, str] = {}
    lanes: Mapping[str, str] = {}
    history: bool = False


class OutboxNotFound(NotFound):
    """没有这个发件箱"""


class LetterNotFound(NotFound):
    """没有这条消息"""


class LetterNotDead(Conflict):
    """这条消息没有停发，不用重发"""


class LetterEnded(Conflict):
    """这条消息已经有了结果，不用再停"""


class LetterStays(Conflict):
    """这一类不能停，只能重发"""


class NoHistory(Invalid):
    """这个发件箱只留着等着发的和停发的"""


Outboxes = Iterable[Outbox]


def one(outboxes: Outboxes, name: str) -> Outbox:
    """Raises OutboxNotFound."""
    for outbox in outboxes:
        if outbox.name == name:
            return outbox
    raise OutboxNotFound


async def looked_over(reader: Reader, outboxes: Outboxes) -> OutboxView:
    """Each queue in figures, and each of its lanes."""
    queues = []
    for outbox in outboxes:
        queues.append(await _queue(reader, outbox, None, outbox.title))
        queues += [await _queue(reader, outbox, lane, title) for lane, title in outbox.lanes.items()]
    return OutboxView(queues=queues)


async def _queue(reader: Reader, outbox: Outbox, lane: str | None, title: str) -> QueueView:
    mine = {"lane": lane} if outbox.lanes else {}
    due = {**mine, "due_at": {"$lte": reader.now}}
    oldest = await _soonest(reader, outbox, due, {}, 1)
    return QueueView(
        name=outbox.name,
        lane=lane,
        title=title,
        waiting=await reader.count(outbox.collection, due, limit=COUNTED),
        dead=await reader.count(outbox.collection, {**_dead(reader), **mine}, limit=COUNTED),
        waiting_s=max(0, int((reader.now - oldest[0].due_at).total_seconds())) if oldest else 0,
    )


async def _soonest(
    reader: Reader, outbox: Outbox, where: Mapping[str, Any], wanted: Mapping[str, Any], limit: int
) -> list[Any]:
    """By `due_at` alone, as the index has them; those that are `wanted` among the first."""
    steps: list[Mapping[str, Any]] = [{"$match": where}, {"$sort": {"due_at": 1}}]
    if wanted:
        steps += [{"$limit": LOOKED_AHEAD}, {"$match": wanted}]
    steps.append({"$limit": limit})
    return [outbox.collection.load(row) for row in await reader.groups(outbox.collection, steps)]


async def listed(reader: Reader, outbox: Outbox, wanted: FindLetters) -> LettersView:
    """What was given up, or all of the last days, by page; of what waits only what comes next. Raises BadCursor,
    NoHistory."""
    if wanted.stage == "waiting":
        waits = _in_lane(outbox, wanted) | {"due_at": {"$lt": datetime.max.replace(tzinfo=reader.now.tzinfo)}}
        rows = await _soonest(reader, outbox, waits, _narrowed(wanted, "held"), wanted.limit)
        return LettersView(items=[_letter(row, outbox, reader) for row in rows])
    where, sort = (
        history(reader, outbox, wanted) if wanted.stage == "all" else _given_up(reader, outbox, wanted)
    )
    page = await reader.page(outbox.collection, where, sort=sort, cursor=wanted.cursor, limit=wanted.limit)
    return LettersView(items=[_letter(row, outbox, reader) for row in page.items], next=page.next)


def history(reader: Reader, outbox: Outbox, wanted: FindLetters) -> tuple[dict[str, Any], str]:
    """The filter of the last days, and how it is sorted. Raises NoHistory."""
    if not outbox.history:
        raise NoHistory(field="stage")
    lane = {"lane": wanted.lane} if wanted.lane else {}
    return {"at": {"$gte": reader.now - BACK}, **_narrowed(wanted, "delivery"), **lane}, "-at"


def _given_up(reader: Reader, outbox: Outbox, wanted: FindLetters) -> tuple[dict[str, Any], str]:
    lane = {"lane": wanted.lane} if wanted.lane and outbox.lanes else {}
    return {**_dead(reader), **_narrowed(wanted, "delivery"), **lane}, "-dead_at"


def _in_lane(outbox: Outbox, wanted: FindLetters) -> dict[str, Any]:
    return {"lane": wanted.lane or None} if outbox.lanes else {}


def _narrowed(wanted: FindLetters, state: str) -> dict[str, Any]:
    where: dict[str, Any] = {}
    if wanted.template:
        where["template"] = wanted.template
    if wanted.state:
        where[state] = wanted.state
    if wanted.errcode:
        where["error"] = {"$regex": rf"^{wanted.errcode}\b|refused with {wanted.errcode}\b"}
    return where


def _letter(row: Any, outbox: Outbox, reader: Reader) -> LetterView:
    return letter(row, outbox.words, reader.now, droppable=outbox.drop is not None)


async def again(tx: Tx, outbox: Outbox, letter_id: str) -> AgainView:
    """Try one again that was given up. Raises LetterNotFound, LetterNotDead."""
    if not await tx.change(outbox.collection, {"_id": letter_id, **_dead(tx)}, _fresh(tx, outbox)):
        if await tx.get(outbox.collection, letter_id) is None:
            raise LetterNotFound
        raise LetterNotDead
    return AgainView(count=1, left=False)


async def all_again(tx: Tx, outbox: Outbox) -> AgainView:
    """Try all again that were given up, the newest 500 of them at once."""
    page = await tx.page(outbox.collection, _dead(tx), sort="-dead_at", cursor=None, limit=AT_ONCE)
    ids = {"_id": {"$in": [row.id for row in page.items]}}
    count = await tx.change_all(outbox.collection, {**ids, **_dead(tx)}, _fresh(tx, outbox))
    return AgainView(count=count, left=page.next is not None)


async def drop(tx: Tx, outbox: Outbox, letter_id: str, reason: str, actor: Actor) -> LetterView:
    """This one is not sent any more, whether it waits or was given up; what is being sent just now may still arrive.
    Raises LetterNotFound, LetterEnded, LetterStays."""
    if outbox.drop is None:
        raise LetterStays
    row = await tx.get(outbox.collection, letter_id)
    if row is None:
        raise LetterNotFound
    if row.due_at is None and row.dead_at is None:
        raise LetterEnded
    ended = {"$set": {"due_at": None, "dead_at": None, **outbox.drop}, "$inc": {"fence": 1}}
    dropped = await tx.take(outbox.collection, {"_id": letter_id}, ended)
    about = (outbox.name, getattr(row, "case_no", None), letter_id)
    audit.note(tx, actor, "console", "outbox.drop", *about, reason=reason)
    return _letter(dropped, outbox, tx)


def _dead(reader: Reader) -> Mapping[str, Any]:
    return {"dead_at": {"$lte": reader.now}}


def _fresh(tx: Tx, outbox: Outbox) -> Mapping[str, Any]:
    """As if it were new; whoever still works on it can no longer finish it."""
    new = {"due_at": tx.now, "dead_at": None, "attempts": 0, "error": "", **outbox.again}
    return {"$set": new, "$inc": {"fence": 1}}
