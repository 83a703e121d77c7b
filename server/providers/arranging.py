"""What the street has to arrange while a provider is suspended: the visits that were agreed, and who else could come."""

from datetime import date
from typing import Any

from schemas.providers import ChoiceView, VisitsToArrange, VisitToArrange
from server import catalogue, scores, slots
from server.cases import CASES, STILL_OPEN, Case
from server.cases.kinds import kind_of
from server.catalogue import Service
from server.kit.db import Reader
from server.providers.suspensions import SUSPENSIONS, others_of

_SHOWN = 100
_CHOICES = 5


async def to_arrange(reader: Reader, provider_id: str) -> VisitsToArrange:
    """The next visit first."""
    active = await reader.first(SUSPENSIONS, {"provider_id": provider_id, "active": True})
    if active is None:
        return VisitsToArrange(items=[])
    where = {"provider_id": provider_id, **STILL_OPEN, "kind": "booking", "details.suspension": active.id}
    cases = await reader.all(CASES, where, limit=_SHOWN, sort="details.start")
    others = {one.id: others_of(reader, one) for one in cases}
    days = await _days(reader, cases, others)
    return VisitsToArrange(items=[_visit(reader, one, others[one.id], days) for one in cases])


async def _days(
    reader: Reader, cases: list[Case], others: dict[str, list[Service]]
) -> dict[str, dict[str, int]]:
    """Who is busy when in the pools that could come, read at once."""
    ids = {
        slots.day_id(service.pool_id, date.fromisoformat(case.details["day"]))
        for case in cases
        for service in others[case.id]
    }
    found = await reader.all(slots.OCCUPANCY, {"_id": {"$in": sorted(ids)}}, limit=len(ids)) if ids else []
    return {one.id: one.cells for one in found}


def _visit(
    reader: Reader, case: Case, others: list[Service], days: dict[str, dict[str, int]]
) -> VisitToArrange:
    details = case.details
    free = [one for one in others if _is_free(reader, one, details, days)]
    return VisitToArrange(
        case_no=case.id,
        title=case.title,
        resident=case.resident_name,
        when=details["start"],
        state_text=kind_of(case).flow.states[case.state].text,
        price_fen=details["price_fen"],
        choices=[_choice(reader, one) for one in free[:_CHOICES]],
    )


def _is_free(
    reader: Reader, service: Service, details: dict[str, Any], days: dict[str, dict[str, int]]
) -> bool:
    try:
        slots.check_within(reader, service, details["start"])
    except slots.SlotNotOffered:
        return False
    if service.mode == "quote" and not service.seat_for_quote:
        return True
    day, wanted = slots.seat(service, details["start"])
    pool = catalogue.pool_of(reader, service)
    return slots.fits(days.get(slots.day_id(pool.id, day), {}), wanted, slots.capacity(pool, day))


def _choice(reader: Reader, service: Service) -> ChoiceView:
    provider = catalogue.provider_of(reader, service.provider_id)
    return ChoiceView(
        service_id=service.id,
        service=service.name,
        provider=provider.name if provider else "",
        price=catalogue.price_view(service),
        rating=scores.view(reader, scores.provider_key(service.provider_id)),
    )
