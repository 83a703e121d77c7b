"""What every door has: who is asking, what may be asked, what is answered; the verbs themselves stay short.

A verb says who may call it (`allow`) or it does not load. Its signature says the rest: `str` arguments come from the
path, a Struct called `query` from the query string, any other Struct from the body, and the annotation of what it
returns is all that leaves the building.
"""

import inspect
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from email.utils import formatdate
from typing import Any, ClassVar, Generic, NoReturn, TypeVar, get_args, get_origin, get_type_hints

import msgspec
import structlog
from msgspec import Struct
from tornado.httputil import HTTPHeaders
from tornado.web import Application, HTTPError, RequestHandler

from schemas.cases import Channel
from server.building import Building
from server.kit import discover
from server.kit.db import Once, Reply, Tx
from server.kit.errors import (
    STATUS_TABLE,
    BadRequest,
    Forbidden,
    HoelunError,
    Invalid,
    MethodNotAllowed,
    NotFound,
    Unauthorized,
)
from server.kit.platform import PlatformRefusal
from server.sessions import Actor

log = structlog.get_logger()

V = TypeVar("V")
F = TypeVar("F", bound=Callable[..., Any])

ANYONE = "anyone"
VERBS = ("get", "post", "patch", "put", "delete")
JSON = "application/json; charset=utf-8"
_KEY = re.compile(r"^[!-~]{1,255}$")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

encode = msgspec.json.encode


class RouteNotFound(NotFound):
    """没有这个地址"""


class BadIdempotencyKey(Invalid):
    """幂等键应为 1 到 255 个可见字符"""


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
    body: Any
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
        body=hints[others[0]] if others else None,
        view=get_args(view)[0] if get_origin(view) is Answer else view,
        document=inspect.getdoc(verb) or "",
    )


class Endpoint(RequestHandler):
    """A resource of the API at `path`. Subclasses declare verbs; this class runs them."""

    path: ClassVar[str] = ""
    plans: ClassVar[dict[str, Plan]] = {}
    max_body: ClassVar[int | None] = None
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
        given = self.request.headers.get("X-Request-ID", "")
        self.request_id = given if re.fullmatch(r"[A-Za-z0-9-]{8,64}", given) else secrets.token_hex(8)

    def on_finish(self) -> None:
        if not hasattr(self, "began"):
            return
        self.building.lifecycle.in_flight -= 1
        seconds, status = time.perf_counter() - self.began, self.get_status()
        metrics, route = self.building.metrics, self.path or "unknown"
        metrics.requests.labels(route, self.request.method, status).inc()
        metrics.request_seconds.labels(route).observe(seconds)
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
            log.error("http.failed", request_id=getattr(self, "request_id", ""), exc_info=(typ, value, tb))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """What tornado refuses by itself, in the same form as all refusals."""
        family = STATUS_TABLE.get(status_code, BadRequest if 400 <= status_code < 500 else HoelunError)
        self.refuse(family(), status_code)

    # What the runner and the verbs use.

    def token(self) -> str | None:
        kind, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return token.strip() if kind.lower() == "bearer" and token.strip() else None

    async def authenticate(self, rule: Rule) -> None:
        """Sets `actor`. Raises Unauthorized, Forbidden."""
        if ANYONE in rule.who:
            return
        token = self.token()
        if token is None:
            raise Unauthorized
        self.actor = self.building.known_actor(token) or await self.building.actor(token)
        if not rule.who & (self.actor.roles | {self.actor.kind}):
            raise Forbidden
        if self.actor.kind == "staff":
            self.channel = _channel(self.actor)

    def read_query(self, kind: type[Struct]) -> Struct:
        found: dict[str, Any] = {}
        for name, values in self.request.query_arguments.items():
            if len(values) > 1:
                raise Invalid(f"{name} 只能出现一次", field=name)
            try:
                found[name] = values[0].decode("utf-8")
            except UnicodeDecodeError as error:
                raise Invalid(f"{name} 不是有效的文字", field=name) from error
        try:
            return msgspec.convert(found, kind, strict=False)
        except msgspec.ValidationError as error:
            raise Invalid.from_validation(error) from error

    def read_body(self, kind: Any) -> Any:
        try:
            return msgspec.json.decode(self.request.body or b"{}", type=kind)
        except msgspec.ValidationError as error:
            raise Invalid.from_validation(error) from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Invalid(f"正文不是有效的 JSON（{type(error).__name__}）") from error

    def once_key(self) -> Once | None:
        key = self.request.headers.get("Idempotency-Key")
        if key is None:
            return None
        if not _KEY.match(key):
            raise BadIdempotencyKey(field="Idempotency-Key")
        route = f"{self.request.method} {self.request.path}"
        return Once(self.actor.key, route, key, self.request.body)

    async def once(
        self, work: Callable[[Tx], Awaitable[V]], *, status: int = 200, lanes: Iterable[str] = ()
    ) -> Answer[V]:
        """Do `work` in a transaction, once for each Idempotency-Key; the answer is what it returned, encoded."""

        async def answered(tx: Tx) -> Reply:
            return Reply(status, encode(await work(tx)))

        reply = await self.building.db.atomically_once(self.once_key(), answered, lanes=lanes)
        return Answer(reply.body, reply.status, reply.replayed)

    async def replayed(self) -> Answer[Any] | None:
        """The first answer to this key, for verbs that ask a platform before they write."""
        key = self.once_key()
        reply = await self.building.db.replay(key) if key else None
        return Answer(reply.body, reply.status, replayed=True) if reply else None

    def answer(self, result: Any, status: int) -> None:
        if isinstance(result, Answer):
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
        self.finish(encode(error.body(getattr(self, "request_id", ""))))


def _runner(plan: Plan) -> Callable[..., Awaitable[None]]:
    async def run(self: Endpoint, *path: str) -> None:
        try:
            await self.authenticate(plan.rule)
            arguments: dict[str, Any] = {}
            if plan.query is not None:
                arguments["query"] = self.read_query(plan.query)
            elif self.request.query_arguments:
                unknown = next(iter(self.request.query_arguments))
                raise Invalid(f"这个地址没有参数 {unknown}", field=unknown)
            if plan.body is not None:
                arguments[_body_name(plan)] = self.read_body(plan.body)
            result = await plan.verb(self, *path, **arguments)
        except HoelunError as error:
            self.refuse(error)
        except PlatformRefusal as error:
            log.error("platform.refused", api=error.api, errcode=error.errcode, request_id=self.request_id)
            self.refuse(STATUS_TABLE[503]())
        else:
            self.answer(result, plan.rule.status)

    run.__name__ = plan.name
    run.__doc__ = plan.document
    return run


def _body_name(plan: Plan) -> str:
    names = [one for one in inspect.signature(plan.verb).parameters if one not in ("self", "query")]
    return next(one for one in names if one not in plan.path_arguments)


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
    return _PLACEHOLDER.sub(r"([^/]+)", path) + "$"


def application(building: Building) -> Application:
    """All routes, found; `lifecycle` is what draining looks at."""
    routes: list[Any] = [(pattern(one.path), one, {"building": building}) for one in endpoints()]
    return Application(
        routes,
        default_handler_class=NothingHere,
        default_handler_args={"building": building},
        lifecycle=building.lifecycle,
        cookie_secret=building.settings.cookie_key,
        xsrf_cookies=False,
        log_function=lambda handler: None,
    )
