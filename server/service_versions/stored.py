"""A version of a service: proposed by one, published by another, never changed afterwards.

Residents read `services` out of memory; publishing writes there what the version says, in one transaction. One that
begins on a later day is applied at its midnight by whichever worker is first, once: its state is the guard.
"""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from schemas.service_versions import VersionKind, VersionState
from server.catalogue import PROVIDERS, SERVICES, Pool, Service
from server.kit.db import Collection, Index, Reader
from server.kit.errors import Conflict, Forbidden, Invalid, NotFound
from server.kit.jobs import DUE, Leased
from server.sessions import Actor

STREET = frozenset({"dispatcher", "admin"})
KINDS: dict[VersionKind, str] = {"create": "新增服务", "change": "修改服务", "retire": "下架"}
STATES: dict[VersionState, str] = {
    "draft": "待审核",
    "scheduled": "已批准，到日子生效",
    "published": "已生效",
    "returned": "已退回",
    "withdrawn": "已撤回",
}
TONES: dict[VersionState, str] = {
    "draft": "wait",
    "scheduled": "new",
    "published": "done",
    "returned": "late",
    "withdrawn": "grey",
}
FIRST = 1


class ServiceOfNobody(NotFound):
    """没有这项服务，或者不归您管"""


class ServiceVersionNotFound(NotFound):
    """没有这一版"""


class ServiceWrong(Invalid):
    """这项服务有一栏填得不对，请检查后再交"""


class NothingDiffers(Invalid):
    """和现在的内容一样，没有要改的"""


class VersionStartsTooSoon(Conflict):
    """生效日期要在明天或以后；想马上生效，就不要填日期"""


class VersionOutOfDate(Conflict):
    """您打开以后这项服务已经变了，请刷新后再改"""


class VersionWaits(Conflict):
    """这项服务已经有一版在等审核或等生效，请先处理那一版"""


class AlreadyRetired(Conflict):
    """这项服务已经下架了"""


class VersionAnswered(Conflict):
    """这一版已经处理过了，请刷新后再看"""


class OwnServiceVersion(Forbidden):
    """自己写的要由另一位同事审核"""


class NotTheAuthor(Forbidden):
    """只有写的人能撤回，请改用“退回”"""


class ServiceVersion(Leased, kw_only=True):
    """`id` is `service|number`. `service` is all that the service will be; `since` the version it was written against.
    `open` while it waits for an answer or for its day: one at a time for a service. `pool` is made when it is published.
    """

    service_id: str
    provider_id: str
    number: Annotated[int, Meta(ge=1)]
    kind: VersionKind
    state: VersionState
    open: bool
    since: int
    service: Service
    pool: Pool | None = None
    valid_from: date | None = None
    note: str = ""
    author_id: str
    author: str
    created_at: datetime
    decided_by: str = ""
    decided_at: datetime | None = None
    reason: str = ""


SERVICE_VERSIONS: Collection[ServiceVersion] = Collection(
    "service_versions",
    ServiceVersion,
    Index(("service_id",), unique=True, only={"open": True}),
    Index(("service_id", "-number", "-_id")),
    Index(("provider_id", "-created_at", "-_id")),
    Index(("open", "-created_at", "-_id")),
    Index(("-created_at", "-_id")),
    DUE,
)


def may_see(actor: Actor, provider_id: str) -> bool:
    """The street sees all, a manager what is of their own."""
    return bool(actor.roles & STREET) or provider_id in own_providers(actor)


def own_providers(actor: Actor) -> list[str]:
    return sorted({one.provider_id for one in actor.grants if one.role == "provider" and one.provider_id})


def check_provider(reader: Reader, provider_id: str, actor: Actor) -> None:
    """Raises ServiceOfNobody, also for what is somebody else's."""
    if reader.recall(PROVIDERS, provider_id) is None or not may_see(actor, provider_id):
        raise ServiceOfNobody


def service_in_scope(reader: Reader, service_id: str, actor: Actor) -> Service:
    """As residents read it now, or would if it were offered. Raises ServiceOfNobody."""
    service = reader.recall(SERVICES, service_id)
    if service is None or not may_see(actor, service.provider_id):
        raise ServiceOfNobody
    return service


def number_of(text: str) -> int:
    """As it stands in an address. Raises ServiceVersionNotFound."""
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 7):
        raise ServiceVersionNotFound
    return int(text)


def version_id(service_id: str, number: int) -> str:
    return f"{service_id}|{number}"


async def find(reader: Reader, service_id: str, number: int, actor: Actor) -> ServiceVersion:
    """Also the first, as long as it has no document. Raises ServiceVersionNotFound, also for what is somebody else's."""
    known = await reader.get(SERVICE_VERSIONS, version_id(service_id, number))
    if known is None and number == FIRST:
        service = reader.recall(SERVICES, service_id)
        known = first_of(service, reader.now) if service is not None and service.version == FIRST else None
    if known is None or not may_see(actor, known.provider_id):
        raise ServiceVersionNotFound
    return known


def first_of(service: Service, at: datetime) -> ServiceVersion:
    """What was there before anything was changed."""
    return ServiceVersion(
        id=version_id(service.id, FIRST),
        service_id=service.id,
        provider_id=service.provider_id,
        number=FIRST,
        kind="create",
        state="published",
        open=False,
        since=0,
        service=service,
        author_id="",
        author="",
        created_at=at,
    )
