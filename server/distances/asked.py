"""The way as the map service knows it, remembered for a while; the straight line where there is no service."""

from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from schemas.places import Spot
from server.config import Distances
from server.distances.straight import Way, straight
from server.kit.clock import Clock
from server.kit.platform import PlatformDown, PlatformRefusal

log = structlog.get_logger()
_PLACES = 4
"""Ten thousandths of a degree, some ten metres: two ends so near to two others are the same way."""

_Pair = tuple[float, float, float, float]


class MapService(Protocol):
    """Raises PlatformRefusal and PlatformDown."""

    async def way(self, a: Spot, b: Spot) -> Way: ...


class Ways:
    """One in each process. Without a `service` nobody is asked."""

    def __init__(self, rules: Distances, clock: Clock, service: MapService | None) -> None:
        self._rules = rules
        self._clock = clock
        self._service = service
        self._known: OrderedDict[_Pair, tuple[datetime, Way]] = OrderedDict()

    async def way(self, a: Spot, b: Spot) -> Way:
        """Never inside a transaction: it may wait for the network. `how` says who has said it."""
        if self._service is None:
            return straight(a, b, self._rules)
        pair = (round(a.lng, _PLACES), round(a.lat, _PLACES), round(b.lng, _PLACES), round(b.lat, _PLACES))
        until, known = self._known.get(pair, (None, None))
        if known is not None and until is not None and self._clock.now() < until:
            return known
        try:
            found = await self._service.way(a, b)
        except (PlatformDown, PlatformRefusal) as error:
            log.warning("distance.unasked", why=str(error))
            return straight(a, b, self._rules)
        self._remember(pair, found)
        return found

    def _remember(self, pair: _Pair, found: Way) -> None:
        self._known[pair] = (self._clock.now() + timedelta(minutes=self._rules.kept_minutes), found)
        self._known.move_to_end(pair)
        while len(self._known) > self._rules.remembered:
            self._known.popitem(last=False)
