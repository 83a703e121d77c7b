"""The dispatch board 派单看板: workers down, hours across; what has no worker is given by a tap, or dragged."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.page import Goto, Page, Shown
from schemas.cases import CandidateView
from schemas.dispatch import DayBoardView, DayWorkerView, FindDay
from server import bookings, cases, catalogue, dispatch, staff
from server.config import Settings
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.errors import Forbidden, HoelunError
from server.sessions import Actor

PATH = "/console/day"
OPENS, CLOSES = 6 * 60, 22 * 60
"""The minutes of the day that are drawn, unless there is something outside."""
_HOUR = 60
_REFUSED = frozenset({409, 422})


class Look(Struct, frozen=True):
    """Which day, whose, and which visit is about to be given."""

    date: str = ""
    provider_id: str = ""
    case: str = ""

    def address(self, **changed: str) -> str:
        wanted = {"date": self.date, "provider_id": self.provider_id, "case": self.case} | changed
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"{PATH}?{query}" if query else PATH


def day_of(text: str, otherwise: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return otherwise


class Given(Struct, frozen=True):
    """What is remembered of an assignment."""

    worker: str


class Axis(Struct, frozen=True):
    """The hours that are drawn, in minutes of the day."""

    opens: int
    closes: int

    @property
    def hours(self) -> range:
        return range(self.opens, self.closes + 1, _HOUR)


def axis(board: DayBoardView) -> Axis:
    """From the first to the last hour that somebody has a visit in, and at least the usual ones."""
    visits = [visit for worker in board.workers for visit in worker.visits]
    opens = min([OPENS, *(one.from_min // _HOUR * _HOUR for one in visits)])
    closes = max([CLOSES, *(-(-one.to_min // _HOUR) * _HOUR for one in visits)])
    return Axis(opens, closes)


async def picture(reader: Reader, look: Look, actor: Actor, rules: Settings) -> dict[str, Any]:
    """What the page is filled with. Raises CaseNotFound."""
    day = day_of(look.date, today(reader.now))
    board = await dispatch.of_day(reader, FindDay(date=day, provider_id=look.provider_id or None), actor)
    chosen: dict[str, CandidateView] = {}
    version = 0
    if look.case:
        case = await cases.find(reader, look.case, actor)
        version = case.version
        chosen = {one.id: one for one in await dispatch.candidates(reader, case, rules)}
    return {
        "board": board,
        "look": msgspec.structs.replace(look, date=f"{day}"),
        "axis": axis(board),
        "before": look.address(date=f"{day - timedelta(days=1)}", case=""),
        "after": look.address(date=f"{day + timedelta(days=1)}", case=""),
        "rows": _rows(board, chosen),
        "chosen": chosen,
        "version": version,
        "providers": _providers(reader, actor),
    }


def _rows(board: DayBoardView, chosen: dict[str, CandidateView]) -> list[DayWorkerView]:
    """Whoever can be given the chosen visit comes first, the best at the top."""
    if not chosen:
        return board.workers
    at = {worker_id: number for number, worker_id in enumerate(chosen)}
    return sorted(board.workers, key=lambda one: at.get(one.worker_id, len(at)))


def _providers(reader: Reader, actor: Actor) -> list[catalogue.Provider]:
    own = dispatch.providers_of(actor)
    everybody = reader.everything(catalogue.PROVIDERS).items.values()
    return sorted((one for one in everybody if own is None or one.id in own), key=lambda one: one.name)


class Day(Page):
    path = PATH

    @allow("provider", "dispatcher", "admin")
    async def get(self, query: Look) -> Shown:
        """A day of everybody's; with a visit chosen, who could do it and how well they suit."""
        return await self._shown(query, "", 200)

    async def _shown(self, look: Look, problem: str, status: int) -> Shown:
        facts = await self.building.db.reading(
            lambda reader: picture(reader, look, self.actor, self.building.settings)
        )
        return Shown("console/day.html", facts | {"flash": self.flashed(), "problem": problem}, status)

    @allow("staff")
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """Give the visit to somebody: the same move as on the page of the case."""
        if not self.actor.roles & {"provider", "dispatcher"}:
            raise Forbidden
        look = Look(form.get("date", ""), form.get("provider_id", ""))
        case_no, worker_id = form.get("case_no", ""), form.get("worker_id", "")
        try:
            given = await self._give(case_no, worker_id, form.get("version", ""))
        except HoelunError as error:
            if error.status not in _REFUSED:
                raise
            await self.note_refusal(error)
            again = msgspec.structs.replace(look, case=case_no)
            return await self._shown(again, error.message, error.status)
        self.flash(f"已派给{given.worker}")
        return Goto(look.address())

    async def _give(self, case_no: str, worker_id: str, version: str) -> Given:
        house, actor = self.building, self.actor
        body: dict[str, Any] = {"worker_id": worker_id}
        if version.isdecimal() and int(version):
            body["version"] = int(version)

        async def given(tx: Tx) -> Given:
            await cases.move(tx, case_no, "assign", body, actor, self.channel, house.settings)
            return Given(staff.name_of(tx, worker_id))

        await cases.before_move(house.db, case_no, "assign", body, actor, house.settings)
        lanes = await bookings.lanes(house.db, case_no, "assign", body, actor)
        answer = await self.once(given, lanes=lanes)
        return msgspec.json.decode(answer.body, type=Given)
