"""The start code of a visit: the resident reads it out at the door (server/start_codes.py)."""

from server.start_codes import LOCKED, Guard

GUARD = Guard()
count, check, warning = GUARD.count, GUARD.check, GUARD.warning

__all__ = ["GUARD", "LOCKED", "check", "count", "warning"]
