"""Twins of the facades where no platform is configured: they record what was asked and reach nobody.

Whoever a code belongs to cannot be known without the platform, so logins fail unless the people are given.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from server.gateways.wechat import LoginResult, Verdict, fitted
from server.gateways.wecom import notice
from server.gateways.wecom_directory import Department, Member, MemberLogin, PageSignature, Tag, TicketKind
from server.kit.platform import Action, OutsideCompany, PlatformDown, PlatformRefusal

T = TypeVar("T")
Call = tuple[str, dict[str, Any]]
ONE_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b5500"
    "00000a4944415478da63f80f00010101001cb08c990000000049454e44ae426082"
)


class NullWeChat:
    """`calls` holds (method, arguments) in order. `logins` and `phones` say what a code stands for."""

    rests_s = 0.0

    def __init__(
        self,
        *,
        logins: Mapping[str, LoginResult] | None = None,
        phones: Mapping[str, str] | None = None,
        verdict: Verdict = "review",
    ) -> None:
        self.calls: list[Call] = []
        self._logins = logins or {}
        self._phones = phones or {}
        self._verdict: Verdict = verdict

    async def code_to_session(self, code: str) -> LoginResult:
        self.calls.append(("code_to_session", {"code": code}))
        return _known("code_to_session", self._logins, code)

    async def phone_number(self, code: str, openid: str) -> str:
        self.calls.append(("phone_number", {"code": code, "openid": openid}))
        return _known("phone_number", self._phones, code)

    async def check_session(self, openid: str, session_key: str) -> None:
        self.calls.append(("check_session", {"openid": openid}))

    async def send_subscribe(
        self,
        openid: str,
        template_id: str,
        data: Mapping[str, str],
        page: str | None = None,
        *,
        state: str = "formal",
        lang: str = "zh_CN",
    ) -> str:
        asked = {"openid": openid, "template_id": template_id, "data": fitted(data), "page": page}
        self.calls.append(("send_subscribe", {**asked, "state": state, "lang": lang}))
        return ""

    async def check_text(self, openid: str, content: str, scene: int) -> Verdict:
        self.calls.append(("check_text", {"openid": openid, "content": content, "scene": scene}))
        return self._verdict

    async def wxacode(
        self,
        scene: str,
        page: str,
        *,
        check_path: bool = True,
        env_version: str = "release",
        width: int = 430,
    ) -> bytes:
        asked = {"scene": scene, "page": page, "check_path": check_path}
        self.calls.append(("wxacode", {**asked, "env_version": env_version, "width": width}))
        return ONE_PIXEL

    async def ping(self) -> None:
        self.calls.append(("ping", {}))

    async def close(self) -> None:
        self.calls.append(("close", {}))


class NullWeCom:
    """`members` says which userid a code stands for; an empty userid is somebody outside the company."""

    def __init__(self, *, members: Mapping[str, str] | None = None) -> None:
        self.calls: list[Call] = []
        self._members = members or {}

    async def userid_of(self, code: str) -> str:
        self.calls.append(("userid_of", {"code": code}))
        userid = _known("userid_of", self._members, code)
        if not userid:
            raise OutsideCompany("userid_of")
        return userid

    async def send_notice(self, agentid: int, userid: str, title: str, text: str, url: str = "") -> None:
        self.calls.append(("send_notice", {"agentid": agentid, "userid": userid} | notice(title, text, url)))

    async def send_card(self, agentid: int, userid: str, card: dict[str, Any]) -> str:
        self.calls.append(("send_card", {"agentid": agentid, "userid": userid, "card": card}))
        return ""

    async def member(self, userid: str) -> Member:
        raise PlatformDown("member", "not_configured")

    async def members(self) -> list[Member]:
        raise PlatformDown("members", "not_configured")

    async def departments(self) -> list[Department]:
        raise PlatformDown("departments", "not_configured")

    async def tags(self) -> list[Tag]:
        raise PlatformDown("tags", "not_configured")

    async def sign_page(self, kind: TicketKind, url: str) -> PageSignature:
        raise PlatformDown("ticket", "not_configured")

    async def login_of(self, js_code: str) -> MemberLogin:
        raise PlatformDown("login_of", "not_configured")

    async def update_card(self, agentid: int, userid: str, response_code: str, card: dict[str, Any]) -> None:
        asked = {"agentid": agentid, "userid": userid, "response_code": response_code, "card": card}
        self.calls.append(("update_card", asked))

    async def ping(self) -> None:
        self.calls.append(("ping", {}))

    async def close(self) -> None:
        self.calls.append(("close", {}))


def _known(api: str, answers: Mapping[str, T], code: str) -> T:
    if code not in answers:
        raise PlatformDown(api, "not_configured")
    return answers[code]


class NullPay:
    """Where no merchant is configured: nothing can be paid by WeChat, and who asks is told so."""

    async def prepay(
        self, out_trade_no: str, openid: str, total_fen: int, description: str, expires_at: datetime
    ) -> str:
        raise _no_pay("prepay")

    def client_params(self, prepay_id: str) -> dict[str, str]:
        raise _no_pay("client_params")

    async def query(self, out_trade_no: str) -> Any:
        raise _no_pay("query_order")

    async def close(self, out_trade_no: str) -> None:
        raise _no_pay("close_order")

    async def refund(
        self, out_refund_no: str, out_trade_no: str, refund_fen: int, total_fen: int, reason: str
    ) -> Any:
        raise _no_pay("refund")

    async def query_refund(self, out_refund_no: str) -> Any:
        raise _no_pay("query_refund")

    async def trade_bill(self, day: date) -> list[Any]:
        return []

    async def open_notification(self, headers: Mapping[str, str], body: bytes) -> Any:
        raise _no_pay("notification")

    async def ping(self) -> None: ...

    async def close_connections(self) -> None: ...


def _no_pay(api: str) -> PlatformRefusal:
    return PlatformRefusal(api, 0, "no merchant is configured", Action.config_alert)


class NullSms:
    """Where no provider of short messages is configured: nobody gets one, and who would send one asks `configured`."""

    configured = False

    async def send(self, phone: str, text: str, out_id: str) -> str:
        raise PlatformRefusal("send_sms", 0, "no provider is configured", Action.config_alert)

    async def ping(self) -> None: ...

    async def close(self) -> None: ...
