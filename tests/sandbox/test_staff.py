"""The slice of WeCom: tokens, the staff's login, messages to them."""

import pytest


def staff_code(phone, userid="demo-clerk", **more):
    return phone.control("wecom-codes", userid=userid, **more)["code"]


def who(phone, code, path="/cgi-bin/auth/getuserinfo"):
    return phone.corp_get(path, code=code)


def send(phone, touser, **changes):
    body = {
        "touser": touser,
        "msgtype": "text",
        "agentid": phone.config.agentid,
        "text": {"content": "有新预约"},
    }
    return phone.post(
        "/cgi-bin/message/send", body | changes, access_token=phone.corp_token()["access_token"]
    )


def test_a_code_becomes_a_userid(phone):
    assert who(phone, staff_code(phone)) == {"errcode": 0, "errmsg": "ok", "userid": "demo-clerk"}


def test_the_private_scope_adds_a_ticket(phone):
    assert who(phone, staff_code(phone, scope="snsapi_privateinfo"))["user_ticket"]


def test_an_outsider_has_an_openid(phone):
    answer = who(phone, staff_code(phone, "o-visitor", outsider=True))
    assert answer["openid"] == "o-visitor" and "userid" not in answer


def test_the_old_path_answers_in_capitals(phone):
    answer = who(phone, staff_code(phone), "/cgi-bin/user/getuserinfo")
    assert answer["UserId"] == "demo-clerk" and answer["DeviceId"] and "userid" not in answer


def test_a_code_is_unknown_expired_or_used(phone):
    code = staff_code(phone)
    assert who(phone, "nothing")["errcode"] == 40029
    assert who(phone, code)["errcode"] == 0
    assert who(phone, code)["errcode"] == 42022
    late = staff_code(phone)
    phone.advance(300)
    assert who(phone, late)["errcode"] == 42003


def test_codes_of_residents_are_none_of_the_staff(phone):
    assert who(phone, phone.login_code("o-1"))["errcode"] == 40029


def test_the_same_token_is_given_until_it_expires(phone):
    first = phone.corp_token()
    assert first["expires_in"] == 7_200
    phone.advance(7_199)
    assert phone.corp_token()["access_token"] == first["access_token"]
    phone.advance(1)
    assert phone.corp_token()["access_token"] != first["access_token"]
    answer = phone.get("/cgi-bin/auth/getuserinfo", access_token=first["access_token"], code="x")
    assert answer["errcode"] == 42001


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"corpid": ""}, 41002),
        ({"corpid": "wwdemo-other"}, 40013),
        ({"corpsecret": ""}, 41004),
        ({"corpsecret": "example-wrong"}, 40001),
    ],
)
def test_a_token_fetch_says_what_is_wrong(phone, changes, errcode):
    assert phone.corp_token(**changes)["errcode"] == errcode


@pytest.mark.parametrize(
    ("token", "errcode"), [("", 41001), ("98_" + "x" * 128, 40014), ("c" + "x" * 128, 40014)]
)
def test_a_wrong_token_says_how_it_is_wrong(phone, token, errcode):
    assert phone.get("/cgi-bin/auth/getuserinfo", access_token=token, code="x")["errcode"] == errcode


def test_an_address_that_is_not_trusted_is_60020(phones):
    assert phones(allowed_ips=("10.0.0.1",)).corp_token()["errcode"] == 60020


def test_the_text_of_an_error_carries_a_hint_and_the_address(phone):
    text = who(phone, "nothing")["errmsg"]
    assert "hint:[" in text and "from ip: 127.0.0.1" in text and "e=40029" in text


def test_a_message_reaches_the_staff(phone):
    answer = send(phone, "demo-clerk|demo-worker")
    assert answer["errcode"] == 0 and answer["invaliduser"] == "" and answer["msgid"]
    [item] = phone.get("/_control/messages", userid="demo-worker")["items"]
    assert item["to"] == "demo-worker" and item["lines"] == ["有新预约"]


def test_a_card_is_read_line_by_line_and_needs_an_app_with_a_callback(phones):
    phone = phones(callback_url="https://example.com/wecom")
    card = {
        "card_type": "text_notice",
        "main_title": {"title": "新预约", "desc": "日常保洁"},
        "horizontal_content_list": [{"keyname": "居民", "value": "王阿姨"}],
        "card_action": {"type": 1, "url": "https://example.com/console"},
    }
    send(phone, "demo-clerk", msgtype="template_card", template_card=card)
    [item] = phone.get("/_control/messages", userid="demo-clerk")["items"]
    assert (item["title"], item["lines"]) == ("新预约", ["日常保洁", "居民：王阿姨"])
    assert item["url"] == "https://example.com/console"
    asked = card | {"card_type": "button_interaction", "task_id": "HB-1"}
    asked["button_list"] = [{"text": "接单", "key": "accept"}]
    assert send(phone, "demo-clerk", msgtype="template_card", template_card=asked)["response_code"]
    again = send(phone, "demo-clerk", msgtype="template_card", template_card=asked)
    assert again["errcode"] == 42014, "a task_id is never used twice"
    assert send(phones(), "demo-clerk", msgtype="template_card", template_card=card)["errcode"] == 43012


def test_unreachable_receivers_are_told_in_lower_case_and_alone_they_fail_the_call(phone):
    phone.control("users", userid="Demo-Left", blocked=True)
    assert send(phone, "Demo-Left|demo-clerk")["invaliduser"] == "demo-left"
    assert send(phone, "Demo-Left")["errcode"] == 81013


@pytest.mark.parametrize(
    ("changes", "errcode"),
    [
        ({"agentid": None}, 41011),
        ({"agentid": "1000002"}, 40056),
        ({"agentid": 7}, 40056),
        ({"msgtype": "news"}, 40035),
        ({"text": {"content": ""}}, 44004),
        ({"touser": "|".join(f"u{number}" for number in range(1001))}, 40035),
        ({"safe": 2}, 40035),
        ({"duplicate_check_interval": 4 * 3600 + 1}, 40035),
        ({"touser": "", "toparty": "7"}, 81013),
        ({"msgtype": "markdown", "markdown": {"content": "长" * 700}}, 45002),
        ({"msgtype": "textcard", "textcard": {"title": "派单", "description": "明天"}}, 40035),
        (
            {"msgtype": "textcard", "textcard": {"title": "派", "description": "明", "url": "x" * 2049}},
            45002,
        ),
    ],
)
def test_a_bad_message_is_refused(phone, changes, errcode):
    assert send(phone, **{"touser": "demo-clerk"} | changes)["errcode"] == errcode


def test_what_is_too_long_is_cut_as_documented(phone):
    card = {
        "title": "题" * 200,
        "description": "文" * 600,
        "url": "https://example.com/",
        "btntxt": "点这里看看",
    }
    send(phone, "demo-clerk", msgtype="textcard", textcard=card)
    send(phone, "demo-clerk", text={"content": "字" * 1000})
    first, second = phone.get("/_control/messages", userid="demo-clerk")["items"]
    assert (len(first["title"]), len(first["lines"][0]), first["url"]) == (128, 512, "https://example.com/")
    assert second["lines"] == ["字" * 682], "2,048 bytes"


def test_the_same_again_is_not_delivered_twice_where_that_was_asked_for(phone):
    once = {"enable_duplicate_check": 1, "duplicate_check_interval": 600}
    for _ in range(2):
        assert send(phone, "demo-clerk", **once)["errcode"] == 0
    assert phone.get("/_control/messages", userid="demo-clerk")["sent"] == 1
    phone.advance(600)
    send(phone, "demo-clerk", **once)
    send(phone, "demo-clerk")
    assert phone.get("/_control/messages", userid="demo-clerk")["sent"] == 3


def test_more_than_thirty_a_minute_to_one_member_are_dropped_without_a_word(phone):
    for _ in range(31):
        assert send(phone, "demo-clerk")["errcode"] == 0
    assert phone.get("/_control/messages", userid="demo-clerk")["sent"] == 30
    phone.advance(60)
    send(phone, "demo-clerk")
    assert phone.get("/_control/messages", userid="demo-clerk")["sent"] == 31
