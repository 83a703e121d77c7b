"""Providers for whoever runs one and for the street: papers, prices, suspension, months."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.console.case import address as case_address
from handlers.console.case import fen_of, moment_of, read_as
from handlers.page import Goto, MenuItem, Page, Shown
from schemas.cases import CaseView
from schemas.certificates import ApprovePaper, NewPaper, ReturnPaper
from schemas.common import View
from schemas.price_lists import NewPriceList, ReturnPriceList
from schemas.providers import LiftSuspension, NewProvider, NewSuspension
from server import cases, certificates, price_lists, providers
from server.catalogue import CATEGORIES
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError
from server.sessions import Actor

SEES = ("provider", "dispatcher", "reviewer", "accountant", "admin")
STREET = frozenset({"dispatcher", "admin"})
_MONTHS = 12


class Refused(Struct, frozen=True):
    """Why a form was refused, and which one."""

    action: str = ""
    message: str = ""
    given: dict[str, str] = {}


class Done(View, frozen=True):
    """What is remembered of an act."""

    text: str


def address(provider_id: str) -> str:
    return f"/console/providers/{quote(provider_id, safe='')}"


async def picture(reader: Reader, provider_id: str, actor: Actor, refused: Refused) -> dict[str, Any]:
    """What the page of one provider is filled with. Raises ProviderNotFound."""
    provider = providers.find(reader, provider_id, actor)
    street = bool(actor.roles & STREET)
    writes = street or any(one.role == "provider" and one.provider_id == provider_id for one in actor.grants)
    lists = price_lists.views_of(reader, provider_id)
    arrange = await providers.to_arrange(reader, provider_id) if street else None
    return {
        "provider": providers.view(reader, provider),
        "papers": certificates.listed(reader, actor, provider_id).items if writes else [],
        "workers": providers.workers_of(reader, provider_id),
        "kinds": list(certificates.KINDS.values()),
        "lists": lists,
        "services": price_lists.lines_now(reader, provider_id),
        "costs": {one.service_id: one.price.text for one in price_lists.lines_now(reader, provider_id)},
        "suspensions": (await providers.suspensions_of(reader, provider_id)).items,
        "arrange": arrange.items if arrange else [],
        "months": _months(reader),
        "tomorrow": (today(reader.now) + timedelta(days=1)).isoformat(),
        "writes": writes,
        "street": street,
        "sees_sheets": writes or "accountant" in actor.roles,
        "refused": refused,
    }


def _months(reader: Reader) -> list[str]:
    """This one and those before it."""
    found, day = [], today(reader.now).replace(day=1)
    for _ in range(_MONTHS):
        found.append(f"{day:%Y-%m}")
        day = (day - timedelta(days=1)).replace(day=1)
    return found


class Providers(Page):
    path = "/console/providers"
    menu = MenuItem("服务商", "store", 50)

    @allow(*SEES)
    async def get(self) -> Shown:
        """The providers in scope, who needs attention first."""
        return self._shown(Refused(), 200)

    @allow(*sorted(STREET))
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """Enter an application; it goes on as a case."""
        house, actor = self.building, self.actor
        case_no = await house.case_numbers.next(providers.ONBOARDING.prefix, house.clock.now())
        categories = [one.partition(":")[2] for one in form if one.startswith("category:")]
        body: dict[str, Any] = {name: text.strip() for name, text in form.items() if ":" not in name}
        body |= {"categories": categories, "daily_bookings": _number(body.get("daily_bookings", ""))}

        async def entered(tx: Tx) -> CaseView:
            new = read_as(body, NewProvider)
            case = await providers.enter(tx, new, case_no, actor, self.channel, house.settings)
            return cases.view(tx, case, actor)

        try:
            answer = await self.once(entered, status=201)
        except HoelunError as error:
            if error.status not in (409, 422):
                raise
            await self.note_refusal(error)
            return self._shown(Refused("enter", error.message, form), error.status)
        return Goto(case_address(msgspec.json.decode(answer.body, type=CaseView).case_no))

    def _shown(self, refused: Refused, status: int) -> Shown:
        reader = self.building.db.reader()
        facts = {
            "found": providers.listed(reader, self.actor).items,
            "categories": sorted(reader.everything(CATEGORIES).items.values(), key=lambda one: one.rank),
            "street": bool(self.actor.roles & STREET),
            "refused": refused,
        }
        return Shown("console/providers.html", facts, status)


class OneProvider(Page):
    path = "/console/providers/{provider_id}"

    @allow(*SEES)
    async def get(self, provider_id: str) -> Shown:
        """Papers, prices, suspensions and months of one."""
        facts = await self.building.db.reading(
            lambda reader: picture(reader, provider_id, self.actor, Refused())
        )
        return Shown("console/provider.html", facts | {"flash": self.flashed()})


Deed = Callable[["Act", Tx, str, dict[str, str]], Awaitable[str]]


class Act(Page):
    path = "/console/providers/{provider_id}/{action}"

    @allow(*SEES)
    async def get(self, provider_id: str, action: str) -> Goto:
        """The address of a form that was sent, typed again: nothing is done by looking."""
        return Goto(address(provider_id))

    @allow("provider", *sorted(STREET))
    async def post(self, provider_id: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """One of the forms of the page; sent twice it is done once."""
        deed = DEEDS.get(action)
        if deed is None or (action not in _MANAGERS and not self.actor.roles & STREET):
            raise providers.ProviderNotFound

        async def done(tx: Tx) -> Done:
            providers.find(tx, provider_id, self.actor)
            return Done(await deed(self, tx, provider_id, form))

        try:
            answer = await self.once(done, lanes=[f"provider {provider_id}"])
        except HoelunError as error:
            if error.status not in (403, 404, 409, 422):
                raise
            await self.note_refusal(error)
            return await self._again(provider_id, Refused(action, error.message, form), error)
        self.flash(msgspec.json.decode(answer.body, type=Done).text)
        return Goto(address(provider_id))

    async def _again(self, provider_id: str, refused: Refused, error: HoelunError) -> Shown:
        facts = await self.building.db.reading(
            lambda reader: picture(reader, provider_id, self.actor, refused)
        )
        return Shown("console/provider.html", facts | {"flash": ""}, error.status)


def _given(form: dict[str, str], *names: str) -> dict[str, Any]:
    """What was filled in; nothing for what was left empty."""
    return {name: form[name].strip() for name in names if form.get(name, "").strip()}


def _number(text: str) -> Any:
    return int(text) if text.isascii() and text.isdigit() else text or 0


async def _hand_in(page: Act, tx: Tx, provider_id: str, form: dict[str, str]) -> str:
    names = ("owner_id", "kind", "number", "issuer", "issued", "valid_until")
    done = await certificates.hand_in(
        tx, read_as(_given(form, *names), NewPaper), page.actor, page.building.vault
    )
    return f"{done.text}已交，等街道审核"


async def _approve_paper(page: Act, tx: Tx, provider_id: str, form: dict[str, str]) -> str:
    seen = read_as({"version": _number(form.get("version", ""))}, ApprovePaper)
    done = await certificates.approve(tx, form.get("certificate_id", ""), seen.version, page.actor)
    return f"{done.text}已通过，马上生效"


async def _return_paper(page: Act, tx: Tx, provider_id: str, form: dict[str, str]) -> str:
    body = _given(form, "reason") | {"version": _number(form.get("version", ""))}
    seen = read_as(body, ReturnPaper)
    item_id = form.get("certificate_id", "")
    done = await certificates.return_(tx, item_id, seen.version, seen.reason, page.actor)
    return f"{done.text}已退回"


_PRICE = re.compile(r"price:(?P<service_id>[A-Za-z0-9_.@-]{1,64})")


async def _draft_prices(page: Act, tx: Tx, provider_id: str, form: dict[str, str]) -> str:
    """Only what differs from the price today is in the new version."""
    lines: list[dict[str, Any]] = []
    now = {one.service_id: one.price for one in price_lists.lines_now(tx, provider_id)}
    for name, text in form.items():
        found = _PRICE.fullmatch(name)
        if found is None or not text.strip() or found["service_id"] not in now:
            continue
        price = now[found["service_id"]]
        amount = fen_of(text.strip())
        if amount != price.amount_fen:
            unit = "visit" if price.unit == "free" else price.unit
            lines.append({"service_id": found["service_id"], "unit": unit, "amount_fen": amount})
    body = _given(form, "valid_from", "note") | {"prices": lines}
    made = await price_lists.draft(tx, provider_id, read_as(body, NewPriceList), page.actor)
    return f"第 {made.number} 版价格表已交，等街道审核"


async def _approve_prices(page: Act, tx: Tx, provider_id: str, form: dict[str, str]) -> str:
    number = price_lists.number_of(form.get("number", ""))
    made = await price_lists.approve(tx, provider_id, number, page.actor)
    return f"第 {made.number} 版价格表 {made.valid_from} 起生效"


async def _return_prices(page: Act, tx: Tx, provider_id: str, form: dict[str, str]) -> str:
    number = price_lists.number_of(form.get("number", ""))
    reason = read_as(_given(form, "reason"), ReturnPriceList).reason
    made = await price_lists.return_(tx, provider_id, number, reason, page.actor)
    return f"第 {made.number} 版价格表已退回"


async def _suspend(page: Act, tx: Tx, provider_id: str, form: dict[str, str]) -> str:
    body: dict[str, Any] = _given(form, "reason") | {"at_once": "at_once" in form}
    if form.get("from", "").strip():
        body["from"] = moment_of(form["from"].strip())
    await providers.suspend(tx, provider_id, read_as(body, NewSuspension), page.actor)
    return "已暂停，正在处理已有的预约"


async def _lift(page: Act, tx: Tx, provider_id: str, form: dict[str, str]) -> str:
    reason = read_as(_given(form, "reason"), LiftSuspension).reason
    await providers.lift(tx, provider_id, form.get("suspension_id", ""), reason, page.actor)
    return "已恢复服务"


_MANAGERS = frozenset({"hand-in", "draft-prices"})
DEEDS: dict[str, Deed] = {
    "hand-in": _hand_in,
    "approve-paper": _approve_paper,
    "return-paper": _return_paper,
    "draft-prices": _draft_prices,
    "approve-prices": _approve_prices,
    "return-prices": _return_prices,
    "suspend": _suspend,
    "lift": _lift,
}


class Sheet(Page):
    path = "/console/providers/{provider_id}/sheets/{month}"

    @allow("provider", "dispatcher", "accountant", "admin")
    async def get(self, provider_id: str, month: str) -> Shown:
        """A month on one sheet, for the printer too."""

        async def seen(reader: Reader) -> dict[str, Any]:
            providers.check_sheet(reader, provider_id, month, self.actor)
            view = await providers.sheet(reader, provider_id, month)
            sections = [("合计", [view.total]), ("按服务", view.services), ("按人员", view.workers)]
            return {"sheet": view, "columns": providers.COLUMNS, "sections": sections}

        facts = await self.building.db.reading(seen)
        return Shown(
            "console/sheet.html", facts | {"cells": providers.cells, "address": address(provider_id)}
        )


class SheetFile(Page):
    path = "/console/providers/{provider_id}/sheets/{month}/csv"

    @allow("provider", "dispatcher", "accountant", "admin")
    async def get(self, provider_id: str, month: str) -> bytes:
        """The same for Excel."""

        async def seen(reader: Reader) -> bytes:
            providers.check_sheet(reader, provider_id, month, self.actor)
            return providers.as_csv(await providers.sheet(reader, provider_id, month))

        return await self.building.db.reading(seen)

    def answer(self, result: Any, status: int) -> None:
        provider_id, month = self.path_args
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        name = quote(f"{provider_id}-{month}.csv", safe="")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
        self.finish(result)
