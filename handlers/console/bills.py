"""Bills at the window: found by account, entered for a resident whose payee cannot be asked, taken out with a reason."""

from typing import Any
from urllib.parse import urlencode

from msgspec import Struct

from handlers.base import allow
from handlers.console.case import fen_of, read_as
from handlers.console.money import SHOWN, Done, Look, Refused, said, stripped
from handlers.page import MONEY, Goto, MenuItem, Page, Shown
from schemas.bills import NewBill
from schemas.refunds import AnswerRefund
from server import bill_accounts, bills
from server.bills import KINDS, PAYEES, STATES, window
from server.kit.clock import today
from server.kit.db import Reader, Tx
from server.kit.errors import HoelunError
from server.residents import RESIDENTS, Resident
from server.words import masked_name

LIST = "/console/bills"
DESK = ("clerk", "operator")
TONES = {"open": "wait", "paying": "active", "paid": "done", "void": "grey"}
_WRONG = {
    "payee_id": "请选收费单位",
    "account_no": "户号只有字母、数字和短横，最多 40 位",
    "period": "账期写年和月，例如 2026-11",
    "amount_fen": "请填金额，例如 128.50",
    "due": "请选最后缴费的日子",
    "reason": "请写明为什么作废，200 字以内",
}


class BillsLook(Look, frozen=True, kw_only=True):
    payee: str = ""
    account: str = ""

    @property
    def asked(self) -> bool:
        return bool(self.payee and self.account.strip())


class ForWhom(Struct, frozen=True):
    resident: str = ""


async def picture(page: Page, look: BillsLook, refused: Refused) -> dict[str, Any]:
    actor = page.actor

    async def seen(reader: Reader) -> dict[str, Any]:
        found = await window.of_account(reader, look.payee, look.account.strip(), actor) if look.asked else []
        whose = [one.resident_id for one in found]
        residents = await reader.all(RESIDENTS, {"_id": {"$in": whose}}, limit=window.MOST) if whose else []
        return {
            "look": look,
            "found": found,
            "names": {one.id: masked_name(one.name) for one in residents},
            "payees": _payees(reader),
            "states": STATES,
            "tones": TONES,
            "refused": refused,
        }

    return await page.building.db.reading(seen)


def _payees(reader: Reader) -> list[Any]:
    active = (one for one in reader.everything(PAYEES).items.values() if one.active)
    return sorted(active, key=lambda one: (one.kind, one.name))


class Bills(Page):
    path = LIST
    menu = MenuItem("账单", "file", MONEY, 48)

    @allow(*DESK)
    async def get(self, query: BillsLook) -> Shown:
        """The bills of an account, of residents whom they serve."""
        facts = await picture(self, query, Refused())
        if query.asked:
            await self.saw("bills.find", *(one.id for one in facts["found"]))
        return Shown("console/bills.html", facts | {"flash": self.flashed()})


class NewBillPage(Page):
    path = f"{LIST}/new"

    @allow(*DESK)
    async def get(self, query: ForWhom) -> Shown:
        """The form, for a resident who was found by telephone before."""
        return await self._shown(query.resident, Refused(), 200)

    @allow(*DESK)
    async def post(self, form: dict[str, str]) -> Shown | Goto:
        """Enter it; sent twice it is one bill."""
        given = stripped(form)
        resident = await self.building.resident(given.get("resident_id", ""), self.actor)
        body: dict[str, Any] = {name: text for name, text in given.items() if text}
        body["amount_fen"] = fen_of(body.pop("amount", ""))

        async def entered(tx: Tx) -> Done:
            new = read_as(body, NewBill)
            wish = await bill_accounts.wish(tx, resident.id, new.payee_id, new.account_no, "window")
            return Done((await bills.enter(tx, new, self.actor, wish)).id)

        try:
            await self.once(entered)
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            refused = Refused("new", said(error, _WRONG), error.field or "", form)
            return await self._shown(resident.id, refused, error.status)
        self.flash("已录入，居民会收到消息，在手机上就能缴")
        account = {"payee": body["payee_id"], "account": body["account_no"]}
        return Goto(f"{LIST}?{urlencode(account)}")

    async def _shown(self, resident_id: str, refused: Refused, status: int) -> Shown:
        resident: Resident | None = None
        if resident_id:
            resident = await self.building.resident(resident_id, self.actor)
        reader = self.building.db.reader()
        day = today(reader.now)
        facts = {
            "resident_id": resident.id if resident else "",
            "whose": masked_name(resident.name) if resident else "",
            "payees": _payees(reader),
            "kinds": KINDS,
            "period": f"{day:%Y-%m}",
            "today": day.isoformat(),
            "refused": refused,
        }
        return Shown("console/bills_new.html", facts, status)


class VoidBill(Page):
    path = LIST + "/{bill_id}/void"

    @allow(*DESK)
    async def get(self, bill_id: str) -> Goto:
        """The address of the form, typed again."""
        return Goto(LIST)

    @allow(*DESK)
    async def post(self, bill_id: str, form: dict[str, str]) -> Shown | Goto:
        """Take it out; sent twice it is done once."""
        actor = self.actor
        bill = await self.building.db.reading(lambda reader: window.served(reader, bill_id, actor))
        look = BillsLook(payee=bill.payee_id, account=bill.account_no)

        async def done(tx: Tx) -> Done:
            reason = read_as(stripped(form), AnswerRefund).reason
            return Done((await window.void(tx, bill_id, reason, actor)).id)

        try:
            await self.once(done)
        except HoelunError as error:
            if error.status not in SHOWN:
                raise
            await self.note_refusal(error)
            facts = await picture(self, look, Refused(bill_id, said(error, _WRONG), "reason", form))
            return Shown("console/bills.html", facts | {"flash": ""}, error.status)
        self.flash("已作废，要改的请重新录入")
        return Goto(look.address(LIST))
