"""What is stored of a passenger: sealed as a whole, found by whose they are, known twice by a blind index."""

from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct

from schemas.passengers import IdKind
from server.keeping import Keeping, by_resident
from server.kit.db import Collection, Index
from server.kit.jobs import DUE, Leased
from server.kit.vault import Vault


class Person(Struct, frozen=True, kw_only=True):
    """What is sealed."""

    name: str
    id_kind: IdKind
    id_no: str
    phone: str = ""
    birthday: date | None = None
    relation: str = ""


class Passenger(Leased, kw_only=True):
    """`sealed` is a Person, for this id. `mark` tells the same paper of the same resident again, and nobody anything
    else. It is due when nobody has travelled by it for so long that it is deleted. `added_by` is who wrote it down, by
    the proxy `proxy_id` where that was family; `later` counts those that were written after it."""

    resident_id: str
    sealed: bytes
    mark: str
    added_by: str
    proxy_id: str | None = None
    at: datetime
    used_at: datetime | None = None
    later: int = 0


PASSENGERS: Collection[Passenger] = Collection(
    "passengers",
    Passenger,
    Index(("resident_id", "-at", "-_id")),
    Index(("mark",), unique=True),
    DUE,
)


class SealedTraveller(Struct, frozen=True, kw_only=True):
    """A Person as they were when the order was made, sealed for `case_no|id`."""

    id: str
    sealed: bytes


class Travellers(Leased, kw_only=True):
    """The papers of everybody of one order; `id` is its number. Due when they may be wiped, and gone then."""

    resident_id: str
    people: list[SealedTraveller]
    at: datetime


TRAVELLERS: Collection[Travellers] = Collection("travellers", Travellers, Index(("resident_id",)), DUE)


def seal(vault: Vault, person: Person, about: str) -> bytes:
    return vault.seal(msgspec.json.encode(person).decode(), about)


def opened(vault: Vault, sealed: bytes, about: str) -> Person:
    """Raises Unreadable."""
    return msgspec.json.decode(vault.open(sealed, about), type=Person)


def about(case_no: str, passenger_id: str) -> str:
    """What the copy of an order is sealed for."""
    return f"{case_no}|{passenger_id}"


def _own(item: Passenger, vault: Vault) -> dict[str, Any]:
    return {"person": msgspec.to_builtins(opened(vault, item.sealed, item.id))}


def _copies(item: Travellers, vault: Vault) -> dict[str, Any]:
    people = (opened(vault, one.sealed, about(item.id, one.id)) for one in item.people)
    return {"people": [msgspec.to_builtins(one) for one in people]}


_SAVED = Keeping(
    title="乘车人",
    collection=PASSENGERS,
    find=by_resident,
    opened=_own,
    hidden=frozenset({"sealed", "mark", "later"}),
)
_TRAVELLING = Keeping(title="订票用的证件", collection=TRAVELLERS, find=by_resident, opened=_copies)
