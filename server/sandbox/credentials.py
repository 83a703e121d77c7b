"""Token fetches of the mini-program host: appid and secret in, access_token out."""

from collections.abc import Mapping
from typing import Any

from .api import Answer, Call, mini
from .config import EXAMPLES
from .errors import Refused
from .tokens import Token
from .world import World


def check_app(world: World, given: Mapping[str, Any], grant_type: str) -> None:
    """The right appid, secret and grant_type, or Refused naming what is wrong."""
    appid, secret = given.get("appid"), given.get("secret")
    if not appid:
        raise Refused(41002)
    if appid != world.config.appid:
        raise Refused(40013)
    if not secret:
        raise Refused(41004)
    if secret != world.config.secret:
        raise Refused(40001 if str(secret).startswith(EXAMPLES["secret"]) else 40125)
    if given.get("grant_type") != grant_type:
        raise Refused(40002)


@mini("GET", "/cgi-bin/token", token=False)
def old_token(world: World, call: Call) -> Answer:
    """Every fetch replaces the token before it."""
    check_app(world, call.query, "client_credential")
    world.check_address(call.address, 40164)
    return _answer(world, world.old.fetch(world.now_s))


@mini("POST", "/cgi-bin/stable_token", token=False)
def stable_token(world: World, call: Call) -> Answer:
    """The same token for every caller, with what is left of its life."""
    check_app(world, call.body, "client_credential")
    world.check_address(call.address, 40164)
    force = call.body.get("force_refresh", False)
    if not isinstance(force, bool):
        raise Refused(47001)
    fetch = world.stable.force if force else world.stable.fetch
    return _answer(world, fetch(world.now_s))


def _answer(world: World, token: Token) -> Answer:
    return {"access_token": token.value, "expires_in": max(0, int(token.left_s(world.now_s)))}
