"""What every door has: who is asking, what may be asked, what is answered; the verbs themselves stay short.

A verb says who may call it (`allow`) or it does not load. Its signature says the rest: `str` arguments come from the
path, a Struct called `query` from the query string, any other Struct from the body, and the annotation of what it
returns is all that leaves the building.
"""

import functools
import inspect
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from email.utils import formatdate
from typing import Any, ClassVar, Generic, NoReturn, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import structlog
from msgspec import Struct
from tornado.escape import url_unescape
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, HTTPServerRequest, ResponseStartLine
from tornado.web import Application, HTTPError, RequestHandler

from schemas.cases import Channel
from server import audit
from server.building import Building
from server.config import Settings
from server.kit import discover
from server.kit.chance import chance
from server.kit.db import DatabaseUnavailable, Once, Reply, Tx
from server.kit.errors import (
    STATUS_TABLE,
    BadRequest,
    Forbidden,
    HoelunError,
    Invalid,
    MethodNotAllowed,
    NotFound,
    Unauthorized,
    UnsupportedMedia,
)
from server.kit.platform import PlatformRefusal
from server.sessions import Actor

log = structlog.get_logger()

V = TypeVar("V")
F = TypeVar("F", bound=Callable[..., Any])

ANYONE = "anyone"
VERBS = ("get", "post", "patch", "put", "delete")
JSON = "application/json; charset=utf-8"
_READ_AS_JSON = ("application/json", "application/x-www-form-urlencoded")
"""The second is what many tools say of any body, when they are not told otherwise."""
_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_KEY = re.compile(r"^[!-~]{1,255}$")
_LOOKING = ("GET", "HEAD")
_PARTS = re.compile(r"(\{\w+\})")

encode = msgspec.json.encode


class RouteNotFound(NotFound):
    """没有这个地址"""


class BadIdempotencyKey(Invalid):
    """幂等键应为 1 到 255 个可见字符"""


class BodyNotExpected(Invalid):
    """这个操作不需要正文"""


class Answer(Struct, Generic[V], frozen=True):
    """An encoded V: from memory, or written together with its idempotency receipt."""

    body: bytes
    status: int = 200
    replayed: bool = False
    content_type: str = JSON


class Rule(Struct, frozen=True):
    """Who may call a verb, the status it answers with, and whether it takes an Idempotency-Key."""

    who: frozenset[str]
    status: int
    once: bool

    def lets(self, actor: Actor) -> bool:
        return actor.kind in self.who or not self.who.isdisjoint(actor.roles)


def allow(*who: str, status: int = 200, once: bool = True) -> Callable[[F], F]:
    """`"anyone"`, `"resident"`, `"staff"`, or staff roles. `once=False` for a POST that cannot be replayed, with
    the reason beside it."""

    def ruled(verb: F) -> F:
        verb.rule = Rule(frozenset(who), status, once)  # type: ignore[attr-defined]
        return verb

    return ruled


class Plan(Struct, frozen=True):
    """A verb as its signature describes it; made once, when the class is."""

    verb: Callable[..., Awaitable[Any]]
    name: str
    rule: Rule
    path_arguments: tuple[str, ...]
    query: type[Struct] | None
    no_query: Struct | None
    body: Any
    body_name: str
    view: Any
    document: str


def plan_of(name: str, verb: Callable[..., Awaitable[Any]]) -> Plan:
    rule = getattr(verb, "rule", None)
    if rule is None:
        raise TypeError(f"{verb.__qualname__} does not say who may call it: add @allow(…)")
    hints = get_type_hints(verb, include_extras=True)
    view = hints.pop("return")
    parameters = [one for one in inspect.signature(verb).parameters if one != "self"]
    path = tuple(one for one in parameters if hints[one] is str)
    others = [one for one in parameters if one not in path and one != "query"]
    return Plan(
        verb=verb,
        name=name,
        rule=rule,
        path_arguments=path,
        query=hints.get("query"),
        no_query=_no_query(hints.get("query")),
        body=hints[others[0]] if others else None,
        body_name=others[0] if others else "",
        view=get_args(view)[0] if get_origin(view) is Answer else view,
        document=inspect.getdoc(verb) or "",
    )


def _no_query(kind: type[Struct] | None) -> Struct | None:
    """What an empty query string means, made once; None where something has to be asked for."""
    try:
        return kind() if kind is not None else None
    except TypeError:
        return None


class Endpoint(RequestHandler):
    """A resource of the API at `path`. Subclasses declare verbs; this class runs them.

    `documented = False` leaves a page, or what is described elsewhere, out of the OpenAPI document.
    """

    path: ClassVar[str] = ""
    documented: ClassVar[bool] = True
    takes_files: ClassVar[bool] = False
    plans: ClassVar[dict[str, Plan]] = {}
    building: Building
    actor: Actor
    channel: Channel = "mini_program"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        verbs = {name: cls.__dict__[name] for name in VERBS if name in cls.__dict__}
        cls.plans = {name: plan_of(name, verb) for name, verb in verbs.items()}
        for name, plan in cls.plans.items():
            setattr(cls, name, _runner(plan))
        if cls.plans:
            cls.SUPPORTED_METHODS = tuple(name.upper() for name in cls.plans)
        if "get" in cls.plans:
            cls.head = cls.get
            cls.SUPPORTED_METHODS = ("HEAD", *cls.SUPPORTED_METHODS)

    @classmethod
    def at_once(cls, building: Building, actor: Actor, query: Any, path: list[str]) -> bytes | None:
        """GET's answer if memory has it, for the few that are asked all the time; None goes the usual way.

        What is answered here must be what the verb would have answered with 200.
        """
        return None

    @classmethod
    def largest_body(cls, settings: Settings) -> int | None:
        """In bytes, for what may be larger than the rest."""
        return None

    def initialize(self, building: Building) -> None:
        self.building = building

    # What tornado asks of a handler.

    def clear(self) -> None:
        self._headers = HTTPHeaders({"Content-Type": JSON, "Date": _date(), "Cache-Control": "no-store"})
        self._write_buffer = []
        self._status_code = 200
        self._reason = "OK"

    def compute_etag(self) -> None:
        return None

    def prepare(self) -> None:
        self.began = time.perf_counter()
        self.building.lifecycle.in_flight += 1

    @functools.cached_property
    def request_id(self) -> str:
        """The one the proxy gave, or a new one."""
        given = self.request.headers.get("X-Request-ID", "")
        return given if _REQUEST_ID.fullmatch(given) else chance.hex(8)

    def on_finish(self) -> None:
        if not hasattr(self, "began"):
            return
        self.building.lifecycle.in_flight -= 1
        seconds, status = time.perf_counter() - self.began, self.get_status()
        self.building.metrics.answered(self.path or "unknown", self.request.method or "", status, seconds)
        slow = seconds > self.building.settings.http.slow_s
        if self.request.method != "GET" or status >= 500 or slow:
            self._log_once(status, seconds)

    def _log_once(self, status: int, seconds: float) -> None:
        actor = getattr(self, "actor", None)
        log.info(
            f"{type(self).__module__.rpartition('.')[2]}.{(self.request.method or '').lower()}",
            request_id=self.request_id,
            route=self.path,
            status=status,
            actor=actor.key if actor else None,
            ms=round(seconds * 1000, 1),
        )

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Logged once, by `_runner` or here; tornado would log it again."""
        if not isinstance(value, HTTPError):
            log.error("http.failed", request_id=self.request_id, exc_info=(typ, value, tb))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """What tornado refuses by itself, in the same form as all refusals."""
        family = STATUS_TABLE.get(status_code, BadRequest if 400 <= status_code < 500 else HoelunError)
        self.refuse(family(), status_code)

    # What the runner and the verbs use.

    def token(self) -> str | None:
        return bearer(self.request)

    async def authenticate(self, rule: Rule) -> None:
        """Sets `actor`. Raises Unauthorized, Forbidden."""
        if ANYONE in rule.who:
            return
        token = self.token()
        if token is None:
            raise Unauthorized
        self.actor = self.building.known_actor(token) or await self.building.actor(token)
        if not rule.lets(self.actor):
            raise Forbidden
        if self.actor.kind == "staff":
            self.channel = _channel(self.actor)

    def read_query(self, kind: type[Struct]) -> Struct:
        return query_of(self.request, kind)

    def read_body(self, kind: Any) -> Any:
        media = self.request.headers.get("Content-Type", "application/json").partition(";")[0]
        if self.request.body and media.strip().lower() not in _READ_AS_JSON:
            raise UnsupportedMedia
        try:
            return msgspec.json.decode(self.request.body or b"{}", type=kind)
        except msgspec.ValidationError as error:
            raise Invalid.from_validation(error) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Invalid(f"正文不是有效的 JSON（{type(error).__name__}）") from error

    def read_no_body(self) -> None:
        """Raises BodyNotExpected, so that nobody believes that a field was heard."""
        if self.request.body.strip() not in (b"", b"{}"):
            raise BodyNotExpected

    def once_key(self) -> Once | None:
        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            return None
        if not _KEY.match(key):
            raise BadIdempotencyKey(field="Idempotency-Key")
        route = f"{self.request.method} {self.request.path}"
        content = self.request.body + (self.on_behalf_of or "").encode()
        return Once(self.actor.key, route, key, content)

    @property
    def on_behalf_of(self) -> str | None:
        """The resident for whom the caller says to act."""
        return self.request.headers.get("X-On-Behalf-Of")

    async def once(
        self,
        work: Callable[[Tx], Awaitable[V]],
        *,
        status: int = 200,
        lanes: Iterable[str] = (),
        with_whom: str | None = None,
    ) -> Answer[V]:
        """Do `work` in a transaction, once for each Idempotency-Key; the answer is what it returned, encoded."""

        async def answered(tx: Tx) -> Reply:
            audit.watch(tx, self.actor, self.origin())
            result = await work(tx)
            what, subjects = self.deed(result)
            audit.close(tx, what, *subjects)
            return Reply(status, encode(result))

        reply = await self.building.db.atomically_once(
            self.once_key(), answered, lanes=lanes, with_whom=with_whom
        )
        return Answer(reply.body, reply.status, reply.replayed)

    def origin(self) -> audit.Origin:
        agent = audit.agent_family(self.request.headers.get("User-Agent", ""))
        return audit.Origin(self.channel, self.request.remote_ip or "", agent, self.request_id)

    def deed(self, result: Any = None) -> tuple[str, list[str | None]]:
        """What this call does, in one word, and the ids of what it does it to."""
        verb, about = (self.request.method or "").lower(), list(self.path_args)
        if self.path.endswith("/{action}"):
            verb = about.pop()
        noun = type(self).__module__.removeprefix("handlers.")
        return f"{noun}.{verb}", [
            *about,
            getattr(result, "case_no", None) or getattr(result, "id", None),
        ]

    async def saw(self, what: str, *subjects: str | None) -> None:
        """Note that a member of the staff has looked at somebody's data."""
        if self.actor.kind == "staff":
            await audit.record(self.building.db, self.actor, self.origin(), what, *subjects)

    async def note_refusal(self, error: HoelunError) -> None:
        """Note what a member of the staff tried and was not allowed to do."""
        actor = getattr(self, "actor", None)
        if actor is None or actor.kind != "staff" or error.status not in (403, 404, 409):
            return
        what, subjects = self.deed()
        try:
            await audit.record(self.building.db, actor, self.origin(), what, *subjects, outcome=error.code)
        except DatabaseUnavailable:
            log.warning("audit.lost", request_id=self.request_id, what=what)

    async def replayed(self) -> Answer[Any] | None:
        """The first answer to this key, for verbs that ask a platform before they write."""
        key = self.once_key()
        reply = await self.building.db.replay(key) if key else None
        return Answer(reply.body, reply.status, replayed=True) if reply else None

    def answer(self, result: Any, status: int) -> None:
        if isinstance(result, Answer):
            if result.status != 200:
                self.set_status(result.status)
            if result.content_type != JSON:
                self.set_header("Content-Type", result.content_type)
            if result.replayed:
                self.set_header("Idempotent-Replayed", "true")
            self.finish(result.body)
        elif result is None:
            self.set_status(204)
            self.finish()
        else:
            self.set_status(status)
            self.finish(encode(result))

    def refuse(self, error: HoelunError, status: int | None = None) -> None:
        self.set_status(status or error.status)
        if error.retry_after is not None:
            self.set_header("Retry-After", str(max(1, round(error.retry_after))))
        if isinstance(error, Unauthorized):
            self.set_header("WWW-Authenticate", "Bearer")
        if isinstance(error, MethodNotAllowed):
            self.set_header("Allow", ", ".join(self.SUPPORTED_METHODS))
        self.finish(encode(error.body(self.request_id)))


def bearer(request: HTTPServerRequest) -> str | None:
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() or None if kind.lower() == "bearer" else None


def query_of(request: HTTPServerRequest, kind: type[Struct]) -> Any:
    """The query string as a Struct. Raises Invalid naming the parameter that is wrong."""
    found: dict[str, Any] = {}
    for name, values in request.query_arguments.items():
        if len(values) > 1:
            raise Invalid(f"{name} 只能出现一次", field=name)
        try:
            found[name] = values[0].decode("utf-8")
        except UnicodeDecodeError as error:
            raise Invalid(f"{name} 不是有效的文字", field=name) from error
        if found[name].lower() == "null":
            raise Invalid(f"{name} 没有值时请省去", field=name)
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid.from_validation(error) from error


def _runner(plan: Plan) -> Callable[..., Awaitable[None]]:
    async def run(self: Endpoint, *path: str) -> None:
        if plan.name != "get":
            structlog.contextvars.bind_contextvars(request_id=self.request_id)
        try:
            await self.authenticate(plan.rule)
            arguments: dict[str, Any] = {}
            if plan.query is not None:
                arguments["query"] = (
                    plan.no_query
                    if plan.no_query is not None and not self.request.query
                    else self.read_query(plan.query)
                )
            elif self.request.query_arguments:
                unknown = next(iter(self.request.query_arguments))
                raise Invalid(f"这个地址没有参数 {unknown}", field=unknown)
            if plan.body is not None:
                arguments[plan.body_name] = self.read_body(plan.body)
            elif self.request.body:
                self.read_no_body()
            result = await plan.verb(self, *path, **arguments)
        except HoelunError as error:
            if self.request.method not in _LOOKING or isinstance(error, Forbidden):
                await self.note_refusal(error)
            self.refuse(error)
        except PlatformRefusal as error:
            log.error("platform.refused", api=error.api, errcode=error.errcode, request_id=self.request_id)
            self.refuse(STATUS_TABLE[503]())
        else:
            self.answer(result, plan.rule.status)

    run.__name__ = plan.name
    run.__doc__ = plan.document
    return run


def _channel(actor: Actor) -> Channel:
    if "operator" in actor.roles:
        return "phone"
    return "window" if "clerk" in actor.roles else "console"


_now: tuple[int, str] = (0, "")


def _date() -> str:
    """The Date header, formatted once a second."""
    global _now  # noqa: PLW0603
    second = int(time.time())
    if _now[0] != second:
        _now = (second, formatdate(second, usegmt=True))
    return _now[1]


class NothingHere(Endpoint):
    """Every path that no endpoint has."""

    def prepare(self) -> NoReturn:
        super().prepare()
        raise HTTPError(404)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.refuse(RouteNotFound())


def endpoints() -> list[type[Endpoint]]:
    """Every endpoint of the building; fixed paths before those with placeholders."""
    found = [one for one in discover.subclasses("handlers", Endpoint) if one.path]
    return sorted(found, key=lambda one: [("{" in part, part) for part in one.path.split("/")])


def pattern(path: str) -> str:
    """The path as tornado matches it: `{placeholders}` take one part, everything else stands for itself."""
    return "".join("([^/]+)" if one.startswith("{") else re.escape(one) for one in _PARTS.split(path)) + "$"


class Doors(Application):
    """All routes, found. A path is looked up by its fixed parts instead of being matched against every route."""

    def __init__(self, building: Building) -> None:
        self._building = building
        self._given = {"building": building}
        self._fixed: dict[str, type[Endpoint]] = {}
        self._open: dict[tuple[int, str], list[tuple[re.Pattern[str], type[Endpoint]]]] = {}
        for one in endpoints():
            if "{" in one.path:
                self._open.setdefault(_address(one.path), []).append((re.compile(pattern(one.path)), one))
            else:
                self._fixed[one.path] = one
        super().__init__(
            default_handler_class=NothingHere,
            default_handler_args=self._given,
            lifecycle=building.lifecycle,
            largest_body=self.largest_body,
            log_function=lambda handler: None,
        )

    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        found = self._find(request.path)
        return self._delegate(request, *found) if found else super().find_handler(request, **kwargs)

    def largest_body(self, path: str) -> int | None:
        """In bytes, where it is not what it is everywhere."""
        found = self._find(path)
        return found[0].largest_body(self._building.settings) if found else None

    def _find(self, path: str) -> tuple[type[Endpoint], list[str]] | None:
        fixed = self._fixed.get(path)
        if fixed is not None:
            return fixed, []
        for form, endpoint in self._open.get(_address(path), ()):
            if (match := form.match(path)) is not None:
                return endpoint, list(match.groups())
        return None

    def _delegate(
        self, request: HTTPServerRequest, endpoint: type[Endpoint], parts: list[str]
    ) -> HTTPMessageDelegate:
        unescaped = [url_unescape(one, encoding=None, plus=False) for one in parts]
        usual = self.get_handler_delegate(request, endpoint, self._given, path_args=unescaped)
        if request.method == "GET" and "at_once" in endpoint.__dict__:
            return AtOnce(self._building, request, endpoint, parts, usual)
        return usual


class AtOnce(HTTPMessageDelegate):
    """A GET that memory may answer: no handler, no coroutine, half the work. Everything else goes the usual way."""

    def __init__(
        self,
        building: Building,
        request: HTTPServerRequest,
        endpoint: type[Endpoint],
        path: list[str],
        usual: HTTPMessageDelegate,
    ) -> None:
        self._building = building
        self._request = request
        self._endpoint = endpoint
        self._path = path
        self._usual = usual
        self._has_body = False

    def data_received(self, chunk: bytes) -> Any:
        self._has_body = True
        return self._usual.data_received(chunk)

    def on_connection_close(self) -> None:
        self._usual.on_connection_close()

    def finish(self) -> None:
        began = time.perf_counter()
        body = None if self._has_body or self._building.lifecycle.draining else self._known()
        if body is None:
            self._usual.finish()
            return
        connection = self._request.connection
        assert connection is not None
        headers = HTTPHeaders({"Content-Type": JSON, "Date": _date(), "Cache-Control": "no-store"})
        headers["Content-Length"] = str(len(body))
        connection.write_headers(_OK, headers, body)
        connection.finish()
        self._building.metrics.answered(self._endpoint.path, "GET", 200, time.perf_counter() - began)

    def _known(self) -> bytes | None:
        token = bearer(self._request)
        actor = self._building.known_actor(token) if token else None
        plan = self._endpoint.plans["get"]
        if actor is None or not plan.rule.lets(actor):
            return None
        try:
            query = plan.no_query
            if self._request.query or query is None:
                query = query_of(self._request, plan.query or NoQuery)
            return self._endpoint.at_once(self._building, actor, query, self._path)
        except HoelunError:
            return None


class NoQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """A query string that has to be empty."""


_OK = ResponseStartLine("HTTP/1.1", 200, "OK")


def _address(path: str) -> tuple[int, str]:
    """How many parts a path has, and the first two, or of two parts the first: no route leaves them open."""
    second = path.find("/", 1)
    third = path.find("/", second + 1)
    return path.count("/"), path[: third if third > 0 else second]
