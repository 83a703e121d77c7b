"""Licences, insurance and workers' certificates: what each kind is called, until when it holds, what it locks.

One document holds all that one person or provider ever handed in of one kind; it is found by its id, out of memory.
"""

from datetime import date, datetime

from msgspec import Struct

from schemas.certificates import Of, PaperKind
from server import catalogue
from server.kit.db import Collection, Index, Reader, Stored
from server.staff import Staff


class CertificateKind(Struct, frozen=True):
    """`of` says whose it is: a person's or a provider's."""

    name: PaperKind
    text: str
    of: Of


KINDS: dict[str, CertificateKind] = {
    one.name: one
    for one in (
        CertificateKind("licence", "营业执照", "provider"),
        CertificateKind("insurance", "公众责任保险", "provider"),
        CertificateKind("health", "健康证", "worker"),
        CertificateKind("electrician", "电工证", "worker"),
        CertificateKind("nursing", "护理证", "worker"),
        CertificateKind("driving", "驾驶证", "worker"),
    )
}
"""What a category asks for is in `Category.requires`."""


class Paper(Struct, kw_only=True):
    """One paper as it was handed in. `number` is sealed (server/kit/vault.py), `tail` its last four characters;
    `valid_until` is the last day on which it holds; `warned` the days before it of which somebody was told."""

    number: bytes
    tail: str
    issuer: str
    issued: date | None = None
    valid_until: date
    handed_in_by: str
    handed_in_at: datetime
    answered_by: str = ""
    answered_at: datetime | None = None
    reason: str = ""
    warned: list[int] = []


class Certificate(Stored, kw_only=True):
    """`id` is `worker.….kind` or `provider.….kind`. `current` is the approved paper, `pending` waits for the street."""

    of: Of
    owner_id: str
    provider_id: str
    kind: str
    version: int = 0
    current: Paper | None = None
    pending: Paper | None = None
    past: list[Paper] = []

    @property
    def text(self) -> str:
        return KINDS[self.kind].text


CERTIFICATES: Collection[Certificate] = Collection(
    "certificates", Certificate, Index(("provider_id",)), whole=True
)


def certificate_id(of: Of, owner_id: str, kind: str) -> str:
    return f"{of}.{owner_id}.{kind}"


def missing(
    reader: Reader, worker: Staff, category: str, day: date, provider_id: str | None = None
) -> list[str]:
    """Why this worker may not be given work of this category on that local day, in Chinese; empty: they may.

    A certificate that the category asks for is absent or has expired by then, or the licence or insurance of the
    provider has: of `provider_id`, or of all they work for; or that provider is suspended. A provider whose papers were
    never recorded, from before there was onboarding, is not locked.
    """
    grants = {one.provider_id for one in worker.grants if one.provider_id and one.role in _WORKING}
    employers = sorted(grants) if provider_id is None else [provider_id]
    reasons = [_suspended(reader, one) for one in employers]
    reasons += [_expired(reader, "provider", one, kind, day) for one in employers for kind in PROVIDERS_OWN]
    reasons += [_lacking(reader, worker.id, kind, day) for kind in required(reader, category)]
    return [one for one in reasons if one]


_WORKING = frozenset({"worker", "driver"})
PROVIDERS_OWN = [one.name for one in KINDS.values() if one.of == "provider"]


def required(reader: Reader, category: str) -> list[str]:
    """The kinds that somebody needs who does work of this category."""
    known = reader.recall(catalogue.CATEGORIES, category)
    return known.requires if known else []


def _suspended(reader: Reader, provider_id: str) -> str:
    provider = catalogue.provider_of(reader, provider_id)
    return "商家已暂停服务" if provider is not None and provider.suspended else ""


def _lacking(reader: Reader, worker_id: str, kind: str, day: date) -> str:
    known = reader.recall(CERTIFICATES, certificate_id("worker", worker_id, kind))
    if known is None or known.current is None:
        return f"没有{KINDS[kind].text}"
    return _expired(reader, "worker", worker_id, kind, day)


def _expired(reader: Reader, of: Of, owner_id: str, kind: str, day: date) -> str:
    known = reader.recall(CERTIFICATES, certificate_id(of, owner_id, kind))
    if known is None or known.current is None or day <= known.current.valid_until:
        return ""
    whose = "商家的" if of == "provider" else ""
    return f"{whose}{KINDS[kind].text}{known.current.valid_until:%Y-%m-%d} 到期"
