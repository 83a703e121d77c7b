"""What runs out: the papers in scope that have ended or will within so many days, the first to end first."""

from schemas.certificates import CertificateView
from server import staff
from server.certificates.stored import Certificate
from server.certificates.views import in_scope, view
from server.kit.clock import today
from server.kit.db import Reader
from server.sessions import Actor


def ending(reader: Reader, actor: Actor, days: int) -> list[CertificateView]:
    """Those of people who have left, or work elsewhere by now, are nobody's worry."""
    day = today(reader.now)
    found = [
        view(reader, one)
        for one in in_scope(reader, actor, None)
        if one.current is not None
        and (one.current.valid_until - day).days <= days
        and _still_works(reader, one)
    ]
    return sorted(found, key=lambda one: (one.days_left or 0, one.provider_id, one.id))


def _still_works(reader: Reader, one: Certificate) -> bool:
    if one.of == "provider":
        return True
    member = reader.recall(staff.STAFF, one.owner_id)
    return (
        member is not None
        and member.active
        and one.provider_id in [each.provider_id for each in member.grants]
    )
