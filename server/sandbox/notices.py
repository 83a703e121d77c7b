"""What an app sends to the staff: who can be reached, what a message may hold, and what is dropped without a word."""

import hashlib
import secrets
from collections.abc import Callable
from typing import Any

import msgspec

from .api import OK, Answer, Call, corp
from .cards import checked, is_called_back, with_face
from .errors import Refused
from .people import Message, Person
from .receivers import check_agent, members_of, reachable
from .world import World

PATH = "/cgi-bin/message/send"
_MOST_RECEIVERS, _MOST_GROUPS = 1_000, 100
_LONGEST_CHECK_S = 4 * 3600
_REMEMBERED = 50_000
_TO_ONE_MEMBER = ((60, 30), (3_600, 1_000))
"""So many in so many seconds; what is more is dropped, and the answer still says ok."""

Fields = dict[str, Any]


@corp("POST", PATH)
def send(world: World, call: Call) -> Answer:
    """Partial success is errcode 0 with `invaliduser`; only when nobody can be reached it is 81013."""
    check_agent(world, call.body.get("agentid"))
    names, parties, tags = _groups(call.body)
    interval_s = _options(call.body)
    content = _content(world, call.body, names)
    receivers, no_names, no_parties, no_tags = _receivers(world, names, parties, tags)
    if not receivers:
        raise Refused(81013)
    licensed = [one for one in receivers if not one.unlicensed]
    world.counters.spend_receivers(len(licensed), world.config.accounts, world.now_s)
    answer = _invalid(no_names, no_parties, no_tags, [one for one in receivers if one.unlicensed])
    return answer | _deliver(world, content, licensed, interval_s)


def _deliver(world: World, content: Fields, receivers: list[Person], interval_s: int) -> Fields:
    """Its number, and the response code of a card that comes back."""
    msgid, code = secrets.token_urlsafe(32), ""
    if task_id := content.get("task_id"):
        world.task_ids.add(str(task_id))
    if is_card(content) and is_called_back(content):
        code = world.card_code(msgid)
    for person in receivers:
        if _gets(world, person, content, interval_s):
            world.deliver(person, _message(world, person, content, msgid, code))
    return {"msgid": msgid} | ({"response_code": code} if code else {})


def _invalid(names: list[str], parties: list[str], tags: list[str], unlicensed: list[Person]) -> Fields:
    answer = {**OK, "invaliduser": "|".join(names), "invalidparty": "|".join(parties)}
    answer["invalidtag"] = "|".join(tags)
    return answer | {"unlicenseduser": "|".join(one.id.lower() for one in unlicensed)}


def _groups(body: Fields) -> tuple[list[str], list[str], list[str]]:
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


_KINDS: dict[str, Callable[[World, Fields], Fields]] = {
    "text": _text,
    "textcard": _textcard,
    "markdown": _markdown,
    "miniprogram_notice": _program,
    "template_card": checked,
}


def _said(content: Fields, name: str, otherwise: int) -> str:
    text = content.get(name)
    if not isinstance(text, str) or not text:
        raise Refused(otherwise)
    return text


def _cut(text: str, most_bytes: int) -> str:
    return text.encode()[:most_bytes].decode(errors="ignore")


def is_card(content: Fields) -> bool:
    return content["msgtype"] == "template_card"


def _receivers(
    world: World, names: list[str], parties: list[str], tags: list[str]
) -> tuple[list[Person], list[str], list[str], list[str]]:
    if names == ["@all"]:
        return [one for one in world.members() if reachable(one)], [], [], []
    return members_of(world, names, parties, tags)


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


def _message(world: World, person: Person, content: Fields, msgid: str, code: str) -> Message:
    at = world.clock.now().isoformat(timespec="milliseconds")
    message = Message(
        to=person.id,
        msgtype=str(content["msgtype"]),
        title=str(content.get("title") or "应用消息"),
        lines=_lines(content),
        url=str(content.get("url") or ""),
        msgid=msgid,
        task_id=str(content.get("task_id") or ""),
        response_code=code,
        at=at,
    )
    if not is_card(content):
        return message
    return with_face(message, {name: part for name, part in content.items() if name != "msgtype"})


def _lines(content: Fields) -> list[str]:
    """What a person reads in the chat, whatever the kind of message."""
    texts = (content.get("content"), content.get("description"))
    return [line for text in texts if text for line in str(text).splitlines()]
