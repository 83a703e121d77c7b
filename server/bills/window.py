"""Bills at the window: found by the account at a payee, and taken out where the window has entered them wrongly."""

from server import audit
from server.bills.noted import note
from server.bills.stored import BILLS, Bill, BillNotFound, BillNotOpen
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict
from server.residents import RESIDENTS
from server.sessions import Actor

MOST = 60


class BillOfThePayee(Conflict):
    """这张账单是收费单位给的，只能由收费单位撤销"""


async def of_account(reader: Reader, payee_id: str, account_no: str, actor: Actor) -> list[Bill]:
    """The newest first, at most sixty; of residents whom they serve."""
    where = {"payee_id": payee_id, "account_no": account_no}
    found = await reader.all(BILLS, where, limit=MOST)
    ids = list({one.resident_id for one in found})
    residents = {
        one.id: one for one in (await reader.all(RESIDENTS, {"_id": {"$in": ids}}, limit=MOST) if ids else [])
    }
    theirs = {name for name, one in residents.items() if actor.serves(one.community_id)}
    shown = [one for one in found if one.resident_id in theirs]
    return sorted(shown, key=lambda one: (one.period, one.at), reverse=True)


async def served(reader: Reader, bill_id: str, actor: Actor) -> Bill:
    """Of a resident whom they serve. Raises BillNotFound."""
    bill = await reader.get(BILLS, bill_id)
    resident = await reader.get(RESIDENTS, bill.resident_id) if bill else None
    if bill is None or resident is None or not actor.serves(resident.community_id):
        raise BillNotFound
    return bill


async def void(tx: Tx, bill_id: str, reason: str, actor: Actor) -> Bill:
    """It was entered wrongly: nobody can pay it any more, and it can be entered anew.

    Raises BillNotFound, BillOfThePayee, BillNotOpen.
    """
    bill = await served(tx, bill_id, actor)
    if bill.source != "window":
        raise BillOfThePayee
    if bill.state != "open":
        raise BillNotOpen
    bill.state, bill.due_at, bill.auto_at = "void", None, None
    bill.void_reason, bill.payee_no = reason, f"{bill.payee_no}/{bill.id}"
    note(tx, bill, "void", actor)
    if not await tx.replace(BILLS, bill, {"_id": bill.id, "state": "open"}):
        raise BillNotOpen
    audit.note(tx, actor, "window", "bills.void", bill.id, bill.resident_id, reason=reason)
    return bill
