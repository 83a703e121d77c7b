"""Refunds as the bookkeepers see them: of the resident there is nothing but what was paid."""

from typing import Any, get_args

from schemas.refunds import FindRefunds, RefundAction, RefundsView, RefundView
from server.kit.db import Reader
from server.refunds.acts import RefundNotFound, may
from server.refunds.notices import said
from server.refunds.stored import OPEN, REFUNDS, STATES, Refund
from server.sessions import Actor


async def find(reader: Reader, refund_id: str) -> Refund:
    """Raises RefundNotFound."""
    found = await reader.get(REFUNDS, refund_id)
    if found is None:
        raise RefundNotFound
    return found


async def listed(reader: Reader, wanted: FindRefunds, actor: Actor) -> RefundsView:
    """The newest first. Raises BadCursor."""
    wheres: list[dict[str, Any]] = [{}]
    if wanted.state is not None:
        wheres = [{"state": one} for one in (sorted(OPEN) if wanted.state == "open" else [wanted.state])]
    page = await reader.merged(REFUNDS, wheres, sort="-at", cursor=wanted.cursor, limit=wanted.limit)
    return RefundsView(items=[view(one, actor) for one in page.items], next=page.next)


async def of_payment(reader: Reader, payment_id: str, actor: Actor) -> list[RefundView]:
    found = await reader.all(REFUNDS, {"payment_id": payment_id}, limit=_MOST)
    return [view(one, actor) for one in sorted(found, key=lambda one: one.at)]


_MOST = 100


def view(refund: Refund, actor: Actor) -> RefundView:
    actions: tuple[RefundAction, ...] = get_args(RefundAction)
    return RefundView(
        id=refund.id,
        payment_id=refund.payment_id,
        title=refund.title,
        state=refund.state,
        state_text=STATES[refund.state],
        points_fen=refund.points_fen,
        pay_fen=refund.pay_fen,
        text=said(refund),
        reason=refund.reason,
        why=refund.why,
        proposed_by=refund.proposer,
        decided_by=refund.decider,
        decided_at=refund.decided_at,
        answer=refund.answer,
        handed_by=refund.hander,
        handed_note=refund.handed_note,
        done_at=refund.done_at,
        at=refund.at,
        actions=[one for one in actions if may(refund, one, actor)],
    )
