"""Broadcasts 群发: a published announcement reaches every inbox it is for, and the phones of those who have agreed."""

from server.broadcasts.acts import act, correct, find, hold_back, of, publish, withdraw
from server.broadcasts.planning import PLANNING
from server.broadcasts.stored import ANNOUNCED, BROADCASTS, CHUNKS, Broadcast, BroadcastNotFound, Chunk
from server.broadcasts.sweeping import gate
from server.broadcasts.tagged import lost, retire_tag, to_come
from server.broadcasts.views import view
from server.broadcasts.writing import WRITING

__all__ = [
    "ANNOUNCED",
    "BROADCASTS",
    "CHUNKS",
    "PLANNING",
    "WRITING",
    "Broadcast",
    "BroadcastNotFound",
    "Chunk",
    "act",
    "correct",
    "find",
    "gate",
    "hold_back",
    "lost",
    "of",
    "publish",
    "retire_tag",
    "to_come",
    "view",
    "withdraw",
]
