"""The stock synchronous wechatpy client works against the sandbox; only the host is rewritten."""

import pytest
from requests.adapters import HTTPAdapter
from wechatpy import WeChatClient
from wechatpy.exceptions import WeChatClientException
from wechatpy.work import WeChatClient as WeComClient

from server.sandbox import Department, Member, Tag

from .desk import Desk
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


COMPANY = {
    "members": (
        Member(userid="demo-clerk", name="乌日娜", department=(2,), tags=(7,)),
        Member(userid="demo-worker", name="刘洋", department=(3,)),
    ),
    "departments": (
        Department(id=1, name="街道办事处", parentid=0),
        Department(id=2, name="绿苑社区"),
        Department(id=3, name="上门队", parentid=2),
    ),
    "tags": (Tag(id=7, name="窗口", departments=(3,)),),
}


@pytest.fixture
def staffed(phones) -> Phone:
    return phones(**COMPANY)


@pytest.fixture
def company(staffed: Phone) -> WeComClient:
    client = WeComClient(staffed.config.corpid, staffed.config.corpsecret, timeout=10)
    client._http.mount("https://", Rewritten(staffed.base))
    return client


def test_wecom_departments(company):
    assert [one["name"] for one in company.department.list()] == ["街道办事处", "绿苑社区", "上门队"]
    assert [one["id"] for one in company.department.simple_list(2)] == [2, 3]
    assert company.department.get(3)["parentid"] == 2
    with pytest.raises(WeChatClientException) as refused:
        company.department.list(99)
    assert refused.value.errcode == 60003


def test_wecom_members(company):
    assert company.user.get("demo-clerk")["name"] == "乌日娜"
    assert [one["userid"] for one in company.user.list(2, fetch_child=True)] == ["demo-clerk", "demo-worker"]
    assert company.user.list(3, simple=True) == [{"userid": "demo-worker", "name": "刘洋", "department": [3]}]
    assert company.department.get_map_users(2, fetch_child=1) == {
        "乌日娜": "demo-clerk",
        "刘洋": "demo-worker",
    }


def test_wecom_tags(company):
    assert company.tag.list() == [{"tagid": 7, "tagname": "窗口"}]
    assert company.tag.get_users(7)["partylist"] == [3]


def test_wecom_messages_to_departments_and_tags(staffed, company):
    send = company.message.send
    message = {"msgtype": "markdown", "markdown": {"content": "**请看**"}}
    answer = send(staffed.config.agentid, "", party_ids=["3"], tag_ids=["7", "9"], msg=message)
    assert (answer["errcode"], answer["invalidtag"]) == (0, "9")
    for userid in ("demo-clerk", "demo-worker"):
        assert staffed.get("/_control/messages", userid=userid)["sent"] == 1


def test_wecom_card_tapped_and_changed(staffed, company):
    desk = Desk(staffed.config)
    staffed.control("callback", url=desk.url)
    card = {
        "card_type": "button_interaction",
        "main_title": {"title": "新预约"},
        "task_id": "HB-1",
        "button_list": [{"text": "接单", "key": "take"}],
    }
    message = {"msgtype": "template_card", "template_card": card}
    assert company.message.send(staffed.config.agentid, ["demo-worker"], msg=message)["response_code"]
    staffed.control("taps", userid="demo-worker", task_id="HB-1", key="take")
    change = {
        "userids": ["demo-worker"],
        "agentid": staffed.config.agentid,
        "response_code": desk.heard[0]["ResponseCode"],
        "button": {"replace_name": "已接单"},
    }
    assert company.post("message/update_template_card", data=change)["invaliduser"] == []
    with pytest.raises(WeChatClientException) as refused:
        company.post("message/update_template_card", data=change)
    assert refused.value.errcode == 60140
    desk.close()


@pytest.mark.parametrize("kind", ["config", "agent"])
def test_wecom_page_signature(staffed, company, kind):
    ticket = company.jsapi.get_jsapi_ticket() if kind == "config" else company.jsapi.get_agent_jsapi_ticket()
    url = "https://street.example.cn/console?box=mine"
    signature = company.jsapi.get_jsapi_signature("n0nce", ticket, 1780000000, url)
    page = {"url": url, "noncestr": "n0nce", "timestamp": "1780000000", "signature": signature}
    assert staffed.control("js-signatures", kind=kind, **page) == {"errcode": 0}
    other = {"config": "agent", "agent": "config"}[kind]
    assert staffed.control("js-signatures", kind=other, **page) == {"errcode": 42012}


def test_wecom_expired_token_is_fetched_again(staffed, company):
    assert company.department.list()
    staffed.advance(7_200)
    assert company.department.list()
    assert staffed.calls("/cgi-bin/gettoken") == 2
