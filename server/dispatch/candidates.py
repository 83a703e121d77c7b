"""Whom a person can choose from when they give the work themselves."""

from schemas.cases import CandidateView
from server import scores, staff
from server.cases import Case
from server.config import Settings
from server.dispatch.board import weighed
from server.dispatch.stored import Scored
from server.dispatch.work import job_of, usual
from server.kit.db import Reader
from server.staff import STAFF

_USUAL = "上次来的师傅"


async def candidates(reader: Reader, case: Case, rules: Settings) -> list[CandidateView]:
    """The provider's workers for this service: those who can be given it first, of these who came before at the top and
    then the best."""
    table, who = await weighed(reader, case, rules), await usual(reader, case)
    table = sorted(table, key=lambda one: bool(one.reasons) or one.worker_id != who)
    return [
        _view(reader, one, _USUAL if one.worker_id == who else "")
        for one in table
        if _does_such_work(reader, one, case)
    ]


def _does_such_work(reader: Reader, one: Scored, case: Case) -> bool:
    worker = reader.recall(STAFF, one.worker_id)
    return worker is not None and staff.serves(worker, case.provider_id or "", job_of(case).category)


def _view(reader: Reader, one: Scored, note: str) -> CandidateView:
    return CandidateView(
        id=one.worker_id,
        name=one.name,
        free=one.free,
        load=one.quarters,
        rating=scores.view(reader, scores.worker_key(one.worker_id)),
        score=one.score,
        reasons=one.reasons,
        note=note,
    )
