"""What members do in their WeCom: tap a card, write to the app, open it; and what comes back to them."""

import secrets
from collections.abc import Mapping
from typing import Any

from . import cards
from .callbacks import Delivery
from .people import Message, Person
from .world import World

__all__ = ["Delivery", "NotThere", "enter", "tap", "write"]


class NotThere(ValueError):
    """A card, a button or a choice that this member does not have."""


async def tap(
    world: World, userid: str, task_id: str, key: str, selected: Mapping[str, list[str]] | None = None
) -> Delivery:
    """A button of a card; `selected` are the option ids by question. Raises NotThere.

    Each tap has a response code of its own.
    """
    person, message = _card(world, userid, task_id)
    if key not in cards.tappable(message):
        raise NotThere(f"key: the card has no button {key} to tap")
    chosen = _chosen(message, selected or {})
    in_menu = key in cards.menu_of(message)
    fields: dict[str, Any] = {
        "EventKey": key,
        "TaskId": task_id,
        "CardType": message.card["card_type"],
        "ResponseCode": world.card_code(message.msgid),
    }
    if chosen and not in_menu:
        fields["SelectedItems"] = {"SelectedItem": chosen}
    name = "template_card_menu_event" if in_menu else "template_card_event"
    sent = await world.callbacks.send(world.callbacks.event(person.id, name, **fields))
    _answered(world, person, message, sent.reply)
    return sent


def _card(world: World, userid: str, task_id: str) -> tuple[Person, Message]:
    person = world.people.staff.get(userid)
    for message in reversed(person.messages if person else []):
        if person and message.task_id == task_id:
            return person, message
    raise NotThere(f"task_id: {userid} has no card {task_id}")


def _chosen(message: Message, selected: Mapping[str, list[str]]) -> list[dict[str, Any]]:
    """All questions of the card, with what was chosen, was chosen before, or stands first."""
    answers = []
    asked = {one["question_key"]: one for one in cards.questions(message)}
    if strange := selected.keys() - asked.keys():
        raise NotThere(f"selected: the card does not ask {sorted(strange)}")
    for name, question in asked.items():
        ids = [one["id"] for one in question["option_list"]]
        chosen = selected.get(name, _before(question))
        if set(chosen) - set(ids) or (len(chosen) > 1 and question.get("mode", 0) == 0):
            raise NotThere(f"selected: {name} cannot be {chosen}")
        if chosen:
            answers.append({"QuestionKey": name, "OptionIds": {"OptionId": chosen}})
    return answers


def _before(question: dict[str, Any]) -> list[str]:
    """What stands chosen when nobody has touched it: a selector shows its first option, a vote only its ticks."""
    options = question["option_list"]
    if "mode" in question or any("is_checked" in one for one in options):
        return [one["id"] for one in options if one.get("is_checked")]
    ids = [one["id"] for one in options]
    return [question["selected_id"] if question.get("selected_id") in ids else ids[0]]


async def write(world: World, userid: str, text: str) -> Delivery:
    sent = await world.callbacks.send(world.callbacks.message(userid, "text", Content=text))
    _answered(world, world.people.member(userid), None, sent.reply)
    return sent


async def enter(world: World, userid: str) -> Delivery:
    sent = await world.callbacks.send(world.callbacks.event(userid, "enter_agent", EventKey=""))
    _answered(world, world.people.member(userid), None, sent.reply)
    return sent


def _answered(world: World, person: Person, tapped: Message | None, reply: dict[str, Any]) -> None:
    """A passive reply: a text, or another face of the tapped card, which only the tapper sees."""
    match reply.get("MsgType"):
        case "text":
            world.deliver(person, _said(world, person, str(reply.get("Content") or "")))
        case "update_button" if tapped is not None:
            name = str((reply.get("Button") or {}).get("ReplaceName") or "")
            cards.change_face(world, person, tapped.msgid, name, {})
        case "update_template_card" if tapped is not None:
            card = _snake(reply.get("TemplateCard"))
            cards.change_face(world, person, tapped.msgid, "", card)


def _said(world: World, person: Person, text: str) -> Message:
    at = world.clock.now().isoformat(timespec="milliseconds")
    msgid = secrets.token_urlsafe(32)
    return Message(
        to=person.id, msgtype="text", title="应用消息", lines=text.splitlines(), msgid=msgid, at=at
    )


_LISTS = frozenset(
    {"button_list", "select_list", "option_list", "jump_list", "horizontal_content_list", "action_list"}
)


def _snake(part: Any) -> Any:
    """A card as XML has it, `<CardType>`, in the names it has in JSON; one of several parts is a list there, too."""
    if isinstance(part, list):
        return [_snake(one) for one in part]
    if not isinstance(part, dict):
        return int(part) if isinstance(part, str) and part.isdigit() and len(part) < 3 else part
    named = {_snake_name(name): _snake(value) for name, value in part.items()}
    return {
        name: [value] if name in _LISTS and not isinstance(value, list) else value
        for name, value in named.items()
    }


def _snake_name(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")
