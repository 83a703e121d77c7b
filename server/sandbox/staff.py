"""Staff: the slice of the WeCom API that their login and their messages use."""

import re
import secrets
from typing import Any

from .api import OK, Answer, Call, corp
from .codes import Code
from .errors import Refused
from .people import Message, Person
from .world import World

_CODE_FAULTS = {"unknown": 40029, "expired": 42003, "used": 42022}
_USERID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_MOST_RECEIVERS = 1_000


@corp("GET", "/cgi-bin/gettoken", token=False)
def gettoken(world: World, call: Call) -> Answer:
    """A repeat inside the validity gets the same token. A bad secret is 40001, unlike on the other host."""
    for name, missing, wrong in (("corpid", 41002, 40013), ("corpsecret", 41004, 40001)):
        if not call.query.get(name):
            raise Refused(missing)
        if call.query[name] != getattr(world.config, name):
            raise Refused(wrong)
    world.check_address(call.address, 60020)
    token = world.corp.fetch(world.now_s)
    return {**OK, "access_token": token.value, "expires_in": int(token.left_s(world.now_s))}


@corp("GET", "/cgi-bin/auth/getuserinfo")
def getuserinfo(world: World, call: Call) -> Answer:
    """A member's userid, with a ticket for the private scope; an outsider's openid."""
    code = _spent(world, call)
    if code.outsider:
        return {**OK, "openid": code.owner}
    if code.scope == "snsapi_privateinfo":
        return {**OK, "userid": code.owner, "user_ticket": secrets.token_urlsafe(48)}
    return {**OK, "userid": code.owner}


@corp("GET", "/cgi-bin/user/getuserinfo")
def old_getuserinfo(world: World, call: Call) -> Answer:
    """The retired path: the same facts under capitalised names."""
    code = _spent(world, call)
    return {**OK, "OpenId" if code.outsider else "UserId": code.owner, "DeviceId": secrets.token_hex(16)}


def _spent(world: World, call: Call) -> Code:
    if not call.query.get("code"):
        raise Refused(41008)
    code = world.codes.look("wecom", call.query["code"], world.now_s)
    if not isinstance(code, Code):
        raise Refused(_CODE_FAULTS[code])
    code.used = True
    return code


@corp("POST", "/cgi-bin/message/send")
def send(world: World, call: Call) -> Answer:
    """Partial success is errcode 0 with `invaliduser`; only when nobody can be reached it is 81013."""
    if type(call.body.get("agentid")) is not int or call.body["agentid"] != world.config.agentid:
        raise Refused(40056)
    names = [name for name in str(call.body.get("touser", "")).split("|") if name]
    if len(names) > _MOST_RECEIVERS:
        raise Refused(40035)
    content = _content(call.body)
    receivers, invalid = _receivers(world, names)
    if not receivers:
        raise Refused(81013)
    msgid = secrets.token_urlsafe(32)
    for person in receivers:
        world.deliver(person, _message(world, person, content, msgid))
    return {**OK, "invaliduser": "|".join(invalid), "invalidparty": "", "invalidtag": "", "msgid": msgid}


def _content(body: dict[str, Any]) -> dict[str, Any]:
    """The object named by msgtype."""
    content = body.get(str(body.get("msgtype")))
    if not isinstance(content, dict):
        raise Refused(40035)
    if not any(content.values()):
        raise Refused(44004)
    return {"msgtype": body["msgtype"], **content}


def _receivers(world: World, names: list[str]) -> tuple[list[Person], list[str]]:
    """Members to deliver to, and the lower-cased names of those who are none; a blocked member has left."""
    if names == ["@all"]:
        return [person for person in world.people.staff.values() if not person.blocked], []
    found, invalid = [], []
    for name in dict.fromkeys(names):
        person = world.people.member(name) if _USERID.fullmatch(name) else None
        if person is None or person.blocked:
            invalid.append(name.lower())
        else:
            found.append(person)
    return found, invalid


def _message(world: World, person: Person, content: dict[str, Any], msgid: str) -> Message:
    title = content.get("title") or _part(content, "main_title").get("title") or "应用消息"
    return Message(
        to=person.id,
        msgtype=str(content["msgtype"]),
        title=str(title),
        lines=_lines(content),
        url=str(content.get("url") or _part(content, "card_action").get("url") or ""),
        msgid=msgid,
        at=world.clock.now().isoformat(timespec="milliseconds"),
    )


def _lines(content: dict[str, Any]) -> list[str]:
    """What a person reads in the chat, whatever the kind of message."""
    headline = _part(content, "main_title").get("desc")
    texts = [content.get("content"), content.get("description"), headline, content.get("sub_title_text")]
    lines = [line for text in texts if text for line in str(text).splitlines()]
    table = content.get("horizontal_content_list")
    rows = [row for row in table if isinstance(row, dict)] if isinstance(table, list) else []
    return lines + [f"{row.get('keyname', '')}：{row.get('value', '')}" for row in rows]


def _part(content: dict[str, Any], name: str) -> dict[str, Any]:
    part = content.get(name)
    return part if isinstance(part, dict) else {}
