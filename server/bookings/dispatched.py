"""A confirmed booking is work for a worker: how it is read, and which of its steps matter to whoever gives it."""

from server import dispatch
from server.bookings.details import Booking
from server.dispatch import Job, Work
from server.kit.db import Tx
from server.kit.events import Event, on


def _job(booking: Booking) -> Job:
    return Job(
        service_id=booking.service_id,
        category=booking.category,
        start=booking.start,
        end=booking.end,
        day=booking.date,
        cells=booking.seats,
        price_fen=booking.price_fen,
        price_text=booking.price_text,
        held_up=bool(booking.suspension),
    )


WORK = Work(
    kind="booking",
    waits_in="confirmed",
    called_off=frozenset({"cancelled"}),
    take="take",
    usual="assign_usual",
    nobody="nobody",
    job=_job,
)


@on(
    "booking.confirm",
    "booking.accept_quote",
    "booking.assign",
    "booking.assign_usual",
    "booking.take",
    "booking.decline",
    "booking.reschedule",
    "booking.cancel",
    "booking.transfer",
    "booking.hold_up",
    "booking.go_on",
)
async def follow(tx: Tx, event: Event) -> None:
    """Somebody is looked for, was found, or is needed no more."""
    await dispatch.follow(tx, event, gave_back=event.data["action"] == "decline")
