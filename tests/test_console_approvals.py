"""The console's pages for approvals, without scripts: the line at each step, materials with their verdicts, the notice as
it is read, what is overdue, who stands in for whom, and the supervisor's faults."""

import re
from datetime import timedelta
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from schemas.staff import Grant
from server.approvals import desk
from server.cases import CASES
from server.places import PLACES, Place
from server.sessions import Actor
from tests.browser import Browser, Seen
from tests.counter import MATERIALS, REVIEW, VISIT, ok, open_counter
from tests.pictures import photo
from tests.test_attachments import attached
from tests.world import Person, World, unique

LIST = "/console/approvals"


def of(person: Person) -> Browser:
    return Browser(person.world, person.token)


async def judged(browser: Browser, page: Seen, key: str, verdict: str, remark: str = "") -> Seen:
    """Press one of the four buttons beside a material."""
    form = next(one for one in page.forms if one.action.endswith("/judge") and one.fields.get("key") == key)
    return await browser.post(form.action, form.fields | {"verdict": verdict, "remark": remark})


async def numbers(browser: Browser, address: str) -> list[str]:
    page = await browser.get(address)
    assert page.status == 200, page.text
    return re.findall(r'data-row="(SP-[\d-]+)"', page.body)


# The line


async def test_a_case_stands_at_its_step_and_nowhere_else(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    new, review = await counter.submitted(resident), await counter.pre_review(resident)
    street = await counter.accepted(resident)
    clerk, reviewer = of(counter.clerk), of(counter.reviewer)

    assert await numbers(clerk, f"{LIST}?step=submitted") == [new]
    assert await numbers(clerk, f"{LIST}?step=pre_review") == [review]
    assert set(await numbers(clerk, LIST)) == {new, review, street}
    assert await numbers(clerk, f"{LIST}?mine=1") == [review]
    here = f"&community={world.community}"
    assert await numbers(reviewer, f"{LIST}?step=street_review{here}") == [street]
    assert await numbers(reviewer, f"{LIST}?step=decision{here}") == []


async def test_a_draft_is_nobody_s_business_yet_and_what_has_ended_is_gone(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    await counter.draft(resident)
    gone = await counter.submitted(resident)
    await ok(resident.act(gone, "withdraw"))
    assert await numbers(of(counter.clerk), LIST) == []


async def test_a_window_sees_its_own_community_and_the_street_may_choose_one(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    case_no = await counter.submitted(resident)
    other = unique("community")
    await world.put(PLACES, Place(id=other, kind="community", name="别的社区"))
    stranger = await world.staff(Grant(role="clerk", community_id=other))

    assert await numbers(of(stranger), LIST) == []
    assert case_no in await numbers(of(counter.reviewer), f"{LIST}?community={world.community}")
    assert case_no not in await numbers(of(counter.reviewer), f"{LIST}?community={other}")
    assert (await of(stranger).get(f"{LIST}/{case_no}")).status == 404


async def test_a_long_line_goes_on_by_cursor(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    sample = await counter.submitted(resident)
    await _copies(world, sample, 24)
    browser = of(counter.clerk)

    first = await browser.get(LIST)
    following = re.search(r'href="([^"]*cursor=[^"]*)"', first.body)
    assert following is not None
    second = await numbers(browser, following[1].replace("&amp;", "&"))

    found = re.findall(r'data-row="(SP-[\d-]+)"', first.body)
    assert (len(found), len(set(found) | set(second))) == (20, 25)
    assert "从第一页看" in (await browser.get(f"{LIST}?cursor=nonsense")).text


async def _copies(world: World, sample: str, count: int, **changed: Any) -> None:
    async def copied(tx: Any) -> None:
        case = await tx.get(CASES, sample)
        for number in range(count):
            case.id = f"{sample[:-1]}{number:03d}"
            for name, value in changed.items():
                setattr(case, name, value)
            await tx.insert(CASES, case)

    await world.house.db.alone(copied)


@pytest.mark.parametrize("role", ["provider", "worker", "accountant"])
async def test_who_does_not_work_on_approvals_has_no_such_page(world: World, role: Any) -> None:
    counter = await open_counter(world)
    case_no = await counter.submitted(await world.resident())
    scope = {} if role == "accountant" else {"provider_id": unique("provider")}
    browser = of(await world.staff(Grant(role=role, **scope)))
    for path in (LIST, f"{LIST}/board", f"{LIST}/faults", f"{LIST}/delegations"):
        assert (await browser.get(path)).status == 403, path
    assert (await browser.get(f"{LIST}/{case_no}")).status == 404
    assert "审批" not in (await browser.get("/console/me")).text


# Materials


async def test_who_was_sent_a_copy_looks_at_the_materials_and_gives_no_verdict(world: World) -> None:
    counter = await open_counter(world)
    case_no = await counter.accepted(await world.resident())
    accountant = await world.staff(Grant(role="accountant"), name="陈静")
    assert (await of(accountant).get(f"{LIST}/{case_no}")).status == 404
    await ok(counter.reviewer.act(case_no, "copy", userid=accountant.id, reason="请留意发放"))

    page = await of(accountant).get(f"{LIST}/{case_no}")

    assert page.status == 200 and "银行卡" in page.text
    assert not [one for one in page.forms if one.action.startswith(LIST)]


async def test_photos_lie_beside_those_that_were_fine_in_an_earlier_case(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    before = await counter.pre_review(resident, photos=True)
    await counter.judged(before, bank_card="unclear")
    case_no = await counter.pre_review(resident, photos=True)

    page = await of(counter.clerk).get(f"{LIST}/{case_no}")

    material = {one: _part(page, f'id="m-{one}"') for one in MATERIALS}
    assert len(re.findall(r"<img src=\"/files/", material["id_card"])) == 2
    assert before in material["id_card"] and "以前审过合格的" in material["id_card"]
    assert len(re.findall(r"<img src=\"/files/", material["bank_card"])) == 1, (
        "what was not fine is no measure"
    )
    for url in re.findall(r'<img src="([^"]+)"', material["id_card"]):
        picture = await world.call("GET", url.replace("&amp;", "&"))
        assert (picture.status, picture.headers["Content-Type"]) == (200, "image/jpeg")


def _part(page: Seen, start: str) -> str:
    return page.body.partition(start)[2].partition("</article>")[0]


async def test_a_verdict_leads_to_the_next_material_and_the_last_to_what_to_do(world: World) -> None:
    counter = await open_counter(world)
    case_no = await counter.pre_review(await world.resident())
    browser = of(counter.clerk)
    page = await browser.get(f"{LIST}/{case_no}")

    leads = []
    for key in MATERIALS:
        moved = await judged(browser, page, key, "fine")
        leads.append(moved.location.partition("#")[2])
        page = await browser.follow(moved)

    assert leads == ["m-household_book", "m-photo", "m-bank_card", "what-now"]
    assert "看了 4 份，共 4 份" in page.text
    page = await browser.follow(await browser.press(page, "/accept"))
    assert "街道审核" in page.text


async def test_the_notice_is_read_before_it_is_sent_as_the_resident_will_read_it(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    case_no = await counter.pre_review(resident)
    browser = of(counter.clerk)
    page = await browser.get(f"{LIST}/{case_no}")
    said = {"id_card": ("unclear", "照片模糊，请在亮处平放重拍"), "photo": ("wrong", "不是近期的")}
    for key in MATERIALS:
        page = await browser.follow(await judged(browser, page, key, *said.get(key, ("fine", ""))))

    letter = page.body.partition('<div class="letter">')[2].partition("</div>")[0]
    await browser.press(page, "/supplement", note="有不明白的请打窗口电话")
    await world.work()

    inbox = (await resident.get("/v1/inbox")).json["items"]
    told = next(one["text"] for one in inbox if one["title"] == "补正材料通知")
    pieces = [one for one in re.sub(r"<[^>]*>", "\n", letter).split("\n") if one.strip()]
    assert len(pieces) == 4
    assert told == f"{pieces[0]}{pieces[1]}；{pieces[2]}。{pieces[3]}有不明白的请打窗口电话"
    assert "看不清。照片模糊，请在亮处平放重拍" in told and "不符。不是近期的" in told


async def test_nothing_goes_out_before_all_is_looked_at(world: World) -> None:
    counter = await open_counter(world)
    case_no = await counter.pre_review(await world.resident())
    browser = of(counter.clerk)
    page = await browser.get(f"{LIST}/{case_no}")
    page = await browser.follow(await judged(browser, page, "id_card", "missing"))

    refused = await browser.press(page, "/supplement", note="请补交")

    assert refused.status == 409
    assert "还没有看" in refused.text and "请补交" in refused.body
    assert (await counter.clerk.get(f"/v1/cases/{case_no}")).json["state"] == "pre_review"


async def test_a_second_notice_is_signed_by_the_street_on_the_page_and_counts_as_a_fault(
    world: World,
) -> None:
    counter, resident = await open_counter(world), await world.resident()
    case_no = await counter.pre_review(resident)
    await counter.judged(case_no, photo="missing")
    await ok(counter.clerk.act(case_no, "supplement"))
    await ok(resident.act(case_no, "resubmit", truthful=True))
    await counter.judged(case_no, bank_card="unclear")
    clerk, street = of(counter.clerk), of(counter.reviewer)

    page = await clerk.get(f"{LIST}/{case_no}")
    assert "再次补正要先请街道审核人员签字" in page.text
    refused = await clerk.press(page, "/supplement")
    assert refused.status == 409 and "同意" in refused.text
    page = await street.get(f"{LIST}/{case_no}")
    await street.press(page, "/allow_second", reason="第一次没有看清反面")
    page = await clerk.get(f"{LIST}/{case_no}")
    moved = await clerk.press(page, "/supplement")

    assert moved.status == 303
    faults = await street.get(f"{LIST}/faults?community={world.community}")
    assert case_no in faults.text and "没有一次告知" in faults.text and "王芳" in faults.text


async def test_a_stale_page_changes_nothing(world: World) -> None:
    counter = await open_counter(world)
    case_no = await counter.pre_review(await world.resident())
    browser = of(counter.clerk)
    page = await browser.get(f"{LIST}/{case_no}")
    await judged(browser, page, "id_card", "fine")

    late = await judged(browser, page, "photo", "missing")

    assert late.status == 409 and "刚刚有了变化" in late.text
    shown = (await counter.clerk.get(f"/v1/cases/{case_no}")).json["details"]["materials"]
    assert {one["key"]: one["verdict"] for one in shown if one["applies"]}["photo"] == "pending"


async def test_what_is_no_approval_or_no_such_act_is_not_there(world: World) -> None:
    counter, shop = await open_counter(world), await world.shop()
    booking = await shop.booked(await world.resident())
    case_no = await counter.pre_review(await world.resident())
    browser = of(counter.clerk)
    assert (await browser.get(f"{LIST}/{booking['case_no']}")).status == 404
    form = (await browser.get(f"{LIST}/{case_no}")).form("/accept")
    for action in ("withdraw", "grant", "fly"):
        assert (await browser.post(f"{LIST}/{case_no}/{action}", form.fields)).status == 404
    assert (await browser.get(f"{LIST}/{case_no}/accept")).status == 303


# The case page


async def test_a_home_visit_is_reported_with_photos_on_the_case_page(world: World) -> None:
    counter = await open_counter(world, VISIT, REVIEW)
    resident = await world.resident()
    case_no = await counter.accepted(resident)
    await attached(counter.clerk, case_no, photo())
    browser, address = of(counter.clerk), f"/console/cases/{case_no}"
    page = await browser.get(address)
    box = next(name for name in page.form("/report").named if name.startswith("photos:"))

    alone = await browser.press(page, "/report", visitors="王芳", report="老人独居")
    page = await browser.get(address)
    told = {"visitors": "王芳、赵敏", "report": "老人独居，住一楼", box: "1"}
    page = await browser.follow(await browser.press(page, "/report", **told))

    assert alone.status == 422 and "两个人以上" in alone.text
    assert "老人独居，住一楼" in page.text and "王芳、赵敏" in page.text
    assert "/files/" in page.body.partition("入户调查</h3>")[2]
    theirs = (await resident.get(f"/v1/cases/{case_no}")).json["details"]
    assert theirs["visits"] == []


async def test_a_step_is_handed_to_a_colleague_from_the_list(world: World) -> None:
    counter = await open_counter(world)
    case_no = await counter.pre_review(await world.resident())
    browser = of(counter.clerk)
    page = await browser.get(f"/console/cases/{case_no}")
    offered = page.body.partition('id="hand_to-userid"')[2].partition("</select>")[0]
    assert counter.colleague.id in offered and counter.clerk.id not in offered
    assert counter.reviewer.id not in offered, "who cannot do the step is not offered"

    await browser.press(page, "/hand_to", userid=counter.colleague.id, reason="我明天休息")

    assert await numbers(of(counter.colleague), f"{LIST}?mine=1") == [case_no]


async def test_the_answers_stand_in_the_words_of_the_item(world: World) -> None:
    counter = await open_counter(world)
    case_no = await counter.pre_review(await world.resident())
    page = await of(counter.clerk).get(f"/console/cases/{case_no}")
    assert "谁来申请 本人" in page.text and "已经在领其他高龄补贴吗 否" in page.text
    assert f'href="{LIST}/{case_no}"' in page.body
    for elsewhere in ("/judge", "/supplement"):
        assert not [one for one in page.forms if one.action.endswith(elsewhere)]


# What is overdue


async def test_the_board_counts_what_is_overdue_and_what_is_near_in_each_community(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    late, near = await counter.submitted(resident), await counter.submitted(resident)
    browser = of(counter.clerk)
    now = world.clock.now()
    await _due(world, late, now - timedelta(hours=1))
    await _due(world, near, now + timedelta(days=2))

    page = await browser.get(f"{LIST}/board")

    assert f"绿苑社区 {1} 件 {1} 件" in page.text
    assert re.findall(r'data-row="(SP-[\d-]+)"', page.body) == [late]


async def _due(world: World, case_no: str, turn: Any) -> None:
    await world.house.db.alone(lambda tx: tx.change(CASES, {"_id": case_no}, {"$set": {"turn": turn}}))


async def test_the_lines_are_read_off_an_index_however_much_has_ended(world: World) -> None:
    """A window's and the street's: nothing is sorted in memory, and no case that has ended is looked at."""
    counter, resident = await open_counter(world), await world.resident()
    await counter.submitted(resident)
    ended = await counter.submitted(resident)
    await ok(resident.act(ended, "withdraw"))
    await _copies(world, ended, 300)
    grants = {
        "clerk": Grant(role="clerk", community_id=world.community),
        "reviewer": Grant(role="reviewer"),
    }
    for look in (desk.Waiting(step="submitted"), desk.Waiting(overdue=True), desk.Waiting()):
        for role, grant in grants.items():
            actor = Actor("staff", role, role, (grant,))
            reader = world.house.db.reader()
            where = desk.wanted(look if role == "clerk" else _within(look, world.community), actor, reader)
            plan = await _explained(world, where)
            assert "SORT" not in str(plan["queryPlanner"]["winningPlan"]), plan
            assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])
            assert plan["executionStats"]["totalDocsExamined"] <= 20, (role, look, plan["executionStats"])


def _within(look: desk.Waiting, community_id: str) -> desk.Waiting:
    return desk.Waiting(step=look.step, community_id=community_id, overdue=look.overdue)


async def _explained(world: World, where: dict[str, Any]) -> Any:
    find = {"find": CASES.name, "filter": where, "sort": {"turn": 1, "_id": 1}, "limit": 21}
    client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(world.house.settings.mongo_url)
    async with client:
        database = client[world.house.settings.database]
        return await database.command({"explain": find, "verbosity": "executionStats"})


# Who stands in


async def test_a_colleague_is_asked_to_stand_in_and_no_more_when_it_is_taken_back(world: World) -> None:
    counter = await open_counter(world)
    case_no = await counter.pre_review(await world.resident())
    mine, theirs = of(counter.clerk), of(counter.colleague)
    judge = {"key": "photo", "verdict": "fine"}
    path = f"/v1/cases/{case_no}/judge"
    assert (await counter.colleague.post(path, judge)).code == "in_others_hands"

    page = await mine.get(f"{LIST}/delegations")
    term = {"from": world.at(8, days=0)[:16], "until": world.at(18, days=2)[:16]}
    page = await mine.follow(
        await mine.press(page, "/delegations", deputy_id=counter.colleague.id, reason="外出学习", **term)
    )
    assert "我请 赵敏" in page.text and "正在代办" in page.text
    assert "王芳 请我" in (await theirs.get(f"{LIST}/delegations")).text
    assert await numbers(theirs, f"{LIST}?mine=1") == [case_no]
    done = await counter.colleague.post(path, judge)
    steps = (await counter.clerk.get(f"/v1/cases/{case_no}/history")).json["items"]
    back = next(one for one in page.forms if re.search(r"/delegations/\w+$", one.action))
    page = await mine.follow(await mine.post(back.action, back.fields))

    assert done.status == 200, done.body
    assert steps[-1]["by"] == "赵敏" and "王芳" in str(steps[-1]["facts"])
    assert "已收回" in page.text
    assert (await counter.colleague.post(path, judge)).code == "in_others_hands"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"deputy_id": "nobody"}, "没有这位同事"),
        ({"until": "2020-01-01T08:00"}, "结束要在开始之后"),
        ({"until": "2099-01-01T08:00"}, "最多委托"),
        ({"reason": ""}, "请写明原因"),
        ({"from": "soon"}, "请选从什么时候开始"),
    ],
)
async def test_what_cannot_be_asked_says_what_is_wrong_and_keeps_what_was_typed(
    world: World, changed: dict[str, str], said: str
) -> None:
    counter = await open_counter(world)
    browser = of(counter.clerk)
    page = await browser.get(f"{LIST}/delegations")
    good = {
        "deputy_id": counter.colleague.id,
        "from": world.at(8, days=0)[:16],
        "until": world.at(18, days=2)[:16],
        "reason": "外出学习",
    }
    refused = await browser.press(page, "/delegations", **(good | changed))
    assert said in refused.text and refused.status in (409, 422)
    assert refused.form("/delegations").fields["until"] == (good | changed)["until"]


# Faults


async def test_the_faults_are_for_supervisors_and_can_be_had_as_a_table(world: World) -> None:
    counter = await open_counter(world, deemed=True)
    case_no = await counter.submitted(await world.resident())
    world.clock.advance(timedelta(days=14))
    await world.work()
    street = of(await world.sign_in(counter.reviewer.id))

    page = await street.get(f"{LIST}/faults?community={world.community}")
    table = await street.get(f"{LIST}/faults/csv?community={world.community}")

    assert case_no in page.text and "没有人收下" in page.text
    assert table.headers["Content-Type"] == "text/csv; charset=utf-8"
    lines = table.body.lstrip("\ufeff").splitlines()
    assert lines[0] == "时间,哪一种,办件,社区,谁,经过"
    assert len(lines) == 2 and case_no in lines[1] and "逾期没有答复是否受理" in lines[1]
    clerk = of(await world.sign_in(counter.clerk.id))
    for path in (f"{LIST}/faults", f"{LIST}/faults/csv"):
        assert (await clerk.get(path)).status == 403


async def test_no_page_breaks_the_strict_headers(world: World) -> None:
    counter = await open_counter(world)
    case_no = await counter.pre_review(await world.resident())
    browser = of(counter.reviewer)
    for path in ("", "/board", "/faults", "/delegations", f"/{case_no}"):
        seen = await browser.get(LIST + path)
        assert seen.status == 200, (path, seen.text)
        assert not re.search(r"<script(?![^>]* src=)|\son\w+=|\sstyle=|javascript:", seen.body), path
