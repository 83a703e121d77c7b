"""The map service: how far and how long it is to drive from one spot to another.

Asked as Tencent's location service documents its distance matrix (`/ws/distance/v1/matrix`): a spot is `lat,lng`, the
answer is `{"status": 0, "result": {"rows": [{"elements": [{"distance": metres, "duration": seconds}]}]}}`.
"""

from typing import Any
from urllib.parse import urlencode

import httpx

from schemas.places import Spot
from server.config import Distances
from server.distances import Way
from server.gateways.breaker import Breaker
from server.gateways.calls import Calls, Observe, Retry, unobserved
from server.gateways.errors import ErrorTable
from server.gateways.transport import NoAnswer
from server.kit.clock import Clock
from server.kit.platform import Action, PlatformRefusal

_API = "map_distance"
_PATH = "/ws/distance/v1/matrix"
_BUSY = frozenset({120, 121})
"""More than the key may ask in a second, or in a day."""


class MapGateway:
    """Raises PlatformRefusal and PlatformDown."""

    def __init__(
        self, settings: Distances, *, clock: Clock | None = None, observe: Observe = unobserved
    ) -> None:
        self._settings = settings
        self._http: httpx.AsyncClient | None = None
        self._calls = Calls(
            table=ErrorTable(),
            token_api=_API,
            breaker=Breaker(clock or Clock()),
            retry=Retry(attempts=1),
            timeout_s=settings.timeout_s,
            observe=observe,
        )

    async def way(self, a: Spot, b: Spot) -> Way:
        """By car, on the roads as they are now."""
        return await self._calls.call(_API, lambda: self._once(a, b), repeatable=True)

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    async def _once(self, a: Spot, b: Spot) -> Way:
        if self._http is None:
            self._http = httpx.AsyncClient(timeout=self._settings.timeout_s, trust_env=False)
        asked = {"mode": "driving", "from": _said(a), "to": _said(b), "key": self._settings.key}
        try:
            answer = await self._http.get(
                f"{self._settings.base_url.rstrip('/')}{_PATH}?{urlencode(asked, safe=',')}"
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout):
            raise NoAnswer("unreachable", sent=False) from None
        except httpx.HTTPError:
            raise NoAnswer("connection_lost", sent=True) from None
        if not answer.is_success:
            raise NoAnswer("busy", sent=True)
        try:
            return _read(answer.json())
        except (ValueError, KeyError, IndexError, TypeError):
            raise NoAnswer("unreadable", sent=True) from None


def _said(spot: Spot) -> str:
    return f"{spot.lat:.6f},{spot.lng:.6f}"


def _read(told: dict[str, Any]) -> Way:
    """Raises PlatformRefusal, and NoAnswer where it asks for patience."""
    status = int(told["status"])
    if status in _BUSY:
        raise NoAnswer("busy", sent=True)
    if status:
        raise PlatformRefusal(_API, status, str(told.get("message", "")), Action.config_alert)
    [element] = told["result"]["rows"][0]["elements"]
    return Way(metres=int(element["distance"]), seconds=int(element["duration"]), how="provider")
