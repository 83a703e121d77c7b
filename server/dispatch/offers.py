"""A worker answers what they were offered: takes it, and is the only one who does, or declines with a reason."""

from typing import Any

from schemas.cases import Channel
from schemas.dispatch import DeclineOffer, FindOffers, OffersView, OfferView, ReasonView
from server import cases, places, staff
from server.cases import CASES, Case, CaseNotFound
from server.config import Settings
from server.dispatch.giving import give, had_turn
from server.dispatch.stored import DISPATCHES, OFFER_STATES, OFFERS, REASONS, Offer
from server.dispatch.work import job_of, works
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, NotFound
from server.kit.events import Event, emit
from server.kit.flow import NotAllowedNow
from server.sessions import Actor
from server.words import clock_time, said

_TAKER = frozenset({"worker"})


class OfferNotFound(NotFound):
    """没有找到这一单，可能不是派给您的"""


class OfferTaken(Conflict):
    """这一单已经有人先接了"""


class OfferExpired(Conflict):
    """接单的时间已经过了"""


class OfferDeclined(Conflict):
    """您已经说过不接这一单"""


class OfferWithdrawn(Conflict):
    """这一单改了时间或已取消，不用接了"""


async def find(reader: Reader, offer_id: str, actor: Actor) -> Offer:
    """Raises OfferNotFound, also for what was offered to somebody else."""
    offer = await reader.get(OFFERS, offer_id)
    if offer is None or offer.worker_id != actor.id:
        raise OfferNotFound
    return offer


async def take(tx: Tx, offer_id: str, actor: Actor, channel: Channel, rules: Settings) -> Case:
    """The work is theirs: the case moves, their time is taken and nobody else is asked any more, or nothing happens.

    Raises OfferNotFound, OfferTaken, OfferExpired, OfferDeclined, OfferWithdrawn, and what the case's move raises.
    """
    offer = await _answerable(tx, offer_id, actor)
    case = await tx.get(CASES, offer.case_no)
    if case is None or job_of(case).start != offer.start:
        raise OfferWithdrawn
    try:
        action = works()[case.kind].take
        case = await cases.move(tx, case.id, action, {}, actor, channel, rules, also=_TAKER)
    except (CaseNotFound, NotAllowedNow) as error:
        raise _gone(tx, case) from error
    mine = {"state": "taken", "answered_at": tx.now, "taken_by": actor.id}
    await tx.change(OFFERS, {"_id": offer.id, "state": "open"}, {"$set": mine})
    await give(tx, case, actor.id)
    await had_turn(tx, actor.id, counts=offer.mode != "rotate")
    return case


def _gone(reader: Reader, case: Case) -> Conflict:
    """Why the case cannot be taken, though the offer does not know it yet."""
    return _taken(reader, case.worker_id) if case.open and case.worker_id else OfferWithdrawn()


def _taken(reader: Reader, worker_id: str) -> OfferTaken:
    first = reader.recall(staff.STAFF, worker_id)
    return OfferTaken(f"{first.name}先接了这一单" if first else None)


async def _answerable(reader: Reader, offer_id: str, actor: Actor) -> Offer:
    offer = await find(reader, offer_id, actor)
    match offer.state:
        case "taken":
            raise OfferTaken("您已经接了这一单")
        case "declined":
            raise OfferDeclined
        case "withdrawn" if offer.taken_by is not None:
            raise _taken(reader, offer.taken_by)
        case "withdrawn":
            raise OfferWithdrawn
    if offer.state == "expired" or offer.expires_at <= reader.now:
        raise OfferExpired
    return offer


async def decline(tx: Tx, offer_id: str, answer: DeclineOffer, actor: Actor) -> Offer:
    """Not them: when everybody in the round has said so, the next begins at once.

    Raises OfferNotFound, OfferTaken, OfferExpired, OfferDeclined, OfferWithdrawn.
    """
    offer = await _answerable(tx, offer_id, actor)
    offer.state, offer.answered_at = "declined", tx.now
    offer.reason, offer.note = answer.reason, answer.note
    if not await tx.replace(OFFERS, offer, {"_id": offer.id, "state": "open"}):
        raise OfferWithdrawn
    _told(tx, offer, actor)
    where: dict[str, Any] = {"_id": offer.case_no, "state": "offering", "round": offer.round}
    less = {"$inc": {"open": -1, "version": 1}, "$addToSet": {"refused": actor.id}}
    dispatch = await tx.take(DISPATCHES, where, less)
    if dispatch is not None and dispatch.open <= 0:
        await tx.change(DISPATCHES, {"_id": dispatch.id}, {"$set": {"due_at": tx.now}})
    return offer


def _told(tx: Tx, offer: Offer, actor: Actor) -> None:
    """No step of the case: nobody needs to read there who did not want to come."""
    subject = f"{offer.case_no}:offer"
    by = {"kind": actor.kind, "id": actor.id, "name": actor.name, "role": "worker"}
    emit(
        tx,
        Event(
            id=f"{subject}.{offer.id}",
            type="dispatch.declined",
            subject=subject,
            seq=offer.round,
            at=tx.now,
            by=by,
            channel="system",
            data={"case_no": offer.case_no, "round": offer.round},
        ),
    )


async def listed(reader: Reader, wanted: FindOffers, actor: Actor) -> OffersView:
    """The actor's own, the newest first; whose time is over are not open, whatever the timer has done yet."""
    where: dict[str, Any] = {"worker_id": actor.id, "state": wanted.state}
    if wanted.state == "open":
        where["expires_at"] = {"$gt": reader.now}
    page = await reader.page(OFFERS, where, sort="-at", cursor=wanted.cursor, limit=wanted.limit)
    reasons = [ReasonView(value=value, text=text) for value, text in REASONS.items()]
    return OffersView(items=[view(reader, one) for one in page.items], reasons=reasons, next=page.next)


def view(reader: Reader, offer: Offer) -> OfferView:
    """No more than is needed to decide: nothing that leads to the resident."""
    over = offer.state == "open" and offer.expires_at <= reader.now
    state = "expired" if over else offer.state
    left = (offer.expires_at - reader.now).total_seconds() if state == "open" else 0
    return OfferView(
        id=offer.id,
        mode=offer.mode,
        state=state,
        state_text=OFFER_STATES[state],
        title=offer.title,
        when=f"{said(offer.start)}–{clock_time(offer.end)}",
        start=offer.start,
        end=offer.end,
        community=places.name_of(reader, offer.community_id),
        compound=places.name_of(reader, offer.compound_id),
        price_fen=offer.price_fen,
        price_text=offer.price_text,
        offered_at=offer.at,
        expires_at=offer.expires_at,
        left_s=max(int(left), 0),
        case_no=offer.case_no if state == "taken" else None,
        sentence=_sentence(reader, offer, state),
    )


def _sentence(reader: Reader, offer: Offer, state: str) -> str:
    """Where things stand, to be read aloud."""
    match state:
        case "open":
            first = "轮到您了" if offer.mode == "rotate" else "先接先得"
            return f"{first}，请在 {clock_time(offer.expires_at)} 前答复"
        case "taken":
            return "您已接单，请按时上门"
        case "declined":
            return f"您没有接：{REASONS[offer.reason or 'other']}"
        case "expired":
            return "没有在时间内答复，已经去问别的师傅"
    return _taken(reader, offer.taken_by).message if offer.taken_by else OfferWithdrawn.text
