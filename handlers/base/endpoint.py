"""The class that every door is: it runs the verbs that its subclasses declare, and answers or refuses."""

import functools
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar, TypeVar

import structlog
from msgspec import Struct
from tornado.web import HTTPError, RequestHandler

from handlers.base.answers import JSON, Answer, encode, usual_headers
from handlers.base.asked import BodyNotExpected, bearer, body_of, query_of
from handlers.base.verbs import ANYONE, VERBS, Plan, Rule, plan_of
from schemas.cases import Channel
from server import audit
from server.building import Building
from server.config import Settings
from server.kit.chance import chance
from server.kit.db import DatabaseUnavailable, Once, Reply, Tx
from server.kit.errors import (
    STATUS_TABLE,
    BadRequest,
    Forbidden,
    HoelunError,
    Invalid,
    MethodNotAllowed,
    TooMany,
    Unauthorized,
)
from server.kit.pace import Pace
from server.kit.platform import PlatformRefusal
from server.sessions import Actor

log = structlog.get_logger()
V = TypeVar("V")


_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_KEY = re.compile(r"^[!-~]{1,255}$")
_LOOKING = ("GET", "HEAD")
_OWN_ADDRESSES = frozenset({"127.0.0.1", "::1", "0.0.0.0", ""})


class BadIdempotencyKey(Invalid):
    """幂等键应为 1 到 255 个可见字符"""


class AskedTooOften(TooMany):
    """您操作得太快了，请等几秒再试"""


class Endpoint(RequestHandler):
    """A resource of the API at `path`. Subclasses declare verbs; this class runs them.

    `documented = False` leaves a page, or what is described elsewhere, out of the OpenAPI document; `paced = False`
    lets everybody ask as often as they like.
    """

    path: ClassVar[str] = ""
    documented: ClassVar[bool] = True
    takes_files: ClassVar[bool] = False
    paced: ClassVar[bool] = True
    plans: ClassVar[dict[str, Plan]] = {}
    building: Building
    actor: Actor
    channel: Channel = "mini_program"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        verbs = {name: cls.__dict__[name] for name in VERBS if name in cls.__dict__}
        cls.plans = {name: plan_of(name, verb) for name, verb in verbs.items()}
        for name, plan in cls.plans.items():
            setattr(cls, name, _run(plan))
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
        self._headers = usual_headers()
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
        """Logged once, by `_run` or here; tornado would log it again."""
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
        """Sets `actor`. Raises Unauthorized, Forbidden, AskedTooOften."""
        if ANYONE in rule.who:
            self.keep_pace_by_address(self.building.addresses)
            return
        token = self.token()
        if token is None:
            raise Unauthorized
        actor = self.known_actor(token)
        if actor is None:
            self.keep_pace_by_address(self.building.addresses)
            actor = await self.find_actor(token)
        self.actor = actor
        self._keep_pace(self.building.callers, actor.key)
        if not rule.lets(self.actor):
            raise Forbidden
        if self.actor.kind == "staff":
            self.channel = _channel(self.actor)

    def known_actor(self, token: str) -> Actor | None:
        return self.building.known_actor(token)

    async def find_actor(self, token: str) -> Actor:
        """Raises SessionExpired, NotStaff."""
        return await self.building.actor(token)

    def keep_pace_by_address(self, pace: Pace) -> None:
        """A proxy that is not named in `http.proxies` speaks for everybody: it is not held back. Raises AskedTooOften."""
        address = self.request.remote_ip or ""
        if address not in _OWN_ADDRESSES:
            self._keep_pace(pace, address)

    def _keep_pace(self, pace: Pace, who: str) -> None:
        late = pace.late(who, self.began) if self.paced else 0.0
        if late:
            raise AskedTooOften(retry_after=late)

    def read_query(self, kind: type[Struct]) -> Struct:
        return query_of(self.request, kind)

    def read_body(self, kind: Any) -> Any:
        return body_of(self.request, kind)

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


def _run(plan: Plan) -> Callable[..., Awaitable[None]]:
    async def run(self: Endpoint, *path: str) -> None:
        if plan.name != "get":
            structlog.contextvars.bind_contextvars(request_id=self.request_id)
        self.building.db.begin_request()
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
