"""One order of tickets on the agent's desk: what is wanted, for whom, the price, what was bought, changes, giving back.

Documents are on the page only after somebody has said why they look; that is on record. Acts go the way the API's do.
"""

from typing import Any

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.console import case as case_page
from handlers.console.case import ON_THE_TICKET_PAGE, Moved, Problem, fen_of, moment_of, read_as
from handlers.console.tickets import LIST, address
from handlers.page import Goto, Page, Shown
from schemas.cases import CaseView
from schemas.passengers import RevealedTravellersView
from schemas.reveals import REASONS, NewReveal
from schemas.tickets import SEAT_TEXTS
from server import cases, reveals
from server.cases import Case, CaseNotFound
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError, Invalid
from server.passengers import showing
from server.tickets import desk

_SHOWN = frozenset({403, 404, 409, 422})
_LABELS = {
    "alternative": "哪一趟",
    "number": "车次或航班",
    "seat_class": "席别",
    "depart_at": "发车时间",
    "arrive_at": "到达时间",
    "price_fen": "票价",
    "prices": "每个人的票价",
    "record_no": "取票号",
    "results": "每个人的结果",
}


class Look(Struct, frozen=True):
    """What the page shows beyond the order itself."""

    problem: Problem = Problem()
    whole: RevealedTravellersView | None = None
    flash: str = ""
    status: int = 200


async def shown(page: Page, case_no: str, look: Look) -> Shown:
    """Raises CaseNotFound, also for what is no order of tickets."""
    rules = page.building.settings

    async def seen(reader: Reader) -> dict[str, Any]:
        case = await _find(reader, case_no, page)
        view = cases.view(reader, case, page.actor)
        drawn = case_page.buttons(case, view.actions, page.actor)
        return {
            "case": view,
            "may": {one.name for one in view.actions},
            "buttons": [one for one in drawn if one.name not in ON_THE_TICKET_PAGE],
            "fees": desk.fees(case, rules),
        }

    facts = await page.building.db.reading(seen)
    page.building.live.shown(facts["case"])
    more: dict[str, Any] = {
        "problem": look.problem,
        "whole": look.whole,
        "flash": look.flash,
        "reasons": REASONS,
        "seats": SEAT_TEXTS,
        "colleagues": None,
        "choices": [],
        "files": [],
        "acts_at": LIST,
        "buys": not page.actor.roles.isdisjoint(showing.BUYERS),
    }
    return Shown("console/tickets_one.html", facts | more, look.status)


async def _find(reader: Reader, case_no: str, page: Page) -> Case:
    case = await cases.find(reader, case_no, page.actor)
    if case.kind != desk.KIND:
        raise CaseNotFound
    return case


class OneTicket(Page):
    path = "/console/tickets/{case_no}"

    @allow("staff")
    async def get(self, case_no: str) -> Shown:
        """The order, and what may be done with it now."""
        found = await shown(self, case_no, Look(flash=self.flashed()))
        whose = found.facts["case"].resident
        await self.saw("cases.open", case_no, whose.id if whose else None)
        return found


class TicketReveal(Page):
    path = "/console/tickets/{case_no}/reveal"

    @allow("staff")
    async def get(self, case_no: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(address(case_no))

    @allow("staff")
    async def post(self, case_no: str, form: dict[str, str]) -> Shown:
        """Names and papers of the passengers whole, this once; sent twice it is one look."""
        house, actor = self.building, self.actor
        try:
            why = {name: text for name, text in form.items() if text.strip() and name != "version"}
            wanted = read_as(why, NewReveal)
            answer = await self.once(
                lambda tx: showing.reveal(tx, case_no, wanted, actor, house.vault, house.settings),
                lanes=[reveals.lane(actor)],
            )
        except HoelunError as error:
            if error.status not in _SHOWN | {429}:
                raise
            await self.note_refusal(error)
            message = "请选一个原因；选“其他”要写明" if error.code == "invalid" else error.message
            return await shown(
                self, case_no, Look(problem=Problem("reveal", message, form), status=error.status)
            )
        whole = msgspec.json.decode(answer.body, type=RevealedTravellersView)
        return await shown(self, case_no, Look(whole=whole))


class TicketAct(Page):
    path = "/console/tickets/{case_no}/{action}"

    @allow("staff")
    async def get(self, case_no: str, action: str) -> Goto:
        """The address of a form that was sent, typed again: nothing is done by looking."""
        return Goto(address(case_no))

    @allow("staff")
    async def post(self, case_no: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Move the order along its flow; sent twice it moves once."""
        house = self.building
        try:
            await cases.before_move(house.db, case_no, action, dict(form), self.actor, house.settings)
            answer = await self.once(lambda tx: self._moved(tx, case_no, action, form))
        except HoelunError as error:
            if error.status not in _SHOWN:
                raise
            await self.note_refusal(error)
            problem = Problem(action, _said(error), form)
            return await shown(self, case_no, Look(problem=problem, status=error.status))
        moved = msgspec.json.decode(answer.body, type=Moved)
        self.flash(f"已办好：{moved.text}")
        return Goto(address(case_no) if moved.still_mine else LIST)

    async def _moved(self, tx: Tx, case_no: str, action: str, form: dict[str, str]) -> Moved:
        case = await _find(tx, case_no, self)
        body = case_page.body_of(
            case, action, {name: text for name, text in form.items() if name == "version"}
        )
        if action in ON_THE_TICKET_PAGE:
            body |= written(action, form, cases.view(tx, case, self.actor))
        else:
            body = case_page.body_of(case, action, form)
        moved = await cases.move(tx, case_no, action, body, self.actor, self.channel, self.building.settings)
        text = cases.kind_of(moved).flow.actions[action].text
        return Moved(text, bool(cases.parts(self.actor, moved)))


def _said(error: HoelunError) -> str:
    label = _LABELS.get((error.field or "").partition("[")[0].partition(".")[0])
    return f"请把“{label}”填好" if type(error) is Invalid and label else error.message


def written(action: str, form: dict[str, str], view: CaseView) -> dict[str, Any]:
    """What a form with a line for each passenger says, as the move wants it; amounts are written in yuan."""
    given = {name: text.strip() for name, text in form.items()}
    people = [one["id"] for one in view.details["passengers"]]
    if action in ("quote", "offer_change"):
        return _price(given, people)
    change = view.details["change"]
    whom = people if action == "record" else (change["passenger_ids"] if change else people)
    results = [_result(given, one, whether=action == "record") for one in whom]
    return {"record_no": given.get("record_no", ""), "results": results}


def _price(given: dict[str, str], people: list[str]) -> dict[str, Any]:
    moments = {name: moment_of(given[name]) for name in ("depart_at", "arrive_at") if given.get(name)}
    words = {name: given[name] for name in ("number", "seat_class", "note") if given.get(name)}
    rank = given.get("alternative", "")
    prices = [
        {"passenger_id": one, "price_fen": fen_of(given[f"price.{one}"])}
        for one in people
        if given.get(f"price.{one}")
    ]
    return {
        **({"alternative": int(rank)} if rank.isascii() and rank.isdigit() else {}),
        **words,
        **moments,
        "price_fen": fen_of(given.get("price", "")),
        "prices": prices,
    }


def _result(given: dict[str, str], whom: str, *, whether: bool) -> dict[str, Any]:
    facts = {name: given.get(f"{name}.{whom}", "") for name in ("ticket_no", "carriage", "seat")}
    if not whether:
        return {"passenger_id": whom, **facts}
    if given.get(f"ok.{whom}") != "yes":
        return {"passenger_id": whom, "ok": False, "reason": given.get(f"reason.{whom}", "")}
    price = given.get(f"price.{whom}")
    paid = {"price_fen": fen_of(price)} if price else {}
    return {"passenger_id": whom, "ok": True, **facts, **paid}
