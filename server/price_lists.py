"""Price lists: written by one, approved by another, in force from a midnight on, and never changed afterwards.

What a booking costs is decided when it is placed; a new list changes the price of no booking that exists.
"""

from datetime import date

from msgspec.structs import replace

from schemas.catalogue import PriceListState, PriceView
from schemas.price_lists import (
    Change,
    NewLine,
    NewPriceList,
    PriceChange,
    PriceChangesView,
    PriceLineView,
    PriceListsView,
    PriceListView,
)
from server import audit, catalogue, staff
from server.catalogue import PRICE_LISTS, PROVIDERS, SERVICES, Price, PriceList, Service, price_view
from server.kit.clock import today
from server.kit.db import Duplicate, Reader, Tx
from server.kit.errors import Conflict, Forbidden, Invalid, NotFound
from server.sessions import Actor

STREET = frozenset({"dispatcher", "admin"})
_SEE = STREET | {"accountant"}
STATES: dict[PriceListState, str] = {"draft": "待审核", "returned": "已退回", "approved": "已批准"}
_FIRST = 1


class PriceListNotFound(NotFound):
    """没有这一版价格表"""


class PricesOfNobody(NotFound):
    """没有这家服务商"""


class NotTheirService(Invalid):
    """价格表里有不属于这家服务商的服务"""


class PriceTwice(Invalid):
    """同一项服务在价格表里写了两次"""


class UnitDoesNotFit(Invalid):
    """计价方式不对：先看后报价的服务只能写“报价”，其他服务要写明按次、按小时等"""


class StartsTooSoon(Conflict):
    """生效日期要在明天或以后，居民当天看到的价格不能变"""


class PriceListAnswered(Conflict):
    """这一版价格表已经审过了，请刷新后再看"""


class OwnPriceList(Forbidden):
    """自己写的价格表要由另一位同事审核"""


class WrittenAtOnce(Conflict):
    """刚刚有人也交了一版价格表，请刷新后再交"""


def may_see(actor: Actor, provider_id: str) -> bool:
    own = any(one.role == "provider" and one.provider_id == provider_id for one in actor.grants)
    return own or bool(actor.roles & _SEE)


def check_scope(reader: Reader, provider_id: str, actor: Actor) -> None:
    """Raises PricesOfNobody, also for what is somebody else's."""
    if reader.recall(PROVIDERS, provider_id) is None or not may_see(actor, provider_id):
        raise PricesOfNobody


def number_of(text: str) -> int:
    """As it stands in an address. Raises PriceListNotFound."""
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 7):
        raise PriceListNotFound
    return int(text)


async def draft(tx: Tx, provider_id: str, new: NewPriceList, actor: Actor) -> PriceList:
    """Raises PricesOfNobody, NotTheirService, PriceTwice, UnitDoesNotFit, StartsTooSoon, WrittenAtOnce."""
    check_scope(tx, provider_id, actor)
    if new.valid_from <= today(tx.now):
        raise StartsTooSoon(field="valid_from")
    prices = _prices(tx, provider_id, new.prices)
    known = await tx.all(PRICE_LISTS, {"provider_id": provider_id}, limit=1, sort="-number")
    number = known[0].number + 1 if known else _FIRST + 1
    made = PriceList(
        id=f"{provider_id}|{number}",
        provider_id=provider_id,
        number=number,
        state="draft",
        valid_from=new.valid_from,
        prices=prices,
        note=new.note,
        author_id=actor.id,
        author=actor.name,
        created_at=tx.now,
    )
    try:
        await tx.insert(PRICE_LISTS, made)
    except Duplicate as error:
        raise WrittenAtOnce from error
    audit.note(tx, actor, "console", "price_list.draft", provider_id)
    return made


def _prices(reader: Reader, provider_id: str, lines: list[NewLine]) -> dict[str, Price]:
    prices: dict[str, Price] = {}
    for number, line in enumerate(lines):
        where = f"prices[{number}].service_id"
        service = reader.recall(SERVICES, line.service_id)
        if service is None or service.provider_id != provider_id:
            raise NotTheirService(field=where)
        if line.service_id in prices:
            raise PriceTwice(field=where)
        fits = (line.unit == "quote") == (service.mode == "quote")
        if not fits or (line.unit == "free" and line.amount_fen):
            raise UnitDoesNotFit(field=f"prices[{number}].unit")
        prices[line.service_id] = Price(unit=line.unit, amount_fen=line.amount_fen)
    return prices


async def approve(tx: Tx, provider_id: str, number: int, actor: Actor) -> PriceList:
    """Raises PriceListNotFound, PriceListAnswered, OwnPriceList, StartsTooSoon."""
    made = await _draft(tx, provider_id, number)
    if made.author_id == actor.id:
        raise OwnPriceList
    if made.valid_from <= today(tx.now):
        raise StartsTooSoon
    audit.note(tx, actor, "console", "price_list.approve", provider_id)
    return await _answered(tx, replace(made, state="approved", approved_by=actor.id, approved_at=tx.now))


async def return_(tx: Tx, provider_id: str, number: int, reason: str, actor: Actor) -> PriceList:
    """Raises PriceListNotFound, PriceListAnswered."""
    made = await _draft(tx, provider_id, number)
    audit.note(tx, actor, "console", "price_list.return", provider_id)
    return await _answered(tx, replace(made, state="returned", reason=reason))


async def _draft(tx: Tx, provider_id: str, number: int) -> PriceList:
    made = await tx.get(PRICE_LISTS, f"{provider_id}|{number}")
    if made is None:
        raise PriceListNotFound
    if made.state != "draft":
        raise PriceListAnswered
    return made


async def _answered(tx: Tx, made: PriceList) -> PriceList:
    if not await tx.replace(PRICE_LISTS, made, {"_id": made.id, "state": "draft"}):
        raise PriceListAnswered
    return made


# As they are shown.


def of_provider(reader: Reader, provider_id: str) -> list[PriceList]:
    """The newest first, without the first, which has no document."""
    found = (one for one in reader.everything(PRICE_LISTS).items.values() if one.provider_id == provider_id)
    return sorted(found, key=lambda one: one.number, reverse=True)


def _services(reader: Reader, provider_id: str) -> list[Service]:
    found = (one for one in reader.everything(SERVICES).items.values() if one.provider_id == provider_id)
    return sorted(found, key=lambda one: (one.rank, one.id))


def listed(reader: Reader, provider_id: str, actor: Actor) -> PriceListsView:
    """All of a provider's, the newest first; the last is what stood before them. Raises PricesOfNobody."""
    check_scope(reader, provider_id, actor)
    return PriceListsView(items=views_of(reader, provider_id))


def views_of(reader: Reader, provider_id: str) -> list[PriceListView]:
    return [*(view(reader, one) for one in of_provider(reader, provider_id)), _first(reader, provider_id)]


def lines_now(reader: Reader, provider_id: str) -> list[PriceLineView]:
    """What each service costs today."""
    day = today(reader.now)
    services = [catalogue.priced(reader, one, day) for one in _services(reader, provider_id)]
    return [_line(one, one.price) for one in services]


def view(reader: Reader, one: PriceList) -> PriceListView:
    day = today(reader.now)
    services = [each for each in _services(reader, one.provider_id) if each.id in one.prices]
    approver = reader.recall(staff.STAFF, one.approved_by)
    return PriceListView(
        provider_id=one.provider_id,
        number=one.number,
        state=one.state,
        state_text=_state_text(one, day),
        in_force=any(catalogue.price_list(reader, each, day) == one for each in services),
        valid_from=one.valid_from,
        lines=[_line(each, one.prices[each.id]) for each in services],
        note=one.note,
        author=one.author,
        created_at=one.created_at,
        approved_by=approver.name if approver else one.approved_by,
        approved_at=one.approved_at,
        reason=one.reason,
    )


def _state_text(one: PriceList, day: date) -> str:
    if one.state == "approved" and one.valid_from > day:
        return f"{one.valid_from:%Y-%m-%d} 起生效"
    return STATES[one.state]


def _first(reader: Reader, provider_id: str) -> PriceListView:
    services = _services(reader, provider_id)
    day = today(reader.now)
    return PriceListView(
        provider_id=provider_id,
        number=_FIRST,
        state="approved",
        state_text="入驻时的价格",
        in_force=any(catalogue.price_list(reader, one, day) is None for one in services),
        valid_from=None,
        lines=[_line(one, one.price) for one in services],
        note="",
        author="",
        created_at=None,
        approved_by="",
        approved_at=None,
        reason="",
    )


def _line(service: Service, price: Price) -> PriceLineView:
    return PriceLineView(service_id=service.id, service=service.name, price=_said(service, price))


def _said(service: Service, price: Price) -> PriceView:
    return price_view(replace(service, price=price))


def compared(reader: Reader, provider_id: str, number: int, since: int | None = None) -> PriceChangesView:
    """What a version changes by service: against the approved one before it, or `since`. Raises PriceListNotFound."""
    approved = [one.number for one in of_provider(reader, provider_id) if one.state == "approved"]
    before = max((one for one in approved if one < number), default=_FIRST) if since is None else since
    old, new = _prices_of(reader, provider_id, max(before, _FIRST)), _prices_of(reader, provider_id, number)
    changes = [
        _change(one, old.get(one.id), new.get(one.id))
        for one in _services(reader, provider_id)
        if one.id in old or one.id in new
    ]
    return PriceChangesView(
        provider_id=provider_id, since=max(before, _FIRST), number=number, changes=changes
    )


def _prices_of(reader: Reader, provider_id: str, number: int) -> dict[str, Price]:
    if number == _FIRST:
        return {one.id: one.price for one in _services(reader, provider_id)}
    found = reader.recall(PRICE_LISTS, f"{provider_id}|{number}")
    if found is None:
        raise PriceListNotFound
    return found.prices


def _change(service: Service, before: Price | None, after: Price | None) -> PriceChange:
    old = _said(service, before) if before else None
    new = _said(service, after) if after else None
    difference = new.amount_fen - old.amount_fen if old and new and old.unit == new.unit else None
    return PriceChange(
        service_id=service.id,
        service=service.name,
        before=old,
        after=new,
        difference_fen=difference,
        change=_word(old, new, difference),
    )


def _word(old: PriceView | None, new: PriceView | None, difference: int | None) -> Change:
    if difference is not None:
        return "dearer" if difference > 0 else "cheaper" if difference else "same"
    return "new" if old is None else "gone" if new is None else "otherwise"
