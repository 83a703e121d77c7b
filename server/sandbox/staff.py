"""Staff: the slice of the WeCom API that their login uses."""

import secrets

from .api import OK, Answer, Call, corp
from .codes import Code
from .errors import Refused
from .world import World

CODE_FAULTS = {"unknown": 40029, "expired": 42003, "used": 42022}


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


@corp("GET", "/cgi-bin/auth/getuserinfo", free=True)
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
        raise Refused(CODE_FAULTS[code])
    code.used = True
    return code
