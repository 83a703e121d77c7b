"""What is kept of a broadcast: how far it has come, and the portions in which it gets into the inboxes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, get_args

from msgspec import Struct

from schemas.broadcasts import BroadcastImportance, BroadcastState
from server.kit.db import Collection, Index
from server.kit.errors import Conflict, NotFound
from server.kit.jobs import DUE, Leased
from server.push import Template

WAITING, RUNNING, PAUSED, STOPPED, DONE = get_args(BroadcastState)
Chore = Literal["pause", "resume", "stop", "replace", "rewrite", "withdraw"]


class BroadcastNotFound(NotFound):
    """没有这次群发"""


class BroadcastNotNow(Conflict):
    """这次群发现在不能这样办，请刷新后再看"""


class ChunkLost(Conflict):
    """这一批已由另一个进程接手，或者已经停发"""


class Broadcast(Leased, kw_only=True):
    """`id` is the announcement's and the number of its edition. It is due while there is something to plan or to watch.

    The residents are gone through in the order of their ids: `after` is the last for whom there is a chunk, `total` how
    many there are so far, `planned` says that they are all. `chores` wait to be done to the messages that are written
    already, the first of them up to `swept`. `settled` messages had come to their end at `seen_at`, when it was last
    looked at, and `idle` looks before that had found nothing new.
    """

    announcement_id: str
    edition: int
    importance: BroadcastImportance
    at: datetime
    by: str
    state: BroadcastState = "waiting"
    started_at: datetime | None = None
    ended_at: datetime | None = None
    after: str = ""
    chunks: int = 0
    total: int = 0
    planned: bool = False
    chores: list[Chore] = []
    swept: str = ""
    settled: int = 0
    seen_at: datetime | None = None
    idle: int = 0
    per_minute: int = 0


class Chunk(Leased, kw_only=True):
    """The residents behind `after` up to `upto`, who get it into their inboxes in one transaction: then it is `done`."""

    broadcast_id: str
    number: int
    after: str
    upto: str
    done: bool = False


BROADCASTS: Collection[Broadcast] = Collection(
    "broadcasts", Broadcast, Index(("announcement_id",)), DUE, whole=True
)
CHUNKS: Collection[Chunk] = Collection("broadcast_chunks", Chunk, Index(("broadcast_id", "done")), DUE)
ANNOUNCED = Template(
    "announcement_new",
    "社区公告通知",
    "announcements",
    {"thing1": "title", "thing2": "publisher", "time3": "time", "thing4": "tip"},
    topic="announcements",
)


def broadcast_id(announcement_id: str, edition: int) -> str:
    return f"{announcement_id}.{edition}"


class Act(Struct, frozen=True):
    """Something that may be done with a broadcast, in which states, and which it is in then."""

    name: str
    text: str
    states: tuple[BroadcastState, ...]
    then: BroadcastState


ACTS: tuple[Act, ...] = (
    Act("pause", "先停一停", ("running",), "paused"),
    Act("resume", "接着发", ("paused",), "running"),
    Act("stop", "不再发了", ("waiting", "running", "paused"), "stopped"),
)
STATE_TEXTS: Mapping[BroadcastState, str] = {
    "waiting": "到时开始",
    "running": "正在发",
    "paused": "停着",
    "stopped": "不再发了",
    "done": "发完了",
}
TONES: Mapping[BroadcastState, str] = {
    "waiting": "wait",
    "running": "active",
    "paused": "wait",
    "stopped": "grey",
    "done": "done",
}
