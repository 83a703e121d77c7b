"""A button was tapped: the act is done at its own door, as the member who tapped, or the card says why not.

The act, its line in the audit and the new face of the card are one transaction with the mark that the tap was heard.
The cards of the others follow from the event of the act (closing.py), as they do when it is done in the console.
"""

from typing import Any

from server import audit, staff
from server.audit import Origin
from server.callbacks import Message, hears
from server.cards.closing import OVER, actor_of, became, close, kind_of, open_now, show
from server.cards.faces import CHOICE_KEY
from server.cards.kinds import Button, CardKind, Tap
from server.config import Settings
from server.kit.chance import chance
from server.kit.db import Reader, Tx
from server.kit.errors import Conflict, Forbidden, HoelunError, Invalid, NotFound
from server.kit.flow import NotAllowedNow
from server.sessions import Actor
from server.staff_push import NOTICES, Card, WorkNotice


class CardNotFound(NotFound):
    """没有找到这张卡片"""


class ChoiceMissing(Invalid):
    """请先在卡片上选一个原因，再点按钮"""


class ButtonGone(Conflict):
    """这个按钮已经不能用了，请点“看详情”"""


async def _refused(tx: Tx, message: Message, refusal: HoelunError) -> str | None:
    """Buttons that can still be tapped stay, with the reason; else the card says who was first, or why not."""
    try:
        notice = await _find(tx, message)
    except CardNotFound:
        return None
    _note(tx, notice, message, refusal)
    code = str(message.get("ResponseCode") or "")
    if await open_now(tx, notice):
        await show(tx, notice, code, refusal.message)
        return None
    await close(tx, notice, await _why(tx, notice, refusal), code)
    return None


@hears("wecom", "event", "template_card_event", refused=_refused)
async def tap(tx: Tx, message: Message, rules: Settings) -> str | None:
    """Raises CardNotFound, NotStaff, ButtonGone, ChoiceMissing, and what the act raises."""
    notice = await _find(tx, message)
    found = kind_of(notice)
    if found is None:
        raise ButtonGone
    card, kind = found
    member = staff.find(tx, notice.userid)
    actor = Actor("staff", member.id, member.name, tuple(member.grants))
    button = kind.button(str(message.get("EventKey") or ""))
    if button is None:
        raise ButtonGone
    audit.watch(tx, actor, _origin())
    await kind.door.act(tx, _tap(card, kind, button, actor, message), rules)
    audit.close(tx, f"cards.{button.action}", card.case_no)
    await close(tx, notice, f"您已{button.done}", str(message.get("ResponseCode") or ""))
    return None


async def _find(reader: Reader, message: Message) -> WorkNotice:
    """The notice with that card, if it is the tapper's own. Raises CardNotFound."""
    task_id, userid = message.get("TaskId"), str(message.get("FromUserName") or "")
    notice = await reader.first(NOTICES, {"card.task_id": task_id}) if isinstance(task_id, str) else None
    if notice is None or notice.userid.lower() != userid.lower():
        raise CardNotFound
    return notice


def _tap(card: Card, kind: CardKind, button: Button, actor: Actor, message: Message) -> Tap:
    """Raises ChoiceMissing."""
    if not button.takes_choice or kind.choice is None:
        return Tap(card, button.action, actor)
    options, value = dict(kind.choice.options), _chosen(message)
    if value not in options:
        raise ChoiceMissing
    return Tap(card, button.action, actor, value, options[value])


def _chosen(message: Message) -> str:
    """The one option that was chosen: where there is one of a kind, WeCom's XML reads as itself and not as a list."""
    for item in _several(_part(message, "SelectedItems").get("SelectedItem")):
        if isinstance(item, dict) and item.get("QuestionKey") == CHOICE_KEY:
            options = _several(_part(item, "OptionIds").get("OptionId"))
            return str(options[0]) if options else ""
    return ""


def _part(message: Message, name: str) -> dict[str, Any]:
    part = message.get(name)
    return part if isinstance(part, dict) else {}


def _several(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [] if found is None else [found]


async def _why(tx: Tx, notice: WorkNotice, refusal: HoelunError) -> str:
    """Who was first, where the act is gone; a refusal that is about the person stands as it is."""
    if isinstance(refusal, Forbidden) or actor_of(tx, notice.userid) is None:
        return refusal.message
    outcome = await became(tx, notice)
    return outcome if outcome != OVER or isinstance(refusal, NotAllowedNow) else refusal.message


def _note(tx: Tx, notice: WorkNotice, message: Message, refusal: HoelunError) -> None:
    """What a member of the staff tried and was not allowed to do, as at every other door."""
    actor = actor_of(tx, notice.userid)
    if actor is None or notice.card is None or refusal.status not in (403, 404, 409):
        return
    found, key = kind_of(notice), str(message.get("EventKey") or "")
    what = f"cards.{key}" if found is not None and found[1].button(key) is not None else "cards.tap"
    tx.add(audit.AUDIT, audit.entry(tx.now, actor, _origin(), what, (notice.card.case_no,), refusal.code))


def _origin() -> Origin:
    return Origin("wecom", agent="WeCom", request_id=chance.hex(8))
