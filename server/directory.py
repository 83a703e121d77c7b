"""Who works here is what WeCom's directory says: heard at once, and read anew every night.

Whoever leaves is out within a second: the session's end is written with it, and every process hears of it. What was
given to them is listed for the dispatcher. Whoever comes, or comes back, has the roles that the table gives and none by
hand. The night's reading sets right what was not delivered, as WeCom promises no delivery.
"""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import structlog
from msgspec import Struct

from server import audit, role_changes, roles, sessions, staff, staff_push
from server.callbacks import hears
from server.cases import CASES, STILL_OPEN, Case, scope
from server.config import Settings
from server.kit.chance import chance
from server.kit.clock import SHANGHAI
from server.kit.db import Collection, Database, Page, Reader, Stored, Tx
from server.kit.errors import Conflict, NotFound
from server.kit.events import Event, emit, event_id, on
from server.kit.sweeps import Sweep
from server.roles import GROUPS, Group, Source, group_id
from server.sessions import Actor
from server.staff import STAFF, Staff
from server.staff_push import Word

log = structlog.get_logger()

HANDOVER = "/console/handover"
_GONE = frozenset({"2", "5"})
"""Of a member's status: switched off, left."""
_COUNTED = 1_000
_FEW = 3
"""So many may always leave at once, also where they are many of few."""


class NotInDirectory(NotFound):
    """通讯录里没有这位成员"""


class ReadingImplausible(Conflict):
    """这次读到的通讯录少了太多人，没有采用，请检查企业微信的授权范围"""


Message = Mapping[str, Any]


class Known(Struct, frozen=True, kw_only=True):
    """What the directory says of a member; None is what it does not say this time."""

    userid: str
    name: str | None = None
    departments: list[int] | None = None
    tags: list[int] | None = None


# What is heard.


@hears("wecom", "event", "change_contact")
async def changed(tx: Tx, message: Message) -> None:
    """Somebody came, changed or left; a department or a tag is another one."""
    what, at = str(message.get("ChangeType") or ""), _time(tx, message)
    match what:
        case "create_user" | "update_user":
            await _member(tx, message, at)
        case "delete_user":
            await left(tx, str(message.get("UserID") or ""), at)
        case "create_party" | "update_party" | "delete_party":
            await _department(tx, message, gone=what == "delete_party")
        case "update_tag":
            await _tag(tx, message, at)


def _time(tx: Tx, message: Message) -> datetime:
    """When it was said, in whole seconds."""
    said = str(message.get("CreateTime") or "")
    return datetime.fromtimestamp(int(said), UTC) if said.isdigit() else tx.now


async def _member(tx: Tx, message: Message, at: datetime) -> None:
    userid = str(message.get("UserID") or "")
    renamed = str(message.get("NewUserID") or "")
    if str(message.get("Status") or "") in _GONE:
        await left(tx, userid, at)
        return
    if renamed and renamed != userid:
        await left(tx, userid, at)
        userid = renamed
    departments = _numbers(message["Department"]) if message.get("Department") else None
    name = str(message["Name"]) if message.get("Name") else None
    tags = _numbers(message["Tags"]) if "Tags" in message else None
    await here(tx, Known(userid=userid, name=name, departments=departments, tags=tags), at)


async def _department(tx: Tx, message: Message, *, gone: bool) -> None:
    number = int(message["Id"])
    known = await tx.get(GROUPS, group_id("department", number))
    if gone:
        await tx.delete(GROUPS, {"_id": group_id("department", number)})
    else:
        name = str(message.get("Name") or (known.name if known else number))
        parent = int(message.get("ParentId") or (known.parent if known else 0))
        await tx.put(GROUPS, group("department", number, name, parent=parent))
    await _remap_all(tx)


async def _tag(tx: Tx, message: Message, at: datetime) -> None:
    number = int(message["TagId"])
    for userid in _words(message.get("AddUserItems")):
        await _tagged(tx, userid, number, True, at)
    for userid in _words(message.get("DelUserItems")):
        await _tagged(tx, userid, number, False, at)
    more, less = _numbers(message.get("AddPartyItems")), _numbers(message.get("DelPartyItems"))
    if more or less:
        known = await tx.get(GROUPS, group_id("tag", number)) or group("tag", number, str(number))
        known.departments = sorted({*known.departments, *more} - {*less})
        await tx.put(GROUPS, known)
        await _remap_all(tx)


async def _tagged(tx: Tx, userid: str, number: int, has: bool, at: datetime) -> None:
    member = await tx.get(STAFF, userid)
    if member is not None and member.active:
        tags = {*member.tags, number} if has else {*member.tags} - {number}
        await here(tx, Known(userid=userid, tags=sorted(tags)), at)


def _words(value: Any) -> list[str]:
    return [one for one in str(value or "").split(",") if one]


def _numbers(value: Any) -> list[int]:
    return sorted(int(one) for one in _words(value) if one.strip().isdigit())


def group(source: Source, number: int, name: str, parent: int = 0, departments: Iterable[int] = ()) -> Group:
    item_id = group_id(source, number)
    return Group(
        id=item_id,
        source=source,
        number=number,
        name=name,
        parent=parent,
        departments=sorted(departments),
    )


# What follows from it.


async def here(tx: Tx, known: Known, at: datetime) -> bool:
    """They work here, with the roles of the table; whether that is news. Older news than was heard changes nothing."""
    if not known.userid:
        return False
    before = await tx.get(STAFF, known.userid)
    if before is not None and before.heard_at is not None and before.heard_at > at:
        return False
    member = before or Staff(id=known.userid, name=known.name or known.userid, grants=[])
    was = _face(member) if before is not None else None
    if not member.active:
        member.active, member.left_at = True, None
        member.has([], [])
    member.name = known.name or member.name
    member.departments = member.departments if known.departments is None else sorted(known.departments)
    member.tags = member.tags if known.tags is None else sorted(known.tags)
    table, roles_before = await roles.table(tx), list(member.grants)
    roles.remap(table, member)
    news = was != _face(member)
    if news or member.heard_at != at:
        member.heard_at = at
        await tx.put(STAFF, member)
    if news:
        what = "staff.came" if before is None or was is None or not was[0] else "staff.changed"
        audit.note_system(tx, what, member.id)
        if what == "staff.changed" and roles_before != member.grants:
            audit.note_system(tx, "roles.mapped", member.id)
    return news


def _face(member: Staff) -> tuple[Any, ...]:
    return (
        member.active,
        member.name,
        list(member.departments),
        list(member.tags),
        list(member.mapped),
    )


async def left(tx: Tx, userid: str, at: datetime) -> bool:
    """They work here no longer, and are out everywhere; whether that is news."""
    member = await tx.get(STAFF, userid)
    if member is None or not member.active or (member.heard_at is not None and member.heard_at > at):
        return False
    member.active, member.left_at, member.heard_at = False, tx.now, at
    await tx.put(STAFF, member)
    await sessions.close_all(tx, "staff", userid)
    await role_changes.void(tx, userid)
    audit.note_system(tx, "staff.left", userid)
    emit(tx, _event(tx, "staff.left", {"userid": userid}))
    return True


def _event(tx: Tx, what: str, data: dict[str, str]) -> Event:
    """Said by nobody of ours."""
    subject = f"{what.partition('.')[0]}:{chance.hex(8)}"
    return Event(
        id=event_id(subject, 1),
        type=what,
        subject=subject,
        seq=1,
        at=tx.now,
        by={"kind": "system", "id": "system", "name": "", "role": "system"},
        channel="system",
        data=data,
    )


async def _remap_all(tx: Tx) -> None:
    for one in await roles.remap_all(tx):
        audit.note_system(tx, "roles.mapped", one.id)


# What was given to whoever left.


@on("staff.left")
async def tell(tx: Tx, event: Event) -> None:
    """The dispatchers and the manager of the provider, where there is something to give to somebody else."""
    gone = await tx.get(STAFF, event.data["userid"])
    if gone is None:
        return
    held = await tx.count(CASES, _held_by([gone.id]), limit=_COUNTED)
    if not held:
        return
    text = f"{gone.name}已离岗，名下还有 {held} 件没办完，请交给别人"
    for userid in _concerned(tx, gone):
        await staff_push.send(tx, event, userid, Word(title="离岗交接", text=text, page=HANDOVER))


def _concerned(reader: Reader, gone: Staff) -> list[str]:
    where = {one.provider_id for one in gone.grants if one.provider_id}

    def is_(one: Staff) -> bool:
        manages = any(grant.role == "provider" and grant.provider_id in where for grant in one.grants)
        return one.active and (one.is_("dispatcher") or manages)

    return sorted(one.id for one in reader.everything(STAFF).items.values() if is_(one))


def _held_by(userids: list[str]) -> dict[str, Any]:
    return {**STILL_OPEN, "$or": [{"worker_id": {"$in": userids}}, {"handler_id": {"$in": userids}}]}


async def handover(reader: Reader, actor: Actor, cursor: str | None, limit: int) -> Page[Case]:
    """The open cases of those who have left, in the order of what was promised, as far as the actor may see them.
    Raises BadCursor."""
    gone = sorted(one.id for one in reader.everything(STAFF).items.values() if not one.active)
    where = {"$and": [_held_by(gone), scope(actor)]}
    return await reader.page(CASES, where, sort="turn", cursor=cursor, limit=limit)


def holder(reader: Reader, case: Case) -> str:
    """The name of who has left with this case in their hands."""
    for userid in (case.worker_id, case.handler_id):
        member = reader.recall(STAFF, userid) if userid else None
        if member is not None and not member.active:
            return member.name
    return ""


# The night's reading.


class Reading(Stored, kw_only=True):
    """The last one: how many there were, how many of them were news, and how many had left; `problem` says why it was
    not taken."""

    at: datetime
    here: int = 0
    changed: int = 0
    left: int = 0
    problem: str = ""


READINGS: Collection[Reading] = Collection("directory_readings", Reading, whole=True)
LAST = "last"


class House(Protocol):
    """What reading needs of the building. `wecom` has `members`, `departments` and `tags` of the directory."""

    @property
    def db(self) -> Database: ...
    @property
    def settings(self) -> Settings: ...
    @property
    def wecom(self) -> Any: ...


async def read(house: House) -> Reading:
    """All of it anew: what was not delivered is set right. Raises ReadingImplausible, PlatformRefusal."""
    began = house.db.now()
    members, departments, tags = await asyncio.gather(
        house.wecom.members(), house.wecom.departments(), house.wecom.tags()
    )
    carried: dict[str, list[int]] = {}
    for tag in tags:
        for userid in tag.userids:
            carried.setdefault(userid, []).append(tag.id)
    present = [one for one in members if str(one.status) not in _GONE]
    try:
        gone = switches_off(house.db.reader(), {one.userid for one in present}, house.settings)
    except ReadingImplausible:
        await house.db.atomically(lambda tx: _refuse(tx, ReadingImplausible.text))
        raise
    groups = [group("department", one.id, one.name or str(one.id), one.parentid) for one in departments]
    groups += [group("tag", one.id, one.name, 0, one.departments) for one in tags]
    await house.db.atomically(lambda tx: _regroup(tx, groups))
    done = Reading(id=LAST, at=began, here=len(present))
    for one in present:
        known = Known(
            userid=one.userid, name=one.name, departments=one.department, tags=carried.get(one.userid, [])
        )
        if _is_news(house.db.reader(), known):
            done.changed += await house.db.atomically(lambda tx, known=known: here(tx, known, began))  # type: ignore[misc]
    for userid in gone:
        done.left += await house.db.atomically(lambda tx, userid=userid: left(tx, userid, began))  # type: ignore[misc]
    await house.db.atomically(lambda tx: _note(tx, done))
    return done


async def _regroup(tx: Tx, groups: list[Group]) -> None:
    """The departments and tags as they are now, and the roles that follow."""
    before = {one.id: one for one in await tx.all(GROUPS, {}, limit=10_000)}
    new = [one for one in groups if before.get(one.id) != one]
    vanished = [one for one in before if one not in {known.id for known in groups}]
    if new or vanished:
        await tx.put_all(GROUPS, new)
        await tx.delete_all(GROUPS, {"_id": {"$in": vanished}})
        await _remap_all(tx)


def _is_news(reader: Reader, known: Known) -> bool:
    member = reader.recall(STAFF, known.userid)
    told = (True, known.name, sorted(known.departments or []), sorted(known.tags or []))
    return member is None or told != (member.active, member.name, member.departments, member.tags)


async def _note(tx: Tx, done: Reading) -> None:
    await tx.put(READINGS, done)
    audit.note_system(tx, "directory.read")


async def _refuse(tx: Tx, problem: str) -> None:
    """Nothing is changed, and the administrators hear why."""
    await tx.put(READINGS, Reading(id=LAST, at=tx.now, problem=problem))
    emit(tx, _event(tx, "directory.refused", {"problem": problem}))


@on("directory.refused")
async def tell_administrators(tx: Tx, event: Event) -> None:
    word = Word(title="通讯录没有更新", text=event.data["problem"], page="/console/staff")
    for one in staff.administrators(tx):
        await staff_push.send(tx, event, one.id, word)


async def _nightly(house: House) -> None:
    """Once a night, in its hour."""
    rules, now = house.settings.directory, house.db.now().astimezone(SHANGHAI)
    last = house.db.reader().recall(READINGS, LAST)
    read_today = last is not None and last.at.astimezone(SHANGHAI).date() == now.date()
    if not rules.nightly or now.hour != rules.resync_hour or read_today:
        return
    try:
        await read(house)
    except ReadingImplausible:
        log.error("directory.implausible")


NIGHTLY = Sweep("directory", _nightly, lambda rules: timedelta(minutes=20))


def switches_off(reader: Reader, present: set[str], rules: Settings) -> list[str]:
    """Those of ours who are not there any more. Raises ReadingImplausible when that cannot be."""
    ours = [one.id for one in reader.everything(STAFF).items.values() if one.active]
    gone = [one for one in ours if one not in present]
    many = len(gone) * 100 > len(ours) * rules.directory.most_leaving_percent
    if not present or (many and len(gone) > _FEW):
        raise ReadingImplausible
    return gone
