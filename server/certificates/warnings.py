"""A paper that is about to expire: who has to know is told 30 and 7 days before and on its last day, once each."""

from datetime import date, timedelta
from typing import Any

from schemas.certificates import RisksView, RiskView
from server import staff, staff_push
from server.cases import CASES, STILL_OPEN, Case
from server.certificates.papers import may_see
from server.certificates.stored import CERTIFICATES, Certificate, missing
from server.certificates.views import owner_name
from server.kit.clock import SHANGHAI, today
from server.kit.db import Reader, Tx
from server.kit.events import Event, emit, on
from server.kit.jobs import Premises
from server.kit.sweeps import Sweep
from server.sessions import SYSTEM, Actor
from server.staff_push import Word

DAYS_BEFORE = (30, 7, 0)
_WAKING = range(8, 20)
_LOOK_AHEAD = timedelta(days=60)
_MOST = 500
_NAMED = 5
_TO_COME = frozenset({"assigned", "en_route"})


def due(certificate: Certificate, day: date) -> int | None:
    """Of how many days before the end a warning is due today; None where all was said."""
    paper = certificate.current
    if paper is None:
        return None
    left = (paper.valid_until - day).days
    reached = [one for one in DAYS_BEFORE if left <= one]
    return min(reached) if reached and min(reached) not in paper.warned else None


async def look(house: Premises) -> None:
    """By day only: nobody is woken by a paper."""
    reader = house.db.reader()
    if reader.now.astimezone(SHANGHAI).hour not in _WAKING:
        return
    for one in list(reader.everything(CERTIFICATES).items.values()):
        days = due(one, today(reader.now))
        if days is not None:
            await house.db.atomically(lambda tx, one=one, days=days: _warn(tx, one, days))  # type: ignore[misc]


async def _warn(tx: Tx, certificate: Certificate, days: int) -> None:
    """The mark and the event are one: however often it is tried, it is said once of each paper."""
    paper = certificate.current
    assert paper is not None
    unsaid = {
        "_id": certificate.id,
        "current.handed_in_at": paper.handed_in_at,
        "current.warned": {"$ne": days},
    }
    if not await tx.change(CERTIFICATES, unsaid, {"$push": {"current.warned": days}}):
        return
    emit(
        tx,
        Event(
            id=f"{certificate.id}.{paper.valid_until}.{days}",
            type="certificate.expires",
            subject=certificate.id,
            seq=days,
            at=tx.now,
            by={"kind": SYSTEM.kind, "id": SYSTEM.id, "name": "", "role": "system"},
            channel="system",
            data={"action": "expires", "days": days, "valid_until": paper.valid_until.isoformat()},
        ),
    )


EXPIRIES = Sweep("certificate-expiries", look, lambda settings: timedelta(hours=1))


@on("certificate.expires")
async def warn(tx: Tx, event: Event) -> None:
    """The worker, the provider's managers and the dispatchers, with the visits that it touches."""
    certificate = tx.recall(CERTIFICATES, event.subject)
    if certificate is None:
        return
    text = await _text(tx, certificate, event)
    word = Word(title=_title(tx, certificate, event), text=text, page=_page(certificate))
    for userid in _to_be_told(tx, certificate):
        await staff_push.send(tx, event, userid, word)


def _title(reader: Reader, certificate: Certificate, event: Event) -> str:
    last = date.fromisoformat(event.data["valid_until"])
    left = (last - today(event.at)).days
    when = "已过期" if left < 0 else "今天到期" if left == 0 else f"还有 {left} 天到期"
    return f"{owner_name(reader, certificate)}的{certificate.text}{when}"


async def _text(tx: Tx, certificate: Certificate, event: Event) -> str:
    last = event.data["valid_until"]
    touched = await _touched(tx, certificate, last)
    text = f"有效期到 {last}，之后不能派单。请尽快换证，新证审核通过后马上恢复。"
    if touched:
        some = "、".join(f"{one.id}（{one.details['day']}）" for one in touched[:_NAMED])
        more = f"等 {len(touched)} 单" if len(touched) > _NAMED else ""
        text += f"到期后已派的上门要另外安排：{some}{more}。"
    return text


def _page(certificate: Certificate) -> str:
    return f"/console/providers/{certificate.provider_id}"


def _to_be_told(reader: Reader, certificate: Certificate) -> list[str]:
    def concerned(one: staff.Staff) -> bool:
        manages = any(
            grant.role == "provider" and grant.provider_id == certificate.provider_id for grant in one.grants
        )
        dispatches = any(grant.role == "dispatcher" for grant in one.grants)
        return manages or dispatches or (certificate.of == "worker" and one.id == certificate.owner_id)

    everybody = reader.everything(staff.STAFF).items.values()
    return sorted(one.id for one in everybody if one.active and concerned(one))


async def _touched(reader: Reader, certificate: Certificate, last: str) -> list[Case]:
    """Visits after its last day that were given to somebody already."""
    whose = "worker_id" if certificate.of == "worker" else "provider_id"
    where = {whose: certificate.owner_id, **STILL_OPEN, "kind": "booking", "details.day": {"$gt": last}}
    cases = await reader.all(CASES, where, limit=_MOST)
    return [one for one in cases if one.worker_id is not None and _bars(reader, one)]


def _bars(reader: Reader, case: Case) -> list[str]:
    """Why who is to come will not be allowed to."""
    worker = reader.recall(staff.STAFF, case.worker_id or "")
    if worker is None or case.state not in _TO_COME:
        return []
    day = date.fromisoformat(case.details["day"])
    return missing(reader, worker, case.details["category"], day, case.provider_id)


async def risks(reader: Reader, actor: Actor) -> RisksView:
    """Visits given to somebody who lacks a paper on their day, the next one first; of those in scope."""
    soon = today(reader.now) + _LOOK_AHEAD
    ending = [
        one
        for one in reader.everything(CERTIFICATES).items.values()
        if one.current is not None and one.current.valid_until <= soon and may_see(actor, one.provider_id)
    ]
    people = sorted({one.owner_id for one in ending if one.of == "worker"})
    firms = sorted({one.owner_id for one in ending if one.of == "provider"})
    found: dict[str, Case] = {}
    for field, owners in (("worker_id", people), ("provider_id", firms)):
        where: dict[str, Any] = {field: {"$in": owners}, **STILL_OPEN, "kind": "booking"}
        for one in await reader.all(CASES, where, limit=_MOST) if owners else []:
            found[one.id] = one
    touched = [(one, _bars(reader, one)) for one in found.values() if may_see(actor, one.provider_id or "")]
    views = [_risk(reader, one, reasons) for one, reasons in touched if reasons]
    return RisksView(items=sorted(views, key=lambda one: (one.when, one.case_no)))


def _risk(reader: Reader, case: Case, reasons: list[str]) -> RiskView:
    worker = reader.recall(staff.STAFF, case.worker_id or "")
    return RiskView(
        case_no=case.id,
        title=case.title,
        when=case.details["start"],
        worker_id=case.worker_id or "",
        worker=worker.name if worker else "",
        provider_id=case.provider_id or "",
        reasons=reasons,
    )
