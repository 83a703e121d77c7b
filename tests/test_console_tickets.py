"""The agent's desk without scripts: a price, tickets written down for each passenger, changed and given back;
documents are on the page only for who has said why, and each form sent twice is done once."""

import re
from typing import Any

from schemas.staff import Grant
from tests.browser import Browser, Seen
from tests.ticketing import Office, moved, open_office, seen
from tests.world import Person, World, unique

LIST = "/console/tickets"
_NUMBER = r"15272319500308\d{3}[\dX]"


def of(person: Person) -> Browser:
    return Browser(person.world, person.token)


async def numbers(browser: Browser, address: str) -> list[str]:
    page = await browser.get(address)
    assert page.status == 200, page.text
    return re.findall(r'data-row="(PW-[\d-]+)"', page.body)


async def send(browser: Browser, case: dict[str, Any], action: str, **filled: str) -> Seen:
    """Open the order, fill in this form and send it; then what the browser is led to."""
    page = await browser.get(f"{LIST}/{case['case_no']}")
    form = page.form(f"/{action}")
    names = {name.replace("__", "."): text for name, text in filled.items()}
    assert set(names) <= form.named, (names, form.named)
    sent = await browser.post(form.action, form.fields | names)
    return await browser.get(sent.location) if sent.status == 303 else sent


def people(case: dict[str, Any]) -> list[str]:
    return [one["id"] for one in case["details"]["passengers"]]


async def bought(office: Office, browser: Browser, resident: Person) -> dict[str, Any]:
    """Three passengers, of whom the last gets no ticket."""
    case = await office.ordered(resident, 1950, 1990, 1991, party="split")
    page = await send(browser, case, "quote", price="86.50")
    assert "已办好：报价" in page.text and "等居民决定" in page.text
    await moved(resident, case, "authorise", quote_version=1)
    await moved(office.clerk, case, "pay_cash")
    one, two, three = people(case)
    filled = {"record_no": "E123456789", f"ok.{three}": "no", f"reason.{three}": "没有票了"}
    filled |= {f"carriage.{one}": "05", f"seat.{one}": "3F", f"carriage.{two}": "05", f"seat.{two}": "4F"}
    page = await send(browser, case, "record", **filled)
    assert page.status == 200 and "部分有票" in page.text, page.text
    return await seen(resident, case)


async def test_an_order_goes_from_its_price_to_the_seat_of_each_passenger(world: World) -> None:
    office, resident = await open_office(world), await world.resident()
    browser = of(office.agent)
    case = await bought(office, browser, resident)
    tickets = case["details"]["passengers"]
    assert [(one["carriage"], one["seat"], one["state"]) for one in tickets] == [
        ("05", "3F", "ticketed"),
        ("05", "4F", "ticketed"),
        ("", "", "failed"),
    ]
    assert tickets[2]["reason"] == "没有票了"
    quote = case["details"]["quote"]
    assert [line["amount_fen"] for line in quote["lines"]][:1] == [8650]
    free, paid = tickets[0]["service_fee_fen"], tickets[1]["service_fee_fen"]
    assert free == 0 < paid

    page = await browser.get(f"{LIST}/{case['case_no']}")
    assert "没有票了" in page.text and "E123456789" in page.text


async def test_orders_stand_in_the_queue_of_what_they_wait_for(world: World) -> None:
    office, resident = await open_office(world), await world.resident()
    browser = of(office.agent)
    new, priced = await office.ordered(resident), await office.quoted(resident)
    paid = await office.buying(resident)
    for queue, expected in (("price", new), ("money", priced), ("purchase", paid)):
        assert await numbers(browser, f"{LIST}?queue={queue}") == [expected["case_no"]], queue
    assert await numbers(browser, f"{LIST}?queue=after") == []
    assert await numbers(browser, f"{LIST}?queue=nonsense") == []
    assert set(await numbers(browser, LIST)) == {one["case_no"] for one in (new, priced, paid)}

    page = await send(browser, new, "claim")
    assert "赵敏拿着" in page.text and "data-until=" in page.body
    assert new["case_no"] in await numbers(browser, f"{LIST}?mine=1")
    other = await send(of(office.colleague), new, "quote", price="86.50")
    assert other.status == 409 and "赵敏正在办这一单" in other.text
    assert "从第一页看" in (await browser.get(f"{LIST}?cursor=nonsense")).text

    stranger = await world.staff(Grant(role="provider", provider_id=unique("agency")))
    assert await numbers(of(stranger), LIST) == []
    assert (await of(stranger).get(f"{LIST}/{new['case_no']}")).status == 404


async def test_what_is_refused_is_said_at_its_form_and_what_was_written_stays(world: World) -> None:
    office, resident = await open_office(world), await world.resident()
    browser, case = of(office.agent), await office.ordered(resident)
    above = await send(browser, case, "quote", price="120.01")
    assert above.status == 409 and "最高价 120.00 元" in above.text and 'value="120.01"' in above.body
    wrong = await send(browser, case, "quote", price="很多")
    assert wrong.status == 422 and "请把“票价”填好" in wrong.text

    page = await browser.get(f"{LIST}/{case['case_no']}")
    form = page.form("/quote")
    filled = form.fields | {"price": "86.50"}
    first, second = await browser.post(form.action, filled), await browser.post(form.action, filled)
    assert (first.status, second.status) == (303, 303)
    assert len((await seen(resident, case))["details"]["quotes"]) == 1
    stale = await browser.post(form.action, filled | {"_key": "another", "price": "80"})
    assert stale.status == 409


async def test_documents_are_on_the_page_only_for_who_has_said_why(world: World) -> None:
    office, resident = await open_office(world), await world.resident()
    whom = [await office.passenger(resident, 1950, name="乌云其其格")]
    case = (await resident.post("/v1/tickets", office.wish(whom))).json
    browser = of(office.agent)
    page = await browser.get(f"{LIST}/{case['case_no']}")
    assert not re.search(_NUMBER, page.body) and "乌云其其格" not in page.body

    form = page.form("/reveal")
    why = await browser.post(form.action, form.fields | {"reason": "other"})
    assert why.status == 422 and "要写明" in why.text and "乌云其其格" not in why.body
    whole = await browser.post(form.action, why.form("/reveal").fields | {"reason": "callback"})
    assert whole.status == 200
    assert re.search(_NUMBER, whole.body) and "乌云其其格" in whole.text
    assert "乌云其其格" not in (await browser.get(f"{LIST}/{case['case_no']}")).body

    desk = await of(office.clerk).get(f"{LIST}/{case['case_no']}")
    assert "看姓名和证件号" not in desk.text
    assert (await of(office.clerk).post(form.action, form.fields | {"reason": "callback"})).status in (
        403,
        404,
    )


async def test_a_ticket_is_changed_and_another_given_back(world: World) -> None:
    office, resident = await open_office(world), await world.resident()
    browser = of(office.agent)
    case = await bought(office, browser, resident)
    one, two, _ = people(case)
    await moved(resident, case, "ask_change", passengers=[one], wish="晚一点的")
    page = await browser.get(f"{LIST}/{case['case_no']}")
    assert "晚一点的" in page.text
    late = f"{case['details']['day']}T15:30"
    page = await send(
        browser, case, "offer_change", number="D6705", seat_class="second", depart_at=late, price="86.50"
    )
    assert "已办好：改签报价" in page.text, page.text
    change = (await seen(resident, case))["details"]["change"]
    case = await moved(resident, case, "accept_change", change_version=change["version"])
    if case["details"]["change"]["pay_fen"]:
        await moved(office.clerk, case, "pay_cash")
    seat = {f"carriage.{one}": "08", f"seat.{one}": "1A", "record_no": "E987654321"}
    page = await send(browser, case, "confirm_bought_change", **seat)
    assert "D6705" in page.text and "1A" in page.text, page.text

    case = await moved(resident, case, "ask_refund", passengers=[two])
    refund = case["details"]["refund"]
    await moved(resident, case, "confirm_refund", refund_version=refund["version"])
    assert await numbers(browser, f"{LIST}?queue=after") == [case["case_no"]]
    page = await send(browser, case, "record_refund")
    assert "已退票" in page.text, page.text


async def test_who_has_nothing_to_do_with_tickets_has_no_such_page(world: World) -> None:
    office = await open_office(world)
    case = await office.ordered(await world.resident())
    browser = of(await world.staff(Grant(role="accountant")))
    assert (await browser.get(LIST)).status == 403
    assert (await browser.get(f"{LIST}/{case['case_no']}")).status == 404
