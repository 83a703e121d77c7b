"""Calls back 待回电: what WeChat did not show to a resident is told them by telephone.

`stored` says what is kept and how a call comes and goes; `moves` what its desks do, and `board` what they see.
"""

from server.return_calls.board import CALLERS, READERS, held_by, listed, view, waiting
from server.return_calls.moves import find, hand_over, lane, release, settle, take, undo
from server.return_calls.stored import RETURN_CALLS, ReturnCall, add, close, tries_of, waits_for

__all__ = [
    "CALLERS",
    "READERS",
    "RETURN_CALLS",
    "ReturnCall",
    "add",
    "close",
    "find",
    "hand_over",
    "held_by",
    "lane",
    "listed",
    "release",
    "settle",
    "take",
    "tries_of",
    "undo",
    "view",
    "waiting",
    "waits_for",
]
