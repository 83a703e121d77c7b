"""A part of a bundle is lost after it was booked: the resident is asked, and each answer does what it says."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from msgspec import structs

from schemas.staff import Grant
from server.bundles import BUNDLES
from server.cases import CASES
from server.kit.events import EVENTS
from tests.browser import Browser
from tests.houses import next_door
from tests.test_bundles import FEES, counted, inbox, moving, part_of, refused, seen, used
from tests.world import Reply, World


async def test_the_rest_goes_on_when_asked_to_or_when_nobody_answers(world: World) -> None:
    house = await moving(world, capacity=9)
    one, other = await world.resident(), await world.resident()
    answered, silent = await house.asked(one), await house.asked(other)
    for case in (answered, silent):
        await refused(house.freight, case, "freight")

    reply = await one.act(answered["case_no"], "go_on")
    assert (reply.status, reply.json["state"]) == (200, "open"), reply.body
    world.clock.advance(timedelta(hours=24, seconds=1))
    await world.work()

    now = await seen(other, silent["case_no"])
    assert (now["state"], now["details"]["answer_by"]) == ("open", None)
    assert [part_of(now, name)["state"] for name in ("cleaning", "locks")] == ["submitted"] * 2
    assert "没有收到您的答复" in (await inbox(other))[-1]
    assert not [text for text in await inbox(one) if "没有收到" in text]


async def test_a_required_part_that_is_lost_is_asked_about_and_can_be_booked_anew(world: World) -> None:
    house, resident = await moving(world), await world.resident()
    case = await house.asked(resident)
    number = part_of(case, "freight")["case_no"]

    await refused(house.freight, case, "freight")

    now = await seen(resident, case["case_no"])
    assert (now["state"], now["tone"]) == ("attention", "late")
    assert "“搬家货运”没办成（商家未接：那天没有车）" in now["sentence"]
    assert [one["name"] for one in now["actions"]] == ["replace", "go_on", "cancel"]
    assert datetime.fromisoformat(now["expires_at"]) == world.clock.now() + timedelta(hours=24)
    query = {"box": "unassigned", "kind": "bundle", "limit": 100}
    waiting = (await house.freight.dispatcher.get("/v1/cases", **query)).json["items"]
    assert case["case_no"] in [one["case_no"] for one in waiting]
    told = (await inbox(resident))[-1]
    assert "那天没有车" in told and "最近有空" in told and "不收费" in told

    late = await resident.act(case["case_no"], "replace", start=world.at(11))
    assert (late.code, late.json["error"]["field"]) == ("part_too_early", "start"), (
        "the cleaning would come first"
    )
    taken = await resident.act(case["case_no"], "replace", start=world.at(22))
    assert (taken.code, taken.json["error"]["field"]) == ("slot_not_offered", "start")
    wrong = await resident.act(
        case["case_no"], "replace", start=world.at(8), service_id=house.locks.service_id
    )
    assert wrong.code == "not_for_this_part"
    reply = await resident.act(case["case_no"], "replace", start=world.at(8))

    assert (reply.status, reply.json["state"]) == (200, "open"), reply.body
    freight = part_of(reply.json, "freight")
    assert (freight["former"], freight["state"], freight["reason"]) == ([number], "submitted", "")
    await world.work()
    assert (await seen(resident, case["case_no"]))["version"] == reply.json["version"], (
        "its own news is no news"
    )
    assert (await seen(resident, number))["state"] == "rejected"


async def test_cancelling_the_rest_is_free_when_the_provider_failed_and_costs_what_it_said_when_not(
    world: World,
) -> None:
    house = await moving(world, capacity=9, cancel_notice_min=14 * 24 * 60, cancel_fees=FEES)
    resident, other = await world.resident(), await world.resident()
    lost, whim = await house.asked(resident), await house.asked(other)
    await refused(house.freight, lost, "freight")

    for who, case, fee in ((resident, lost, 0), (other, whim, 3 * 3500)):
        now = await seen(who, case["case_no"])
        assert now["details"]["cancel_fee_fen"] == fee
        hint = next(one for one in now["actions"] if one["name"] == "cancel")["fields"][0]["hint"]
        assert ("105" in hint) if fee else ("不是您的原因" in hint and "不收费" in hint), hint
        reply = await who.act(case["case_no"], "cancel", reason="不搬了")
        assert (reply.status, reply.json["state"]) == (200, "cancelled"), reply.body
        assert reply.json["details"]["fee_fen"] == fee and not reply.json["open"]
        for name in ("cleaning", "locks"):
            part = await seen(who, part_of(case, name)["case_no"])
            assert (part["state"], part["details"]["fee_fen"]) == ("cancelled", fee // 3)
            assert part["details"]["late_cancel"] is bool(fee)
    await world.work()
    assert "收 105.00 元" in (await seen(other, whim["case_no"]))["sentence"]
    assert [await used(world, one) for one in (house.freight, house.cleaning, house.locks)] == [0, 0, 0]
    assert await counted(world, CASES, resident_id=resident.id, open=True) == 0


async def test_cancelling_takes_all_or_none(world: World) -> None:
    house, resident = await moving(world), await world.resident()
    case = await house.asked(resident)
    number, worker = part_of(case, "locks")["case_no"], house.locks.worker
    await house.locks.manager.act(number, "confirm")
    await house.locks.manager.act(number, "assign", worker_id=worker.id)
    assert (await worker.act(number, "depart")).status == 200

    reply = await resident.act(case["case_no"], "cancel")

    assert (reply.status, reply.code) == (409, "part_under_way")
    states = [(await seen(resident, one["case_no"]))["state"] for one in case["details"]["parts"]]
    assert states == ["submitted", "submitted", "en_route"]
    code = (await seen(resident, number))["details"]["start_code"]
    await worker.act(number, "start", code=code)
    await worker.act(number, "finish")
    await world.work()
    rest = await resident.act(case["case_no"], "cancel")
    assert (rest.status, rest.json["state"]) == (200, "open"), "what is done waits for its own end"
    await resident.act(number, "accept")
    await world.work()
    ended = await seen(resident, case["case_no"])
    assert (ended["state"], ended["sentence"]) == (
        "completed",
        "“搬家一件事”办完了，其中搬家货运、新房保洁没有办",
    )


async def test_who_cancels_a_part_is_asked_about_the_rest_and_an_optional_one_is_only_told(
    world: World,
) -> None:
    house, resident = await moving(world), await world.resident()
    case = await house.asked(resident)

    await refused(house.locks, case, "locks")
    now = await seen(resident, case["case_no"])
    assert now["state"] == "open" and "换锁没约上" in now["sentence"]
    assert "其余的照常办" in (await inbox(resident))[-1]

    await resident.act(part_of(case, "freight")["case_no"], "cancel")
    await world.work()
    asked = await seen(resident, case["case_no"])
    assert (asked["state"], asked["details"]["cancel_free_because"]) == ("attention", "")
    await resident.act(part_of(case, "cleaning")["case_no"], "cancel")
    await world.work()
    assert (await seen(resident, case["case_no"]))["state"] == "cancelled", "nothing is left to ask about"


async def test_whose_fault_it_was_is_weighed_anew_when_a_missed_visit_turns_out_none(world: World) -> None:
    house, resident = await moving(world), await world.resident()
    case = await house.asked(resident)
    number, shop = part_of(case, "freight")["case_no"], house.freight
    await shop.manager.act(number, "confirm")
    await shop.manager.act(number, "assign", worker_id=shop.worker.id)
    await shop.worker.act(number, "depart")
    world.clock.set(datetime.fromisoformat(world.at(9, 20)))
    shop.worker, dispatcher = await world.sign_in(shop.worker.id), await world.sign_in(shop.dispatcher.id)
    missed = await shop.worker.act(number, "no_show", reason="敲门没有人")
    assert missed.status == 200, missed.body
    await world.work()
    asked = await seen(resident, case["case_no"])
    assert (asked["state"], asked["details"]["cancel_free_because"]) == ("attention", "")
    assert "上门无人：敲门没有人" in asked["sentence"]

    await resident.act(number, "appeal", reason="我一直在家")
    await dispatcher.act(number, "overturn", reason="走错了楼")
    await world.work()

    now = await seen(resident, case["case_no"])
    assert now["state"] == "attention" and "不是您的原因" in now["details"]["cancel_free_because"]
    assert now["details"]["answer_by"] == asked["details"]["answer_by"], "it is not asked a second time"


async def test_what_the_resident_has_not_seen_yet_is_asked_about_first(world: World) -> None:
    house, resident = await moving(world), await world.resident()
    case = await house.asked(resident)
    await refused(house.freight, case, "freight")
    unheard = await house.cleaning.manager.act(part_of(case, "cleaning")["case_no"], "reject", reason="病了")
    assert unheard.status == 200, unheard.body

    reply = await resident.act(case["case_no"], "go_on")

    assert (reply.status, reply.json["state"]) == (200, "attention"), reply.body
    assert "病了" in reply.json["sentence"] and "搬家货运" not in reply.json["sentence"]
    await world.work()
    again = await resident.act(case["case_no"], "go_on")
    assert (again.json["state"], again.json["sentence"]) == (
        "open",
        "换锁等商家确认，搬家货运、新房保洁没约上",
    )


async def test_cancelling_crosses_with_what_the_providers_do_and_the_whole_agrees_with_its_parts(
    world: World,
) -> None:
    house, resident = await moving(world, capacity=9), await world.resident()
    shops = {"freight": house.freight, "cleaning": house.cleaning, "locks": house.locks}
    asked = [await house.asked(resident) for _ in range(3)]
    rejects: tuple[str, dict[str, Any]] = ("reject", {"reason": "没有人"})
    deeds = [rejects, ("confirm", {}), rejects]

    async with next_door(world) as other:
        replies = await asyncio.gather(
            *(resident.act(case["case_no"], "cancel") for case in asked),
            *(
                other.meets(shop.manager).act(part_of(case, name)["case_no"], action, **form)
                for case, (action, form) in zip(asked, deeds, strict=True)
                for name, shop in shops.items()
            ),
            world.work(),
            other.work(),
        )
        await asyncio.gather(world.work(), other.work())

    assert {one.status for one in replies if isinstance(one, Reply)} <= {200, 409}
    for case in asked:
        whole = await seen(resident, case["case_no"])
        parts = [await seen(resident, one["case_no"]) for one in whole["details"]["parts"]]
        assert [one["state"] for one in parts] == [one["state"] for one in whole["details"]["parts"]]
        assert whole["open"] == any(one["open"] for one in parts) or whole["state"] == "attention"


async def test_news_of_a_part_told_again_or_late_changes_nothing(world: World) -> None:
    """Killed between the part's commit and the bundle's: the event is there, and is told again."""
    house, resident = await moving(world), await world.resident()
    case = await house.asked(resident)
    await refused(house.locks, case, "locks")
    await refused(house.freight, case, "freight")
    before = await seen(resident, case["case_no"])
    told = await inbox(resident)

    async def again(tx: Any) -> None:
        numbers = [one["case_no"] for one in case["details"]["parts"]]
        await tx.change_all(EVENTS, {"subject": {"$in": numbers}}, {"$set": {"due_at": tx.now}})

    for _ in range(2):
        await world.house.db.atomically(again)
        await world.work()

    assert await seen(resident, case["case_no"]) == before
    assert await inbox(resident) == told
    steps = (await resident.get(f"/v1/cases/{case['case_no']}/history")).json["items"]
    assert [one["action"] for one in steps] == ["order", "follow", "follow"]


async def test_a_price_that_is_asked_for_and_a_move_of_time_show_in_the_whole(world: World) -> None:
    house, resident = await moving(world), await world.resident()
    quoting = await house.freight.quoting()
    bundle = world.house.db.reader().recall(BUNDLES, house.bundle_id)
    assert bundle is not None
    offer = structs.replace(bundle.parts[0], services=[quoting.service_id])
    await world.put(BUNDLES, structs.replace(bundle, parts=[offer, *bundle.parts[1:]]))
    case = await structs.replace(house, freight=quoting).asked(resident)
    assert "以报价为准" in case["details"]["total_text"]
    number = part_of(case, "freight")["case_no"]

    await quoting.manager.act(number, "quote", items=[{"name": "搬运", "amount_fen": 50000}])
    await world.work()
    assert "搬家货运等您看报价" in (await seen(resident, case["case_no"]))["sentence"]
    await resident.act(number, "accept_quote")
    await resident.act(part_of(case, "locks")["case_no"], "reschedule", start=world.at(15))
    moved = await resident.act(part_of(case, "cleaning")["case_no"], "reschedule", start=world.at(9, days=1))
    assert moved.status == 200, moved.body
    await world.work()

    now = await seen(resident, case["case_no"])
    assert now["details"]["total_fen"] == 50000 + 2 * 7000 and "报价" not in now["details"]["total_text"]
    assert part_of(now, "locks")["start"] == world.at(15)
    assert "“新房保洁”要在“搬家货运”做完" in now["details"]["warning"]


async def test_the_desk_books_a_part_anew_on_the_page(world: World) -> None:
    house, resident = await moving(world), await world.resident()
    case = await house.asked(resident)
    await refused(house.freight, case, "freight")
    operator = await world.staff(Grant(role="operator"))
    browser, path = Browser(world, operator.token), f"/console/cases/{case['case_no']}"

    page = await browser.get(path)
    assert "重新约“搬家货运”" in page.text and "最近有空" in page.text
    done = await browser.press(page, "/replace", start=world.at(8)[:16])

    assert "已办好" in (await browser.follow(done)).text
    now = await seen(resident, case["case_no"])
    assert (now["state"], part_of(now, "freight")["start"]) == ("open", world.at(8))
    await world.work()
    assert "3 件事都在等商家确认" in (await inbox(resident))[-1], "the desk's taps are told"


async def test_who_leaves_takes_what_was_filled_in_along(world: World) -> None:
    house, resident = await moving(world, rule="keep"), await world.resident()
    await house.full(house.locks, 12)
    contact = {"name": "孙大娘", "phone": "13912345678"}
    parts = [one | {"contact": contact, "note": "有猫"} for one in house.wish()["parts"]]
    case = await house.asked(resident, parts=parts)
    await resident.act(case["case_no"], "cancel")

    assert (await resident.delete("/v1/me")).status == 204

    kept = await world.house.db.reading(lambda reader: reader.get(CASES, case["case_no"]))
    assert kept is not None and not any(
        word in str(kept) for word in ("孙大娘", "13912345678", "有猫", "约走了")
    )
    operator = await world.staff(Grant(role="operator"))
    assert (await seen(operator, case["case_no"]))["state"] == "cancelled"
