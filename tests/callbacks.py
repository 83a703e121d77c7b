"""WeCom calling us: messages sealed as the platform seals them, by wechatpy's own cipher, and sent over HTTP."""

import itertools
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import xmltodict
from tornado.httpclient import HTTPRequest
from wechatpy.utils import WeChatSigner
from wechatpy.work.crypto import WeChatCrypto

from tests.world import Reply, World

PATH = "/wecom/callback"
_numbers = itertools.count(1)


def crypto(world: World, **other: str) -> WeChatCrypto:
    own = world.house.settings.wecom
    given = {"token": own.token, "encoding_aes_key": own.encoding_aes_key, "corpid": own.corpid} | other
    return WeChatCrypto(given["token"], given["encoding_aes_key"], given["corpid"])


def xml_of(parts: dict[str, Any]) -> str:
    """Nested parts as WeCom nests them; a list is the same part several times."""

    def one(name: str, value: Any) -> str:
        if isinstance(value, list):
            return "".join(one(name, each) for each in value)
        inner = (
            "".join(one(*each) for each in value.items()) if isinstance(value, dict) else escape(str(value))
        )
        return f"<{name}>{inner}</{name}>"

    return one("xml", parts)


def message(world: World, userid: str, **parts: Any) -> dict[str, Any]:
    """With what every message has."""
    usual = {
        "ToUserName": world.house.settings.wecom.corpid,
        "FromUserName": userid,
        "CreateTime": int(world.clock.now().timestamp()),
        "AgentID": world.house.settings.wecom.agentid,
    }
    return usual | parts


def typed(world: World, userid: str, text: str) -> dict[str, Any]:
    return message(world, userid, MsgType="text", Content=text, MsgId=next(_numbers))


def tapped(
    world: World, userid: str, task_id: str, key: str, chosen: str = "", code: str = ""
) -> dict[str, Any]:
    """A tap on a card, with what was chosen on it."""
    parts: dict[str, Any] = {
        "MsgType": "event",
        "Event": "template_card_event",
        "EventKey": key,
        "TaskId": task_id,
        "CardType": "button_interaction",
        "ResponseCode": code or _code(world, userid, task_id),
    }
    if chosen:
        item = {"QuestionKey": "reason", "OptionIds": {"OptionId": [chosen]}}
        parts["SelectedItems"] = {"SelectedItem": [item]}
    return message(world, userid, **parts)


def _code(world: World, userid: str, task_id: str) -> str:
    """A fresh one for the card that this member has got, as each tap has."""
    platform = world.town.sandbox.world
    got = platform.people.staff.get(userid)
    sent = [one.msgid for one in got.messages if one.task_id == task_id] if got else []
    return platform.card_code(sent[-1]) if sent else f"code-{next(_numbers)}"


class Sealed:
    """A callback as it travels: the query and the body."""

    def __init__(
        self, world: World, parts: dict[str, Any] | str, at: int | None = None, **other: str
    ) -> None:
        signed_at, nonce = str(at or int(world.clock.now().timestamp())), f"nonce{next(_numbers)}"
        text = parts if isinstance(parts, str) else xml_of(parts)
        envelope = xmltodict.parse(crypto(world, **other).encrypt_message(text, nonce, signed_at))["xml"]
        self.encrypted: str = envelope["Encrypt"]
        self.query = {"msg_signature": envelope["MsgSignature"], "timestamp": signed_at, "nonce": nonce}
        corpid = world.house.settings.wecom.corpid
        self.body = xml_of({"ToUserName": corpid, "AgentID": 1000002, "Encrypt": self.encrypted}).encode()

    async def sent_to(self, world: World, **query: str) -> Reply:
        """Through the doors of this house."""
        request = HTTPRequest(
            f"{world.url}{PATH}?{urlencode(self.query | query)}",
            method="POST",
            body=self.body,
            headers={"Content-Type": "text/xml"},
            request_timeout=30,
        )
        response = await world.client.fetch(request, raise_error=False)
        return Reply(response.code, response.headers, response.body or b"")


async def heard(world: World, parts: dict[str, Any]) -> str:
    """What WeCom is told to show the sender; empty where it is told that all is well."""
    reply = await Sealed(world, parts).sent_to(world)
    assert reply.status == 200, reply.body
    if reply.body == b"success":
        return ""
    sealed = xmltodict.parse(reply.body)["xml"]
    plain = crypto(world).decrypt_message(
        reply.body, sealed["MsgSignature"], sealed["TimeStamp"], sealed["Nonce"]
    )
    said = xmltodict.parse(plain)["xml"]
    assert (said["MsgType"], said["ToUserName"]) == ("text", parts["FromUserName"])
    return str(said["Content"])


def signature(world: World, *parts: str) -> str:
    signer = WeChatSigner()
    signer.add_data(world.house.settings.wecom.token, *parts)
    return str(signer.signature)
