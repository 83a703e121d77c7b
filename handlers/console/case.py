"""One case: where it stands, what to do now, how it came to this. Acts go the way the API's do."""

import re
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from msgspec import Struct

from handlers import words
from handlers.base import allow
from handlers.console import approval_facts
from handlers.console.beside import beside
from handlers.page import Goto, Page, Shown
from schemas.attachments import AttachmentView
from schemas.cases import ActionView, CandidateView, CaseView
from schemas.common import FormField
from schemas.rides import NearDriverView
from server import (
    attachments,
    bookings,
    cases,
    clocks,
    dispatch,
    documents,
    forms,
    notes,
    providers,
    service_versions,
    talks,
)
from server.cases import Case
from server.config import Settings
from server.kit.clock import SHANGHAI
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, HoelunError, Invalid
from server.kit.flow import Flow, NotAllowedNow
from server.rides import RIDE
from server.rides import choices as rides
from server.sessions import Actor

T = TypeVar("T", bound=Struct)

_VERSION = re.compile(r"[1-9][0-9]{0,8}")
ROWS = range(8)
"""How many lines of a quote the page has room for."""

_TALKS_SHOWN = 50
_PAPERS_SHOWN = 20
_TAKEN_LETTERS = frozenset("jku")
_AGAIN = ("再", "重新")
"""With these begins what already says that it is done once more."""

ON_THE_TICKET_PAGE = frozenset({"quote", "record", "offer_change", "confirm_bought_change"})
"""Done where each passenger has a line of their own (handlers/console/tickets_one.py)."""

_CHANGED: tuple[type[Conflict], ...] = (cases.VersionConflict, cases.TimeIsUp, NotAllowedNow)


class Button(Struct, frozen=True):
    """An action as the page draws it; `letter` is its key."""

    name: str
    text: str
    fields: list[FormField]
    danger: bool
    main: bool
    letter: str


class Problem(Struct, frozen=True):
    """Why an act was refused: shown at its form, with what had been filled in."""

    action: str = ""
    message: str = ""
    given: dict[str, str] = {}
    changed: bool = False


class Moved(Struct, frozen=True):
    """What is remembered of an act: its word, and whether the case is still in the actor's scope."""

    text: str
    still_mine: bool


def buttons(case: Case, actions: list[ActionView], actor: Actor) -> list[Button]:
    flow, mine = cases.kind_of(case).flow, cases.parts(actor, case)
    drawn: list[Button] = []
    for one in actions:
        stays = flow.row(case.state, one.name, mine).target == case.state and _leads_on(flow, one.name)
        drawn.append(
            Button(
                name=one.name,
                text=f"重新{one.text}" if stays and not one.text.startswith(_AGAIN) else one.text,
                fields=one.fields,
                danger=one.danger,
                main=one.main,
                letter=_letter(one.name, drawn),
            )
        )
    return sorted(drawn, key=lambda one: (not one.main, one.danger))


def _leads_on(flow: Flow, action: str) -> bool:
    """Whether it brings a case from one state to another somewhere: only of such a one can it be said that it is done
    again."""
    return any(row.action == action and row.target != row.source for row in flow.rows)


def _letter(name: str, before: list[Button]) -> str:
    taken = _TAKEN_LETTERS | {one.letter for one in before}
    return next((letter for letter in name if letter.isalpha() and letter not in taken), "")


async def picture(
    reader: Reader, case_no: str, actor: Actor, problem: Problem, rules: Settings
) -> dict[str, Any]:
    """What the page is filled with. Raises CaseNotFound."""
    case = await cases.find(reader, case_no, actor)
    view = cases.view(reader, case, actor)
    drawn = buttons(case, _shown_here(case, approval_facts.shown(case, view.actions)), actor)
    choices = await _choices(reader, case, drawn, rules)
    steps = (await cases.history(reader, case)).items
    files = await attachments.unclaimed(reader, case, actor)
    return {
        **await beside(reader, case, actor),
        "talk": await talks.listed(reader, case, actor, rules, limit=_TALKS_SHOWN),
        "notes": await notes.listed(reader, case, actor, limit=_TALKS_SHOWN),
        "of_the_street": notes.of_the_street(actor, case),
        "files": [attachments.view(one, rules, reader.now) for one in files],
        "kept": await _kept(reader, case, rules),
        "documents": (await documents.listed(reader, case, rules, None, _PAPERS_SHOWN)).items,
        "case": view,
        "buttons": drawn,
        "choices": choices,
        "answers": await _answers(reader, case, view),
        "timer_text": _timer_text(case),
        "steps": steps[::-1],
        "problem": problem,
        "clocks": clocks.views(reader, case).items,
        "owners": clocks.OWNER_TEXTS,
        "may_pause": clocks.may_pause(case, actor),
        "may_allow": clocks.may_allow(case, actor),
        "units": clocks.UNITS,
        "my_id": actor.id,
        "most_extensions": rules.clocks.extensions,
        **await approval_facts.facts(reader, case, view, actor, rules),
    }


def _shown_here(case: Case, actions: list[ActionView]) -> list[ActionView]:
    hidden = ON_THE_TICKET_PAGE if case.kind == "ticket" else frozenset[str]()
    return [one for one in actions if one.name not in hidden]


async def _kept(reader: Reader, case: Case, rules: Settings) -> list[AttachmentView]:
    """The papers that an application came with: whoever decides has to see them."""
    if case.kind != providers.ONBOARDING.name:
        return []
    found = await attachments.listed(reader, case, rules, None, _TALKS_SHOWN)
    return [one for one in found.items if one.use == "licence"]


async def _choices(reader: Reader, case: Case, drawn: list[Button], rules: Settings) -> list[CandidateView]:
    """The people to choose from, where a form asks for one."""
    if not any(field.source for one in drawn for field in one.fields):
        return []
    if case.kind == RIDE.name:
        return [_car(one, case) for one in (await rides.choosable(reader, case, rules)).items]
    return await dispatch.candidates(reader, case, rules) if case.provider_id else []


def _car(one: NearDriverView, case: Case) -> CandidateView:
    reasons = ["正在问这一单"] if one.id == case.details.get("asked_id") else one.reasons
    note = " · ".join(part for part in (one.plate, f"离乘客 {one.metres} 米") if part)
    return CandidateView(
        id=one.id,
        name=one.name,
        free=not reasons,
        load=0,
        score=one.score,
        reasons=reasons,
        note=note,
    )


async def _answers(reader: Reader, case: Case, view: CaseView) -> list[tuple[str, str]]:
    """What the resident filled in, in the words of the form as it was when they did."""
    answers = view.details.get("form", {}).items()
    if not answers:
        return []
    asked = view.details.get("service_id", ""), case.details.get("service_version", "")
    fields = {one.name: one for one in await service_versions.fields_of(reader, *asked)}
    return [words.answer(name, fields.get(name), value) for name, value in answers]


def _timer_text(case: Case) -> str:
    flow = cases.kind_of(case).flow
    timer = flow.states[case.state].timer
    return flow.actions[timer].text if timer else ""


class OneCase(Page):
    path = "/console/cases/{case_no}"
    under = "/console"

    @allow("staff")
    async def get(self, case_no: str) -> Shown:
        """The case and what may be done with it now; what was said on it has then been read, unless it is the open
        page that looks by itself."""
        house, actor = self.building, self.actor
        facts = await house.db.reading(
            lambda reader: picture(reader, case_no, actor, Problem(), house.settings)
        )
        house.live.shown(facts["case"])
        if facts["talk"].unread and not self.looks_by_itself:
            last = facts["talk"].items[0]
            await house.db.alone(lambda tx: talks.read_up_to(tx, last, actor))
            house.unread.changed(case_no)
        whose = facts["case"].resident
        await self.saw("cases.open", case_no, whose.id if whose else None)
        return Shown("console/case.html", facts | {"flash": self.flashed()})


class Act(Page):
    path = "/console/cases/{case_no}/{action}"

    @allow("staff")
    async def get(self, case_no: str, action: str) -> Goto:
        """The address of a form that was sent, typed again: nothing is done by looking."""
        return Goto(address(case_no))

    @allow("staff")
    async def post(self, case_no: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Move the case along its flow; sent twice it moves once."""
        try:
            moved = await self._move(case_no, action, form)
        except HoelunError as error:
            if error.status not in (404, 409, 422):
                raise
            await self.note_refusal(error)
            return await self._again(case_no, action, form, error)
        self.flash(f"已办好：{moved.text}")
        return Goto(address(case_no) if moved.still_mine else "/console")

    async def _move(self, case_no: str, action: str, form: dict[str, str]) -> Moved:
        house, actor = self.building, self.actor

        async def moved(tx: Tx) -> Moved:
            body = body_of(await cases.find(tx, case_no, actor), action, form)
            case = await cases.move(tx, case_no, action, body, actor, self.channel, house.settings)
            text = cases.kind_of(case).flow.actions[action].text
            return Moved(text, bool(cases.parts(actor, case)))

        typed: dict[str, Any] = {name: text.strip() for name, text in form.items()}
        wanted = typed | ({"start": moment_of(form.get("start", ""))} if action == "reschedule" else {})
        lanes = await bookings.lanes(house.db, case_no, action, wanted, actor)
        await cases.before_move(house.db, case_no, action, typed, actor, house.settings)
        answer = await self.once(moved, lanes=lanes)
        return msgspec.json.decode(answer.body, type=Moved)

    async def _again(self, case_no: str, action: str, form: dict[str, str], error: HoelunError) -> Shown:
        """The page as it is now, with what went wrong. Raises CaseNotFound for what is not theirs."""

        async def seen(reader: Reader) -> dict[str, Any]:
            case = await cases.find(reader, case_no, self.actor)
            message = plain(error, fields_of(case, action))
            problem = Problem(action, message, form, isinstance(error, _CHANGED))
            return await picture(reader, case_no, self.actor, problem, self.building.settings)

        facts = await self.building.db.reading(seen)
        return Shown("console/case.html", facts | {"flash": ""}, error.status)


def address(case_no: str) -> str:
    return f"/console/cases/{quote(case_no, safe='')}"


def read_as(body: dict[str, Any], kind: type[T]) -> T:
    """Raises Invalid."""
    try:
        return msgspec.convert(body, kind)
    except msgspec.ValidationError as error:
        raise Invalid.from_validation(error) from error


def fields_of(case: Case, action: str) -> list[FormField]:
    declared = cases.kind_of(case).flow.actions.get(action)
    return forms.fields(declared.form, case.id) if declared else []


def body_of(case: Case, action: str, form: Mapping[str, str]) -> dict[str, Any]:
    """What a browser sends, as the action's form wants it; nothing for what was left empty.

    Raises VersionConflict for a version that no case can have.
    """
    body: dict[str, Any] = {}
    for field in fields_of(case, action):
        text = form.get(field.name, "").strip().replace("\r\n", "\n")
        if field.type == "yes_no":
            body[field.name] = bool(text)
        elif field.type == "files":
            body[field.name] = [one.partition(":")[2] for one in form if one.startswith(f"{field.name}:")]
        elif field.type == "items":
            body[field.name] = _lines(form, field.name)
        elif field.type == "moment" and text:
            body[field.name] = moment_of(text)
        elif text:
            body[field.name] = _number(text) if field.type == "number" else text
    if version := form.get("version", ""):
        if not _VERSION.fullmatch(version):
            raise cases.VersionConflict
        body["version"] = int(version)
    return body


def _lines(form: Mapping[str, str], name: str) -> list[dict[str, Any]]:
    """The rows that were filled in; amounts are written in yuan and meant in fen."""
    rows = [(form.get(f"{name}.{row}.name", "").strip(), form.get(f"{name}.{row}.yuan", "")) for row in ROWS]
    return [{"name": what, "amount_fen": fen_of(yuan.strip())} for what, yuan in rows if what or yuan.strip()]


def fen_of(text: str) -> Any:
    """Yuan as somebody typed them; what is no amount stays as it is, to be refused by name."""
    try:
        fen = Decimal(text) * 100
        return int(fen) if fen == int(fen) else text
    except (InvalidOperation, ValueError, OverflowError):
        return text


def moment_of(text: str) -> str:
    """What a date and time field sends is the street's own time."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.isoformat() if moment.tzinfo else moment.replace(tzinfo=SHANGHAI).isoformat()


def _number(text: str) -> Any:
    try:
        return msgspec.json.decode(text, type=int | float)
    except msgspec.MsgspecError:
        return text


def plain(error: HoelunError, fields: list[FormField]) -> str:
    """A refusal as a clerk reads it: which box of the form, and what belongs there."""
    field = next((one for one in fields if one.name == error.field), None)
    if type(error) is not Invalid or field is None:
        return error.message
    return f"请把“{field.label}”填好" + (f"：{field.hint}" if field.hint else "")
