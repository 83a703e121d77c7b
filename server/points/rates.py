"""Rates of accrual by version: written by one, approved by another, in force from a midnight on, never changed after."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from schemas.points import NewRates, RatesListView, RateState, RatesView
from server import audit, staff
from server.kit.clock import today
from server.kit.db import Collection, Duplicate, Index, Reader, Stored, Tx
from server.kit.errors import Conflict, Forbidden, Invalid, NotFound
from server.sessions import Actor

STATES: dict[RateState, str] = {"draft": "待审核", "returned": "已退回", "approved": "已批准"}


class RatesNotFound(NotFound):
    """没有这一版费率"""


class RatesStartTooSoon(Conflict):
    """生效日期要在明天或以后，当天的积分规则不能变"""


class RatesAnswered(Conflict):
    """这一版费率已经审过了，请刷新后再看"""


class OwnRates(Forbidden):
    """自己写的费率要由另一位同事审核"""


class RatesOfAnother(Forbidden):
    """只有写的人自己能撤回"""


class RatesWrittenAtOnce(Conflict):
    """刚刚有人也交了一版费率，请刷新后再交"""


class CategoryTwice(Invalid):
    """同一个消费类别写了两次"""


class UnknownCategory(Invalid):
    """费率里没有这个消费类别"""


class RateVersion(Stored, kw_only=True):
    """`id` is the number in six digits."""

    number: Annotated[int, Meta(ge=1)]
    state: RateState
    body: NewRates
    author_id: str
    author: str
    created_at: datetime
    approved_by: str = ""
    approved_at: datetime | None = None
    returned_by: str = ""
    reason: str = ""


RATES: Collection[RateVersion] = Collection("rates", RateVersion, Index(("number",)), whole=True)


def campaign_key(version: RateVersion, index: int) -> str:
    """What purchases are marked with that one of its campaigns was counted for."""
    return f"{version.number}/{index}"


def in_force(reader: Reader, day: date, without: RateVersion | None = None) -> RateVersion | None:
    """The version by which a purchase of that day earns; by which it would, were there not the one `without`."""
    found = (one for one in reader.everything(RATES).items.values() if one.state == "approved")
    begun = [one for one in found if one.body.valid_from <= day and one != without]
    return max(begun, key=lambda one: (one.body.valid_from, one.number), default=None)


async def find(reader: Reader, number: str) -> RateVersion:
    """Raises RatesNotFound."""
    found = await reader.get(RATES, _id(int(number))) if number.isascii() and number.isdigit() else None
    if found is None:
        raise RatesNotFound
    return found


def actions(one: RateVersion, actor: Actor) -> list[str]:
    """What may be done with it: who has written it takes it back, the others answer."""
    if one.state != "draft":
        return []
    return ["withdraw"] if one.author_id == actor.id else ["approve", "return"]


async def draft(tx: Tx, new: NewRates, actor: Actor) -> RateVersion:
    """Raises RatesStartTooSoon, CategoryTwice, UnknownCategory, RatesWrittenAtOnce."""
    if new.valid_from <= today(tx.now):
        raise RatesStartTooSoon(field="valid_from")
    _check(new)
    last = await tx.all(RATES, {}, limit=1, sort="-number")
    number = last[0].number + 1 if last else 1
    made = RateVersion(
        id=_id(number),
        number=number,
        state="draft",
        body=new,
        author_id=actor.id,
        author=actor.name,
        created_at=tx.now,
    )
    try:
        await tx.insert(RATES, made)
    except Duplicate as error:
        raise RatesWrittenAtOnce from error
    audit.note(tx, actor, "console", "rates.draft", made.id)
    return made


def _check(new: NewRates) -> None:
    known: set[str] = set()
    for number, one in enumerate(new.rates):
        if one.category in known:
            raise CategoryTwice(field=f"rates[{number}].category")
        known.add(one.category)
    for number, campaign in enumerate(new.campaigns):
        if campaign.category is not None and campaign.category not in known:
            raise UnknownCategory(field=f"campaigns[{number}].category")


async def approve(tx: Tx, number: str, actor: Actor) -> RateVersion:
    """Raises RatesNotFound, RatesAnswered, OwnRates, RatesStartTooSoon."""
    made = await _draft(tx, number)
    if made.author_id == actor.id:
        raise OwnRates
    if made.body.valid_from <= today(tx.now):
        raise RatesStartTooSoon
    audit.note(tx, actor, "console", "rates.approve", made.id)
    return await _answered(tx, replace(made, state="approved", approved_by=actor.id, approved_at=tx.now))


async def return_(tx: Tx, number: str, reason: str, actor: Actor) -> RateVersion:
    """Raises RatesNotFound, RatesAnswered."""
    made = await _draft(tx, number)
    audit.note(tx, actor, "console", "rates.return", made.id)
    return await _answered(tx, replace(made, state="returned", returned_by=actor.id, reason=reason))


async def withdraw(tx: Tx, number: str, actor: Actor) -> RateVersion:
    """Who has written it takes it back. Raises RatesNotFound, RatesAnswered, RatesOfAnother."""
    made = await _draft(tx, number)
    if made.author_id != actor.id:
        raise RatesOfAnother
    audit.note(tx, actor, "console", "rates.withdraw", made.id)
    return await _answered(tx, replace(made, state="returned", returned_by=actor.id, reason="写的人撤回了"))


def _id(number: int) -> str:
    return f"{number:06d}"


async def _draft(tx: Tx, number: str) -> RateVersion:
    made = await find(tx, number)
    if made.state != "draft":
        raise RatesAnswered
    return made


async def _answered(tx: Tx, made: RateVersion) -> RateVersion:
    if not await tx.replace(RATES, made, {"_id": made.id, "state": "draft"}):
        raise RatesAnswered
    return made


def listed(reader: Reader) -> RatesListView:
    """Every version, the newest first."""
    versions = sorted(reader.everything(RATES).items.values(), key=lambda one: -one.number)
    return RatesListView(items=[view(reader, one) for one in versions])


def view(reader: Reader, one: RateVersion) -> RatesView:
    day = today(reader.now)
    coming = one.state == "approved" and one.body.valid_from > day
    body = one.body
    return RatesView(
        number=one.number,
        state=one.state,
        state_text=f"{body.valid_from:%Y-%m-%d} 起生效" if coming else STATES[one.state],
        in_force=in_force(reader, day) == one,
        valid_from=body.valid_from,
        rates=body.rates,
        rounding=body.rounding,
        minimum_fen=body.minimum_fen,
        daily_cap_fen=body.daily_cap_fen,
        campaigns=body.campaigns,
        note=body.note,
        author=one.author,
        approved_by=staff.name_of(reader, one.approved_by) if one.approved_by else "",
        reason=one.reason,
    )
