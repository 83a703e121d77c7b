"""Writing passengers down, changing and deleting them: one's own, those of family, and at a desk for who calls."""

from datetime import datetime, timedelta

from msgspec import UNSET

from schemas.passengers import ChangePassenger, IdKind, NewPassenger
from server import proxies, residents
from server.config import Settings
from server.kit.chance import chance
from server.kit.db import Duplicate, Reader, Tx
from server.kit.errors import Conflict, Forbidden, NotFound
from server.kit.vault import Vault
from server.passengers.papers import birthday_of, tidy
from server.passengers.stored import PASSENGERS, Passenger, Person, opened, seal
from server.sessions import Actor

SCOPE = "bookings"
"""Who may order for somebody may also say who travels."""


class PassengerNotFound(NotFound):
    """没有找到这位乘车人"""


class PassengerKnown(Conflict):
    """这个证件已经存过了，在乘车人里可以找到"""


class TooManyPassengers(Conflict):
    """乘车人太多了，请先删掉不用的"""


class NotTheirPassengers(Forbidden):
    """您没有替这位居民订票的授权"""


async def whose(reader: Reader, actor: Actor, resident_id: str | None) -> str:
    """The resident whose passengers are meant: the caller's own, family's, or whom a desk serves.

    Raises ResidentNotFound for who is not theirs to serve, NotTheirPassengers.
    """
    if actor.kind == "staff":
        found = await residents.present(reader, resident_id or "")
        if not actor.serves(found.community_id):
            raise residents.ResidentNotFound
        return found.id
    if resident_id in (None, actor.id):
        return actor.id
    if not actor.acts_for(resident_id, SCOPE):
        raise NotTheirPassengers(field="resident_id")
    return str(resident_id)


async def _by_proxy(tx: Tx, actor: Actor, resident_id: str) -> str | None:
    """Raises ProxyEnded."""
    if actor.kind != "resident" or resident_id == actor.id:
        return None
    return (await proxies.confirm(tx, actor, resident_id, SCOPE)).id


async def find(reader: Reader, passenger_id: str, actor: Actor) -> Passenger:
    """Raises PassengerNotFound, also for what is not theirs."""
    found = await reader.get(PASSENGERS, passenger_id)
    if found is None:
        raise PassengerNotFound
    try:
        await whose(reader, actor, found.resident_id)
    except (NotTheirPassengers, residents.ResidentNotFound) as error:
        raise PassengerNotFound from error
    return found


async def save(tx: Tx, new: NewPassenger, actor: Actor, vault: Vault, rules: Settings) -> Passenger:
    """Raises ResidentNotFound, NotTheirPassengers, ProxyEnded, IdNumberMistyped, BirthdayMistyped, PassengerKnown,
    TooManyPassengers."""
    resident_id = await whose(tx, actor, new.resident_id)
    proxy_id = await _by_proxy(tx, actor, resident_id)
    number = tidy(new.id_kind, new.id_no)
    person = Person(
        name=new.name,
        id_kind=new.id_kind,
        id_no=number,
        phone=new.phone or "",
        birthday=birthday_of(tx, new.id_kind, number, new.birthday),
        relation=new.relation,
    )
    # Two that are written down at once meet in those that are there, so that the second counts the first.
    theirs = {"resident_id": resident_id}
    if await tx.change_all(PASSENGERS, theirs, {"$inc": {"later": 1}}) >= rules.passengers.most:
        raise TooManyPassengers
    made = Passenger(
        id=(key := chance.hex(12)),
        resident_id=resident_id,
        sealed=seal(vault, person, key),
        mark=mark(vault, resident_id, person.id_kind, number),
        added_by=actor.key,
        proxy_id=proxy_id,
        at=tx.now,
        due_at=unused_until(tx.now, rules),
    )
    try:
        await tx.insert(PASSENGERS, made)
    except Duplicate as error:
        raise PassengerKnown(field="id_no") from error
    return made


def mark(vault: Vault, resident_id: str, kind: IdKind, number: str) -> str:
    """The same paper kept by two residents has two marks."""
    return vault.blind(f"passenger|{resident_id}|{kind}|{number}")


def unused_until(since: datetime, rules: Settings) -> datetime:
    return since + timedelta(days=rules.passengers.unused_days)


async def change(tx: Tx, passenger_id: str, wanted: ChangePassenger, actor: Actor, vault: Vault) -> Passenger:
    """Raises PassengerNotFound, ProxyEnded, IdNumberMistyped, BirthdayMistyped, PassengerKnown."""
    found = await find(tx, passenger_id, actor)
    await _by_proxy(tx, actor, found.resident_id)
    person = _changed(tx, opened(vault, found.sealed, found.id), wanted)
    found.sealed = seal(vault, person, found.id)
    found.mark = mark(vault, found.resident_id, person.id_kind, person.id_no)
    how = {"sealed": found.sealed, "mark": found.mark}
    try:
        if not await tx.change(PASSENGERS, {"_id": found.id}, {"$set": how}):
            raise PassengerNotFound
    except Duplicate as error:
        raise PassengerKnown(field="id_no") from error
    return found


def _changed(reader: Reader, before: Person, wanted: ChangePassenger) -> Person:
    kind = before.id_kind if wanted.id_kind is UNSET else wanted.id_kind
    same = wanted.id_no is UNSET
    number = before.id_no if wanted.id_no is UNSET else tidy(kind, wanted.id_no)
    known = before.birthday.isoformat() if before.birthday and same else None
    said = known if wanted.birthday is UNSET else wanted.birthday
    return Person(
        name=before.name if wanted.name is UNSET else wanted.name,
        id_kind=kind,
        id_no=number,
        phone=before.phone if wanted.phone is UNSET else wanted.phone or "",
        birthday=birthday_of(reader, kind, number, said),
        relation=before.relation if wanted.relation is UNSET else wanted.relation,
    )


async def remove(tx: Tx, passenger_id: str, actor: Actor) -> None:
    """Orders that were made with it keep their own copy until after the trip. Raises PassengerNotFound, ProxyEnded."""
    found = await find(tx, passenger_id, actor)
    await _by_proxy(tx, actor, found.resident_id)
    await tx.delete(PASSENGERS, {"_id": found.id})
