"""What the staff type to the app: the number of a case, 待办, anything else; and the greeting of the day.

Whoever types a number sees as much as the console would show them, and no more is said of what is not theirs.
"""

from datetime import datetime, timedelta

from schemas.cases import Box, CaseView, FindCases
from server import audit, cases, staff
from server.audit import Origin
from server.callbacks import Message, hears
from server.cases import CaseNotFound, is_case_no
from server.config import Settings
from server.kit.clock import SHANGHAI
from server.kit.db import Collection, Index, Reader, Stored, Tx
from server.sessions import Actor
from server.staff import STAFF, NotStaff
from server.staff_push import address

NOT_FOUND = "没有找到"
HELP = "发办件编号（如 HB-20261124-0001372）可以看这件事办到哪里；发“待办”可以看您手上的事。"
INBOX = "待办"
_FIRST = 5
_BOXES: tuple[tuple[Box, str], ...] = (
    ("mine", "我的"),
    ("unassigned", "等派人"),
    ("soon", "快到时间"),
    ("overdue", "已超时"),
)


class Greeting(Stored, kw_only=True):
    """That somebody was greeted; `id` is `userid.day`."""

    expires_at: datetime


GREETINGS: Collection[Greeting] = Collection(
    "wecom_greetings", Greeting, Index(("expires_at",), expire_after_s=0)
)


@hears("wecom", "text")
async def answer(tx: Tx, message: Message, rules: Settings) -> str | None:
    """A number gets its case, 待办 the inbox, all else the help."""
    actor = _sender(tx, message)
    if actor is None:
        return NotStaff.text
    said = str(message.get("Content") or "").strip()
    number = said.upper().replace(" ", "")
    if is_case_no(number):
        return await _case(tx, number, actor, rules)
    if number[:2].isascii() and number[:2].isalpha() and any(one.isdigit() for one in number):
        return NOT_FOUND
    return await _todo(tx, actor, rules) if said == INBOX else HELP


@hears("wecom", "event", "enter_agent")
async def greet(tx: Tx, message: Message, rules: Settings) -> str | None:
    """Once a day, with what waits."""
    actor = _sender(tx, message)
    if actor is None:
        return None
    day = tx.now.astimezone(SHANGHAI).date()
    greeting = Greeting(id=f"{actor.id}.{day.isoformat()}", expires_at=tx.now + timedelta(days=2))
    if await tx.get(GREETINGS, greeting.id) is not None:
        return None
    await tx.insert(GREETINGS, greeting)
    return f"{actor.name}，您好。{await _counted(tx, actor)}\n{HELP}"


def _sender(reader: Reader, message: Message) -> Actor | None:
    """Who has typed, whatever case WeCom writes their userid in; None for whoever is no active member of the staff."""
    userid = str(message.get("FromUserName") or "")
    member = reader.recall(STAFF, userid) or _by_any_case(reader, userid.lower())
    if member is None or not member.active:
        return None
    return Actor("staff", member.id, member.name, tuple(member.grants))


def _by_any_case(reader: Reader, userid: str) -> staff.Staff | None:
    members = reader.everything(STAFF).items.values()
    return next((one for one in members if one.id.lower() == userid), None)


async def _case(tx: Tx, number: str, actor: Actor, rules: Settings) -> str:
    try:
        case = await cases.find(tx, number, actor)
    except CaseNotFound:
        return NOT_FOUND
    view = cases.view(tx, case, actor)
    subjects = (case.id, case.resident_id)
    tx.add(audit.AUDIT, audit.entry(tx.now, actor, Origin("wecom", agent="WeCom"), "cases.open", subjects))
    return "\n".join([_line(view), view.sentence, *_link(rules, view.case_no)])


async def _todo(reader: Reader, actor: Actor, rules: Settings) -> str:
    box: Box | None = "mine" if actor.roles <= frozenset({"worker", "driver"}) else None
    wanted = FindCases(box=box, open=True, limit=_FIRST)
    found = await cases.listed(reader, wanted, actor)
    lines = [await _counted(reader, actor)]
    for one in found.items:
        lines += [_line(one), *_link(rules, one.case_no)]
    return "\n".join(lines)


async def _counted(reader: Reader, actor: Actor) -> str:
    counted = await cases.counts(reader, actor)
    there = [f"{text} {counted[box]}" for box, text in _BOXES if counted[box]]
    return "，".join(there) + "。" if there else "现在没有等您办的事。"


def _line(view: CaseView) -> str:
    return f"{view.title}（{view.case_no}）{view.state_text}"


def _link(rules: Settings, case_no: str) -> list[str]:
    link = address(rules, f"/console/cases/{case_no}")
    return [link] if link else []
