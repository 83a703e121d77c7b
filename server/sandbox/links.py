"""Links that open the mini-program from outside WeChat: URL link and scheme, with their expiry rules."""

import secrets
from typing import Any

from .api import OK, Answer, Call, mini
from .errors import Refused
from .world import World

_DAYS = 30
_VERSIONS = ("release", "trial", "develop")


@mini("POST", "/wxa/generate_urllink")
def generate_urllink(world: World, call: Call) -> Answer:
    _check_target(world, call.body)
    _check_expiry(world, call.body)
    return {**OK, "url_link": f"https://wxaurl.cn/{secrets.token_urlsafe(8)}"}


@mini("POST", "/wxa/generatescheme")
def generatescheme(world: World, call: Call) -> Answer:
    target = call.body.get("jump_wxa") or {}
    if not isinstance(target, dict):
        raise Refused(47001)
    _check_target(world, target)
    if call.body.get("is_expire", True):
        _check_expiry(world, call.body)
    return {**OK, "openlink": f"weixin://dl/business/?t={secrets.token_urlsafe(8)}"}


def _check_target(world: World, target: dict[str, Any]) -> None:
    if not world.config.pages:
        raise Refused(85079)
    if target.get("env_version", "release") not in _VERSIONS:
        raise Refused(85402)
    if len(str(target.get("query", ""))) > 1_024:
        raise Refused(40097)
    if target.get("path") and not world.page_exists(str(target["path"]).lstrip("/")):
        raise Refused(40165)


def _check_expiry(world: World, body: dict[str, Any]) -> None:
    """`expire_type` 0 names a moment, 1 a number of days; both reach at most thirty days."""
    days = body.get("expire_interval", 1)
    if body.get("expire_type", 0) == 0:
        moment = body.get("expire_time", world.now_s + 86_400)
        days = (moment - world.now_s) / 86_400 if isinstance(moment, int | float) else 0
    if not isinstance(days, int | float) or not 0 < days <= _DAYS:
        raise Refused(85401)
