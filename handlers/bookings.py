"""Booking a service."""

from handlers.base import Answer, Endpoint, allow
from schemas.bookings import NewBooking
from schemas.cases import CaseView
from server import bookings, cases
from server.kit.db import Tx

TITLE = "预约"


class Bookings(Endpoint):
    path = "/v1/bookings"

    @allow("resident", "operator", "clerk", status=201)
    async def post(self, new: NewBooking) -> Answer[CaseView]:
        """Book a slot, or hold it for a few minutes with `hold: true`; or ask for a quote, for a service whose price
        depends."""
        house, actor = self.building, self.actor
        resident = await house.resident(bookings.for_whom(actor, new, self.on_behalf_of), actor)
        case_no = await house.case_numbers.next(bookings.BOOKING.prefix, house.clock.now())

        async def placed(tx: Tx) -> CaseView:
            if day is not None:
                await house.availability.refuse_full(house.db.reader(), new.service_id, new.start)
            case = await bookings.place(tx, actor, resident, new, case_no, self.channel, house.settings)
            return cases.view(tx, case, actor)

        day = bookings.contended_day(house.db.reader(), new)
        return await self.once(placed, status=201, with_whom=day)
