"""Telling the resident of a case where it stands: one message, in the inbox and on WeChat."""

from msgspec import Struct

from schemas.push import Importance
from server import push
from server.cases.kinds import Case
from server.kit.db import Tx
from server.kit.events import Event
from server.push import Notice, Template
from server.residents import RESIDENTS

KEYS = {"thing1": "title", "character_string2": "case_no", "phrase3": "state", "thing4": "tip"}
"""The parameters of a template that says where a case stands."""


class Word(Struct, frozen=True):
    """`state` has at most 5 characters and `tip` at most 20, as the platform asks; the inbox has the whole text.
    `importance` where it is not the template's own."""

    state: str
    tip: str
    importance: Importance | None = None


async def tell(tx: Tx, event: Event, case: Case, template: Template, word: Word, text: str) -> None:
    """A repeat changes nothing; who has closed the account is not told."""
    resident = await tx.get(RESIDENTS, case.resident_id) if case.resident_id else None
    if resident is None:
        return
    payload = {"title": case.title, "case_no": case.id, "state": word.state, "tip": word.tip}
    page = f"packages/cases/pages/case/index?case_no={case.id}"
    notice = Notice(text=text, payload=payload, page=page, case_no=case.id, importance=word.importance)
    await push.send(tx, event, resident, template, notice)
