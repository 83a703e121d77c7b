"""Template cards: what a card must hold, what of it can be tapped, and how its face is changed afterwards.

Source: 发送应用消息 and 更新模版卡片消息. A fault that has a published code of its own gets it; the others are 40058.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from .api import OK, Answer, Call, corp
from .errors import Refused
from .people import Message, Person
from .receivers import check_agent, members_of
from .world import CardCode, World

UPDATE = "/cgi-bin/message/update_template_card"
CODE_LIFE_S = 72 * 3600
_TASK_ID = re.compile(r"[0-9A-Za-z_@-]{1,128}")
_KEY_BYTES, _ID_BYTES, _URL_BYTES = 1_024, 128, 2_048
_CALLED_BACK = frozenset({"button_interaction", "vote_interaction", "multiple_interaction"})
_NOTICES = frozenset({"text_notice", "news_notice"})
PARAMETER, CARD_TYPE, CARD_ACTION, BUTTON_TEXT, BUTTON_KEY = 40058, 42031, 42045, 42038, 42039
QUESTION_KEY, SUBMIT_TEXT, SUBMIT_KEY, SELECT_LIST, MENU_KEY, TASK_ID = (
    42043,
    42046,
    42049,
    42047,
    42051,
    42014,
)

Fields = dict[str, Any]


def is_called_back(card: Fields) -> bool:
    """Whether something of it comes back to the app, so that it has a response code."""
    return card.get("card_type") in _CALLED_BACK or bool(card.get("action_menu"))


def checked(world: World, card: Fields) -> Fields:
    """A card to send: its task_id must be new. Raises Refused."""
    if not world.callbacks.url:
        raise Refused(43012)
    check_face(card)
    task_id = card.get("task_id")
    needed = is_called_back(card) or task_id is not None
    if needed and not (isinstance(task_id, str) and _TASK_ID.fullmatch(task_id)):
        raise Refused(TASK_ID)
    if task_id in world.task_ids:
        raise Refused(TASK_ID)
    return card


def check_face(card: Fields) -> None:
    """Raises Refused with the code of the first fault."""
    kind = card.get("card_type")
    if kind not in _CALLED_BACK | _NOTICES:
        raise Refused(CARD_TYPE)
    _check_parts(card)
    if kind in _NOTICES or card.get("card_action") is not None:
        _check_action(card.get("card_action"), kind in _NOTICES)
    if kind in _NOTICES and not _text_of(card.get("main_title"), "title") and not card.get("sub_title_text"):
        raise Refused(PARAMETER)
    if menu := card.get("action_menu"):
        _check_menu(menu)
    if kind in _CALLED_BACK and not _text_of(card.get("main_title"), "title"):
        raise Refused(PARAMETER)
    if (check := _KINDS.get(str(kind))) is not None:
        check(card)


def _check_parts(card: Fields) -> None:
    """What every kind may have."""
    for row in _list(card.get("horizontal_content_list", []), 0, 6, PARAMETER):
        if not row.get("keyname") or row.get("type", 0) not in (0, 1, 2, 3):
            raise Refused(PARAMETER)
        needed = {1: "url", 2: "media_id", 3: "userid"}.get(row.get("type", 0))
        if needed and not row.get(needed):
            raise Refused(PARAMETER)
    for jump in _list(card.get("jump_list", []), 0, 3, PARAMETER):
        _check_link(jump, PARAMETER, (0, 1, 2))
        if not jump.get("title"):
            raise Refused(PARAMETER)


def _check_action(action: Any, needed: bool) -> None:
    if not isinstance(action, dict):
        raise Refused(CARD_ACTION)
    _check_link(action, CARD_ACTION, (1, 2) if needed else (0, 1, 2))


def _check_link(link: Fields, code: int, kinds: tuple[int, ...]) -> None:
    kind = link.get("type", 0)
    if kind not in kinds or (kind == 1 and not link.get("url")) or (kind == 2 and not link.get("appid")):
        raise Refused(code)
    if len(str(link.get("url", "")).encode()) > _URL_BYTES:
        raise Refused(code)


def _check_menu(menu: Any) -> None:
    keys = [
        _key(one, "key", MENU_KEY)
        for one in _list(menu.get("action_list") if isinstance(menu, dict) else None, 1, 3, MENU_KEY)
    ]
    if len(set(keys)) < len(keys):
        raise Refused(MENU_KEY)


def _button_card(card: Fields) -> None:
    if (selection := card.get("button_selection")) is not None:
        _check_question(selection, 10)
    keys = []
    for button in _list(card.get("button_list"), 1, 6, PARAMETER):
        if not _text_of(button, "text"):
            raise Refused(BUTTON_TEXT)
        if button.get("style", 1) not in (1, 2, 3, 4):
            raise Refused(PARAMETER)
        if button.get("type", 0) == 0:
            keys.append(_key(button, "key", BUTTON_KEY))
        else:
            _check_link(button, PARAMETER, (1,))
    if len(set(keys)) < len(keys):
        raise Refused(BUTTON_KEY)


def _vote_card(card: Fields) -> None:
    box = card.get("checkbox")
    _check_question(box, 20)
    if _mode_of(box) not in (0, 1):
        raise Refused(PARAMETER)
    _check_submit(card)


def _mode_of(box: Any) -> Any:
    return box.get("mode", 0)


def _multiple_card(card: Fields) -> None:
    selectors = _list(card.get("select_list"), 1, 3, SELECT_LIST)
    for selector in selectors:
        _check_question(selector, 10)
    keys = [one["question_key"] for one in selectors]
    if len(set(keys)) < len(keys):
        raise Refused(QUESTION_KEY)
    _check_submit(card)


_KINDS: dict[str, Callable[[Fields], None]] = {
    "button_interaction": _button_card,
    "vote_interaction": _vote_card,
    "multiple_interaction": _multiple_card,
}


def _check_question(question: Any, most: int) -> None:
    if not isinstance(question, dict):
        raise Refused(QUESTION_KEY)
    _key(question, "question_key", QUESTION_KEY)
    ids = []
    for option in _list(question.get("option_list"), 1, most, PARAMETER):
        ids.append(_key(option, "id", PARAMETER, _ID_BYTES))
        if not _text_of(option, "text"):
            raise Refused(PARAMETER)
    if len(set(ids)) < len(ids):
        raise Refused(PARAMETER)


def _check_submit(card: Fields) -> None:
    button = card.get("submit_button")
    if not isinstance(button, dict) or not _text_of(button, "text"):
        raise Refused(SUBMIT_TEXT)
    _key(button, "key", SUBMIT_KEY)


def _list(value: Any, least: int, most: int, code: int) -> list[Fields]:
    if not isinstance(value, list) or not least <= len(value) <= most:
        raise Refused(code)
    if not all(isinstance(one, dict) for one in value):
        raise Refused(code)
    return value


def _key(part: Fields, name: str, code: int, most_bytes: int = _KEY_BYTES) -> str:
    key = part.get(name)
    if not isinstance(key, str) or not key or len(key.encode()) > most_bytes:
        raise Refused(code)
    return key


def _text_of(part: Any, name: str) -> str:
    text = part.get(name) if isinstance(part, dict) else None
    return text if isinstance(text, str) else ""


# What of it can be tapped.


def tappable(message: Message) -> dict[str, str]:
    """The keys that come back to the app, and what stands on them."""
    card = message.card
    if message.replaced or not card:
        return {}
    buttons = [one for one in card.get("button_list", []) if one.get("type", 0) == 0]
    buttons += [card["submit_button"]] if card.get("submit_button") else []
    return {one["key"]: one["text"] for one in buttons} | menu_of(message)


def menu_of(message: Message) -> dict[str, str]:
    menu = message.card.get("action_menu") or {}
    return {one["key"]: str(one.get("text") or one["key"]) for one in menu.get("action_list", [])}


def questions(message: Message) -> list[Fields]:
    """What can be chosen on it: `question_key`, `option_list`, and how many with `mode`."""
    card = message.card
    found = [card.get("button_selection"), card.get("checkbox"), *card.get("select_list", [])]
    return [one for one in found if one]


# How its face is changed.


@corp("POST", UPDATE)
def update_template_card(world: World, call: Call) -> Answer:
    """For those of the named members who have got the card; a response code is spent by it."""
    body = call.body
    check_agent(world, body.get("agentid"))
    name, card = _new_face(body)
    code = _code(world, body.get("response_code"))
    receivers, invalid = _named(world, body)
    if not receivers:
        raise Refused(81013)
    world.spend_card_code(str(body["response_code"]))
    for person in receivers:
        change_face(world, person, code.msgid, name, card)
    return {**OK, "invaliduser": invalid}


def _new_face(body: Fields) -> tuple[str, Fields]:
    button, card = body.get("button"), body.get("template_card")
    if isinstance(card, dict):
        check_face(card)
        return "", card
    name = _text_of(button, "replace_name")
    if not name:
        raise Refused(PARAMETER)
    return name, {}


def _code(world: World, given: Any) -> CardCode:
    code = world.card_codes.get(given) if isinstance(given, str) else None
    if code is None or world.now_s - code.made_at >= CODE_LIFE_S:
        raise Refused(60140)
    return code


def _named(world: World, body: Fields) -> tuple[list[Person], list[str]]:
    if body.get("atall") == 1:
        return world.members(), []
    names = _texts(body.get("userids"), 1_000)
    parties, tags = _numbers(body.get("partyids")), _numbers(body.get("tagids"))
    if not names and not parties and not tags:
        raise Refused(40035)
    return members_of(world, names, parties, tags)[:2]


def _texts(value: Any, most: int) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > most or not all(isinstance(one, str) for one in value):
        raise Refused(40035)
    return value


def _numbers(value: Any) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > 100 or not all(type(one) is int for one in value):
        raise Refused(40035)
    return [str(one) for one in value]


def change_face(world: World, person: Person, msgid: str, replace_name: str, card: Fields) -> None:
    """With `card`, or with `replace_name` in the place of the buttons, where this member has got it."""
    for place, message in enumerate(person.messages):
        if message.msgid == msgid:
            person.messages[place] = with_face(message, card) if card else _greyed(message, replace_name)
            world.store.changed()


def _greyed(message: Message, replace_name: str) -> Message:
    return msgspec.structs.replace(message, replaced=replace_name)


def with_face(message: Message, card: Fields) -> Message:
    """The same message showing this card."""
    title = _text_of(card.get("main_title"), "title") or str(card.get("sub_title_text") or message.title)
    return msgspec.structs.replace(
        message,
        title=title,
        lines=lines(card),
        url=_text_of(card.get("card_action"), "url"),
        card=card,
        replaced="",
    )


def lines(card: Fields) -> list[str]:
    """What a person reads below the title."""
    texts: Iterable[Any] = (_text_of(card.get("main_title"), "desc"), card.get("sub_title_text"))
    found = [line for text in texts if text for line in str(text).splitlines()]
    rows = card.get("horizontal_content_list") or []
    return found + [f"{row.get('keyname', '')}：{row.get('value', '')}" for row in rows]
