"""Who of the staff hears of a clock that runs out, and of more time that is asked for.

| to | who that is |
|---|---|
| `handler` | who has the case, else who was sent, else the leader |
| `leader` | the managers of the provider that has the case; without one, the dispatchers |
| `street` | the dispatchers and the administrators |
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from server import staff, staff_push
from server.cases import CASES, Case
from server.kit.clock import SHANGHAI
from server.kit.db import Reader, Tx
from server.kit.events import Event, on
from server.staff_push import Ask, Word


def _with(reader: Reader, *roles: str, provider_id: str | None = None) -> list[str]:
    """The active staff with one of these roles, where a provider is named with that provider."""
    return sorted(
        one.id
        for one in reader.everything(staff.STAFF).items.values()
        if one.active
        and any(grant.role in roles and provider_id in (None, grant.provider_id) for grant in one.grants)
    )


def _handler(reader: Reader, case: Case) -> list[str]:
    known = (reader.recall(staff.STAFF, one) for one in (case.handler_id, case.worker_id) if one)
    return next(([one.id] for one in known if one is not None and one.active), []) or _leader(reader, case)


def _leader(reader: Reader, case: Case) -> list[str]:
    managers = _with(reader, "provider", provider_id=case.provider_id) if case.provider_id else []
    return managers or _with(reader, "dispatcher")


def _street(reader: Reader, case: Case) -> list[str]:
    return _with(reader, "dispatcher", "admin")


CALLED: Mapping[str, Callable[[Reader, Case], list[str]]] = {
    "handler": _handler,
    "leader": _leader,
    "street": _street,
}


@on("clock.reminded")
async def call(tx: Tx, event: Event) -> None:
    """A work notice for each of them; a case that has ended meanwhile needs nobody any more. Whoever reminds residents
    does so beside the clock's noun."""
    data = event.data
    case = await tx.get(CASES, data["case_no"])
    if case is None or not case.open or data["to"].startswith("resident"):
        return
    over = data["level"] >= 100
    due = datetime.fromisoformat(data["due_at"]) if data["due_at"] else None
    when = f"，期限是 {_said(due)}" if due else ""
    state = "已到" if over else f"用了 {data['level']}%"
    text = f"“{case.title}”（{case.id}）的{data['title']}{state}{when}"
    ask = Ask(card="late", case_no=case.id, version=case.version)
    title = "时限已到" if over else "时限提醒"
    await _send(tx, event, case, CALLED.get(data["to"], _street), title, text, ask)


@on("clock.extension_asked")
async def call_for_answer(tx: Tx, event: Event) -> None:
    """Somebody of the street has to allow or refuse it."""
    case = await tx.get(CASES, event.subject)
    if case is not None:
        text = f"{event.by['name']}{event.data['text']}（{case.title} {case.id}）：{event.data['reason']}"
        await _send(tx, event, case, _street, "等您批准延长", text, _asked(case, event))


def _asked(case: Case, event: Event) -> Ask | None:
    """For the clock that waits for an answer, if it still does."""
    waiting = {name: one.asked for name, one in case.clocks.items() if one.asked is not None}
    name, asked = next(iter(waiting.items()), ("", None))
    if asked is None:
        return None
    return Ask(card="more_time", case_no=case.id, version=event.seq, about=f"{name}|{asked.at.isoformat()}")


async def _send(
    tx: Tx,
    event: Event,
    case: Case,
    who: Callable[[Reader, Case], list[str]],
    title: str,
    text: str,
    ask: Ask | None,
) -> None:
    word = Word(title=title, text=text, page=f"/console/cases/{case.id}", case_no=case.id, ask=ask)
    await staff_push.send_all(tx, event, who(tx, case), word)


def _said(moment: datetime) -> str:
    local = moment.astimezone(SHANGHAI)
    return f"{local.month} 月 {local.day} 日 {local:%H:%M}"
