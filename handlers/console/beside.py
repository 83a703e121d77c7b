"""What stands beside a case on its page: how it was rated, and the follow-up and complaint that belong to it."""

from typing import Any

from msgspec import Struct

from server import cases, complaints, followups, ratings, redress
from server.cases import CASES, Case
from server.cases.numbers import sibling
from server.kit.db import Reader
from server.sessions import Actor

_KINDS = (followups.FOLLOWUP, redress.REDRESS, complaints.COMPLAINT)


class Beside(Struct, frozen=True):
    case_no: str
    kind_text: str
    state_text: str


async def beside(reader: Reader, case: Case, actor: Actor) -> dict[str, Any]:
    """Only what the actor may see; a case that cannot be rated has nothing beside it."""
    if case.kind not in ratings.dimensions():
        return {"rating": None, "beside": []}
    given = await reader.get(ratings.RATINGS, case.id)
    numbers = [sibling(case.id, one.prefix) for one in _KINDS]
    found = await reader.all(CASES, {"_id": {"$in": numbers}}, limit=len(numbers))
    return {
        "rating": ratings.view(given) if given else None,
        "beside": [_view(one) for one in found if cases.parts(actor, one)],
    }


def _view(case: Case) -> Beside:
    kind = cases.kind_of(case)
    return Beside(case.id, kind.text, kind.flow.states[case.state].text)
