"""What happens is told to whoever listens; whoever stores the row stores its count of events with it."""

from typing import Any

from server.auto_pay.stored import AutoPay, Run
from server.kit.db import Tx
from server.kit.events import Event, emit, event_id
from server.sessions import Actor


def note(tx: Tx, about: AutoPay | Run, what: str, actor: Actor, **data: Any) -> None:
    about.told += 1
    key = "run" if isinstance(about, Run) else "of"
    emit(
        tx,
        Event(
            id=event_id(f"auto-pay-{key}-{about.id}", about.told),
            type=f"auto_pay.{what}",
            subject=about.id,
            seq=about.told,
            at=tx.now,
            by={"kind": actor.kind, "id": actor.id, "name": "", "role": actor.kind},
            channel="system" if actor.kind == "system" else "mini_program",
            data={"action": what, **data},
        ),
    )
