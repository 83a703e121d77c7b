"""Residents: wx.login codes, the session key behind a login, and phone numbers."""

import base64
import hashlib
import hmac
import re
from typing import Any

from .api import OK, Answer, Call, mini
from .codes import Code
from .credentials import check_app
from .errors import Refused
from .people import Person, new_session_key
from .world import World


@mini("GET", "/sns/jscode2session", token=False, content_type="text/plain")
def jscode2session(world: World, call: Call) -> Answer:
    """The platform answers success without errcode, as text/plain."""
    check_app(world, call.query, "authorization_code")
    if not call.query.get("js_code"):
        raise Refused(41008)
    code = _good(world.codes.look("login", call.query["js_code"], world.now_s))
    code.used = True
    person = world.people.subscriber(code.owner)
    if person.blocked:
        raise Refused(40226)
    return _session(world, person)


def _session(world: World, person: Person) -> dict[str, Any]:
    """A login keeps a living session key and makes a new one for a lapsed one."""
    if not person.session_key or world.session_is_old(person):
        person.session_key = new_session_key()
    person.session_used_at = person.logged_in_at = world.now_s
    world.store.changed()
    union = {"unionid": person.unionid} if person.unionid else {}
    return {"openid": person.id, "session_key": person.session_key, **union}


@mini("GET", "/wxa/checksession")
def checksession(world: World, call: Call) -> Answer:
    _signed_by(world, call)
    return OK


@mini("GET", "/wxa/resetusersessionkey")
def resetusersessionkey(world: World, call: Call) -> Answer:
    person = _signed_by(world, call)
    person.session_key = new_session_key()
    world.store.changed()
    return {**OK, "openid": person.id, "session_key": person.session_key}


def _signed_by(world: World, call: Call) -> Person:
    """The user whose session key signed the empty string."""
    if not all(call.query.get(name) for name in ("openid", "signature", "sig_method")):
        raise Refused(40097)
    if call.query["sig_method"] != "hmac_sha256":
        raise Refused(87008)
    person = world.known(call.query["openid"])
    wanted = signature(world.session_key(person), world.config.hmac_key == "bytes")
    if not hmac.compare_digest(wanted, call.query["signature"].encode()):
        raise Refused(87009)
    return person


def signature(session_key: str, as_bytes: bool) -> bytes:
    """Hex HMAC-SHA256 of the empty string; the page does not say which form of the key it is made with."""
    key = base64.b64decode(session_key) if as_bytes else session_key.encode()
    return hmac.new(key, b"", hashlib.sha256).hexdigest().encode()


@mini("POST", "/wxa/business/getuserphonenumber")
def getuserphonenumber(world: World, call: Call) -> Answer:
    """`openid` is optional; when given it must be the one the code was made for."""
    if not isinstance(call.body.get("code"), str):
        raise Refused(47001)
    code = _good(world.codes.look("phone", call.body["code"], world.now_s))
    if code.appid != world.config.appid:
        raise Refused(40013)
    if call.body.get("openid", code.owner) != code.owner:
        raise Refused(40029)
    code.used = True
    return {**OK, "phone_info": _phone_info(world, code.phone)}


def _phone_info(world: World, phone: str) -> dict[str, Any]:
    """`phoneNumber` carries the area code for foreign numbers only."""
    foreign = re.fullmatch(r"\+(\d{1,3}) (\d+)", phone)
    country, pure = (foreign[1], foreign[2]) if foreign else ("86", phone)
    return {
        "phoneNumber": pure if country == "86" else country + pure,
        "purePhoneNumber": pure,
        "countryCode": country,
        "watermark": {"timestamp": int(world.now_s), "appid": world.config.appid},
    }


def _good(found: Code | str) -> Code:
    if isinstance(found, Code):
        return found
    raise Refused(40029)
