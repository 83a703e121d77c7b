"""What an action writes though it is refused: in a transaction that is committed before the act is tried.

A refusal rolls the act's own transaction back, and everything with it; whoever guesses a code would never be counted.
"""

import functools
from collections.abc import Mapping
from typing import Any

import msgspec

from server.cases.kinds import kind_of, kinds
from server.cases.moves import CaseNotFound, find
from server.cases.scope import parts
from server.config import Settings
from server.kit.db import Database, Tx
from server.kit.errors import HoelunError
from server.kit.flow import NotAllowedNow
from server.sessions import Actor


async def before_move(
    db: Database, case_no: str, action: str, body: Mapping[str, Any], actor: Actor, rules: Settings
) -> None:
    """Raises what the action's `before` refuses with, when that has been written. What could not be done anyway, or has
    been done already, is left to the move."""
    if action not in _with_before():
        return
    refusal = await db.atomically(
        lambda tx: _before(tx, case_no, action, body, actor, rules), lanes=[case_no]
    )
    if refusal is not None:
        raise refusal


@functools.cache
def _with_before() -> frozenset[str]:
    declared = (action for kind in kinds().values() for action in kind.flow.actions.values())
    return frozenset(one.name for one in declared if one.before is not None)


async def _before(
    tx: Tx, case_no: str, action: str, body: Mapping[str, Any], actor: Actor, rules: Settings
) -> HoelunError | None:
    try:
        case = await find(tx, case_no, actor)
        kind = kind_of(case)
        kind.flow.row(case.state, action, parts(actor, case))
        declared = kind.flow.actions[action]
        fields = {name: value for name, value in body.items() if name != "version"}
        form = msgspec.convert(fields, declared.form)
    except (CaseNotFound, NotAllowedNow, msgspec.ValidationError):
        return None
    if declared.before is None:
        return None
    refusal: HoelunError | None = await declared.before(tx, case, kind.details_of(case), form, actor, rules)
    return refusal
