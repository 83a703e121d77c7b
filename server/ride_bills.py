"""What a ride costs becomes a bill that is paid by WeChat, or in cash at the window; until then no other is called."""

from server import charges
from server.cases import CASES
from server.kit.db import Tx
from server.kit.events import Event, on
from server.rides import riders
from server.rides.details import Ride
from server.rides.kind import RIDE


@on("ride.complete", "ride.cancel", "ride.no_show")
async def charge(tx: Tx, event: Event) -> None:
    """The fare that was not paid in cash, or what calling it off has cost; heard again it is the same bill."""
    case = await tx.get(CASES, event.subject)
    if case is None:
        return
    ride: Ride = RIDE.details_of(case)
    if not ride.owes or ride.bill_id:
        return
    fen = ride.fare.total_fen if ride.fare is not None else ride.fee_fen
    what = "车费" if ride.fare is not None else "取消费" if case.state == "cancelled" else "等候费"
    bill = await charges.charge(tx, case, fen, f"{case.title} {what}", due_days=ride.terms.pay_days)
    await tx.change(CASES, {"_id": case.id}, {"$set": {"details.bill_id": bill.id}, "$inc": {"version": 1}})


@on("charge.paid")
async def paid(tx: Tx, event: Event) -> None:
    """Nothing is owed any more: the next car can be called."""
    case = await tx.get(CASES, event.data["case_no"])
    if case is None or case.kind != RIDE.name:
        return
    done = {"$set": {"details.owes": False}, "$inc": {"version": 1}}
    await tx.change(CASES, {"_id": case.id, "details.owes": True}, done)
    await riders.paid(tx, case.resident_id, case.id)
