"""The door for the mini-program's events: the platform's own sample, each form, and what must not come through."""

import hashlib
import json
import os
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wechatpy.crypto import WeChatCrypto

from server.gateways.wechat_callbacks import (
    MOST_BYTES,
    EventUnreadable,
    MiniCallbackDoor,
    Mode,
    NotFromWeChat,
)
from server.kit.errors import HoelunError
from server.sandbox.sealing import xml

FUZZED = settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
TOKEN, APPID, KEY = "AAAAA", "wxba5fad812f8e6fb9", "A" * 43
SEALED = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740X"
    "gXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL/P50F7m"
    "StwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
SAMPLE = {
    "signature": "6c5c811b55cc85e0e1b54100749188c20beb3f5d",
    "timestamp": "1714112445",
    "nonce": "415670741",
    "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
}
POPUP = {
    "ToUserName": "gh_demo",
    "FromUserName": "o-1",
    "CreateTime": 1714112445,
    "MsgType": "event",
    "Event": "subscribe_msg_popup_event",
}
ONE = {"TemplateId": "t-1", "SubscribeStatusString": "accept", "PopupScene": "0"}
OTHER = ONE | {"TemplateId": "t-2", "SubscribeStatusString": "reject"}


def door(mode: Mode = "secure", token: str = TOKEN, key: str = KEY, appid: str = APPID) -> MiniCallbackDoor:
    return MiniCallbackDoor(token, key, appid, mode)


def plain() -> dict[str, str]:
    return {
        "signature": "899cf89e464efb63f54ddac96b0a0a235f53aa78",
        "timestamp": "1714037059",
        "nonce": "486452656",
    }


def sealed(text: str, token: str = TOKEN, key: str = KEY, appid: str = APPID) -> tuple[dict[str, str], str]:
    """As the platform would seal it: the query and what stands for `Encrypt`."""
    whole = WeChatCrypto(token, key, appid).encrypt_message(text, SAMPLE["nonce"], SAMPLE["timestamp"])
    cut = whole.split("<Encrypt><![CDATA[")[1].split("]")[0]
    signature = whole.split("<MsgSignature><![CDATA[")[1].split("]")[0]
    return SAMPLE | {"msg_signature": signature}, cut


def test_the_platforms_sample_of_the_check_is_answered_in_every_mode() -> None:
    query = {
        "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
        "timestamp": "1714036504",
        "nonce": "1514711492",
        "echostr": "4375120948345356249",
    }
    modes: list[Mode] = ["plain", "compatible", "secure"]
    for mode in modes:
        assert door(mode).verify_url(query) == "4375120948345356249"
        for wrong in ({"signature": "0" * 40}, {"nonce": "1"}, {"timestamp": "1"}, {"signature": ""}):
            with pytest.raises(NotFromWeChat):
                door(mode).verify_url(query | wrong)


def test_the_platforms_sealed_sample_opens() -> None:
    body = json.dumps({"ToUserName": "gh_97417a04a28d", "Encrypt": SEALED}).encode()
    opened = door().open(SAMPLE, body)
    assert opened["FromUserName"] == "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"
    assert opened["debug_str"] == "hello world"


def test_the_platforms_plain_sample_is_taken_in_plain_mode_alone() -> None:
    body = b'{"ToUserName":"gh_97417a04a28d","MsgType":"event","Event":"debug_demo"}'
    assert door("plain").open(plain(), body)["Event"] == "debug_demo"
    others: list[Mode] = ["secure", "compatible"]
    for mode in others:
        with pytest.raises(NotFromWeChat):
            door(mode).open(plain(), body)


def forms(items: list[dict[str, str]]) -> list[str]:
    """The same event as the platform writes it."""
    alone = items[0] if len(items) == 1 else items
    return [
        json.dumps(POPUP | {"List": alone}),
        json.dumps(POPUP | {"List": items}),
        json.dumps(POPUP | {"CreateTime": "1714112445", "List": alone}),
        xml(POPUP | {"SubscribeMsgPopupEvent": {"List": items}}),
    ]


@pytest.mark.parametrize("items", [[ONE], [ONE, OTHER]])
def test_a_list_is_a_list_in_every_form_and_mode(items: list[dict[str, str]]) -> None:
    for text in forms(items):
        query, cut = sealed(text)
        bodies: list[tuple[Mode, dict[str, str], str]] = [
            ("plain", plain(), text),
            ("secure", query, json.dumps({"ToUserName": "gh_demo", "Encrypt": cut})),
            ("secure", query, xml({"ToUserName": "gh_demo", "Encrypt": cut})),
            ("compatible", query, json.dumps(POPUP | {"List": [], "Encrypt": cut})),
        ]
        for mode, signed, body in bodies:
            opened = door(mode).open(signed, body.encode())
            assert opened["List"] == items, (mode, body)
            assert str(opened["CreateTime"]) == "1714112445"


def test_in_compatible_mode_only_the_sealed_part_counts() -> None:
    """The plain part beside it is not signed."""
    query, cut = sealed(json.dumps(POPUP | {"List": ONE}))
    forged = POPUP | {"FromUserName": "o-somebody-else", "List": OTHER, "Encrypt": cut}
    opened = door("compatible").open(query, json.dumps(forged).encode())
    assert (opened["FromUserName"], opened["List"]) == ("o-1", [ONE])


@pytest.mark.parametrize("other", [{"token": "another"}, {"key": "B" * 43}, {"appid": "wxother"}])
def test_what_is_sealed_by_or_for_somebody_else_is_refused(other: dict[str, str]) -> None:
    query, cut = sealed("{}", **other)
    with pytest.raises(NotFromWeChat):
        door().open(query, json.dumps({"Encrypt": cut}).encode())


BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<xml><MsgType>&b;</MsgType></xml>"
)
FILE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><MsgType>&a;</MsgType></xml>'


NO_MESSAGES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b"<xml>",
    b"<a/>",
    b"<xml/>",
    BOMB.encode(),
    FILE.encode(),
    b"{" * 50_000,
    b'{"List":' + b"[" * 60_000,
    b"x" * (MOST_BYTES + 1),
    b"\xff\xfe",
    b"{\xff}",
]


@pytest.mark.parametrize("body", NO_MESSAGES)
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(EventUnreadable):
        door("plain").open(plain(), body)
    with pytest.raises(HoelunError):
        door("secure").open(SAMPLE, body)


@FUZZED
@given(
    body=st.binary(max_size=400), query=st.dictionaries(st.sampled_from(sorted(SAMPLE)), st.text(max_size=50))
)
def test_whatever_comes_is_opened_or_refused_by_name(body: bytes, query: dict[str, str]) -> None:
    modes: list[Mode] = ["plain", "compatible", "secure"]
    for mode in modes:
        for signed in (query, SAMPLE, plain()):
            _open(mode, signed, body)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
)
_names = st.sampled_from(
    ["List", "Encrypt", "SubscribeMsgPopupEvent", "SubscribeMsgSentEvent", "MsgType", "Event"]
)


@FUZZED
@given(fields=st.dictionaries(_names, _json))
def test_whatever_is_signed_is_opened_or_refused_by_name(fields: dict[str, Any]) -> None:
    text = json.dumps(fields)
    _open("plain", plain(), text.encode())
    query, cut = sealed(text)
    _open("secure", query, json.dumps({"Encrypt": cut}).encode())


def _open(mode: Mode, query: dict[str, str], body: bytes) -> None:
    try:
        opened = door(mode).open(query, body)
    except HoelunError:
        return
    items = opened.get("List", [])
    assert isinstance(items, list) and all(isinstance(one, dict) for one in items)


def test_the_plain_signature_is_of_token_time_and_nonce() -> None:
    told = plain()
    parts = sorted((TOKEN, told["timestamp"], told["nonce"]))
    assert hashlib.sha1("".join(parts).encode()).hexdigest() == told["signature"]
