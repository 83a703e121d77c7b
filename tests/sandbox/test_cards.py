"""What a template card must hold, and which of the platform's codes says what is missing."""

from collections.abc import Callable
from typing import Any

import pytest

from .phone import Phone

TITLE = {"main_title": {"title": "新预约"}}
OPTIONS = [{"id": "a", "text": "甲"}, {"id": "b", "text": "乙"}]
QUESTION = {"question_key": "why", "option_list": OPTIONS}
SUBMIT = {"submit_button": {"text": "提交", "key": "go"}}
BUTTON = {"text": "接单", "key": "take"}
KINDS: dict[str, dict[str, Any]] = {
    "text_notice": {"card_action": {"type": 1, "url": "https://example.com/"}},
    "news_notice": {"card_action": {"type": 2, "appid": "wxdemo0000000000"}},
    "button_interaction": {"button_list": [BUTTON], "task_id": "T-1"},
    "vote_interaction": {"checkbox": QUESTION, "task_id": "T-1", **SUBMIT},
    "multiple_interaction": {"select_list": [QUESTION], "task_id": "T-1", **SUBMIT},
}


@pytest.fixture
def phone(phones: Callable[..., Phone]) -> Phone:
    return phones(callback_url="http://127.0.0.1:1/wecom/callback")


def send(phone: Phone, kind: str, **changes: Any) -> Any:
    card = {"card_type": kind, **TITLE, **KINDS.get(kind, {}), **changes}
    card = {name: part for name, part in card.items() if part is not None}
    body = {"touser": "demo-worker", "msgtype": "template_card", "agentid": 1000002, "template_card": card}
    return phone.post("/cgi-bin/message/send", body, access_token=phone.corp_token()["access_token"])


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_card_is_delivered_and_those_that_come_back_have_a_response_code(phone, kind):
    answer = send(phone, kind)
    assert answer["errcode"] == 0 and ("response_code" in answer) == kind.endswith("interaction")
    [item] = phone.get("/_control/messages", userid="demo-worker")["items"]
    assert (item["title"], item["card"]["card_type"]) == ("新预约", kind)


def test_a_notice_with_a_menu_comes_back_too(phone):
    menu = {"action_list": [{"text": "不再提醒", "key": "mute"}]}
    assert send(phone, "text_notice", action_menu=menu)["errcode"] == 42014, "it needs a task_id"
    assert send(phone, "text_notice", action_menu=menu, task_id="T-1")["response_code"]


BUTTONS = "button_interaction"
BAD = [
    ("news", {}, 42031),
    ("text_notice", {"card_action": None}, 42045),
    ("text_notice", {"card_action": {"type": 1}}, 42045),
    ("news_notice", {"card_action": {"type": 2}}, 42045),
    ("text_notice", {"main_title": {}}, 40058),
    (BUTTONS, {"main_title": None}, 40058),
    (BUTTONS, {"task_id": None}, 42014),
    (BUTTONS, {"task_id": "订单 1"}, 42014),
    (BUTTONS, {"task_id": "x" * 129}, 42014),
    (BUTTONS, {"button_list": []}, 40058),
    (BUTTONS, {"button_list": [BUTTON | {"key": f"k{number}"} for number in range(7)]}, 40058),
    (BUTTONS, {"button_list": [BUTTON | {"text": ""}]}, 42038),
    (BUTTONS, {"button_list": [{"text": "接单"}]}, 42039),
    (BUTTONS, {"button_list": [BUTTON | {"key": "k" * 1025}]}, 42039),
    (BUTTONS, {"button_list": [BUTTON, BUTTON]}, 42039),
    (BUTTONS, {"button_list": [BUTTON | {"style": 5}]}, 40058),
    (BUTTONS, {"button_list": [{"text": "看", "type": 1}]}, 40058),
    (BUTTONS, {"button_selection": {"option_list": OPTIONS}}, 42043),
    (BUTTONS, {"button_selection": {"question_key": "q", "option_list": []}}, 40058),
    (BUTTONS, {"button_selection": {"question_key": "q", "option_list": [OPTIONS[0]] * 2}}, 40058),
    (BUTTONS, {"action_menu": {"action_list": [{"text": "静", "key": "m"}] * 2}}, 42051),
    (BUTTONS, {"action_menu": {"action_list": []}}, 42051),
    (BUTTONS, {"horizontal_content_list": [{"keyname": "时间"}] * 7}, 40058),
    (BUTTONS, {"horizontal_content_list": [{"value": "周三"}]}, 40058),
    (BUTTONS, {"horizontal_content_list": [{"keyname": "人", "type": 3}]}, 40058),
    (BUTTONS, {"jump_list": [{"title": "看", "type": 1, "url": "https://example.com/"}] * 4}, 40058),
    (BUTTONS, {"jump_list": [{"title": "看", "type": 1, "url": "u" * 2049}]}, 40058),
    ("vote_interaction", {"checkbox": None}, 42043),
    ("vote_interaction", {"checkbox": QUESTION | {"mode": 2}}, 40058),
    ("vote_interaction", {"checkbox": QUESTION | {"option_list": OPTIONS * 11}}, 40058),
    ("vote_interaction", {"submit_button": None}, 42046),
    ("vote_interaction", {"submit_button": {"text": "提交"}}, 42049),
    ("multiple_interaction", {"select_list": []}, 42047),
    ("multiple_interaction", {"select_list": [QUESTION] * 4}, 42047),
    ("multiple_interaction", {"select_list": [QUESTION] * 2}, 42043),
    ("multiple_interaction", {"select_list": [QUESTION | {"option_list": OPTIONS * 6}]}, 40058),
]


@pytest.mark.parametrize(("kind", "changes", "errcode"), BAD)
def test_a_fault_of_a_card_has_its_code_and_spends_no_task_id(phone, kind, changes, errcode):
    assert send(phone, kind, **changes)["errcode"] == errcode
    assert phone.get("/_control/messages", userid="demo-worker")["sent"] == 0
    assert send(phone, BUTTONS)["errcode"] == 0


def test_a_task_id_is_used_once_also_after_a_restart_and_a_response_code_lives_on(phones, tmp_path):
    own = {"callback_url": "http://127.0.0.1:1/wecom/callback", "state_file": str(tmp_path / "state.jsonl")}
    first = phones(**own)
    code = send(first, BUTTONS)["response_code"]
    first.close()
    second = phones(**own)
    assert send(second, BUTTONS)["errcode"] == 42014
    change = {"userids": ["demo-worker"], "agentid": 1000002, "response_code": code}
    for errcode in (0, 60140):
        answer = second.post(
            "/cgi-bin/message/update_template_card",
            change | {"button": {"replace_name": "已办"}},
            access_token=second.corp_token()["access_token"],
        )
        assert answer["errcode"] == errcode
    second.close()
    third = phones(**own)
    [item] = third.get("/_control/messages", userid="demo-worker")["items"]
    assert (item["replaced"], item["response_code"]) == ("已办", "")
