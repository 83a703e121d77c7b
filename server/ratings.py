"""Ratings 好差评: five levels, once for each case, by the resident whom it was for."""

import functools
from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct

from schemas.ratings import DimensionView, LevelView, NewRating, RatingSheet, RatingView
from server import nouns, proxies, scores
from server.cases import CASES, Case, parts
from server.cases.kinds import kind_of
from server.cases.notices import KEYS, Word, tell
from server.config import Settings
from server.kit.db import Collection, Duplicate, Index, Reader, Stored, Tx
from server.kit.errors import Conflict, Invalid
from server.kit.events import Event
from server.push import Template
from server.sessions import Actor


class NotRated(Conflict):
    """这类办件不用评价"""


class TooEarlyToRate(Conflict):
    """服务完成后才能评价"""


class TooLateToRate(Conflict):
    """评价的时间已过，如有问题请拨打街道服务热线"""


class AlreadyRated(Conflict):
    """这次服务已经评价过了"""


class UnknownDimension(Invalid):
    """没有这一项评价"""


class UnknownTag(Invalid):
    """请从给出的词语里选择"""


LEVELS = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}

ASKED = Template("rating_asked", "服务评价提醒", "finish", KEYS, topic="visits", importance="low")


class Respects(Struct, frozen=True):
    """In which respects something is rated, and with which words."""

    names: Mapping[str, str]
    tags: tuple[str, ...] = ()


class Dimensions(Struct, frozen=True):
    """What a noun declares to have its cases rated: in which states, in which respects, with which words.

    `by_staff` are the respects of a case that somebody of the staff took in, where they are others than of one that the
    resident sent from the mini-program. `put_right`: a low rating is seen to by server/redress.py, not by a call alone.
    """

    kind: str
    rated_in: frozenset[str]
    names: Mapping[str, str]
    tags: tuple[str, ...] = ()
    by_staff: Respects | None = None
    put_right: bool = False

    def of(self, case: Case) -> Respects:
        if self.by_staff is not None and case.channel != "mini_program":
            return self.by_staff
        return Respects(self.names, self.tags)


class Rating(Stored, kw_only=True):
    """`id` is the number of the rated case: there is one for each. `by` is the resident or who has their proxy."""

    kind: str
    title: str
    resident_id: str | None
    by: str
    provider_id: str | None
    worker_id: str | None
    stars: int
    dimensions: dict[str, int]
    tags: list[str]
    text: str
    at: datetime


RATINGS: Collection[Rating] = Collection("ratings", Rating, Index(("provider_id", "-at", "-_id")))


@functools.cache
def dimensions() -> dict[str, Dimensions]:
    """By the name of the kind."""
    return {one.kind: one for one in nouns.found(Dimensions)}


async def give(tx: Tx, case: Case, new: NewRating, actor: Actor, rules: Settings) -> Rating:
    """Rate a case that is one's own, or of whom one acts for.

    Raises ProxyEnded, NotRated, TooEarlyToRate, TooLateToRate, AlreadyRated, UnknownDimension, UnknownTag.
    """
    if "proxy" in parts(actor, case):
        await proxies.confirm(tx, actor, case.resident_id or "", kind_of(case).proxy_scope or "")
    _check(new, _rateable(case, tx.now, rules).of(case))
    if await tx.get(RATINGS, case.id) is not None:
        raise AlreadyRated
    rating = Rating(
        id=case.id,
        kind=case.kind,
        title=case.title,
        resident_id=case.resident_id,
        by=actor.key,
        provider_id=case.provider_id,
        worker_id=case.worker_id,
        stars=new.stars,
        dimensions=new.dimensions,
        tags=list(dict.fromkeys(new.tags)),
        text=new.text,
        at=tx.now,
    )
    try:
        await tx.insert(RATINGS, rating)
    except Duplicate as error:
        raise AlreadyRated from error
    await _count(tx, rating)
    return rating


def is_low(rating: Rating, rules: Settings) -> bool:
    """So low that somebody has to call."""
    return rating.stars <= rules.ratings.low_stars


async def sheet(reader: Reader, case: Case, actor: Actor, rules: Settings) -> RatingSheet:
    """The rating, or what is needed to give one. Raises NotRated."""
    declared = _declared(case)
    respects, given = declared.of(case), await reader.get(RATINGS, case.id)
    return RatingSheet(
        rating=view(given) if given else None,
        can_rate=given is None and "resident" in parts(actor, case) and _is_rateable(case, reader.now, rules),
        until=_until(case, rules) if case.state in declared.rated_in else None,
        levels=[LevelView(stars=stars, text=text) for stars, text in LEVELS.items()],
        dimensions=[DimensionView(name=name, text=text) for name, text in respects.names.items()],
        tags=list(respects.tags),
    )


def view(rating: Rating) -> RatingView:
    return RatingView(
        case_no=rating.id,
        stars=rating.stars,
        level=LEVELS[rating.stars],
        dimensions=rating.dimensions,
        tags=rating.tags,
        text=rating.text,
        at=rating.at,
    )


async def ask(tx: Tx, event: Event) -> None:
    """Ask for a rating of the case that an event is about, unless it is there already."""
    case = await tx.get(CASES, event.subject)
    if case is None or await tx.get(RATINGS, case.id) is not None:
        return
    text = f"“{case.title}”已完成，您满意吗？点开给个评价，您的意见我们都会看"
    await tell(tx, event, case, ASKED, Word("待评价", "点开给这次服务打个分"), text)


def _declared(case: Case) -> Dimensions:
    declared = dimensions().get(case.kind)
    if declared is None:
        raise NotRated
    return declared


def _rateable(case: Case, now: datetime, rules: Settings) -> Dimensions:
    declared = _declared(case)
    if case.state not in declared.rated_in:
        raise TooEarlyToRate
    until = _until(case, rules)
    if until is not None and now > until:
        raise TooLateToRate
    return declared


def _is_rateable(case: Case, now: datetime, rules: Settings) -> bool:
    try:
        _rateable(case, now, rules)
    except Conflict:
        return False
    return True


def _until(case: Case, rules: Settings) -> datetime | None:
    """A case that is over does not move again: its last change is when it was completed."""
    over = kind_of(case).flow.states[case.state].final
    return case.updated_at + timedelta(days=rules.ratings.days) if over else None


def _check(new: NewRating, respects: Respects) -> None:
    for name in new.dimensions:
        if name not in respects.names:
            raise UnknownDimension(field=f"dimensions.{name}")
    for tag in new.tags:
        if tag not in respects.tags:
            raise UnknownTag(field="tags")


async def _count(tx: Tx, rating: Rating) -> None:
    if rating.provider_id:
        await scores.add(tx, scores.provider_key(rating.provider_id), rating.stars)
    if rating.worker_id:
        await scores.add(tx, scores.worker_key(rating.worker_id), rating.stars)
