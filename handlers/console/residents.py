"""The desk's page of a caller: found by telephone number, their disability certificate written down or taken out."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.console.case import read_as
from handlers.page import Goto, MenuItem, Page, Shown
from schemas.disability import DisabilityView, NewDisability
from schemas.residents import FindResident
from schemas.reveals import REASONS, NewReveal, RevealedView
from server import disability, residents, reveals, tags
from server.kit.db import Reader, Tx
from server.kit.errors import Forbidden, HoelunError
from server.sessions import Actor

RESIDENTS = "/console/residents"
_DESK = frozenset({"operator", "clerk"})
_SHOWN = frozenset({403, 404, 409, 422})
_HINT = "请输入完整的手机号"
_MISREAD = "请核对：证号是证上的 20 位号码，日期如 2030-11-24"


class Look(Struct, frozen=True):
    phone: str = ""

    @property
    def address(self) -> str:
        return f"{RESIDENTS}?{urlencode({'phone': self.phone})}"


class Caller(Struct, frozen=True):
    """A resident of that number, masked; `whole` once they have been looked at in full. What is recorded of those whom
    this desk answers for."""

    id: str
    name: str
    phone: str
    home: str
    whole: RevealedView | None
    theirs: bool
    disability: DisabilityView | None
    tags: list[str]


class Refused(Struct, frozen=True):
    """What went wrong, for whom, and what had been filled in."""

    resident_id: str = ""
    message: str = ""
    given: dict[str, str] = {}


async def picture(reader: Reader, phone: str, actor: Actor, whole: RevealedView | None) -> dict[str, Any]:
    phone, problem, callers = "".join(phone.split()), "", list[Caller]()
    if phone:
        try:
            wanted = msgspec.convert({"phone": phone}, FindResident)
            found = await residents.by_phone(reader, wanted.phone)
            callers = [_caller(reader, one, actor, whole) for one in found if actor.serves(one.community_id)]
        except msgspec.ValidationError:
            problem = _HINT
    return {"phone": phone, "problem": problem, "callers": callers, "reasons": REASONS}


def _caller(reader: Reader, resident: residents.Resident, actor: Actor, whole: RevealedView | None) -> Caller:
    theirs = disability.may_write(actor, resident)
    card = reveals.card(reader, resident)
    return Caller(
        id=resident.id,
        name=card.name,
        phone=card.phone,
        home=card.compound,
        whole=whole if whole is not None and whole.id == resident.id else None,
        theirs=theirs,
        disability=residents.view_disability(resident.disability) if theirs and resident.disability else None,
        tags=[one.name for one in tags.for_desk(reader, resident).given] if theirs else [],
    )


async def shown(
    page: Page,
    phone: str,
    refused: Refused,
    flash: str = "",
    status: int = 200,
    whole: RevealedView | None = None,
) -> Shown:
    facts = await page.building.db.reading(lambda reader: picture(reader, phone, page.actor, whole))
    if facts["phone"]:
        await page.saw("residents.find", *(one.id for one in facts["callers"]))
    return Shown("console/residents.html", facts | {"refused": refused, "flash": flash}, status)


class Residents(Page):
    path = RESIDENTS
    menu = MenuItem("居民", "search", 60)

    @allow("operator", "clerk")
    async def get(self, query: Look) -> Shown:
        """Who has this telephone number."""
        return await shown(self, query.phone, Refused(), self.flashed())


class ResidentReveal(Page):
    path = RESIDENTS + "/{resident_id}/reveal"

    @allow("operator", "clerk")
    async def get(self, resident_id: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(RESIDENTS)

    @allow("staff")
    async def post(self, resident_id: str, form: dict[str, str]) -> Shown:
        """Look at the resident in full, this once; sent twice it is one look."""
        if not self.actor.roles & _DESK:
            raise Forbidden
        phone = form.pop("phone", "")
        rules = self.building.settings
        try:
            wanted = read_as({name: text for name, text in form.items() if text.strip()}, NewReveal)
            answer = await self.once(
                lambda tx: reveals.reveal(tx, resident_id, wanted, self.actor, rules),
                lanes=[reveals.lane(self.actor)],
            )
        except HoelunError as error:
            if error.status not in _SHOWN | {429}:
                raise
            await self.note_refusal(error)
            message = "请选一个原因；选“其他”要写明" if error.code == "invalid" else error.message
            return await shown(self, phone, Refused(resident_id, message, form), status=error.status)
        whole = msgspec.json.decode(answer.body, type=RevealedView)
        return await shown(self, phone, Refused(), whole=whole)


class ResidentDisability(Page):
    path = RESIDENTS + "/{resident_id}"

    @allow("operator", "clerk")
    async def get(self, resident_id: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(RESIDENTS)

    @allow("staff")
    async def post(self, resident_id: str, form: dict[str, str]) -> Shown | Goto:
        """Write down what the certificate says, or take it out; sent twice it is done once."""
        if not self.actor.roles & _DESK:
            raise Forbidden
        phone = form.pop("phone", "")
        try:
            await self._do(resident_id, form)
        except HoelunError as error:
            if error.status not in _SHOWN:
                raise
            await self.note_refusal(error)
            message = _MISREAD if error.code == "invalid" else error.message
            return await shown(self, phone, Refused(resident_id, message, form), status=error.status)
        self.building.profile_changed(resident_id)
        self.flash("已删除" if "remove" in form else "已登记，居民会收到消息")
        return Goto(Look(phone).address)

    async def _do(self, resident_id: str, form: dict[str, str]) -> None:
        house = self.building
        wanted = None if "remove" in form else _written(form)

        async def done(tx: Tx) -> DisabilityView | None:
            if wanted is None:
                await disability.remove(tx, resident_id, self.actor)
                return None
            return await disability.record(tx, resident_id, wanted, self.actor, house.vault)

        await self.once(done)


def _written(form: dict[str, str]) -> NewDisability:
    level = form.get("level", "")
    body = {
        "number": "".join(form.get("number", "").split()).upper(),
        "level": int(level) if level in ("1", "2", "3", "4") else 0,
        "valid_until": form.get("valid_until", "").strip(),
    }
    return read_as(body, NewDisability)
