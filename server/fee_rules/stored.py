"""What is stored of a version, and which one is in force."""

from datetime import date, datetime
from typing import Annotated

from msgspec import Meta, Struct

from schemas.fee_rules import FeeRulesState, Mode, NewFeeRules
from server.fee_rules.usual import USUAL
from server.kit.db import Collection, Index, Reader, Stored

FIRST = 1


class FeeRules(Stored, kw_only=True):
    """`id` is the mode and the number in six digits."""

    number: Annotated[int, Meta(ge=2)]
    state: FeeRulesState
    body: NewFeeRules
    author_id: str
    author: str
    created_at: datetime
    approved_by: str = ""
    approved_at: datetime | None = None
    returned_by: str = ""
    reason: str = ""


FEE_RULES: Collection[FeeRules] = Collection(
    "fee_rules", FeeRules, Index(("body.mode", "number")), whole=True
)


class Rules(Struct, frozen=True):
    """A version as it counts: the first has no document."""

    number: int
    body: NewFeeRules


def in_force(reader: Reader, mode: Mode, day: date, without: int | None = None) -> Rules:
    """The version by which tickets are given back and changed on that local day; by which they would, were there not
    the one numbered `without`."""
    begun = [
        one
        for one in reader.everything(FEE_RULES).items.values()
        if one.state == "approved" and one.body.mode == mode and one.body.valid_from <= day
    ]
    newest = max(
        (one for one in begun if one.number != without),
        key=lambda one: (one.body.valid_from, one.number),
        default=None,
    )
    return Rules(newest.number, newest.body) if newest else Rules(FIRST, USUAL[mode])
