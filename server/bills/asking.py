"""Asking a payee what is open on an account, with words for what may come in between."""

from typing import Any, Protocol

from server.kit.errors import NotFound, Unavailable
from server.kit.platform import Action, PlatformDown, PlatformRefusal


class AccountNotFound(NotFound):
    """没有这个户号，请对照缴费单再输一遍"""


class PayeeNotAnswering(Unavailable):
    """收费单位现在没有回应，请过几分钟再查；急着缴可以到社区窗口"""


class Asks(Protocol):
    """What is needed of the gateway to the payees."""

    async def bills(self, payee_id: str, account_no: str) -> list[Any]: ...


async def ask(payees: Asks, payee_id: str, account_no: str) -> list[Any]:
    """What is open; nothing where all is paid. Raises AccountNotFound, PayeeNotAnswering."""
    try:
        return await payees.bills(payee_id, account_no)
    except PlatformDown as down:
        raise PayeeNotAnswering(retry_after=down.retry_after) from down
    except PlatformRefusal as refusal:
        if refusal.action is not Action.skip:
            raise
        raise AccountNotFound(field="account_no") from refusal
