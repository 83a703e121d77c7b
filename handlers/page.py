"""Pages for staff: HTML instead of JSON, a cookie instead of a token, and every form shows that it was ours.

The cookie opens pages only: the API never looks at it. A page never looks at `Authorization`.
"""

import functools
import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from urllib.parse import urlencode

import msgspec
from jinja2 import BytecodeCache, Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from msgspec import Struct
from tornado.web import create_signed_value, decode_signed_value

from handlers import assets, words
from handlers.base import ANYONE, Endpoint, Rule
from server import return_calls, staff_push
from server.kit import discover
from server.kit.db import Once, Reader
from server.kit.errors import Forbidden, HoelunError, Invalid, Unauthorized
from server.sessions import Actor
from server.staff import ROLES
from server.words import CHANNELS

T = TypeVar("T", bound=Struct)

MONEY, RUNNING = 42, 45
GROUPS = {MONEY: "积分账单", RUNNING: "管理"}
AT_HAND = 4
COOKIE = "hoelun_staff"
LOGIN = "/console/login"
HTML = "text/html; charset=utf-8"
KEY_FIELD, TOKEN_FIELD = "_key", "_xsrf"
_HEADERS = {
    "Content-Type": HTML,
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class PageStale(Forbidden):
    """这个页面开得太久了，没有办成；请刷新后再试一次"""


class Shown(Struct, frozen=True):
    """A page: a template and what it is filled with."""

    template: str
    facts: dict[str, Any]
    status: int = 200


class Goto(Struct, frozen=True):
    """On to another page."""

    url: str


class MenuItem(Struct, frozen=True):
    """An entry of the side list, by rank, and by place among those of the same rank: what is done every day, then
    points and bills at `MONEY`, and from `RUNNING` on what keeps the street running. A phone's bottom bar has room for
    the first `AT_HAND`; the others unfold from it."""

    text: str
    icon: str
    rank: int
    place: int = 0

    @property
    def group(self) -> str:
        """What stands above it and its neighbours; nothing above what is done every day."""
        begun = [rank for rank in GROUPS if rank <= self.rank]
        return GROUPS[max(begun)] if begun else ""


class Flash(Struct, frozen=True):
    """A line shown once, on the next page."""

    text: str


def _compiled() -> Environment:
    """All of them at once, so that a broken one stops the start and not a clerk."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        bytecode_cache=_bytecode(),
    )
    environment.globals |= {"static": assets.url}
    environment.filters |= {
        "when": words.when,
        "stamp": words.stamp,
        "yuan": words.yuan,
        "quote_state": words.quote_state,
        "limit": words.limit,
        "quarters": words.quarters,
        "channel": CHANNELS.__getitem__,
    }
    for name in environment.list_templates():
        environment.get_template(name)
    return environment


def _bytecode() -> BytecodeCache | None:
    """What was compiled at the last start, in a folder of this user's own; half of a start is compiling otherwise."""
    try:
        return FileSystemBytecodeCache()
    except (OSError, RuntimeError):
        return None  # nowhere to write


TEMPLATES = _compiled()


@functools.cache
def menu() -> tuple[type["Page"], ...]:
    """The pages that stand in the menu."""
    found = [one for one in discover.subclasses("handlers", Page) if one.menu]
    return tuple(sorted(found, key=lambda one: (one.menu.rank, one.menu.place) if one.menu else (0, 0)))


HOME = "/console"


@functools.cache
def entries() -> dict[str, str]:
    """Of each page that is in the menu, or says where it belongs, the entry."""
    found = discover.subclasses("handlers", Page)
    return {one.path: one.path if one.menu else one.under for one in found if one.menu or one.under}


def entry_of(path: str) -> str:
    """The entry of the menu that a page belongs to: its own, or that of the nearest page above it; empty for none."""
    while path not in entries():
        path = path.rpartition("/")[0]
        if path in ("", HOME):
            return ""
    return entries()[path]


class Page(Endpoint):
    """A page at `path`. Verbs return Shown or Goto; a refusal is a page, too. `under` is the entry of the menu that it
    and what lies below it belong to, where its address does not say so."""

    documented = False
    menu: ClassVar[MenuItem | None] = None
    under: ClassVar[str] = ""
    channel = "console"
    notices = 0
    calls = 0

    def clear(self) -> None:
        super().clear()
        for name, value in _HEADERS.items():
            self.set_header(name, value)

    # Who is there.

    @classmethod
    def lets(cls, actor: Actor) -> bool:
        """Whether this page would open: the menu shows no other."""
        return cls.plans["get"].rule.lets(actor)

    def token(self) -> str | None:
        """What the cookie holds, if the seal on it is ours."""
        given, own = self.get_cookie(COOKIE), self.building.settings
        if not given:
            return None
        days = own.sessions.staff_hours / 24
        token = decode_signed_value(own.cookie_key, COOKIE, given, max_age_days=days, clock=self._time)
        return token.decode() if token else None

    def keep_token(self, token: str, *, seconds: int) -> None:
        """The session's cookie: sealed, and good for as long as the session is at most."""
        sealed = create_signed_value(self.building.settings.cookie_key, COOKIE, token, clock=self._time)
        self.keep(COOKIE, sealed.decode(), seconds=seconds, path="/")

    @property
    def looks_by_itself(self) -> bool:
        """A page that is open asks for what has changed: nobody did anything, and no login lives longer by it."""
        return self.request.method == "GET" and "X-Watch" in self.request.headers

    def known_actor(self, token: str) -> Actor | None:
        return self.building.onlooker(token) if self.looks_by_itself else super().known_actor(token)

    async def find_actor(self, token: str) -> Actor:
        if self.looks_by_itself:
            return await self.building.onlooking(token)
        return await super().find_actor(token)

    async def authenticate(self, rule: Rule) -> None:
        """Also raises PageStale for a form that is not from one of this session's own pages."""
        await super().authenticate(rule)
        self.channel = "console"
        if self.request.method == "GET" and ANYONE not in rule.who:
            await self._count_notices()
        if self.request.method == "POST":
            given = self.get_body_argument(TOKEN_FIELD, "")
            if not hmac.compare_digest(given.encode(), self.form_token().encode()):
                raise PageStale

    async def _count_notices(self) -> None:
        """What stands at the bell, and how many wait for a call by whoever makes them."""
        actor, calls = self.actor, bool(self.actor.roles & return_calls.CALLERS)

        async def counted(reader: Reader) -> tuple[int, int]:
            waiting = await return_calls.waiting(reader, actor) if calls else 0
            return await staff_push.unread(reader, actor.id), waiting

        self.notices, self.calls = await self.building.db.reading(counted)

    def form_token(self) -> str:
        """What every form of this session carries; nobody else can know it."""
        key, session = self.building.settings.cookie_key, self.token() or ""
        return hmac.new(key.encode(), f"form {session}".encode(), hashlib.sha256).hexdigest()

    def keep(self, name: str, value: str, *, seconds: int, path: str = "/console") -> None:
        """A cookie that scripts cannot read and other sites cannot send."""
        secure = self.building.settings.environment == "production"
        self.set_cookie(name, value, path=path, max_age=seconds, httponly=True, samesite="Lax", secure=secure)

    def keep_sealed(self, name: str, value: Struct, *, seconds: int) -> None:
        """The same, signed, so that nobody can write it but us."""
        key, content = self.building.settings.cookie_key, msgspec.json.encode(value)
        self.keep(name, create_signed_value(key, name, content, clock=self._time).decode(), seconds=seconds)

    def take_sealed(self, name: str, kind: type[T], *, seconds: int) -> T | None:
        """What was kept under this name, and no longer; None when there is nothing good."""
        given = self.get_cookie(name)
        if given is None:
            return None
        self.clear_cookie(name, path="/console")
        key, days = self.building.settings.cookie_key, seconds / 86_400
        content = decode_signed_value(key, name, given, max_age_days=days, clock=self._time)
        return msgspec.json.decode(content, type=kind) if content else None

    def _time(self) -> float:
        return self.building.clock.now().timestamp()

    def flash(self, text: str) -> None:
        self.keep_sealed("hoelun_flash", Flash(text), seconds=60)

    def flashed(self) -> str:
        """The line for this page; a page that looks by itself leaves it to the one that is being opened."""
        if self.looks_by_itself:
            return ""
        found = self.take_sealed("hoelun_flash", Flash, seconds=60)
        return found.text if found else ""

    # What a form says.

    def form(self) -> dict[str, str]:
        """The fields as text, without those that every form has. Raises Invalid."""
        try:
            given = {name: values[-1].decode() for name, values in self.request.body_arguments.items()}
        except UnicodeDecodeError as error:
            raise Invalid("填写的内容里有无法识别的文字") from error
        return {name: value for name, value in given.items() if name not in (KEY_FIELD, TOKEN_FIELD)}

    def read_body(self, kind: Any) -> Any:
        try:
            return msgspec.convert(self.form(), kind, strict=False)
        except msgspec.ValidationError as error:
            raise Invalid.from_validation(error) from error

    def read_no_body(self) -> None:
        """The token is always there."""

    def once_key(self) -> Once | None:
        """The key that was made with the form: sending it twice is doing it once."""
        key = self.get_body_argument(KEY_FIELD, "")
        if not key:
            return None
        content = msgspec.json.encode(sorted(self.form().items()))
        return Once(self.actor.key, f"POST {self.request.path}", key[:255], content)

    # What is answered.

    def answer(self, result: Any, status: int) -> None:
        if isinstance(result, Goto):
            self.redirect(result.url, status=303)
        else:
            self.show(result)

    def show(self, page: Shown) -> None:
        self.set_status(page.status)
        self.finish(TEMPLATES.get_template(page.template).render(self.surroundings() | page.facts))

    def surroundings(self) -> dict[str, Any]:
        """What every template may use."""
        actor = getattr(self, "actor", None)
        roles = actor.roles if actor else frozenset()
        return {
            "me": actor,
            "roles": [row for row in ROLES if row.name in roles],
            "menu": [(one.path, one.menu) for one in menu() if one.lets(actor)] if actor else [],
            "at_hand": AT_HAND,
            "here": self.path,
            "entry": entry_of(self.path),
            "notices": self.notices,
            "calls": self.calls,
            "form_token": self.form_token() if actor else "",
            "new_key": secrets.token_urlsafe(18),
            "demo": self.building.settings.environment == "demo",
            "now": self.building.clock.now(),
        }

    def refuse(self, error: HoelunError, status: int | None = None) -> None:
        """Who is not signed in goes to the login and comes back; a form they sent was not heard, and says so."""
        signed_out = isinstance(error, Unauthorized)
        if signed_out and self.request.method in ("GET", "HEAD"):
            self.redirect(f"{LOGIN}?{urlencode({'next': self.request.uri})}")
            return
        if error.retry_after is not None:
            self.set_header("Retry-After", str(max(1, round(error.retry_after))))
        again = self.request.path.rpartition("/")[0] if signed_out else ""
        facts = {
            "error": error,
            "request_id": self.request_id,
            "login": f"{LOGIN}?{urlencode({'next': again or '/console'})}" if signed_out else "",
        }
        self.show(Shown("error.html", facts, status or error.status))
