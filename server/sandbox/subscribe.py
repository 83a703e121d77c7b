"""Subscribe messages: templates, credits and the rules a message must pass before it is delivered."""

import secrets
from typing import Any

from .api import OK, Answer, Call, mini
from .config import Template
from .errors import Refused
from .people import Message, Person, Result
from .values import fits
from .words import is_risky
from .world import World

PATH = "/cgi-bin/message/subscribe/send"
_STATES = ("developer", "trial", "formal")
_LANGUAGES = ("zh_CN", "en_US", "zh_HK", "zh_TW")


@mini("POST", PATH, one_at_a_time="touser")
def send(world: World, call: Call) -> Answer:
    person = world.known(call.body.get("touser"))
    template = world.templates.get(str(call.body.get("template_id")))
    if template is None:
        raise Refused(40037)
    _check_page(world, call.body.get("page", ""))
    values = _values(template, call.body.get("data"))
    state, lang = _options(call.body)
    if any(is_risky(value) for value in values.values()):
        raise Refused(45168)
    _spend(world, person, template)
    msgid = secrets.randbits(61)
    world.deliver(
        person,
        Message(
            to=person.id,
            template_id=template.template_id,
            title=template.title,
            data=values,
            lines=[f"{template.keys[key]}：{value}" for key, value in values.items()],
            page=call.body.get("page") or "",
            miniprogram_state=state,
            lang=lang,
            msgid=str(msgid),
            at=world.clock.now().isoformat(timespec="milliseconds"),
        ),
    )
    if world.config.tell_sent if world.mini.style.sent is None else world.mini.style.sent:
        item = {
            "TemplateId": template.template_id,
            "MsgID": str(msgid),
            "ErrorCode": 0,
            "ErrorStatus": "success",
        }
        world.mini.tell_later(person.id, "subscribe_msg_sent_event", [item])
    return {**OK, "msgid": msgid} if world.config.tell_msgid else OK


def answer_popup(world: World, openid: str, template: Template, result: Result, in_settings: bool) -> None:
    """What the person tapped: each accept is one more one-time send. A reject in the popup takes
    nothing away, one in the settings unsubscribes."""
    person = world.people.subscriber(openid)
    person.results[template.template_id] = result
    if template.kind == "one_time" and result == "accept":
        person.credits[template.template_id] = person.credits.get(template.template_id, 0) + 1
    elif in_settings and result == "reject":
        person.credits.pop(template.template_id, None)
    world.store.changed()


def _check_page(world: World, page: Any) -> None:
    if page and not (isinstance(page, str) and world.page_exists(page)):
        raise Refused(41030)


def _values(template: Template, data: Any) -> dict[str, str]:
    """The value of each declared key, or Refused 47003 naming the first missing, bad or undeclared key."""
    if not isinstance(data, dict):
        raise Refused(47001)
    for key in [*template.keys, *data]:
        item = data.get(key)
        value = item.get("value") if isinstance(item, dict) else None
        if key not in template.keys or not fits(key, value, template.choices.get(key, ())):
            raise Refused(47003, f"data.{key}.value invalid")
    return {key: data[key]["value"] for key in template.keys}


def _options(body: dict[str, Any]) -> tuple[str, str]:
    state, lang = body.get("miniprogram_state", "formal"), body.get("lang", "zh_CN")
    if state not in _STATES or lang not in _LANGUAGES:
        raise Refused(40097)
    return state, lang


def _spend(world: World, person: Person, template: Template) -> None:
    """One credit of a one-time template; nothing of a long-term one."""
    name = template.template_id
    if name in world.banned or person.results.get(name) == "ban":
        raise Refused(43107)
    if template.kind == "long_term":
        if person.results.get(name) != "accept":
            raise Refused(43101)
    elif person.credits.get(name, 0) < 1:
        raise Refused(43101)
    else:
        person.credits[name] -= 1
