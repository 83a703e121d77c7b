"""A provider's month, against figures worked out by hand; frozen once, and what changes afterwards shows."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.catalogue import CancelFee
from schemas.staff import Grant
from server.cases import CASES
from server.catalogue import SERVICES, Concession
from server.kit.clock import SHANGHAI
from server.providers import SHEETS, as_csv, sheets
from tests.doors import Happy, Visit
from tests.world import Person, Shop, World


async def visit_sheet(world: World) -> Visit:
    shop, other = await world.shop(), await world.shop()
    month = f"{world.clock.now().astimezone(SHANGHAI):%Y-%m}"
    path = f"/v1/providers/{shop.provider_id}/sheets/{month}"
    return Visit(who=shop.manager, path=path, stranger=other.manager)


HAPPY: Happy = {("GET", "/v1/providers/{provider_id}/sheets/{month}"): visit_sheet}


async def finished(shop: Shop, resident: Person, start: str, stars: int = 0) -> dict[str, Any]:
    case = await shop.brought_to("completed", resident, start)
    if stars:
        rated = await resident.post(
            f"/v1/cases/{case['case_no']}/rating", {"stars": stars, "dimensions": {}, "tags": [], "text": ""}
        )
        assert rated.status == 201, rated.body
    return case


async def test_a_month_adds_up_as_by_hand_and_is_frozen_once(world: World) -> None:
    world.clock.set(datetime(2031, 3, 3, 9, tzinfo=SHANGHAI))
    fees = [CancelFee(within_min=180, percent=20)]
    shop = await world.shop(
        capacity=50,
        lead_time_min=0,
        duration_min=60,
        step_min=30,
        cancel_fees=fees,
        cancel_notice_min=180,
        horizon_days=40,
    )
    service = world.house.db.reader().recall(SERVICES, shop.service_id)
    assert service is not None
    await world.put(SERVICES, replace(service, concession=Concession(free_per_month=1, percent_off=40)))
    young, old = await world.resident(birth_year=1990), await world.resident(birth_year=1950)
    today = lambda hour, minute=0: world.at(hour, minute, days=0)  # noqa: E731

    await finished(shop, young, today(12), stars=5)  # 35.00
    await finished(shop, old, today(12, 30), stars=4)  # free, list price 35.00
    await finished(shop, old, today(13))  # 21.00, 14.00 off
    repaired = await shop.brought_to("in_service", young, today(14))
    cheaper = [{"name": "只擦窗", "amount_fen": 2000}]
    await shop.worker.act(repaired["case_no"], "requote", items=cheaper, reason="活少", if_refused="continue")
    await young.act(repaired["case_no"], "accept_quote")
    await shop.worker.act(repaired["case_no"], "finish")
    await young.act(repaired["case_no"], "accept")  # 20.00 by agreement: nobody owes the rest
    await shop.brought_to("rejected", young, today(15))
    await shop.brought_to("cancelled", young, today(19))
    late = await shop.brought_to("confirmed", young, today(11))
    cancelled = await young.act(late["case_no"], "cancel")
    assert cancelled.json["details"]["fee_fen"] == 700
    await shop.brought_to("disputed", young, today(16))
    await shop.brought_to("submitted", young, today(17))
    other = await world.shop()
    await shop.brought_to("confirmed", young, world.at(9, days=29))  # in April
    world.clock.advance(timedelta(minutes=31))
    await world.work()  # the open one is escalated

    path = f"/v1/providers/{shop.provider_id}/sheets/2031-03"
    accountant = await world.staff(Grant(role="accountant"))
    for who in (shop.manager, shop.dispatcher, accountant):
        found = (await who.get(path)).json
        total = found["total"]
        counts = {name: number for name, number in total["counts"].items() if number}
        assert counts == {
            "completed": 4,
            "cancelled": 1,
            "late_cancelled": 1,
            "rejected": 1,
            "disputed": 1,
            "open": 1,
        }
        assert (total["cases"], total["income_fen"], total["fees_fen"]) == (9, 3500 + 2100 + 2000, 700)
        assert (total["free_visits"], total["reduced_visits"], total["owed_fen"]) == (1, 1, 3500 + 1400)
        assert (total["answered"], total["on_time"]) == (9, 8)
        assert (total["ratings"], total["stars"], total["average"]) == (2, 9, 4.5)
    assert [one["id"] for one in found["services"]] == [shop.service_id]
    (worker,) = found["workers"]
    assert (worker["name"], worker["cases"], worker["income_fen"]) == ("李师傅", 5, 7600)
    assert (found["state"], found["state_text"], found["changed"]) == ("open", "本月未完", False)

    worker_reply, clerk = (
        await shop.worker.get(path),
        await world.staff(Grant(role="clerk", community_id=world.community)),
    )
    assert (worker_reply.status, (await clerk.get(path)).status) == (403, 403)
    stranger = await other.manager.get(path)
    assert (stranger.status, stranger.code) == (404, "provider_not_found")
    for month in ("2031-04", "2031-13", "x"):
        wrong = await shop.manager.get(path[: -len("2031-03")] + month)
        assert (wrong.status, wrong.code) == (404, "no_such_month")

    await _explained(world, shop)
    world.clock.set(datetime(2031, 4, 5, 9, tzinfo=SHANGHAI))
    await world.work()
    shop = await shop.signed_in_anew()
    assert (await shop.manager.get(path)).json["state"] == "open", "ten days are left for what is open"
    world.clock.set(datetime(2031, 4, 11, 9, tzinfo=SHANGHAI))
    for _ in range(2):
        world.clock.advance(timedelta(hours=7))
        await world.work()
    shop = await shop.signed_in_anew()
    frozen = (await shop.manager.get(path)).json
    assert (frozen["state"], frozen["version"], frozen["changed"]) == ("closed", 1, False)
    kept = await world.house.db.reading(
        lambda reader: reader.all(SHEETS, {"provider_id": shop.provider_id}, limit=9)
    )
    assert [(one.month, one.hash) for one in kept if one.month == "2031-03"] == [("2031-03", frozen["hash"])]

    disputed = (await shop.dispatcher.get("/v1/cases", state="disputed")).json["items"]
    mine = next(one for one in disputed if one["provider"]["id"] == shop.provider_id)
    await shop.dispatcher.act(mine["case_no"], "settle", reason="已退一半")
    later = (await shop.manager.get(path)).json
    assert (later["hash"], later["total"], later["changed"]) == (frozen["hash"], frozen["total"], True)


async def _explained(world: World, shop: Shop) -> None:
    """The winning plan looks keys up, of this provider alone."""
    where = sheets.where(shop.provider_id, "2031-03")
    handle = world.house.db._handle
    plan = await handle.command("explain", {"find": CASES.name, "filter": where}, verbosity="executionStats")
    assert "COLLSCAN" not in str(plan["queryPlanner"]["winningPlan"])
    assert "provider_id" in str(plan["queryPlanner"]["winningPlan"])
    assert plan["executionStats"]["totalDocsExamined"] <= 12, plan["executionStats"]


@pytest.mark.parametrize("name", ["=cmd|x", "正常"])
def test_a_sheet_for_excel_opens_as_utf_8_and_holds_no_formula(name: str) -> None:
    line = sheets._line("s", name, sheets.Tally(cases=1, counts={"completed": 1}, income_fen=3500))
    view = sheets.SheetView(
        provider_id="p",
        provider="爱洁家政",
        month="2031-03",
        state="open",
        state_text="本月未完",
        total=line,
        services=[line],
        workers=[],
        hash="0" * 64,
        version=0,
        frozen_at=None,
        changed=False,
    )
    content = as_csv(view)
    assert content.startswith(b"\xef\xbb\xbf")
    text = content.decode("utf-8-sig")
    assert "35.00" in text and ("'=cmd" in text or name == "正常")
