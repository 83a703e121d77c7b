"""The backbone of everything a resident asks for: number, scope, moves with history, views."""

from server.cases.before import before_move
from server.cases.beside import beside
from server.cases.kinds import CASES, STILL_OPEN, Act, Case, Kind, Promise, kind_of
from server.cases.moves import CaseNotFound, TimeIsUp, VersionConflict, find, move, open_case, time_is_up
from server.cases.numbers import COUNTERS, CaseNumbers, is_case_no, with_check_digit
from server.cases.scope import parts, scope, theirs
from server.cases.views import CaseNoMistyped, counts, history, listed, shows_files, view

__all__ = [
    "CASES",
    "COUNTERS",
    "STILL_OPEN",
    "Act",
    "Case",
    "CaseNoMistyped",
    "CaseNotFound",
    "CaseNumbers",
    "Kind",
    "Promise",
    "TimeIsUp",
    "VersionConflict",
    "before_move",
    "beside",
    "counts",
    "find",
    "history",
    "is_case_no",
    "kind_of",
    "listed",
    "move",
    "open_case",
    "parts",
    "scope",
    "shows_files",
    "theirs",
    "time_is_up",
    "view",
    "with_check_digit",
]
