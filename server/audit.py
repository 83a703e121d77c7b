"""Who of the staff did, or looked at, what: written with the act and never changed.

A row is written in the transaction of its act, so there is none without the other. It holds ids and no personal
data, and stays when an account is deleted.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal

from msgspec import Struct

from schemas.audit import AuditEntryView, AuditView, FindAudit
from schemas.cases import Channel
from server import staff
from server.kit.chance import chance
from server.kit.clock import SHANGHAI
from server.kit.db import Collection, Database, Index, Reader, Stored, Tx
from server.kit.errors import Invalid
from server.sessions import SYSTEM, Actor

DONE = "done"
_ID = re.compile(r"[A-Za-z0-9_.@-]{1,64}")
_TELEPHONE = re.compile(r"[0-9-]{7,}")
_AGENTS = (
    ("wxwork", "WeCom"),
    ("micromessenger", "WeChat"),
    ("edg/", "Edge"),
    ("firefox/", "Firefox"),
    ("chrome/", "Chrome"),
    ("safari/", "Safari"),
)
"""The first that is found: most browsers also name those they descend from."""


_PROGRAMS = {"WeCom": "企业微信", "WeChat": "微信", "other": "其他程序", "": "没有说明"}
_SYSTEMS = (
    ("harmonyos", "鸿蒙"),
    ("android", "安卓"),
    ("iphone", "苹果手机"),
    ("ipad", "苹果平板"),
    ("windows", "Windows"),
    ("mac os", "苹果电脑"),
    ("linux", "Linux"),
)


class DaysReversed(Invalid):
    """开始日期不能晚于结束日期"""


class Origin(Struct, frozen=True):
    """Where an act came from."""

    channel: Channel
    ip: str = ""
    agent: str = ""
    request_id: str = ""


class Entry(Stored, kw_only=True):
    """`subjects` are the ids of what and whom it was about: a case number, a resident."""

    at: datetime
    actor_kind: Literal["resident", "staff", "system"]
    actor_id: str
    roles: list[str]
    what: str
    subjects: list[str]
    channel: Channel
    ip: str
    agent: str
    request_id: str
    outcome: str
    reason: str = ""


AUDIT: Collection[Entry] = Collection(
    "audit",
    Entry,
    Index(("-at", "-_id")),
    Index(("actor_id", "-at", "-_id")),
    Index(("subjects", "-at", "-_id")),
    Index(("what", "-at", "-_id")),
    insert_only=True,
)


class Witness(Struct):
    """Stands beside a transaction that a member of the staff has begun, and knows whether the act named itself."""

    actor: Actor
    origin: Origin
    noted: bool = False


def agent_family(user_agent: str) -> str:
    """The kind of client and no more: the whole line would tell devices apart."""
    lowered = user_agent.lower()
    return next((name for mark, name in _AGENTS if mark in lowered), "other" if lowered else "")


def device(user_agent: str) -> str:
    """Family and system in words, such as 企业微信 · 安卓: enough to know one's own devices again."""
    lowered, family = user_agent.lower(), agent_family(user_agent)
    system = next((name for mark, name in _SYSTEMS if mark in lowered), "")
    return " · ".join(one for one in (_PROGRAMS.get(family, family), system) if one)


def watch(tx: Tx, actor: Actor, origin: Origin) -> None:
    """Staff acts of this transaction are written down; call before the work begins."""
    if actor.kind == "staff":
        tx.witness = Witness(actor, origin)


def note(tx: Tx, actor: Actor, channel: Channel, what: str, *subjects: str | None, reason: str = "") -> None:
    """The act under its own name: what a move of a case calls. Only the staff's are written."""
    if actor.kind != "staff":
        return
    origin = Origin(channel)
    if isinstance(tx.witness, Witness):
        tx.witness.noted = True
        origin = tx.witness.origin
    tx.add(AUDIT, entry(tx.now, actor, origin, what, subjects, reason=reason))


def note_system(tx: Tx, what: str, *subjects: str | None) -> None:
    """What nobody did, but the clock or the directory: a proposal lapsed, somebody left."""
    tx.add(AUDIT, entry(tx.now, SYSTEM, Origin("system"), what, subjects))


def close(tx: Tx, what: str, *subjects: str | None) -> None:
    """The act under its address, where nothing in it gave it a better name."""
    witness = tx.witness
    if isinstance(witness, Witness) and not witness.noted:
        tx.add(AUDIT, entry(tx.now, witness.actor, witness.origin, what, subjects))


async def record(
    db: Database, actor: Actor, origin: Origin, what: str, *subjects: str | None, outcome: str = DONE
) -> None:
    """What changes nothing but is to be known: a look at personal data, an act that was refused."""
    row = entry(db.now(), actor, origin, what, subjects, outcome)
    await db.alone(lambda tx: tx.insert(AUDIT, row))


def entry(
    at: datetime,
    actor: Actor,
    origin: Origin,
    what: str,
    subjects: tuple[str | None, ...],
    outcome: str = DONE,
    reason: str = "",
) -> Entry:
    kept = [one for one in dict.fromkeys(subjects) if one and _is_id(one)]
    return Entry(
        id=chance.hex(12),
        at=at,
        actor_kind=actor.kind,
        actor_id=actor.id,
        roles=sorted(actor.roles),
        what=what,
        subjects=kept,
        channel=origin.channel,
        ip=origin.ip,
        agent=origin.agent,
        request_id=origin.request_id,
        outcome=outcome,
        reason=reason,
    )


def _is_id(text: str) -> bool:
    """What stands in an address may be anything; a telephone number is not written down."""
    return _ID.fullmatch(text) is not None and _TELEPHONE.fullmatch(text) is None


async def find(reader: Reader, wanted: FindAudit, acts: Iterable[str] | None = None) -> AuditView:
    """One page, newest first; `acts` are several to look for instead of one. Raises DaysReversed, BadCursor."""
    where = _where(wanted)
    if acts is not None:
        where["what"] = {"$in": sorted(acts)}
    page = await reader.page(AUDIT, where, sort="-at", cursor=wanted.cursor, limit=wanted.limit)
    return AuditView(items=[_view(reader, one) for one in page.items], next=page.next)


def _where(wanted: FindAudit) -> dict[str, Any]:
    if wanted.from_ and wanted.to and wanted.from_ > wanted.to:
        raise DaysReversed(field="from")
    where: dict[str, Any] = {}
    if wanted.actor:
        where["actor_id"] = wanted.actor
    if wanted.subject:
        where["subjects"] = wanted.subject
    if wanted.what:
        where["what"] = wanted.what
    bounds = {"$gte": _midnight(wanted.from_)} if wanted.from_ else {}
    if wanted.to:
        bounds["$lt"] = _midnight(wanted.to + timedelta(days=1))
    return where | ({"at": bounds} if bounds else {})


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def _view(reader: Reader, row: Entry) -> AuditEntryView:
    member = reader.recall(staff.STAFF, row.actor_id) if row.actor_kind == "staff" else None
    return AuditEntryView(
        id=row.id,
        at=row.at,
        actor_kind=row.actor_kind,
        actor_id=row.actor_id,
        actor=member.name if member else "",
        roles=row.roles,
        what=row.what,
        subjects=row.subjects,
        channel=row.channel,
        ip=row.ip,
        agent=row.agent,
        request_id=row.request_id,
        outcome=row.outcome,
        reason=row.reason,
    )
