"""Whatever way an order ends, nobody needs the papers of its passengers any more."""

from server import passengers
from server.cases import CASES
from server.kit.db import Tx
from server.kit.events import Event, on


@on("ticket.*")
async def wipe(tx: Tx, event: Event) -> None:
    """At once; an order with tickets stays open until some days after the trip."""
    case = await tx.get(CASES, event.subject)
    if case is not None and not case.open:
        await passengers.wipe_at(tx, case.id, tx.now)
