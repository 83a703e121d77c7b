"""What happens with a bill is told to whoever listens."""

from typing import Any

from server.bills.stored import Bill
from server.kit.db import Tx
from server.kit.events import Event, emit, event_id
from server.sessions import Actor


def note(tx: Tx, bill: Bill, what: str, actor: Actor, **data: Any) -> None:
    """Whoever stores the bill stores the count of its events with it."""
    bill.told += 1
    emit(
        tx,
        Event(
            id=event_id(f"bill-{bill.id}", bill.told),
            type=f"bill.{what}",
            subject=bill.id,
            seq=bill.told,
            at=tx.now,
            by={"kind": actor.kind, "id": actor.id, "name": "", "role": actor.kind},
            channel="system" if actor.kind == "system" else "mini_program",
            data={"action": what, **data},
        ),
    )
