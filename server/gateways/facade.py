"""What the doors to both platforms have in common: one client on one transport, one way to call, ping and close."""

from typing import ClassVar, Generic, TypeVar

from server.gateways.breaker import Breaker
from server.gateways.calls import Calls, Observe, Retry, unobserved
from server.gateways.client import AsyncClient
from server.gateways.errors import ErrorTable
from server.gateways.transport import NoAnswer, Transport
from server.kit.clock import Clock

C = TypeVar("C", bound=AsyncClient)


class Facade(Generic[C]):
    """Raises PlatformRefusal and PlatformDown (server.kit.platform) from every method, and nothing else.

    `TABLE` says what the platform's errcodes mean, `TOKEN_API` what its token call is named in it.
    """

    TABLE: ClassVar[ErrorTable]
    TOKEN_API: ClassVar[str]

    def __init__(
        self,
        base_url: str,
        account: str,
        secret: str,
        *,
        timeout_s: float = 3.0,
        clock: Clock | None = None,
        breaker: Breaker | None = None,
        retry: Retry | None = None,
        observe: Observe = unobserved,
        max_clients: int = 48,
    ) -> None:
        """`account` is the appid, or the corpid."""
        clock = clock or Clock()
        self._transport = Transport(base_url, timeout_s=timeout_s, max_clients=max_clients)
        self._client = self._connected(self._transport, clock, account, secret)
        self._calls = Calls(
            table=self.TABLE,
            token_api=self.TOKEN_API,
            breaker=breaker or Breaker(clock),
            retry=retry or Retry(),
            timeout_s=timeout_s,
            observe=observe,
        )

    @property
    def rests_s(self) -> float:
        """Seconds for which the platform is left alone, as it did not answer; 0 when it may be called."""
        return self._calls.breaker.wait_s

    def _connected(self, transport: Transport, clock: Clock, account: str, secret: str) -> C:
        raise NotImplementedError

    async def ping(self) -> None:
        """Returns when a token can be had."""
        await self._calls.call(self.TOKEN_API, self._client.token, repeatable=True)

    async def close(self) -> None:
        self._transport.close()


def said_ok(answer: object) -> None:
    """The SDK has raised for any errcode but 0; a page of HTML is no consent."""
    if not isinstance(answer, dict):
        raise NoAnswer("unreadable", sent=True)
