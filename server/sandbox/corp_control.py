"""Control calls for WeCom: what its members and its console do, told to the app's callback address as WeCom tells it.

What is told is answered for after it was delivered or given up: see Delivery.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from . import members
from .callbacks import Delivery
from .config import Department, Tag
from .controls import Control, Name, Nothing, Reply, Unknown
from .people import Person
from .tickets import TicketKind, judged
from .world import WHOLE_COMPANY, World

Number = Annotated[int, Meta(ge=1, lt=1 << 32)]


class Address(Struct, forbid_unknown_fields=True):
    """Where callbacks go; empty: nowhere."""

    url: str


class Tap(Struct, forbid_unknown_fields=True):
    userid: Name
    task_id: Name
    key: str
    selected: dict[str, list[str]] = {}


class Text(Struct, forbid_unknown_fields=True):
    userid: Name
    text: Annotated[str, Meta(min_length=1, max_length=2_048)]


class Entry(Struct, forbid_unknown_fields=True):
    userid: Name


class Contact(Struct, forbid_unknown_fields=True):
    """A member; `department` and `tags` by their numbers, which come into being with it. Tags are told in events of
    their own, as WeCom does."""

    change: Literal["create_user", "update_user", "delete_user"]
    userid: Name
    name: str | UnsetType = UNSET
    department: Annotated[list[Number], Meta(min_length=1)] | UnsetType = UNSET
    tags: list[Number] | UnsetType = UNSET
    position: str | UnsetType = UNSET
    disabled: bool | UnsetType = UNSET


class Party(Struct, forbid_unknown_fields=True):
    change: Literal["create_party", "update_party", "delete_party"]
    id: Number
    name: str | UnsetType = UNSET
    parentid: Number | UnsetType = UNSET


class Label(Struct, forbid_unknown_fields=True):
    """The departments that have a tag from now on; members get theirs by Contact."""

    id: Number
    name: str | UnsetType = UNSET
    departments: list[Number] | UnsetType = UNSET


class Signature(Struct, forbid_unknown_fields=True):
    """What a page hands to wx.config or wx.agentConfig."""

    kind: TicketKind
    url: str
    noncestr: str
    timestamp: str
    signature: str


async def set_callback(world: World, ask: Address) -> Reply:
    """The address is asked as WeCom's console does, and not taken when it does not answer rightly."""
    if ask.url and (problem := await world.callbacks.check(ask.url)):
        raise Unknown(f"url: {problem}")
    world.callbacks.url = ask.url
    return {"url": ask.url}


def callbacks(world: World, ask: Nothing) -> Reply:
    return {"url": world.callbacks.url, "items": [_told(one) for one in world.callbacks.deliveries]}


def _told(sent: Delivery) -> Reply:
    """All fields, also the empty ones."""
    return {name: getattr(sent, name) for name in sent.__struct_fields__}


def _address_is_set(world: World) -> None:
    if not world.callbacks.url:
        raise Unknown("callback: the app has no callback address")


async def taps(world: World, ask: Tap) -> Reply:
    _address_is_set(world)
    try:
        return _told(await members.tap(world, ask.userid, ask.task_id, ask.key, ask.selected))
    except members.NotThere as error:
        raise Unknown(str(error)) from error


async def texts(world: World, ask: Text) -> Reply:
    _address_is_set(world)
    return _told(await members.write(world, ask.userid, ask.text))


async def entries(world: World, ask: Entry) -> Reply:
    _address_is_set(world)
    return _told(await members.enter(world, ask.userid))


async def again(world: World, ask: Nothing) -> Reply:
    """What was told last is told once more, as when WeCom has missed the answer."""
    if not world.callbacks.deliveries:
        raise Unknown("nothing was told yet")
    return _told(await world.callbacks.send(world.callbacks.deliveries[-1].fields))


def login_code(world: World, ask: Entry) -> Reply:
    """What wx.qy.login gives a member in the mini-program inside WeCom."""
    world.people.member(ask.userid)
    return {"code": world.codes.issue("wecom-login", ask.userid, world.now_s)}


def signatures(world: World, ask: Signature) -> Reply:
    return {"errcode": judged(world, ask.kind, ask.url, ask.noncestr, ask.timestamp, ask.signature)}


# The directory.


async def contacts(world: World, ask: Contact) -> Reply:
    _known_numbers(world, ask)
    change = _CHANGES[ask.change](world, ask)
    told = [change] if change else []
    person = world.people.staff[ask.userid]
    if ask.tags is not UNSET:
        told += _tag_changes(person, ask.tags)
        person.tags = sorted(ask.tags)
    world.store.changed()
    return await _tell(world, told)


def _known_numbers(world: World, ask: Contact) -> None:
    if ask.change != "create_user" and ask.userid not in world.people.staff:
        raise Unknown(f"userid: no member {ask.userid}")
    for number in set(ask.department or ()) - world.directory.departments.keys():
        world.directory.departments[number] = Department(id=number, name=f"部门{number}")
    for number in set(ask.tags or ()) - world.directory.tags.keys():
        world.directory.tags[number] = Tag(id=number, name=f"标签{number}")


def _came(world: World, ask: Contact) -> Reply:
    person = world.people.member(ask.userid)
    person.blocked, person.tags = False, []
    _changed(world, ask)
    person.name = person.name or person.id
    person.department = person.department or [WHOLE_COMPANY]
    return {"ChangeType": "create_user", "UserID": person.id, **_facts(person)}


def _facts(person: Person) -> Reply:
    return {
        "Name": person.name,
        "Department": _joined(person.department),
        "MainDepartment": person.department[0],
        "Position": person.position,
        "Status": 2 if person.disabled else 1,
    }


def _changed(world: World, ask: Contact) -> Reply:
    """Only what is another now is told, and nothing where nothing is."""
    person = world.people.staff[ask.userid]
    before = _facts(person)
    for name in ("name", "department", "position", "disabled"):
        if (value := getattr(ask, name)) is not UNSET:
            setattr(person, name, value)
    news = {name: value for name, value in _facts(person).items() if before[name] != value}
    return {"ChangeType": "update_user", "UserID": person.id, **news} if news else {}


def _left(world: World, ask: Contact) -> Reply:
    world.people.staff[ask.userid].blocked = True
    return {"ChangeType": "delete_user", "UserID": ask.userid}


_CHANGES = {"create_user": _came, "update_user": _changed, "delete_user": _left}


def _tag_changes(person: Person, tags: list[int]) -> list[Reply]:
    before, after = set(person.tags), set(tags)
    more = [{"TagId": one, "AddUserItems": person.id} for one in sorted(after - before)]
    less = [{"TagId": one, "DelUserItems": person.id} for one in sorted(before - after)]
    return [{"ChangeType": "update_tag", **one} for one in more + less]


async def parties(world: World, ask: Party) -> Reply:
    shelf = world.directory.departments
    if (ask.id in shelf) == (ask.change == "create_party"):
        raise Unknown(f"id: department {ask.id} is {'there' if ask.id in shelf else 'not there'}")
    if ask.parentid is not UNSET and ask.parentid not in shelf:
        raise Unknown(f"parentid: no department {ask.parentid}")
    if ask.change == "delete_party":
        return await _tell(world, [_dissolved(world, ask.id)])
    news: dict[str, Any] = {
        name: value for name in ("name", "parentid") if (value := getattr(ask, name)) is not UNSET
    }
    old = shelf.get(ask.id) or Department(id=ask.id, name=f"部门{ask.id}")
    shelf[ask.id] = msgspec.structs.replace(old, **news)
    fields: Reply = {"ChangeType": ask.change, "Id": ask.id}
    if ask.change == "create_party" or "name" in news:
        fields["Name"] = shelf[ask.id].name
    if ask.change == "create_party" or "parentid" in news:
        fields["ParentId"] = shelf[ask.id].parentid
    return await _tell(world, [fields])


def _dissolved(world: World, number: int) -> Reply:
    """As the platform, only one that is empty."""
    inside = [one.id for one in world.members() if number in one.department]
    below = world.directory.below(number) - {number}
    if inside or below or number == WHOLE_COMPANY:
        raise Unknown(f"id: department {number} is not empty")
    del world.directory.departments[number]
    return {"ChangeType": "delete_party", "Id": number}


async def tags(world: World, ask: Label) -> Reply:
    shelf = world.directory.tags
    old = shelf.get(ask.id) or Tag(id=ask.id, name=f"标签{ask.id}")
    wanted = old.departments if ask.departments is UNSET else tuple(sorted(ask.departments))
    if missing := set(wanted) - world.directory.departments.keys():
        raise Unknown(f"departments: no department {sorted(missing)}")
    name = old.name if ask.name is UNSET else ask.name
    shelf[ask.id] = Tag(id=ask.id, name=name, departments=wanted)
    more, less = set(wanted) - set(old.departments), set(old.departments) - set(wanted)
    items = {"AddPartyItems": _joined(sorted(more)), "DelPartyItems": _joined(sorted(less))}
    news = {key: value for key, value in items.items() if value}
    return await _tell(world, [{"ChangeType": "update_tag", "TagId": ask.id, **news}] if news else [])


def _joined(numbers: list[int]) -> str:
    return ",".join(str(one) for one in numbers)


async def _tell(world: World, changes: list[Reply]) -> Reply:
    """One after the other; nobody is told where there is no address."""
    if not world.callbacks.url:
        return {"items": []}
    events = [world.callbacks.event("sys", "change_contact", **one) for one in changes]
    return {"items": [_told(await world.callbacks.send(event)) for event in events]}


CORP_CONTROLS = (
    Control("POST", "/_control/callback", Address, set_callback),
    Control("GET", "/_control/callbacks", Nothing, callbacks),
    Control("POST", "/_control/callbacks-again", Nothing, again),
    Control("POST", "/_control/taps", Tap, taps),
    Control("POST", "/_control/texts", Text, texts),
    Control("POST", "/_control/entries", Entry, entries),
    Control("POST", "/_control/wecom-login-codes", Entry, login_code),
    Control("POST", "/_control/js-signatures", Signature, signatures),
    Control("POST", "/_control/contacts", Contact, contacts),
    Control("POST", "/_control/departments", Party, parties),
    Control("POST", "/_control/tags", Label, tags),
)
