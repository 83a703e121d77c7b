"""Signatures and encryption of WeChat Pay v3, from the platform's side. Source: 签名与验签规则, 回调通知处理."""

import base64
import json
import os
import re
import secrets
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .pay_keys import PayKeys

SCHEME = "WECHATPAY2-SHA256-RSA2048"
_PAIR = re.compile(r'(\w+)="([^"]*)"')
_NEEDED = {"mchid", "nonce_str", "timestamp", "serial_no", "signature"}


class PaySeal:
    """`newer`: answers and notifications are signed with the public key's name instead of the certificate's serial."""

    def __init__(self, keys: PayKeys) -> None:
        self.keys = keys
        merchant = serialization.load_pem_private_key(keys.merchant_key.encode(), None)
        platform = serialization.load_pem_private_key(keys.platform_key.encode(), None)
        assert isinstance(merchant, rsa.RSAPrivateKey)
        assert isinstance(platform, rsa.RSAPrivateKey)
        self._merchant = merchant.public_key()
        self._platform = platform
        self.serial = f"{x509.load_pem_x509_certificate(keys.certificate.encode()).serial_number:X}"

    def is_merchants(self, authorization: str, method: str, path: str, body: str) -> bool:
        """Whether the merchant has signed this request. `path` has its query."""
        scheme, _, rest = authorization.partition(" ")
        told = dict(_PAIR.findall(rest))
        if scheme != SCHEME or not told.keys() >= _NEEDED:
            return False
        if (told["mchid"], told["serial_no"].upper()) != (self.keys.mchid, self.keys.merchant_serial):
            return False
        message = f"{method}\n{path}\n{told['timestamp']}\n{told['nonce_str']}\n{body}\n"
        return self._has_signed(message, told["signature"])

    def is_for_phone(self, appid: str, timestamp: str, nonce: str, package: str, signature: str) -> bool:
        """Whether the merchant has signed what wx.requestPayment was given."""
        return self._has_signed(f"{appid}\n{timestamp}\n{nonce}\n{package}\n", signature)

    def _has_signed(self, message: str, signature: str) -> bool:
        try:
            told = base64.b64decode(signature, validate=True)
            self._merchant.verify(told, message.encode(), padding.PKCS1v15(), hashes.SHA256())
        except (InvalidSignature, ValueError):
            return False
        return True

    def headers(self, body: bytes, seconds: float, *, newer: bool = True) -> dict[str, str]:
        """What an answer or a notification carries."""
        timestamp, nonce = str(int(seconds)), secrets.token_hex(16)
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        signature = self._platform.sign(message, padding.PKCS1v15(), hashes.SHA256())
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
            "Wechatpay-Signature-Type": SCHEME,
            "Wechatpay-Serial": self.keys.public_key_id if newer else self.serial,
        }

    def encrypted(self, plain: str, about: str) -> dict[str, str]:
        nonce = secrets.token_hex(6)
        cipher = AESGCM(self.keys.apiv3_key.encode())
        sealed = cipher.encrypt(nonce.encode(), plain.encode(), about.encode())
        return {
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": about,
            "nonce": nonce,
        }

    def notification(self, event_type: str, original_type: str, resource: dict[str, Any], at: str) -> bytes:
        sealed = self.encrypted(json.dumps(resource, ensure_ascii=False), original_type)
        envelope = {
            "id": str(os.urandom(16).hex()),
            "create_time": at,
            "resource_type": "encrypt-resource",
            "event_type": event_type,
            "summary": "支付成功" if original_type == "transaction" else "退款成功",
            "resource": sealed | {"original_type": original_type},
        }
        return json.dumps(envelope, ensure_ascii=False).encode()
