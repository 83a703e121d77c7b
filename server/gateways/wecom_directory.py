"""The company's directory, the signing of pages for its client, and its members' login in the mini-program.

Source: 读取成员, 获取部门列表, 获取部门成员详情, 获取标签成员, 获取企业/应用的jsapi_ticket, 小程序 code2Session. For most
of these wechatpy's own calls take the answer apart before it has come, so they are asked here by name.
"""

import asyncio
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

import msgspec
from msgspec import Struct
from wechatpy.work.client.api import WeChatJSAPI

from server.gateways.calls import Calls
from server.gateways.client import RENEW_BEFORE_S, AsyncClient
from server.gateways.facade import said_ok
from server.gateways.transport import NoAnswer
from server.kit.clock import Clock

T = TypeVar("T")
ACTIVE = 1
_WHOLE_COMPANY = 1
_AT_ONCE = 8
"""So many tags are asked for at a time."""

TicketKind = Literal["config", "agent"]
"""For wx.config, or for wx.agentConfig: one cannot stand for the other."""
_TICKETS: dict[TicketKind, tuple[str, dict[str, str]]] = {
    "config": ("get_jsapi_ticket", {}),
    "agent": ("ticket/get", {"type": "agent_config"}),
}


class Member(Struct, frozen=True, kw_only=True):
    """`status`: 1 active, 2 switched off, 4 not yet activated, 5 left."""

    userid: str
    name: str
    department: list[int] = []
    position: str = ""
    status: int = ACTIVE


class Department(Struct, frozen=True, kw_only=True):
    """`parentid` of the company itself is 0. An app made lately may get no `name`."""

    id: int
    parentid: int = 0
    name: str = ""
    order: int = 0


class Tag(Struct, frozen=True, kw_only=True):
    """`userids` have it themselves; `departments` with all their members."""

    id: int
    name: str
    userids: list[str]
    departments: list[int]


class PageSignature(Struct, frozen=True, kw_only=True):
    """What a page hands to wx.config or wx.agentConfig; `timestamp` in seconds."""

    kind: TicketKind
    timestamp: int
    noncestr: str
    signature: str


class MemberLogin(Struct, frozen=True, kw_only=True):
    """Behind a code of wx.qy.login. `session_key` never leaves the server."""

    userid: str
    corpid: str
    session_key: str


class _Members(Struct):
    userlist: list[Member]


class _Departments(Struct):
    department: list[Department]


class _TagName(Struct):
    tagid: int
    tagname: str


class _Tags(Struct):
    taglist: list[_TagName]


class _Carrier(Struct):
    userid: str


class _Carriers(Struct):
    tagname: str
    userlist: list[_Carrier]
    partylist: list[int] = []


class _TicketGiven(Struct):
    ticket: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class _Ticket:
    text: str
    use_until: datetime


class Directory:
    """Mixed into the gateway of an app. Every method raises PlatformRefusal and PlatformDown, and nothing else."""

    _client: AsyncClient
    _calls: Calls
    _clock: Clock

    def _open_directory(self, clock: Clock) -> None:
        self._clock = clock
        self._tickets: dict[TicketKind, _Ticket] = {}
        self._asking = asyncio.Lock()

    async def member(self, userid: str) -> Member:
        """Raises PlatformRefusal with `drop_recipient` for nobody, with `skip` outside of what the app may see."""
        return await self._read("member", "user/get", Member, {"userid": userid})

    async def members(self) -> list[Member]:
        """Everybody the app may see, each once."""
        asked = {"department_id": _WHOLE_COMPANY, "fetch_child": 1}
        found = (await self._read("members", "user/list", _Members, asked)).userlist
        return list({one.userid: one for one in found}.values())

    async def departments(self) -> list[Department]:
        return (await self._read("departments", "department/list", _Departments)).department

    async def tags(self) -> list[Tag]:
        """All tags with who has them. Raises PlatformRefusal with `resync_directory` when one has vanished meanwhile."""
        named = (await self._read("tags", "tag/list", _Tags)).taglist
        turns = asyncio.Semaphore(_AT_ONCE)

        async def carried(one: _TagName) -> Tag:
            async with turns:
                found = await self._read("tag", "tag/get", _Carriers, {"tagid": one.tagid})
            userids = [carrier.userid for carrier in found.userlist]
            return Tag(id=one.tagid, name=found.tagname, userids=userids, departments=found.partylist)

        return list(await asyncio.gather(*(carried(one) for one in named)))

    async def sign_page(self, kind: TicketKind, url: str) -> PageSignature:
        """For the page that is open at `url`, whatever stands behind `#`."""
        ticket = await self._ticket(kind)
        noncestr, timestamp = secrets.token_hex(8), int(self._clock.now().timestamp())
        signature = signed(ticket, noncestr, timestamp, url)
        return PageSignature(kind=kind, timestamp=timestamp, noncestr=noncestr, signature=signature)

    async def login_of(self, js_code: str) -> MemberLogin:
        """The member behind a code of wx.qy.login, which works once, by the app that the mini-program is linked to."""
        asked = {"js_code": js_code, "grant_type": "authorization_code"}
        return await self._read("login_of", "miniprogram/jscode2session", MemberLogin, asked, once=True)

    async def _ticket(self, kind: TicketKind) -> str:
        """The one in use; it is asked for sparingly, as the platform allows a hundred times an hour."""
        async with self._asking:
            held = self._tickets.get(kind)
            if held is None or self._clock.now() >= held.use_until:
                path, query = _TICKETS[kind]
                given = await self._read("ticket", path, _TicketGiven, query)
                lives = timedelta(seconds=given.expires_in - RENEW_BEFORE_S)
                held = self._tickets[kind] = _Ticket(given.ticket, self._clock.now() + lives)
            return held.text

    async def _read(
        self, api: str, path: str, kind: type[T], query: dict[str, Any] | None = None, once: bool = False
    ) -> T:
        async def ask() -> T:
            answer = await self._client.get(path, params=query or {})
            said_ok(answer)
            try:
                return msgspec.convert(answer, kind)
            except msgspec.ValidationError:
                raise NoAnswer("unreadable", sent=True) from None

        return await self._calls.call(api, ask, repeatable=not once)


def signed(ticket: str, noncestr: str, timestamp: int, url: str) -> str:
    """The signature of a page: wechatpy's, over the address without what stands behind `#`."""
    sign = WeChatJSAPI(None).get_jsapi_signature
    return str(sign(noncestr, ticket, timestamp, url.partition("#")[0]))
