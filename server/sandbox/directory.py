"""The company's directory: members, departments, tags, as an app may read them.

Source: 读取成员, 获取部门成员, 获取部门列表, 获取子部门ID列表, 获取标签成员. An app made after 2022-06-20 is not told
phone numbers, mail, gender, avatar or QR code.
"""

from collections.abc import Iterable
from typing import Any

from .api import OK, Answer, Call, corp
from .config import Department, Tag
from .errors import Refused
from .people import Person
from .receivers import USERID
from .world import World

Fields = dict[str, Any]


@corp("GET", "/cgi-bin/user/get")
def user_get(world: World, call: Call) -> Answer:
    userid = call.query.get("userid", "")
    if not USERID.fullmatch(userid):
        raise Refused(40003)
    person = world.people.staff.get(userid)
    if person is None or person.blocked:
        raise Refused(60111)
    if person.hidden:
        raise Refused(60011)
    return {**OK, **_whole(person)}


@corp("GET", "/cgi-bin/user/simplelist")
def user_simplelist(world: World, call: Call) -> Answer:
    return {**OK, "userlist": [_short(one) for one in _of_department(world, call)]}


@corp("GET", "/cgi-bin/user/list")
def user_list(world: World, call: Call) -> Answer:
    return {**OK, "userlist": [_whole(one) for one in _of_department(world, call)]}


@corp("GET", "/cgi-bin/department/list")
def department_list(world: World, call: Call) -> Answer:
    """The department asked for and all below it; without a number, all."""
    return {**OK, "department": [_department(one) for one in _departments(world, call)]}


@corp("GET", "/cgi-bin/department/simplelist")
def department_simplelist(world: World, call: Call) -> Answer:
    rows = [{"id": one.id, "parentid": one.parentid, "order": one.order} for one in _departments(world, call)]
    return {**OK, "department_id": rows}


@corp("GET", "/cgi-bin/department/get")
def department_get(world: World, call: Call) -> Answer:
    return {**OK, "department": _department(_known(world, call.query.get("id", "")))}


@corp("GET", "/cgi-bin/tag/list")
def tag_list(world: World, call: Call) -> Answer:
    return {**OK, "taglist": [_tag(one) for one in world.directory.tags.values()]}


@corp("GET", "/cgi-bin/tag/get")
def tag_get(world: World, call: Call) -> Answer:
    asked = call.query.get("tagid", "")
    tag = world.directory.tags.get(int(asked)) if _is_number(asked) else None
    if tag is None:
        raise Refused(40068)
    own = [one for one in world.members() if tag.id in one.tags and not one.hidden]
    users = [{"userid": one.id, "name": one.name or one.id} for one in own]
    return {**OK, "tagname": tag.name, "userlist": users, "partylist": list(tag.departments)}


def _of_department(world: World, call: Call) -> Iterable[Person]:
    wanted = _known(world, call.query.get("department_id", ""))
    below = world.directory.below(wanted.id) if call.query.get("fetch_child") == "1" else {wanted.id}
    return [one for one in world.members() if not one.hidden and below & set(one.department)]


def _departments(world: World, call: Call) -> list[Department]:
    asked = call.query.get("id", "")
    if not asked:
        return list(world.directory.departments.values())
    below = world.directory.below(_known(world, asked).id)
    return [one for one in world.directory.departments.values() if one.id in below]


def _known(world: World, asked: str) -> Department:
    if not _is_number(asked):
        raise Refused(60123)
    found = world.directory.departments.get(int(asked))
    if found is None:
        raise Refused(60003)
    return found


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 11


def _short(person: Person) -> Fields:
    return {"userid": person.id, "name": person.name or person.id, "department": list(person.department)}


def _whole(person: Person) -> Fields:
    """`status`: 1 active, 2 switched off; who has left is not there at all."""
    zeros = [0] * len(person.department)
    more: Fields = {
        "order": zeros,
        "position": person.position,
        "is_leader_in_dept": zeros,
        "direct_leader": [],
        "telephone": "",
        "alias": "",
        "status": 2 if person.disabled else 1,
        "main_department": person.department[0],
        "extattr": {"attrs": []},
        "external_position": "",
    }
    return _short(person) | more


def _department(one: Department) -> Fields:
    row = {"id": one.id, "name": one.name, "name_en": "", "department_leader": []}
    return row | {"parentid": one.parentid, "order": one.order}


def _tag(one: Tag) -> Fields:
    return {"tagid": one.id, "tagname": one.name}
