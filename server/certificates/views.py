"""Certificates as they are shown: how long they hold, in a colour and a word, and no more of a number than its end."""

from datetime import date

from schemas.certificates import CertificatesView, CertificateView, PaperState, PaperView
from server import catalogue, staff
from server.certificates.papers import may_see
from server.certificates.stored import CERTIFICATES, KINDS, Certificate, Paper
from server.kit.clock import today
from server.kit.db import Reader
from server.sessions import Actor

SOON_DAYS = 30
_TEXTS: dict[PaperState, str] = {"none": "没有", "valid": "有效", "soon": "快到期", "expired": "已过期"}


def state(paper: Paper | None, day: date) -> PaperState:
    if paper is None:
        return "none"
    left = (paper.valid_until - day).days
    return "expired" if left < 0 else "soon" if left <= SOON_DAYS else "valid"


def in_scope(reader: Reader, actor: Actor, provider_id: str | None) -> list[Certificate]:
    """Of one provider and its people, or of all that the actor may see, by owner and kind."""
    found = [
        one
        for one in reader.everything(CERTIFICATES).items.values()
        if provider_id in (None, one.provider_id) and may_see(actor, one.provider_id)
    ]
    return sorted(found, key=lambda one: (one.provider_id, one.of, one.owner_id, one.kind))


def listed(reader: Reader, actor: Actor, provider_id: str | None) -> CertificatesView:
    """All at once: they are kept in memory, and a street has some hundreds."""
    return CertificatesView(items=[view(reader, one) for one in in_scope(reader, actor, provider_id)])


def view(reader: Reader, one: Certificate) -> CertificateView:
    day = today(reader.now)
    now = state(one.current, day)
    return CertificateView(
        id=one.id,
        of=one.of,
        owner_id=one.owner_id,
        owner=owner_name(reader, one),
        provider_id=one.provider_id,
        kind=KINDS[one.kind].name,
        kind_text=one.text,
        state=now,
        state_text=_TEXTS[now],
        days_left=(one.current.valid_until - day).days if one.current else None,
        current=_paper(reader, one.current),
        pending=_paper(reader, one.pending),
        returned=_paper(reader, _returned(one)),
        version=one.version,
    )


def owner_name(reader: Reader, one: Certificate) -> str:
    if one.of == "worker":
        return _name(reader, one.owner_id)
    provider = catalogue.provider_of(reader, one.owner_id)
    return provider.name if provider else one.owner_id


def _returned(one: Certificate) -> Paper | None:
    last = one.past[-1] if one.past and one.pending is None else None
    return last if last is not None and last.reason else None


def _paper(reader: Reader, paper: Paper | None) -> PaperView | None:
    if paper is None:
        return None
    return PaperView(
        number=f"****{paper.tail}",
        issuer=paper.issuer,
        issued=paper.issued,
        valid_until=paper.valid_until,
        handed_in_by=_name(reader, paper.handed_in_by),
        handed_in_at=paper.handed_in_at,
        answered_by=_name(reader, paper.answered_by),
        answered_at=paper.answered_at,
        reason=paper.reason,
    )


def _name(reader: Reader, userid: str) -> str:
    member = reader.recall(staff.STAFF, userid)
    return member.name if member else userid
