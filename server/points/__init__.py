"""Points 积分: rates by version, what purchases earn, what is there."""

from server.points import campaigns, comparing, rates, views, warnings
from server.points.accrual import Earning, capped, earned, yuan
from server.points.rates import RATES, RateVersion

__all__ = [
    "RATES",
    "Earning",
    "RateVersion",
    "campaigns",
    "capped",
    "comparing",
    "earned",
    "rates",
    "views",
    "warnings",
    "yuan",
]
