"""Control calls, the two addresses, and the page with everybody's messages."""

import pytest

from server.sandbox import RealCredentials, SandboxConfig

from .phone import BOOKED, Phone

BOOKING_IDS = ["submitted", "confirmed", "assigned", "started", "done", "quoted", "changed"]


def page(phone: Phone, path: str = "/") -> str:
    answer = phone.http.get(phone.base + path, timeout=10)
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    return answer.text


def test_the_app_tells_its_credentials_and_templates(phone):
    app = phone.get("/_control/app")
    assert app["appid"].startswith("wxdemo") and app["corpid"].startswith("wwdemo")
    ids = [template["template_id"] for template in app["templates"]]
    assert {f"tmpl-booking-{name}" for name in BOOKING_IDS} | {"tmpl-case-message"} <= set(ids)
    assert ids[-1] == "tmpl-street-notice"
    assert app["templates"][2]["keys"]["character_string4"] == "开始口令"
    assert app["templates"][-1]["kind"] == "long_term"


def test_readiness_tells_both_addresses(phones):
    phone = phones(web_base="http://127.0.0.1:8123")
    answer = phone.get("/health/ready")
    assert answer == {"status": "ready", "sandbox": phone.base, "web": "http://127.0.0.1:8123"}


def test_the_clock_can_be_moved(phone):
    assert phone.control("clock", advance_s=90)["now"] == "2026-11-24T01:01:30.000+00:00"


def test_an_unknown_person_has_no_messages_and_no_credits(phone):
    assert phone.items("o-nobody") == []
    assert phone.get("/_control/credits", openid="o-nobody")["credits"] == {}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("codes", {}),
        ("codes", {"openid": ""}),
        ("codes", {"openid": "o", "surplus": 1}),
        ("phone-codes", {"openid": "o", "phone": "one"}),
        ("subscribe", {"openid": "o", "template_id": "tmpl-none", "result": "accept"}),
        ("subscribe", {"openid": "o", "template_id": "tmpl-booking-done", "result": "maybe"}),
        ("users", {"blocked": True}),
        ("users", {"openid": "o", "userid": "u"}),
        ("clock", {"advance_s": -1}),
    ],
)
def test_a_bad_control_call_is_422(phone, name, body):
    answer = phone.http.post(f"{phone.base}/_control/{name}", json=body, timeout=10)
    assert answer.status_code == 422 and answer.json()["error"]["message"]


def test_a_control_call_by_another_method_is_405(phone):
    assert phone.http.get(phone.base + "/_control/codes", timeout=10).status_code == 405


@pytest.mark.parametrize(
    "real",
    [
        {"appid": "wx4f4bc4dec97d474b"},
        {"secret": "0123456789abcdef0123456789abcdef"},
        {"corpid": "ww1436e0e65a779aee"},
        {"corpsecret": "s3cr3t"},
        {"token": "hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo"},
        {"encoding_aes_key": "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt"},
    ],
)
def test_it_refuses_to_start_beside_real_credentials(real):
    with pytest.raises(RealCredentials) as refused:
        SandboxConfig(**real)
    assert next(iter(real)) in str(refused.value) and next(iter(real.values())) not in str(refused.value)


def test_the_page_shows_residents_and_staff_as_sample_data(phone):
    assert "还没有消息" in page(phone)
    phone.accept("demo-resident-001")
    phone.send("demo-resident-001")
    phone.post(
        "/cgi-bin/message/send",
        {"touser": "demo-clerk", "msgtype": "text", "agentid": 1000002, "text": {"content": "请派单"}},
        access_token=phone.corp_token()["access_token"],
    )
    shown = page(phone)
    for text in (
        "示例数据",
        "demo-resident-001",
        "预约提交通知",
        "日常保洁 2 小时",
        "demo-clerk",
        "请派单",
        "周二 9:00",
    ):
        assert text in shown


def test_one_persons_page_shows_every_message_newest_first(phone):
    for number in range(5):
        phone.accept("o-1")
        phone.send("o-1", values=BOOKED | {"character_string2": f"JZ-{number}"})
    shown = page(phone, "/messages/o-1")
    assert shown.index("JZ-4") < shown.index("JZ-0")
    assert "JZ-0" not in page(phone)


def test_what_people_write_is_never_markup(phone):
    phone.accept("o-1")
    phone.send("o-1", values=BOOKED | {"thing5": "<b>粗</b>"})
    assert "&lt;b&gt;粗" in page(phone) and "<b>粗" not in page(phone)


def test_a_stranger_has_no_page(phone):
    assert phone.http.get(phone.base + "/messages/o-nobody", timeout=10).status_code == 404
