"""Versions as the desk reads them: whose, what they change, what the caller may do with them."""

from datetime import date
from typing import Any

from msgspec.structs import replace

from schemas.service_versions import (
    FindServiceVersions,
    FindVersionsOfService,
    OneServiceVersionView,
    ServiceVersionsView,
    ServiceVersionView,
    TouchedView,
    VersionAct,
)
from server import catalogue, staff
from server.cases import CASES, STILL_OPEN
from server.catalogue import PROVIDERS, SERVICES, Service
from server.kit.clock import today
from server.kit.db import Reader
from server.plans import PLANS
from server.service_versions import checks, words
from server.service_versions.stored import (
    FIRST,
    KINDS,
    SERVICE_VERSIONS,
    STATES,
    STREET,
    TONES,
    ServiceOfNobody,
    ServiceVersion,
    check_provider,
    find,
    first_of,
    may_see,
    own_providers,
    service_in_scope,
    version_id,
)
from server.sessions import Actor
from server.waitlist import WAITLIST


async def listed(reader: Reader, wanted: FindServiceVersions, actor: Actor) -> ServiceVersionsView:
    """Of one provider, or of all in scope. Raises ServiceOfNobody, BadCursor."""
    where: dict[str, Any] = {"open": True} if wanted.open else {}
    if wanted.provider_id is not None:
        check_provider(reader, wanted.provider_id, actor)
        where["provider_id"] = wanted.provider_id
    elif not actor.roles & STREET:
        where["provider_id"] = {"$in": own_providers(actor)}
    page = await reader.page(
        SERVICE_VERSIONS, where, sort="-created_at", cursor=wanted.cursor, limit=wanted.limit
    )
    return ServiceVersionsView(items=[view(reader, one, actor) for one in page.items], next=page.next)


async def of_service(
    reader: Reader, service_id: str, wanted: FindVersionsOfService, actor: Actor
) -> ServiceVersionsView:
    """Every version of one, the newest first; one that is only proposed has them, too. Raises ServiceOfNobody."""
    page = await reader.page(
        SERVICE_VERSIONS,
        {"service_id": service_id},
        sort="-number",
        cursor=wanted.cursor,
        limit=wanted.limit,
    )
    items = page.items
    if page.next is None and not any(one.number == FIRST for one in items):
        items = [*items, first_of(service_in_scope(reader, service_id, actor), reader.now)]
    if not may_see(actor, items[0].provider_id):
        raise ServiceOfNobody
    return ServiceVersionsView(items=[view(reader, one, actor) for one in items], next=page.next)


def view(reader: Reader, one: ServiceVersion, actor: Actor) -> ServiceVersionView:
    provider = reader.recall(PROVIDERS, one.provider_id)
    decided = reader.recall(staff.STAFF, one.decided_by)
    now = reader.recall(SERVICES, one.service_id)
    return ServiceVersionView(
        service_id=one.service_id,
        number=one.number,
        name=one.service.name,
        provider_id=one.provider_id,
        provider=provider.name if provider else one.provider_id,
        kind=one.kind,
        kind_text=KINDS[one.kind] if one.author_id else "最初的内容",
        state=one.state,
        state_text=_state_text(one),
        tone=TONES[one.state],
        in_force=one.state == "published" and (now is None or now.version <= one.number),
        since=one.since,
        valid_from=one.valid_from,
        note=one.note,
        author=one.author,
        created_at=one.created_at,
        decided_by=decided.name if decided else one.decided_by,
        decided_at=one.decided_at,
        reason=one.reason,
        actions=actions(one, actor, today(reader.now)),
    )


def _state_text(one: ServiceVersion) -> str:
    if one.state == "scheduled" and one.valid_from:
        return f"{one.valid_from:%Y-%m-%d} 起生效"
    return STATES[one.state]


def actions(one: ServiceVersion, actor: Actor, day: date) -> list[VersionAct]:
    """Never to publish what one has written oneself."""
    street, own = bool(actor.roles & STREET), one.author_id == actor.id
    found: list[VersionAct] = []
    if street and not own and one.state == "draft" and (one.valid_from is None or one.valid_from > day):
        found.append("publish")
    if own and one.state == "draft":
        found.append("withdraw")
    elif street and one.open:
        found.append("return")
    return found


async def one_view(reader: Reader, service_id: str, number: int, actor: Actor) -> OneServiceVersionView:
    """Raises ServiceVersionNotFound."""
    one = await find(reader, service_id, number, actor)
    before = await _before(reader, one)
    return OneServiceVersionView(
        version=view(reader, one, actor),
        changes=words.compared(reader, before, one.service, one.pool),
        service=_as_form(one),
        price_text=catalogue.price_view(catalogue.priced(reader, one.service, today(reader.now))).text,
        touched=await touched(reader, one.service),
    )


def _as_form(one: ServiceVersion) -> Any:
    """A pool that is still to be made is shown as it was filled in."""
    form = checks.form_of(one.service)
    if one.pool is None:
        return form
    return replace(form, pool_id=None, new_pool=checks.pool_form(one.pool))


async def _before(reader: Reader, one: ServiceVersion) -> Service | None:
    """What it is to be compared with: what residents read now, until it is what they read itself."""
    if one.state != "published":
        return reader.recall(SERVICES, one.service_id)
    known = await reader.get(SERVICE_VERSIONS, version_id(one.service_id, one.since))
    return known.service if known else None


async def touched(reader: Reader, service: Service) -> TouchedView:
    """Who has something of it, counted."""
    mine = {"service_id": service.id}
    provider = {"provider_id": service.provider_id}
    booked = provider | {**STILL_OPEN, "kind": "booking", "details.service_id": service.id}
    return TouchedView(
        bookings=await reader.count(CASES, booked),
        plans=await reader.count(PLANS, provider | mine | {"state": "active"}),
        waiting=await reader.count(WAITLIST, provider | mine | {"open": True}),
    )


def services_in_scope(reader: Reader, actor: Actor, provider_id: str | None = None) -> list[Service]:
    """What is in force, in the order of the catalogue, at today's price; what was retired comes last."""
    day = today(reader.now)
    found = [
        catalogue.priced(reader, one, day)
        for one in reader.everything(SERVICES).items.values()
        if may_see(actor, one.provider_id) and provider_id in (None, one.provider_id)
    ]
    return sorted(found, key=lambda one: (not one.active, one.rank, one.id))


async def fields_of(reader: Reader, service_id: str, made_under: str) -> list[Any]:
    """The questions that were asked when a booking was made; those of today where that is not kept."""
    known = await reader.get(SERVICE_VERSIONS, made_under) if made_under else None
    service = known.service if known else reader.recall(SERVICES, service_id)
    return service.fields if service else []
