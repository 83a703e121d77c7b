"""A driver's own page, made for a telephone in a car: on and off duty, with which vehicle, and where they are."""

from datetime import datetime
from typing import Any, ClassVar

from msgspec import Struct

from handlers.base import allow
from handlers.console.case import read_as
from handlers.page import Goto, MenuItem, Page, Shown
from handlers.positions.reports import heard
from schemas.cases import CaseView
from schemas.drivers import Vehicle
from schemas.places import Spot
from schemas.positions import ReportPosition
from server import drivers
from server.config import Settings
from server.drivers import Driver
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, Forbidden, HoelunError
from server.kit.gcj02 import from_wgs84
from server.places import PLACES, CompoundNotFound, Place
from server.positions import POSITIONS, Position
from server.rides import desk, offers
from server.rides.stored import WHY_NOT
from server.sessions import Actor
from server.words import clock_time

PATH = "/console/driver"
_MINUTE = 60
_SENTENCES = {
    "off": "您在休息",
    "free": "空车，等着接单",
    "asked": "有新单，请答复",
    "riding": "您有乘客",
}


class OnDutyNow(Conflict):
    """请先收车，再改车辆"""


class On(Struct, frozen=True):
    on: str = ""


class Stand(Struct, frozen=True):
    place_id: str = ""


class Fix(Struct, frozen=True):
    """As a browser's geolocation says it, in WGS-84."""

    lng: float
    lat: float
    heading: float | None = None
    speed_mps: float | None = None
    accuracy_m: float | None = None

    def report(self) -> ReportPosition:
        """Raises Invalid."""
        lng, lat = from_wgs84(self.lng, self.lat)
        more = {"heading": self.heading, "speed_mps": self.speed_mps, "accuracy_m": self.accuracy_m}
        given = {name: value for name, value in more.items() if value is not None}
        return read_as({"spot": {"lng": lng, "lat": lat}, **given}, ReportPosition)


class Doing(Struct, frozen=True):
    """What is remembered of a change: whether they are on duty now."""

    on_duty: bool


async def picture(reader: Reader, actor: Actor, rules: Settings) -> dict[str, Any]:
    """What the page is filled with."""
    driver_id = actor.id
    driver, now = await drivers.of(reader, driver_id), await desk.own(reader, actor)
    seen = await reader.get(POSITIONS, driver_id) if driver.on_duty else None
    return {
        "my": driver,
        "offer": now.offer,
        "ride": now.ride,
        "reasons": [{"value": value, "text": text} for value, text in WHY_NOT.items()],
        "whole_s": rules.rides.offer_s,
        **waits(now.ride, reader.now),
        "sentence": _SENTENCES[driver.state],
        "today": now.today,
        "seen": seen is not None,
        "seen_text": seen_text(seen, reader.now),
        "places": stands(reader),
        "every_s": rules.positions.every_s,
    }


def waits(ride: CaseView | None, now: datetime) -> dict[str, Any]:
    """How long the car stands at the pickup, how much of that is free, and from when nobody has come."""
    told = ride.details if ride is not None and ride.state == "arrived" else {}
    arrived, free, nobody = (
        datetime.fromisoformat(told[name]) if told.get(name) else None
        for name in ("arrived_at", "wait_free_until", "no_show_from")
    )
    return {
        "waited_s": int((now - arrived).total_seconds()) if arrived and free else None,
        "free_s": int((free - arrived).total_seconds()) if arrived and free else 0,
        "no_show_text": clock_time(nobody) if nobody else "",
    }


def seen_text(seen: Position | None, now: datetime) -> str:
    """How old what is known of somebody's whereabouts is, in words."""
    if seen is None:
        return "还没有收到位置，附近的乘客派不到这辆车"
    seconds = max(int((now - seen.at).total_seconds()), 0)
    if seconds < _MINUTE:
        return f"位置 {seconds} 秒前更新"
    fresh = "" if seen.fresh_until >= now else "，太久了，附近的乘客派不到这辆车"
    return f"位置 {clock_time(seen.at)} 更新{fresh}"


def stands(reader: Reader) -> list[Place]:
    """Places with a point on the map, for whose telephone cannot say where it is."""
    known = (one for one in reader.everything(PLACES).items.values() if one.spot is not None)
    return sorted((one for one in known if one.kind == "compound"), key=lambda one: one.name)


class DriverPage(Page):
    path = PATH
    menu: ClassVar[MenuItem | None] = MenuItem("我的车", "pin", 5)

    def clear(self) -> None:
        """This page, and no other, may ask a telephone where it is."""
        super().clear()
        self.set_header("Permissions-Policy", "camera=(), geolocation=(self), microphone=()")

    @allow("driver")
    async def get(self) -> Shown:
        """On duty or not, and with which vehicle."""
        return await self.shown("", 200)

    async def shown(self, problem: str, status: int) -> Shown:
        facts = await self.building.db.reading(
            lambda reader: picture(reader, self.actor, self.building.settings)
        )
        flash = "" if problem else self.flashed()
        return Shown("console/driver.html", facts | {"flash": flash, "problem": problem}, status)


class GoOnDuty(DriverPage):
    path = PATH + "/duty"
    menu = None

    @allow("driver")
    async def get(self) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(PATH)

    @allow("staff")
    async def post(self, form: On) -> Shown | Goto:
        """On duty, or home: what they are asked about goes to the next, and where they are is forgotten."""
        driver_id, rules = own(self), self.building.settings

        async def changed(tx: Tx) -> Doing:
            if form.on:
                return _doing(await drivers.go_on_duty(tx, driver_id))
            return _doing(await offers.go_off_duty(tx, driver_id, rules))

        try:
            await self.once(changed)
        except HoelunError as error:
            if error.status != 409:
                raise
            await self.note_refusal(error)
            return await self.shown(error.message, error.status)
        self.building.duty_changed(driver_id)
        self.flash("已开始接单" if form.on else "已收车，位置不再发送")
        return Goto(PATH)


class HerePosition(DriverPage):
    path = PATH + "/position"
    menu = None

    @allow("staff", once=False)
    async def post(self, form: Fix) -> None:
        """Where the telephone is; the last one counts, so nothing is remembered of a repeat."""
        own(self)
        await heard(self, form.report())

    def answer(self, result: Any, status: int) -> None:
        self.set_status(204)
        self.clear_header("Content-Type")
        self.finish()


class StandHere(DriverPage):
    path = PATH + "/stand"
    menu = None

    @allow("driver")
    async def get(self) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(PATH)

    @allow("staff")
    async def post(self, form: Stand) -> Shown | Goto:
        """Near this place, for whose telephone cannot say where it is."""
        driver_id = own(self)
        try:
            spot = await self.building.db.reading(lambda reader: _spot_of(reader, form.place_id))
            await heard(self, ReportPosition(spot=spot))
        except HoelunError as error:
            if error.status not in (404, 409, 429):
                raise
            await self.note_refusal(error)
            return await self.shown(error.message, error.status)
        await self.saw("driver.stand", driver_id)
        self.flash("已记下您在哪里等客")
        return Goto(PATH)


async def _spot_of(reader: Reader, place_id: str) -> Spot:
    place = reader.recall(PLACES, place_id)
    if place is None or place.spot is None:
        raise CompoundNotFound(field="place_id")
    return place.spot


class VehiclePage(DriverPage):
    path = PATH + "/vehicle"
    menu = None

    @allow("driver")
    async def get(self) -> Shown:
        """The vehicle as a form."""
        driver = await self.building.db.reading(lambda reader: drivers.of(reader, self.actor.id))
        return self._form(_written(driver), "", 200)

    @allow("staff")
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """What passengers know the car by; it cannot change while they are on duty."""
        driver_id = own(self)

        async def given(tx: Tx) -> Doing:
            if (await drivers.of(tx, driver_id)).state != "off":
                raise OnDutyNow
            return _doing(await drivers.give_vehicle(tx, driver_id, _read(form)))

        try:
            await self.once(given)
        except HoelunError as error:
            if error.status not in (409, 422):
                raise
            await self.note_refusal(error)
            message = "请按提示填好车牌、车型、颜色和座位" if error.status == 422 else error.message
            return self._form(form, message, error.status)
        self.flash("车辆已保存")
        return Goto(PATH)

    def _form(self, given: dict[str, Any], problem: str, status: int) -> Shown:
        empty = {"plate": "", "model": "", "colour": "", "seats": "4", "wheelchair": ""}
        return Shown("console/driver_vehicle.html", {"given": empty | given, "problem": problem}, status)


def own(page: Page) -> str:
    """Whose page it is. Raises Forbidden for who does not drive."""
    if "driver" not in page.actor.roles:
        raise Forbidden
    return page.actor.id


def _doing(driver: Driver) -> Doing:
    return Doing(driver.on_duty)


def _written(driver: Driver) -> dict[str, Any]:
    one = driver.vehicle
    if one is None:
        return {}
    return {
        "plate": one.plate,
        "model": one.model,
        "colour": one.colour,
        "seats": str(one.seats),
        "wheelchair": "yes" if one.wheelchair else "",
    }


def _read(form: dict[str, str]) -> Vehicle:
    """Raises Invalid."""
    seats = form.get("seats", "").strip()
    given = {name: form.get(name, "").strip() for name in ("plate", "model", "colour")}
    more = {"seats": int(seats) if seats.isdecimal() else seats, "wheelchair": bool(form.get("wheelchair"))}
    return read_as(given | more, Vehicle)
