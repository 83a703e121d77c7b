"""Applying for a resident at the window and on the phone: from the telephone number to the receipt, without scripts."""

import re
from typing import Any

import pytest

from schemas.staff import Grant
from server.places import PLACES, Place
from tests.browser import Browser, Seen, sealed
from tests.counter import FORM, MATERIALS, Counter, ok, open_counter
from tests.pictures import photo
from tests.test_attachments import form_of
from tests.world import Person, Reply, World, unique

NEW = "/console/approvals/new"
TYPED = {"f.hukou": "绿苑社区", "f.applicant": "self", "f.account": "6217000000000001", "f.other": "no"}


def of(person: Person) -> Browser:
    return Browser(person.world, person.token)


async def begun(counter: Counter, resident: Person, who: Person | None = None) -> tuple[Browser, Seen, str]:
    """The page of a draft that was begun from the list of items."""
    browser = of(who or counter.clerk)
    page = await browser.get(f"{NEW}?resident_id={resident.id}")
    form = next(one for one in page.forms if one.fields.get("item_id") == counter.code)
    page = await browser.follow(await browser.post(form.action, form.fields))
    found = re.search(r"SP-\d{8}-\d+", page.url)
    assert found is not None, page.text
    return browser, page, found[0]


async def on_paper(browser: Browser, case_no: str, *keys: str) -> Seen:
    for key in keys:
        page = await browser.get(f"/console/approvals/{case_no}/form")
        form = next(
            one for one in page.forms if one.action.endswith(f"/{key}") and one.fields.get("how") == "paper"
        )
        await browser.post(form.action, form.fields)
    return await browser.get(f"/console/approvals/{case_no}/form")


async def uploaded(who: Person, page: Seen, key: str, content: bytes) -> Reply:
    form = page.form(f"/materials/{key}/photo")
    body, media = form_of(content, {name: form.fields[name] for name in ("_xsrf", "_key")})
    headers = {"Content-Type": media, "Cookie": f"hoelun_staff={sealed(who.world, who.token)}"}
    return await who.world.call("POST", form.action, raw=body, headers=headers)


@pytest.mark.parametrize("role", ["clerk", "operator"])
async def test_a_resident_who_comes_or_calls_is_applied_for_from_the_number_to_the_receipt(
    world: World, role: str
) -> None:
    counter, resident = await open_counter(world), await world.resident()
    who = {"clerk": counter.clerk, "operator": counter.operator}[role]
    found = await of(who).get("/console/residents?phone=13947700001")
    assert f'href="{NEW}?resident_id={resident.id}"' in found.body

    browser, page, case_no = await begun(counter, resident, who)
    page = await browser.follow(await browser.press(page, "/form", **TYPED))
    assert "已保存" in page.text and page.form("/form").fields["f.hukou"] == "绿苑社区"
    page = await on_paper(browser, case_no, *MATERIALS)
    page = await browser.follow(await browser.press(page, "/hand-in", delivery="electronic", truthful="1"))

    assert case_no in page.text and "已提交" in page.text
    case = (await resident.get(f"/v1/cases/{case_no}")).json
    assert (case["state"], case["channel"]) == ("submitted", {"clerk": "window", "operator": "phone"}[role])
    assert case["details"]["form"] == FORM


async def test_photos_are_sent_one_by_one_and_belong_to_their_material(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    browser, page, case_no = await begun(counter, resident)

    first = await uploaded(counter.clerk, page, "id_card", photo())
    page = await browser.get(f"/console/approvals/{case_no}/form")
    second = await uploaded(counter.clerk, page, "id_card", photo(320, 240))
    page = await browser.get(f"/console/approvals/{case_no}/form")
    bad = await uploaded(counter.clerk, page, "bank_card", b"no picture")

    assert (first.status, second.status, bad.status) == (200, 200, 422)
    given = (await resident.get(f"/v1/cases/{case_no}")).json["details"]["materials"]
    assert {one["key"]: len(one["files"]) for one in given if one["files"]} == {"id_card": 2}


async def test_what_was_fine_in_an_earlier_case_is_taken_over_and_can_be_taken_out(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    before = await counter.pre_review(resident, photos=True)
    await counter.judged(before)
    browser, page, case_no = await begun(counter, resident)

    reuse = [one for one in page.forms if one.fields.get("how") == "reuse"]
    await browser.post(reuse[0].action, reuse[0].fields)
    page = await browser.get(f"/console/approvals/{case_no}/form")
    assert f"用的是 {before} 交过的" in page.text
    out = next(one for one in page.forms if one.fields.get("how") == "none")
    await browser.post(out.action, out.fields)

    assert len(reuse) == len(MATERIALS)
    given = (await resident.get(f"/v1/cases/{case_no}")).json["details"]["materials"]
    assert not any(one["files"] for one in given)


async def test_what_is_missing_is_named_and_what_was_typed_stays(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    browser, page, case_no = await begun(counter, resident)
    page = await browser.follow(await browser.press(page, "/form", **TYPED))

    refused = await browser.press(page, "/hand-in", delivery="electronic", truthful="1")
    wrong = await browser.press(page, "/form", **(TYPED | {"f.hukou": "绿" * 201}))

    assert refused.status == 422 and "还缺" in refused.text and "身份证" in refused.text
    assert wrong.status == 422 and "户口所在社区" in wrong.text and "绿" * 201 in wrong.body
    assert (await resident.get(f"/v1/cases/{case_no}")).json["state"] == "draft"


async def test_what_was_not_read_out_does_not_come_in(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    browser, page, case_no = await begun(counter, resident)
    await browser.press(page, "/form", **TYPED)
    page = await on_paper(browser, case_no, *MATERIALS)
    refused = await browser.press(page, "/hand-in", delivery="electronic")
    assert refused.status == 422 and "属实" in refused.text


async def test_a_supplement_is_handed_in_at_the_window_too(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    case_no = await counter.pre_review(resident)
    await counter.judged(case_no, photo="missing")
    await ok(counter.clerk.act(case_no, "supplement"))
    browser = of(counter.clerk)
    page = await browser.get(f"/console/cases/{case_no}")
    assert f"/console/approvals/{case_no}/form" in page.body

    page = await browser.get(f"/console/approvals/{case_no}/form")
    assert "近期照片：缺" in page.text
    sent = await uploaded(counter.clerk, page, "photo", photo())
    page = await browser.get(f"/console/approvals/{case_no}/form")
    await browser.press(page, "/hand-in", truthful="1")

    assert sent.status == 200, sent.body
    assert (await resident.get(f"/v1/cases/{case_no}")).json["state"] == "pre_review"


async def test_a_window_applies_for_its_own_residents_alone(world: World) -> None:
    counter, resident = await open_counter(world), await world.resident()
    other = unique("community")
    await world.put(PLACES, Place(id=other, kind="community", name="别的社区"))
    stranger = of(await world.staff(Grant(role="clerk", community_id=other)))
    _, _, case_no = await begun(counter, resident)

    assert (await stranger.get(f"{NEW}?resident_id={resident.id}")).status == 404
    assert (await stranger.get(f"/console/approvals/{case_no}/form")).status == 404
    token = (await stranger.get("/console/me")).forms[0].fields["_xsrf"]
    made: dict[str, Any] = {"_xsrf": token, "resident_id": resident.id, "item_id": counter.code}
    assert (await stranger.post(NEW, made)).status == 404
    for path in ("form", "hand-in", "materials/photo"):
        reply = await stranger.post(f"/console/approvals/{case_no}/{path}", {"_xsrf": token})
        assert reply.status == 404, path
    assert (await of(counter.reviewer).get(NEW)).status == 403


async def test_what_has_come_in_is_not_filled_in_any_more(world: World) -> None:
    counter = await open_counter(world)
    case_no = await counter.submitted(await world.resident())
    seen = await of(counter.clerk).get(f"/console/approvals/{case_no}/form")
    assert seen.status == 303 and seen.location.endswith(f"/console/cases/{case_no}")
    assert (await of(counter.clerk).get(NEW)).status == 200
