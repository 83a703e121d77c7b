"""What a card shows: WeCom's `button_interaction` while something can be tapped, its `text_notice` afterwards.

Lengths as the platform's page on template cards advises; what is longer is cut here, with an ellipsis.
"""

from typing import Any

from server.cards.kinds import DETAIL, CardKind
from server.staff_push import WorkNotice, when

SOURCE = "工作通知"
CHOICE_KEY = "reason"
UNCHOSEN = ("none", "请选择")
"""A selector that nobody has touched answers with its first option, which must be no reason."""
_TITLE, _DESC, _TEXT = 26, 30, 112

Face = dict[str, Any]


def asking(notice: WorkNotice, kind: CardKind, open_now: frozenset[str], url: str, say: str = "") -> Face:
    """With the buttons that can be tapped now. `say` is why the last tap came to nothing."""
    assert notice.card is not None
    shown = [one for one in kind.buttons if one.action in open_now]
    face = _head(notice, say or when(notice), url)
    face |= {"card_type": "button_interaction", "task_id": notice.card.task_id}
    if kind.choice is not None and any(one.takes_choice for one in shown):
        options = [{"id": value, "text": text} for value, text in (UNCHOSEN, *kind.choice.options)]
        face["button_selection"] = {
            "question_key": CHOICE_KEY,
            "title": kind.choice.title,
            "option_list": options,
        }
    buttons: list[Face] = [
        {"type": 0, "text": one.text, "style": one.style, "key": one.action} for one in shown
    ]
    return face | {"button_list": [*buttons, {"type": 1, "text": DETAIL, "style": 4, "url": url}]}


def answered(notice: WorkNotice, url: str) -> Face:
    """With what became of it in the place of the buttons."""
    outcome = notice.card.outcome if notice.card is not None else ""
    return _head(notice, outcome or when(notice), url) | {"card_type": "text_notice"}


def _head(notice: WorkNotice, desc: str, url: str) -> Face:
    return {
        "source": {"desc": SOURCE},
        "main_title": {"title": _cut(notice.title, _TITLE), "desc": _cut(desc, _DESC)},
        "sub_title_text": _cut(notice.text, _TEXT),
        "card_action": {"type": 1, "url": url},
    }


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"
