"""What becomes of a case, heard afterwards: somebody is looked for, or is not needed any more.

What is done follows from the case as it is now, not from the step that was heard of; heard twice, or late, it changes
nothing more.
"""

from server.cases import CASES
from server.dispatch import giving
from server.dispatch.stored import DISPATCHES
from server.dispatch.work import job_of, waits, works
from server.kit.db import Tx
from server.kit.events import Event


async def follow(tx: Tx, event: Event, *, gave_back: bool = False) -> None:
    """A noun whose cases are work calls this for the steps by which somebody is needed, found, or needed no more.
    `gave_back`: by this step the worker gives back what they had."""
    case, known = await tx.get(CASES, event.subject), await tx.get(DISPATCHES, event.subject)
    if case is None or (known is not None and event.seq <= known.heard):
        return
    if waits(case) and not job_of(case).held_up:
        await giving.begin(tx, case, event.seq, event.by["id"] if gave_back else None)
    elif case.worker_id is not None and case.state not in works()[case.kind].called_off:
        await giving.give(tx, case, case.worker_id)
    else:
        await giving.stop(tx, case, event.seq)
