"""Nobody was at home: what the worker saw, and how the resident can say that it was otherwise."""

from datetime import datetime, timedelta

from server.bookings import acts, proof, tallies
from server.bookings.details import Booking
from server.cases import Act
from server.kit.clock import SHANGHAI
from server.kit.errors import Conflict


class TooEarlyForNoShow(Conflict):
    """还没到可以登记“上门无人”的时间，请再等一等并打电话联系"""


async def no_show(act: Act) -> None:
    """Only after the grace that the street gives, and with photos where the service asks for them.

    Raises TooEarlyForNoShow, NoShowPhotosMissing, AttachmentNotFound.
    """
    rules = act.rules.bookings
    may_from = act.details.start + timedelta(minutes=rules.no_show_grace_minutes)
    if act.tx.now < may_from:
        until = may_from.astimezone(SHANGHAI)
        raise TooEarlyForNoShow(f"请等到 {until:%H:%M}，并打电话联系居民后再登记")
    await proof.take_no_show(act)
    act.details.no_show_note = act.reason
    act.details.appeal_until = act.tx.now + timedelta(days=rules.appeal_days)
    await acts.end(act, used=True)


async def appeal(act: Act) -> None:
    act.details.appeal = act.reason


async def overturn(act: Act) -> None:
    """There was no visit: what it was counted as is given back."""
    await tallies.release(act.tx, act.details, used=False)


def appeal_hint(booking: Booking, now: datetime) -> str:
    """What the worker left, to be looked at before one says that it was otherwise."""
    photos = len(booking.no_show_photos)
    return f"师傅留了 {photos} 张现场照片，在这个办件的照片里可以看" if photos else ""
