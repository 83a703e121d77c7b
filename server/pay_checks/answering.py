"""A difference is answered for by one, with the reason, and confirmed by another."""

from typing import Any

from msgspec.structs import replace

from schemas.pay_checks import DifferenceAction
from server import audit
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, Forbidden, NotFound
from server.pay_checks.stored import DIFFERENCES, FLOW, PayDifference
from server.sessions import Actor


class PayDifferenceNotFound(NotFound):
    """没有这笔对账差异"""


class PayDifferenceAnswered(Conflict):
    """这笔差异的状态已经变了，请刷新后再看"""


class OwnPayDifference(Forbidden):
    """自己查的差异要由另一位同事复核"""


async def resolve(tx: Tx, difference_id: str, reason: str, actor: Actor) -> PayDifference:
    """Raises PayDifferenceNotFound, PayDifferenceAnswered."""
    found = await _taken(tx, difference_id, "resolve", actor)
    how = {"reason": reason, "resolved_by": actor.id, "resolver": actor.name, "returned": ""}
    return await _moved(tx, found, how | {"state": "resolved"})


async def confirm(tx: Tx, difference_id: str, actor: Actor) -> PayDifference:
    """Raises PayDifferenceNotFound, PayDifferenceAnswered, OwnPayDifference."""
    found = await _taken(tx, difference_id, "confirm", actor)
    how = {"state": "confirmed", "confirmed_by": actor.id, "confirmer": actor.name}
    return await _moved(tx, found, how)


async def send_back(tx: Tx, difference_id: str, reason: str, actor: Actor) -> PayDifference:
    """Not enough, and why. Raises PayDifferenceNotFound, PayDifferenceAnswered."""
    found = await _taken(tx, difference_id, "return", actor)
    return await _moved(tx, found, {"state": "open", "returned": reason})


def may(found: PayDifference, action: DifferenceAction, actor: Actor) -> bool:
    step = FLOW[action]
    return found.state == step.source and not (step.other and found.resolved_by == actor.id)


async def find(reader: Reader, difference_id: str) -> PayDifference:
    """Raises PayDifferenceNotFound."""
    found = await reader.get(DIFFERENCES, difference_id)
    if found is None:
        raise PayDifferenceNotFound
    return found


async def _taken(tx: Tx, difference_id: str, action: DifferenceAction, actor: Actor) -> PayDifference:
    found = await find(tx, difference_id)
    if found.state != FLOW[action].source:
        raise PayDifferenceAnswered
    if not may(found, action, actor):
        raise OwnPayDifference
    audit.note(tx, actor, "console", f"pay_difference.{action}", found.id, found.facts.payment_id)
    return found


async def _moved(tx: Tx, found: PayDifference, how: dict[str, Any]) -> PayDifference:
    if not await tx.change(DIFFERENCES, {"_id": found.id, "state": found.state}, {"$set": how}):
        raise PayDifferenceAnswered
    return replace(found, **how)
