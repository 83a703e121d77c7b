"""A tariff as people say it, field by field."""

from schemas.tariffs import NewTariff, Rounding
from server.catalogue import yuan
from server.tariffs.fares import kilometres

ROUNDINGS: dict[Rounding, str] = {"half_up": "四舍五入", "down": "零头不要", "up": "往上取整"}


def terms(body: NewTariff) -> dict[str, tuple[str, str]]:
    """By field: its name and what stands there."""
    said = {
        "valid_from": ("从哪天起", body.valid_from.isoformat()),
        "base": ("起步价", f"{yuan(body.base_fen)} 元，含 {kilometres(body.base_metres)}"),
        "per_km_fen": ("超出的每公里", f"{yuan(body.per_km_fen)} 元"),
        "waiting": ("等候", _waiting(body)),
        "wheelchair_fen": ("轮椅车", _more(body.wheelchair_fen)),
        "helper_fen": ("需要人搀扶", _more(body.helper_fen)),
        "scheduled_fen": ("预约用车", _more(body.scheduled_fen)),
    }
    for one in body.surcharges:
        said[f"surcharge {one.name}"] = (f"{one.name}加价", f"{one.start}–{one.end}，里程费加 {one.percent}%")
    return said | {"rounding": ("取整", f"到 {yuan(body.step_fen)} 元，{ROUNDINGS[body.rounding]}")}


def _waiting(body: NewTariff) -> str:
    if not body.wait_minute_fen:
        return "不收费"
    return f"{body.free_wait_minutes} 分钟内不收费，以后每分钟 {yuan(body.wait_minute_fen)} 元"


def _more(fen: int) -> str:
    return f"加 {yuan(fen)} 元" if fen else "不加钱"
