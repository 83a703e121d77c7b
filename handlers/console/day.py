"""The dispatch board 派单看板: workers down, hours across; what has no worker is given by a tap, or dragged."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.page import Goto, Page, Shown
from schemas.cases import CandidateView
from schemas.common import YEARS
from schemas.dispatch import DayBoardView, FindDay
from server import bookings, cases, catalogue, dispatch, staff
from server.config import Settings
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.errors import Forbidden, HoelunError, NotFound
from server.sessions import Actor

PATH = "/console/day"
OPENS, CLOSES = 6 * 60, 22 * 60
"""The minutes of the day that are drawn, unless there is something outside."""
_HOUR = 60
_ROWS, _MOST_CHOSEN = 30, 60
_AFRESH = {"case": "", "cursor": "", "waiting": ""}
_REFUSED = frozenset({409, 422})
_NOT_THEIR_WORK = "这位师傅不是这家的，或不做这类活，请从下面选一位"


class Look(Struct, frozen=True):
    """Which day, whose, which visit is about to be given, and how far each of the lists has been turned."""

    date: str = ""
    provider_id: str = ""
    case: str = ""
    cursor: str = ""
    waiting: str = ""

    def address(self, **changed: str) -> str:
        wanted = msgspec.structs.asdict(self) | changed
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"{PATH}?{query}" if query else PATH


def day_of(text: str, otherwise: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return otherwise
    return day if day.year in YEARS else otherwise


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
    """What the page is filled with. Raises CaseNotFound, BadCursor."""
    day = day_of(look.date, today(reader.now))
    chosen: dict[str, CandidateView] = {}
    version = 0
    if look.case:
        case = await cases.find(reader, look.case, actor)
        version = case.version
        chosen = {one.id: one for one in await dispatch.candidates(reader, case, rules)}
    wanted = FindDay(
        date=day,
        provider_id=look.provider_id or None,
        cursor=look.cursor or None,
        waiting_cursor=look.waiting or None,
        limit=_ROWS,
    )
    board = await dispatch.of_day(reader, wanted, actor, list(chosen)[:_MOST_CHOSEN] if look.case else None)
    return {
        "board": board,
        "look": msgspec.structs.replace(look, date=f"{day}"),
        "axis": axis(board),
        "before": look.address(date=f"{day - timedelta(days=1)}", **_AFRESH),
        "after": look.address(date=f"{day + timedelta(days=1)}", **_AFRESH),
        "chosen": chosen,
        "most_chosen": _MOST_CHOSEN,
        "version": version,
        "providers": _providers(reader, actor),
    }


def _providers(reader: Reader, actor: Actor) -> list[catalogue.Provider]:
    own = dispatch.providers_of(actor)
    everybody = reader.everything(catalogue.PROVIDERS).items.values()
    return sorted((one for one in everybody if own is None or one.id in own), key=lambda one: one.name)


class Day(Page):
    path = PATH
    under = "/console/dispatch"

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
        look = Look(form.get("date", ""), form.get("provider_id", ""), "", form.get("cursor", ""))
        look = msgspec.structs.replace(look, waiting=form.get("waiting", ""))
        case_no, worker_id = form.get("case_no", ""), form.get("worker_id", "")
        try:
            given = await self._give(case_no, worker_id, form.get("version", ""))
        except HoelunError as error:
            elsewhere = error.status == NotFound.status and error.field == "worker_id"
            if error.status not in _REFUSED and not elsewhere:
                raise
            await self.note_refusal(error)
            again = msgspec.structs.replace(look, case=case_no)
            return await self._shown(again, _NOT_THEIR_WORK if elsewhere else error.message, error.status)
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
