"""Control calls under /_control: what a phone, a console or an accident would do, done by a test or the demo.

They belong to the sandbox alone. A bad body is 422 with the field in the message.
"""

import inspect
from datetime import timedelta
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from tornado.web import RequestHandler

from .api import last_values
from .controls import Control, Name, Nothing, Reply, Unknown
from .corp_control import CORP_CONTROLS
from .crowd_control import CROWD_CONTROLS
from .faults import Fault
from .mini_control import MINI_CONTROLS
from .pay_doors import PAY_CONTROLS
from .pay_sheet import SHEET
from .payee import PAYEE_CONTROLS
from .people import Result
from .post_office import POST_OFFICE_CONTROLS
from .sms_control import SMS_CONTROLS
from .subscribe import answer_popup
from .world import World


class LoginCode(Struct, forbid_unknown_fields=True):
    openid: Name


class PhoneCode(Struct, forbid_unknown_fields=True):
    """`phone` is a mainland number or `+852 61234567`; another `appid` makes a code of another program."""

    openid: Name
    phone: Annotated[str, Meta(pattern=r"^(\d{5,15}|\+\d{1,3} \d{4,14})$")]
    appid: str = ""


class StaffCode(Struct, forbid_unknown_fields=True):
    """`outsider` makes it the code of somebody who is no member; `userid` then is an openid."""

    userid: Name
    scope: Literal["snsapi_base", "snsapi_privateinfo"] = "snsapi_base"
    outsider: bool = False


class Popup(Struct, forbid_unknown_fields=True):
    """`where` settings is the switch in the profile of the mini-program, popup what a page asked for."""

    openid: Name
    template_id: str
    result: Result
    where: Literal["popup", "settings"] = "popup"


class About(Struct):
    openid: str = ""
    userid: str = ""


class Change(Struct, forbid_unknown_fields=True):
    """`blocked`: a risk user, or a member who left. `foreign`: of another appid. `session_lost`: no key.
    `hidden`: outside of what the app may see. `unlicensed`: nobody has paid for them."""

    openid: str = ""
    userid: str = ""
    blocked: bool | UnsetType = UNSET
    hidden: bool | UnsetType = UNSET
    unlicensed: bool | UnsetType = UNSET
    foreign: bool | UnsetType = UNSET
    unionid: str | UnsetType = UNSET
    session_lost: bool = False


class Ban(Struct, forbid_unknown_fields=True):
    template_id: str
    banned: bool


class Advance(Struct, forbid_unknown_fields=True):
    advance_s: Annotated[float, Meta(ge=0)]


def login_code(world: World, ask: LoginCode) -> Reply:
    world.people.subscriber(ask.openid)
    return {"code": world.codes.issue("login", ask.openid, world.now_s)}


def phone_code(world: World, ask: PhoneCode) -> Reply:
    appid = ask.appid or world.config.appid
    world.people.subscriber(ask.openid)
    return {"code": world.codes.issue("phone", ask.openid, world.now_s, phone=ask.phone, appid=appid)}


def staff_code(world: World, ask: StaffCode) -> Reply:
    if not ask.outsider:
        world.people.member(ask.userid)
    more = {"scope": ask.scope, "outsider": ask.outsider}
    return {"code": world.codes.issue("wecom", ask.userid, world.now_s, **more)}


def app(world: World, ask: Nothing) -> Reply:
    config = world.config
    names = ("appid", "secret", "corpid", "agentid", "corpsecret", "web_base", "pages", "allowed_ips")
    templates = msgspec.to_builtins(config.templates)
    return {**{name: getattr(config, name) for name in names}, "templates": templates}


def messages(world: World, ask: About) -> Reply:
    """Newest last. `sent` also counts those no longer kept."""
    shelf, name = (world.people.staff, ask.userid) if ask.userid else (world.people.subscribers, ask.openid)
    person = shelf.get(name)
    items = [_full(message) for message in person.messages] if person else []
    return {"items": items, "sent": person.sent if person else 0}


def _full(message: Struct) -> dict[str, Any]:
    """All fields, also the empty ones."""
    return {name: getattr(message, name) for name in message.__struct_fields__}


async def subscribe(world: World, ask: Popup) -> Reply:
    """Answered when the app was told."""
    template = world.templates.get(ask.template_id)
    if template is None:
        raise Unknown(f"template_id: no template {ask.template_id}")
    in_settings = ask.where == "settings"
    answer_popup(world, ask.openid, template, ask.result, in_settings)
    item = {"TemplateId": ask.template_id, "SubscribeStatusString": ask.result}
    if in_settings and ask.result == "reject":
        await world.mini.tell(ask.openid, "subscribe_msg_change_event", [item])
    elif not in_settings and ask.result in ("accept", "reject"):
        await world.mini.tell(ask.openid, "subscribe_msg_popup_event", [item | {"PopupScene": 0}])
    return credits_of(world, About(openid=ask.openid))


def credits_of(world: World, ask: About) -> Reply:
    """`credits` of one-time templates; `subscribed` lists the long-term ones that were accepted."""
    person = world.people.subscribers.get(ask.openid)
    results = dict(person.results) if person else {}
    long_term = [name for name, one in world.templates.items() if one.kind == "long_term"]
    return {
        "openid": ask.openid,
        "credits": dict(person.credits) if person else {},
        "results": results,
        "subscribed": [name for name in long_term if results.get(name) == "accept"],
    }


def change_user(world: World, ask: Change) -> Reply:
    if bool(ask.openid) == bool(ask.userid):
        raise Unknown("openid: either an openid or a userid is needed")
    person = world.people.subscriber(ask.openid) if ask.openid else world.people.member(ask.userid)
    for name in ("blocked", "foreign", "unionid", "hidden", "unlicensed"):
        if (value := getattr(ask, name)) is not UNSET:
            setattr(person, name, value)
    if ask.session_lost:
        person.session_key = ""
    world.store.changed()
    return {"blocked": person.blocked, "foreign": person.foreign, "unionid": person.unionid}


def ban_template(world: World, ask: Ban) -> Reply:
    if ask.template_id not in world.templates:
        raise Unknown(f"template_id: no template {ask.template_id}")
    (world.banned.add if ask.banned else world.banned.discard)(ask.template_id)
    return {"banned": sorted(world.banned)}


def add_fault(world: World, fault: Fault) -> Reply:
    fault.path = fault.path if fault.path == "*" else "/" + fault.path.lstrip("/")
    if fault.path != "*" and fault.path not in world.paths:
        raise Unknown(f"path: the sandbox has no call {fault.path}")
    if fault.times < 1:
        raise Unknown("times: at least 1")
    world.faults.add(fault)
    return faults(world, Nothing())


def clear_faults(world: World, ask: Nothing) -> Reply:
    world.faults.clear()
    return faults(world, ask)


def faults(world: World, ask: Nothing) -> Reply:
    return {"waiting": msgspec.to_builtins(world.faults.waiting)}


def advance(world: World, ask: Advance) -> Reply:
    world.clock.advance(timedelta(seconds=ask.advance_s))
    return {"now": world.clock.now().isoformat(timespec="milliseconds")}


def stats(world: World, ask: Nothing) -> Reply:
    """`calls` and `refusals` (errcode by errcode) of each path; everybody known; messages delivered."""
    people = world.people
    return {
        "calls": dict(world.calls),
        "refusals": {
            path: {str(code): codes[code] for code in codes} for path, codes in world.refusals.items()
        },
        "subscribers": len(people.subscribers),
        "staff": len(people.staff),
        "messages": sum(person.sent for person in people.subscribers.values()),
        "staff_messages": sum(person.sent for person in people.staff.values()),
    }


CONTROLS: tuple[Control, ...] = (
    *CORP_CONTROLS,
    *CROWD_CONTROLS,
    *MINI_CONTROLS,
    *PAY_CONTROLS,
    SHEET,
    *PAYEE_CONTROLS,
    *POST_OFFICE_CONTROLS,
    *SMS_CONTROLS,
    Control("POST", "/_control/codes", LoginCode, login_code),
    Control("POST", "/_control/phone-codes", PhoneCode, phone_code),
    Control("POST", "/_control/wecom-codes", StaffCode, staff_code),
    Control("GET", "/_control/app", Nothing, app),
    Control("GET", "/_control/messages", About, messages),
    Control("POST", "/_control/subscribe", Popup, subscribe),
    Control("GET", "/_control/credits", About, credits_of),
    Control("POST", "/_control/users", Change, change_user),
    Control("POST", "/_control/templates", Ban, ban_template),
    Control("GET", "/_control/faults", Nothing, faults),
    Control("POST", "/_control/faults", Fault, add_fault),
    Control("DELETE", "/_control/faults", Nothing, clear_faults),
    Control("POST", "/_control/clock", Advance, advance),
    Control("GET", "/_control/stats", Nothing, stats),
)


class ControlHandler(RequestHandler):
    def initialize(self, controls: dict[str, Control], world: World) -> None:
        self.controls = controls
        self.world = world

    async def handle(self) -> None:
        control = self.controls.get(self.request.method or "")
        if control is None:
            self.refuse(405, "method_not_allowed", f"one of {sorted(self.controls)}")
            return
        try:
            reply = control.work(self.world, self.read(control))
            self.reply(200, await reply if inspect.isawaitable(reply) else reply)
        except (msgspec.MsgspecError, RecursionError, Unknown) as error:
            self.refuse(422, "invalid", str(error))

    get = post = put = patch = delete = handle

    def read(self, control: Control) -> Struct:
        if control.method == "POST":
            return msgspec.json.decode(self.request.body, type=control.asks)
        return msgspec.convert(last_values(self.request.query_arguments), control.asks, strict=False)

    def refuse(self, status: int, code: str, message: str) -> None:
        self.reply(status, {"error": {"code": code, "message": message}})

    def reply(self, status: int, body: Reply) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(msgspec.json.encode(body))
