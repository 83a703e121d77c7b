"""Tickets 车票代购: an agent buys train and plane tickets for residents, who agree to the price and pay it first."""

from server.tickets.details import Ticket
from server.tickets.flow import FLOW
from server.tickets.holds import holder
from server.tickets.kind import CATEGORY, TICKET, agency_of, for_whom, order
from server.tickets.messages import TEMPLATES

__all__ = [
    "CATEGORY",
    "FLOW",
    "TEMPLATES",
    "TICKET",
    "Ticket",
    "agency_of",
    "for_whom",
    "holder",
    "order",
]
