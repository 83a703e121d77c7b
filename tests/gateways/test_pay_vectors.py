"""WeChat Pay as Tencent has published it: whoever made the vector, our code comes to the same.

The gateway draws its own nonces, so what it signs cannot be compared with what was printed. The sandbox's check stands
between: it takes what was printed, and then what the gateway has signed with the same key.
"""

import hashlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from msgspec.structs import replace
from tornado.web import Application, RequestHandler

from server.config import Pay as PaySettings
from server.gateways.calls import Retry
from server.gateways.pay import FRESH, Pay
from server.kit.clock import SettableClock
from server.kit.platform import NotificationRefused, PlatformDown
from server.sandbox import SandboxConfig, make_sandbox
from server.sandbox.pay_keys import PayKeys, make
from server.sandbox.pay_seal import PaySeal
from tests.gateways.published import (
    ANSWER,
    AUTHORIZATION,
    MERCHANT,
    NOTIFICATION,
    NOTIFIED,
    NOTIFIED_KEY,
    PAY_SIGN,
    Told,
)
from tests.gateways.scripted import served

MADE = replace(make(), mchid=MERCHANT.mchid, merchant_key=MERCHANT.key, merchant_serial=MERCHANT.serial)
SEAL = PaySeal(MADE)
APPID = SandboxConfig().appid
NOTIFIED_AT = datetime.fromtimestamp(int(NOTIFICATION.headers["Wechatpay-Timestamp"]), UTC)


def gateway(url: str, keys: PayKeys, clock: SettableClock) -> Pay:
    settings = PaySettings(
        base_url=url,
        mchid=keys.mchid,
        serial=keys.merchant_serial,
        apiv3_key=keys.apiv3_key,
        public_key_id=keys.public_key_id,
    )
    once = Retry(attempts=1)
    return Pay(settings, APPID, keys.merchant_key, keys.public_key, f"{url}/notify", clock=clock, retry=once)


@asynccontextmanager
async def at_sandbox(keys: PayKeys, clock: SettableClock) -> AsyncIterator[Pay]:
    """The gateway of the merchant, at a platform that has these keys."""
    sandbox = make_sandbox(SandboxConfig(pay=keys), clock)
    async with served(sandbox.application) as url:
        pay = gateway(url, keys, clock)
        try:
            yield pay
        finally:
            await pay.close_connections()
            sandbox.close()


# What the merchant signs.


def test_the_key_is_the_one_that_was_published() -> None:
    public = serialization.load_pem_private_key(MERCHANT.key.encode(), None).public_key()
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    assert hashlib.sha256(der).hexdigest() == MERCHANT.sha256


def test_the_published_request_is_the_merchants_and_no_other_is() -> None:
    header, path, body = AUTHORIZATION.header, AUTHORIZATION.path, AUTHORIZATION.body.decode()
    assert SEAL.is_merchants(header, "POST", path, body)
    assert not SEAL.is_merchants(header, "PUT", path, body)
    assert not SEAL.is_merchants(header, "POST", f"{path}?", body)
    assert not SEAL.is_merchants(header, "POST", path, body.replace(":100,", ":101,"))
    assert not SEAL.is_merchants(header, "POST", path, body.replace(":100,", ": 100,"))
    for name, other in (("1554208460", "1554208461"), ("593BEC0C", "593bec0c"), ("jnks4dlr", "jnks4dls")):
        assert not SEAL.is_merchants(header.replace(name, other), "POST", path, body), name


def test_the_published_signature_for_the_phone_is_of_these_four_alone() -> None:
    assert SEAL.is_for_phone(*PAY_SIGN)
    for spoilt in (
        PAY_SIGN._replace(appid=AUTHORIZATION.appid),
        PAY_SIGN._replace(timestamp="1554208461"),
        PAY_SIGN._replace(nonce=PAY_SIGN.nonce.lower()),
        PAY_SIGN._replace(package=PAY_SIGN.package.removeprefix("prepay_id=")),
        PAY_SIGN._replace(signature=PAY_SIGN.signature.replace("mI35", "mI36")),
    ):
        assert not SEAL.is_for_phone(*spoilt), spoilt


async def test_what_our_gateway_signs_passes_the_check_that_takes_the_published_signatures(
    clock: SettableClock,
) -> None:
    async with at_sandbox(MADE, clock) as pay:
        until = clock.now() + timedelta(minutes=15)
        prepay_id = await pay.prepay("P1", "resident-1", 100, "Image形象店-深圳腾大-QQ公仔", until)
        told = pay.client_params(prepay_id)
    assert SEAL.is_for_phone(APPID, told["timeStamp"], told["nonceStr"], told["package"], told["paySign"])


# What the platform signs.


class Answering(RequestHandler):
    """Gives every question the same answer, byte for byte."""

    def initialize(self, told: Told) -> None:
        self.told = told

    def get(self) -> None:
        for name, value in self.told.headers.items():
            self.set_header(name, value)
        self.finish(self.told.body)


async def heard(told: Told, clock: SettableClock) -> None:
    """Ask a platform that answers this. Raises PlatformDown for an answer that is not the platform's."""
    keys = replace(MADE, public_key=ANSWER.verified_with, public_key_id=ANSWER.headers["Wechatpay-Serial"])
    async with served(Application([("/.*", Answering, {"told": told})])) as url:
        pay = gateway(url, keys, clock)
        try:
            await pay.ping()
        finally:
            await pay.close_connections()


def spoilt(told: Told) -> Iterator[Told]:
    """The same with one thing altered, each in turn."""
    yield told._replace(body=told.body + b" ")
    yield told._replace(body=told.body.replace(b'{"', b'{ "', 1))
    nonce, signature = told.headers["Wechatpay-Nonce"], told.headers["Wechatpay-Signature"]
    later = str(int(told.headers["Wechatpay-Timestamp"]) + 1)
    for other in (
        {"Wechatpay-Timestamp": later},
        {"Wechatpay-Nonce": nonce.swapcase()},
        {"Wechatpay-Signature": signature.swapcase()},
        {"Wechatpay-Signature": f"WECHATPAY/SIGNTEST/{signature[19:]}"},
    ):
        yield told._replace(headers=told.headers | other)


async def test_the_published_answer_is_believed_and_an_altered_one_is_none(clock: SettableClock) -> None:
    await heard(ANSWER, clock)
    for wrong in spoilt(ANSWER):
        with pytest.raises(PlatformDown) as down:
            await heard(wrong, clock)
        assert down.value.reason == "unverified", wrong


def notified(apiv3_key: str = NOTIFIED_KEY) -> PayKeys:
    """Of a platform that hands out the published certificate, which is good until April 2031."""
    return replace(MADE, certificate=NOTIFICATION.verified_with, apiv3_key=apiv3_key)


async def test_the_published_notification_opens_with_the_certificate_that_the_platform_hands_out() -> None:
    async with at_sandbox(notified(), SettableClock(NOTIFIED_AT)) as pay:
        opened = await pay.open_notification(NOTIFICATION.headers, NOTIFICATION.body)
    assert (opened.id, opened.event_type) == (
        "3119dfba-e649-5eec-ab1e-3412bc4d2e17",
        "PAYSCORE.USER_OPEN_SERVICE",
    )
    assert opened.resource == NOTIFIED
    assert (opened.order, opened.refund) == (None, None)


async def test_the_published_notification_altered_late_or_of_another_signature_is_refused() -> None:
    clock = SettableClock(NOTIFIED_AT)
    async with at_sandbox(notified(), clock) as pay:
        await pay.open_notification(NOTIFICATION.headers, NOTIFICATION.body)
        other = {"Wechatpay-Signature-Type": "WECHATPAY2-SM2-WITH-SM3"}
        named_otherwise = NOTIFICATION._replace(headers=NOTIFICATION.headers | other)
        for wrong in (*spoilt(NOTIFICATION), named_otherwise):
            with pytest.raises(NotificationRefused) as refused:
                await pay.open_notification(wrong.headers, wrong.body)
            assert refused.value.why == "signature", wrong
        clock.set(NOTIFIED_AT + FRESH + timedelta(seconds=1))
        with pytest.raises(NotificationRefused) as refused:
            await pay.open_notification(NOTIFICATION.headers, NOTIFICATION.body)
        assert refused.value.why == "old"


@pytest.mark.parametrize(("apiv3_key", "opens"), [(NOTIFIED_KEY, True), ("testMchAPIv3Key1", False)])
async def test_the_published_notification_opens_with_its_own_apiv3_key_alone(
    apiv3_key: str, opens: bool
) -> None:
    """Verified with the public key of the certificate, for certificates come sealed with the same APIv3 key."""
    signer = x509.load_pem_x509_certificate(NOTIFICATION.verified_with.encode()).public_key()
    pem = signer.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    named = NOTIFICATION.headers["Wechatpay-Serial"]
    keys = replace(notified(apiv3_key), public_key=pem.decode(), public_key_id=named)
    async with at_sandbox(keys, SettableClock(NOTIFIED_AT)) as pay:
        try:
            opened = await pay.open_notification(NOTIFICATION.headers, NOTIFICATION.body)
        except NotificationRefused:
            assert not opens
        else:
            assert opens
            assert opened.resource == NOTIFIED
