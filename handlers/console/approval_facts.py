"""What the case page shows of an approval beyond what it shows of every case: whom a step may be handed to, the answers
in the words of the item's form, and the photos of a home visit."""

from typing import Any

from msgspec import Struct

from handlers import words
from schemas.approvals import ColleagueView
from schemas.cases import ActionView, CaseView
from server import attachments
from server.approvals import desk
from server.cases import Case
from server.config import Settings
from server.kit.db import Reader
from server.sessions import Actor

ON_ITS_OWN_PAGE = frozenset({"edit", "submit", "resubmit", "judge", "supplement", "allow_second"})
"""Done on a page made for it, where what it is about is seen."""


class Colleagues(Struct, frozen=True):
    """To whom a step may be handed, and who may be sent a copy."""

    able: list[ColleagueView]
    everybody: list[ColleagueView]

    def of(self, source: str) -> list[ColleagueView]:
        return self.everybody if source.endswith("everybody=true") else self.able


def shown(case: Case, actions: list[ActionView]) -> list[ActionView]:
    """The actions that have a form on the case page."""
    if case.kind != desk.KIND:
        return actions
    return [one for one in actions if one.name not in ON_ITS_OWN_PAGE]


async def facts(reader: Reader, case: Case, view: CaseView, actor: Actor, rules: Settings) -> dict[str, Any]:
    """Of other kinds nothing."""
    if case.kind != desk.KIND:
        return {"colleagues": None, "shown_files": {}}
    asked = {
        field.source.endswith("everybody=true")
        for one in view.actions
        for field in one.fields
        if field.source
    }
    lists = {all_of_them: desk.helpers(reader, case, actor, all_of_them).items for all_of_them in asked}
    fields = {one.name: one for one in desk.fields(reader, case)}
    answers = view.details.get("form", {}).items()
    photos = [name for one in view.details.get("visits", []) for name in one["photos"]]
    return {
        "colleagues": Colleagues(lists.get(False, []), lists.get(True, [])),
        "shown_files": await attachments.views(reader, photos, rules) if photos else {},
        "answers": [words.answer(name, fields.get(name), value) for name, value in answers],
    }
