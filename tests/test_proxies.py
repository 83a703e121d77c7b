"""Family proxy: one resident acts for another, within a scope, until a day or until it is taken back."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest

from schemas.proxies import ProxyScope
from server.kit.clock import today
from tests.browser import Browser
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.world import Person, Shop, World

COVERS = {("POST", "/v1/proxies/accept")}


async def invited(principal: Person, **more: Any) -> dict[str, Any]:
    reply = await principal.post("/v1/proxies", {"scopes": ["bookings"], **more})
    assert reply.status == 201, reply.body
    made: dict[str, Any] = reply.json
    return made


async def trusted(principal: Person, holder: Person, **more: Any) -> str:
    """The holder may act for the principal; the proxy's id."""
    reply = await holder.post("/v1/proxies/accept", {"code": (await invited(principal, **more))["code"]})
    assert reply.status == 200, reply.body
    proxy_id: str = reply.json["id"]
    return proxy_id


async def family(world: World) -> tuple[Person, Person]:
    """王桂英 and her son."""
    return await world.resident(), await world.resident(name="李强")


async def visit_list(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/proxies")


async def visit_invite(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/proxies", body={"scopes": ["bookings"], "days": 30})


async def visit_end(world: World) -> Visit:
    mother, son = await family(world)
    proxy_id = await trusted(mother, son)
    return Visit(who=mother, path=f"/v1/proxies/{proxy_id}", stranger=await world.resident())


HAPPY: Happy = {
    ("GET", "/v1/proxies"): visit_list,
    ("POST", "/v1/proxies"): visit_invite,
    ("DELETE", "/v1/proxies/{proxy_id}"): visit_end,
}


async def booked_for(shop: Shop, holder: Person, principal: Person, **more: Any) -> Any:
    wish = shop.wish(shop.world.at(10), resident_id=principal.id)
    return await holder.post("/v1/bookings", wish | more)


async def test_a_son_books_follows_and_cancels_for_his_mother(world: World) -> None:
    (mother, son), shop = await family(world), await world.shop()
    await trusted(mother, son)

    booked = await booked_for(shop, son, mother)
    assert booked.status == 201, booked.body
    case_no, mother_is = booked.json["case_no"], {"id": mother.id, "name": "王桂英", "phone": None}
    assert booked.json["resident"] == booked.json["on_behalf_of"] == mother_is
    assert booked.json["behalf_text"] == "替 王桂英 办的"

    seen = (await son.get(f"/v1/cases/{case_no}")).json
    own = (await mother.get(f"/v1/cases/{case_no}")).json
    assert seen["actions"] == own["actions"] and seen["details"]["start_code"]
    assert own["behalf_text"] == "由 李强 代您办的"
    assert [one["case_no"] for one in (await son.get("/v1/cases")).json["items"]] == [case_no]
    assert (await son.act(case_no, "cancel")).json["state"] == "cancelled"
    assert (await mother.get(f"/v1/cases/{case_no}")).json["state"] == "cancelled"


async def test_every_step_says_who_did_it_for_whom_and_the_mother_hears_of_each(world: World) -> None:
    (mother, son), shop = await family(world), await world.shop()
    await trusted(mother, son)
    case_no = (await booked_for(shop, son, mother)).json["case_no"]
    await son.act(case_no, "cancel")
    await world.work()

    steps = (await mother.get(f"/v1/cases/{case_no}/history")).json["items"]
    assert [(one["action"], one["by"], one["role"]) for one in steps] == [
        ("submit", "李强", "亲属代办"),
        ("cancel", "李强", "亲属代办"),
    ]
    told = [one for one in (await mother.get("/v1/inbox")).json["items"] if one["title"] == "代办提醒"]
    assert len(told) == 2 and all("李强替您办了" in one["text"] for one in told)
    assert not [one for one in (await son.get("/v1/inbox")).json["items"] if one["title"] == "代办提醒"]
    assert (await mother.get(f"/v1/cases/{case_no}")).json["on_behalf_of"]["id"] == mother.id


async def test_both_sides_read_who_acts_for_whom_in_what_and_until_when(world: World) -> None:
    mother, son = await family(world)
    before = (await mother.get("/v1/proxies")).json
    assert [one["value"] for one in before["scopes"]] == list(get_args(ProxyScope))
    assert before["terms"][-1] == {"days": 365, "text": "一年"}, "no longer than the street allows"
    made = await invited(mother, scopes=[one["value"] for one in before["scopes"]], days=7)
    assert made["proxy"]["sentence"] == "等家人输入邀请码"
    await son.post("/v1/proxies/accept", {"code": made["code"]})

    [hers], [his] = [(await who.get("/v1/proxies")).json["items"] for who in (mother, son)]
    assert (hers["sentence"], his["sentence"]) == ("李强 替您办", "您替 王桂英 办")
    end = today(datetime.fromisoformat(hers["expires_at"]))
    assert hers["until_text"] == f"到 {end.year} 年 {end.month} 月 {end.day} 日为止"
    assert his["scopes_text"] == "预约服务、办理审批、查看积分、缴费" and his["can_end"]
    await mother.delete(f"/v1/proxies/{hers['id']}")
    assert not (await son.get("/v1/proxies")).json["items"][0]["can_end"]


async def test_the_header_names_the_principal_as_the_body_does(world: World) -> None:
    (mother, son), shop = await family(world), await world.shop(capacity=5)
    await trusted(mother, son)
    wish, mine = shop.wish(world.at(10)), {"X-On-Behalf-Of": mother.id}

    async def book(headers: dict[str, str], key: str, **more: Any) -> Any:
        return await world.call(
            "POST", "/v1/bookings", wish | more, token=son.token, headers=headers, key=key
        )

    assert (await book(mine, "for-her")).json["resident"]["id"] == mother.id
    assert (await book(mine, "for-her")).headers["Idempotent-Replayed"] == "true"
    assert (await book({}, "for-her")).code == "idempotency_mismatch"
    assert (await book({}, "for-me")).json["resident"]["id"] == son.id
    unclear = await book(mine, "unclear", resident_id=son.id)
    assert (unclear.status, unclear.code) == (422, "not_for_others")


async def test_without_a_proxy_or_outside_its_scope_nothing_is_seen_or_done(world: World) -> None:
    (mother, son), shop = await family(world), await world.shop()
    case_no = (await shop.booked(mother))["case_no"]
    proxy_id = await trusted(mother, son, scopes=["approvals", "points_read"])

    for who in (son, await world.resident()):
        assert (await booked_for(shop, who, mother)).code == "not_for_others"
        assert (await who.get(f"/v1/cases/{case_no}")).status == 404
        assert (await who.act(case_no, "cancel")).status == 404
        assert (await who.get("/v1/cases")).json["items"] == []
    assert (await mother.get("/v1/proxies")).json["items"][0]["id"] == proxy_id


async def test_a_proxy_is_no_two_way_street_and_is_not_handed_on(world: World) -> None:
    (mother, son), shop = await family(world), await world.shop()
    grandchild = await world.resident()
    await trusted(mother, son)
    await trusted(son, grandchild)
    assert (await booked_for(shop, mother, son)).code == "not_for_others"
    assert (await booked_for(shop, grandchild, mother)).code == "not_for_others"


async def test_a_proxy_ends_on_its_day(world: World) -> None:
    (mother, son), shop = await family(world), await world.shop()
    case_no = (await booked_for(shop, son, mother, resident_id=None)).json["case_no"]
    await trusted(mother, son, days=2)
    hers = (await booked_for(shop, son, mother)).json["case_no"]

    world.clock.advance(timedelta(days=2) - timedelta(seconds=1))
    assert (await son.get(f"/v1/cases/{hers}")).status == 200
    world.clock.advance(timedelta(seconds=1))

    assert (await son.get(f"/v1/cases/{hers}")).status == 404
    assert [one["case_no"] for one in (await son.get("/v1/cases")).json["items"]] == [case_no]
    assert (await son.get("/v1/proxies")).json["items"][0]["state"] == "expired"


@pytest.mark.parametrize("who", ["principal", "holder"])
async def test_either_side_ends_it_at_once_and_the_other_hears_of_it(world: World, who: str) -> None:
    (mother, son), shop = await family(world), await world.shop()
    proxy_id = await trusted(mother, son)
    hers = (await booked_for(shop, son, mother)).json["case_no"]
    ending, other = (mother, son) if who == "principal" else (son, mother)

    for _ in range(2):
        assert (await ending.delete(f"/v1/proxies/{proxy_id}")).status == 204
    assert (await son.act(hers, "cancel")).status == 404
    assert (await booked_for(shop, son, mother)).code == "not_for_others"

    await world.work()
    told = [one["text"] for one in (await other.get("/v1/inbox")).json["items"]]
    assert any("收回了您的代办授权" in one or "不再代您办事了" in one for one in told)
    assert (await mother.get(f"/v1/cases/{hers}")).json["state"] == "submitted"


async def test_a_revocation_is_felt_in_another_house_within_a_second(world: World) -> None:
    (mother, son), shop = await family(world), await world.shop()
    proxy_id = await trusted(mother, son)
    hers = (await booked_for(shop, son, mother)).json["case_no"]
    async with next_door(world) as other:
        there = other.meets(son)
        assert (await there.get(f"/v1/cases/{hers}")).status == 200

        await mother.delete(f"/v1/proxies/{proxy_id}")
        assert (await there.act(hers, "cancel")).status in (403, 404), (
            "a write is refused from the first moment"
        )

        async def hidden() -> bool:
            return (await there.get(f"/v1/cases/{hers}")).status == 404

        await world.until(hidden, "the revocation", seconds=1)
        assert (await there.get("/v1/cases")).json["items"] == []


async def test_an_acceptance_is_known_in_another_house_within_a_second(world: World) -> None:
    mother, son = await family(world)
    shop = await world.shop()
    case_no = (await shop.booked(mother))["case_no"]
    async with next_door(world) as other:
        there = other.meets(son)
        assert (await there.get(f"/v1/cases/{case_no}")).status == 404
        await trusted(mother, son)

        async def shown() -> bool:
            return (await there.get(f"/v1/cases/{case_no}")).status == 200

        await world.until(shown, "the proxy", seconds=1)


async def test_a_code_works_once_for_half_an_hour_and_not_for_whoever_made_it(world: World) -> None:
    mother, son = await family(world)
    offer = await invited(mother)
    plain = offer["code"].replace("-", "").lower()

    own = await mother.post("/v1/proxies/accept", {"code": offer["code"]})
    assert (own.status, own.code) == (409, "own_invitation")
    accepted = await son.post("/v1/proxies/accept", {"code": plain}, key="entered-once")
    again = await son.post("/v1/proxies/accept", {"code": plain}, key="entered-once")
    assert accepted.json == again.json
    assert (accepted.json["side"], accepted.json["principal"]["name"]) == ("held", "王桂英")
    for code in (offer["code"], "AAAA-AAAA"):
        used = await (await world.resident()).post("/v1/proxies/accept", {"code": code})
        assert (used.status, used.code) == (409, "invitation_invalid")

    late = await invited(mother)
    world.clock.advance(timedelta(minutes=30))
    assert (await son.post("/v1/proxies/accept", {"code": late["code"]})).code == "invitation_invalid"
    states = {one["id"]: one["state"] for one in (await mother.get("/v1/proxies")).json["items"]}
    assert states[late["proxy"]["id"]] == "expired"


async def test_a_code_taken_back_before_it_was_used_opens_nothing(world: World) -> None:
    mother, son = await family(world)
    offer = await invited(mother)
    await mother.delete(f"/v1/proxies/{offer['proxy']['id']}")
    assert (await son.post("/v1/proxies/accept", {"code": offer["code"]})).code == "invitation_invalid"


async def test_of_two_who_enter_a_code_at_once_one_gets_it(world: World) -> None:
    mother, son = await family(world)
    daughter, code = await world.resident(), (await invited(mother))["code"]
    replies = await asyncio.gather(
        *(one.post("/v1/proxies/accept", {"code": code}) for one in (son, daughter))
    )
    assert sorted(one.status for one in replies) == [200, 409]


async def test_entering_a_code_asks_for_a_resident_and_a_code(world: World) -> None:
    assert (await world.call("POST", "/v1/proxies/accept", {"code": "AAAA-AAAA"})).status == 401
    son = await world.resident()
    for wrong in ({}, {"code": "12"}, {"code": "AAAA-AAAA", "scopes": ["bookings"]}):
        assert (await son.post("/v1/proxies/accept", wrong)).status == 422


async def test_the_mother_hears_who_may_act_for_her(world: World) -> None:
    mother, son = await family(world)
    await trusted(mother, son)
    await world.work()
    [told] = (await mother.get("/v1/inbox")).json["items"]
    assert told["title"] == "代办授权通知" and "李强可以代您预约服务了" in told["text"]


async def test_what_the_place_allows_is_the_limit(world: World) -> None:
    mother = await world.resident()
    too_long = await mother.post("/v1/proxies", {"scopes": ["bookings"], "days": 366})
    assert (too_long.status, too_long.code) == (422, "too_long")
    offers = [await invited(mother) for _ in range(5)]
    assert (await mother.post("/v1/proxies", {"scopes": ["bookings"]})).code == "too_many_proxies"
    await mother.delete(f"/v1/proxies/{offers[0]['proxy']['id']}")
    await invited(mother)
    for wrong in ({"scopes": []}, {"scopes": ["everything"]}, {"scopes": ["bookings"], "days": 0}):
        assert (await mother.post("/v1/proxies", wrong)).status == 422


async def test_the_sixth_is_refused_also_when_all_are_offered_at_once_through_two_doors(world: World) -> None:
    mother = await world.resident()
    async with next_door(world) as other:
        elsewhere = other.meets(mother)
        replies = await asyncio.gather(
            *(
                (mother, elsewhere)[number % 2].post("/v1/proxies", {"scopes": ["bookings"]})
                for number in range(14)
            )
        )
    assert sorted(one.status for one in replies) == [201] * 5 + [409] * 9
    assert {one.code for one in replies if one.status == 409} == {"too_many_proxies"}
    assert len((await mother.get("/v1/proxies")).json["items"]) == 5


async def test_a_message_says_who_wrote_it_for_whom(world: World) -> None:
    mother, son = await world.resident(name="李秀英"), await world.resident(name="王小明")
    shop = await world.shop()
    proxy_id = await trusted(mother, son, relation="母亲")
    case_no = (await booked_for(shop, son, mother)).json["case_no"]
    path = f"/v1/cases/{case_no}/messages"
    said = await son.post(path, {"text": "门铃坏了，请打电话"})
    assert said.status == 201, said.body
    await mother.post(path, {"text": "我在家"})

    both = [("李秀英", "居民"), ("王小明（代母亲李秀英）", "亲属代办")]
    for who in (mother, son, shop.manager):
        items = (await who.get(path)).json["items"]
        assert [(one["by"], one["role"]) for one in items] == both
    page = await Browser(world, shop.manager.token).get(f"/console/cases/{case_no}")
    assert "王小明（代母亲李秀英）" in page.text
    exported = (await mother.get("/v1/me/export")).json["parts"]
    [talks] = [one["records"] for one in exported if one["name"] == "talks"]
    assert [one["by"] for one in talks] == ["王小明（代母亲李秀英）", "李秀英"]

    await mother.delete(f"/v1/proxies/{proxy_id}")
    refused = await son.post(path, {"text": "还有一件事"})
    assert refused.status in (403, 404)
    assert (await son.delete("/v1/me")).status == 204

    async def wiped() -> bool:
        return [one["by"] for one in (await mother.get(path)).json["items"]] == [
            "李秀英",
            "已注销（代母亲李秀英）",
        ]

    await world.until(wiped, "the name of who has left is gone")
