"""Items: what residents read of them, versions with four eyes, files in and out, and the pages of the desk."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from schemas.items import Condition, FindItemFile, Hint, ItemBody, Step
from schemas.staff import Grant
from server import items
from server.audit import AUDIT
from server.demo import items as demo_items
from server.demo import seed
from server.items import ITEMS, ItemVersion
from server.residents import RESIDENTS
from tests.bench.lists import Profiler
from tests.doors import Happy, Visit
from tests.pictures import pdf, photo
from tests.world import Person, Reply, World, unique

DEMO = {one.code: one for one in demo_items.read()}


def code_of() -> str:
    return unique("ITEM").upper().replace("_", "-")[:24]


def body_of(code: str, **changed: Any) -> ItemBody:
    """高龄津贴 under another code, so that nothing else sees it."""
    return replace(DEMO["ELDER-ALLOWANCE"].body, code=code, **changed)


async def in_use(world: World, code: str | None = None, **changed: Any) -> ItemVersion:
    """One that can be applied for."""
    code = code or code_of()
    demo = DEMO["ELDER-ALLOWANCE"]
    made = replace(demo, id=f"{code}|1", code=code, body=body_of(code, **changed))
    await world.put(ITEMS, made)
    return made


async def visit_item(world: World) -> Visit:
    return Visit(path=f"/v1/items/{(await in_use(world)).code}", shared=True)


async def desk(world: World) -> tuple[Person, Person]:
    """Two who may write and publish."""
    return await world.staff(Grant(role="reviewer")), await world.staff(Grant(role="admin"))


def as_json(body: ItemBody) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.to_builtins(body)
    return made


async def put(who: Person, path: str, body: Any) -> Reply:
    return await who.world.call("PUT", path, body, token=who.token)


async def drafted(who: Person, code: str | None = None, **changed: Any) -> str:
    """The address of a new draft."""
    reply = await who.post("/v1/items", as_json(body_of(code or code_of(), **changed)))
    assert reply.status == 201, reply.body
    return f"/v1/items/{reply.json['code']}/versions/{reply.json['number']}"


async def proposed(who: Person, code: str | None = None, **changed: Any) -> str:
    path = await drafted(who, code, **changed)
    assert (await who.post(f"{path}/propose", {})).status == 200
    return path


async def published(world: World, code: str | None = None, **changed: Any) -> str:
    writer, other = await desk(world)
    path = await proposed(writer, code, **changed)
    done = await other.post(f"{path}/publish", {})
    assert done.status == 200, done.body
    await until_in_force(world, path)
    return path


async def until_in_force(world: World, path: str) -> None:
    code, number = path.split("/")[3], int(path.split("/")[5])

    async def known() -> bool:
        one = world.house.db.reader().recall(ITEMS, f"{code}|{number}")
        return one is not None and one.state == "published"

    await world.until(known, "item")


def at_desk(what: str, body: Any = None, state: str = "draft") -> Any:
    async def visit(world: World) -> Visit:
        writer, other = await desk(world)
        make = {"draft": drafted, "proposed": proposed}.get(state)
        path = await make(writer) if make else await published(world)
        return Visit(who=other, path=path + what, body=body, shared=True)

    return visit


async def visit_new(world: World) -> Visit:
    return Visit(who=(await desk(world))[0], path="/v1/items", body=as_json(body_of(code_of())))


async def visit_edit(world: World) -> Visit:
    writer, _ = await desk(world)
    path = await drafted(writer)
    body = {"body": as_json(body_of(path.split("/")[3], name="高龄老人津贴")), "revision": 1}
    return Visit(who=writer, path=path, body=body, shared=True)


async def visit_import(world: World) -> Visit:
    content = items.files.write(body_of(code_of()), FindItemFile())
    return Visit(who=(await desk(world))[0], path="/v1/items/imports", body={"content": content})


async def visit_versions(world: World) -> Visit:
    writer, other = await desk(world)
    path = await drafted(writer)
    return Visit(who=other, path=path.rpartition("/")[0], shared=True)


ONE = "/v1/items/{code}/versions/{number}"
COVERS = {("POST", f"{ONE}/samples/{{key}}")}
HAPPY: Happy = {
    ("GET", "/v1/items/{code}"): visit_item,
    ("POST", "/v1/items"): visit_new,
    ("POST", "/v1/items/imports"): visit_import,
    ("GET", "/v1/items/{code}/versions"): visit_versions,
    ("GET", ONE): at_desk(""),
    ("PUT", ONE): visit_edit,
    ("GET", f"{ONE}/preview"): at_desk("/preview"),
    ("GET", f"{ONE}/changes"): at_desk("/changes"),
    ("GET", f"{ONE}/file"): at_desk("/file"),
    ("POST", f"{ONE}/draft"): at_desk("/draft", state="published"),
    ("POST", f"{ONE}/propose"): at_desk("/propose", {}),
    ("POST", f"{ONE}/publish"): at_desk("/publish", {}, "proposed"),
    ("POST", f"{ONE}/return"): at_desk("/return", {"reason": "时限写错了"}, "proposed"),
    ("POST", f"{ONE}/retire"): at_desk("/retire", {"reason": "政策停了"}, "published"),
    ("POST", f"{ONE}/discard"): at_desk("/discard"),
}


# What residents read.


async def test_anybody_reads_the_items_in_their_order_by_domain_and_by_a_word(world: World) -> None:
    mark = unique("唱歌")
    late = await in_use(world, name=f"{mark}津贴", rank=20)
    early = await in_use(world, name=f"{mark}证", rank=10, domain="certificates")
    draft = await in_use(world, name=f"{mark}草稿")
    await world.put(ITEMS, replace(draft, state="draft"))

    found = (await world.call("GET", "/v1/items", query={"q": mark})).json
    assert [one["code"] for one in found["items"]] == [early.code, late.code]
    assert found["items"][1]["limit_text"] == "受理后 15 个工作日内办完（法定 20 个）"
    assert found["items"][1]["fee_text"] == "不收费" and found["next"] is None
    by_domain = (await world.call("GET", "/v1/items", query={"q": mark, "domain": "certificates"})).json
    assert [one["code"] for one in by_domain["items"]] == [early.code]

    first = (await world.call("GET", "/v1/items", query={"q": mark, "limit": 1})).json
    second = (
        await world.call("GET", "/v1/items", query={"q": mark, "limit": 1, "cursor": first["next"]})
    ).json
    assert [first["items"][0]["code"], second["items"][0]["code"]] == [early.code, late.code]
    assert second["next"] is None
    wrong = await world.call("GET", "/v1/items", query={"cursor": "x"})
    assert (wrong.status, wrong.code) == (422, "bad_cursor")


async def test_the_guide_says_in_words_what_is_needed_when_and_how_long_it_takes(world: World) -> None:
    made = await in_use(world)
    guide = (await world.call("GET", f"/v1/items/{made.code}")).json
    assert (guide["version"], guide["level_text"], guide["visits_text"]) == (1, "街道", "不用跑腿")
    papers = {one["key"]: one for one in guide["materials"]}
    assert papers["mandate"]["when"] == {"field": "applicant", "is": ["family"]}
    assert papers["mandate"]["when_text"] == "“谁来申请”为“家里人代办”时要交"
    assert papers["mandate"]["copies_text"] == "原件 1 份"
    assert papers["id_card"]["copies_text"] == "拍照上传，2 张"
    steps = [(one["text"], one["role_text"], one["limit_text"]) for one in guide["steps"]]
    assert steps[1] == ("公示", "社区窗口", "公示 7 个工作日，不算在办理时限里")
    assert steps[2] == ("街道审核", "街道审核人员", "5 个工作日内")
    missing = await world.call("GET", "/v1/items/NOTHING")
    assert (missing.status, missing.code) == (404, "item_not_found")


@pytest.mark.parametrize(
    ("born", "settled", "fits"),
    [
        (None, True, [None, True, None]),
        (80, True, [True, True, None]),
        (79, True, [False, True, None]),
        (80, False, [True, None, None]),
    ],
)
async def test_a_hint_says_who_it_is_for_and_refuses_nobody(
    world: World, born: int | None, settled: bool, fits: list[bool | None]
) -> None:
    hints = [
        Hint(text="今年满 80 岁", min_age=80),
        Hint(text="住在本街道", local=True),
        Hint(text="没有别的"),
    ]
    made = await in_use(world, hints=hints)
    year = world.clock.now().year
    resident = await world.resident(birth_year=year - born if born else None)
    if not settled:
        stored = await world.house.db.reader().get(RESIDENTS, resident.id)
        assert stored is not None
        await world.put(RESIDENTS, replace(stored, household=None, community_id=None))
        world.house.profile_changed(resident.id)
    read = await resident.get(f"/v1/items/{made.code}")
    assert read.status == 200
    assert [one["fits"] for one in read.json["hints"]] == fits


async def test_who_is_not_signed_in_or_no_longer_reads_the_same_guide_without_an_answer(world: World) -> None:
    made = await in_use(world)
    for token in (None, "made-up"):
        read = await world.call("GET", f"/v1/items/{made.code}", token=token)
        assert read.status == 200
        assert [one["fits"] for one in read.json["hints"]] == [None, None, None]


# The example street's.


def test_the_twelve_items_of_the_example_street_are_whole_and_marked() -> None:
    assert [DEMO[code].body.name for code in sorted(DEMO)] == [
        "生育登记",
        "低保（最低生活保障）",
        "残疾人证",
        "高龄津贴",
        "老年人优待证",
        "灵活就业参保",
        "居民医保参保",
        "独生子女证明",
        "城乡居民养老保险参保",
        "居住证明",
        "临时救助",
        "失业登记",
    ]
    for one in DEMO.values():
        body = one.body
        assert body.guide.startswith("示例数据") and body.basis and body.materials and body.hints
        assert body.instant or body.steps
    for path in Path(demo_items.FOLDER).glob("*.toml"):
        assert path.read_text("utf-8").startswith("# 示例数据"), path.name


def test_among_them_are_one_at_once_one_with_publicity_one_with_a_visit_and_one_with_all_steps() -> None:
    def steps(code: str) -> list[str]:
        return [one.name for one in DEMO[code].body.steps]

    assert DEMO["RESIDENCE"].body.instant
    publicity = DEMO["ELDER-ALLOWANCE"].body.steps[1]
    assert (publicity.name, publicity.days, publicity.outside_limits) == ("publicity", 7, True)
    assert steps("ELDER-ALLOWANCE") == ["community_review", "publicity", "street_review"]
    assert "home_visit" in steps("DISABILITY")
    assert steps("DIBAO") == [
        "community_review",
        "home_visit",
        "appraisal",
        "publicity",
        "street_review",
        "district",
    ]
    assert {one.body.domain for one in DEMO.values()} == {
        "labour",
        "civil_affairs",
        "family_planning",
        "pension",
        "medical",
        "certificates",
    }


async def test_seeding_brings_them_with_samples_and_leaves_what_was_written_since(world: World) -> None:
    await seed.load(world.house)
    listed = (await world.call("GET", "/v1/items", query={"limit": 100})).json["items"]
    assert {one["code"] for one in listed} >= set(DEMO)
    guide = (await world.call("GET", "/v1/items/DISABILITY")).json
    samples = {one["key"]: one["sample_url"] for one in guide["materials"] if one["sample_url"]}
    assert set(samples) == {"id_card", "household_book", "photo"}
    for url in samples.values():
        opened = await world.call("GET", url)
        assert (opened.status, opened.headers["Content-Type"]) == (200, "image/jpeg")
    writer, other = await desk(world)
    path = (await writer.post("/v1/items/DISABILITY/versions/1/draft")).json["id"].replace("|", "/versions/")
    path = f"/v1/items/{path}"
    body = (await writer.get(path)).json["body"]
    assert body["materials"][0]["sample"] == "sample-disability-id_card", "the next version has them too"
    await put(writer, path, {"body": body | {"promised_days": 12}, "revision": 1})
    await writer.post(f"{path}/propose", {})
    assert (await other.post(f"{path}/publish", {})).status == 200
    await until_in_force(world, path)
    await seed.load(world.house)
    assert (await world.call("GET", "/v1/items/DISABILITY")).json["promised_days"] == 12


# Versions, with four eyes.


async def test_what_one_writes_another_publishes_and_the_version_before_it_is_kept(world: World) -> None:
    code = code_of()
    first = await published(world, code, name="高龄津贴")
    writer, other = await desk(world)
    path = await drafted(writer, code, name="高龄老人津贴")
    assert path.endswith("/2")
    assert (await writer.post(f"{path}/publish", {})).code == "item_not_now", "it is not proposed yet"
    assert (await writer.post(f"{path}/propose", {"revision": 9})).code == "item_changed"
    assert (await writer.post(f"{path}/propose", {"revision": 1})).json["state_text"] == "待发布"
    own = await writer.post(f"{path}/publish", {})
    assert (own.status, own.code) == (403, "own_item")
    assert "publish" not in (await writer.get(path)).json["actions"]
    assert "publish" in (await other.get(path)).json["actions"]
    assert (await world.call("GET", f"/v1/items/{code}")).json["version"] == 1

    done = await other.post(f"{path}/publish", {"revision": 2})
    assert (done.json["state"], done.json["published_by"]) == ("published", other.id)
    await until_in_force(world, path)
    guide = (await world.call("GET", f"/v1/items/{code}")).json
    assert (guide["version"], guide["name"]) == (2, "高龄老人津贴")
    old = (await other.get(first)).json
    assert (old["state"], old["reason"]) == ("retired", "由第 2 版替换")
    kept = items.version(world.house.db.reader(), f"{code}|1")
    assert kept.body.name == "高龄津贴", "a case that began with it still has it"
    noted = await world.house.db.reader().all(AUDIT, {"subjects": f"{code}.2"}, limit=10)
    assert {one.what for one in noted} == {"item.draft", "item.propose", "item.publish"}


async def test_who_edits_a_draft_of_another_does_not_publish_it_either(world: World) -> None:
    writer, other = await desk(world)
    third = await world.staff(Grant(role="admin"))
    path = await drafted(writer)
    body = as_json(body_of(path.split("/")[3], name="高龄老人津贴"))
    edited = await put(other, path, {"body": body, "revision": 1})
    assert edited.json["writers"] == [writer.id, other.id]
    late = await put(other, path, {"body": body, "revision": 1})
    assert (late.status, late.code) == (409, "item_changed")
    other_code = await put(other, path, {"body": body | {"code": "X1"}, "revision": 2})
    assert (other_code.status, other_code.code) == (422, "item_code_fixed")
    await writer.post(f"{path}/propose", {})
    assert (await other.post(f"{path}/publish", {})).code == "own_item"
    assert (await third.post(f"{path}/publish", {})).status == 200


async def test_a_version_goes_back_with_a_reason_and_one_at_a_time_is_on_its_way(world: World) -> None:
    writer, other = await desk(world)
    path = await proposed(writer)
    code = path.split("/")[3]
    second = await other.post("/v1/items", as_json(body_of(code)))
    assert (second.status, second.code) == (409, "item_draft_open")
    back = await other.post(f"{path}/return", {"reason": "承诺时限写长了"})
    assert (back.json["state"], back.json["reason"]) == ("draft", "承诺时限写长了")
    assert (await other.post(f"{path}/return", {"reason": "再退"})).code == "item_not_now"
    assert (await writer.post(f"{path}/discard")).status == 200
    assert (await writer.get(path)).code == "item_version_not_found"


async def test_a_draft_that_changes_nothing_is_not_proposed(world: World) -> None:
    path = await published(world)
    writer, _ = await desk(world)
    again = (await writer.post(f"{path}/draft")).json
    assert again["number"] == 2
    refused = await writer.post(f"{path.rpartition('/')[0]}/2/propose", {})
    assert (refused.status, refused.code) == (409, "nothing_new")


async def test_a_retired_item_can_no_longer_be_applied_for(world: World) -> None:
    path = await published(world)
    code = path.split("/")[3]
    _, other = await desk(world)
    done = await other.post(f"{path}/retire", {"reason": "政策停了"})
    assert (done.json["state"], done.json["reason"]) == ("retired", "政策停了")

    async def gone() -> bool:
        return (await world.call("GET", f"/v1/items/{code}")).code == "item_not_found"

    await world.until(gone, "item is gone")
    assert (await other.post(f"{path}/retire", {"reason": "再停"})).code == "item_not_now"


async def test_only_reviewers_and_administrators_see_what_is_not_published(world: World) -> None:
    writer, _ = await desk(world)
    path = await drafted(writer)
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    for who in (clerk, await world.resident()):
        assert (await who.get(path)).status == 403
        assert (await who.post("/v1/items", as_json(body_of(code_of())))).status == 403
    assert (await world.call("GET", f"/v1/items/{path.split('/')[3]}")).code == "item_not_found"
    for number in ("x", "0", "99999999", "7"):
        assert (await writer.get(f"{path.rpartition('/')[0]}/{number}")).code == "item_version_not_found"


# What a definition must be.


REVIEW = Step(name="street_review", role="reviewer", limit=2)
COMMUNITY = Step(name="community_review", role="clerk", limit=2)
PUBLICITY = Step(name="publicity", role="clerk", days=7, outside_limits=True)


def with_when(field: str, *answers: Any) -> dict[str, Any]:
    material = DEMO["ELDER-ALLOWANCE"].body.materials[0]
    return {"materials": [replace(material, when=Condition(field=field, is_=[*answers]))]}


def twice(name: str) -> dict[str, Any]:
    found = getattr(DEMO["ELDER-ALLOWANCE"].body, name)
    return {name: [*found, found[0]]}


@pytest.mark.parametrize(
    ("changed", "where"),
    [
        ({"promised_days": 21}, "promised_days"),
        ({"promised_days": 0}, "promised_days"),
        ({"acceptance_days": 0}, "acceptance_days"),
        ({"acceptance_days": 6, "deemed": True}, "acceptance_days"),
        ({"instant": True}, "steps"),
        ({"instant": True, "steps": []}, "extension_days"),
        ({"instant": True, "steps": [], "extension_days": 0}, "legal_days"),
        ({"steps": [REVIEW, COMMUNITY]}, "steps[1].name"),
        ({"steps": [COMMUNITY, COMMUNITY]}, "steps[1].name"),
        ({"steps": [replace(COMMUNITY, role="reviewer")]}, "steps[0].role"),
        ({"steps": [replace(REVIEW, role="clerk")]}, "steps[0].role"),
        ({"steps": [Step(name="appraisal", role="elder_team")]}, "steps[0].role"),
        ({"steps": [Step(name="home_visit", role="reviewer")]}, "steps[0].role"),
        ({"steps": [replace(PUBLICITY, days=0)]}, "steps[0].days"),
        ({"steps": [replace(COMMUNITY, days=3)]}, "steps[0].days"),
        ({"steps": [replace(COMMUNITY, limit=21)]}, "steps[0].limit"),
        (twice("materials"), "materials[6].key"),
        (twice("fields"), "fields[5].name"),
        ({"deliveries": ["mail", "mail"]}, "deliveries"),
        (with_when("nothing", "x"), "materials[0].when.field"),
        (with_when("applicant", "nobody"), "materials[0].when.is"),
        (with_when("other", "yes"), "materials[0].when.is"),
    ],
)
async def test_a_definition_that_contradicts_itself_is_refused_with_its_place(
    world: World, changed: dict[str, Any], where: str
) -> None:
    writer, _ = await desk(world)
    refused = await writer.post("/v1/items", as_json(body_of(code_of(), **changed)))
    assert (refused.status, refused.code) == (422, "bad_item")
    assert refused.json["error"]["field"] == where


def test_a_home_visit_may_be_the_elder_team_s() -> None:
    visit = Step(name="home_visit", role="elder_team", limit=5)
    assert items.check(body_of("VISIT", steps=[COMMUNITY, visit, REVIEW])).steps[1] == visit


# Two versions beside each other.


async def test_two_versions_are_compared_field_by_field_in_words(world: World) -> None:
    code = code_of()
    first = await published(world, code)
    old = DEMO["ELDER-ALLOWANCE"].body
    papers = [replace(old.materials[1], number=3), *old.materials[2:], old.materials[0]]
    papers.append(replace(old.materials[2], key="diagnosis", name="体检单"))
    changed = {
        "promised_days": 10,
        "materials": papers,
        "steps": [old.steps[0], replace(old.steps[1], days=5), old.steps[2]],
        "fields": old.fields[:-1],
    }
    writer, _ = await desk(world)
    path = await drafted(writer, code, **changed)
    found = (await writer.get(f"{path}/changes")).json
    assert (found["since"], found["number"]) == (1, 2)
    assert {one["where"]: (one["before"], one["after"]) for one in found["changes"]} == {
        "承诺时限": ("15 个工作日", "10 个工作日"),
        "去掉的表单": ("已经在领其他高龄补贴吗；填什么：是或否；必须填：是", ""),
        "材料“户口本（首页和本人页）”的要什么样的": ("拍照上传，2 张", "拍照上传，3 张"),
        "新加的材料": (
            "",
            "体检单；要不要交：必须交；要什么样的：拍照上传；可以用以前交过的：是；提示：半年内的正面照",
        ),
        "材料的先后": (
            "老人身份证（正反面）、户口本（首页和本人页）、近期照片、银行卡、代办人身份证（正反面）、委托书",
            "户口本（首页和本人页）、近期照片、银行卡、代办人身份证（正反面）、委托书、老人身份证（正反面）",
        ),
        "步骤“公示”的时限": ("公示 7 个工作日，不算在办理时限里", "公示 5 个工作日，不算在办理时限里"),
    }
    assert (await writer.get(f"{path}/changes", since=2)).json["changes"] == []
    new = (await writer.get(f"{first}/changes")).json
    assert new["since"] == 0 and ("名称", "", "高龄津贴") in [
        (one["where"], one["before"], one["after"]) for one in new["changes"]
    ]


# Files.


@pytest.mark.parametrize("code", sorted(DEMO))
@pytest.mark.parametrize("kind", ["toml", "json"])
def test_a_file_that_was_written_is_read_as_the_same(code: str, kind: Any) -> None:
    body = DEMO[code].body
    assert items.files.read(items.files.write(body, FindItemFile(format=kind))) == body


def test_a_file_keeps_what_is_hard_to_write_down() -> None:
    guide = '第一行\n"引号" 和 \\ 反斜杠\n\n"""\n\t最后'
    body = body_of("HARD", guide=guide, summary='"两行"\n# 不是注释')
    for kind in ("toml", "json"):
        assert items.files.read(items.files.write(body, FindItemFile(format=kind))) == body


async def test_a_file_of_one_street_is_a_draft_in_another(world: World) -> None:
    path = await published(world)
    writer, _ = await desk(world)
    file = (await writer.get(f"{path}/file", format="json")).json
    assert file["name"].endswith("-1.json")
    there = code_of()
    content = file["content"].replace(path.split("/")[3], there)
    made = await writer.post("/v1/items/imports", {"content": content})
    assert (made.status, made.json["code"], made.json["state"]) == (201, there, "draft")
    assert made.json["body"]["materials"] == (await writer.get(path)).json["body"]["materials"]


@pytest.mark.parametrize(
    ("old", "new", "code", "said"),
    [
        ('code = "X1"', 'code = "X1', "bad_item_file", "第 2 行第"),
        ("promised_days = 15", "promised_days = 25", "bad_item", "“承诺时限”：承诺时限不能比"),
        ("promised_days = 15", 'promised_days = "15"', "bad_item", "“承诺时限”写得不对"),
        ("promised_days = 15", "promise_days = 15", "bad_item", "不是事项里的一栏"),
        ('role = "reviewer"', 'role = "clerk"', "bad_item", "第 3 个步骤的“谁来办”：“街道审核”只能由"),
        (
            'copies = "original"',
            'copies = "gold"',
            "bad_item",
            "第 6 份材料的“要什么样的”写的不在可以选的里面",
        ),
        ('result = "payment"\n', "", "bad_item", "“结果类型”没有写"),
    ],
)
async def test_a_file_that_cannot_be_used_is_refused_with_its_place(
    world: World, old: str, new: str, code: str, said: str
) -> None:
    content = items.files.write(body_of("X1"), FindItemFile())
    assert old in content
    writer, _ = await desk(world)
    refused = await writer.post("/v1/items/imports", {"content": content.replace(old, new, 1)})
    assert (refused.status, refused.code) == (422, code)
    assert said in refused.json["error"]["message"], refused.json["error"]["message"]


@pytest.mark.parametrize("content", ['{"code": ', "{" * 5000, "code", "[1]", "null"])
async def test_what_is_no_file_of_an_item_is_refused(world: World, content: str) -> None:
    writer, _ = await desk(world)
    refused = await writer.post("/v1/items/imports", {"content": content})
    assert (refused.status, refused.code) in ((422, "bad_item_file"), (422, "bad_item"))


# Samples.


async def send_sample(who: Person, path: str, key: str, content: bytes) -> Reply:
    headers = {"Content-Type": "application/octet-stream"}
    return await who.world.call(
        "POST", f"{path}/samples/{key}", raw=content, token=who.token, headers=headers
    )


async def test_a_sample_of_a_material_is_seen_by_everybody_and_goes_on_into_the_next_version(
    world: World,
) -> None:
    writer, other = await desk(world)
    path = await drafted(writer)
    code = path.split("/")[3]
    sent = await send_sample(writer, path, "photo", photo())
    assert sent.status == 201, sent.body
    sample = sent.json["body"]["materials"][2]["sample"]
    assert (await send_sample(writer, path, "nothing", photo())).code == "material_not_found"
    assert (await send_sample(writer, path, "photo", pdf())).code == "attachment_not_found", "no picture"
    assert (await send_sample(writer, path, "photo", b"x" * 999)).status == 415
    anonymous = await world.call("POST", f"{path}/samples/photo", raw=photo())
    assert anonymous.status == 401
    clerk = await world.staff(Grant(role="clerk", community_id=world.community))
    assert (await send_sample(clerk, path, "photo", photo())).status == 403

    await writer.post(f"{path}/propose", {})
    assert (await send_sample(writer, path, "photo", photo())).code == "item_not_now"
    assert (await other.post(f"{path}/publish", {})).status == 200
    await until_in_force(world, path)
    guide = (await world.call("GET", f"/v1/items/{code}")).json
    urls = [one["sample_url"] for one in guide["materials"]]
    assert [bool(one) for one in urls] == [False, False, True, False, False, False]
    opened = await world.call("GET", urls[2])
    assert (opened.status, opened.headers["Content-Type"]) == (200, "image/jpeg")

    again = (await writer.post(f"{path}/draft")).json
    assert again["body"]["materials"][2]["sample"] == sample
    file = (await writer.get(f"{path}/file")).json["content"]
    there = await writer.post("/v1/items/imports", {"content": file.replace(code, code_of())})
    assert there.json["body"]["materials"][2]["sample"] == "", "another item has pictures of its own"


# Several at once, and what it costs.


async def test_of_two_who_begin_the_next_version_at_once_one_does(world: World) -> None:
    path = await published(world)
    first, second = await desk(world)
    replies = await asyncio.gather(*(who.post(f"{path}/draft") for who in (first, second) for _ in range(3)))
    assert sorted(one.status for one in replies) == [201, 409, 409, 409, 409, 409]


async def test_of_publishing_and_returning_at_once_one_happens(world: World) -> None:
    writer, other = await desk(world)
    path = await proposed(writer)
    replies = await asyncio.gather(
        other.post(f"{path}/publish", {}),
        other.post(f"{path}/return", {"reason": "再改"}),
        other.post(f"{path}/publish", {}),
    )
    assert sorted(one.status for one in replies) == [200, 409, 409]
    state = (await writer.get(path)).json["state"]
    assert state == ("draft" if replies[1].status == 200 else "published")


async def test_residents_read_items_from_memory(world: World) -> None:
    made, resident = await in_use(world), await world.resident(birth_year=1940)
    await resident.get(f"/v1/items/{made.code}")
    async with Profiler(world.house.db._handle) as profiler:
        for _ in range(3):
            assert (await world.call("GET", "/v1/items")).status == 200
            assert (await world.call("GET", f"/v1/items/{made.code}")).status == 200
            assert (await resident.get(f"/v1/items/{made.code}")).json["hints"][0]["fits"] is True
        looks = await profiler.since()
    assert [one for one in looks if one.collection == ITEMS.name] == []
