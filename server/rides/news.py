"""A driver hears in WeCom what they are offered, and answers there: who drives has no hand for a page."""

from server import staff_push
from server.cases import CASES
from server.catalogue import yuan
from server.kit.clock import SHANGHAI
from server.kit.db import Tx
from server.kit.events import Event, on
from server.rides.details import Ride
from server.rides.kind import RIDE
from server.rides.stored import RIDE_OFFERS, RideOffer
from server.staff_push import Ask, Word
from server.words import said

_PAGE = "/console/driver"


@on("ride_offer.made")
async def tell_driver(tx: Tx, event: Event) -> None:
    """Not about what was answered, taken back or given on before anybody could be told."""
    offer = await tx.get(RIDE_OFFERS, event.data["offer_id"])
    case = await tx.get(CASES, event.data["case_no"])
    if offer is not None and offer.state == "open" and case is not None:
        await staff_push.send(tx, event, offer.driver_id, _word(offer, RIDE.details_of(case)))


def _word(offer: RideOffer, ride: Ride) -> Word:
    """No more than the driver sees before taking it; what may be long comes last, since a card cuts there."""
    needs = [text for needed, text in ((ride.wheelchair, "轮椅"), (ride.helper, "要帮忙")) if needed]
    parts = [
        f"离您 {offer.metres} 米",
        *(["、".join(needs)] if needs else []),
        f"约 {yuan(ride.estimate.total_fen)} 元",
        f"请在 {offer.expires_at.astimezone(SHANGHAI):%H:%M:%S} 前接单",
    ]
    way = f"{said(ride.at) if ride.at else '现在'}，从{ride.pickup.text}到{ride.dropoff.text}"
    ask = Ask(card="ride_offer", case_no=offer.case_no, about=offer.id)
    return Word(title="有人叫车", text=f"{'，'.join(parts)}。{way}", page=_PAGE, ask=ask)
