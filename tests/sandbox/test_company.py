"""The company in the sandbox: its directory as an app reads it, what is told of its changes, whom one can write to."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from server.sandbox import Department, Member, Quota, Tag

from .desk import Desk
from .phone import Phone

COMPANY: dict[str, Any] = {
    "members": (
        Member(userid="demo-clerk", name="乌日娜", note="社区窗口", department=(2,), tags=(7,)),
        Member(userid="demo-worker", name="刘洋", department=(3,)),
    ),
    "departments": (
        Department(id=1, name="街道办事处", parentid=0),
        Department(id=2, name="绿苑社区"),
        Department(id=3, name="上门队", parentid=2),
    ),
    "tags": (Tag(id=7, name="窗口"), Tag(id=8, name="上门", departments=(3,))),
}
NUMBERS = "/cgi-bin/department/simplelist"


@pytest.fixture
def phone(phones: Callable[..., Phone]) -> Phone:
    return phones(**COMPANY)


@pytest.fixture
def desk(phone: Phone) -> Iterator[Desk]:
    desk = Desk(phone.config)
    phone.control("callback", url=desk.url)
    yield desk
    desk.close()


def read(phone: Phone, call: str, **query: Any) -> Any:
    return phone.corp_get(f"/cgi-bin/{call}", **query)


def users(phone: Phone, **query: Any) -> set[str]:
    return {one["userid"] for one in read(phone, "user/simplelist", **query)["userlist"]}


def send(phone: Phone, **body: Any) -> Any:
    whole = {"msgtype": "text", "agentid": 1000002, "text": {"content": "请看"}} | body
    return phone.post("/cgi-bin/message/send", whole, access_token=phone.corp_token()["access_token"])


def got(phone: Phone, userid: str) -> int:
    return int(phone.get("/_control/messages", userid=userid)["sent"])


def said(desk: Desk) -> list[dict[str, str]]:
    """What is particular about each event."""
    usual = {"ToUserName", "FromUserName", "CreateTime", "MsgType", "Event", "AgentID"}
    assert {one["Event"] for one in desk.heard} <= {"change_contact"}
    return [{name: value for name, value in one.items() if name not in usual} for one in desk.heard]


# Reading.


def test_a_member_is_read_without_what_new_apps_are_not_told(phone):
    one = read(phone, "user/get", userid="demo-clerk")
    assert (one["name"], one["department"], one["position"], one["status"]) == ("乌日娜", [2], "社区窗口", 1)
    assert not one.keys() & {"mobile", "email", "avatar", "gender", "qr_code", "address", "biz_mail"}
    assert read(phone, "user/get", userid="nobody")["errcode"] == 60111
    assert read(phone, "user/get", userid="no userid")["errcode"] == 40003


def test_a_department_is_read_alone_or_with_all_below_it(phone):
    assert users(phone, department_id=2) == {"demo-clerk"}
    assert users(phone, department_id=2, fetch_child=1) == {"demo-clerk", "demo-worker"}
    assert users(phone, department_id=1) == set()
    assert [one["id"] for one in read(phone, "department/list", id=2)["department"]] == [2, 3]
    assert read(phone, "department/simplelist")["department_id"][0].keys() == {"id", "parentid", "order"}
    assert read(phone, "department/get", id=3)["department"]["name"] == "上门队"


@pytest.mark.parametrize(
    ("call", "query", "errcode"),
    [
        ("user/simplelist", {}, 60123),
        ("user/list", {"department_id": "x"}, 60123),
        ("user/list", {"department_id": 99}, 60003),
        ("department/list", {"id": 99}, 60003),
        ("department/get", {}, 60123),
        ("tag/get", {"tagid": 99}, 40068),
        ("ticket/get", {"type": "jsapi"}, 40058),
        ("miniprogram/jscode2session", {"grant_type": "authorization_code"}, 41008),
        ("miniprogram/jscode2session", {"js_code": "x", "grant_type": "other"}, 40058),
        ("miniprogram/jscode2session", {"js_code": "x", "grant_type": "authorization_code"}, 40029),
    ],
)
def test_a_bad_question_is_refused(phone, call, query, errcode):
    assert read(phone, call, **query)["errcode"] == errcode


def test_a_tag_names_its_members_and_its_departments(phone):
    assert [one["tagname"] for one in read(phone, "tag/list")["taglist"]] == ["窗口", "上门"]
    assert read(phone, "tag/get", tagid=7)["userlist"] == [{"userid": "demo-clerk", "name": "乌日娜"}]
    assert read(phone, "tag/get", tagid=8)["partylist"] == [3]


# What is told of its changes.


def test_who_comes_changes_and_leaves_is_told_with_what_is_another_now(phone, desk):
    phone.control("contacts", change="create_user", userid="u-new", name="孟和", department=[2, 3])
    phone.control("contacts", change="update_user", userid="u-new", department=[3])
    phone.control("contacts", change="update_user", userid="u-new", department=[3])
    phone.control("contacts", change="delete_user", userid="u-new")
    came, moved, left = said(desk)
    assert (came["ChangeType"], came["Name"], came["Department"]) == ("create_user", "孟和", "2,3")
    assert moved == {"ChangeType": "update_user", "UserID": "u-new", "Department": "3", "MainDepartment": "3"}
    assert left == {"ChangeType": "delete_user", "UserID": "u-new"}
    assert {one["FromUserName"] for one in desk.heard} == {"sys"}
    assert read(phone, "user/get", userid="u-new")["errcode"] == 60111


def test_who_is_switched_off_is_told_by_their_status_and_cannot_be_written_to(phone, desk):
    phone.control("contacts", change="update_user", userid="demo-worker", disabled=True)
    assert said(desk) == [{"ChangeType": "update_user", "UserID": "demo-worker", "Status": "2"}]
    assert read(phone, "user/get", userid="demo-worker")["status"] == 2
    assert send(phone, touser="demo-worker")["errcode"] == 81013


def test_who_comes_back_is_there_again_without_their_tags(phone, desk):
    phone.control("contacts", change="delete_user", userid="demo-clerk")
    phone.control("contacts", change="create_user", userid="demo-clerk")
    assert "demo-clerk" in users(phone, department_id=1, fetch_child=1)
    assert read(phone, "tag/get", tagid=7)["userlist"] == []


def test_tags_are_told_apart_from_the_member(phone, desk):
    phone.control("contacts", change="update_user", userid="demo-clerk", tags=[8, 9])
    phone.control("tags", id=7, departments=[2, 3])
    phone.control("tags", id=7, departments=[3])
    assert said(desk) == [
        {"ChangeType": "update_tag", "TagId": "8", "AddUserItems": "demo-clerk"},
        {"ChangeType": "update_tag", "TagId": "9", "AddUserItems": "demo-clerk"},
        {"ChangeType": "update_tag", "TagId": "7", "DelUserItems": "demo-clerk"},
        {"ChangeType": "update_tag", "TagId": "7", "AddPartyItems": "2,3"},
        {"ChangeType": "update_tag", "TagId": "7", "DelPartyItems": "2"},
    ]


def test_departments_are_told_and_only_empty_ones_are_dissolved(phone, desk):
    phone.control("departments", change="create_party", id=4, name="河畔社区", parentid=1)
    phone.control("departments", change="update_party", id=4, name="河湾社区")
    phone.control("departments", change="delete_party", id=4)
    assert said(desk) == [
        {"ChangeType": "create_party", "Id": "4", "Name": "河畔社区", "ParentId": "1"},
        {"ChangeType": "update_party", "Id": "4", "Name": "河湾社区"},
        {"ChangeType": "delete_party", "Id": "4"},
    ]
    for change in ("delete_party", "create_party"):
        answer = phone.http.post(
            f"{phone.base}/_control/departments", json={"change": change, "id": 2}, timeout=10
        )
        assert answer.status_code == 422


def test_changes_of_members_outlive_a_restart(phones, tmp_path):
    state = str(tmp_path / "state.jsonl")
    first = phones(**COMPANY, state_file=state)
    first.control("contacts", change="update_user", userid="demo-worker", department=[2], tags=[7])
    first.control("contacts", change="delete_user", userid="demo-clerk")
    first.close()
    second = phones(**COMPANY, state_file=state)
    assert users(second, department_id=1, fetch_child=1) == {"demo-worker"}
    assert read(second, "user/get", userid="demo-worker")["department"] == [2]
    assert read(second, "tag/get", tagid=7)["userlist"] == [{"userid": "demo-worker", "name": "刘洋"}]


# Who can be written to.


def test_departments_and_tags_reach_their_members_each_once(phone):
    answer = send(phone, touser="demo-worker", toparty="2|99", totag="7|8|x")
    assert (answer["errcode"], answer["invalidparty"], answer["invalidtag"]) == (0, "99", "x")
    assert (got(phone, "demo-clerk"), got(phone, "demo-worker")) == (1, 1)


def test_partial_delivery_names_those_left_out_and_is_no_error(phone):
    phone.control("users", userid="demo-worker", unlicensed=True)
    answer = send(phone, touser="demo-clerk|demo-worker|Nobody")
    assert (answer["errcode"], answer["invaliduser"], answer["unlicenseduser"]) == (
        0,
        "nobody",
        "demo-worker",
    )
    assert (got(phone, "demo-clerk"), got(phone, "demo-worker")) == (1, 0)
    phone.control("users", userid="demo-worker", hidden=True)
    assert send(phone, touser="demo-worker")["errcode"] == 81013


def test_everybody_is_written_to_but_those_who_have_left(phone):
    phone.control("contacts", change="delete_user", userid="demo-worker")
    assert send(phone, touser="@all")["errcode"] == 0
    assert (got(phone, "demo-clerk"), got(phone, "demo-worker")) == (1, 0)


# Limits.


def test_beyond_the_calls_of_a_minute_the_call_is_blocked_for_a_whole_minute(phones):
    phone = phones(quotas={NUMBERS: (Quota("minute", 2, 45009),)})
    phone.advance(50 - phone.clock.now().second % 60)
    codes = [read(phone, "department/simplelist")["errcode"] for _ in range(3)]
    phone.advance(15)
    codes.append(read(phone, "department/simplelist")["errcode"])
    phone.advance(45)
    codes.append(read(phone, "department/simplelist")["errcode"])
    assert codes == [0, 0, 45009, 45009, 0], "the next calendar minute alone does not help"


def test_tickets_are_given_a_hundred_times_an_hour(phone):
    token = phone.corp_token()["access_token"]
    asked = [phone.get("/cgi-bin/get_jsapi_ticket", access_token=token) for _ in range(101)]
    assert [one["errcode"] for one in asked] == [0] * 100 + [45009]
    assert len({one["ticket"] for one in asked[:100]}) == 1


def test_a_login_with_a_good_code_is_not_counted(phones):
    path = "/cgi-bin/auth/getuserinfo"
    phone = phones(quotas={path: (Quota("minute", 1, 45009),)})
    for _ in range(3):
        code = phone.control("wecom-codes", userid="demo-clerk")["code"]
        assert phone.corp_get(path, code=code)["errcode"] == 0
    assert [phone.corp_get(path, code="made-up")["errcode"] for _ in range(2)] == [40029, 45009]


def test_an_app_writes_to_two_hundred_a_day_for_each_account(phones):
    phone = phones(accounts=1)
    crowd = "|".join(f"u{number}" for number in range(199))
    assert send(phone, touser=crowd)["errcode"] == 0
    assert send(phone, touser="a|b")["errcode"] == 45009
    assert send(phone, touser="a")["errcode"] == 0
    phone.advance(24 * 3600)
    assert send(phone, touser="a|b")["errcode"] == 0
