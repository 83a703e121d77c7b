"""Faults on request: what a test needs to see its own code fail well."""

import time

import pytest
import requests

PATH = "/cgi-bin/stable_token"


def test_a_fault_lasts_as_many_times_as_asked(phone):
    phone.fault(PATH, errcode=-1, times=2)
    assert [phone.stable().get("errcode") for _ in range(3)] == [-1, -1, None]


def test_faults_of_one_path_come_in_order_and_leave_others_alone(phone):
    phone.fault(PATH, errcode=45011)
    phone.fault(PATH, errcode=40164)
    assert "access_token" in phone.old()
    assert [phone.stable()["errcode"] for _ in range(2)] == [45011, 40164]


def test_a_star_is_every_call_of_the_platforms_but_no_control_call(phone):
    phone.fault("*", errcode=-1, times=2)
    assert phone.get("/_control/app")["appid"]
    assert (phone.stable()["errcode"], phone.corp_token()["errcode"]) == (-1, -1)


def test_a_status_is_answered_without_json(phone):
    phone.fault(PATH, http_status=502)
    answer = phone.http.post(phone.base + PATH, json={}, timeout=10)
    assert answer.status_code == 502 and answer.text.startswith("<html>")


def test_a_drop_closes_the_connection_without_an_answer_and_without_the_work(phone):
    code = phone.login_code("o-1")
    phone.fault("/sns/jscode2session", drop=True)
    with pytest.raises(requests.ConnectionError):
        phone.login("o-1", js_code=code)
    assert phone.login("o-1", js_code=code)["openid"] == "o-1"


@pytest.mark.parametrize("spoilt", [{"drop": True}, {"http_status": 504}])
def test_a_fault_after_the_work_leaves_it_done(phone, spoilt):
    phone.accept("o-1")
    phone.fault("/cgi-bin/message/subscribe/send", after=True, **spoilt)
    with pytest.raises((requests.ConnectionError, AssertionError)):
        phone.send("o-1")
    assert len(phone.items("o-1")) == 1 and phone.credits("o-1") == 0


def test_a_delay_only_delays(phone):
    phone.fault(PATH, delay_ms=80)
    began = time.monotonic()
    assert "access_token" in phone.stable()
    assert time.monotonic() - began >= 0.08


def test_faults_can_be_taken_back(phone):
    phone.fault(PATH, errcode=-1, times=100)
    assert len(phone.get("/_control/faults")["waiting"]) == 1
    assert phone.http.delete(phone.base + "/_control/faults", timeout=10).json() == {"waiting": []}
    assert "access_token" in phone.stable()


@pytest.mark.parametrize(
    "body",
    [
        {"path": "/no/such", "errcode": 1},
        {"path": PATH, "errcode": "x"},
        {"path": PATH, "times": 0},
        {"errcode": 1},
        {"path": PATH, "error": 1},
    ],
)
def test_a_fault_that_could_never_happen_is_refused(phone, body):
    answer = phone.http.post(phone.base + "/_control/faults", json=body, timeout=10)
    assert answer.status_code == 422 and answer.json()["error"]["code"] == "invalid"
