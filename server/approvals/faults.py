"""The supervisor's list of faults 过错: what should not have happened, on which case, and whose it was."""

from datetime import datetime
from typing import Literal

from schemas.approvals import FaultsView, FaultView, FindFaults
from server import places, staff
from server.cases import Act
from server.kit.db import Collection, Index, Reader, Stored


class Fault(Stored, kw_only=True):
    """`id` is the case number and the version of the move that it came with."""

    at: datetime
    userid: str
    name: str
    community_id: str | None
    case_no: str
    kind: Literal["second_supplement", "deemed"]
    text: str


FAULTS: Collection[Fault] = Collection(
    "faults",
    Fault,
    Index(("-at", "-_id")),
    Index(("community_id", "-at", "-_id")),
    Index(("userid", "-at", "-_id")),
    insert_only=True,
)


async def note(act: Act, userid: str, kind: Literal["second_supplement", "deemed"], text: str) -> None:
    """Written with the move; `userid` is empty where nobody had the case."""
    case = act.case
    act.tx.add(
        FAULTS,
        Fault(
            id=f"{case.id}.{case.version + 1:06d}",
            at=act.tx.now,
            userid=userid,
            name=staff.name_of(act.tx, userid) if userid else "",
            community_id=case.community_id,
            case_no=case.id,
            kind=kind,
            text=text,
        ),
    )
    act.details.faults.append(text)


async def listed(reader: Reader, wanted: FindFaults, community_id: str | None = None) -> FaultsView:
    """The newest first. Raises BadCursor."""
    where = {"community_id": community_id} if community_id else {}
    page = await reader.page(FAULTS, where, sort="-at", cursor=wanted.cursor, limit=wanted.limit)
    return FaultsView(items=[_view(reader, one) for one in page.items], next=page.next)


def _view(reader: Reader, fault: Fault) -> FaultView:
    return FaultView(
        id=fault.id,
        at=fault.at,
        userid=fault.userid,
        name=fault.name,
        community_id=fault.community_id,
        community=places.name_of(reader, fault.community_id),
        case_no=fault.case_no,
        kind=fault.kind,
        text=fault.text,
    )
