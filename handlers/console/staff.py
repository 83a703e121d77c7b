"""The staff for the administrator: who they are, what they may do and from where, where they are logged in."""

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from handlers.base import allow
from handlers.console.case import read_as
from handlers.console.providers import Done, Refused
from handlers.page import Goto, MenuItem, Page, Shown
from schemas.staff import FindStaff, Grant, ProposeGrants
from server import audit, places, role_changes, role_views, roles, sessions, staff
from server.catalogue import PROVIDERS
from server.kit.db import Page as Found
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError, Invalid
from server.places import PLACES
from server.role_changes import StaffNotFound
from server.staff import ROLES, STAFF, Staff

STAFF_PAGE = "/console/staff"
SEARCH_HINT = "请换一个条件再查"
_STATES = {"yes": True, "no": False}


class Scope(Struct, frozen=True):
    """A choice of where a role holds: `value` is `community:c01`, empty for the whole street."""

    value: str
    text: str


class Look(Struct, frozen=True):
    """Who is looked for, as it was typed; `active` is yes, no or empty."""

    q: str = ""
    role: str = ""
    provider: str = ""
    active: str = "yes"
    cursor: str = ""

    def address(self, **changed: str) -> str:
        typed = {"q": self.q, "role": self.role, "provider": self.provider, "cursor": self.cursor}
        wanted = {name: value for name, value in (typed | changed).items() if value}
        return f"{STAFF_PAGE}?{urlencode(wanted | {'active': self.active})}"


class Row(Struct, frozen=True):
    """A line of the list."""

    member: Staff
    roles: list[str]
    by_hand: bool
    mapped: bool


def address(userid: str) -> str:
    return f"{STAFF_PAGE}/{quote(userid, safe='')}"


def scopes(reader: Reader) -> list[tuple[str, list[Scope]]]:
    """Where a role can hold, in groups."""
    known = reader.everything(PLACES).items.values()

    def of(kind: str) -> list[Scope]:
        found = sorted((one for one in known if one.kind == kind), key=lambda one: one.id)
        return [Scope(f"{kind}:{one.id}", _place(reader, one.id, one.parent_id, kind)) for one in found]

    providers = sorted(reader.everything(PROVIDERS).items.values(), key=lambda one: one.id)
    named = [Scope(f"provider:{one.id}", one.name) for one in providers]
    return [("社区", of("community")), ("小区", of("compound")), ("服务商", named)]


def _place(reader: Reader, place_id: str, parent_id: str | None, kind: str) -> str:
    name = places.name_of(reader, place_id)
    return f"{places.name_of(reader, parent_id)} {name}" if kind == "compound" else name


def grant_of(form: dict[str, str]) -> Grant | None:
    """The role that was chosen, with where it holds; None when none was. Raises Invalid."""
    if not form.get("role"):
        return None
    kind, _, item_id = form.get("scope", "").partition(":")
    body = {"role": form["role"]} | ({f"{kind}_id": item_id} if item_id else {})
    try:
        return msgspec.convert(body, Grant)
    except msgspec.ValidationError as error:
        raise Invalid.from_validation(error) from error


class StaffList(Page):
    path = STAFF_PAGE
    menu = MenuItem("人员", "user", 75)

    @allow("admin")
    async def get(self, query: Look) -> Shown:
        """Everybody who serves, by name."""
        reader = self.building.db.reader()
        found, problem = Found[Staff]([]), ""
        try:
            found = staff.listed(reader, _wanted(query))
        except msgspec.ValidationError:
            problem = SEARCH_HINT
        except Invalid as error:
            problem = error.message
        waiting = await self.building.db.reading(
            lambda reader: reader.count(role_changes.PROPOSALS, {"state": "open"}, limit=100)
        )
        facts = {
            "look": query,
            "rows": [_row(reader, one) for one in found.items],
            "next": found.next,
            "problem": problem,
            "all_roles": ROLES,
            "providers": sorted(reader.everything(PROVIDERS).items.values(), key=lambda one: one.id),
            "waiting": waiting,
        }
        return Shown("console/staff.html", facts)


def _wanted(look: Look) -> FindStaff:
    typed: dict[str, Any] = {"q": look.q.strip(), "role": look.role, "provider_id": look.provider}
    typed["cursor"] = look.cursor
    body = {name: value for name, value in typed.items() if value}
    return msgspec.convert(body | {"active": _STATES.get(look.active)}, FindStaff)


def _row(reader: Reader, member: Staff) -> Row:
    texts = [roles.grant_text(reader, one) for one in member.grants]
    return Row(member, texts, bool(member.given), bool(member.mapped))


async def picture(page: Page, userid: str, refused: Refused) -> dict[str, Any]:
    """What the page of one of the staff is filled with. Raises StaffNotFound."""

    async def seen(reader: Reader) -> dict[str, Any]:
        member = await reader.get(STAFF, userid)
        if member is None:
            raise StaffNotFound
        proposals = await role_changes.of(reader, userid)
        logins = await sessions.listed(reader, "staff", userid, page.actor.session_id)
        return {
            "member": member,
            "held": roles.held(reader, member),
            "groups": role_views.groups_of(reader, member),
            "logins": logins.items,
            "ends": f"{address(userid)}/logins",
            "proposals": [(one, role_changes.diff(reader, one)) for one in proposals],
            "states": role_changes.STATES,
            "tones": role_changes.TONES,
            "name_of": lambda one: staff.name_of(reader, one),
            "all_roles": ROLES,
            "scopes": scopes(reader),
            "keys": roles.grant_key,
            "refused": refused,
        }

    return await page.building.db.reading(seen)


class OneOfStaff(Page):
    path = STAFF_PAGE + "/{userid}"

    @allow("admin")
    async def get(self, userid: str) -> Shown:
        """Their roles with where each comes from, their logins, and what was proposed."""
        facts = await picture(self, userid, Refused())
        return Shown("console/staff_one.html", facts | {"flash": self.flashed()})


Deed = Callable[["StaffAct", Tx, str, dict[str, str]], Awaitable[str]]


class StaffAct(Page):
    path = STAFF_PAGE + "/{userid}/{action}"

    @allow("admin")
    async def get(self, userid: str, action: str) -> Goto:
        """The address of a form that was sent, typed again: nothing is done by looking."""
        return Goto(address(userid))

    @allow("admin")
    async def post(self, userid: str, action: str, form: dict[str, str]) -> Shown | Goto:
        """Propose other roles, or end their logins; sent twice it is done once."""
        deed = DEEDS.get(action)
        if deed is None:
            raise StaffNotFound

        async def done(tx: Tx) -> Done:
            return Done(await deed(self, tx, userid, form))

        try:
            answer = await self.once(done)
        except HoelunError as error:
            if error.status not in (403, 409, 422):
                raise
            await self.note_refusal(error)
            facts = await picture(self, userid, Refused(action, error.message, form))
            return Shown("console/staff_one.html", facts | {"flash": ""}, error.status)
        self.flash(msgspec.json.decode(answer.body, type=Done).text)
        return Goto(address(userid))


async def _propose(page: StaffAct, tx: Tx, userid: str, form: dict[str, str]) -> str:
    member = await tx.get(STAFF, userid)
    given = member.given if member is not None else []
    remove = [one for one in given if f"remove:{roles.grant_key(one)}" in form]
    added = grant_of(form)
    body = {"add": [added] if added else [], "remove": remove, "reason": form.get("reason", "").strip()}
    wish = read_as(msgspec.to_builtins(body), ProposeGrants)
    await role_changes.propose(tx, userid, wish, page.actor, page.building.settings)
    return "已提出，等另一位管理员同意后生效"


async def _end_all(page: StaffAct, tx: Tx, userid: str, form: dict[str, str]) -> str:
    if await tx.get(STAFF, userid) is None:
        raise StaffNotFound
    ended = await sessions.close_all(tx, "staff", userid)
    audit.note(tx, page.actor, page.channel, "sessions.end", userid)
    return f"已退出 {ended} 处登录"


DEEDS: dict[str, Deed] = {"propose": _propose, "end-logins": _end_all}


class EndLogin(Page):
    path = STAFF_PAGE + "/{userid}/logins/{session_id}/end"

    @allow("admin")
    async def get(self, userid: str, session_id: str) -> Goto:
        """The address of a form that was sent, typed again."""
        return Goto(address(userid))

    @allow("admin")
    async def post(self, userid: str, session_id: str) -> Goto:
        """End one login of somebody else."""

        async def ended(tx: Tx) -> None:
            await sessions.close_one(tx, "staff", userid, session_id)
            audit.note(tx, self.actor, self.channel, "sessions.end", userid)

        await self.once(ended)
        self.building.session_ended(session_id)
        self.flash("已退出那台设备")
        return Goto(address(userid))
