"""The passengers of one order: a sealed copy apart from the order, shown whole to whoever buys, and wiped after the trip.

The order itself has masked names and numbers only, so nothing but the copy has to be wiped.
"""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from schemas.passengers import RevealedTraveller
from server.config import Settings
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.jobs import Premises, QueueOf, Settled
from server.kit.vault import Vault
from server.passengers.papers import PAPERS, age, masked_number
from server.passengers.saving import PassengerNotFound, unused_until
from server.passengers.stored import (
    PASSENGERS,
    TRAVELLERS,
    Passenger,
    SealedTraveller,
    Travellers,
    about,
    opened,
    seal,
)
from server.words import masked, masked_name


class Traveller(Struct, frozen=True, kw_only=True):
    """A passenger as the order may keep them for good. `age` is in full years on the day of the order, None where no
    birthday is known."""

    id: str
    name_masked: str
    id_no_masked: str
    telephone_masked: str = ""
    age: int | None = None


async def freeze(
    tx: Tx,
    case_no: str,
    passenger_ids: Sequence[str],
    resident_id: str,
    vault: Vault,
    rules: Settings,
) -> list[Traveller]:
    """Copy passengers of this resident for an order, in the order named; they count as used now.

    Raises PassengerNotFound, with the place in the list.
    """
    found = await tx.all(
        PASSENGERS,
        {"_id": {"$in": list(passenger_ids)}, "resident_id": resident_id},
        limit=len(passenger_ids),
    )
    known = {one.id: one for one in found}
    for place, key in enumerate(passenger_ids):
        if key not in known:
            raise PassengerNotFound(field=f"passenger_ids[{place}]")
    chosen = [known[key] for key in dict.fromkeys(passenger_ids)]
    used = {"used_at": tx.now, "due_at": unused_until(tx.now, rules)}
    await tx.change_all(PASSENGERS, {"_id": {"$in": list(known)}}, {"$set": used})
    copies = [_copy(one, case_no, vault) for one in chosen]
    tx.add(
        TRAVELLERS,
        Travellers(id=case_no, resident_id=resident_id, people=copies, at=tx.now, due_at=None),
    )
    return [_traveller(tx, one, vault) for one in chosen]


def _copy(one: Passenger, case_no: str, vault: Vault) -> SealedTraveller:
    person = opened(vault, one.sealed, one.id)
    return SealedTraveller(id=one.id, sealed=seal(vault, person, about(case_no, one.id)))


def _traveller(reader: Reader, one: Passenger, vault: Vault) -> Traveller:
    person = opened(vault, one.sealed, one.id)
    return Traveller(
        id=one.id,
        name_masked=masked_name(person.name),
        id_no_masked=masked_number(person.id_no),
        telephone_masked=masked(person.phone),
        age=age(person.birthday, today(reader.now)),
    )


async def whole(reader: Reader, case_no: str, vault: Vault) -> list[RevealedTraveller]:
    """Everybody of an order as their papers say; nobody once they are wiped."""
    found = await reader.get(TRAVELLERS, case_no)
    people = [] if found is None else found.people
    return [_revealed(vault, case_no, one) for one in people]


def _revealed(vault: Vault, case_no: str, one: SealedTraveller) -> RevealedTraveller:
    person = opened(vault, one.sealed, about(case_no, one.id))
    return RevealedTraveller(
        id=one.id,
        name=person.name,
        id_kind=person.id_kind,
        id_kind_text=PAPERS[person.id_kind].text,
        id_no=person.id_no,
        phone=person.phone,
        birthday=person.birthday,
    )


async def wipe_at(tx: Tx, case_no: str, at: datetime | None) -> None:
    """The papers of an order are needed until then; None: for as long as it is open."""
    await tx.change(TRAVELLERS, {"_id": case_no}, {"$set": {"due_at": at}})


async def _wipe(premises: Premises, row: Travellers) -> Settled:
    mine = {"_id": row.id, "fence": row.fence}
    await premises.db.alone(lambda tx: tx.delete(TRAVELLERS, mine))
    return None


async def _forget(premises: Premises, row: Passenger) -> Settled:
    """Nobody has travelled by it for so long."""
    mine = {"_id": row.id, "fence": row.fence}
    await premises.db.alone(lambda tx: tx.delete(PASSENGERS, mine))
    return None


WIPING = QueueOf("travellers", TRAVELLERS, _wipe)
FORGETTING = QueueOf("passengers", PASSENGERS, _forget)
