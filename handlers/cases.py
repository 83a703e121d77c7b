"""Cases: lists, one case, its history, and every move of every flow."""

from typing import Any

from handlers.base import Answer, Endpoint, allow
from schemas.cases import CandidatesView, CasesView, CaseView, FindCases, HistoryView
from server import bookings, cases, dispatch
from server.kit.db import Reader, Tx

TITLE = "办件"


class Cases(Endpoint):
    path = "/v1/cases"

    @allow("resident", "staff")
    async def get(self, query: FindCases) -> Answer[CasesView]:
        """Mine, newest first; or for staff those in scope: what was promised first, and at the end what is over."""
        pages = self.building.case_pages
        body = await self.building.db.reading(lambda reader: pages.page(reader, query, self.actor))
        return Answer(body)


class Case(Endpoint):
    path = "/v1/cases/{case_no}"

    @allow("resident", "staff")
    async def get(self, case_no: str) -> CaseView:
        """One case, with the actions that the caller has now."""

        async def seen(reader: Reader) -> CaseView:
            case = await cases.find(reader, case_no, self.actor)
            unread = await self.building.unread.of(reader, [case_no], self.actor)
            return cases.view(reader, case, self.actor, unread.get(case_no, 0))

        view = await self.building.db.reading(seen)
        await self.saw("cases.open", case_no, view.resident.id if view.resident else None)
        return view


class History(Endpoint):
    path = "/v1/cases/{case_no}/history"

    @allow("resident", "staff")
    async def get(self, case_no: str) -> HistoryView:
        """Every step, oldest first."""

        async def told(reader: Reader) -> HistoryView:
            return await cases.history(reader, await cases.find(reader, case_no, self.actor))

        return await self.building.db.reading(told)


class Candidates(Endpoint):
    path = "/v1/cases/{case_no}/candidates"

    @allow("provider", "dispatcher")
    async def get(self, case_no: str) -> CandidatesView:
        """Who could be sent, the best of those who can be first."""

        async def asked(reader: Reader) -> CandidatesView:
            case = await cases.find(reader, case_no, self.actor)
            return CandidatesView(items=await dispatch.candidates(reader, case, self.building.settings))

        return await self.building.db.reading(asked)


class Move(Endpoint):
    path = "/v1/cases/{case_no}/{action}"
    documented = False  # one path for each action: handlers/openapi/moves.py

    @allow("resident", "staff")
    async def post(self, case_no: str, action: str, body: dict[str, Any]) -> Answer[CaseView]:
        """Move the case along its flow; the body is the action's form, with an optional `version`."""
        rules, actor = self.building.settings, self.actor

        async def moved(tx: Tx) -> CaseView:
            case = await cases.move(tx, case_no, action, body, actor, self.channel, rules)
            unread = await self.building.unread.of(self.building.db.reader(), [case_no], actor)
            return cases.view(tx, case, actor, unread.get(case_no, 0))

        lanes = await bookings.lanes(self.building.db, case_no, action, body, actor)
        await cases.before_move(self.building.db, case_no, action, body, actor, rules)
        return await self.once(moved, lanes=lanes)
