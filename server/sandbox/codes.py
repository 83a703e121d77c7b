"""One-time codes: what wx.login, the phone button, WeCom's OAuth and wx.qy.login give: good for five minutes, once."""

import secrets
from typing import Any, Literal

from msgspec import Struct

LIFE_S = 300
_REMEMBERED = 100_000

Kind = Literal["login", "phone", "wecom", "wecom-login"]
Fault = Literal["unknown", "expired", "used"]


class Code(Struct, kw_only=True):
    """`owner` is an openid or a userid; `appid` the program it was made in; the rest where it applies."""

    value: str
    kind: Kind
    owner: str
    expires_at: float
    appid: str = ""
    phone: str = ""
    scope: str = ""
    outsider: bool = False
    used: bool = False


class Codes:
    def __init__(self) -> None:
        self._codes: dict[str, Code] = {}

    def issue(self, kind: Kind, owner: str, now_s: float, **more: Any) -> str:
        """A new code; `more` are further fields of Code."""
        value = "0" + secrets.token_hex(16 if kind == "login" else 32)
        self._codes[value] = Code(value=value, kind=kind, owner=owner, expires_at=now_s + LIFE_S, **more)
        if len(self._codes) > _REMEMBERED:
            del self._codes[next(iter(self._codes))]
        return value

    def look(self, kind: Kind, value: object, now_s: float) -> Code | Fault:
        """The code if it may be used now; using it is the caller's `code.used = True`."""
        code = self._codes.get(value) if isinstance(value, str) else None
        if code is None or code.kind != kind:
            return "unknown"
        if code.used:
            return "used"
        return code if now_s < code.expires_at else "expired"
