"""Credits, templates and what arrives on the phone."""

import threading

import pytest

from .phone import BOOKED, NOTICE, somebody

PATH = "/cgi-bin/message/subscribe/send"
LONG_TERM = "tmpl-street-notice"


def test_one_accept_is_one_send(phone):
    openid = somebody()
    phone.accept(openid)
    assert phone.send(openid) == {"errcode": 0, "errmsg": "ok"}
    assert phone.send(openid)["errcode"] == 43101
    assert len(phone.items(openid)) == 1


def test_accepts_add_up_for_each_template_alone(phone):
    openid = somebody()
    phone.accept(openid), phone.accept(openid)
    phone.accept(openid, "tmpl-booking-done")
    assert (phone.credits(openid), phone.credits(openid, "tmpl-booking-done")) == (2, 1)
    phone.send(openid)
    assert (phone.credits(openid), phone.credits(openid, "tmpl-booking-done")) == (1, 1)


def test_a_long_term_template_is_never_used_up(phone):
    openid = somebody()
    phone.accept(openid, LONG_TERM)
    answers = [phone.send(openid, LONG_TERM, values=NOTICE)["errcode"] for _ in range(3)]
    assert answers == [0, 0, 0]
    assert phone.get("/_control/credits", openid=openid)["subscribed"] == [LONG_TERM]


@pytest.mark.parametrize("result", ["reject", "filter"])
def test_a_reject_in_the_popup_adds_nothing_and_takes_nothing(phone, result):
    openid = somebody()
    phone.accept(openid)
    phone.accept(openid, result=result)
    assert phone.credits(openid) == 1


def test_a_reject_in_the_settings_unsubscribes(phone):
    openid = somebody()
    phone.accept(openid)
    phone.accept(openid, result="reject", where="settings")
    assert phone.send(openid)["errcode"] == 43101


def test_a_refused_send_spends_no_credit(phone):
    openid = somebody()
    phone.accept(openid)
    assert phone.send(openid, page="pages/nowhere")["errcode"] == 41030
    assert phone.credits(openid) == 1


def test_the_message_arrives_as_the_person_reads_it(phone):
    openid = somebody()
    phone.accept(openid)
    page = "packages/bookings/pages/case/index?case_no=JZ-20261124-000137"
    phone.send(openid, page=page, miniprogram_state="trial", lang="zh_CN")
    [item] = phone.items(openid)
    assert item["title"] == "预约提交通知" and item["data"] == BOOKED and item["page"] == page
    assert item["lines"][:2] == ["服务项目：日常保洁 2 小时", "办件编号：JZ-20261124-000137"]
    assert (item["miniprogram_state"], item["at"]) == ("trial", "2026-11-24T01:00:00.000+00:00")


def test_messages_come_newest_last_and_all_are_counted(phones):
    phone, openid = phones(messages_per_user=3), somebody()
    for number in range(5):
        phone.accept(openid)
        phone.send(openid, values=BOOKED | {"character_string2": f"JZ-{number}"})
    kept = [item["data"]["character_string2"] for item in phone.items(openid)]
    assert kept == ["JZ-2", "JZ-3", "JZ-4"]
    assert phone.get("/_control/messages", openid=openid)["sent"] == 5


def test_a_missing_key_and_an_undeclared_key_are_named(phone):
    openid = somebody()
    phone.accept(openid)
    missing = {key: value for key, value in BOOKED.items() if key != "phrase4"}
    answer = phone.send(openid, values=missing)
    assert answer["errcode"] == 47003 and "phrase4" in answer["errmsg"]
    answer = phone.send(openid, values=BOOKED | {"thing9": "多余"})
    assert answer["errcode"] == 47003 and "thing9" in answer["errmsg"]


def test_two_sends_to_one_person_at_once_collide_and_to_two_persons_do_not(phones):
    phone = phones(send_takes_ms=150)
    first, second, answers = somebody(), somebody(), {}
    for openid in (first, first, second):
        phone.accept(openid)
    token = phone.token()
    body = {"template_id": "tmpl-booking-submitted", "data": {key: {"value": v} for key, v in BOOKED.items()}}

    def send(name, openid):
        import requests

        query = {"access_token": token}
        answer = requests.post(phone.base + PATH, params=query, json=body | {"touser": openid}, timeout=10)
        answers[name] = answer.json()["errcode"]

    threads = [threading.Thread(target=send, args=pair) for pair in enumerate((first, first, second))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted((answers[0], answers[1])) == [0, 43108] and answers[2] == 0


def test_the_answer_can_carry_a_message_id(phones):
    phone, openid = phones(tell_msgid=True), somebody()
    phone.accept(openid)
    assert phone.send(openid)["msgid"] > 0


def test_a_banned_template_reaches_nobody_and_a_ban_in_the_popup_not_that_person(phone):
    first, second = somebody(), somebody()
    phone.accept(first), phone.accept(second)
    phone.accept(first, result="ban")
    assert (phone.send(first)["errcode"], phone.send(second)["errcode"]) == (43107, 0)
    phone.accept(second)
    phone.control("templates", template_id="tmpl-booking-submitted", banned=True)
    assert phone.send(second)["errcode"] == 43107
