"""Ordering tickets."""

from handlers.base import Answer, Endpoint, allow
from schemas.cases import CaseView
from schemas.tickets import NewTicket
from server import cases, rides, tickets, trips
from server.kit.db import Tx

TITLE = "车票代购"


class Tickets(Endpoint):
    path = "/v1/tickets"

    @allow("resident", "operator", "clerk", status=201)
    async def post(self, new: NewTicket) -> Answer[CaseView]:
        """Ask the agent for tickets. What follows are moves of the case: the agent's quote, the resident's agreement and
        payment, the tickets; later a change or giving them back."""
        house, actor = self.building, self.actor
        resident = await house.resident(tickets.for_whom(actor, new, self.on_behalf_of), actor)
        case_no = await house.case_numbers.next(tickets.TICKET.prefix, house.clock.now())
        ride_no = None
        if new.station_ride is not None:
            ride_no = await house.case_numbers.next(rides.RIDE.prefix, house.clock.now())

        async def ordered(tx: Tx) -> CaseView:
            rules, channel = house.settings, self.channel
            case = await tickets.order(
                tx, actor, resident, new, case_no, channel, house.vault, rules, ride_no
            )
            if new.station_ride is not None and ride_no is not None:
                people, numbers = len(new.passenger_ids), (case_no, ride_no)
                await trips.hold(tx, actor, resident, new.station_ride, people, numbers, channel, rules)
            return cases.view(tx, case, actor)

        return await self.once(ordered, status=201)
