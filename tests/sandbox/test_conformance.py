"""The stock synchronous wechatpy client works against the sandbox; only the host is rewritten."""

import pytest
from requests.adapters import HTTPAdapter
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException
from wechatpy.work import WeChatClient as WeComClient

from .phone import BOOKED, Phone


class Rewritten(HTTPAdapter):
    """Sends what was meant for the platforms to the sandbox."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    def send(self, request, **options):
        for host in ("https://api.weixin.qq.com", "https://qyapi.weixin.qq.com"):
            request.url = request.url.replace(host, self.base)
        return super().send(request, **options)


@pytest.fixture
def wechat(phone: Phone) -> WeChatClient:
    client = WeChatClient(phone.config.appid, phone.config.secret, timeout=10)
    client._http.mount("https://", Rewritten(phone.base))
    return client


@pytest.fixture
def wecom(phone: Phone) -> WeComClient:
    client = WeComClient(phone.config.corpid, phone.config.corpsecret, timeout=10)
    client._http.mount("https://", Rewritten(phone.base))
    return client


def test_fetch_access_token(wechat):
    answer = wechat.fetch_access_token()
    assert answer["access_token"] == wechat.access_token and answer["expires_in"] == 7_200


def test_code_to_session(phone, wechat):
    answer = wechat.wxa.code_to_session(phone.login_code("o-1"))
    assert answer["openid"] == "o-1" and answer["session_key"]


def test_get_phone_number(phone, wechat):
    code = phone.control("phone-codes", openid="o-1", phone="13800000001")["code"]
    assert wechat.wxa.get_phone_number(code)["phone_info"]["purePhoneNumber"] == "13800000001"


def test_send_subscribe_message(phone, wechat):
    phone.accept("o-1")
    data = {key: {"value": value} for key, value in BOOKED.items()}
    page = "packages/cases/pages/case/index?case_no=JZ-1"
    assert wechat.wxa.send_subscribe_message("o-1", "tmpl-booking-submitted", data, page)["errcode"] == 0
    with pytest.raises(WeChatClientException) as refused:
        wechat.wxa.send_subscribe_message("o-1", "tmpl-booking-submitted", data, page)
    assert refused.value.errcode == 43101
    assert phone.items("o-1")[0]["page"] == page


def test_get_wxa_code_unlimited(wechat):
    answer = wechat.wxa.get_wxa_code_unlimited("c=1", page="pages/home/index")
    assert answer.content.startswith(b"\x89PNG")
    with pytest.raises(WeChatClientException) as refused:
        wechat.wxa.get_wxa_code_unlimited("c=1", page="pages/nowhere")
    assert refused.value.errcode == 41030


def test_an_expired_token_is_fetched_again(phone, wechat):
    wechat.fetch_access_token()
    phone.advance(7_200)
    code = phone.control("phone-codes", openid="o-1", phone="13800000001")["code"]
    assert wechat.wxa.get_phone_number(code)["errcode"] == 0
    assert phone.calls("/cgi-bin/token") == 2


def test_wecom_token_and_identity(phone, wecom):
    assert wecom.fetch_access_token()["expires_in"] == 7_200
    code = phone.control("wecom-codes", userid="demo-clerk")["code"]
    assert wecom.oauth.get_user_info(code)["UserId"] == "demo-clerk"


def test_wecom_message(phone, wecom):
    assert wecom.message.send_text(phone.config.agentid, "demo-clerk", content="请派单")["errcode"] == 0
    assert phone.get("/_control/messages", userid="demo-clerk")["items"][0]["lines"] == ["请派单"]


def test_wecom_card_reaches_those_whom_the_app_can_see(phone, wecom):
    phone.control("users", userid="Demo-Left", blocked=True)
    card = {"title": "新派单", "description": "明天 9:00 保洁", "url": "https://example.com/console"}
    answer = wecom.message.send_text_card(phone.config.agentid, ["demo-worker", "Demo-Left"], **card)
    assert (answer["errcode"], answer["invaliduser"]) == (0, "demo-left")
    [item] = phone.get("/_control/messages", userid="demo-worker")["items"]
    assert (item["msgtype"], item["title"], item["url"]) == ("textcard", card["title"], card["url"])
    with pytest.raises(WeChatClientException) as refused:
        wecom.message.send_text_card(phone.config.agentid, "Demo-Left", **card)
    assert refused.value.errcode == 81013
