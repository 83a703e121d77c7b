"""The catalogue desk: what is offered, what waits to be published, a version compared with what is in force."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.console import service_form
from handlers.console.case import fen_of, read_as
from handlers.page import Goto, MenuItem, Page, Shown
from schemas.common import View
from schemas.service_versions import (
    ChangeService,
    FindServiceVersions,
    FindVersionsOfService,
    NewService,
    RetireService,
    ServiceVersionView,
)
from server import catalogue, service_versions
from server.catalogue import CATEGORIES, POOLS, PROVIDERS
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError, Invalid
from server.sessions import Actor

LIST = "/console/services"
SEES = ("provider", "dispatcher", "admin")
SHOWN = frozenset({403, 404, 409, 422})
_MOST_WAITING = 50
_UNITS = {
    "visit": "每次",
    "hour": "每小时",
    "trip": "每趟",
    "month": "每月",
    "free": "免费",
    "quote": "先看后报价",
}


class Refused(Struct, frozen=True):
    """Why a form was refused, which one, and what was filled in."""

    action: str = ""
    message: str = ""
    given: dict[str, str] = {}


class Look(Struct, frozen=True):
    """Whose services are looked for."""

    provider: str = ""
    category: str = ""

    def address(self, **changed: str) -> str:
        wanted = {"provider": self.provider, "category": self.category} | changed
        query = urlencode({name: value for name, value in wanted.items() if value})
        return f"{LIST}?{query}" if query else LIST


class Begin(Struct, frozen=True):
    """Whose service is begun, or which version is begun from."""

    provider: str = ""
    like: str = ""


class Done(View, frozen=True):
    """What is remembered of an act, and where it leads."""

    text: str
    url: str


def address(service_id: str, number: int | None = None) -> str:
    page = f"{LIST}/{quote(service_id, safe='')}"
    return page if number is None else f"{page}/versions/{number}"


def plain(error: HoelunError) -> str:
    """A refusal as the writer reads it: which box."""
    if type(error) is not Invalid or not error.field:
        return error.message
    return f"请把“{service_versions.label_of(error.field)}”填好"


async def listing(reader: Reader, look: Look, actor: Actor) -> dict[str, Any]:
    """What the list is filled with. Raises ServiceOfNobody."""
    if look.provider:
        service_versions.check_provider(reader, look.provider, actor)
    wanted = FindServiceVersions(open=True, provider_id=look.provider or None, limit=_MOST_WAITING)
    found = service_versions.services_in_scope(reader, actor, look.provider or None)
    return {
        "look": look,
        "waiting": (await service_versions.listed(reader, wanted, actor)).items,
        "services": [one for one in found if look.category in ("", one.category)],
        "price": lambda one: catalogue.price_view(one).text,
        "minutes": service_versions.minutes,
        "categories": {one.id: one.name for one in _categories(reader)},
        "providers": _providers(reader, actor),
        "whose": {one.id: one.name for one in reader.everything(PROVIDERS).items.values()},
    }


def _categories(reader: Reader) -> list[Any]:
    return sorted(reader.everything(CATEGORIES).items.values(), key=lambda one: one.rank)


def _providers(reader: Reader, actor: Actor) -> list[Any]:
    found = reader.everything(PROVIDERS).items.values()
    return sorted((one for one in found if service_versions.may_see(actor, one.id)), key=lambda one: one.id)


def boxes(reader: Reader, provider_id: str, given: dict[str, str], actor: Actor) -> dict[str, Any]:
    """What the form of a service is drawn with. Raises ServiceOfNobody."""
    service_versions.check_provider(reader, provider_id, actor)
    provider = reader.recall(PROVIDERS, provider_id)
    assert provider is not None
    admitted = [
        one for one in _categories(reader) if not provider.categories or one.id in provider.categories
    ]
    pools = [one for one in reader.everything(POOLS).items.values() if one.provider_id == provider_id]
    return {
        "provider": provider,
        "given": given,
        "categories": admitted,
        "pools": sorted(pools, key=lambda one: one.id),
        "modes": service_versions.MODES,
        "dispatches": service_versions.DISPATCHES,
        "proofs": service_versions.PROOFS,
        "types": service_versions.FIELD_TYPES,
        "units": _UNITS,
        "fees": service_form.FEES,
        "rows": service_form.rows_of(given),
        "tomorrow": (today(reader.now) + timedelta(days=1)).isoformat(),
    }


_USUAL = {
    "mode": "slot",
    "dispatch": "assign",
    "duration_min": "2 小时",
    "step_min": "1 小时",
    "lead_time_min": "2 小时",
    "cancel_notice_min": "2 小时",
    "horizon_days": "14",
    "concession.min_age": "60",
    **{f"day{day}": "08:00-18:00" for day in range(7)},
}


class Services(Page):
    path = LIST
    menu = MenuItem("服务目录", "list", 49)

    @allow(*SEES)
    async def get(self, query: Look) -> Shown:
        """What is offered by those in scope, and above it what waits to be published."""
        facts = await self.building.db.reading(lambda reader: listing(reader, query, self.actor))
        return Shown("console/services.html", facts | {"flash": self.flashed()})


class Begun(Page):
    path = "/console/services/new"

    @allow(*SEES)
    async def get(self, query: Begin) -> Shown | Goto:
        """The form of a service that is not there yet; for one of the street, whose it is to be is asked first."""
        reader = self.building.db.reader()
        mine = _providers(reader, self.actor)
        provider_id = query.provider or (mine[0].id if len(mine) == 1 else "")
        if not provider_id:
            return Shown("console/service_whose.html", {"providers": mine})
        return self._shown(reader, provider_id, Refused(given=_USUAL), 200)

    @allow(*SEES)
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """Propose it; sent twice it is proposed once."""
        provider_id, actor = form.get("provider_id", ""), self.actor

        async def drafted(tx: Tx) -> ServiceVersionView:
            price = {"unit": form.get("price.unit", ""), "amount_fen": fen_of(form.get("price.yuan") or "0")}
            body = {"service": service_form.read(form, None), "price": price} | _day_and_note(form)
            made = await service_versions.draft_new(tx, provider_id, read_as(body, NewService), actor)
            return service_versions.view(tx, made, actor)

        try:
            answer = await self.once(drafted, status=201)
        except HoelunError as error:
            if error.status not in (403, 409, 422):
                raise
            await self.note_refusal(error)
            refused = Refused("new", plain(error), form)
            return self._shown(self.building.db.reader(), provider_id, refused, error.status)
        return _drafted(self, answer.body)

    def _shown(self, reader: Reader, provider_id: str, refused: Refused, status: int) -> Shown:
        facts = boxes(reader, provider_id, refused.given, self.actor)
        facts |= {"refused": refused, "service": None, "back": LIST}
        return Shown("console/service_form.html", facts, status)


def _day_and_note(form: dict[str, str]) -> dict[str, Any]:
    return {name: form[name].strip() for name in ("valid_from", "note") if form.get(name, "").strip()}


def _drafted(page: Page, body: bytes) -> Goto:
    made = msgspec.json.decode(body, type=ServiceVersionView)
    page.flash("已交，等另一位同事审核；居民现在看到的没有变")
    return Goto(address(made.service_id, made.number))


async def picture(reader: Reader, service_id: str, actor: Actor, refused: Refused) -> dict[str, Any]:
    """What the page of one service is filled with. Raises ServiceOfNobody."""
    service = service_versions.service_in_scope(reader, service_id, actor)
    versions = await service_versions.of_service(reader, service_id, FindVersionsOfService(), actor)
    now = catalogue.priced(reader, service, today(reader.now))
    return {
        "service": now,
        "price": catalogue.price_view(now).text,
        "provider": reader.recall(PROVIDERS, service.provider_id),
        "terms": [one for one in service_versions.terms(reader, now).values() if one[0] != "名称"],
        "versions": versions.items,
        "waiting": next((one for one in versions.items if one.state in ("draft", "scheduled")), None),
        "touched": await service_versions.touched(reader, service),
        "tomorrow": (today(reader.now) + timedelta(days=1)).isoformat(),
        "refused": refused,
    }


class OneService(Page):
    path = "/console/services/{service_id}"

    @allow(*SEES)
    async def get(self, service_id: str) -> Shown | Goto:
        """One as it is now, with all its versions; one that is only proposed leads to its proposal."""
        if self.building.db.reader().recall(catalogue.SERVICES, service_id) is None:
            return Goto(address(service_id, service_versions.FIRST))
        facts = await self.building.db.reading(
            lambda reader: picture(reader, service_id, self.actor, Refused())
        )
        return Shown("console/service.html", facts | {"flash": self.flashed()})


class Edit(Page):
    path = "/console/services/{service_id}/edit"

    @allow(*SEES)
    async def get(self, service_id: str) -> Shown:
        """The form, filled with what is in force."""
        reader = self.building.db.reader()
        service = service_versions.service_in_scope(reader, service_id, self.actor)
        given = service_form.filled(service_versions.form_of(service)) | {"since": str(service.version)}
        return self._shown(reader, service_id, Refused(given=given), 200)

    @allow(*SEES)
    async def post(self, service_id: str, form: dict[str, str]) -> Shown | Goto:
        """Propose the change; sent twice it is proposed once."""
        actor = self.actor

        async def drafted(tx: Tx) -> ServiceVersionView:
            known = service_versions.form_of(service_versions.service_in_scope(tx, service_id, actor))
            written = {"mode": known.mode} | service_form.read(form, known)
            body = {"since": _version(form), "service": written} | _day_and_note(form)
            made = await service_versions.draft_change(tx, service_id, read_as(body, ChangeService), actor)
            return service_versions.view(tx, made, actor)

        try:
            answer = await self.once(drafted, status=201, lanes=[f"service {service_id}"])
        except HoelunError as error:
            if error.status not in (403, 409, 422):
                raise
            await self.note_refusal(error)
            refused = Refused("edit", plain(error), form)
            return self._shown(self.building.db.reader(), service_id, refused, error.status)
        return _drafted(self, answer.body)

    def _shown(self, reader: Reader, service_id: str, refused: Refused, status: int) -> Shown:
        service = service_versions.service_in_scope(reader, service_id, self.actor)
        facts = boxes(reader, service.provider_id, refused.given, self.actor)
        facts |= {"refused": refused, "service": service, "back": address(service_id)}
        return Shown("console/service_form.html", facts, status)


def _version(form: dict[str, str]) -> Any:
    return service_form.number(form.get("since", ""))


class Retire(Page):
    path = "/console/services/{service_id}/retire"

    @allow(*SEES)
    async def get(self, service_id: str) -> Goto:
        """The address of the form, typed again: nothing is done by looking."""
        return Goto(address(service_id))

    @allow(*SEES)
    async def post(self, service_id: str, form: dict[str, str]) -> Shown | Goto:
        """Propose that it is taken off the list."""
        actor = self.actor

        async def drafted(tx: Tx) -> ServiceVersionView:
            body = {"since": _version(form), "reason": form.get("reason", "").strip()} | _day_and_note(form)
            body.pop("note", None)
            made = await service_versions.draft_retirement(
                tx, service_id, read_as(body, RetireService), actor
            )
            return service_versions.view(tx, made, actor)

        try:
            answer = await self.once(drafted, status=201, lanes=[f"service {service_id}"])
        except HoelunError as error:
            if error.status not in (403, 409, 422):
                raise
            await self.note_refusal(error)
            refused = Refused("retire", plain(error), form)
            facts = await self.building.db.reading(lambda reader: picture(reader, service_id, actor, refused))
            return Shown("console/service.html", facts | {"flash": ""}, error.status)
        return _drafted(self, answer.body)
