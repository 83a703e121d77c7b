"""The pauses in words, and lifting one: the courier itself (server/pauses.py) needs neither.

A ban ends when somebody has spoken to the platform; nobody tells us. What ends by itself is not lifted: the platform
would refuse the next message as it did the last.
"""

from schemas.pauses import PausesView, PauseView
from server import audit, errcodes, pauses
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, NotFound
from server.pauses import EVERYTHING, PAUSES, Pause
from server.push import templates
from server.sessions import Actor


class PauseNotFound(NotFound):
    """没有这个暂停，可能已经恢复发送了"""


class PauseEndsItself(Conflict):
    """这个暂停到时间会自己恢复，不用处理"""


def listed(reader: Reader) -> PausesView:
    """All that stand now, from memory."""
    return PausesView(items=[view(one) for one in pauses.listed(reader)])


def view(pause: Pause) -> PauseView:
    name = _name(pause.id)
    template = templates().get(name)
    return PauseView(
        id=pause.id,
        what="所有订阅消息" if pause.id == EVERYTHING else f"模板“{template.title if template else name}”",
        why=errcodes.said(errcodes.WECHAT, pause.why),
        errcode=errcodes.code_of(pause.why),
        since=pause.since,
        until=pause.until,
        liftable=pause.until is None,
    )


async def lift(tx: Tx, pause_id: str, actor: Actor) -> PauseView:
    """What it stopped is sent again when it is retried. Raises PauseNotFound, PauseEndsItself."""
    pause = await tx.get(PAUSES, pause_id)
    if pause is None or not pause.stands(tx.now):
        raise PauseNotFound
    if pause.until is not None:
        raise PauseEndsItself
    await pauses.lift(tx, pause_id)
    audit.note(tx, actor, "console", "pauses.lift", _name(pause_id))
    return view(pause)


def _name(pause_id: str) -> str:
    return pause_id.rpartition(":")[2]
