"""What is stored of the ledger: accounts with their balance, transfers, and the entries that each of them made.

Amounts are integer fen of points: 100 fen are one point, which the post office redeems for one yuan.
"""

import zlib
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Literal

import msgspec
from msgspec import Struct

from server.kit.db import MOMENT, TEXT, Collection, Index, Stored
from server.kit.jobs import DUE, Leased
from server.ledger.lots import Part

Book = Literal["resident", "held", "owed", "issuer", "clearing", "payee", "expired", "loss"]
"""`resident`: points to spend; `held`: reserved for a payment that is under way; `owed`: what a reversed swipe had
given and the resident had spent already; `issuer`: the post office, which owes whatever all others have; `payee`: paid
on behalf of residents and not claimed yet; `clearing`: claimed in a batch of the settlement, and not yet paid by the post
office; `expired`; `loss`: claimed or paid on behalf, and given up."""

OWN = frozenset({"resident", "held", "owed"})
"""Books in which each resident has an account of their own."""
FLOORED = frozenset({"resident", "held", "payee", "clearing", "expired", "loss"})
"""Books whose accounts never go below zero."""
STRIPES = 16
BEGINNING = "0" * 64
"""What an account's first entry follows."""


class Account(Stored, kw_only=True):
    """`seq` counts its entries, `head` is the seal of the last one. `about` is the resident or the payee."""

    book: Book
    about: str = ""
    balance: int = 0
    seq: int = 0
    head: str = BEGINNING
    touched_at: datetime | None = None


class Leg(Struct, frozen=True):
    """One side of a transfer: what an account gains, or with a minus loses."""

    account_id: str
    amount: int


class Transfer(Stored, kw_only=True):
    """`id` is what the outside calls it, for good: whatever comes twice is found here. Its legs sum to zero.

    `why` is what it explains itself with: the words, and the numbers that were used. `reverses` is the transfer that it
    takes back, wholly or in part.
    """

    kind: str
    legs: list[Leg]
    at: datetime
    by: str
    why: dict[str, str] = {}
    reverses: str | None = None


class Entry(Stored, kw_only=True):
    """`id` is the account's with the number of the entry. `balance` is the account's afterwards, `seal` is over all of
    the entry and the seal of the one before it."""

    account_id: str
    seq: int
    transfer_id: str
    kind: str
    amount: int
    balance: int
    at: datetime
    seal: str


class Reserve(Leased, kw_only=True):
    """Points that are set aside until a payment is known to have worked; `due_at` is when they are given back by
    themselves. What is neither `posted` nor `voided` is still held: `parts` of lots."""

    resident_id: str
    amount: int
    posted: int = 0
    voided: int = 0
    at: datetime
    about: str = ""
    parts: list[Part] = []

    @property
    def left(self) -> int:
        return self.amount - self.posted - self.voided


class Redemption(Stored, kw_only=True):
    """`id` is the transfer: which lots a payment was made of."""

    resident_id: str
    reserve_id: str
    parts: list[Part]
    at: datetime


ACCOUNTS: Collection[Account] = Collection("accounts", Account, Index(("book", "about", "_id")))
TRANSFERS: Collection[Transfer] = Collection(
    "transfers",
    Transfer,
    Index(("reverses", "_id"), only={"reverses": TEXT}),
    Index(("at", "_id"), only={"kind": "refund"}),
    insert_only=True,
)
ENTRIES: Collection[Entry] = Collection(
    "entries",
    Entry,
    Index(("account_id", "-at", "-_id")),
    Index(("transfer_id", "_id")),
    insert_only=True,
)
RESERVES: Collection[Reserve] = Collection(
    "reserves", Reserve, Index(("resident_id", "due_at", "_id"), only={"due_at": MOMENT}), DUE
)


REDEMPTIONS: Collection[Redemption] = Collection(
    "redemptions", Redemption, Index(("at", "_id")), insert_only=True
)


def own(book: Book, resident_id: str) -> str:
    """A resident's account in one of the books that have one for each."""
    return f"{book}:{resident_id}"


def common(book: Book, transfer_id: str, about: str = "") -> str:
    """The stripe of a shared account that this transfer uses, so that not all of them wait for one document."""
    return f"{book}:{about}/{_stripe(transfer_id):02d}"


def _stripe(transfer_id: str) -> int:
    return zlib.crc32(transfer_id.encode()) % STRIPES


def lanes(resident_id: str, transfer_id: str) -> list[str]:
    """For `Database.atomically`: who would meet at an account in this process queue up, instead of colliding."""
    return [f"points:{resident_id}", f"points:/{_stripe(transfer_id):02d}"]


def opened(account_id: str) -> Account:
    """An account that nobody has used yet."""
    book, _, rest = account_id.partition(":")
    about = rest.partition("/")[0]
    return Account(id=account_id, book=msgspec.convert(book, Book), about=about)


def entry_id(account_id: str, seq: int) -> str:
    return f"{account_id}#{seq:010d}"


def seal(before: str, entry: Mapping[str, str | int]) -> str:
    """Over the entry's facts and the seal of the one before: who changes one has to change all that follow."""
    return sha256(before.encode() + msgspec.json.encode(entry, order="sorted")).hexdigest()


def facts(entry: Entry) -> dict[str, str | int]:
    """What is sealed of an entry."""
    return {
        "account": entry.account_id,
        "seq": entry.seq,
        "transfer": entry.transfer_id,
        "kind": entry.kind,
        "amount": entry.amount,
        "balance": entry.balance,
        "at": int(entry.at.timestamp() * 1000),
    }
