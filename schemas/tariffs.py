"""What a ride costs: the tariff by version, and a fare line by line."""

from typing import Annotated, Literal

from msgspec import Meta

from schemas.common import END, Fen, Line, Moment, Request, View
from schemas.versions import NewVersion, VersionView

Rounding = Literal["down", "half_up", "up"]
LocalTime = Annotated[str, Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d" + END, description="当地时间，如 22:00")]
Metres = Annotated[int, Meta(ge=0, le=2_000_000, description="米")]


class Surcharge(Request, frozen=True, kw_only=True):
    """So many per cent more on what the way costs, for rides that begin from `start` on and before `end`, local time; a
    span over midnight is one, and a start that is also the end is the whole day."""

    name: Line
    start: LocalTime
    end: LocalTime
    percent: Annotated[int, Meta(ge=1, le=200)]


class NewTariff(NewVersion, frozen=True, kw_only=True):
    """A version of the tariff.

    `base_fen` is for the first `base_metres`, `per_km_fen` for each kilometre beyond, counted by the metre. Of the
    driver's waiting `free_wait_minutes` cost nothing, each full minute beyond `wait_minute_fen`. The total is rounded to
    whole `step_fen`.
    """

    base_fen: Fen
    base_metres: Metres
    per_km_fen: Fen
    free_wait_minutes: Annotated[int, Meta(ge=0, le=120)] = 5
    wait_minute_fen: Fen = 0
    wheelchair_fen: Fen = 0
    helper_fen: Fen = 0
    scheduled_fen: Fen = 0
    surcharges: Annotated[list[Surcharge], Meta(max_length=20)] = []
    step_fen: Annotated[int, Meta(ge=1, le=1000)] = 10
    rounding: Rounding = "half_up"


class FareLine(View, frozen=True, kw_only=True):
    """`name` is for programs, `text` for people; what rounding takes off is less than 0."""

    name: str
    text: str
    amount_fen: int


class Fare(View, frozen=True, kw_only=True):
    """`lines` add up to `total_fen`; `version` is the number of the tariff, `text` says the whole in one line."""

    lines: list[FareLine]
    total_fen: int
    tariff_id: str
    version: int
    text: str


class TariffView(View, frozen=True, kw_only=True):
    """`lines` say in words what `tariff` says."""

    version: VersionView
    tariff: NewTariff
    lines: list[str]


class TariffsView(View, frozen=True, kw_only=True):
    items: list[TariffView]
    next: str | None = None


class TryTariff(Request, frozen=True, kw_only=True):
    """A ride to be priced by a version that need not be in force: so far, from `at` on, now if left out."""

    metres: Metres
    at: Moment | None = None
    waited_minutes: Annotated[int, Meta(ge=0, le=600)] = 0
    wheelchair: bool = False
    helper: bool = False
    scheduled: bool = False
