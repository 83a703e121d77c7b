"""Slips: papers that somebody asks for about their own, such as a statement of a month or a receipt. Nothing is decided
by them, so they have no number and no seal.

What one says is written down when it is asked for; the worker draws it, and a link opens it. Asked again it is the same
one, drawn anew where what it says has changed. After some weeks it is thrown away, as it can be asked for again.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from schemas.documents import SlipView
from server.attachments import link
from server.config import Settings
from server.documents import drawing
from server.keeping import Keeping, Whose
from server.kit.clock import SHANGHAI
from server.kit.db import Collection, Database, Index, Reader, Stored, Tx
from server.kit.errors import NotFound
from server.kit.jobs import DEAD, DUE, Leased, QueueOf, RetryPolicy, Settled
from server.outbox import Outbox

ROOM = "slips"
_KEPT_S = 30 * 24 * 3600
_HERE = Path(__file__).parent


class SlipNotFound(NotFound):
    """没有找到这份文件，请回到原来的页面重新生成"""


class Slip(Leased, kw_only=True):
    """`id` says of what it is, `template` is the file that draws `facts`."""

    owner_id: str
    template: str
    facts: dict[str, Any]
    title: str
    at: datetime
    stage: Literal["queued", "made", "dead"] = "queued"
    size: int = 0


class SlipContent(Stored, kw_only=True):
    """The slip itself."""

    owner_id: str
    at: datetime
    pdf: bytes


SLIPS: Collection[Slip] = Collection(
    "slips", Slip, Index(("owner_id", "_id")), Index(("at",), expire_after_s=_KEPT_S), DUE, DEAD
)
SLIP_CONTENTS: Collection[SlipContent] = Collection(
    "slip_contents", SlipContent, Index(("owner_id", "_id")), Index(("at",), expire_after_s=_KEPT_S)
)
OUTBOX = Outbox(name="slips", title="要生成的对账单和凭证", collection=SLIPS, again={"stage": "queued"})


def _own(whose: Whose) -> list[dict[str, Any]]:
    return [{"owner_id": whose.id}]


KEPT = Keeping(
    title="对账单和凭证", collection=SLIPS, find=_own, hidden=frozenset({"template", "facts", "stage"})
)
KEPT_CONTENTS = Keeping(
    title="对账单和凭证原件", collection=SLIP_CONTENTS, find=_own, hidden=frozenset({"pdf"})
)


class House(Protocol):
    """What drawing slips needs of the building."""

    @property
    def db(self) -> Database: ...
    @property
    def settings(self) -> Settings: ...


async def ask(
    tx: Tx, slip_id: str, owner_id: str, template: str, facts: dict[str, Any], title: str, rules: Settings
) -> Slip:
    """Have it drawn, unless it is there and says the same. `template` lies beside this file; of `facts` the font and the
    time at which it is made are added here."""
    known = await tx.get(SLIPS, slip_id)
    if known is not None and known.stage != "dead" and _said(known.facts) == facts:
        return known
    local = tx.now.astimezone(SHANGHAI)
    made = [local.year, local.month, local.day, local.hour, local.minute, local.second]
    slip = Slip(
        id=slip_id,
        owner_id=owner_id,
        template=template,
        facts=facts | {"font": rules.documents.font, "made": made},
        title=title,
        at=tx.now,
        due_at=tx.now,
        fence=known.fence + 1 if known else 0,
    )
    await tx.put(SLIPS, slip)
    return slip


def _said(facts: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if name not in ("font", "made")}


async def make(house: House, slip: Slip) -> Settled:
    """Raises what the typesetter raises: it is tried again."""
    pdf = await drawing.drawing(_HERE / slip.template, slip.facts)
    await house.db.atomically(lambda tx: _finish(tx, slip, pdf))
    return None


async def _finish(tx: Tx, slip: Slip, pdf: bytes) -> None:
    """Content and row together; whoever was overtaken changes nothing."""
    made = {"due_at": None, "error": "", "stage": "made", "size": len(pdf)}
    if await tx.change(SLIPS, {"_id": slip.id, "fence": slip.fence}, {"$set": made}):
        await tx.put(SLIP_CONTENTS, SlipContent(id=slip.id, owner_id=slip.owner_id, at=slip.at, pdf=pdf))


async def find(reader: Reader, slip_id: str, owner_id: str) -> Slip:
    """A slip of this resident's. Raises SlipNotFound."""
    found = await reader.get(SLIPS, slip_id)
    if found is None or found.owner_id != owner_id:
        raise SlipNotFound
    return found


async def opened(reader: Reader, slip_id: str) -> tuple[Slip, bytes]:
    """A slip with its content. Raises SlipNotFound, also while it is being drawn."""
    slip, content = await reader.get(SLIPS, slip_id), await reader.get(SLIP_CONTENTS, slip_id)
    if slip is None or content is None or slip.stage != "made":
        raise SlipNotFound
    return slip, content.pdf


def view(slip: Slip, rules: Settings, now: datetime) -> SlipView:
    url = link(rules, slip.id, now, room=ROOM) if slip.stage == "made" else ""
    return SlipView(
        id=slip.id, title=slip.title, at=slip.at, size=slip.size, url=url, failed=slip.stage == "dead"
    )


DRAWING = QueueOf("slips", SLIPS, make, parallel=2, retry=RetryPolicy(), dead={"stage": "dead"})
