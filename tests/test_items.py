"""Items: what residents read of them, versions with four eyes, files in and out, and the pages of the desk."""

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.items import ItemBody
from server.demo import items as demo_items
from server.items import ITEMS, ItemVersion
from server.residents import RESIDENTS
from tests.doors import Happy, Visit
from tests.world import World, unique

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


HAPPY: Happy = {("GET", "/v1/items/{code}"): visit_item}


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
    made = await in_use(world)
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
