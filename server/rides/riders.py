"""What a resident has going: one ride now, a few ordered ahead, nothing owed.

Counting the rides and then adding one would let two at once pass; a conditional update of one row does not.
"""

from server.config import Settings
from server.keeping import Keeping, Whose
from server.kit.db import Collection, Stored, Tx
from server.kit.errors import Conflict


class AlreadyRiding(Conflict):
    """您已经叫了一辆车，请先坐完或取消这一趟"""


class TooManyAhead(Conflict):
    """您预约的车已经够多了，请先坐完或取消一趟再约"""


class FareOwed(Conflict):
    """您有一趟车还没有付钱，付了就可以再叫车"""


class Rider(Stored, kw_only=True):
    """`id` is the resident's; the rest are numbers of cases: the ride that is on, those ordered for later, and those of
    which something has to be paid yet."""

    now: str | None = None
    ahead: list[str] = []
    owes: list[str] = []


def _mine(whose: Whose) -> list[dict[str, object]]:
    return [{"_id": whose.id}]


RIDERS: Collection[Rider] = Collection("riders", Rider)
KEPT = Keeping(title="叫车", collection=RIDERS, find=_mine)


async def begin(tx: Tx, resident_id: str, case_no: str, rules: Settings, *, ahead: bool) -> None:
    """Raises FareOwed with the number of the ride, AlreadyRiding, TooManyAhead; what happens in the same moment is
    refused with the commit."""
    known = await tx.get(RIDERS, resident_id) or Rider(id=resident_id)
    if known.owes:
        raise FareOwed(f"{FareOwed.text}（{known.owes[0]}）", details={"case_no": known.owes[0]})
    most = rules.rides.most_ahead
    if ahead and len(known.ahead) >= most:
        raise TooManyAhead
    if not ahead and known.now is not None:
        raise AlreadyRiding(details={"case_no": known.now})
    mine = {"_id": resident_id, "owes.0": {"$exists": False}}
    if ahead:
        free = {f"ahead.{most - 1}": {"$exists": False}}
        tx.demand(RIDERS, mine | free, {"$push": {"ahead": case_no}}, TooManyAhead())
    else:
        tx.demand(RIDERS, mine | {"now": None}, {"$set": {"now": case_no}}, AlreadyRiding())


async def end(tx: Tx, resident_id: str | None, case_no: str, *, owes: bool = False) -> None:
    """It is over; `owes`: something has to be paid before the next one."""
    if resident_id is None:
        return
    await tx.change(RIDERS, {"_id": resident_id, "now": case_no}, {"$set": {"now": None}})
    how: dict[str, object] = {"$pull": {"ahead": case_no}}
    if owes:
        how["$addToSet"] = {"owes": case_no}
    await tx.change(RIDERS, {"_id": resident_id}, how)


async def paid(tx: Tx, resident_id: str | None, case_no: str) -> None:
    """Nothing of this ride is owed any more."""
    if resident_id is not None:
        await tx.change(RIDERS, {"_id": resident_id}, {"$pull": {"owes": case_no}})
