"""What the sandbox sends to an app's callback address, opened by wechatpy's own cipher and parser."""

from collections.abc import Iterator
from typing import Any

import pytest
from wechatpy.work.parser import parse_message

from server.sandbox import callbacks
from server.sandbox.sealing import Seal, Unsealable, xml

from .desk import Desk
from .phone import Phone

CARD = {
    "card_type": "button_interaction",
    "main_title": {"title": "新预约", "desc": "周三 9:00"},
    "task_id": "HB-1",
    "button_selection": {
        "question_key": "reason",
        "title": "原因",
        "option_list": [{"id": "ill", "text": "身体不适"}, {"id": "far", "text": "太远"}],
    },
    "button_list": [
        {"text": "接单", "key": "take"},
        {"text": "详情", "type": 1, "url": "https://example.com/"},
    ],
    "action_menu": {"desc": "更多", "action_list": [{"text": "不再提醒", "key": "mute"}]},
}


@pytest.fixture
def desk(phone: Phone) -> Iterator[Desk]:
    desk = Desk(phone.config)
    phone.control("callback", url=desk.url)
    yield desk
    desk.close()


def send(phone: Phone, card: dict[str, Any] = CARD, touser: str = "demo-worker", **more: Any) -> Any:
    body = {"touser": touser, "msgtype": "template_card", "agentid": 1000002, "template_card": card} | more
    return phone.post("/cgi-bin/message/send", body, access_token=phone.corp_token()["access_token"])


def update(phone: Phone, code: str, **more: Any) -> Any:
    body = {"userids": ["demo-worker"], "agentid": 1000002, "response_code": code} | more
    token = phone.corp_token()["access_token"]
    return phone.post("/cgi-bin/message/update_template_card", body, access_token=token)


def tap(phone: Phone, key: str = "take", **more: Any) -> Any:
    return phone.control("taps", userid="demo-worker", task_id="HB-1", key=key, **more)


def card_of(phone: Phone, userid: str = "demo-worker") -> Any:
    return phone.get("/_control/messages", userid=userid)["items"][-1]


def refused(phone: Phone, name: str, **body: Any) -> str:
    answer = phone.http.post(f"{phone.base}/_control/{name}", json=body, timeout=10)
    assert answer.status_code == 422, answer.text
    return str(answer.json()["error"]["message"])


# The seal.

SAMPLE = {"token": "hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo", "receiver": "ww1436e0e65a779aee"}
SAMPLE_KEY = "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt"
ECHOSTR = "fsi1xnbH4yQh0+PJxcOdhhK6TDXkjMyhEPA7xB2TGz6b+g7xyAbEkRxN/3cNXW9qdqjnoVzEtpbhnFyq6SVHyA=="
SIGNED_ONLY = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="


def test_the_platforms_sample_is_signed_and_opened():
    seal = Seal(encoding_aes_key=SAMPLE_KEY, **SAMPLE)
    assert seal.sign("1476416373", "47744683", ECHOSTR) == "012bc692d0a58dd4b10f8dfe5c4ac00ae211ebeb"
    assert seal.open(ECHOSTR) == "1288432023552776189"
    assert seal.open(seal.close("待办")) == "待办" and seal.close("待办") != seal.close("待办")
    other = Seal(encoding_aes_key=SAMPLE_KEY, token="QDG6eK", receiver="")
    assert other.sign("1409659589", "263014780", SIGNED_ONLY) == "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"


@pytest.mark.parametrize("sealed", ["", "no base64", "AAAA", ECHOSTR[:-4], ECHOSTR.replace("f", "g")])
def test_what_was_sealed_by_somebody_else_does_not_open(sealed):
    with pytest.raises(Unsealable):
        Seal(encoding_aes_key=SAMPLE_KEY, **SAMPLE).open(sealed)
    with pytest.raises(Unsealable):
        Seal(encoding_aes_key=SAMPLE_KEY, token="", receiver="wwother").open(ECHOSTR)


def test_marks_of_xml_in_a_text_arrive_as_they_were_written(phone, desk):
    text = "<a>&amp; ]]> 1 < 2"
    phone.control("texts", userid="demo-worker", text=text)
    assert desk.heard[0]["Content"] == text
    assert xml({"A": {"B": ["x", "y"]}, "N": 3}) == (
        "<xml><A><B><![CDATA[x]]></B><B><![CDATA[y]]></B></A><N>3</N></xml>"
    )


# The address.


def test_an_address_is_taken_when_it_answers_the_check(phone, desk):
    assert len(desk.checks) == 1 and desk.checks[0].isdigit()
    assert phone.get("/_control/callbacks")["url"] == desk.url


def test_an_address_that_answers_wrongly_is_not_taken(phone, desk):
    stranger = Desk(phone.config, corpid="wwother")
    assert "500" in refused(phone, "callback", url=stranger.url)
    assert "404" in refused(phone, "callback", url=f"{phone.base}/nowhere")
    assert "not the text" in refused(phone, "callback", url=f"{phone.base}/health/ready")
    assert "no answer" in refused(phone, "callback", url="http://127.0.0.1:1/wecom/callback")
    assert phone.get("/_control/callbacks")["url"] == desk.url
    stranger.close()


def test_without_an_address_nothing_can_be_tapped_or_written(phone):
    assert "address" in refused(phone, "texts", userid="demo-worker", text="待办")
    assert "address" in refused(phone, "taps", userid="demo-worker", task_id="HB-1", key="take")
    assert send(phone)["errcode"] == 43012


# Messages and events, as wechatpy's own parser reads them.


def test_a_text_is_read_by_the_sdk(phone, desk):
    sent = phone.control("texts", userid="demo-worker", text="待办")
    assert (sent["delivered"], sent["tries"], sent["status"]) == (True, 1, 200)
    read = parse_message(xml(desk.heard[0]))
    assert (read.type, read.content, read.source, int(read.agent)) == (
        "text",
        "待办",
        "demo-worker",
        1000002,
    )
    assert 0 < int(desk.heard[0]["MsgId"]) < 1 << 63


def test_entering_the_app_is_read_by_the_sdk(phone, desk):
    phone.control("entries", userid="demo-worker")
    read = parse_message(xml(desk.heard[0]))
    assert (read.event, read.source) == ("enter_agent", "demo-worker") and "MsgId" not in desk.heard[0]


def test_a_tap_says_what_was_tapped_on_which_card_and_what_was_chosen(phone, desk):
    code = send(phone)["response_code"]
    tap(phone, selected={"reason": ["far"]})
    [event] = desk.heard
    assert (event["MsgType"], event["Event"], event["EventKey"]) == ("event", "template_card_event", "take")
    assert (event["TaskId"], event["CardType"]) == ("HB-1", "button_interaction")
    item = event["SelectedItems"]["SelectedItem"]
    assert item == {"QuestionKey": "reason", "OptionIds": {"OptionId": "far"}}
    assert event["ResponseCode"] not in ("", code)


def test_a_selector_that_nobody_touched_says_what_it_shows(phone, desk):
    send(phone)
    tap(phone)
    shown = CARD["button_selection"] | {"selected_id": "far"}
    send(phone, CARD | {"task_id": "HB-2", "button_selection": shown})
    phone.control("taps", userid="demo-worker", task_id="HB-2", key="take")
    chosen = [one["SelectedItems"]["SelectedItem"]["OptionIds"]["OptionId"] for one in desk.heard]
    assert chosen == ["ill", "far"]


def test_the_menu_of_a_card_has_an_event_of_its_own(phone, desk):
    send(phone)
    tap(phone, "mute")
    assert (desk.heard[0]["Event"], desk.heard[0]["EventKey"]) == ("template_card_menu_event", "mute")
    assert "SelectedItems" not in desk.heard[0]


def test_several_choices_of_a_vote_arrive_as_a_list(phone, desk):
    options = [{"id": str(number), "text": f"方案{number}"} for number in range(3)]
    card = {
        "card_type": "vote_interaction",
        "main_title": {"title": "投票"},
        "task_id": "HB-1",
        "checkbox": {"question_key": "plan", "mode": 1, "option_list": options},
        "submit_button": {"text": "提交", "key": "submit"},
    }
    send(phone, card)
    tap(phone, "submit", selected={"plan": ["0", "2"]})
    item = desk.heard[0]["SelectedItems"]["SelectedItem"]
    assert item["OptionIds"]["OptionId"] == ["0", "2"]


def test_what_is_not_on_the_card_cannot_be_tapped(phone, desk):
    send(phone)
    assert "no button" in refused(phone, "taps", userid="demo-worker", task_id="HB-1", key="other")
    assert "no card" in refused(phone, "taps", userid="demo-clerk", task_id="HB-1", key="take")
    choice = {"userid": "demo-worker", "task_id": "HB-1", "key": "take"}
    assert "cannot be" in refused(phone, "taps", selected={"reason": ["ill", "far"]}, **choice)
    assert "cannot be" in refused(phone, "taps", selected={"reason": ["nothing"]}, **choice)
    assert "does not ask" in refused(phone, "taps", selected={"else": ["ill"]}, **choice)
    assert desk.heard == []


# Delivery.


def test_what_is_answered_with_an_error_comes_again_as_the_same_message_signed_anew(phone, desk):
    desk.answers = [500, b"what?"]
    sent = phone.control("texts", userid="demo-worker", text="待办")
    assert (sent["delivered"], sent["tries"], sent["status"]) == (True, 3, 200)
    assert desk.heard[0] == desk.heard[1] == desk.heard[2]
    assert len({one["nonce"] for one in desk.signed}) == 3


def test_after_three_tries_it_is_given_up(phone, desk):
    desk.answers = [500, 503, 500]
    sent = phone.control("texts", userid="demo-worker", text="待办")
    assert (sent["delivered"], sent["tries"], sent["status"]) == (False, 3, 500)
    assert len(desk.heard) == 3
    assert [one["delivered"] for one in phone.get("/_control/callbacks")["items"]] == [False]


def test_what_is_answered_too_late_comes_again(phone, desk, monkeypatch):
    monkeypatch.setattr(callbacks, "WITHIN_S", 0.2)
    desk.answers = [2.0]
    sent = phone.control("texts", userid="demo-worker", text="待办")
    assert (sent["delivered"], sent["tries"]) == (True, 2)
    assert desk.heard[0]["MsgId"] == desk.heard[1]["MsgId"]


def test_the_last_message_can_be_sent_once_more(phone, desk):
    phone.control("texts", userid="demo-worker", text="待办")
    phone.control("callbacks-again")
    assert desk.heard[0] == desk.heard[1]


def test_the_time_signed_is_that_of_the_sandbox(phone, desk):
    phone.advance(3600)
    phone.control("texts", userid="demo-worker", text="待办")
    assert (
        desk.signed[0]["timestamp"] == desk.heard[0]["CreateTime"] == str(int(phone.clock.now().timestamp()))
    )


# Passive replies.


def reply(kind: str, inside: str) -> str:
    return f"<xml><MsgType>{kind}</MsgType>{inside}</xml>"


def test_a_text_in_reply_is_read_by_the_sender(phone, desk):
    desk.answers = [reply("text", "<Content>您有 2 件待办</Content>")]
    sent = phone.control("texts", userid="demo-worker", text="待办")
    assert sent["reply"]["Content"] == "您有 2 件待办"
    assert card_of(phone)["lines"] == ["您有 2 件待办"]


def test_a_reply_that_was_sealed_with_another_key_is_none(phone, desk):
    other = Desk(phone.config, token="another")
    stranger = Seal(token="x", encoding_aes_key=SAMPLE_KEY, receiver=phone.config.corpid)
    sealed = stranger.close(reply("text", "<Content>x</Content>"))
    forged = xml({"Encrypt": sealed, "MsgSignature": "0", "TimeStamp": "1", "Nonce": "1"})
    desk.answers = [forged.encode()] * 3
    sent = phone.control("texts", userid="demo-worker", text="待办")
    assert not sent["delivered"] and "signature" in sent["problem"]
    assert phone.get("/_control/messages", userid="demo-worker")["sent"] == 0
    other.close()


def test_a_button_in_reply_is_grey_for_the_one_who_tapped_only(phone, desk):
    send(phone, touser="demo-worker|demo-clerk")
    desk.answers = [reply("update_button", "<Button><ReplaceName>已接单</ReplaceName></Button>")]
    tap(phone)
    assert [card_of(phone, who)["replaced"] for who in ("demo-worker", "demo-clerk")] == ["已接单", ""]
    assert "no button" in refused(phone, "taps", userid="demo-worker", task_id="HB-1", key="take")


def test_a_card_in_reply_takes_the_place_of_the_tapped_one(phone, desk):
    send(phone)
    card = (
        "<TemplateCard><CardType>text_notice</CardType><MainTitle><Title>已接单</Title></MainTitle>"
        "<HorizontalContentList><KeyName>时间</KeyName><Value>周三</Value></HorizontalContentList></TemplateCard>"
    )
    desk.answers = [reply("update_template_card", card)]
    tap(phone)
    assert (card_of(phone)["title"], card_of(phone)["card"]["card_type"]) == ("已接单", "text_notice")


# The card's face is changed.


def test_a_response_code_changes_the_buttons_once(phone, desk):
    code = send(phone)["response_code"]
    assert update(phone, code, button={"replace_name": "已由他人接单"})["errcode"] == 0
    assert card_of(phone)["replaced"] == "已由他人接单"
    assert update(phone, code, button={"replace_name": "x"})["errcode"] == 60140
    assert card_of(phone)["replaced"] == "已由他人接单"


def test_each_tap_has_a_code_of_its_own_that_lives_for_72_hours(phone, desk):
    first = send(phone)["response_code"]
    tap(phone)
    second = desk.heard[0]["ResponseCode"]
    notice = {
        "card_type": "text_notice",
        "main_title": {"title": "已接单"},
        "card_action": {"type": 1, "url": "https://example.com/done"},
    }
    assert update(phone, second, template_card=notice)["errcode"] == 0
    face = card_of(phone)
    assert (face["title"], face["url"], face["task_id"]) == ("已接单", "https://example.com/done", "HB-1")
    phone.advance(72 * 3600)
    assert update(phone, first, template_card=notice)["errcode"] == 60140


def test_a_card_is_changed_for_those_named_who_have_got_it(phone, desk):
    phone.control("contacts", change="create_user", userid="u-tagged", tags=[7])
    phone.control("contacts", change="create_user", userid="u-inside", department=[9])
    everybody = "demo-worker|demo-clerk|u-tagged|u-inside"
    code = send(phone, touser=everybody)["response_code"]
    change = {"button": {"replace_name": "已办"}, "tagids": [7], "partyids": [9]}
    answer = update(phone, code, userids=["demo-worker", "No-One!"], **change)
    assert (answer["errcode"], answer["invaliduser"]) == (0, ["no-one!"])
    faces = {who: card_of(phone, who)["replaced"] for who in everybody.split("|")}
    assert faces == {"demo-worker": "已办", "demo-clerk": "", "u-tagged": "已办", "u-inside": "已办"}


def test_a_card_is_changed_for_all(phone, desk):
    code = send(phone, touser="demo-worker|demo-clerk")["response_code"]
    update(phone, code, userids=[], atall=1, button={"replace_name": "已办"})
    assert [card_of(phone, who)["replaced"] for who in ("demo-worker", "demo-clerk")] == ["已办", "已办"]


@pytest.mark.parametrize(
    ("change", "errcode"),
    [
        ({"agentid": None}, 41011),
        ({"agentid": "1000002"}, 40056),
        ({}, 40058),
        ({"button": {"replace_name": ""}}, 40058),
        ({"template_card": {"card_type": "news"}}, 42031),
        ({"userids": [], "button": {"replace_name": "x"}}, 40035),
        ({"userids": "demo-worker", "button": {"replace_name": "x"}}, 40035),
        ({"userids": ["No-One!"], "button": {"replace_name": "x"}}, 81013),
        ({"response_code": "made-up", "button": {"replace_name": "x"}}, 60140),
    ],
)
def test_a_bad_change_of_a_card_spends_no_code(phone, desk, change, errcode):
    code = send(phone)["response_code"]
    assert (
        update(phone, **({"code": code} | {"code": change.pop("response_code", code)}), **change)["errcode"]
        == errcode
    )
    assert update(phone, code, button={"replace_name": "已办"})["errcode"] == 0


# A page for whoever tries the demo.


def test_a_member_taps_and_writes_on_a_page(phone, desk):
    page = f"{phone.base}/wecom/demo-worker"
    assert phone.http.get(page, timeout=10).status_code == 404
    send(phone)
    shown = phone.http.get(page, timeout=10).text
    assert "新预约" in shown and 'value="take"' in shown and "身体不适" in shown
    phone.http.post(page, data={"task_id": "HB-1", "key": "take", "of reason": "far"}, timeout=10)
    phone.http.post(page, data={"do": "write", "text": "待办"}, timeout=10)
    phone.http.post(page, data={"do": "enter", "text": ""}, timeout=10)
    assert [one.get("EventKey") or one.get("Content") for one in desk.heard] == ["take", "待办", None]
    assert desk.heard[0]["SelectedItems"]["SelectedItem"]["OptionIds"]["OptionId"] == "far"


def test_the_page_says_what_came_to_nothing(phone, desk):
    send(phone)
    page, tapped = f"{phone.base}/wecom/demo-worker", {"task_id": "HB-1", "key": "take"}
    desk.answers = [500, 500, 500]
    assert "没有回应" in phone.http.post(page, data=tapped, timeout=10).text
    desk.answers = [reply("update_button", "<Button><ReplaceName>已接单</ReplaceName></Button>")]
    assert "已接单" in phone.http.post(page, data=tapped, timeout=10).text
    assert "已经处理过" in phone.http.post(page, data=tapped, timeout=10).text
