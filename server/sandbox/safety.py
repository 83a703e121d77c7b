"""Content safety: the text check with a small word list, and the media check whose verdict never comes."""

import secrets
from typing import Any

from .api import OK, Answer, Call, mini
from .errors import Refused
from .quotas import day_of
from .words import HARMLESS, Finding, findings
from .world import World

ACTIVE_S = 2 * 3600
_LONGEST = 2_500
_SCENES = (1, 2, 3, 4)
_REMEMBERED_MEDIA = 10_000


@mini("POST", "/wxa/msg_sec_check")
def msg_sec_check(world: World, call: Call) -> Answer:
    """Version 2 only. Words of the list in content, title, nickname or signature make it risky or review."""
    content = call.body.get("content")
    if not isinstance(content, str) or not content or call.body.get("version") != 2:
        raise Refused(47001)
    if len(content) > _LONGEST:
        raise Refused(45002)
    _check_author(world, call)
    text = "\n".join(str(call.body.get(name, "")) for name in ("content", "title", "nickname", "signature"))
    return {**OK, "trace_id": _trace_id(world), **_verdict(findings(text))}


@mini("POST", "/wxa/media_check_async")
def media_check_async(world: World, call: Call) -> Answer:
    """Takes the order; the platform pushes `wxa_media_check` within half an hour, the sandbox never does."""
    url = call.body.get("media_url")
    if call.body.get("media_type") not in (1, 2):
        raise Refused(40004)
    if not isinstance(url, str) or not url.startswith("http") or call.body.get("version") != 2:
        raise Refused(47001)
    _check_author(world, call)
    _count_media(world, f"{day_of(world.now_s)} {url}")
    return {**OK, "trace_id": _trace_id(world)}


def _check_author(world: World, call: Call) -> None:
    if call.body.get("scene") not in _SCENES:
        raise Refused(40129)
    person = world.known(call.body.get("openid"))
    if person.foreign:
        raise Refused(43104)
    if world.now_s - person.logged_in_at > ACTIVE_S:
        raise Refused(61010)


def _count_media(world: World, name: str) -> None:
    if world.media[name] >= world.config.same_media_per_day:
        raise Refused(87020)
    world.media[name] += 1
    if len(world.media) > _REMEMBERED_MEDIA:
        del world.media[next(iter(world.media))]


def _verdict(found: list[Finding]) -> dict[str, Any]:
    """`result` is the decision, `detail` one line of the model and one for each word."""
    suggest, label = (found[0].suggest, found[0].label) if found else ("pass", HARMLESS)
    model = {"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90}
    words = [
        {
            "strategy": "keyword",
            "errcode": 0,
            "suggest": one.suggest,
            "label": one.label,
            "level": 90,
            "keyword": one.word,
        }
        for one in found
    ]
    return {"result": {"suggest": suggest, "label": label}, "detail": [model, *words]}


def _trace_id(world: World) -> str:
    return f"{int(world.now_s):08x}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
