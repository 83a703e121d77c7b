"""Orders of tickets over HTTP: quoted within the ceiling, agreed to exactly, paid, bought for all or for some."""

from datetime import timedelta

import pytest

from server.cases import CASES
from server.payments import PAYMENTS
from server.staff_push import NOTICES
from server.tickets import payments
from tests.doors import Happy, Visit
from tests.ticketing import PRICE, moved, open_office, refused, seen
from tests.world import World

FEE = 500


async def visit_order(world: World) -> Visit:
    office = await open_office(world)
    who = await world.resident()
    return Visit(who=who, path="/v1/tickets", body=office.wish([await office.passenger(who)]))


HAPPY: Happy = {("POST", "/v1/tickets"): visit_order}


async def test_an_order_is_quoted_agreed_to_paid_by_wechat_and_bought(world: World) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.ordered(who, 1990, 1956)
    assert (case["state"], case["case_no"][:2]) == ("submitted", "PW")
    quoted = await moved(office.agent, case, "quote", **office.quoting(case))
    quote = quoted["details"]["quote"]
    assert quote["total_fen"] == 2 * PRICE + FEE, "nothing for the service from sixty on"
    assert [one["amount_fen"] for one in quote["lines"]] == [PRICE, PRICE, FEE, 0]
    assert "60 岁以上免" in quote["lines"][3]["name"]

    agreed = await moved(who, case, "authorise", quote_version=1)
    assert await refused(who, case, "authorise", quote_version=1) == (409, "not_allowed_now")
    await office.pay(who, agreed["details"]["bill_id"])
    await office.worked()
    paid = await seen(who, case)
    assert (paid["state"], paid["details"]["paid_fen"]) == ("buying", 2 * PRICE + FEE)

    done = await moved(office.agent, case, "record", **office.results(case))
    details = done["details"]
    assert (done["state"], details["record_no"], details["back_fen"]) == ("ticketed", "E123456789", 0)
    assert [one["seat"] for one in details["passengers"]] == ["3F", "4F"]
    assert [one["service_fee_fen"] for one in details["passengers"]] == [FEE, 0]
    await office.world.work()
    texts = [one["text"] for one in (await who.get("/v1/inbox")).json["items"]]
    assert any("E123456789" in one and "05 3F" in one for one in texts), texts
    assert any(one.startswith("报价 178.00 元") for one in texts), texts


async def test_a_quote_above_the_ceiling_is_refused_until_the_resident_raises_it(world: World) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.ordered(who)
    dear = office.quoting(case, 12001)
    assert await refused(office.agent, case, "quote", **dear) == (409, "above_ceiling")
    child = office.quoting(case, prices=[{"passenger_id": "nobody", "price_fen": 1}])
    assert await refused(office.agent, case, "quote", **child) == (422, "not_their_passenger")
    assert await refused(who, case, "raise_ceiling", ceiling_fen=12000) == (422, "ceiling_not_higher")
    assert await refused(office.agent, case, "raise_ceiling", ceiling_fen=20000) == (409, "not_allowed_now")
    await moved(who, case, "raise_ceiling", ceiling_fen=13000)
    assert (await moved(office.agent, case, "quote", **dear))["state"] == "quoted"


async def test_an_order_that_nobody_answers_is_urged_and_ends_when_the_time_to_buy_is_over(
    world: World,
) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.ordered(who)
    assert case["clock"]["total"] == 30
    other_day = office.quoting(case) | {"depart_at": world.at(9, days=13)}
    assert await refused(office.agent, case, "quote", **other_day) == (422, "departs_too_soon")
    early = office.quoting(case, arrive_at=world.at(8, days=12))
    assert await refused(office.agent, case, "quote", **early) == (422, "arrives_before")
    late = office.quoting(case, valid_until=world.at(21, days=0))
    assert await refused(office.agent, case, "quote", **late) == (422, "quote_holds_too_long")
    world.clock.advance(timedelta(minutes=31))
    await office.worked(0)
    urged = await seen(who, case)
    assert (urged["state"], urged["details"]["escalated"]) == ("submitted", True)
    assert "正在催办" in urged["sentence"]
    world.clock.advance(timedelta(hours=11))
    assert (await seen(who, case))["state"] == "expired", "before the worker has come round"
    await office.worked(0)
    after = await seen(who, case)
    assert (after["state"], after["details"]["wiped"]) == ("expired", True)


async def test_only_the_quote_that_was_read_is_agreed_to(world: World) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.quoted(who)
    await moved(office.agent, case, "withdraw_quote", reason="票价变了")
    again = await moved(office.agent, case, "quote", **office.quoting(case, 9000))
    assert again["details"]["quote"]["version"] == 2
    assert await refused(who, case, "authorise", quote_version=1) == (409, "ticket_quote_changed")
    agreed = await moved(who, case, "authorise", quote_version=2)
    back = await moved(office.agent, case, "withdraw_quote", reason="刚刚卖完")
    assert (back["state"], back["details"]["bill_id"]) == ("submitted", None)
    bill = await who.get(f"/v1/bills/{agreed['details']['bill_id']}")
    assert bill.json["state"] == "void", "what is taken back need not be paid"
    assert await refused(who, case, "raise_ceiling", ceiling_fen=1) == (422, "ceiling_not_higher")


@pytest.mark.parametrize("agreed", [False, True])
async def test_a_quote_that_nobody_agrees_to_or_pays_in_time_lapses(world: World, agreed: bool) -> None:
    office, who = await open_office(world), await world.resident()
    case = await (office.authorised if agreed else office.quoted)(who)
    office.world.clock.advance(timedelta(minutes=31))
    assert (await seen(who, case))["state"] == "expired", "also before the worker has come round"
    assert await refused(who, case, "cancel") == (409, "time_is_up")
    await office.worked()
    after = await seen(who, case)
    assert (after["state"], after["details"]["back_fen"], after["open"]) == ("expired", 0, False)
    assert after["details"]["wiped"], "nobody travels"


async def test_what_is_paid_in_time_is_bought_though_it_is_heard_of_late_and_else_comes_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, who = await open_office(world), await world.resident()
    early, late = await office.authorised(who), await office.authorised(who, 1980)
    with monkeypatch.context() as deaf:
        deaf.setattr(payments, "_MOVES", {})  # nobody hears of it before the time is over
        await office.pay(who, early["details"]["bill_id"])
        await office.worked(1)
        assert (await seen(who, early))["state"] == "authorised"
        payment = await office.pay(who, late["details"]["bill_id"])
        world.clock.advance(timedelta(minutes=40))
        await office.worked(1)
    await office.worked(10)
    after = await seen(who, early)
    assert (after["state"], after["details"]["paid_fen"]) == ("buying", PRICE + FEE)
    assert (await seen(who, late))["state"] == "expired"
    paid = await world.house.db.reading(lambda reader: reader.get(PAYMENTS, payment))
    assert paid is not None and paid.back_pay_fen == paid.paid_fen == PRICE + FEE


async def test_what_is_not_bought_by_the_deadline_is_paid_back_and_the_agents_are_warned_before(
    world: World,
) -> None:
    office, who = await open_office(world), await world.resident()
    agreed = await office.authorised(who)
    wrong = {"amount_fen": PRICE}
    assert await refused(office.clerk, agreed, "pay_cash", **wrong) == (409, "cash_not_exact")
    case = await moved(office.clerk, agreed, "pay_cash", amount_fen=PRICE + FEE)
    start = office.world.clock.now()
    office.world.clock.advance(timedelta(hours=10, minutes=1))
    await office.worked(0)
    warned = await seen(office.agent, case)
    assert (warned["state"], warned["open"]) == ("buying", True)
    office.world.clock.set(start + timedelta(hours=11, minutes=1))
    await office.worked(0)
    after = await seen(who, case)
    assert (after["state"], after["details"]["back_fen"]) == ("failed", PRICE + FEE)
    assert after["details"]["cash_back_fen"] == PRICE + FEE, "it was paid in cash"
    assert after["details"]["passengers"][0]["reason"] == "到了购票截止时间"
    told = {"userid": office.dispatcher.id, "case_no": case["case_no"]}
    notices = await world.house.db.reading(lambda reader: reader.all(NOTICES, told, limit=20))
    titles = [one.title for one in notices]
    assert titles.count("购票截止快到了") == 1 and titles.count("到截止没有买票") == 1, titles


async def test_who_has_no_ticket_gets_price_and_fee_back_and_a_cheaper_ticket_its_difference(
    world: World,
) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.buying(who, 1990, 1985, 1956, party="split")
    form = office.results(case, failed=1)
    form["results"][0]["price_fen"] = PRICE - 300
    short = {**form, "results": form["results"][:2]}
    assert await refused(office.agent, case, "record", **short) == (422, "results_incomplete")
    dear = {**form, "results": [{**form["results"][0], "price_fen": PRICE + 1}, *form["results"][1:]]}
    assert await refused(office.agent, case, "record", **dear) == (409, "price_above_quote")
    unnumbered = {**form, "record_no": ""}
    assert await refused(office.agent, case, "record", **unnumbered) == (422, "record_number_missing")
    done = await moved(office.agent, case, "record", **form)
    people = done["details"]["passengers"]
    assert [one["state"] for one in people] == ["ticketed", "ticketed", "failed"]
    assert (done["state"], people[2]["reason"]) == ("partial", "没有票了")
    assert done["details"]["back_fen"] == 300 + PRICE, "the third is over sixty and paid no fee"


async def test_a_party_that_goes_together_has_all_back_when_one_has_no_ticket(world: World) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.buying(who, 1990, 1985)
    done = await moved(office.agent, case, "record", **office.results(case, failed=1))
    assert (done["state"], done["details"]["back_fen"]) == ("failed", 2 * (PRICE + FEE))
    assert {one["state"] for one in done["details"]["passengers"]} == {"failed"}
    assert (await seen(who, case))["sentence"].startswith("没有买到票，183.00 元退回")


async def test_two_agents_do_not_buy_the_same_order_until_the_hold_runs_out(world: World) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.buying(who)
    held = await moved(office.agent, case, "claim")
    assert (held["details"]["held_by"], await refused(office.colleague, case, "claim")) == (
        "赵敏",
        (409, "held_by_colleague"),
    )
    record = office.results(case)
    assert await refused(office.colleague, case, "record", **record) == (409, "held_by_colleague")
    assert await refused(office.dispatcher, case, "release") == (409, "held_by_colleague")
    assert await refused(who, case, "cancel") == (409, "being_bought")
    office.world.clock.advance(timedelta(minutes=16))
    assert (await seen(office.colleague, case))["details"]["held_by"] == ""
    await moved(office.colleague, case, "claim")
    await moved(office.colleague, case, "release")
    gone = await moved(who, case, "cancel", reason="不去了")
    assert (gone["state"], gone["details"]["back_fen"]) == ("cancelled", PRICE + FEE)
    assert await refused(office.colleague, case, "record", **record) == (409, "not_allowed_now")


async def test_only_those_whom_it_concerns_know_of_an_order(world: World) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.quoted(who)
    other, stranger = await open_office(office.world), await office.world.resident()
    for person in (other.agent, stranger):
        assert await refused(person, case, "claim") == (404, "case_not_found")
    assert await refused(who, case, "quote", **office.quoting(case)) == (409, "not_allowed_now")
    assert await refused(office.agent, case, "authorise", quote_version=1) == (409, "not_allowed_now")
    assert await refused(office.agent, case, "pay_cash") == (409, "not_allowed_now")
    stored = await office.world.house.db.reading(lambda reader: reader.get(CASES, case["case_no"]))
    assert stored is not None
    assert "王桂英" not in repr(stored.details["passengers"]) and "152723" not in repr(stored.details)


async def test_an_order_that_cannot_be_is_refused_by_name(world: World) -> None:
    office, who = await open_office(world), await world.resident()
    passenger = await office.passenger(who)
    wrong = {
        "ticket_day_wrong": {"day": "2020-01-01"},
        "buy_by_wrong": {"buy_by": office.world.at(8, days=0)},
        "seat_not_in_mode": {"alternatives": [{"number": "D11", "seat_class": "economy"}]},
        "alternative_twice": {"alternatives": [{"number": "D11", "seat_class": "second"}] * 2},
        "passenger_twice": {"passenger_ids": [passenger, passenger]},
        "post_address_needed": {"delivery": {"how": "post"}},
        "agency_not_found": {"agency_id": "nobody"},
        "passenger_not_found": {"passenger_ids": ["nobody"]},
        "ticket_not_for_others": {"resident_id": "somebody"},
    }
    for code, more in wrong.items():
        reply = await who.post("/v1/tickets", office.wish([passenger], **more))
        assert (reply.status in (404, 409, 422), reply.code) == (True, code), reply.body
    clerks = await office.clerk.post("/v1/tickets", office.wish([passenger]))
    assert clerks.code == "ticket_for_whom"


async def test_the_slip_is_fetched_with_a_code_or_sent_by_post(world: World) -> None:
    office, who = await open_office(world), await world.resident()
    case = await office.ticketed(who, delivery={"how": "window"})
    code = (await seen(who, case))["details"]["delivery"]["code"]
    assert code and (await seen(office.agent, case))["details"]["delivery"]["code"] is None
    wrong = f"{(int(code) + 1) % 10000:04d}"
    assert await refused(office.clerk, case, "hand_over", code=wrong) == (409, "wrong_pick_up_code")
    after = await moved(office.clerk, case, "hand_over", code=code)
    assert after["details"]["delivery"]["state"] == "handed_over"

    posted = await office.ticketed(who, delivery={"how": "post", "address": "东胜区天骄路 1 号"})
    assert posted["details"]["paid_fen"] == PRICE + FEE + 1200
    sent = await moved(office.agent, posted, "post", carrier="中国邮政", tracking_no="EX123456789CN")
    assert sent["details"]["delivery"]["tracking_no"] == "EX123456789CN"
