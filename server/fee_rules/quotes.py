"""What giving a ticket back or changing it costs at a moment, in fen and in words."""

from datetime import datetime, timedelta

from msgspec import Struct

from schemas.fee_rules import FeeQuote, FeeStep, FeeTable, Mode, NewFeeRules, TryFeeRules
from server.catalogue import yuan
from server.fee_rules.stored import FeeRules, in_force
from server.kit.clock import today
from server.kit.db import Reader
from server.kit.errors import Conflict

_WHOLE = 10_000
_MINUTE = timedelta(minutes=1)
_HOUR, _DAY = 60, 24 * 60
_DAYS_FROM = 3 * _DAY
"""From three days on a span is said in days."""
LEAVES: dict[Mode, str] = {"train": "开车", "plane": "起飞"}


class RefundTooLate(Conflict):
    """已经过了开车（起飞）时间，这张票不能退了"""


class ChangeTooLate(Conflict):
    """已经过了可以改签的时间，这张票不能改签了"""


class Trip(Struct, frozen=True):
    """A ticket as the rules look at it: its price, when it leaves, and in which seat class."""

    face_fen: int
    depart_at: datetime
    seat_class: str = ""


def quote_refund(
    reader: Reader,
    mode: Mode,
    face_fen: int,
    depart_at: datetime,
    at: datetime,
    seat_class: str = "",
    *,
    late_change: bool = False,
) -> FeeQuote:
    """What comes back of a ticket's price if it is given back at `at`, by the rules of that day.

    `late_change`: it had been changed when that was `late` (FeeQuote). Raises RefundTooLate.
    """
    return refund_by(
        in_force(reader, mode, today(at)), Trip(face_fen, depart_at, seat_class), at, late_change
    )


def quote_change(
    reader: Reader,
    mode: Mode,
    face_fen: int,
    depart_at: datetime,
    at: datetime,
    seat_class: str = "",
    *,
    new_face_fen: int,
    new_depart_at: datetime,
) -> FeeQuote:
    """What it costs to change a ticket at `at` for one of another price or time, by the rules of that day.

    Raises ChangeTooLate."""
    trip, new = Trip(face_fen, depart_at, seat_class), Trip(new_face_fen, new_depart_at)
    return change_by(in_force(reader, mode, today(at)), trip, new, at)


def _mode(rules: FeeRules) -> Mode:
    return "train" if rules.series == "train" else "plane"


def table_of(body: NewFeeRules, seat_class: str) -> FeeTable:
    """The table that names the seat class, or the one that names none; the last where every one names some."""
    named = (one for one in body.tables if seat_class in one.seat_classes)
    others = (one for one in body.tables if not one.seat_classes)
    return next(named, None) or next(others, body.tables[-1])


def refund_by(rules: FeeRules, trip: Trip, at: datetime, late_change: bool = False) -> FeeQuote:
    """Raises RefundTooLate."""
    table, left = table_of(rules.body, trip.seat_class), trip.depart_at - at
    permyriad = _step(table.refund, left) if left > timedelta(0) else table.refund_after
    if permyriad is None:
        raise RefundTooLate
    bound = late_change and permyriad < table.late_change_permyriad
    permyriad = table.late_change_permyriad if bound else permyriad
    fee = charged(rules.body, permyriad, trip.face_fen)
    said = f"{_moment(_mode(rules), left)}{'（改签过的票）' if bound else ''}"
    return FeeQuote(
        mode=_mode(rules),
        version=rules.number,
        permyriad=permyriad,
        fee_fen=fee,
        back_fen=trip.face_fen - fee,
        pay_fen=0,
        late=permyriad > 0,
        text=f"{said}，{_fee_text(rules.body, '退票费', permyriad, fee)}，退 {yuan(trip.face_fen - fee)} 元",
    )


def change_by(rules: FeeRules, trip: Trip, new: Trip, at: datetime) -> FeeQuote:
    """Raises ChangeTooLate."""
    body, table, left = rules.body, table_of(rules.body, trip.seat_class), trip.depart_at - at
    permyriad = _change_step(table, trip, new, at)
    fee = charged(body, permyriad, min(trip.face_fen, new.face_fen), minimum=0)
    cheaper = max(trip.face_fen - new.face_fen, 0)
    lost = _lost(body, table, cheaper, left)
    more = max(new.face_fen - trip.face_fen, 0) + fee
    back, pay = max(cheaper - lost - more, 0), max(more - (cheaper - lost), 0)
    free = left > timedelta(0) and _step(table.refund, left) == 0
    return FeeQuote(
        mode=_mode(rules),
        version=rules.number,
        permyriad=permyriad,
        fee_fen=fee + lost,
        back_fen=back,
        pay_fen=pay,
        late=not free,
        text="，".join(_change_text(rules, trip, new, left, (permyriad, fee, lost, back, pay))),
    )


def _change_step(table: FeeTable, trip: Trip, new: Trip, at: datetime) -> int:
    left = trip.depart_at - at
    if left <= timedelta(0) and (table.change_after is None or today(at) != today(trip.depart_at)):
        raise ChangeTooLate
    if table.change_same_day is not None and today(new.depart_at) <= today(trip.depart_at):
        return table.change_same_day
    after = table.change_after or 0
    return _step(table.change, left) if left > timedelta(0) else after


def _lost(body: NewFeeRules, table: FeeTable, cheaper: int, left: timedelta) -> int:
    """What of the difference does not come back."""
    if body.difference == "less_fee":
        permyriad = _step(table.refund, left) if left > timedelta(0) else table.refund[-1].permyriad
        return charged(body, permyriad, cheaper)
    return cheaper if body.difference == "kept" else 0


def _step(steps: list[FeeStep], left: timedelta) -> int:
    """The first whose minutes are still left; the last begins at 0."""
    return next(one.permyriad for one in steps if left >= one.minutes * _MINUTE)


def charged(body: NewFeeRules, permyriad: int, of_fen: int, minimum: int | None = None) -> int:
    """So much of an amount, rounded to whole steps, the minimum at least and the amount at most; nothing of nothing."""
    if not permyriad or not of_fen:
        return 0
    least = body.minimum_fen if minimum is None else minimum
    unit = _WHOLE * body.step_fen
    slack = {"down": 0, "half_up": unit // 2, "up": unit - 1}[body.rounding]
    rounded = (of_fen * permyriad + slack) // unit * body.step_fen
    return min(max(rounded, least), of_fen)


def tried(reader: Reader, rules: FeeRules, query: TryFeeRules) -> FeeQuote:
    """What it would cost by this version, which need not be in force. Raises RefundTooLate, ChangeTooLate."""
    at = query.at or reader.now
    trip = Trip(query.face_fen, query.depart_at, query.seat_class or "")
    if query.new_face_fen is None and query.new_depart_at is None:
        return refund_by(rules, trip, at, query.late_change)
    new = Trip(query.new_face_fen or query.face_fen, query.new_depart_at or query.depart_at)
    return change_by(rules, trip, new, at)


# In words.


def percent(permyriad: int) -> str:
    """`12.5%`."""
    return f"{permyriad / 100:g}%"


def span(minutes: int) -> str:
    """`9 天`, `3 天 5 小时`, `30 小时`, `40 分钟`."""
    if minutes >= _DAYS_FROM:
        days, hours = minutes // _DAY, minutes % _DAY // _HOUR
        return f"{days} 天 {hours} 小时" if hours else f"{days} 天"
    return f"{minutes // _HOUR} 小时" if minutes >= _HOUR else f"{minutes} 分钟"


def _moment(mode: Mode, left: timedelta) -> str:
    return f"{LEAVES[mode]}前 {span(left // _MINUTE)}" if left > timedelta(0) else f"{LEAVES[mode]}以后"


def _fee_text(body: NewFeeRules, name: str, permyriad: int, fee: int) -> str:
    if not permyriad:
        return f"不收{name}"
    least = f"（最低 {yuan(body.minimum_fen)} 元）" if fee and fee == body.minimum_fen else ""
    return f"按票价 {percent(permyriad)} 收{name}{least}，收 {yuan(fee)} 元"


def _change_text(
    rules: FeeRules, trip: Trip, new: Trip, left: timedelta, sums: tuple[int, int, int, int, int]
) -> list[str]:
    body, (permyriad, fee, lost, back, pay) = rules.body, sums
    said = [_moment(_mode(rules), left), _fee_text(body, "改签费", permyriad, fee)]
    if new.face_fen > trip.face_fen:
        said.append(f"新票贵 {yuan(new.face_fen - trip.face_fen)} 元")
    elif new.face_fen < trip.face_fen:
        kept = "差价不退" if body.difference == "kept" else f"差价收 {yuan(lost)} 元" if lost else "差价全退"
        said.append(f"新票便宜 {yuan(trip.face_fen - new.face_fen)} 元，{kept}")
    said.append(f"要补 {yuan(pay)} 元" if pay else f"退 {yuan(back)} 元" if back else "不用补钱")
    return said
