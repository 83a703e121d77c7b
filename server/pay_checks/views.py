"""The comparison as the bookkeepers see it."""

from datetime import date
from typing import Any, get_args

from schemas.pay_checks import (
    DifferenceAction,
    FindChecks,
    FindDifferences,
    PayChecksView,
    PayCheckView,
    PayDifferencesView,
    PayDifferenceView,
    SumsView,
)
from server.kit.db import Reader
from server.kit.errors import NotFound
from server.pay_checks.answering import may
from server.pay_checks.stored import (
    CHECK_STATES,
    CHECKS,
    DIFFERENCES,
    KINDS,
    STATES,
    UNSETTLED,
    PayCheck,
    PayDifference,
    Sums,
)
from server.sessions import Actor

MOST = 5_000


class PayCheckNotFound(NotFound):
    """这一天还没有对账"""


async def check_of(reader: Reader, day: str) -> PayCheck:
    """Raises PayCheckNotFound."""
    found = await reader.get(CHECKS, day)
    if found is None:
        raise PayCheckNotFound
    return found


async def listed(reader: Reader, wanted: FindChecks) -> PayChecksView:
    """The latest day first. Raises BadCursor."""
    page = await reader.page(CHECKS, {}, sort="-at", cursor=wanted.cursor, limit=wanted.limit)
    return PayChecksView(items=[await view(reader, one) for one in page.items], next=page.next)


async def view(reader: Reader, check: PayCheck) -> PayCheckView:
    unsettled = {"day": check.id, "state": {"$in": list(UNSETTLED)}}
    return PayCheckView(
        day=check.day,
        state=check.state,
        state_text=CHECK_STATES[check.state],
        ours=_sums(check.ours),
        theirs=_sums(check.theirs),
        differences=check.differences,
        unsettled=await reader.count(DIFFERENCES, unsettled) if check.differences else 0,
        runs=check.runs,
        ran_at=check.ran_at,
    )


def _sums(one: Sums) -> SumsView:
    return SumsView(
        payments=one.payments, paid_fen=one.paid_fen, refunds=one.refunds, refunded_fen=one.refunded_fen
    )


async def differences(reader: Reader, day: str, wanted: FindDifferences, actor: Actor) -> PayDifferencesView:
    """Of a day, the newest first. Raises PayCheckNotFound, BadCursor."""
    await check_of(reader, day)
    where: dict[str, Any] = {"day": day} | ({"state": wanted.state} if wanted.state else {})
    page = await reader.page(DIFFERENCES, where, sort="-at", cursor=wanted.cursor, limit=wanted.limit)
    return PayDifferencesView(items=[view_difference(one, actor) for one in page.items], next=page.next)


async def all_differences(reader: Reader, day: date, actor: Actor) -> list[PayDifferenceView]:
    """At most 5,000 of a day."""
    found = await reader.all(DIFFERENCES, {"day": day.isoformat()}, limit=MOST)
    return [view_difference(one, actor) for one in found]


def view_difference(one: PayDifference, actor: Actor) -> PayDifferenceView:
    actions: tuple[DifferenceAction, ...] = get_args(DifferenceAction)
    facts = one.facts
    return PayDifferenceView(
        id=one.id,
        day=one.day,
        kind=one.kind,
        kind_text=KINDS[one.kind],
        refund=one.refund,
        number=one.number,
        payment_id=facts.payment_id,
        ours_fen=facts.ours_fen,
        theirs_fen=facts.theirs_fen,
        ours_state=facts.ours_state,
        theirs_state=facts.theirs_state,
        state=one.state,
        state_text=STATES[one.state],
        reason=one.reason,
        resolved_by=one.resolver,
        confirmed_by=one.confirmer,
        returned=one.returned,
        at=one.at,
        actions=[action for action in actions if may(one, action, actor)],
    )
