"""The page where staff log in: it asks for what the platform asks for and comes back as the platform does."""

from urllib.parse import parse_qs, urlsplit

import pytest

from server.sandbox import Member, SandboxConfig
from server.sandbox.logins import DESKTOP, IN_CLIENT

BACK = "http://127.0.0.1:8000/console/callback?from=here"
MEMBERS = (
    Member(userid="demo-clerk", name="乌日娜", note="社区窗口"),
    Member(userid="demo-x", name="<script>alert(1)</script>"),
)


def asked(path=DESKTOP, **changed):
    config = SandboxConfig()
    how = {"login_type": "CorpApp"} if path == DESKTOP else {"response_type": "code", "scope": "snsapi_base"}
    who = {"appid": config.corpid, "agentid": config.agentid, "redirect_uri": BACK, "state": "abc123"}
    return how | who | changed


def log_in(phone, userid, path=DESKTOP, **changed):
    return phone.http.post(
        phone.base + path,
        params=asked(path, **changed),
        data={"userid": userid},
        allow_redirects=False,
        timeout=10,
    )


@pytest.mark.parametrize("path", [DESKTOP, IN_CLIENT])
def test_a_member_comes_back_with_a_code_and_the_state(phone, path):
    answer = log_in(phone, "demo-clerk", path)
    back = urlsplit(answer.headers["Location"])
    query = parse_qs(back.query)
    assert (answer.status_code, back.path, query["from"]) == (302, "/console/callback", ["here"])
    assert query["state"] == ["abc123"]
    assert phone.corp_get("/cgi-bin/auth/getuserinfo", code=query["code"][0])["userid"] == "demo-clerk"


def test_the_members_are_there_to_choose_from(phones):
    phone = phones(members=MEMBERS)
    page = phone.http.get(phone.base + DESKTOP, params=asked(), timeout=10).text
    assert "乌日娜" in page and "社区窗口" in page and 'value="demo-clerk"' in page
    assert "<script>" not in page


@pytest.mark.parametrize(
    "changed",
    [
        {"appid": "wwother"},
        {"agentid": "7"},
        {"login_type": "ServiceApp"},
        {"redirect_uri": "javascript:alert(1)"},
        {"state": "not-a-state!"},
        {"state": "a" * 129},
    ],
)
def test_what_the_platform_would_refuse_gets_no_code(phone, changed):
    answer = log_in(phone, "demo-clerk", **changed)
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize("userid", ["", "有空格 的", "a" * 65])
def test_an_account_that_cannot_be_gets_no_code(phone, userid):
    assert log_in(phone, userid).status_code == 400
