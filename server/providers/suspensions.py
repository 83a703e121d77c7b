"""A provider is suspended: its services leave the list at once, and what is booked with it is worked off, row by row.

What is not agreed yet is called off at no cost, with other providers named; what is agreed is held up until the street
has found somebody else; what is under way, or begins within the grace, runs to its end. The state of the bookings is
the work list: whoever is killed on the way leaves nothing that the next worker would not find.
"""

from datetime import datetime, timedelta
from typing import Any, Protocol

from schemas.providers import NewSuspension, SuspensionState, SuspensionsView, SuspensionView
from server import audit, cases, catalogue, scores, staff, staff_push
from server.cases import CASES, STILL_OPEN, Case, CaseNotFound, VersionConflict
from server.catalogue import PROVIDERS
from server.config import Settings
from server.kit.chance import chance
from server.kit.clock import today
from server.kit.db import Collection, Database, Duplicate, Index, Reader, Tx
from server.kit.errors import Conflict, Forbidden, Invalid, NotFound
from server.kit.events import Event, emit, event_id, on
from server.kit.flow import NotAllowedNow
from server.kit.jobs import DUE, Leased, QueueOf, Settled
from server.sessions import SYSTEM, Actor
from server.staff_push import Word

BATCH = 20
STATES: dict[SuspensionState, str] = {
    "planned": "到时暂停",
    "working": "正在处理已有的预约",
    "done": "暂停中",
    "lifting": "正在恢复",
    "lifted": "已恢复",
}
_NOT_AGREED = ("held", "submitted", "quoted")
_AGREED = ("confirmed", "assigned")
_NAMED = 3
_LATEST = timedelta(days=365)
_LATECOMERS = timedelta(seconds=5)
"""For so long a process whose memory is behind may still take a booking: there is a last look after it."""


class ProviderNotFound(NotFound):
    """没有这家服务商"""


class SuspensionNotFound(NotFound):
    """没有找到这次暂停"""


class AlreadySuspended(Conflict):
    """这家服务商已经暂停，或已定好暂停的时间"""


class NotSuspended(Conflict):
    """这次暂停已经恢复了，请刷新后再看"""


class OwnSuspension(Forbidden):
    """恢复服务要由另一位同事来办，暂停的人不能自己恢复"""


class StartsWrong(Invalid):
    """暂停的时间要在现在以后、一年以内"""


class Suspension(Leased, kw_only=True):
    """`active` until it is lifted: there is one for each provider. `cursor` is how far the present round has come."""

    provider_id: str
    reason: str
    starts_at: datetime
    at_once: bool = False
    state: SuspensionState = "planned"
    active: bool = True
    by: str
    created_at: datetime
    cursor: str = ""
    counts: dict[str, int] = {}
    lifted_by: str = ""
    lifted_at: datetime | None = None
    lift_reason: str = ""


SUSPENSIONS: Collection[Suspension] = Collection(
    "suspensions",
    Suspension,
    Index(("provider_id", "-created_at", "-_id")),
    Index(("provider_id",), unique=True, only={"active": True}),
    DUE,
)


class House(Protocol):
    """What working it off needs of the building."""

    @property
    def db(self) -> Database: ...
    @property
    def settings(self) -> Settings: ...


async def suspend(tx: Tx, provider_id: str, new: NewSuspension, actor: Actor) -> Suspension:
    """Raises ProviderNotFound, StartsWrong, AlreadySuspended."""
    if tx.recall(PROVIDERS, provider_id) is None:
        raise ProviderNotFound
    starts_at = new.from_ or tx.now
    if not tx.now - timedelta(minutes=1) <= starts_at <= tx.now + _LATEST:
        raise StartsWrong(field="from")
    made = Suspension(
        id=chance.hex(12),
        provider_id=provider_id,
        reason=new.reason,
        starts_at=max(starts_at, tx.now),
        at_once=new.at_once,
        by=actor.id,
        created_at=tx.now,
        due_at=max(starts_at, tx.now),
    )
    try:
        await tx.insert(SUSPENSIONS, made)
    except Duplicate as error:
        raise AlreadySuspended from error
    if made.starts_at <= tx.now:
        await tx.change(PROVIDERS, {"_id": provider_id}, {"$set": {"suspended": True}})
    audit.note(tx, actor, "console", "provider.suspend", provider_id, made.id)
    _tell(tx, made, "suspend", 1)
    return made


async def lift(tx: Tx, provider_id: str, item_id: str, reason: str, actor: Actor) -> Suspension:
    """By somebody else. Raises SuspensionNotFound, NotSuspended, OwnSuspension."""
    known = await tx.first(SUSPENSIONS, {"_id": item_id, "provider_id": provider_id})
    if known is None:
        raise SuspensionNotFound
    if known.by == actor.id:
        raise OwnSuspension
    how = {
        "active": False,
        "state": "lifting",
        "cursor": "",
        "due_at": tx.now,
        "lifted_by": actor.id,
        "lifted_at": tx.now,
        "lift_reason": reason,
    }
    lifted = await tx.take(SUSPENSIONS, {"_id": item_id, "active": True}, {"$set": how, "$inc": {"fence": 1}})
    if lifted is None:
        raise NotSuspended
    await tx.change(PROVIDERS, {"_id": provider_id}, {"$set": {"suspended": False}})
    audit.note(tx, actor, "console", "provider.lift", provider_id, item_id)
    _tell(tx, lifted, "lift", 2)
    return lifted


# Working it off.


async def work(house: House, row: Suspension) -> Settled:
    """One batch; the row is due again until a whole round finds nothing to do."""
    if row.state == "planned":
        await house.db.atomically(lambda tx: _begin(tx, row))
    lifting = row.state == "lifting"
    where = _held_up(row) if lifting else _to_do(row, house.settings)
    batch = await house.db.reading(
        lambda reader: reader.all(CASES, where | {"_id": {"$gt": row.cursor}}, limit=BATCH)
    )
    for case in batch:
        await _settle(house, row, case)
    now = house.db.now()
    again = {"attempts": 0, "error": "", "cursor": batch[-1].id if batch else ""}
    if batch:
        return again | {"due_at": now}
    if row.cursor or (not lifting and now < row.starts_at + _LATECOMERS):
        return again | {"due_at": now if row.cursor else row.starts_at + _LATECOMERS}
    return again | {"due_at": None, "state": "lifted" if lifting else "done"}


SUSPENDING = QueueOf("suspensions", SUSPENSIONS, work, parallel=1)


async def _begin(tx: Tx, row: Suspension) -> None:
    begun = {"_id": row.id, "active": True, "state": "planned"}
    if await tx.change(SUSPENSIONS, begun, {"$set": {"state": "working"}}):
        await tx.change(PROVIDERS, {"_id": row.provider_id}, {"$set": {"suspended": True}})


def _to_do(row: Suspension, rules: Settings) -> dict[str, Any]:
    """Bookings that this suspension has not reached yet; those that go ahead are none of them."""
    late = row.starts_at + timedelta(hours=0 if row.at_once else rules.providers.grace_hours)
    untold = {"details.suspension": {"$ne": row.id}}
    return {
        "provider_id": row.provider_id,
        **STILL_OPEN,
        "kind": "booking",
        "$or": [
            {"state": {"$in": list(_NOT_AGREED)}},
            {"state": "confirmed", **untold},
            {"state": "assigned", "details.start": {"$gte": late}, **untold},
        ],
    }


def _held_up(row: Suspension) -> dict[str, Any]:
    return {
        "provider_id": row.provider_id,
        **STILL_OPEN,
        "kind": "booking",
        "state": {"$in": list(_AGREED)},
        "details.suspension": row.id,
    }


async def _settle(house: House, row: Suspension, case: Case) -> None:
    """One booking, once: its move and the count of it are one. Who was faster has settled it otherwise."""
    lifting = row.state == "lifting"
    action = "go_on" if lifting else "call_off" if case.state in _NOT_AGREED else "hold_up"

    async def moved(tx: Tx) -> None:
        still = {"_id": row.id, "active": not lifting}
        if not await tx.change(SUSPENSIONS, still, {"$inc": {f"counts.{action}": 1}}):
            return
        body = {"reason": _reason(tx, row, case, action)}
        if not lifting:
            body["suspension_id"] = row.id
        await cases.move(tx, case.id, action, body, SYSTEM, "system", house.settings)

    try:
        await house.db.atomically(moved, lanes=[case.id])
    except (NotAllowedNow, VersionConflict, CaseNotFound):
        return


def _reason(reader: Reader, row: Suspension, case: Case, action: str) -> str:
    """What the resident reads beside the sentence."""
    match action:
        case "go_on":
            return "商家已恢复服务，原来约好的照常"
        case "hold_up":
            return "商家暂停服务"
    others = others_of(reader, case)
    named = "、".join(f"{catalogue_name(reader, one)}“{one.name}”" for one in others[:_NAMED])
    instead = f"同类服务还可以约：{named}" if named else "需要时请拨打街道服务热线"
    return f"商家暂停服务，这次由街道取消，不收费。{instead}"


def others_of(reader: Reader, case: Case) -> list[catalogue.Service]:
    """Services of other providers of the same category and mode, the best rated provider first."""

    def rating(one: catalogue.Service) -> float:
        known = scores.view(reader, scores.provider_key(one.provider_id))
        return known.average if known else 0

    category, mode = case.details["category"], case.details["mode"]
    found = [
        one
        for one in catalogue.offered(reader, category)
        if one.provider_id != case.provider_id and one.mode == mode
    ]
    return sorted(found, key=lambda one: (-rating(one), one.rank, one.id))


def catalogue_name(reader: Reader, service: catalogue.Service) -> str:
    provider = catalogue.provider_of(reader, service.provider_id)
    return provider.name if provider else ""


def _tell(tx: Tx, row: Suspension, what: str, seq: int) -> None:
    emit(
        tx,
        Event(
            id=event_id(row.id, seq),
            type=f"provider.{what}",
            subject=row.id,
            seq=seq,
            at=tx.now,
            by={"kind": "staff", "id": row.lifted_by or row.by, "name": "", "role": "dispatcher"},
            channel="console",
            data={"action": what, "provider_id": row.provider_id},
        ),
    )


@on("provider.suspend", "provider.lift")
async def tell_staff(tx: Tx, event: Event) -> None:
    """The provider's managers and the dispatchers."""
    row = await tx.get(SUSPENSIONS, event.subject)
    provider = tx.recall(PROVIDERS, event.data["provider_id"])
    if row is None or provider is None:
        return
    if event.type == "provider.lift":
        word = Word(title=f"{provider.name}恢复服务", text=row.lift_reason, page=_page(provider.id))
    else:
        day = today(row.starts_at)
        text = f"{row.reason}。{day.month} 月 {day.day} 日起不接新预约，约好的由街道另外安排。"
        word = Word(title=f"{provider.name}暂停服务", text=text, page=_page(provider.id))
    for userid in _concerned(tx, provider.id):
        await staff_push.send(tx, event, userid, word)


def _page(provider_id: str) -> str:
    return f"/console/providers/{provider_id}"


def _concerned(reader: Reader, provider_id: str) -> list[str]:
    def is_(one: staff.Staff) -> bool:
        return any(
            grant.role == "dispatcher" or (grant.role == "provider" and grant.provider_id == provider_id)
            for grant in one.grants
        )

    everybody = reader.everything(staff.STAFF).items.values()
    return sorted(one.id for one in everybody if one.active and is_(one))


# As they are shown.


async def listed(reader: Reader, provider_id: str) -> SuspensionsView:
    """The last hundred, the newest first."""
    found = await reader.all(SUSPENSIONS, {"provider_id": provider_id}, limit=100, sort="-created_at")
    return SuspensionsView(items=[view(reader, one) for one in found])


def view(reader: Reader, row: Suspension) -> SuspensionView:
    return SuspensionView(
        id=row.id,
        provider_id=row.provider_id,
        reason=row.reason,
        starts_at=row.starts_at,
        at_once=row.at_once,
        state=row.state,
        state_text=STATES[row.state],
        by=_name(reader, row.by),
        created_at=row.created_at,
        called_off=row.counts.get("call_off", 0),
        held_up=row.counts.get("hold_up", 0),
        went_on=row.counts.get("go_on", 0),
        lifted_by=_name(reader, row.lifted_by),
        lifted_at=row.lifted_at,
        lift_reason=row.lift_reason,
    )


def _name(reader: Reader, userid: str) -> str:
    member = reader.recall(staff.STAFF, userid)
    return member.name if member else userid
