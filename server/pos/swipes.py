"""Swipes: each is posted once, whichever way it comes and how often, and its reversal takes back what it gave.

A swipe is named by terminal, day, batch and trace. It is posted when its card belongs to somebody; until then it waits,
and whoever binds the card gets what was earned with it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal

from msgspec.structs import replace

from schemas.pos import NewSwipe, SwipeView
from server import ledger, point_cards
from server.config import Settings
from server.kit.clock import today
from server.kit.db import NUMBER, Collection, Duplicate, Index, Reader, Stored, Tx
from server.kit.errors import Conflict
from server.points import Earning, capped, earned, yuan

State = Literal["posted", "waiting"]


class SwipeDiffers(Conflict):
    """这一笔已经收到过，内容不一样，请核对批次号和流水号"""


class ReversesNothing(Conflict):
    """没有找到要冲正的那一笔"""


class SwipeReversedTooMuch(Conflict):
    """冲正的金额超过了原来的那一笔"""


class SwipedTooFast(Conflict):
    """这一笔正在入账，请再发一次"""


class Swipe(Stored, kw_only=True):
    """`id` is `terminal/day/batch/trace`. A reversal has a negative amount and points, and names what it `reverses`;
    `reversed_fen` and `given_back_fen` are how much of a purchase, and of its points, was taken back so far.
    `unearned_fen` was taken back before it earned anything. `waiting` is the purchase's turn among those of a card that
    nobody has bound. `campaign` is the one that counted, and `extra_fen` what it gave, or what of that was taken back."""

    card: str
    resident_id: str | None
    terminal: str
    category: str
    amount_fen: int
    points_fen: int
    at: datetime
    state: State
    rates: int = 0
    text: str = ""
    source: str
    received_at: datetime
    reverses: str | None = None
    reversed_fen: int = 0
    given_back_fen: int = 0
    unearned_fen: int = 0
    campaign: str = ""
    extra_fen: int = 0
    waiting: float | None = None


class EarnedDay(Stored, kw_only=True):
    """`id` is `resident|day`: what somebody has earned that day, for the cap."""

    points_fen: int = 0


SWIPES: Collection[Swipe] = Collection(
    "swipes",
    Swipe,
    Index(("resident_id", "-at", "-_id")),
    Index(("card", "waiting"), only={"waiting": NUMBER}),
    Index(("campaign",), only={"campaign": {"$gt": ""}}),
)
EARNED_DAYS: Collection[EarnedDay] = Collection("earned_days", EarnedDay)


def key_of(terminal: str, new: NewSwipe, trace: str = "") -> str:
    """Leading zeros do not count: a file and a terminal may differ in them."""
    return f"{terminal}/{today(new.at):%Y%m%d}/{int(new.batch)}/{int(trace or new.trace)}"


async def receive(tx: Tx, terminal: str, new: NewSwipe, source: str, rules: Settings) -> SwipeView:
    """A purchase or a reversal, once. Raises SwipeDiffers, UnknownCategory, ReversesNothing, SwipeReversedTooMuch."""
    key = key_of(terminal, new)
    known = await tx.get(SWIPES, key)
    if known is not None:
        return _again(known, new)
    plain = Swipe(
        id=key,
        card=new.card,
        resident_id=await point_cards.holder_of(tx, new.card),
        terminal=terminal,
        category=new.category,
        amount_fen=new.amount_fen,
        points_fen=0,
        at=new.at,
        state="posted",
        source=source,
        received_at=tx.now,
    )
    if new.reverses is not None:
        made = await _reversal(tx, replace(plain, reverses=key_of(terminal, new, new.reverses)))
    else:
        made = await _purchase(tx, plain, rules)
    try:
        await tx.insert(SWIPES, made)
    except Duplicate as error:
        raise SwipedTooFast from error
    return view(made, again=False)


def _again(known: Swipe, new: NewSwipe) -> SwipeView:
    """Raises SwipeDiffers."""
    same = (known.card, known.category, abs(known.amount_fen), known.reverses is not None)
    if same != (new.card, new.category, new.amount_fen, new.reverses is not None):
        raise SwipeDiffers
    return view(known, again=True)


async def _purchase(tx: Tx, swipe: Swipe, rules: Settings) -> Swipe:
    earning = earned(tx, swipe.category, swipe.amount_fen, today(swipe.at))
    if swipe.resident_id is None:
        return replace(swipe, state="waiting", text="等绑卡后入账", waiting=swipe.at.timestamp())
    return await _post(tx, swipe, swipe.resident_id, earning, rules)


async def _post(tx: Tx, swipe: Swipe, resident_id: str, earning: Earning, rules: Settings) -> Swipe:
    points, text = await _under_the_cap(tx, resident_id, today(swipe.at), earning)
    posted = replace(
        swipe,
        resident_id=resident_id,
        state="posted",
        waiting=None,
        points_fen=points,
        rates=earning.version,
        text=text,
        campaign=earning.campaign,
        extra_fen=points
        - (earning.usual_fen if points == earning.points_fen else min(earning.usual_fen, points)),
    )
    if points:
        why = {"text": text, "rates": str(earning.version), "swipe": swipe.id}
        own, name = rules.points, f"swipe/{swipe.id}"
        at, days, back = swipe.at, own.expire_days, own.back_days
        await ledger.earn(tx, name, resident_id, points, at, days, "pos", why, back)
    return posted


async def _under_the_cap(tx: Tx, resident_id: str, day: date, earning: Earning) -> tuple[int, str]:
    """Counts towards the cap of the day, where there is one."""
    if not earning.daily_cap_fen or not earning.points_fen:
        return earning.points_fen, earning.text
    tally_id = f"{resident_id}|{day.isoformat()}"
    tally = await tx.get(EARNED_DAYS, tally_id) or EarnedDay(id=tally_id)
    points, text = capped(earning, tally.points_fen)
    await tx.put(EARNED_DAYS, replace(tally, points_fen=tally.points_fen + points))
    return points, text


async def _reversal(tx: Tx, reversal: Swipe) -> Swipe:
    """Takes back the share of the points that the share of the amount had earned: what is there to spend first, the rest
    is owed. Raises ReversesNothing, SwipeReversedTooMuch."""
    original = await tx.get(SWIPES, reversal.reverses or "")
    if original is None or original.reverses is not None or original.card != reversal.card:
        raise ReversesNothing(field="reverses")
    reversed_fen = original.reversed_fen + reversal.amount_fen
    if reversed_fen > original.amount_fen:
        raise SwipeReversedTooMuch(field="amount_fen")
    given_back = _share(original, reversed_fen)
    points = given_back - original.given_back_fen
    await tx.put(SWIPES, replace(original, reversed_fen=reversed_fen, given_back_fen=given_back))
    text = f"退货 {yuan(reversal.amount_fen)} 元，收回 {yuan(points)} 分"
    if points and original.resident_id is not None:
        why = {"text": text, "swipe": original.id}
        of, name = f"swipe/{original.id}", f"swipe/{reversal.id}"
        await ledger.claw_back(tx, name, original.resident_id, points, of, "pos", why)
    return replace(
        reversal,
        resident_id=original.resident_id,
        amount_fen=-reversal.amount_fen,
        points_fen=-points,
        rates=original.rates,
        text=text,
        campaign=original.campaign,
        extra_fen=_extra(original, original.given_back_fen) - _extra(original, given_back),
    )


def _share(original: Swipe, reversed_fen: int) -> int:
    """How many of its points go with so much of its amount."""
    earning = original.amount_fen - original.unearned_fen
    return original.points_fen * (reversed_fen - original.unearned_fen) // earning if earning else 0


def _extra(original: Swipe, given_back_fen: int) -> int:
    """How much of what its campaign gave goes with so many of its points."""
    return original.extra_fen * given_back_fen // original.points_fen if original.points_fen else 0


async def campaign_costs(reader: Reader, keys: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Of each campaign the purchases that it counted for, and the points it gave beyond the usual, in fen; less what
    returned purchases gave back."""
    counted = {"$sum": {"$cond": [{"$gt": ["$amount_fen", 0]}, 1, 0]}}
    pipeline: list[dict[str, Any]] = [
        {"$match": {"campaign": {"$gt": "", "$in": list(keys)}}},
        {"$group": {"_id": "$campaign", "purchases": counted, "fen": {"$sum": "$extra_fen"}}},
    ]
    rows = await reader.groups(SWIPES, pipeline)
    return {row["_id"]: (int(row["purchases"]), int(row["fen"])) for row in rows}


async def lanes(reader: Reader, terminal: str, new: NewSwipe) -> list[str]:
    """Who it is for waits for who else it is for, in this process."""
    whose = await point_cards.holder_of(reader, new.card) or new.card
    return ledger.lanes(whose, f"swipe/{key_of(terminal, new)}")


async def post_waiting(tx: Tx, number: str, resident_id: str, limit: int, rules: Settings) -> int:
    """Post what was bought with a card before somebody bound it, by the rates of its day; how many that were."""
    waiting = await tx.all(SWIPES, {"card": number, "waiting": NUMBER}, limit=limit, sort="waiting")
    for swipe in waiting:
        left = swipe.amount_fen - swipe.reversed_fen
        earning = earned(tx, swipe.category, left, today(swipe.at))
        kept = replace(swipe, unearned_fen=swipe.reversed_fen)
        await tx.put(SWIPES, await _post(tx, kept, resident_id, earning, rules))
    return len(waiting)


async def last_days(reader: Reader, terminals: Sequence[str]) -> dict[str, datetime]:
    """A purchase of the last day of each terminal, all in one trip: its id begins with terminal and day."""
    if not terminals:
        return {}
    first, *others = (_latest(one) for one in terminals)
    pipeline = first + [{"$unionWith": {"coll": SWIPES.name, "pipeline": one}} for one in others]
    return {row["terminal"]: row["at"] for row in await reader.groups(SWIPES, pipeline)}


def _latest(terminal: str) -> list[dict[str, Any]]:
    begins = {"_id": {"$gte": f"{terminal}/", "$lt": f"{terminal}0"}}
    shown = {"_id": 0, "terminal": 1, "at": 1}
    return [{"$match": begins}, {"$sort": {"_id": -1}}, {"$limit": 1}, {"$project": shown}]


def view(swipe: Swipe, *, again: bool) -> SwipeView:
    return SwipeView(
        key=swipe.id, state=swipe.state, points_fen=swipe.points_fen, text=swipe.text, again=again
    )
