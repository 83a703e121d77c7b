"""The departures of an order."""

from datetime import UTC

from msgspec import Struct

from server.tickets.details import Passenger, Seat, Ticket


class Leg(Struct, frozen=True):
    """One departure, and those of the order who are on it."""

    seat: Seat
    people: tuple[Passenger, ...]

    @property
    def key(self) -> str:
        return f"{self.seat.number}|{self.seat.depart_at.astimezone(UTC):%Y%m%dT%H%M}"


def legs(ticket: Ticket) -> list[Leg]:
    """The departures for which somebody has a good ticket that is not being given back, the earliest first."""
    found: dict[str, Leg] = {}
    for one in ticket.bought:
        if one.ticket is not None and one.state != "refunding":
            leg = Leg(one.ticket, (one,))
            known = found.get(leg.key)
            found[leg.key] = Leg(known.seat, (*known.people, one)) if known else leg
    return sorted(found.values(), key=lambda one: one.seat.depart_at)
