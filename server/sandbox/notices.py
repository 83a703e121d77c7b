"""What an app sends to the staff: who can be reached, what a message may hold, and what is dropped without a word."""

import hashlib
import re
import secrets
from collections.abc import Callable
from typing import Any

import msgspec

from .api import OK, Answer, Call, corp
from .errors import Refused
from .people import Message, Person
from .world import World

PATH = "/cgi-bin/message/send"
_USERID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}")
_TASK_ID = re.compile(r"[0-9A-Za-z_@-]{1,128}")
_MOST_RECEIVERS, _MOST_GROUPS = 1_000, 100
_LONGEST_CHECK_S = 4 * 3600
_REMEMBERED = 50_000
_TO_ONE_MEMBER = ((60, 30), (3_600, 1_000))
"""So many in so many seconds; what is more is dropped, and the answer still says ok."""
_ANSWERED = frozenset({"button_interaction", "vote_interaction", "multiple_interaction"})
_CARDS = _ANSWERED | {"text_notice", "news_notice"}

Fields = dict[str, Any]


@corp("POST", PATH)
def send(world: World, call: Call) -> Answer:
    """Partial success is errcode 0 with `invaliduser`; only when nobody can be reached it is 81013."""
    _check_agent(world, call.body.get("agentid"))
    names, parties, tags = _groups(call.body)
    interval_s = _options(call.body)
    content = _content(world, call.body, names)
    receivers, invalid = _receivers(world, names)
    if not receivers:
        raise Refused(81013)
    msgid = secrets.token_urlsafe(32)
    for person in receivers:
        if _gets(world, person, content, interval_s):
            world.deliver(person, _message(world, person, content, msgid))
    answer = {**OK, "invaliduser": "|".join(invalid), "invalidparty": "|".join(parties)}
    answer |= {"invalidtag": "|".join(tags), "unlicenseduser": "", "msgid": msgid}
    return answer | ({"response_code": secrets.token_urlsafe(48)} if _answered(content) else {})


def _check_agent(world: World, agentid: Any) -> None:
    if agentid is None:
        raise Refused(41011)
    if type(agentid) is not int or agentid != world.config.agentid:
        raise Refused(40056)


def _groups(body: Fields) -> tuple[list[str], list[str], list[str]]:
    """Members, departments and tags; the sandbox has none of the last two, so they are all invalid."""
    members, parties, tags = (_names(body.get(one)) for one in ("touser", "toparty", "totag"))
    if len(members) > _MOST_RECEIVERS or len(parties) > _MOST_GROUPS or len(tags) > _MOST_GROUPS:
        raise Refused(40035)
    return members, parties, tags


def _names(given: Any) -> list[str]:
    if not isinstance(given, str | None):
        raise Refused(40035)
    return [name for name in (given or "").split("|") if name]


def _options(body: Fields) -> int:
    """For how many seconds the same message is not delivered twice; 0 where nobody asked for that."""
    for name in ("safe", "enable_id_trans", "enable_duplicate_check"):
        if body.get(name, 0) not in (0, 1):
            raise Refused(40035)
    interval = body.get("duplicate_check_interval", 1_800)
    if type(interval) is not int or not 0 < interval <= _LONGEST_CHECK_S:
        raise Refused(40035)
    return interval if body.get("enable_duplicate_check", 0) else 0


def _content(world: World, body: Fields, names: list[str]) -> Fields:
    """The object named by msgtype, within its limits: what is too long is cut or refused, as documented."""
    kind = str(body.get("msgtype"))
    content = body.get(kind)
    if not isinstance(content, dict) or kind not in _KINDS:
        raise Refused(40035)
    if not any(content.values()):
        raise Refused(44004)
    checked = _KINDS[kind](world, dict(content))
    if kind == "miniprogram_notice" and names == ["@all"]:
        raise Refused(40035)
    return {"msgtype": kind, **checked}


def _text(world: World, content: Fields) -> Fields:
    return {"content": _cut(_said(content, "content", 44004), 2_048)}


def _textcard(world: World, content: Fields) -> Fields:
    url = _said(content, "url", 40035)
    if len(url.encode()) > 2_048:
        raise Refused(45002)
    card = {"title": _said(content, "title", 40035)[:128], "url": url}
    card |= {"description": _said(content, "description", 40035)[:512]}
    return card | {"btntxt": str(content.get("btntxt") or "详情")[:4]}


def _markdown(world: World, content: Fields) -> Fields:
    text = _said(content, "content", 44004)
    if len(text.encode()) > 2_048:
        raise Refused(45002)
    return {"content": text}


def _program(world: World, content: Fields) -> Fields:
    items = content.get("content_item", [])
    if not isinstance(items, list) or len(items) > 10 or not content.get("appid"):
        raise Refused(40035)
    if not 4 <= len(_said(content, "title", 40035)) <= 12:
        raise Refused(40035)
    return content


def _card(world: World, content: Fields) -> Fields:
    """A card needs an app that has a callback address; its task_id is never used twice."""
    if not world.config.callback_url:
        raise Refused(43012)
    kind = content.get("card_type")
    if kind not in _CARDS:
        raise Refused(42031)
    if kind not in _ANSWERED and not _part(content, "card_action"):
        raise Refused(42045)
    task_id = content.get("task_id")
    if kind in _ANSWERED or task_id is not None:
        fresh = isinstance(task_id, str) and _TASK_ID.fullmatch(task_id) and task_id not in world.task_ids
        if not fresh:
            raise Refused(42014)
        world.task_ids.add(str(task_id))
    return content


_KINDS: dict[str, Callable[[World, Fields], Fields]] = {
    "text": _text,
    "textcard": _textcard,
    "markdown": _markdown,
    "miniprogram_notice": _program,
    "template_card": _card,
}


def _said(content: Fields, name: str, otherwise: int) -> str:
    text = content.get(name)
    if not isinstance(text, str) or not text:
        raise Refused(otherwise)
    return text


def _cut(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode(errors="ignore")


def _answered(content: Fields) -> bool:
    return content.get("card_type") in _ANSWERED


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


def _gets(world: World, person: Person, content: Fields, interval_s: int) -> bool:
    """Whether it reaches this member: not the same again, and not too many."""
    now_s, digest = world.now_s, hashlib.sha256(msgspec.json.encode(content)).hexdigest()
    key = f"{person.id} {digest}"
    if interval_s and now_s - world.sent_before.get(key, float("-inf")) < interval_s:
        return False
    lately = [at for at in world.sent_to.get(person.id, []) if now_s - at < _TO_ONE_MEMBER[-1][0]]
    world.sent_to[person.id] = lately
    if any(sum(1 for at in lately if now_s - at < span_s) >= most for span_s, most in _TO_ONE_MEMBER):
        return False
    lately.append(now_s)
    world.sent_before[key] = now_s
    if len(world.sent_before) > _REMEMBERED:
        del world.sent_before[next(iter(world.sent_before))]
    return True


def _message(world: World, person: Person, content: Fields, msgid: str) -> Message:
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


def _lines(content: Fields) -> list[str]:
    """What a person reads in the chat, whatever the kind of message."""
    headline = _part(content, "main_title").get("desc")
    texts = [content.get("content"), content.get("description"), headline, content.get("sub_title_text")]
    lines = [line for text in texts if text for line in str(text).splitlines()]
    table = content.get("horizontal_content_list")
    rows = [row for row in table if isinstance(row, dict)] if isinstance(table, list) else []
    return lines + [f"{row.get('keyname', '')}：{row.get('value', '')}" for row in rows]


def _part(content: Fields, name: str) -> Fields:
    part = content.get(name)
    return part if isinstance(part, dict) else {}
