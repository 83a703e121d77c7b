"""A paper on its way: whoever hands it in does not approve it; what is approved takes the place of what was."""

from datetime import date

from msgspec import Struct

from schemas.certificates import NewPaper, Of
from server import audit, catalogue, staff
from server.certificates.stored import CERTIFICATES, KINDS, Certificate, Paper, certificate_id
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, Forbidden, Invalid, NotFound
from server.kit.vault import Vault
from server.sessions import Actor
from server.staff import Staff

STREET = frozenset({"dispatcher", "admin"})
_TAIL = 4


class CertificateNotFound(NotFound):
    """没有找到这份证件"""


class OwnerNotFound(NotFound):
    """没有这位服务人员或这家服务商，请从名单里选"""


class WrongKindOfPaper(Invalid):
    """这种证件不是这一方的：营业执照和保险属于商家，其他证件属于个人"""


class PaperExpired(Invalid):
    """这份证件已经过期，请交在有效期内的"""


class PaperDatesReversed(Invalid):
    """发证日期不能晚于有效期"""


class NothingToAnswer(Conflict):
    """这份证件已经审过或又交了新的，请刷新后再看"""


class OwnPaper(Forbidden):
    """自己交的证件要由另一位同事审核"""


class Written(Struct, frozen=True):
    """A paper as somebody wrote it down."""

    number: str
    issuer: str
    issued: date | None
    valid_until: date


def find(reader: Reader, item_id: str, actor: Actor) -> Certificate:
    """Raises CertificateNotFound, also for what is somebody else's."""
    known = reader.recall(CERTIFICATES, item_id)
    if known is None or not may_see(actor, known.provider_id):
        raise CertificateNotFound
    return known


def may_see(actor: Actor, provider_id: str) -> bool:
    """The street sees all, a manager what is of their own."""
    own = any(one.role == "provider" and one.provider_id == provider_id for one in actor.grants)
    return own or bool(actor.roles & STREET)


async def hand_in(tx: Tx, wanted: NewPaper, actor: Actor, vault: Vault) -> Certificate:
    """Raises WrongKindOfPaper, OwnerNotFound, PaperExpired, PaperDatesReversed."""
    of = KINDS[wanted.kind].of
    provider_id = _provider_of(tx, of, wanted.owner_id, actor)
    if wanted.valid_until < today(tx.now):
        raise PaperExpired(field="valid_until")
    if wanted.issued is not None and wanted.issued > wanted.valid_until:
        raise PaperDatesReversed(field="issued")
    item_id = certificate_id(of, wanted.owner_id, wanted.kind)
    known = await tx.get(CERTIFICATES, item_id)
    certificate = known or Certificate(
        id=item_id, of=of, owner_id=wanted.owner_id, provider_id=provider_id, kind=wanted.kind
    )
    written = Written(wanted.number, wanted.issuer, wanted.issued, wanted.valid_until)
    if certificate.pending is not None:
        certificate.past.append(certificate.pending)
    certificate.pending = _sealed(written, item_id, actor, tx, vault)
    await _store(tx, certificate, known is not None)
    audit.note(tx, actor, "console", "certificate.hand_in", item_id, provider_id)
    return certificate


def _sealed(written: Written, item_id: str, actor: Actor, tx: Tx, vault: Vault) -> Paper:
    return Paper(
        number=vault.seal(written.number, item_id),
        tail=written.number[-_TAIL:],
        issuer=written.issuer,
        issued=written.issued,
        valid_until=written.valid_until,
        handed_in_by=actor.id,
        handed_in_at=tx.now,
    )


def _provider_of(reader: Reader, of: Of, owner_id: str, actor: Actor) -> str:
    """Whose paper it will be, if the actor may hand it in."""
    if of == "provider":
        if reader.recall(catalogue.PROVIDERS, owner_id) is None or not may_see(actor, owner_id):
            wrong = reader.recall(staff.STAFF, owner_id) is not None
            raise WrongKindOfPaper(field="kind") if wrong else OwnerNotFound(field="owner_id")
        return owner_id
    worker = reader.recall(staff.STAFF, owner_id)
    theirs = [one for one in employers(worker) if may_see(actor, one)] if worker else []
    if not theirs:
        wrong = reader.recall(catalogue.PROVIDERS, owner_id) is not None
        raise WrongKindOfPaper(field="kind") if wrong else OwnerNotFound(field="owner_id")
    return theirs[0]


def employers(worker: Staff) -> list[str]:
    works = [one.provider_id for one in worker.grants if one.role in ("worker", "driver")]
    return [one for one in works if one]


async def _store(tx: Tx, certificate: Certificate, known: bool) -> None:
    """Raises NothingToAnswer when somebody was faster."""
    before = certificate.version
    certificate.version += 1
    if not known:
        await tx.insert(CERTIFICATES, certificate)
    elif not await tx.replace(CERTIFICATES, certificate, {"_id": certificate.id, "version": before}):
        raise NothingToAnswer


async def _waiting(tx: Tx, item_id: str, version: int, actor: Actor) -> tuple[Certificate, Paper]:
    certificate = await tx.get(CERTIFICATES, item_id)
    if certificate is None or not actor.roles & STREET:
        raise CertificateNotFound
    if certificate.pending is None or certificate.version != version:
        raise NothingToAnswer
    certificate.pending.answered_by, certificate.pending.answered_at = actor.id, tx.now
    return certificate, certificate.pending


async def approve(tx: Tx, item_id: str, version: int, actor: Actor) -> Certificate:
    """From now on it is the one that counts. Raises CertificateNotFound, NothingToAnswer, OwnPaper, PaperExpired."""
    certificate, paper = await _waiting(tx, item_id, version, actor)
    if paper.handed_in_by == actor.id:
        raise OwnPaper
    if paper.valid_until < today(tx.now):
        raise PaperExpired
    if certificate.current is not None:
        certificate.past.append(certificate.current)
    certificate.current, certificate.pending = paper, None
    await _store(tx, certificate, known=True)
    audit.note(tx, actor, "console", "certificate.approve", item_id, certificate.provider_id)
    return certificate


async def return_(tx: Tx, item_id: str, version: int, reason: str, actor: Actor) -> Certificate:
    """Handed back with a reason; what was approved before goes on. Raises CertificateNotFound, NothingToAnswer."""
    certificate, paper = await _waiting(tx, item_id, version, actor)
    paper.reason = reason
    certificate.past.append(paper)
    certificate.pending = None
    await _store(tx, certificate, known=True)
    audit.note(tx, actor, "console", "certificate.return", item_id, certificate.provider_id)
    return certificate


async def take_over(
    tx: Tx, provider_id: str, kind: str, written: Written, entered_by: str, actor: Actor, vault: Vault
) -> None:
    """A paper of a provider that is admitted: approved with the application."""
    item_id = certificate_id("provider", provider_id, kind)
    paper = _sealed(written, item_id, actor, tx, vault)
    paper.handed_in_by, paper.answered_by, paper.answered_at = entered_by, actor.id, tx.now
    await tx.insert(
        CERTIFICATES,
        Certificate(
            id=item_id,
            of="provider",
            owner_id=provider_id,
            provider_id=provider_id,
            kind=kind,
            version=1,
            current=paper,
        ),
    )
