"""Those who travel: kept by a resident for the next order, their papers sealed, and masked in every answer."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from schemas.common import END, ONE_LINE, Cursor, Id, Limit, Name, Phone, Request, View

IdKind = Literal["id_card", "residence_permit", "passport", "hk_macao", "taiwan", "foreign_permit"]
IdNumber = Annotated[
    str, Meta(min_length=5, max_length=20, pattern=r"^[0-9A-Za-z]+" + END, description="证件上的号码")
]
Birthday = Annotated[str, Meta(pattern=r"^(19|20)\d\d-\d\d-\d\d" + END, examples=["1956-03-08"])]
Relation = Annotated[str, Meta(max_length=10, pattern=ONE_LINE, description="是谁，如“母亲”，可不填")]


class NewPassenger(Request, frozen=True, kw_only=True):
    """`birthday` is read from the number where it stands in it, and need not be sent then; other papers may go without.
    `resident_id`: for whom it is kept, by family or at a desk; without it for the caller."""

    name: Name
    id_kind: IdKind
    id_no: IdNumber
    phone: Phone | None = None
    birthday: Birthday | None = None
    relation: Relation = ""
    resident_id: Id | None = None


class ChangePassenger(Request, frozen=True, kw_only=True):
    """Only what is sent is changed. A number is given together with its kind."""

    name: Name | UnsetType = UNSET
    id_kind: IdKind | UnsetType = UNSET
    id_no: IdNumber | UnsetType = UNSET
    phone: Phone | UnsetType | None = UNSET
    birthday: Birthday | UnsetType | None = UNSET
    relation: Relation | UnsetType = UNSET

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.id_kind is UNSET) != (self.id_no is UNSET):
            raise ValueError("Expected a number together with its kind in field `id_no`")


class FindPassengers(Request, frozen=True, kw_only=True):
    """`resident_id`: of somebody for whom the caller may order; staff always name one."""

    resident_id: Id | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class PassengerView(View, frozen=True, kw_only=True):
    """Nobody is shown name and number whole again; the owner's own export has them. `age` is in full years today, null
    where no birthday is known. Unused it is deleted after `kept_until`."""

    id: str
    resident_id: str
    name_masked: str
    relation: str
    id_kind: IdKind
    id_kind_text: str
    id_no_masked: str
    phone_masked: str
    age: int | None
    added_by_text: str
    added_at: datetime
    used_at: datetime | None
    kept_until: date


class PassengersView(View, frozen=True, kw_only=True):
    """`most` is how many may be kept for one resident."""

    items: list[PassengerView]
    next: str | None = None
    most: int


class IdKindChoice(View, frozen=True, kw_only=True):
    """`has_birthday`: it stands in the number, and need not be asked for."""

    value: IdKind
    text: str
    has_birthday: bool
    hint: str


class IdKindsView(View, frozen=True, kw_only=True):
    items: list[IdKindChoice]
    next: str | None = None


class RevealedTraveller(View, frozen=True, kw_only=True):
    id: str
    name: str
    id_kind: IdKind
    id_kind_text: str
    id_no: str
    phone: str
    birthday: date | None


class RevealedTravellersView(View, frozen=True, kw_only=True):
    """Everybody of one order, whole. `left` is how often the caller may still look at somebody's data today."""

    case_no: str
    people: list[RevealedTraveller]
    left: int
