"""One call to a platform as the rest of the building sees it: an answer, a refusal with what to do, or down.

Here are the repeats, the deadline, the breaker and the counting, the same for every platform.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn, TypeVar

from wechatpy.exceptions import WeChatClientException

from server.gateways.breaker import Breaker
from server.gateways.client import TokenRefused
from server.gateways.errors import ErrorTable
from server.gateways.transport import NoAnswer
from server.kit.platform import Action, PlatformDown, PlatformRefusal

T = TypeVar("T")
Observe = Callable[[str, str, float], None]

DEADLINE_IN_TIMEOUTS = 1.5


@dataclass(frozen=True, slots=True)
class Retry:
    """How often to ask in all, and how long to wait in between; up to half is added at random."""

    attempts: int = 3
    first_wait_s: float = 0.1
    growth: float = 3.0

    def waits(self) -> Iterator[float]:
        for number in range(self.attempts - 1):
            yield self.first_wait_s * self.growth**number * random.uniform(1.0, 1.5)


def unobserved(_api: str, _outcome: str, _seconds: float) -> None:
    """Nobody counts."""


@dataclass(frozen=True, slots=True)
class Calls:
    """A call in all, its repeats included, takes no longer than one timeout and a half."""

    table: ErrorTable
    token_api: str
    breaker: Breaker
    retry: Retry
    timeout_s: float
    observe: Observe = unobserved

    async def call(self, api: str, ask: Callable[[], Awaitable[T]], *, repeatable: bool) -> T:
        """What `ask` answers; unless `repeatable`, asked again only where the platform cannot have acted.

        Raises PlatformRefusal for an errcode and PlatformDown for no answer.
        """
        outcome, began = "cancelled", time.monotonic()
        try:
            answer = await self._guarded(api, ask, repeatable)
            outcome = "ok"
            return answer
        except PlatformRefusal as refusal:
            outcome = str(refusal.errcode)
            raise
        except PlatformDown as down:
            outcome = down.reason
            raise
        finally:
            self.observe(api, outcome, time.monotonic() - began)

    async def _guarded(self, api: str, ask: Callable[[], Awaitable[T]], repeatable: bool) -> T:
        if not self.breaker.allows():
            raise PlatformDown(api, "breaker_open", retry_after=self.breaker.wait_s)
        try:
            async with asyncio.timeout(self.timeout_s * DEADLINE_IN_TIMEOUTS):
                answer = await self._repeated(api, ask, repeatable)
        except TimeoutError:
            self.breaker.failed()
            raise PlatformDown(api, "timeout", uncertain=True) from None
        except PlatformDown:
            self.breaker.failed()
            raise
        except PlatformRefusal:
            self.breaker.succeeded()
            raise
        self.breaker.succeeded()
        return answer

    async def _repeated(self, api: str, ask: Callable[[], Awaitable[T]], repeatable: bool) -> T:
        for wait_s in self.retry.waits():
            try:
                return await self._once(api, ask)
            except PlatformDown as down:
                if down.uncertain and not repeatable:
                    raise
            await asyncio.sleep(wait_s)
        return await self._once(api, ask)

    async def _once(self, api: str, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            return await ask()
        except NoAnswer as lost:
            raise PlatformDown(api, lost.reason, uncertain=lost.sent) from None
        except WeChatClientException as refused:
            self._refuse(api, refused)

    def _refuse(self, api: str, refused: WeChatClientException) -> NoReturn:
        asked = self.token_api if isinstance(refused, TokenRefused) else api
        row = self.table.look_up(asked, refused.errcode)
        if row.action is Action.retry:
            raise PlatformDown(asked, "busy") from None
        raise PlatformRefusal(asked, refused.errcode, str(refused.errmsg), row.action) from None
