"""Cards in WeCom: a tap does what the API does, once, as that member; and everybody's card says by whom it was done."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.staff import Grant
from server.cards import CARDS, UPDATES
from server.cards.closing import CardUpdate
from server.cards.sending import carry
from server.cases.kinds import CASES, kinds
from server.staff import STAFF
from server.staff_push import NOTICES, WorkNotice
from tests.callbacks import Sealed, tapped
from tests.houses import next_door
from tests.test_dispatch import hire, wanted
from tests.test_extensions import ASKED, address
from tests.test_extensions import scene as extension_scene
from tests.test_followups import opened
from tests.test_rides import called, free_driver, nobody_else
from tests.world import Person, Shop, World

Scene = tuple[Person, str]
"""Who has got the card, and the case it asks about."""


async def card_of(world: World, who: Person, case_no: str, kind: str = "") -> WorkNotice:
    """Their newest card about that case."""
    where: dict[str, Any] = {"userid": who.id, "card.case_no": case_no} | (
        {"card.kind": kind} if kind else {}
    )
    found = await world.house.db.reading(lambda reader: reader.all(NOTICES, where, limit=20, sort="-at"))
    assert found, (who.id, case_no, kind)
    return found[0]


async def tap(world: World, who: Person, notice: WorkNotice, key: str, chosen: str = "") -> None:
    """On their telephone: WeCom tells us, and hears that all is well whatever comes of it."""
    assert notice.card is not None
    selected = {"reason": [chosen]} if chosen else {}
    told = await world.control("taps", userid=who.id, task_id=notice.card.task_id, key=key, selected=selected)
    assert (told["delivered"], told["status"], told["tries"]) == (True, 200, 1), told


async def tap_at(house: World, who: Person, notice: WorkNotice, key: str) -> None:
    """The same as WeCom would send it, to this house."""
    assert notice.card is not None
    reply = await Sealed(house, tapped(house, who.id, notice.card.task_id, key)).sent_to(house)
    assert (reply.status, reply.body) == (200, b"success")


async def outcome(world: World, who: Person, case_no: str, kind: str = "") -> str:
    """What stands on their card instead of its buttons; empty while they can be tapped."""
    await world.work()
    card = (await card_of(world, who, case_no, kind)).card
    assert card is not None
    assert card.open == (card.outcome == "")
    return card.outcome


async def updates_of(world: World, notice: WorkNotice) -> list[CardUpdate]:
    where = {"notice_id": notice.id}
    return await world.house.db.reading(lambda reader: reader.all(UPDATES, where, limit=9))


async def shown(world: World, who: Person, title: str) -> dict[str, Any]:
    """The card with that title as the member's telephone has it now."""
    items = (await world.told("messages", userid=who.id))["items"]
    return next(one for one in reversed(items) if one["title"] == title)


def buttons(message: dict[str, Any]) -> list[str]:
    """What can be tapped on it now."""
    return [one["text"] for one in message["card"].get("button_list", [])]


def said(message: dict[str, Any]) -> str:
    """The line below its title."""
    return str(message["card"]["main_title"]["desc"])


async def steps(who: Person, case_no: str) -> list[tuple[str, str]]:
    items = (await who.get(f"/v1/cases/{case_no}/history")).json["items"]
    return [(one["action"], one["channel"]) for one in items]


async def partner(world: World, shop: Shop, name: str = "赵敏") -> Person:
    return await world.staff(Grant(role="provider", provider_id=shop.provider_id), name=name)


# Every row of the table.


async def offered(world: World) -> Scene:
    shop = await world.shop(dispatch="grab")
    no = await wanted(world, shop, await world.resident())
    return shop.worker, no


async def given(world: World) -> Scene:
    shop = await world.shop()
    no = (await shop.brought_to("assigned", await world.resident()))["case_no"]
    return shop.worker, no


async def asked(world: World) -> Scene:
    shop = await world.shop()
    return shop.manager, (await shop.booked(await world.resident()))["case_no"]


async def unanswered(world: World) -> Scene:
    shop = await world.shop()
    no = (await shop.booked(await world.resident()))["case_no"]
    await world.work()
    world.clock.advance(timedelta(minutes=31))
    return shop.dispatcher, no


async def disputed(world: World) -> Scene:
    shop = await world.shop()
    return shop.dispatcher, (await shop.brought_to("disputed", await world.resident()))["case_no"]


async def overdue(world: World) -> Scene:
    shop, _, no = await opened(world)
    await world.work()
    world.clock.advance(timedelta(days=20))
    return (await shop.signed_in_anew()).dispatcher, no


async def more_time(world: World) -> Scene:
    _, no, asker, boss = await extension_scene(world)
    assert (await asker.post(address(no), ASKED)).status == 200
    return boss, no


async def unhappy(world: World) -> Scene:
    shop, _, no = await opened(world)
    return shop.dispatcher, no


async def nobody(world: World) -> Scene:
    shop = await world.shop(dispatch="rotate")
    no = await wanted(world, shop, await world.resident())
    world.clock.advance(timedelta(minutes=6))
    return shop.manager, no


async def offered_ride(world: World) -> Scene:
    await nobody_else(world)
    person = await free_driver(world, 300)
    return person, (await called(world, await world.resident()))["case_no"]


SCENES: dict[str, Callable[[World], Awaitable[Scene]]] = {
    "offer": offered,
    "visit": given,
    "answer": asked,
    "escalated": unanswered,
    "trouble": disputed,
    "late": overdue,
    "more_time": more_time,
    "unhappy": unhappy,
    "nobody": nobody,
    "ride_offer": offered_ride,
}
ROWS = [(kind.name, one.action) for kind in CARDS.values() for one in kind.buttons]
NO_STEP = {("offer", "decline"), ("nobody", "again")}
"""What is answered to the dispatch and is no step of the case."""
STEPS = {"allow": "clock_extended", "refuse": "clock_extension_refused"}


@pytest.mark.parametrize(("kind", "action"), ROWS, ids=lambda one: one)
async def test_every_button_does_its_act_as_the_member_who_tapped(
    world: World, kind: str, action: str
) -> None:
    who, no = await SCENES[kind](world)
    await world.work()
    notice = await card_of(world, who, no, kind)
    assert notice.delivery == "sent" and notice.card is not None and notice.card.open, notice
    button, choice = CARDS[kind].button(action), CARDS[kind].choice
    assert button is not None
    before = await version(world, no)
    chosen = choice.options[1][0] if button.takes_choice and choice is not None else ""

    await tap(world, who, notice, action, chosen)

    assert await outcome(world, who, no, kind) == f"您已{button.done}"
    admin = await world.staff(Grant(role="admin"))
    history = await steps(admin, no)
    if (kind, action) not in NO_STEP:
        assert (STEPS.get(action, action), "wecom") in history[before:]
    audit = (await admin.get("/v1/audit", actor=who.id, subject=no)).json["items"]
    assert "wecom" in {one["channel"] for one in audit if one["outcome"] == "done"}
    assert [one.state for one in await updates_of(world, notice)] == ["shown"]


async def version(world: World, case_no: str) -> int:
    case = await world.house.db.reading(lambda reader: reader.get(CASES, case_no))
    assert case is not None
    return case.version


def test_every_card_has_a_scene_and_no_button_goes_round_what_comes_before_a_move() -> None:
    assert SCENES.keys() == CARDS.keys()
    flows = [kind.flow for kind in kinds().values()]
    for _, action in ROWS:
        assert all(flow.actions[action].before is None for flow in flows if action in flow.actions)


async def test_a_card_has_its_buttons_and_afterwards_what_became_of_it(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    other = await partner(world, shop)
    no = (await shop.booked(resident))["case_no"]
    await world.work()
    for who in (shop.manager, other):
        message = await shown(world, who, "新预约")
        assert (message["msgtype"], buttons(message)) == ("template_card", ["确认接单", "看详情"])
        assert message["card"]["card_action"]["url"].endswith(f"/console/cases/{no}")
    await tap(world, shop.manager, await card_of(world, shop.manager, no), "confirm")
    await world.work()
    mine, theirs = await shown(world, shop.manager, "新预约"), await shown(world, other, "新预约")
    assert (said(mine), said(theirs)) == ("您已确认接单", "已由 王芳 确认接单")
    assert buttons(mine) == buttons(theirs) == []


# Races, and what happens elsewhere.


async def test_of_two_who_tap_at_once_at_two_processes_one_wins_and_the_other_reads_who(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    other = await partner(world, shop)
    async with next_door(world) as next_house:
        for day in range(1, 6):
            no = (await shop.booked(resident, world.at(10, days=day)))["case_no"]
            await world.work()
            mine, theirs = await card_of(world, shop.manager, no), await card_of(world, other, no)
            await asyncio.gather(
                tap_at(world, shop.manager, mine, "confirm"),
                tap_at(next_house, other, theirs, "confirm"),
            )
            said = [await outcome(world, one, no) for one in (shop.manager, other)]
            assert said in (
                ["您已确认接单", "已由 王芳 确认接单"],
                ["已由 赵敏 确认接单", "您已确认接单"],
            )
            assert await steps(shop.dispatcher, no) == [("submit", "mini_program"), ("confirm", "wecom")]


async def test_of_many_workers_who_reach_for_an_offer_one_has_it(world: World) -> None:
    shop, resident = await world.shop(dispatch="grab"), await world.resident()
    people = [shop.worker, *await hire(world, shop, "甲", "乙")]
    no = await wanted(world, shop, resident)
    async with next_door(world) as next_house:
        houses = [world, next_house, world]
        cards = [await card_of(world, one, no) for one in people]
        taps = zip(people, cards, houses, strict=True)
        await asyncio.gather(*(tap_at(house, who, card, "take") for who, card, house in taps))
    said = [await outcome(world, one, no) for one in people]
    assert said.count("您已接单") == 1
    first = {"您已接单": ""} | {
        one.id: name for one, name in zip(people, ("李师傅", "甲", "乙"), strict=True)
    }
    case = (await shop.dispatcher.get(f"/v1/cases/{no}")).json
    assert case["state"] == "assigned"
    assert said.count(f"已由 {first[case['worker']['id']]} 接单") == 2


async def test_what_is_done_in_the_console_or_the_api_takes_the_buttons_off_everybodys_card(
    world: World,
) -> None:
    shop, resident = await world.shop(capacity=9, dispatch="grab"), await world.resident()
    other = await partner(world, shop)
    no = (await shop.booked(resident))["case_no"]
    await world.work()
    await other.act(no, "confirm")
    assert await outcome(world, shop.manager, no) == "已由 赵敏 确认接单"
    offer = (await shop.worker.get("/v1/offers")).json["items"][0]
    assert (await shop.worker.post(f"/v1/offers/{offer['id']}/decline", {"reason": "far"})).status == 200
    assert await outcome(world, shop.worker, no) == "您没有接：太远"
    for who, kind in ((shop.manager, "answer"), (shop.worker, "offer")):
        card = await card_of(world, who, no, kind)
        assert [one.state for one in await updates_of(world, card)] == ["shown"]


async def test_who_has_the_work_no_longer_reads_that_somebody_else_was_sent(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    [other] = await hire(world, shop, "甲")
    no = (await shop.brought_to("assigned", resident))["case_no"]
    await world.work()
    await shop.manager.act(no, "assign", worker_id=other.id)
    await tap(world, shop.worker, await card_of(world, shop.worker, no), "acknowledge")
    assert await outcome(world, shop.worker, no) == "已由 王芳 改派别人"
    assert await outcome(world, other, no) == ""
    await tap(world, other, await card_of(world, other, no), "acknowledge")
    assert await outcome(world, other, no) == "您已接单"


async def test_a_card_of_a_case_that_was_cancelled_says_so_and_changes_nothing(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    no = (await shop.booked(resident))["case_no"]
    await world.work()
    await resident.act(no, "cancel")
    await tap(world, shop.manager, await card_of(world, shop.manager, no), "confirm")
    assert await outcome(world, shop.manager, no) == "居民已取消预约"
    assert (await resident.get(f"/v1/cases/{no}")).json["state"] == "cancelled"


async def test_nobody_agrees_to_another_time_than_the_card_says(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    no = (await shop.booked(resident))["case_no"]
    await world.work()
    old = await card_of(world, shop.manager, no)
    await resident.act(no, "reschedule", start=world.at(14))
    await tap(world, shop.manager, old, "confirm")
    assert (await resident.get(f"/v1/cases/{no}")).json["state"] == "submitted"
    await world.work()
    found = await world.house.db.reading(lambda reader: reader.get(NOTICES, old.id))
    assert found is not None and found.card is not None and found.card.outcome == "居民已改约"
    new = await card_of(world, shop.manager, no)
    assert new.id != old.id and new.title == "居民改约"
    await tap(world, shop.manager, new, "confirm")
    assert await outcome(world, shop.manager, no) == "您已确认接单"


async def test_who_has_lost_the_role_or_left_can_tap_nothing(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    other = await partner(world, shop)
    no = (await shop.booked(resident))["case_no"]
    await world.work()
    cards = [await card_of(world, one, no) for one in (shop.manager, other)]
    members = [world.house.db.reader().recall(STAFF, one.id) for one in (shop.manager, other)]
    assert members[0] is not None and members[1] is not None
    await world.put(STAFF, replace(members[0], grants=[Grant(role="elder_team", compound_id="elsewhere")]))
    await world.put(STAFF, replace(members[1], active=False))
    for who, card in zip((shop.manager, other), cards, strict=True):
        await tap(world, who, card, "confirm")
    assert "没有找到" in await outcome(world, shop.manager, no)
    assert "还没有开通" in await outcome(world, other, no)
    assert (await resident.get(f"/v1/cases/{no}")).json["state"] == "submitted"
    refused = (await (await world.staff(Grant(role="admin"))).get("/v1/audit", actor=shop.manager.id)).json
    assert ("cards.confirm", "case_not_found") in {(one["what"], one["outcome"]) for one in refused["items"]}


async def test_a_worker_without_the_role_takes_no_offer(world: World) -> None:
    who, no = await offered(world)
    notice = await card_of(world, who, no)
    member = world.house.db.reader().recall(STAFF, who.id)
    assert member is not None
    await world.put(STAFF, replace(member, grants=[Grant(role="dispatcher")]))
    await tap(world, who, notice, "take")
    assert await outcome(world, who, no) == "您没有办理这件事的权限"
    assert (await who.get(f"/v1/cases/{no}")).json["state"] == "confirmed"


async def test_somebody_elses_card_and_a_made_up_button_do_nothing(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    no = (await shop.booked(resident))["case_no"]
    await world.work()
    notice = await card_of(world, shop.manager, no)
    for who, key in ((shop.dispatcher, "confirm"), (shop.manager, "cancel"), (shop.manager, "")):
        await tap_at(world, who, notice, key)
    assert await outcome(world, shop.manager, no) == ""
    assert await steps(shop.dispatcher, no) == [("submit", "mini_program")]


async def test_without_a_reason_the_buttons_stay_and_say_what_is_missing(world: World) -> None:
    who, no = await given(world)
    await world.work()
    notice = await card_of(world, who, no)
    await tap(world, who, notice, "decline")
    assert await outcome(world, who, no) == ""
    message = await shown(world, who, "新派单")
    assert said(message) == "请先在卡片上选一个原因，再点按钮" and "退单" in buttons(message)
    await tap(world, who, notice, "decline", "unwell")
    assert await outcome(world, who, no) == "您已退单"
    assert (await steps(await world.staff(Grant(role="admin")), no))[-1] == ("decline", "wecom")


# The way to WeCom.


async def test_a_worker_killed_between_sending_and_storing_sends_no_second_card(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    no = (await shop.booked(resident))["case_no"]
    notice = await leased(world, shop.manager, no)
    await carry(world.house, notice)  # what it returns is lost: the process is gone
    world.clock.advance(timedelta(seconds=31))
    await world.work()
    assert (await world.told("messages", userid=shop.manager.id))["sent"] == 1
    assert (await card_of(world, shop.manager, no)).delivery == "sent"
    await tap(world, shop.manager, await card_of(world, shop.manager, no), "confirm")
    assert await outcome(world, shop.manager, no) == "您已确认接单"
    assert said(await shown(world, shop.manager, "新预约")) == "您已确认接单"


async def leased(world: World, who: Person, case_no: str) -> WorkNotice:
    """The notice as a worker has taken it, before it does anything: the events are told, nothing is sent."""
    worker = world.house.worker()
    for queue in worker.queues:
        if queue.name != "work_notices":
            await queue.run_due(world.house.db, "other", world.house.metrics)
    notice = await card_of(world, who, case_no)
    until = {
        "$set": {"due_at": world.clock.now() + timedelta(seconds=30)},
        "$inc": {"fence": 1, "attempts": 1},
    }
    taken = await world.house.db.alone(lambda tx: tx.take(NOTICES, {"_id": notice.id}, until))
    assert taken is not None
    return taken


async def test_a_card_answered_before_it_was_sent_goes_out_as_a_line_that_says_so(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    other = await partner(world, shop)
    no = (await shop.booked(resident))["case_no"]
    await leased(world, shop.manager, no)
    await other.act(no, "confirm")
    world.clock.advance(timedelta(seconds=31))
    await world.work()
    message = await shown(world, shop.manager, "新预约")
    assert message["msgtype"] == "textcard" and "已由 赵敏 确认接单" in "".join(message["lines"])


async def test_a_new_face_is_tried_again_told_in_a_line_when_too_late_and_dead_in_the_end(
    world: World,
) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    path = "/cgi-bin/message/update_template_card"
    for errcode, times, state in ((45009, 1, "shown"), (60140, 1, "told"), (-1, 99, "dead")):
        await world.control("faults", path=path, errcode=errcode, times=times)
        no = (await shop.booked(resident, world.at(9, days=times % 7 + 2)))["case_no"]
        await world.work()
        await shop.manager.act(no, "confirm")
        for _ in range(20):
            await world.work()
            world.clock.advance(timedelta(minutes=2))
        notice = await card_of(world, shop.manager, no)
        assert [one.state for one in await updates_of(world, notice)] == [state], errcode
        assert notice.delivery == "sent"
        await world.control("faults", method="DELETE")
        shop = await shop.signed_in_anew()


async def lines_of(world: World, who: Person) -> list[str]:
    """What was written to their telephone without buttons."""
    items = (await world.told("messages", userid=who.id))["items"]
    return ["".join(one["lines"]) for one in items if one["msgtype"] != "template_card"]


async def test_a_card_too_old_to_be_changed_is_followed_by_one_line_that_says_what_became_of_it(
    world: World,
) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    other = await partner(world, shop)
    no = (await shop.booked(resident, world.at(10, days=6)))["case_no"]
    await world.work()
    world.clock.advance(timedelta(hours=73))
    shop, other = await shop.signed_in_anew(), await world.sign_in(other.id)
    await other.act(no, "confirm")
    for _ in range(3):
        await world.work()
        world.clock.advance(timedelta(minutes=20))
    told = await lines_of(world, shop.manager)
    assert [one for one in told if "按钮不用再点了" in one and "已由 赵敏 确认接单" in one] == told
    assert len(told) == 1
    notice = await card_of(world, shop.manager, no)
    assert [one.state for one in await updates_of(world, notice)] == ["told"]
    await tap(world, shop.manager, notice, "confirm")
    await world.work()
    items = (await world.told("messages", userid=shop.manager.id))["items"]
    assert [said(one) for one in items if one["card"]] == ["已由 赵敏 确认接单"]
    assert await lines_of(world, shop.manager) == told


async def test_a_card_whose_code_was_lost_is_followed_by_a_line_and_a_line_by_none(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    other = await partner(world, shop)
    no = (await shop.booked(resident))["case_no"]
    await carry(world.house, await leased(world, shop.manager, no))
    world.clock.advance(timedelta(seconds=31))
    await world.work()
    await other.act(no, "confirm")
    await world.work()
    [line] = await lines_of(world, shop.manager)
    assert "已由 赵敏 确认接单，上面那张卡片的按钮不用再点了" in line
    assert await lines_of(world, other) == [], "who did it themselves has a card that could be changed"


async def test_a_code_spent_by_an_attempt_whose_answer_was_lost_is_not_told_again(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    other = await partner(world, shop)
    no = (await shop.booked(resident))["case_no"]
    await world.work()
    path = "/cgi-bin/message/update_template_card"
    await world.control("faults", path=path, drop=True, after=True, times=2)
    await other.act(no, "confirm")
    for _ in range(3):
        await world.work()
        world.clock.advance(timedelta(seconds=40))
    notice = await card_of(world, shop.manager, no)
    assert [one.state for one in await updates_of(world, notice)] == ["stale"]
    assert said(await shown(world, shop.manager, "新预约")) == "已由 赵敏 确认接单"
    assert await lines_of(world, shop.manager) == []


async def test_those_who_answer_for_the_provider_hear_of_a_price_changed_at_the_door(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    no = (await shop.brought_to("requoted", resident))["case_no"]
    await world.work()
    asked = await shown(world, shop.manager, "师傅现场改报价")
    assert asked["msgtype"] == "textcard" and "元，等居民答复" in "".join(asked["lines"])
    await resident.act(no, "accept_quote")
    await world.work()
    assert (await shown(world, shop.manager, "居民同意新报价"))["url"].endswith(no)


# Last, since then nobody sends a card for a minute.


async def test_an_app_that_may_send_no_cards_sends_a_line_with_a_link(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    await world.control("faults", path="/cgi-bin/message/send", errcode=43012, times=1)
    no = (await shop.booked(resident))["case_no"]
    await world.work()
    message = await shown(world, shop.manager, "新预约")
    assert message["msgtype"] == "textcard" and message["url"].endswith(f"/console/cases/{no}")
    assert (await card_of(world, shop.manager, no)).delivery == "sent"
