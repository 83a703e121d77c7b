"""Cars 车辆: which drivers are on duty, where they are, of whom nothing has been heard; which rides are on, how each
found its driver, and how even the shares are."""

from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from msgspec import Struct, field
from msgspec.structs import asdict

from handlers.base import allow
from handlers.console.driver import seen_text
from handlers.page import MenuItem, Page, Shown
from handlers.sketches import Mark, sketch
from handlers.words import span
from schemas.rides import FindRideFairness, RideFairnessView
from server import cases, drivers, places
from server.dispatch.scoring import PARTS
from server.drivers import DRIVERS, STATES, Driver
from server.kit.db import Reader
from server.kit.db.pages import BadCursor
from server.kit.errors import HoelunError
from server.places import PLACES
from server.positions import POSITIONS, Position
from server.rides import board, choices
from server.sessions import Actor

LIST = "/console/rides"
_GONE = "名单有了变化，请从第一页看"
_MOST = 200
_TONES = {"free": "active", "asked": "new", "riding": "wait", "off": "grey"}


class Car(Struct, frozen=True):
    """A driver who is on duty or has a ride. `lost`: nothing has been heard of them for too long."""

    driver: Driver
    name: str
    phone: str
    state_text: str
    tone: str
    seen: str
    lost: bool


async def picture(reader: Reader) -> dict[str, Any]:
    """What the page is filled with."""
    busy = {"$or": [{"on_duty": True}, {"ride_no": {"$type": "string"}}]}
    found = await reader.all(DRIVERS, busy, limit=_MOST)
    where = {
        one.id: one
        for one in await reader.all(POSITIONS, {"_id": {"$in": [one.id for one in found]}}, limit=_MOST)
    }
    cars = sorted(
        (_car(reader, one, where.get(one.id), reader.now) for one in found),
        key=lambda one: (not one.lost, one.driver.state, one.name),
    )
    marks = [_mark(one, where[one.driver.id]) for one in cars if one.driver.id in where]
    return {"cars": cars, "map": sketch(_compounds(reader) + marks) if marks else None}


def _car(reader: Reader, driver: Driver, seen: Position | None, now: datetime) -> Car:
    member = drivers.member(reader, driver.id)
    return Car(
        driver=driver,
        name=member.name,
        phone=member.phone or "",
        state_text=STATES[driver.state],
        tone=_TONES[driver.state],
        seen=seen_text(seen, now),
        lost=seen is None or seen.fresh_until < now,
    )


def _mark(car: Car, seen: Position) -> Mark:
    kind = "lost" if car.lost else car.driver.state
    return Mark(seen.spot, kind, car.name, f"{car.name}，{car.state_text}，{car.seen}", f"#{car.driver.id}")


def _compounds(reader: Reader) -> list[Mark]:
    found = (one for one in reader.everything(PLACES).items.values() if one.spot and one.kind == "compound")
    return [Mark(one.spot, "place", title=places.name_of(reader, one.id)) for one in found if one.spot]


class Look(Struct, frozen=True):
    """Which of the rides are looked at."""

    queue: str = ""
    cursor: str = ""

    def address(self, **changed: str) -> str:
        wanted = asdict(self) | changed
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"{LIST}?{query}" if query else LIST


async def line(reader: Reader, look: Look, actor: Actor) -> dict[str, Any]:
    """What the list of rides is filled with."""
    try:
        found, problem = await board.listed(reader, look.queue, actor, look.cursor), ""
    except BadCursor:
        found, problem = board.Rows([], None), _GONE
    return {
        "look": look,
        "queues": board.QUEUES,
        "waiting": await board.counts(reader, actor),
        "most": board.MOST,
        "found": found,
        "span": span,
        "problem": problem,
    }


class Cars(Page):
    path = LIST
    menu = MenuItem("车辆", "pin", 32)

    @allow("dispatcher", "admin")
    async def get(self, query: Look) -> Shown:
        """The rides that are on; who is on duty, on a sketch and in a list: of whom nothing is heard stands first."""

        async def told(reader: Reader) -> dict[str, Any]:
            return await picture(reader) | await line(reader, query, self.actor)

        facts = await self.building.db.reading(told)
        for one in facts["found"].items:
            self.building.live.shown(one.case)
        await self.saw("rides.cars")
        return Shown("console/rides.html", facts)


class Why(Page):
    path = LIST + "/{case_no}/choices"

    @allow("dispatcher", "admin", "provider")
    async def get(self, case_no: str) -> Shown:
        """Why this driver: every round with everybody who was weighed, and who answered what."""

        async def told(reader: Reader) -> dict[str, Any]:
            case = await choices.find(reader, case_no, self.actor)
            view = cases.view(reader, case, self.actor)
            return {"told": await choices.explained(reader, case), "case": view, "parts": PARTS}

        facts = await self.building.db.reading(told)
        self.building.live.shown(facts["case"])
        return Shown("console/rides_why.html", facts)


class Period(Struct, frozen=True):
    """From when to when. `from` is a word of Python's."""

    from_: str = field(default="", name="from")
    to: str = ""


class RideShares(Page):
    path = LIST + "/fairness"

    @allow("dispatcher", "admin")
    async def get(self, query: Period) -> Shown:
        """Who was offered and has driven how much, and how even that is."""
        facts = await self.building.db.reading(lambda reader: _shares(reader, query))
        return Shown("console/rides_fairness.html", facts)


async def _shares(reader: Reader, look: Period) -> dict[str, Any]:
    report: RideFairnessView | None = None
    problem = ""
    try:
        report = await choices.fairness(reader, FindRideFairness(from_=day(look.from_), to=day(look.to)))
    except ValueError:
        problem = "日期请写成 2026-11-24 这样"
    except HoelunError as error:
        problem = error.message
    return {"look": look, "report": report, "problem": problem}


def day(text: str) -> date | None:
    """Raises ValueError."""
    return date.fromisoformat(text) if text else None
