"""What giving a ticket back or changing it costs, by version, for trains and for planes."""

from itertools import pairwise
from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import END, ONE_LINE, Fen, Line, Moment, Request, View
from schemas.versions import NewVersion, VersionView

Mode = Literal["train", "plane"]
Rounding = Literal["down", "half_up", "up"]
Difference = Literal["less_fee", "whole", "kept"]
Permyriad = Annotated[int, Meta(ge=0, le=10_000, description="万分之几：2000 是 20 %")]
Minutes = Annotated[int, Meta(ge=0, le=1_000_000, description="离开车或起飞至少还有多少分钟")]
SeatClass = Annotated[
    str, Meta(min_length=1, max_length=30, pattern=r"^[a-z][a-z_]*" + END, description="席别或舱位")
]


class FeeStep(Request, frozen=True, kw_only=True):
    """What is charged of the price while at least so many minutes are left: a boundary belongs to the milder side."""

    minutes: Minutes
    permyriad: Permyriad


class FeeTable(Request, frozen=True, kw_only=True):
    """For these seat classes; without any for all that no other table names.

    `refund` and `change` go from the earliest to the latest, and the last of each holds up to the departure itself.
    `refund_after` is charged from the departure on, `change_after` from then to the end of that day; null: it is not
    possible any more. `change_same_day` is for changes to a departure of the same day or an earlier one; null: as
    others. `late_change_permyriad` is the least that is charged for a ticket which was changed when giving it back
    was not free any more.
    """

    name: Line
    seat_classes: Annotated[list[SeatClass], Meta(max_length=30)] = []
    refund: Annotated[list[FeeStep], Meta(min_length=1, max_length=12)]
    refund_after: Permyriad | None = None
    change: Annotated[list[FeeStep], Meta(min_length=1, max_length=12)]
    change_after: Permyriad | None = None
    change_same_day: Permyriad | None = None
    late_change_permyriad: Permyriad = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("refund", "change"):
            minutes = [one.minutes for one in getattr(self, name)]
            if minutes[-1] != 0:
                raise ValueError(f"Expected a last step that begins at 0 minutes in field `{name}`")
            if any(later >= earlier for earlier, later in pairwise(minutes)):
                raise ValueError(f"Expected steps from the earliest to the latest in field `{name}`")


class NewFeeRules(NewVersion, frozen=True, kw_only=True):
    """A version for trains or for planes.

    A fee is rounded to whole `step_fen`; what is charged at all is `minimum_fen` at least, and never more than it is
    taken from. Where the new ticket is cheaper, the `difference` is given back whole, less the fee of giving it back,
    or kept. `source` says where the rules were read.
    """

    tables: Annotated[list[FeeTable], Meta(min_length=1, max_length=12)]
    minimum_fen: Fen = 0
    step_fen: Annotated[int, Meta(ge=1, le=10_000)] = 1
    rounding: Rounding = "half_up"
    difference: Difference = "less_fee"
    source: Annotated[str, Meta(max_length=200, pattern=ONE_LINE)] = ""


class FeeQuote(View, frozen=True, kw_only=True):
    """What giving a ticket back, or changing it, costs at a moment: `fee_fen` is kept, `back_fen` comes back, `pay_fen`
    is to be paid besides. `version` is the number of the rules, `permyriad` the step that applied, `text` says all of it.

    `late`: giving it back would not have been free any more, which a ticket that is changed now remembers.
    """

    mode: Mode
    version: int
    permyriad: int
    fee_fen: int
    back_fen: int
    pay_fen: int
    late: bool
    text: str


class FeeRulesView(View, frozen=True, kw_only=True):
    """`lines` say in words what `rules` says."""

    mode: Mode
    mode_text: str
    version: VersionView
    rules: NewFeeRules
    lines: list[str]


class FeeRulesListView(View, frozen=True, kw_only=True):
    items: list[FeeRulesView]
    next: str | None = None


class TryFeeRules(Request, frozen=True, kw_only=True):
    """A ticket that is given back at `at`, now if left out; with a new price and time it is changed instead.

    `late_change`: it had been changed when giving it back was not free any more."""

    face_fen: Annotated[int, Meta(ge=1, le=10_000_000)]
    depart_at: Moment
    at: Moment | None = None
    seat_class: SeatClass | None = None
    new_face_fen: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    new_depart_at: Moment | None = None
    late_change: bool = False
