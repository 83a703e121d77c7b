"""A resident hears of the accounts that family saves or lets go of in their name."""

from server import bills
from server.kit.db import Tx
from server.kit.events import Event, on

PAGE = "packages/bills/pages/saved/index"
_WORDS = {"save": "存了常缴账户", "remove": "删了常缴账户"}


@on("bill_account.save", "bill_account.remove")
async def tell(tx: Tx, event: Event) -> None:
    name = event.data["label"] or bills.payee_of(tx, event.data["payee"]).name
    await bills.tell_principal(tx, event, f"{_WORDS[event.data['action']]}“{name}”", PAGE)
