"""Applying for a resident at the window or on the phone: the item is chosen, the form filled in, each material is
photographed, taken over from an earlier case or handed in on paper, and the whole comes in when the resident has said
that it is true."""

from typing import Any

import msgspec
from msgspec import Struct
from tornado.web import stream_request_body

from handlers.base import allow
from handlers.console.approvals import LIST, address
from handlers.console.approvals_review import sheets_of
from handlers.console.case import Problem, read_as
from handlers.console.case import address as case_address
from handlers.console.talk import CaseFiles
from handlers.page import Goto, Page, Shown
from schemas.approvals import MaterialGiven, NewApproval
from schemas.cases import CaseView
from schemas.common import FormField, Nothing, View
from schemas.items import FindItems
from server import approvals, cases, items
from server.approvals import desk
from server.cases import Case, CaseNotFound
from server.config import Settings
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError
from server.kit.multipart import FormBroken
from server.sessions import Actor
from server.words import masked_name

WINDOW = ("operator", "clerk")
NEW = f"{LIST}/new"
_SHOWN = frozenset({403, 404, 409, 422})
_ASKED = "f."
"""Before the name of a field of the item's form."""


class Look(Struct, frozen=True):
    resident_id: str = ""


class Begun(View, frozen=True):
    """What is remembered of a draft that was begun."""

    case_no: str


class New(Page):
    path = NEW

    @allow(*WINDOW)
    async def get(self, query: Look) -> Shown:
        """What can be applied for, for this resident."""
        return await self._shown(query.resident_id, "")

    @allow(*WINDOW)
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """Begin a draft; sent twice it is begun once."""
        house, actor, whom = self.building, self.actor, form.get("resident_id", "")
        try:
            new = read_as(form, NewApproval)
            resident = await house.resident(approvals.for_whom(actor, new), actor)
            case_no = await house.case_numbers.next(approvals.APPROVAL.prefix, house.clock.now())

            async def begun(tx: Tx) -> Begun:
                case = await approvals.apply(
                    tx, actor, resident, new, case_no, cases_channel(actor), house.settings
                )
                return Begun(case.id)

            answer = await self.once(begun, status=201)
        except HoelunError as error:
            if error.status not in _SHOWN:
                raise
            await self.note_refusal(error)
            return await self._shown(whom, error.message, error.status)
        return Goto(form_address(msgspec.json.decode(answer.body, type=Begun).case_no))

    async def _shown(self, resident_id: str, problem: str, status: int = 200) -> Shown:
        """Raises ResidentNotFound for somebody whom this desk does not serve."""
        resident = await self.building.resident(resident_id, self.actor) if resident_id else None
        reader = self.building.db.reader()
        facts = {
            "whom": resident,
            "name": masked_name(resident.name) if resident else "",
            "found": items.listed(reader, FindItems(limit=100)).items,
            "problem": problem,
        }
        return Shown("console/approvals_new.html", facts, status)


def cases_channel(actor: Actor) -> Any:
    """On the phone or at the window: what the resident is asked about it later depends on that."""
    return "phone" if "operator" in actor.roles else "window"


def form_address(case_no: str, anchor: str = "") -> str:
    return f"{address(case_no)}/form{anchor}"


async def picture(
    reader: Reader, case_no: str, actor: Actor, problem: Problem, rules: Settings
) -> dict[str, Any]:
    """What the form is filled with. Raises CaseNotFound."""
    case, view = await _theirs(reader, case_no, actor)
    return {
        "case": view,
        "it": view.details,
        "fields": desk.fields(reader, case),
        "sheets": await sheets_of(reader, case, view, rules),
        "deliveries": desk.deliveries(reader, case),
        "may": {one.name for one in view.actions},
        "problem": problem,
    }


async def _theirs(reader: Reader, case_no: str, actor: Actor) -> tuple[Case, CaseView]:
    case = await cases.find(reader, case_no, actor)
    if case.kind != desk.KIND:
        raise CaseNotFound
    return case, cases.view(reader, case, actor)


def answered(fields: list[FormField], form: dict[str, str]) -> dict[str, Any]:
    """What the browser sent, as the item's form wants it; nothing for what was left empty."""
    given: dict[str, Any] = {}
    for one in fields:
        text = form.get(f"{_ASKED}{one.name}", "").strip().replace("\r\n", "\n")
        if not text:
            continue
        match one.type:
            case "yes_no":
                given[one.name] = text == "yes"
            case "number":
                given[one.name] = _number(text)
            case _:
                given[one.name] = text
    return given


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


class DraftPage(Page):
    """A form on the page of a draft, or of what has to be supplemented."""

    async def again(self, case_no: str, what: str, form: dict[str, str], error: HoelunError) -> Shown:
        """The page as it is now, with what went wrong. Raises CaseNotFound for what is not theirs."""
        if error.status not in _SHOWN:
            raise error
        await self.note_refusal(error)
        problem = Problem(what, error.message, form)
        facts = await self.building.db.reading(
            lambda reader: picture(reader, case_no, self.actor, problem, self.building.settings)
        )
        return Shown("console/approvals_form.html", facts | {"flash": ""}, error.status)

    async def move(self, tx: Tx, case_no: str, action: str, body: dict[str, Any]) -> None:
        await cases.move(
            tx, case_no, action, body, self.actor, cases_channel(self.actor), self.building.settings
        )


class Draft(DraftPage):
    path = "/console/approvals/{case_no}/form"

    @allow(*WINDOW)
    async def get(self, case_no: str) -> Shown | Goto:
        """The form, the materials, and the handing in; what is handed in already is seen on its own page."""
        house = self.building
        facts = await house.db.reading(
            lambda reader: picture(reader, case_no, self.actor, Problem(), house.settings)
        )
        if "edit" not in facts["may"]:
            return Goto(case_address(case_no))
        whose = facts["case"].resident
        await self.saw("cases.open", case_no, whose.id if whose else None)
        return Shown("console/approvals_form.html", facts | {"flash": self.flashed()})

    @allow(*WINDOW)
    async def post(self, case_no: str, form: dict[str, str]) -> Shown | Goto:
        """Keep what was filled in, though it may not be complete yet."""

        async def kept(tx: Tx) -> Nothing:
            case, _ = await _theirs(tx, case_no, self.actor)
            await self.move(tx, case_no, "edit", {"form": answered(list(desk.fields(tx, case)), form)})
            return Nothing()

        try:
            await self.once(kept, lanes=[case_no])
        except HoelunError as error:
            return await self.again(case_no, "edit", form, error)
        self.flash("已保存，接着交材料")
        return Goto(form_address(case_no, "#materials"))


class DraftMaterial(DraftPage):
    path = "/console/approvals/{case_no}/materials/{key}"

    @allow(*WINDOW)
    async def get(self, case_no: str, key: str) -> Goto:
        """The address of a form, typed again."""
        return Goto(form_address(case_no))

    @allow(*WINDOW)
    async def post(self, case_no: str, key: str, form: dict[str, str]) -> Shown | Goto:
        """On paper, as in an earlier case, or not handed in after all."""
        given: dict[str, Any] = {"key": key}
        if form.get("how") == "paper":
            given["paper"] = True
        elif form.get("how") == "reuse":
            given["reuse"] = form.get("reuse", "")

        async def kept(tx: Tx) -> Nothing:
            body = msgspec.to_builtins(read_as(given, MaterialGiven))
            await self.move(tx, case_no, "edit", {"materials": [body]})
            return Nothing()

        try:
            await self.once(kept, lanes=[case_no])
        except HoelunError as error:
            return await self.again(case_no, key, form, error)
        return Goto(form_address(case_no, f"#m-{key}"))


@stream_request_body
class DraftPhoto(CaseFiles, DraftPage):
    path = "/console/approvals/{case_no}/materials/{key}/photo"

    @allow(*WINDOW)
    async def get(self, case_no: str, key: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(form_address(case_no))

    @allow(*WINDOW)
    async def post(self, case_no: str, key: str) -> Shown | Goto:
        """One more photo of this material."""
        if self.form_of is not None and not self.form_of.has_file:
            self.refusal = self.refusal or FormBroken("请先选一张照片")
        try:
            async with self.taken_in() as arrival:

                async def kept(tx: Tx) -> Nothing:
                    file = await self.keep_file(tx, case_no, arrival)
                    before = await self._before(tx, case_no, key)
                    given = {"key": key, "files": [*before, file.id]}
                    await self.move(tx, case_no, "edit", {"materials": [given]})
                    return Nothing()

                arrival.kept = not (await self.once(kept, lanes=[case_no])).replayed
        except HoelunError as error:
            return await self.again(case_no, key, {}, error)
        return Goto(form_address(case_no, f"#m-{key}"))

    async def _before(self, reader: Reader, case_no: str, key: str) -> list[str]:
        """Photos of this case that stay; those of an earlier one give way."""
        _, view = await _theirs(reader, case_no, self.actor)
        shown = next((one for one in view.details["materials"] if one["key"] == key), None)
        return list(shown["files"]) if shown is not None and not shown["reused_from"] else []


class DraftHandedIn(DraftPage):
    path = "/console/approvals/{case_no}/hand-in"

    @allow(*WINDOW)
    async def get(self, case_no: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(form_address(case_no))

    @allow(*WINDOW)
    async def post(self, case_no: str, form: dict[str, str]) -> Shown | Goto:
        """The resident has said that it is true: it comes in; sent twice it comes in once."""

        async def handed_in(tx: Tx) -> Nothing:
            case, _ = await _theirs(tx, case_no, self.actor)
            action = "resubmit" if case.state == "supplement" else "submit"
            how = {name: form[name].strip() for name in ("delivery", "address") if form.get(name, "").strip()}
            if how:
                await self.move(tx, case_no, "edit", how)
            await self.move(tx, case_no, action, {"truthful": "truthful" in form})
            return Nothing()

        try:
            await self.once(handed_in, lanes=[case_no])
        except HoelunError as error:
            return await self.again(case_no, "hand-in", form, error)
        self.flash(f"已提交，请把编号 {case_no} 告诉居民")
        return Goto(case_address(case_no))
