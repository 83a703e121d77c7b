"""Every published error code can be met: the ones with a cause by their cause, all of them by a fault."""

import pytest

from server.sandbox import Quota
from server.sandbox.errors import CORP, MINI

from .phone import BOOKED, Phone

SEND = "/cgi-bin/message/subscribe/send"
TEXT = "/wxa/msg_sec_check"
MEDIA = "/wxa/media_check_async"
CODE = "/wxa/getwxacodeunlimit"
LINK = "/wxa/generate_urllink"
PHONE = "/wxa/business/getuserphonenumber"
ME = "o-me"


def text(phone: Phone, **changes):
    return phone.call(TEXT, {"content": "您好", "version": 2, "scene": 2, "openid": ME} | changes)


def media(phone: Phone, **changes):
    body = {"media_url": "https://example.com/a.jpg", "media_type": 2, "version": 2, "scene": 1, "openid": ME}
    return phone.call(MEDIA, body | changes)


def signature(phone: Phone, path="/wxa/checksession", **changes):
    query = {"openid": ME, "signature": "0" * 64, "sig_method": "hmac_sha256"} | changes
    return phone.get(path, access_token=phone.token(), **query)


def raw(phone: Phone, path: str, body: bytes):
    return phone.http.post(
        phone.base + path, params={"access_token": phone.token()}, data=body, timeout=10
    ).json()


def twice(action):
    action()
    return action()


def after(*steps):
    """The answer of the last step; the ones before it prepare."""
    return steps[-1]


NATURAL = {
    "40001 bad token": lambda p: p.post(SEND, {}, access_token="98_" + "x" * 128),
    "40001 bad secret": lambda p: p.stable(secret="example-wrong"),
    "40002": lambda p: p.stable(grant_type="authorization_code"),
    "40002 old": lambda p: p.old(grant_type=""),
    "40003": lambda p: p.send("o-nobody"),
    "40003 text": lambda p: text(p, openid="o-nobody"),
    "40004": lambda p: media(p, media_type=3),
    "40013": lambda p: p.old(appid="wxdemo-other"),
    "40013 login": lambda p: p.login(ME, appid="wxdemo-other"),
    "40013 phone": lambda p: p.call(
        PHONE, p.control("phone-codes", openid=ME, phone="13800000001", appid="wxdemo-other")
    ),
    "40014": lambda p: p.post(SEND, {}, access_token="short"),
    "40029": lambda p: p.login(ME, js_code="0nothing"),
    "40029 phone": lambda p: p.call(PHONE, {"code": "0nothing"}),
    "40037": lambda p: p.send(ME, "tmpl-none"),
    "40097": lambda p: signature(p, "/wxa/resetusersessionkey", signature=""),
    "40097 width": lambda p: p.call(CODE, {"scene": "a", "width": 100}),
    "40097 slash": lambda p: p.call(CODE, {"scene": "a", "page": "/pages/home/index"}),
    "40097 query": lambda p: p.call(CODE, {"scene": "a", "page": "pages/home/index?a=1"}),
    "40097 colour": lambda p: p.call(CODE, {"scene": "a", "line_color": {"r": "red"}}),
    "40097 version": lambda p: p.call(CODE, {"scene": "a", "env_version": "formal"}),
    "40125": lambda p: p.old(secret="0123456789abcdef0123456789abcdef"),
    "40129": lambda p: text(p, scene=9),
    "40129 code": lambda p: p.call(CODE, {"page": "pages/home/index"}),
    "40165": lambda p: p.call(LINK, {"path": "pages/nowhere"}),
    "40169": lambda p: p.call(CODE, {"scene": "a" * 33}),
    "40169 charset": lambda p: p.call(CODE, {"scene": "100%"}),
    "40169 no json": lambda p: raw(p, CODE, b"scene=a"),
    "40226": lambda p: after(p.control("users", openid=ME, blocked=True), p.login(ME)),
    "41001": lambda p: p.post(SEND, {}),
    "41002": lambda p: p.stable(appid=""),
    "41004": lambda p: p.old(secret=""),
    "41008": lambda p: p.login(ME, js_code=""),
    "41030": lambda p: p.send(ME, page="pages/nowhere"),
    "41030 code": lambda p: p.call(CODE, {"scene": "a", "page": "pages/nowhere"}),
    "43001": lambda p: p.post("/wxa/checksession", {}, access_token=p.token()),
    "43002": lambda p: p.get(SEND, access_token=p.token()),
    "43002 token": lambda p: p.get("/cgi-bin/stable_token"),
    "43101": lambda p: p.send(ME),
    "43104": lambda p: after(p.control("users", openid=ME, foreign=True), text(p)),
    "43107": lambda p: after(p.accept(ME, result="ban"), p.send(ME)),
    "44002": lambda p: raw(p, SEND, b""),
    "45002": lambda p: text(p, content="字" * 2_501),
    "45168": lambda p: p.send(ME, values=BOOKED | {"thing5": "一起赌博"}),
    "47001": lambda p: raw(p, SEND, b"{touser"),
    "47001 list": lambda p: raw(p, SEND, b"[1]"),
    "47001 field": lambda p: p.call(PHONE, {}),
    "47001 version": lambda p: text(p, version=1),
    "47003": lambda p: p.send(ME, values=BOOKED | {"phrase4": "submitted"}),
    "61010": lambda p: after(p.advance(7_201), text(p)),
    "85096": lambda p: p.call(CODE, {"scene": "scancode_time=1"}),
    "85401": lambda p: p.call(LINK, {"expire_type": 1, "expire_interval": 31}),
    "85401 past": lambda p: p.call(LINK, {"expire_type": 0, "expire_time": 1}),
    "85402": lambda p: p.call(LINK, {"env_version": "beta"}),
    "87007": lambda p: after(p.control("users", openid=ME, session_lost=True), signature(p)),
    "87008": lambda p: signature(p, sig_method="md5"),
    "87009": lambda p: signature(p),
}


@pytest.mark.parametrize("case", NATURAL)
def test_a_cause_has_its_code(phone, case):
    phone.login(ME)
    answer = NATURAL[case](phone)
    assert answer["errcode"] == int(case.split()[0]), answer


def test_an_expired_token_is_42001(phone):
    token = phone.token()
    phone.advance(7_200)
    assert phone.post(SEND, {}, access_token=token)["errcode"] == 42001


LIMITS = {
    "44990": (LINK, "second", lambda p: p.call(LINK, {})),
    "44993": (LINK, "day", lambda p: p.call(LINK, {})),
    "44991": (TEXT, "minute", text),
    "45009": (SEND, "day", lambda p: p.send(ME)),
    "45011": ("/sns/jscode2session", "minute", lambda p: p.login(ME)),
    "45011 phone": (PHONE, "minute", lambda p: p.call(PHONE, {"code": "x"})),
}


@pytest.mark.parametrize("case", LIMITS)
def test_a_quota_used_up_has_its_code(phones, case):
    path, per, action = LIMITS[case]
    errcode = int(case.split()[0])
    phone = phones(quotas={path: (Quota(per, 1, errcode),)})
    assert twice(lambda: action(phone))["errcode"] == errcode


def test_links_and_schemes_share_their_quota(phones):
    shared = (Quota("day", 1, 44993, "links"),)
    phone = phones(quotas={LINK: shared, "/wxa/generatescheme": shared})
    assert phone.call(LINK, {})["url_link"]
    assert phone.call("/wxa/generatescheme", {})["errcode"] == 44993


@pytest.mark.parametrize("fetch", ["stable", "old"])
def test_an_address_off_the_allow_list_gets_40164_with_the_address(phones, fetch):
    answer = getattr(phones(allowed_ips=("10.0.0.1",)), fetch)()
    assert answer["errcode"] == 40164 and "127.0.0.1" in answer["errmsg"]


def test_an_allowed_address_gets_a_token(phones):
    assert "access_token" in phones(allowed_ips=("127.0.0.1",)).stable()


def test_the_same_media_too_often_is_87020(phones):
    phone = phones(same_media_per_day=1)
    phone.login(ME)
    assert media(phone)["trace_id"]
    assert media(phone)["errcode"] == 87020


def test_no_release_means_85079(phones):
    assert phones(pages=()).call(LINK, {})["errcode"] == 85079


def test_too_many_unchecked_pages_are_refused(phones):
    phone = phones(unchecked_pages=1)
    for page, status in (("a/b", None), ("a/c", 45009)):
        body = {"scene": "a", "page": page, "check_path": False}
        answer = phone.http.post(
            phone.base + CODE, params={"access_token": phone.token()}, json=body, timeout=10
        )
        assert status is None or answer.json()["errcode"] == status


@pytest.mark.parametrize("errcode", MINI)
def test_every_code_of_the_mini_program_can_be_made_by_a_fault(phone, errcode):
    phone.fault("/cgi-bin/stable_token", errcode=errcode)
    answer = phone.http.post(phone.base + "/cgi-bin/stable_token", json={}, timeout=10)
    assert answer.status_code == 200 and answer.json()["errcode"] == errcode
    assert "access_token" in phone.stable()


@pytest.mark.parametrize("errcode", CORP)
def test_every_code_of_wecom_can_be_made_by_a_fault(phone, errcode):
    phone.fault("/cgi-bin/gettoken", errcode=errcode)
    assert phone.corp_token()["errcode"] == errcode
    assert phone.corp_token()["errcode"] == 0


def test_the_text_of_an_error_ends_with_a_request_id(phone):
    import re

    first, second = (phone.login(ME, js_code="0nothing")["errmsg"] for _ in range(2))
    assert re.search(r" rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$", first) and first != second
