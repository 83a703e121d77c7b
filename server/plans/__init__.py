"""Recurring plans: the same visit every week, booked as far ahead as the service's days are open."""

from server.plans.changes import end, open_plan, pause, resume, skip
from server.plans.rolling import ROLLS, roll
from server.plans.views import listed, view
from server.plans.visits import PLANS, VISITS, Plan, Visit, find, wish

__all__ = [
    "PLANS",
    "ROLLS",
    "VISITS",
    "Plan",
    "Visit",
    "end",
    "find",
    "listed",
    "open_plan",
    "pause",
    "resume",
    "roll",
    "skip",
    "view",
    "wish",
]
