"""The two rights over one's own data: to have all of it in a file, and to leave (注销).

Who leaves keeps a number and nothing else: what was done stays countable, by service, place and day, and leads back
to nobody. The row of the resident stays as an empty one, so that nothing that names its id breaks.
"""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import msgspec

from server import audit, disability, nouns, payments, plans, ratings, tags, talks, waitlist
from server.attachments import ATTACHMENTS
from server.audit import AUDIT, Origin
from server.bookings.tallies import TALLIES
from server.cases.kinds import CASES, Case, kinds
from server.credits import ACCEPTS, CREDITS, credit_id
from server.keeping import MACHINERY, Keeping, Whose, by_case, by_resident, under_case
from server.kit.db import Reader, Tx
from server.kit.db.collection import plain
from server.kit.errors import Conflict
from server.kit.events import EVENTS, Event, on
from server.kit.vault import Vault
from server.proxies import PROXIES
from server.push import MESSAGES
from server.residents import RESIDENTS, Resident, find
from server.sessions import SESSIONS, Actor

GONE = "已注销"
PERSONAL = frozenset(
    {
        "address",
        "answer",
        "appeal",
        "contact",
        "contact_name",
        "contact_phone",
        "finish_note",
        "form",
        "ground",
        "id_no_masked",
        "lines",
        "name_masked",
        "no_show_note",
        "note",
        "opinion",
        "phone",
        "pick_up_code",
        "point",
        "proposal",
        "reason",
        "reasons",
        "record_no",
        "remark",
        "room",
        "ruling_reason",
        "start_code",
        "telephone_masked",
        "text",
        "ticket_no",
        "tracking_no",
        "wish",
    }
)
"""How kinds of cases call what people wrote or what leads to them; it is emptied wherever it stands in the details."""
_MOST = 100_000
_PIECE = 64 * 1024
_json = msgspec.json.encode
_NAMED = 3


class CasesStillOpen(Conflict):
    """您还有没办完的事，办完或取消后才能注销"""


class WaitsStillOpen(Conflict):
    """您还在候补排队，退出候补后才能注销"""


class PlansStillOpen(Conflict):
    """您还有没结束的长期预约，结束后才能注销"""


async def whose(reader: Reader, resident: Resident) -> Whose:
    mine = await reader.groups(CASES, [{"$match": {"resident_id": resident.id}}, {"$project": {"_id": 1}}])
    return Whose(resident.id, resident.openid, tuple(sorted(one["_id"] for one in mine)))


async def export(reader: Reader, actor: Actor, vault: Vault) -> AsyncIterator[bytes]:
    """Everything that is kept of the actor, an encoded ExportView in pieces of about `_PIECE` bytes: however much it is,
    no more than a piece and a batch of documents is in memory. Raises ResidentNotFound, with the first piece."""
    owner = await whose(reader, await find(reader, actor.id))
    piece = bytearray(b'{"made_at":%b,"resident_id":%b,"parts":[' % (_json(reader.now), _json(actor.id)))
    for number, keeping in enumerate(one for one in keepings() if one.exported):
        name, title = _json(keeping.collection.name), _json(keeping.title)
        piece += b'%b{"name":%b,"title":%b,"records":[' % (b"," if number else b"", name, title)
        comma = b""
        async for record in _records(reader, keeping, owner, vault):
            piece += comma + record
            comma = b","
            if len(piece) >= _PIECE:
                yield bytes(piece)
                piece.clear()
        piece += b"]}"
    yield bytes(piece + b"]}")


def keepings() -> list[Keeping]:
    return sorted(nouns.found(Keeping), key=lambda one: one.collection.name)


async def _records(reader: Reader, keeping: Keeping, owner: Whose, vault: Vault) -> AsyncIterator[bytes]:
    for where in keeping.find(owner):
        async for item in reader.each(keeping.collection, where):
            yield _json(_record(reader, item, keeping, vault))


def _record(reader: Reader, item: Any, keeping: Keeping, vault: Vault) -> dict[str, Any]:
    left_out = MACHINERY | keeping.hidden
    kept = {name.lstrip("_"): value for name, value in plain(item).items() if name not in left_out}
    if keeping.opened:
        kept |= keeping.opened(item, vault)
    return kept | dict(keeping.words(reader, item)) if keeping.words else kept


async def close(tx: Tx, actor: Actor, origin: Origin, vault: Vault) -> None:
    """Leave. Done again it changes nothing. Raises CasesStillOpen, WaitsStillOpen,
    PlansStillOpen, PaymentsStillOpen, PointsStillThere."""
    resident = await find(tx, actor.id)
    if resident.deleted_at is not None:
        return
    await _refuse_open(tx, resident.id)
    owner = await whose(tx, resident)
    for keeping in keepings():
        await keeping.forget(tx, owner)
    await tx.put(RESIDENTS, _emptied(resident, vault, tx))
    tx.add(AUDIT, audit.entry(tx.now, actor, origin, "accounts.close", (actor.id,)))


async def _refuse_open(tx: Tx, resident_id: str) -> None:
    mine = {"resident_id": resident_id, "open": True}
    still = await tx.all(CASES, mine, limit=_NAMED, sort="-created_at")
    if still:
        named = "、".join(one.id for one in still)
        raise CasesStillOpen(f"{CasesStillOpen.text}：{named}")
    if await tx.first(waitlist.WAITLIST, mine) is not None:
        raise WaitsStillOpen
    running = {"resident_id": resident_id, "state": {"$ne": "ended"}}
    if await tx.first(plans.PLANS, running) is not None:
        raise PlansStillOpen
    await payments.refuse_open(tx, resident_id)


def _emptied(resident: Resident, vault: Vault, tx: Tx) -> Resident:
    """The same openid coming back is somebody new: what is left of it here cannot be turned back, or met again."""
    return Resident(
        id=resident.id,
        openid=f"gone:{vault.blind(f'{resident.id} {resident.openid}')}",
        community_id=resident.community_id,
        created_at=resident.created_at,
        deleted_at=tx.now,
    )


def emptied(value: Any, names: frozenset[str] = PERSONAL) -> Any:
    """The same with everything personal empty: texts, tables and lists of it, at any depth."""
    if isinstance(value, Mapping):
        return {key: _empty(one) if key in names else emptied(one, names) for key, one in value.items()}
    return [emptied(one, names) for one in value] if isinstance(value, list) else value


def _empty(value: Any) -> Any:
    match value:
        case str():
            return ""
        case Mapping():
            return {}
        case list():
            return []
    return value


async def _forget_cases(tx: Tx, owner: Whose) -> None:
    for case in await tx.all(CASES, {"resident_id": owner.id}, limit=_MOST):
        await _forget_case(tx, case)


async def _forget_case(tx: Tx, case: Case) -> None:
    """What it says of the resident; a new version, so that no list shows what was drawn before."""
    blank = {
        "resident_name": GONE,
        "phone": "",
        "phone_tail": "",
        "details": emptied(case.details),
        "clocks": emptied(plain(case.clocks), frozenset({"reason"})),
    }
    await tx.change(CASES, {"_id": case.id}, {"$set": blank, "$inc": {"version": 1}})
    for where in under_case(Whose("", "", (case.id,))):
        await tx.change_all(EVENTS, where, _QUIET)


_QUIET = {"$set": {"data.reason": "", "data.facts": {}}}


async def _forget_proxies(tx: Tx, owner: Whose) -> None:
    """Nobody acts for them, or in their name, any more."""
    for side in ("principal", "holder"):
        where = {f"{side}_id": owner.id}
        await tx.change_all(PROXIES, where, {"$set": {f"{side}_name": GONE, "code": None}})
        await tx.change_all(PROXIES, where | {"revoked_at": None}, {"$set": {"revoked_at": tx.now}})


async def _forget_attachments(tx: Tx, owner: Whose) -> None:
    """Nobody's from now on: the worker's sweep takes the bytes and then the row."""
    for where in by_case()(owner):
        await tx.change_all(ATTACHMENTS, where, {"$set": {"owner_id": None, "due_at": tx.now}})


async def _nothing(tx: Tx, owner: Whose) -> None:
    """`close` does it itself, or nothing in it leads back to anybody."""


@on("*")
async def forget_latecomers(tx: Tx, event: Event) -> None:
    """A case that was opened while its resident left is emptied when it ends."""
    kind = kinds().get(event.type.partition(".")[0])
    state = kind.flow.states.get(event.data.get("target", "")) if kind else None
    if state is None or not state.final:
        return
    case = await tx.get(CASES, event.subject)
    if case is None or case.resident_id is None or case.open:
        return
    resident = await tx.get(RESIDENTS, case.resident_id)
    if resident is not None and resident.deleted_at is not None and case.resident_name != GONE:
        await _forget_case(tx, case)


def _credits(owner: Whose) -> list[Mapping[str, Any]]:
    return [{"_id": _of_this_openid(owner)}]


def _accepts(owner: Whose) -> list[Mapping[str, Any]]:
    return [{"credit_id": _of_this_openid(owner)}]


def _of_this_openid(owner: Whose) -> Mapping[str, str]:
    first = credit_id(owner.openid, "")
    return {"$gte": first, "$lt": f"{first[:-1]}{chr(ord(first[-1]) + 1)}"}


def _read_marks(owner: Whose) -> list[Mapping[str, Any]]:
    return [{"_id": {"$in": [f"{one}|{owner.key}" for one in owner.cases]}}]


def _certificate(resident: Resident, vault: Vault) -> dict[str, Any]:
    """With its number readable: it is theirs."""
    if resident.disability is None:
        return {}
    return {"disability": plain(resident.disability) | {"number": disability.number_of(resident, vault)}}


RESIDENT = Keeping(
    title="个人资料",
    collection=RESIDENTS,
    find=lambda owner: [{"_id": owner.id}],
    words=tags.words,
    opened=_certificate,
    wipe=_nothing,
)
LOGINS = Keeping(
    title="登录",
    collection=SESSIONS,
    find=lambda owner: [{"actor_id": owner.id, "kind": "resident"}],
    hidden=frozenset({"_id", "session_key"}),
)
INBOX = Keeping(title="消息", collection=MESSAGES, find=by_resident, hidden=frozenset({"paid", "asked_at"}))
SUBSCRIBED = Keeping(title="订阅", collection=CREDITS, find=_credits)
ACCEPTED = Keeping(title="同意接收", collection=ACCEPTS, find=_accepts)
ALL_CASES = Keeping(
    title="办件",
    collection=CASES,
    find=by_resident,
    hidden=frozenset({"timer_at", "clock_edition"}),
    wipe=_forget_cases,
)
STEPS = Keeping(title="办件经过", collection=EVENTS, find=under_case, wipe=_nothing)
GRANTED = Keeping(
    title="亲属代办",
    collection=PROXIES,
    find=lambda owner: [{"$or": [{"principal_id": owner.id}, {"holder_id": owner.id}]}],
    hidden=frozenset({"code"}),
    wipe=_forget_proxies,
)
SAID = Keeping(
    title="办件留言",
    collection=talks.TALKS,
    find=under_case,
    words=lambda reader, talk: {"by": talks.speaker(reader, talk)},
)
READ = Keeping(title="留言已读", collection=talks.READ_MARKS, find=_read_marks)
FILES = Keeping(title="照片和材料", collection=ATTACHMENTS, find=by_case(), wipe=_forget_attachments)
RATED = Keeping(title="评价", collection=ratings.RATINGS, find=by_case("_id"), blank={"text": ""})
WAITED = Keeping(title="候补", collection=waitlist.WAITLIST, find=by_resident)
PLANNED = Keeping(title="长期预约", collection=plans.PLANS, find=by_resident)
COUNTED = Keeping(title="预约次数", collection=TALLIES, find=lambda owner: [{"_id": f"resident:{owner.id}"}])
LOOKED_AT = Keeping(
    title="工作人员查看和办理的记录",
    collection=AUDIT,
    find=lambda owner: [{"subjects": owner.id}],
    hidden=frozenset({"ip", "agent"}),
    wipe=_nothing,
)
