"""Giving work to workers: assign 指派 by a person, grab 抢单 among several, rotate 轮派 one after the other.

A noun whose cases are work declares a `Work` and calls `follow` for its steps; everything else is done here. How each
choice was made is kept, with everybody who was weighed for it (docs/decisions/dispatch.md).
"""

from server.dispatch.board import again, explained, listed, providers_of, view
from server.dispatch.candidates import candidates
from server.dispatch.day import of_day
from server.dispatch.fairness import gini, report
from server.dispatch.follow import follow
from server.dispatch.giving import choose
from server.dispatch.rounds import ROUNDS
from server.dispatch.scoring import PARTS, works_for
from server.dispatch.stored import CHOICES, DISPATCHES, OFFERS, REASONS, TURNS, Dispatch, Offer
from server.dispatch.work import Job, Usual, Work

__all__ = [
    "CHOICES",
    "DISPATCHES",
    "OFFERS",
    "PARTS",
    "REASONS",
    "ROUNDS",
    "TURNS",
    "Dispatch",
    "Job",
    "Offer",
    "Usual",
    "Work",
    "again",
    "candidates",
    "choose",
    "explained",
    "follow",
    "gini",
    "listed",
    "of_day",
    "providers_of",
    "report",
    "view",
    "works_for",
]
