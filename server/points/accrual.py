"""What a purchase earns, computed in whole fen, and in words that a resident can check with a pencil."""

from datetime import date

from msgspec import Struct

from schemas.points import Campaign, NewRates, Rate
from server.kit.db import Reader
from server.points.rates import RateVersion, UnknownCategory, campaign_key, in_force

_WHOLE = 10_000
_PERCENT = 100


class Earning(Struct, frozen=True, kw_only=True):
    """`points_fen` before the cap of the day; `version` 0 while there are no rates. `campaign` is the one that counted,
    and `usual_fen` what it would have been without."""

    points_fen: int
    daily_cap_fen: int
    version: int
    text: str
    campaign: str = ""
    usual_fen: int = 0


def earned(reader: Reader, category: str, amount_fen: int, day: date) -> Earning:
    """What `amount_fen` earns on that day. Raises UnknownCategory."""
    return earned_by(in_force(reader, day), category, amount_fen, day)


def earned_by(version: RateVersion | None, category: str, amount_fen: int, day: date) -> Earning:
    """The same by this version, whether or not it is in force. Raises UnknownCategory."""
    if version is None:
        return Earning(points_fen=0, daily_cap_fen=0, version=0, text="还没有积分规则，不积分")
    rate = next((one for one in version.body.rates if one.category == category), None)
    if rate is None:
        raise UnknownCategory(field="category")
    body, index = version.body, _campaign(version.body, category, day)
    campaign = None if index is None else body.campaigns[index]
    points, usual = (_points(body, rate, one, amount_fen) for one in (campaign, None))
    return Earning(
        points_fen=points,
        daily_cap_fen=body.daily_cap_fen,
        version=version.number,
        text=_said(version, rate, campaign, amount_fen, points),
        campaign="" if index is None else campaign_key(version, index),
        usual_fen=usual,
    )


def _campaign(body: NewRates, category: str, day: date) -> int | None:
    """The place of the one that gives most; two never add up."""
    running = [
        index
        for index, one in enumerate(body.campaigns)
        if one.first <= day <= one.last and one.category in (None, category)
    ]
    return max(running, key=lambda index: body.campaigns[index].percent, default=None)


def _points(body: NewRates, rate: Rate, campaign: Campaign | None, amount_fen: int) -> int:
    if amount_fen < body.minimum_fen:
        return 0
    percent = campaign.percent if campaign else _PERCENT
    product, unit = amount_fen * rate.permyriad * percent, _WHOLE * _PERCENT
    return (product + (unit // 2 if body.rounding == "half_up" else 0)) // unit


def _said(version: RateVersion, rate: Rate, campaign: Campaign | None, amount_fen: int, points: int) -> str:
    """`消费 128.50 元 × 0.5 %，按 2026-10 费率，积 0.64 分`."""
    if amount_fen < version.body.minimum_fen:
        return f"消费 {yuan(amount_fen)} 元，不满 {yuan(version.body.minimum_fen)} 元不积分"
    extra = f" × {campaign.percent} %（{campaign.name}）" if campaign else ""
    share = f"{rate.permyriad / _PERCENT:g} %"
    rates = f"{version.body.valid_from:%Y-%m} 费率"
    return f"{rate.name}消费 {yuan(amount_fen)} 元 × {share}{extra}，按 {rates}，积 {yuan(points)} 分"


def yuan(fen: int) -> str:
    """`1,234.50`."""
    return f"{fen / 100:,.2f}"


def capped(earning: Earning, before_fen: int) -> tuple[int, str]:
    """What is left under the cap of the day after `before_fen` points, and how that reads."""
    cap = earning.daily_cap_fen
    if not cap or before_fen + earning.points_fen <= cap:
        return earning.points_fen, earning.text
    left = max(cap - before_fen, 0)
    return left, f"{earning.text}；每天最多积 {yuan(cap)} 分，这次积 {yuan(left)} 分"
