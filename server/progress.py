"""Where a case stands, told to whoever has its receipt in hand: the number on it, and the end of the phone left with it.

Whoever asks has not signed in, so nobody learns more than that: no name, no provider, no time of a visit. A number that
does not exist, one that goes with another phone and one of a case that ended long ago are asked for by one and the same
query and refused in the same words.
"""

import re
from datetime import timedelta
from typing import Any

import msgspec

from schemas.approvals import StepShown
from schemas.cases import CaseView
from schemas.progress import FindProgress, ProgressView
from server.cases import CASES, view
from server.config import Progress, Settings
from server.kit.db import Reader
from server.kit.errors import NotFound, TooMany
from server.kit.pace import Pace
from server.sessions import Actor


class ProgressNotFound(NotFound):
    """没有查到，请核对受理单上的编号和手机号后四位；办结很久的请到社区窗口查询"""


class AskedForTooOften(TooMany):
    """这个编号查得太勤了，请过一会儿再查"""


_ANYBODY = Actor("resident", "", "")
_RUN_TOGETHER = re.compile(r"([A-Z]{2})([0-9]{8})([0-9]{7,9})")
_DASHES = str.maketrans(dict.fromkeys("－—–−", "-"))


class Paces:
    """How often it may be asked, in this process: from one address, and for one number, be it right or wrong."""

    def __init__(self, rules: Progress) -> None:
        self.addresses = Pace(rules.address_per_hour / 3600, rules.address_burst)
        self._numbers = Pace(rules.number_per_hour / 3600, rules.number_burst)

    def ask_for(self, case_no: str, now_s: float) -> None:
        """Raises AskedForTooOften."""
        late = self._numbers.late(case_no, now_s)
        if late:
            raise AskedForTooOften(retry_after=late)


def number_of(typed: str) -> str:
    """A case number as it is stored: people type it in small letters, with blanks, or without its dashes."""
    plain = "".join(typed.split()).upper().translate(_DASHES)
    together = _RUN_TOGETHER.fullmatch(plain)
    return "-".join(together.groups()) if together else plain


async def look_up(reader: Reader, wanted: FindProgress, rules: Settings) -> ProgressView:
    """Raises ProgressNotFound."""
    since = reader.now - timedelta(days=rules.progress.days)
    where: dict[str, Any] = {
        "_id": number_of(wanted.case_no),
        "phone_tail": wanted.phone_tail,
        "$or": [{"open": True}, {"updated_at": {"$gte": since}}],
    }
    found = await reader.all(CASES, where, limit=1)
    if not found:
        raise ProgressNotFound
    return _told(view(reader, found[0], _ANYBODY))


def _told(case: CaseView) -> ProgressView:
    """A kind that has a sentence and steps made to be read by anybody gives them itself; of others the bare state."""
    clock = case.clock.text if case.clock else ""
    aloud = case.details.get("aloud")
    steps = msgspec.convert(case.details["steps"], list[StepShown]) if aloud else []
    plain = f"“{case.title}”现在是“{case.state_text}”" + (f"，{clock}" if clock else "")
    return ProgressView(
        case_no=case.case_no,
        item=case.title,
        state_text=case.state_text,
        tone=case.tone,
        aloud=aloud or plain,
        clock_text=clock,
        steps=steps,
    )
