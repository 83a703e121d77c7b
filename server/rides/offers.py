"""A driver answers what they were offered: takes it, and is the only one who does, or declines with a reason."""

from typing import Any

from schemas.cases import Channel
from schemas.rides import DeclineRide, FindRideOffers, RideOffersView, RideOfferView, WhyNotView
from server import cases, drivers
from server.cases import CASES, Case, CaseNotFound, TimeIsUp
from server.catalogue import yuan
from server.config import Settings
from server.drivers import Driver
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, NotFound
from server.kit.flow import NotAllowedNow
from server.rides.acts import RideGone
from server.rides.details import Ride
from server.rides.kind import RIDE
from server.rides.stored import OFFER_STATES, RIDE_OFFERS, WHY_NOT, RideOffer
from server.sessions import SYSTEM, Actor
from server.words import said

_TAKER = frozenset({"driver"})


class RideOfferNotFound(NotFound):
    """没有找到这一单，可能不是问您的"""


class RideOfferExpired(Conflict):
    """答复的时间已经过了，已去问别的司机"""


class RideOfferAnswered(Conflict):
    """这一单您已经答复过了"""


async def find(reader: Reader, offer_id: str, actor: Actor) -> RideOffer:
    """Raises RideOfferNotFound, also for what was offered to somebody else."""
    offer = await reader.get(RIDE_OFFERS, offer_id)
    if offer is None or offer.driver_id != actor.id:
        raise RideOfferNotFound
    return offer


async def accept(tx: Tx, offer_id: str, actor: Actor, channel: Channel, rules: Settings) -> Case:
    """Raises RideOfferNotFound, RideOfferAnswered, RideOfferExpired, RideGone, DriverBusy."""
    return await _answer(tx, offer_id, "accept", {}, actor, channel, rules)


async def decline(
    tx: Tx, offer_id: str, answer: DeclineRide, actor: Actor, channel: Channel, rules: Settings
) -> RideOffer:
    """The next is asked at once. Raises as `accept` does."""
    await _answer(tx, offer_id, "decline", {"reason": answer.reason}, actor, channel, rules)
    return await find(tx, offer_id, actor)


async def _answer(
    tx: Tx,
    offer_id: str,
    action: str,
    form: dict[str, Any],
    actor: Actor,
    channel: Channel,
    rules: Settings,
) -> Case:
    offer = await find(tx, offer_id, actor)
    if offer.state in ("taken", "declined"):
        raise RideOfferAnswered
    if offer.state == "withdrawn":
        raise RideGone
    if offer.state == "expired" or offer.expires_at <= tx.now:
        raise RideOfferExpired
    case = await tx.get(CASES, offer.case_no)
    if case is None or RIDE.details_of(case).offer_id != offer.id:
        raise RideGone
    try:
        return await cases.move(tx, case.id, action, form, actor, channel, rules, also=_TAKER)
    except (CaseNotFound, NotAllowedNow) as error:
        raise RideGone from error
    except TimeIsUp as error:
        raise RideOfferExpired from error


async def go_off_duty(tx: Tx, driver_id: str, rules: Settings) -> Driver:
    """What they are being asked about goes to the next; a ride that they have is still theirs."""
    driver = await drivers.of(tx, driver_id)
    offer = await tx.get(RIDE_OFFERS, driver.offer_id) if driver.offer_id else None
    case = await tx.get(CASES, offer.case_no) if offer else None
    if offer and case and case.state == "offered" and RIDE.details_of(case).offer_id == offer.id:
        await cases.move(tx, case.id, "take_back", {}, SYSTEM, "system", rules)
    return await drivers.go_off_duty(tx, driver_id)


async def open_one(reader: Reader, driver_id: str) -> RideOffer | None:
    """What they are asked about now."""
    mine = {"driver_id": driver_id, "state": "open", "expires_at": {"$gt": reader.now}}
    return await reader.first(RIDE_OFFERS, mine)


async def listed(reader: Reader, wanted: FindRideOffers, actor: Actor) -> RideOffersView:
    """The actor's own, the newest first."""
    where: dict[str, Any] = {"driver_id": actor.id, "state": wanted.state}
    if wanted.state == "open":
        where["expires_at"] = {"$gt": reader.now}
    page = await reader.page(RIDE_OFFERS, where, sort="-at", cursor=wanted.cursor, limit=wanted.limit)
    return RideOffersView(
        items=[one for offer in page.items if (one := await view(reader, offer)) is not None],
        reasons=[WhyNotView(value=value, text=text) for value, text in WHY_NOT.items()],
        next=page.next,
    )


async def view(reader: Reader, offer: RideOffer) -> RideOfferView | None:
    """No more than is needed to decide; what was asked about is only shown while the answer is open or theirs."""
    case = await reader.get(CASES, offer.case_no)
    if case is None:
        return None
    ride: Ride = RIDE.details_of(case)
    over = offer.state == "open" and offer.expires_at <= reader.now
    state = "expired" if over else offer.state
    shown = state in ("open", "taken")
    left = (offer.expires_at - reader.now).total_seconds() if state == "open" else 0
    return RideOfferView(
        id=offer.id,
        state=state,
        state_text=OFFER_STATES[state],
        pickup=ride.pickup.text,
        dropoff=ride.dropoff.text,
        pickup_spot=ride.pickup.spot if shown else None,
        at=ride.at,
        when=said(ride.at) if ride.at else "现在",
        metres=offer.metres,
        minutes=max(-(-offer.seconds // 60), 1),
        way_metres=ride.estimate.metres,
        fare_fen=ride.estimate.total_fen,
        fare_text=f"约 {yuan(ride.estimate.total_fen)} 元",
        wheelchair=ride.wheelchair,
        helper=ride.helper,
        people=ride.people,
        pay=ride.pay,
        note=ride.note if shown else "",
        offered_at=offer.at,
        expires_at=offer.expires_at,
        left_s=max(int(left), 0),
        case_no=offer.case_no if state == "taken" else None,
        sentence=f"离您 {offer.metres} 米，从{ride.pickup.text}到{ride.dropoff.text}",
    )
