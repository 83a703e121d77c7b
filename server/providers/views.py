"""Providers in a list and one by one, with what needs attention."""

from schemas.catalogue import CategoryView
from schemas.providers import ProvidersView, ProviderView
from server import certificates, price_lists, scores, staff
from server.catalogue import CATEGORIES, PROVIDERS, SERVICES, Provider
from server.kit.clock import today
from server.kit.db import Reader
from server.providers.suspensions import ProviderNotFound
from server.sessions import Actor

SEES_ALL = frozenset({"dispatcher", "accountant", "admin", "reviewer"})


def may_see(actor: Actor, provider_id: str) -> bool:
    own = any(one.role == "provider" and one.provider_id == provider_id for one in actor.grants)
    return own or bool(actor.roles & SEES_ALL)


def find(reader: Reader, provider_id: str, actor: Actor) -> Provider:
    """Raises ProviderNotFound, also for what is somebody else's."""
    provider = reader.recall(PROVIDERS, provider_id)
    if provider is None or not may_see(actor, provider_id):
        raise ProviderNotFound
    return provider


def listed(reader: Reader, actor: Actor) -> ProvidersView:
    """Those in scope, who needs attention first; they are kept in memory, and a street has some dozens."""
    mine = [one for one in reader.everything(PROVIDERS).items.values() if may_see(actor, one.id)]
    views = [view(reader, one) for one in mine]
    return ProvidersView(
        items=sorted(views, key=lambda one: (not one.suspended, not one.warnings, one.name, one.id))
    )


def view(reader: Reader, provider: Provider) -> ProviderView:
    services = [one for one in reader.everything(SERVICES).items.values() if one.provider_id == provider.id]
    served = sorted({*provider.categories, *(one.category for one in services)})
    known = [(one, reader.recall(CATEGORIES, one)) for one in served]
    return ProviderView(
        id=provider.id,
        name=provider.name,
        phone=provider.phone,
        categories=[CategoryView(id=one, name=it.name, icon=it.icon) for one, it in known if it],
        daily_bookings=provider.daily_bookings,
        rating=scores.view(reader, scores.provider_key(provider.id)),
        suspended=provider.suspended,
        state_text="暂停服务" if provider.suspended else "正常",
        services=sum(one.active for one in services),
        workers=len(workers_of(reader, provider.id)),
        warnings=warnings(reader, provider),
    )


def workers_of(reader: Reader, provider_id: str) -> list[staff.Staff]:
    """Everybody who works there, by name."""
    found = (
        one
        for one in reader.everything(staff.STAFF).items.values()
        if one.active and provider_id in certificates.employers(one)
    )
    return sorted(found, key=lambda one: (one.name, one.id))


def warnings(reader: Reader, provider: Provider) -> list[str]:
    """A sentence each: what is locked, what will be, what waits for the street."""
    found = ["已暂停服务"] if provider.suspended else []
    day = today(reader.now)
    for one in reader.everything(certificates.CERTIFICATES).items.values():
        if one.provider_id != provider.id:
            continue
        owner = "" if one.of == "provider" else certificates.owner_name(reader, one)
        match certificates.state(one.current, day):
            case "expired":
                found.append(f"{owner}{one.text}已过期，不能派单")
            case "soon" if one.current is not None:
                found.append(f"{owner}{one.text} {one.current.valid_until} 到期")
        if one.pending is not None:
            found.append(f"{owner}{one.text}待审核")
    found += [
        f"{one.name}{reason}" for one in workers_of(reader, provider.id) for reason in _never(reader, one)
    ]
    found += [
        f"第 {one.number} 版价格表待审核"
        for one in price_lists.of_provider(reader, provider.id)
        if one.state == "draft"
    ]
    return found


def _never(reader: Reader, worker: staff.Staff) -> list[str]:
    """What somebody needs for their work and never had."""
    kinds = {kind for skill in worker.skills for kind in certificates.required(reader, skill)}
    has = {
        kind
        for kind in kinds
        if (
            known := reader.recall(
                certificates.CERTIFICATES, certificates.certificate_id("worker", worker.id, kind)
            )
        )
        and known.current is not None
    }
    return [f"没有{certificates.KINDS[kind].text}" for kind in sorted(kinds - has)]
