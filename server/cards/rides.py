"""The door of a ride that is offered to a driver: one tap takes it, one lets it go to the next."""

from schemas.rides import DeclineRide
from server.cards.kinds import CardKind, Door, First, Look, Tap
from server.config import Settings
from server.kit.db import Tx
from server.kit.errors import Forbidden
from server.rides import RIDE, offers
from server.rides.stored import RIDE_OFFERS, WHY_NOT, RideOffer
from server.sessions import Actor
from server.staff import STAFF
from server.staff_push import Card

_NOTHING: frozenset[str] = frozenset()
_ANSWERS = frozenset({"accept", "decline"})


async def _open(look: Look, card: Card, actor: Actor) -> frozenset[str]:
    offer = await look.reader.get(RIDE_OFFERS, card.about)
    if offer is None or offer.driver_id != actor.id or "driver" not in actor.roles:
        return _NOTHING
    if offer.state != "open" or offer.expires_at <= look.reader.now:
        return _NOTHING
    return _ANSWERS if RIDE.details_of(look.case).offer_id == offer.id else _NOTHING


async def _answer(tx: Tx, tap: Tap, rules: Settings) -> None:
    """Who drives is not asked for a reason. Raises Forbidden, and what the answer raises."""
    if "driver" not in tap.actor.roles:
        raise Forbidden
    if tap.action == "accept":
        await offers.accept(tx, tap.card.about, tap.actor, "wecom", rules)
    else:
        await offers.decline(tx, tap.card.about, DeclineRide(reason="other"), tap.actor, "wecom", rules)


async def _answered(look: Look, card: Card, kind: CardKind) -> First | None:
    """What became of the offer; where it was taken back, what became of the ride."""
    offer = await look.reader.get(RIDE_OFFERS, card.about)
    if offer is None:
        return None
    if offer.state == "taken":
        return _given(look, offer.driver_id)
    if offer.state == "declined":
        why = f"：{WHY_NOT[offer.reason]}" if offer.reason not in (None, "other") else ""
        return _fact(f"您没有接{why}")
    if offer.state == "withdrawn":
        return _taken_back(look, offer)
    return _fact(offers.RideOfferExpired().message) if offer.expires_at <= look.reader.now else None


def _taken_back(look: Look, offer: RideOffer) -> First:
    if look.case.worker_id == offer.driver_id:
        return _fact("已派给您")
    if look.case.worker_id is not None:
        return _given(look, look.case.worker_id)
    return _fact("已收回，去问别的司机了" if look.case.open else "这一单取消了，不用接了")


def _given(look: Look, driver_id: str) -> First:
    member = look.reader.recall(STAFF, driver_id)
    return First("staff", driver_id, member.name if member else "别的司机", "接单")


def _fact(sentence: str) -> First:
    return First("system", "", "", sentence)


RIDE_OFFER = Door(_open, _answer, _answered)
