"""What WeCom's own pages and programs need: the tickets that pages are signed with, and the login of a mini-program.

Source: 获取企业的jsapi_ticket, 获取应用的jsapi_ticket, JS-SDK使用权限签名算法, 小程序 code2Session.
"""

import hashlib
import secrets
from typing import Literal

from .api import OK, Answer, Call, corp
from .codes import Code
from .errors import Refused
from .people import new_session_key
from .staff import CODE_FAULTS
from .tokens import LIFE_S, Token
from .world import World

TicketKind = Literal["config", "agent"]


@corp("GET", "/cgi-bin/get_jsapi_ticket")
def corp_ticket(world: World, call: Call) -> Answer:
    return _ticket(world, "config")


@corp("GET", "/cgi-bin/ticket/get")
def agent_ticket(world: World, call: Call) -> Answer:
    if call.query.get("type") != "agent_config":
        raise Refused(40058)
    return _ticket(world, "agent")


def _ticket(world: World, kind: str) -> Answer:
    """The same one for as long as it is good."""
    ticket = world.tickets.get(kind)
    if ticket is None or ticket.left_s(world.now_s) <= 0:
        ticket = world.tickets[kind] = Token(
            "kgt8ON7yVITDhtdwci0qe" + secrets.token_urlsafe(48), world.now_s + LIFE_S
        )
    return {**OK, "ticket": ticket.value, "expires_in": int(ticket.left_s(world.now_s))}


def judged(world: World, kind: TicketKind, url: str, noncestr: str, timestamp: str, signature: str) -> int:
    """What wx.config or wx.agentConfig would say to a page: 0, 40093 wrong, 42012 made with the other ticket."""
    for name, ticket in world.tickets.items():
        parts = {"jsapi_ticket": ticket.value, "noncestr": noncestr, "timestamp": timestamp, "url": url}
        if ticket.left_s(world.now_s) > 0 and signature_of(parts) == signature:
            return 0 if name == kind else 42012
    return 40093


def signature_of(parts: dict[str, str]) -> str:
    """The values are signed as they are, in the order of their names; of the address, what is before `#`."""
    plain = parts | {"url": parts["url"].partition("#")[0]}
    return hashlib.sha1("&".join(f"{name}={plain[name]}" for name in sorted(plain)).encode()).hexdigest()


@corp("GET", "/cgi-bin/miniprogram/jscode2session")
def jscode2session(world: World, call: Call) -> Answer:
    """A code of wx.qy.login: the member and the session key, by the token of the app linked to the program."""
    if not call.query.get("js_code"):
        raise Refused(41008)
    if call.query.get("grant_type") != "authorization_code":
        raise Refused(40058)
    code = world.codes.look("wecom-login", call.query["js_code"], world.now_s)
    if not isinstance(code, Code):
        raise Refused(CODE_FAULTS[code])
    code.used = True
    person = world.people.member(code.owner)
    if person.blocked or person.disabled:
        raise Refused(60111)
    person.session_key = person.session_key or new_session_key()
    world.store.changed()
    who = {"corpid": world.config.corpid, "userid": person.id, "session_key": person.session_key}
    return {**OK, **who}
