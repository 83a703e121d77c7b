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
    "/cgi-bin/get_jsapi_ticket": (Quota("minute", 10_000, 45009), Quota("hour", 100, 45009)),
}
_OF_COMPANY = (Quota("minute", 10_000, 45009), Quota("hour", 150_000, 45009))
_OF_ADDRESS = (Quota("minute", 20_000, 45009), Quota("hour", 600_000, 45009))
_MESSAGES_PER_ACCOUNT = 200


def day_of(now_s: float) -> int:
    """The number of the calendar day in Shanghai."""
    return math.floor((now_s + _SHANGHAI_OFFSET_S) / _LENGTH_S["day"])


class Counters:
    """Calls made in the current second, minute, hour and day; `quotas` replaces the published ones path by path."""

    def __init__(self, quotas: Quotas) -> None:
        self._quotas = {**PUBLISHED, **quotas}
        self._spent: dict[tuple[str, str], tuple[int, int]] = {}
        self._blocked: dict[tuple[str, str], float] = {}
        self._received: tuple[int, int] = (0, 0)

    def spend(self, path: str, now_s: float) -> None:
        """Count one call, or raise Refused with the code of the first quota that is used up."""
        for quota in self._quotas.get(path, ()):
            self._count(quota, quota.bucket or path, now_s)

    def spend_corp(self, path: str, address: str, now_s: float) -> None:
        """The same at the WeCom host, where each call has a quota for the company and one for the address, and going
        beyond one blocks for a minute or an hour from then."""
        for bucket, quota in self._of_corp(path, address):
            key = (bucket, quota.per)
            if now_s < self._blocked.get(key, 0.0):
                raise Refused(quota.errcode)
            try:
                self._count(quota, bucket, now_s)
            except Refused:
                self._blocked[key] = now_s + _LENGTH_S[quota.per]
                raise

    def give_back(self, path: str, address: str) -> None:
        """A call of the WeCom host that does not count after all."""
        for bucket, quota in self._of_corp(path, address):
            began, spent = self._spent[bucket, quota.per]
            self._spent[bucket, quota.per] = (began, spent - 1)

    def spend_receivers(self, number: int, accounts: int, now_s: float) -> None:
        """So many receive a message; an app has two hundred a day for each account of the company."""
        day, before = self._received
        before = before if day == day_of(now_s) else 0
        if before + number > accounts * _MESSAGES_PER_ACCOUNT:
            raise Refused(45009)
        self._received = (day_of(now_s), before + number)

    def _of_corp(self, path: str, address: str) -> list[tuple[str, Quota]]:
        company = [(path, quota) for quota in self._quotas.get(path, _OF_COMPANY)]
        return company + [(f"{path} {address}", quota) for quota in _OF_ADDRESS]

    def _count(self, quota: Quota, bucket: str, now_s: float) -> None:
        window = self._window(quota, now_s)
        key = (bucket, quota.per)
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
