"""Whatever the body holds, the answer is an errcode with HTTP 200, as on the platforms; never a crash."""

import pytest

from server.sandbox.app import APIS

FIELDS = [
    "appid",
    "secret",
    "grant_type",
    "force_refresh",
    "code",
    "openid",
    "touser",
    "template_id",
    "page",
    "data",
    "miniprogram_state",
    "lang",
    "content",
    "version",
    "scene",
    "title",
    "media_url",
    "media_type",
    "check_path",
    "env_version",
    "width",
    "line_color",
    "is_hyaline",
    "query",
    "path",
    "jump_wxa",
    "is_expire",
    "expire_type",
    "expire_time",
    "expire_interval",
    "msgtype",
    "text",
    "agentid",
    "template_card",
]
STRANGE = [None, True, -1, "", "字" * 40, [1], {"value": None, "r": {}, "thing1": 5, "content": [0]}]
POSTS = [api for api in APIS if api.method == "POST"]


@pytest.mark.parametrize("api", POSTS, ids=lambda api: api.path)
def test_strange_values_are_refused_not_crashed_on(phone, api):
    phone.login("o-1")
    phone.accept("o-1", "tmpl-street-notice")
    good = phone.app_query(grant_type="client_credential") | {
        "openid": "o-1",
        "touser": "o-1",
        "template_id": "tmpl-street-notice",
        "scene": "a" if "wxacode" in api.path else 1,
        "content": "您好",
        "version": 2,
        "media_type": 2,
        "media_url": "https://example.com/a.jpg",
        "agentid": phone.config.agentid,
        "msgtype": "text",
        "text": {"content": "您好"},
    }
    token = phone.corp_token()["access_token"] if api.platform == "corp" else phone.token()
    for field in FIELDS:
        for value in STRANGE:
            body = (
                good | {field: value, "msgtype": field} if field == "template_card" else good | {field: value}
            )
            query = {"access_token": token}
            answer = phone.http.post(phone.base + api.path, params=query, json=body, timeout=10)
            assert answer.status_code == 200, (field, value, answer.text)


@pytest.mark.parametrize("api", APIS, ids=lambda api: api.path)
@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe", b"[" * 5_000, b'{"a":' * 5_000, b'{"a":', b"null", b'"text"']
)
def test_bytes_that_are_no_object_are_refused(phone, api, body):
    query = {"access_token": phone.corp_token()["access_token"] if api.platform == "corp" else phone.token()}
    answer = phone.http.post(phone.base + api.path, params=query, data=body, timeout=10)
    wanted = {43001} if api.method == "GET" else {44002} if not body else {47001, 40169}
    assert answer.status_code == 200 and answer.json()["errcode"] in wanted
