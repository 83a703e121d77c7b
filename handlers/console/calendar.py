"""The street's calendar: a year of days off and make-up days; a file is previewed, then put in force."""

from datetime import date
from typing import Any

from msgspec import Struct

from handlers.base import allow
from handlers.page import Goto, MenuItem, Page, Shown
from schemas.common import Nothing, View
from server import audit, workday_desk, workdays
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError, Invalid
from server.sessions import Actor

PAGE = "/console/calendar"
SEES = ("operator", "clerk", "reviewer", "dispatcher", "admin")
_YEARS = range(2020, 2101)
_SHOWN = frozenset({409, 422})
_MOST_TEXT = 20_000


class TextTooLong(Invalid):
    """这份文件太大了，放假安排用不了这么多字"""


class Look(Struct, frozen=True):
    """Which year; this one if left out."""

    year: int = 0


class Done(View, frozen=True):
    """What is remembered of an act."""

    edition: int


class Written(Struct, frozen=True):
    """What somebody gave, and why it could not be used."""

    text: str = ""
    message: str = ""
    preview: workday_desk.Preview | None = None


async def picture(reader: Reader, year: int, actor: Actor, given: Written) -> dict[str, Any]:
    """What the page is filled with."""
    calendar, edition, this = workdays.calendar(reader), workdays.in_force(reader), today(reader.now)
    number = year if year in _YEARS else this.year
    loaded = await workdays.loaded(reader)
    return {
        "year": workday_desk.year_of(calendar, number),
        "today": this,
        "edition": edition.number if edition else 0,
        "until": edition.until if edition else workdays.last_published(),
        "years": edition.years if edition else [],
        "provisional": [one for one in range(this.year, this.year + 4) if calendar.provisional(_summer(one))],
        "loaded": loaded,
        "loaded_text": workday_desk.written(loaded) if loaded else "",
        "admin": "admin" in actor.roles,
        "given": given,
        "before": number - 1 if number - 1 in _YEARS else None,
        "after": number + 1 if number + 1 in _YEARS else None,
    }


def _summer(year: int) -> date:
    return date(year, 7, 1)


def _text(form: dict[str, str]) -> str:
    """Raises TextTooLong."""
    text = form.get("text", "").replace("\r\n", "\n")
    if len(text) > _MOST_TEXT:
        raise TextTooLong(field="text")
    return text


class CalendarPage(Page):
    path = PAGE
    menu = MenuItem("工作日历", "calendar", 75)

    @allow(*SEES)
    async def get(self, query: Look) -> Shown:
        """A year with its days off and make-up days, and what is in force."""
        facts = await self.building.db.reading(
            lambda reader: picture(reader, query.year, self.actor, Written())
        )
        return Shown("console/calendar.html", facts | {"flash": self.flashed()})

    @allow("admin")
    async def post(self, form: dict[str, str]) -> Shown:
        """See what a file would change; nothing is written but that somebody looked."""
        text, message, status, seen = form.get("text", ""), "", 200, None

        async def looked(reader: Reader) -> workday_desk.Preview:
            return await workday_desk.preview(reader, workday_desk.parse(_text(form)), self.building.settings)

        async def noted(tx: Tx) -> Nothing:
            audit.note(tx, self.actor, "console", "workdays.preview")
            return Nothing()

        try:
            seen = await self.building.db.reading(looked)
            await self.once(noted)
        except Invalid as error:
            message, status = error.message, error.status
        given = Written(text, message, seen)
        year = seen.days[0].day.year if seen and seen.days else 0
        facts = await self.building.db.reading(lambda reader: picture(reader, year, self.actor, given))
        return Shown("console/calendar.html", facts | {"flash": ""}, status)


class Load(Page):
    path = "/console/calendar/load"

    @allow("admin")
    async def get(self) -> Goto:
        """The address of the form, typed again: nothing is done by looking."""
        return Goto(PAGE)

    @allow("admin")
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """Put in force what was previewed; sent twice it is done once."""
        seen = form.get("edition", "")
        number = int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 10 else -1

        async def loaded(tx: Tx) -> Done:
            own = workday_desk.parse(_text(form))
            edition = await workday_desk.put_in_force(tx, own, number, self.actor, self.building.settings)
            return Done(edition.number)

        try:
            await self.once(loaded, lanes=["workdays"])
        except HoelunError as error:
            if error.status not in _SHOWN:
                raise
            await self.note_refusal(error)
            given = Written(form.get("text", ""), error.message)
            facts = await self.building.db.reading(lambda reader: picture(reader, 0, self.actor, given))
            return Shown("console/calendar.html", facts | {"flash": ""}, error.status)
        self.flash("新的日历已生效，没办完的办件正在重新算期限，有变化的会通知居民")
        return Goto(PAGE)
