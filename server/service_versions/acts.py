"""Drafting, publishing, handing back, taking back; and the midnight at which a version begins.

What a booking was made under it keeps: nothing here looks at bookings.
"""

from datetime import date, datetime, time
from typing import Any

from msgspec.structs import replace

from schemas.service_versions import ChangeService, NewService, RetireService, VersionKind, VersionState
from server import audit
from server.catalogue import POOLS, SERVICES, Pool, Price, Service
from server.kit.chance import chance
from server.kit.clock import SHANGHAI, today
from server.kit.db import Duplicate, Tx
from server.kit.events import Event, emit, event_id
from server.kit.jobs import QueueOf, Settled
from server.service_versions import checks
from server.service_versions.stored import (
    FIRST,
    SERVICE_VERSIONS,
    STREET,
    AlreadyRetired,
    NothingDiffers,
    NotTheAuthor,
    OwnServiceVersion,
    ServiceVersion,
    ServiceWrong,
    VersionAnswered,
    VersionOutOfDate,
    VersionStartsTooSoon,
    VersionWaits,
    check_provider,
    find,
    first_of,
    service_in_scope,
    version_id,
)
from server.sessions import SYSTEM, Actor

# Drafting.


async def draft_new(tx: Tx, provider_id: str, new: NewService, actor: Actor) -> ServiceVersion:
    """A service that is not there yet. Raises ServiceOfNobody, ServiceWrong, UnitDoesNotFit, VersionStartsTooSoon."""
    check_provider(tx, provider_id, actor)
    service_id = chance.hex(8)
    price = Price(unit=new.price.unit, amount_fen=new.price.amount_fen)
    service, pool = checks.made(tx, provider_id, service_id, new.service, price, FIRST)
    return await _draft(tx, "create", service, pool, new.valid_from, new.note, 0, actor)


async def draft_change(tx: Tx, service_id: str, new: ChangeService, actor: Actor) -> ServiceVersion:
    """Raises ServiceOfNobody, VersionOutOfDate, ServiceWrong, NothingDiffers, VersionStartsTooSoon, VersionWaits."""
    now = await _current(tx, service_id, new.since, actor)
    if new.service.mode != now.mode:
        raise ServiceWrong("计价方式不能改：请另建一项服务，再把这项下架", field="service.mode")
    number = await _next(tx, now)
    service, pool = checks.made(tx, now.provider_id, service_id, new.service, now.price, number)
    if replace(service, version=now.version) == now:
        raise NothingDiffers(field="service")
    return await _draft(tx, "change", service, pool, new.valid_from, new.note, now.version, actor)


async def draft_retirement(tx: Tx, service_id: str, new: RetireService, actor: Actor) -> ServiceVersion:
    """Raises ServiceOfNobody, VersionOutOfDate, AlreadyRetired, VersionStartsTooSoon, VersionWaits."""
    now = await _current(tx, service_id, new.since, actor)
    if not now.active:
        raise AlreadyRetired
    service = replace(now, active=False, version=await _next(tx, now))
    return await _draft(tx, "retire", service, None, new.valid_from, new.reason, now.version, actor)


async def _current(tx: Tx, service_id: str, since: int, actor: Actor) -> Service:
    """As it is in the database, which memory may be a moment behind."""
    service_in_scope(tx, service_id, actor)
    now = await tx.get(SERVICES, service_id)
    if now is None or now.version != since:
        raise VersionOutOfDate(field="since")
    return now


async def _next(tx: Tx, now: Service) -> int:
    last = await tx.all(SERVICE_VERSIONS, {"service_id": now.id}, limit=1, sort="-number")
    return max(now.version, last[0].number if last else 0) + 1


async def _draft(
    tx: Tx,
    kind: VersionKind,
    service: Service,
    pool: Pool | None,
    valid_from: date | None,
    note: str,
    since: int,
    actor: Actor,
) -> ServiceVersion:
    if valid_from is not None and valid_from <= today(tx.now):
        raise VersionStartsTooSoon(field="valid_from")
    made = ServiceVersion(
        id=service.version_id,
        service_id=service.id,
        provider_id=service.provider_id,
        number=service.version,
        kind=kind,
        state="draft",
        open=True,
        since=since,
        service=service,
        pool=pool,
        valid_from=valid_from,
        note=note,
        author_id=actor.id,
        author=actor.name,
        created_at=tx.now,
    )
    try:
        await tx.insert(SERVICE_VERSIONS, made)
    except Duplicate as error:
        raise VersionWaits from error
    audit.note(tx, actor, "console", f"service_version.{kind}", service.id, service.provider_id)
    _tell(tx, made, "draft", 1, actor)
    return made


# Answering.


async def publish(tx: Tx, service_id: str, number: int, actor: Actor) -> ServiceVersion:
    """At once, or from the midnight that begins its day.

    Raises ServiceVersionNotFound, VersionAnswered, OwnServiceVersion, VersionStartsTooSoon, VersionOutOfDate.
    """
    made = await _waiting(tx, service_id, number, actor, "draft")
    if made.author_id == actor.id:
        raise OwnServiceVersion
    if made.valid_from is not None and made.valid_from <= today(tx.now):
        raise VersionStartsTooSoon("定好的日期已经过了，请退回，请写的人换个日期再交")
    now = await tx.get(SERVICES, service_id)
    if (now.version if now else 0) != made.since:
        raise VersionOutOfDate
    audit.note(tx, actor, "console", "service_version.publish", service_id, made.provider_id)
    answered = replace(made, decided_by=actor.id, decided_at=tx.now)
    if made.valid_from is not None:
        done = await _answer(tx, answered, "scheduled", due_at=_midnight(made.valid_from))
    else:
        done = await _answer(tx, answered, "published")
        await _put_in_force(tx, done)
    _tell(tx, done, "publish", 2, actor)
    return done


async def return_(tx: Tx, service_id: str, number: int, reason: str, actor: Actor) -> ServiceVersion:
    """Handed back, also when it only waits for its day. Raises ServiceVersionNotFound, VersionAnswered."""
    made = await _waiting(tx, service_id, number, actor, "draft", "scheduled")
    audit.note(tx, actor, "console", "service_version.return", service_id, made.provider_id)
    answered = replace(made, decided_by=actor.id, decided_at=tx.now, reason=reason)
    done = await _answer(tx, answered, "returned")
    _tell(tx, done, "return", 3, actor)
    return done


async def withdraw(tx: Tx, service_id: str, number: int, actor: Actor) -> ServiceVersion:
    """By who wrote it, before anybody has answered. Raises ServiceVersionNotFound, VersionAnswered, NotTheAuthor."""
    made = await _waiting(tx, service_id, number, actor, "draft")
    if made.author_id != actor.id:
        raise NotTheAuthor
    audit.note(tx, actor, "console", "service_version.withdraw", service_id, made.provider_id)
    return await _answer(tx, replace(made, decided_at=tx.now), "withdrawn")


async def _waiting(
    tx: Tx, service_id: str, number: int, actor: Actor, *states: VersionState
) -> ServiceVersion:
    made = await find(tx, service_id, number, actor)
    if made.state not in states:
        raise VersionAnswered
    return made


async def _answer(
    tx: Tx, made: ServiceVersion, state: VersionState, due_at: datetime | None = None
) -> ServiceVersion:
    before = {"_id": made.id, "state": made.state, "open": True}
    done = replace(made, state=state, open=state == "scheduled", due_at=due_at, fence=made.fence + 1)
    if not await tx.replace(SERVICE_VERSIONS, done, before):
        raise VersionAnswered
    return done


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


# In force.


async def _put_in_force(tx: Tx, made: ServiceVersion) -> None:
    """The one place where a service that is there changes. What was there before the first change is kept, too."""
    now = await tx.get(SERVICES, made.service_id)
    if now is not None and now.version == FIRST:
        first = version_id(now.id, FIRST)
        if await tx.get(SERVICE_VERSIONS, first) is None:
            await tx.insert(SERVICE_VERSIONS, first_of(now, tx.now))
    if made.pool is not None:
        await tx.put(POOLS, made.pool)
    await tx.put(SERVICES, made.service)


async def begin(house: Any, row: ServiceVersion) -> Settled:
    """Its day has begun. Whoever is first does it; killed half way, nothing was done and the next one does it."""

    async def begun(tx: Tx) -> None:
        made = await tx.get(SERVICE_VERSIONS, row.id)
        if made is None or made.state != "scheduled" or made.fence != row.fence:
            return
        done = await _answer(tx, made, "published")
        await _put_in_force(tx, done)
        audit.note_system(tx, "service_version.begin", made.service_id, made.provider_id)
        _tell(tx, done, "begin", 4, SYSTEM)

    await house.db.atomically(begun)
    return None


BEGINNING = QueueOf("service_versions", SERVICE_VERSIONS, begin, parallel=1)


def _tell(tx: Tx, made: ServiceVersion, what: str, seq: int, actor: Actor) -> None:
    role = next((one for one in sorted(actor.roles) if one in STREET), "provider")
    emit(
        tx,
        Event(
            id=event_id(f"service:{made.id}", seq),
            type=f"service_version.{what}",
            subject=made.id,
            seq=seq,
            at=tx.now,
            by={"kind": actor.kind, "id": actor.id, "name": actor.name, "role": role},
            channel="console",
            data={"action": what},
        ),
    )
