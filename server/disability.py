"""The disability certificate 残疾人证 in a resident's profile: read by the desk, seen and taken out by the resident.

It entitles to concessions (server/bookings/prices.py) and to nothing else: no case, no provider and no worker is told
of it.
"""

from datetime import date

from msgspec.structs import replace

from schemas.disability import DisabilityView, NewDisability
from server import audit, push, residents
from server.kit.chance import chance
from server.kit.clock import SHANGHAI, today
from server.kit.db import Reader, Tx
from server.kit.errors import Invalid, NotFound
from server.kit.events import Event, emit, event_id, on
from server.kit.vault import Vault
from server.push import Notice, Template
from server.residents import RESIDENTS, Disability, Resident, ResidentNotFound
from server.sessions import Actor

CHANGED = Template(
    "profile_changed",
    "资料变更通知",
    "profile",
    {"thing1": "what", "time2": "time", "thing3": "tip"},
    topic="account",
)
PAGE = "packages/me/pages/profile/index"
_LEVEL_AT = 19


class NoDisability(NotFound):
    """没有登记残疾人证"""


class LevelMistyped(Invalid):
    """等级和证号对不上，证号的第 20 位就是等级，请核对"""


class DisabilityExpired(Invalid):
    """这本残疾人证已经过期，请换证以后再登记"""


async def find(reader: Reader, resident_id: str, actor: Actor) -> Resident:
    """The resident, if the desk answers for them: a clerk for their own community. Raises ResidentNotFound."""
    resident = await residents.present(reader, resident_id)
    if not may_write(actor, resident):
        raise ResidentNotFound
    return resident


def may_write(actor: Actor, resident: Resident) -> bool:
    return "operator" in actor.roles or any(
        one.role == "clerk" and resident.community_id in (None, one.community_id) for one in actor.grants
    )


async def record(
    tx: Tx, resident_id: str, wanted: NewDisability, actor: Actor, vault: Vault
) -> DisabilityView:
    """In the place of what was there. Raises ResidentNotFound, LevelMistyped, DisabilityExpired."""
    resident = await find(tx, resident_id, actor)
    if int(wanted.number[_LEVEL_AT]) != wanted.level:
        raise LevelMistyped(field="level")
    if wanted.valid_until < today(tx.now):
        raise DisabilityExpired(field="valid_until")
    written = Disability(
        number=vault.seal(wanted.number, resident.id),
        level=wanted.level,
        valid_until=wanted.valid_until,
        recorded_by=actor.id,
        recorded_at=tx.now,
    )
    await tx.put(RESIDENTS, replace(resident, disability=written))
    _note(tx, actor, resident, "record")
    return residents.view_disability(written)


async def remove(tx: Tx, resident_id: str, actor: Actor) -> None:
    """By the desk. Raises ResidentNotFound, NoDisability."""
    await _take_out(tx, await find(tx, resident_id, actor), actor)


async def remove_own(tx: Tx, actor: Actor) -> None:
    """By the resident themselves, who need not ask anybody. Raises ResidentNotFound, NoDisability."""
    await _take_out(tx, await residents.present(tx, actor.id), actor)


async def _take_out(tx: Tx, resident: Resident, actor: Actor) -> None:
    if resident.disability is None:
        raise NoDisability
    await tx.put(RESIDENTS, replace(resident, disability=None))
    _note(tx, actor, resident, "remove")


def _note(tx: Tx, actor: Actor, resident: Resident, what: str) -> None:
    audit.note(tx, actor, "console", f"disability.{what}", resident.id)
    emit(
        tx,
        Event(
            id=event_id(f"disability-{chance.hex(12)}", 1),
            type=f"disability.{what}",
            subject=resident.id,
            seq=1,
            at=tx.now,
            by={"kind": actor.kind, "id": actor.id, "name": "", "role": actor.kind},
            channel="console" if actor.kind == "staff" else "mini_program",
            data={"action": what},
        ),
    )


@on("disability.*")
async def tell(tx: Tx, event: Event) -> None:
    """The resident hears what the desk has done."""
    if event.by["kind"] == "resident":
        return
    resident = await residents.find(tx, event.subject)
    recorded = event.data["action"] == "record"
    if recorded and resident.disability is None:
        return
    notice = Notice(
        text=_sentence(resident.disability) if recorded else "您的残疾人证已从资料里删除，不再享受优惠",
        payload={
            "what": "残疾人证",
            "time": f"{event.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            "tip": "已登记，请核对" if recorded else "已从资料里删除",
        },
        page=PAGE,
    )
    await push.send(tx, event, resident, CHANGED, notice)


def _sentence(disability: Disability | None) -> str:
    text = residents.view_disability(disability).text if disability else ""
    return f"窗口给您登记了残疾人证（{text}），有优惠的服务会按优惠价预约。如果不对，可以在个人资料里删除"


def number_of(resident: Resident, vault: Vault) -> str:
    """What is written on it; empty where there is none. Raises Unreadable."""
    return vault.open(resident.disability.number, resident.id) if resident.disability else ""


def holds(resident: Resident, day: date) -> bool:
    """Whether it is valid on this local day."""
    return resident.disability is not None and day <= resident.disability.valid_until
