"""The door for WeCom's callbacks: the platform's own sample, and what must not come through."""

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from wechatpy.utils import WeChatSigner
from wechatpy.work.crypto import WeChatCrypto

from server.gateways.wecom_callbacks import MOST_BYTES, CallbackDoor, CallbackForged, CallbackUnreadable
from server.kit.clock import SettableClock

KEY, CORPID = "6qkdMrq68nTKduznJYO1A37W2oEgpkMUvkttRToqhUt", "ww1436e0e65a779aee"
TOKEN = "hJqcu3uJ9Tn2gXPmxx2w9kkCkCE2EPYo"
ECHOSTR = "fsi1xnbH4yQh0+PJxcOdhhK6TDXkjMyhEPA7xB2TGz6b+g7xyAbEkRxN/3cNXW9qdqjnoVzEtpbhnFyq6SVHyA=="
SAMPLE = {"timestamp": "1476416373", "nonce": "47744683", "echostr": ECHOSTR}
AT = ("1780000000", "n0nce")


def door(token: str = TOKEN, key: str = KEY, corpid: str = CORPID) -> CallbackDoor:
    return CallbackDoor(token, key, corpid, SettableClock(datetime(2026, 11, 26, tzinfo=UTC)))


def sealed(
    xml: str, token: str = TOKEN, key: str = KEY, corpid: str = CORPID
) -> tuple[dict[str, str], bytes]:
    """As the platform would send it: the query and the body."""
    crypto = WeChatCrypto(token, key, corpid)
    body = crypto.encrypt_message(xml, AT[1], AT[0])
    signature = body.split("<MsgSignature><![CDATA[")[1].split("]")[0]
    return {"msg_signature": signature, "timestamp": AT[0], "nonce": AT[1]}, body.encode()


@pytest.mark.parametrize(
    ("token", "signature"),
    [
        (TOKEN, "012bc692d0a58dd4b10f8dfe5c4ac00ae211ebeb"),
        ("xxxxxxx", "59dce1a653fc31a6f0472567199561e9336a8d0b"),
    ],
)
def test_the_platforms_sample_opens(token: str, signature: str) -> None:
    assert door(token).verify_url(SAMPLE | {"msg_signature": signature}) == "1288432023552776189"


def test_a_signature_of_another_token_is_refused() -> None:
    with pytest.raises(CallbackForged):
        door().verify_url(SAMPLE | {"msg_signature": "59dce1a653fc31a6f0472567199561e9336a8d0b"})
    with pytest.raises(CallbackForged):
        door().verify_url({})


def test_a_message_opens_and_a_reply_can_be_opened_by_the_platform() -> None:
    query, body = sealed("<xml><MsgType>text</MsgType><Content><![CDATA[待办 <1>]]></Content></xml>")
    assert door().open(query, body) == {"MsgType": "text", "Content": "待办 <1>"}

    reply = door().seal("<xml><Content>好</Content></xml>").decode()
    parts = {name: reply.split(f"<{name}>")[1].split(f"</{name}>")[0] for name in ("TimeStamp", "Nonce")}
    signature = reply.split("<MsgSignature><![CDATA[")[1].split("]")[0]
    nonce = parts["Nonce"].removeprefix("<![CDATA[").removesuffix("]]>")
    opened = WeChatCrypto(TOKEN, KEY, CORPID).decrypt_message(reply, signature, parts["TimeStamp"], nonce)
    assert "好" in opened


def signed(text: str) -> tuple[dict[str, str], bytes]:
    signer = WeChatSigner()
    signer.add_data(TOKEN, *AT, text)
    query = {"msg_signature": signer.signature, "timestamp": AT[0], "nonce": AT[1]}
    return query, f"<xml><Encrypt>{text}</Encrypt></xml>".encode()


@pytest.mark.parametrize(
    "made",
    [
        lambda: sealed("<xml><A>1</A></xml>", token="another"),
        lambda: sealed("<xml><A>1</A></xml>", key="A" * 43),
        lambda: sealed("<xml><A>1</A></xml>", corpid="wwother"),
        lambda: signed(base64.b64encode(b"x" * 32).decode()),
        lambda: signed("no base64!"),
        lambda: signed(""),
    ],
)
def test_what_is_not_the_platforms_is_refused(made: Any) -> None:
    query, body = made()
    with pytest.raises((CallbackForged, CallbackUnreadable)):
        door().open(query, body)


def test_a_changed_part_of_what_is_signed_is_refused() -> None:
    query, body = sealed("<xml><A>1</A></xml>")
    for name in query:
        with pytest.raises(CallbackForged):
            door().open(query | {name: query[name] + "1"}, body)


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><Encrypt>&a;</Encrypt></xml>'


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"<xml/>", b"<xml><Encrypt/></xml>", b"\xff\xfe", BOMB.encode()]
)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(CallbackUnreadable):
        door().open({"msg_signature": "", "timestamp": "1", "nonce": "1"}, body)


def test_an_entity_inside_the_seal_is_refused_too() -> None:
    for inner in (BOMB, "no xml", "<other/>"):
        query, body = sealed(inner)
        with pytest.raises(CallbackUnreadable):
            door().open(query, body)


def test_what_is_too_large_is_not_even_read() -> None:
    with pytest.raises(CallbackUnreadable):
        door().open({}, b"<xml>" + b" " * MOST_BYTES + b"</xml>")
