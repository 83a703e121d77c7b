"""How often each call may be made, as published, and the counters that notice when it is made more often."""

import math
from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from .errors import Refused

_LENGTH_S = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400}
_SHANGHAI_OFFSET_S = 8 * 3600


class Quota(Struct, frozen=True):
    """`limit` calls in each calendar second, minute, hour or day of Shanghai; the next one gets `errcode`.

    Quotas with the same `bucket` are counted together, the others for each path.
    """

    per: Literal["second", "minute", "hour", "day"]
    limit: int
    errcode: int
    bucket: str = ""


Quotas = Mapping[str, tuple[Quota, ...]]

_LINKS = (Quota("second", 100, 44990, "links"), Quota("day", 500_000, 44993, "links"))
PUBLISHED: Quotas = {
    "/cgi-bin/stable_token": (Quota("minute", 10_000, 45011), Quota("day", 500_000, 45009)),
    "/cgi-bin/token": (Quota("day", 2_000, 45009),),
    "/cgi-bin/message/subscribe/send": (Quota("day", 30_000_000, 45009),),
    "/wxa/resetusersessionkey": (Quota("minute", 60_000, 45011),),
    "/wxa/msg_sec_check": (Quota("minute", 4_000, 44991), Quota("day", 2_000_000, 45009)),
    "/wxa/media_check_async": (Quota("minute", 2_000, 44991), Quota("day", 200_000, 45009)),
    "/wxa/getwxacodeunlimit": (Quota("minute", 5_000, 45009),),
    "/wxa/generate_urllink": _LINKS,
    "/wxa/generatescheme": _LINKS,
    "/cgi-bin/message/send": (Quota("minute", 10_000, 45009), Quota("hour", 150_000, 45009)),
}


def day_of(now_s: float) -> int:
    """The number of the calendar day in Shanghai."""
    return math.floor((now_s + _SHANGHAI_OFFSET_S) / _LENGTH_S["day"])


class Counters:
    """Calls made in the current second, minute, hour and day; `quotas` replaces the published ones path by path."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = {**PUBLISHED, **quotas}
        self._spent: dict[tuple[str, str], tuple[int, int]] = {}

    def spend(self, path: str, now_s: float) -> None:
        """Count one call, or raise Refused with the code of the first quota that is used up."""
        for quota in self._quotas.get(path, ()):
            window = self._window(quota, now_s)
            key = (quota.bucket or path, quota.per)
            began, spent = self._spent.get(key, (window, 0))
            if began != window:
                spent = 0
            if spent >= quota.limit:
                raise Refused(quota.errcode)
            self._spent[key] = (window, spent + 1)

    def _window(self, quota: Quota, now_s: float) -> int:
        if quota.per == "day":
            return day_of(now_s)
        return math.floor(now_s / _LENGTH_S[quota.per])
