"""A fare, line by line, in whole fen."""

from datetime import datetime, time

from schemas.tariffs import Fare, FareLine, NewTariff, Rounding, Surcharge
from server.catalogue import yuan
from server.kit.clock import SHANGHAI
from server.tariffs.stored import Tariff

_KM = 1000
_MINUTE_S = 60
_HUNDRED = 100


def fare(
    tariff: Tariff,
    *,
    metres: int,
    at: datetime,
    seconds_waited: int = 0,
    wheelchair: bool = False,
    helper: bool = False,
    scheduled: bool = False,
) -> Fare:
    """What a ride costs that begins `at` and goes so far; `seconds_waited` is all that the driver waited, the free
    minutes among them."""
    rules = tariff.body
    way = _way(rules, metres)
    lines = [*way, *_waiting(rules, seconds_waited)]
    lines += _surcharges(rules, sum(one.amount_fen for one in way), at)
    for wanted, name, text, fen in (
        (wheelchair, "wheelchair", "轮椅车", rules.wheelchair_fen),
        (helper, "helper", "需要人搀扶", rules.helper_fen),
        (scheduled, "scheduled", "预约用车", rules.scheduled_fen),
    ):
        if wanted:
            said = f"{text}，{yuan(fen)} 元" if fen else f"{text}，不加钱"
            lines.append(FareLine(name=name, text=said, amount_fen=fen))
    exact = sum(one.amount_fen for one in lines)
    total = stepped(exact, rules.step_fen, rules.rounding)
    if total != exact:
        lines.append(
            FareLine(name="rounding", text=f"取整到 {yuan(rules.step_fen)} 元", amount_fen=total - exact)
        )
    return Fare(
        lines=lines,
        total_fen=total,
        tariff_id=tariff.id,
        version=tariff.number,
        text=f"{kilometres(metres)}，共 {yuan(total)} 元",
    )


def _way(rules: NewTariff, metres: int) -> list[FareLine]:
    lines = [
        FareLine(
            name="base",
            text=f"起步价，含 {kilometres(rules.base_metres)}",
            amount_fen=rules.base_fen,
        )
    ]
    beyond = max(metres - rules.base_metres, 0)
    if fen := stepped_part(beyond * rules.per_km_fen, _KM):
        text = f"超出 {kilometres(beyond)}，每公里 {yuan(rules.per_km_fen)} 元"
        lines.append(FareLine(name="distance", text=text, amount_fen=fen))
    return lines


def _waiting(rules: NewTariff, seconds: int) -> list[FareLine]:
    minutes = seconds // _MINUTE_S - rules.free_wait_minutes
    if minutes <= 0 or not rules.wait_minute_fen:
        return []
    text = f"等候超出 {minutes} 分钟，每分钟 {yuan(rules.wait_minute_fen)} 元"
    return [FareLine(name="waiting", text=text, amount_fen=minutes * rules.wait_minute_fen)]


def _surcharges(rules: NewTariff, way_fen: int, at: datetime) -> list[FareLine]:
    clock = at.astimezone(SHANGHAI).time()
    return [
        FareLine(
            name="surcharge",
            text=f"{one.name}（{one.start}–{one.end}），加 {one.percent}%",
            amount_fen=stepped_part(way_fen * one.percent, _HUNDRED),
        )
        for one in rules.surcharges
        if _within(one, clock)
    ]


def _within(one: Surcharge, clock: time) -> bool:
    start, end = time.fromisoformat(one.start), time.fromisoformat(one.end)
    if start < end:
        return start <= clock < end
    return clock >= start or clock < end


def stepped_part(product: int, whole: int) -> int:
    """`product / whole` to the nearest, a half upwards, without a float."""
    return (2 * product + whole) // (2 * whole)


def stepped(fen: int, step: int, rounding: Rounding) -> int:
    """The whole step that the rule says."""
    match rounding:
        case "down":
            return fen // step * step
        case "up":
            return -(-fen // step) * step
        case "half_up":
            return stepped_part(fen, step) * step


def kilometres(metres: int) -> str:
    """`2.5 公里`, below one kilometre `800 米`."""
    return f"{metres / _KM:.1f} 公里" if metres >= _KM else f"{metres} 米"
