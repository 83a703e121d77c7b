"""A month of points: adds up to the fen, opens to its purchases, is shown to whoever the owner lets look."""

import csv
import io
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from server import ledger
from server.kit.clock import SHANGHAI, month_after, month_of, today
from server.ledger import ENTRIES, TRANSFERS
from tests.doors import Happy, Visit
from tests.test_points import Till, holder, in_force, till
from tests.world import Person, Reply, World, unique


async def bought(world: World, fen: int = 20000) -> tuple[Person, str, Till]:
    """Somebody who has bought something once."""
    await in_force(world)
    here, (resident, number) = await till(world), await holder(world)
    await here.sent(here.swipe(number, fen))
    return resident, number, here


def now(world: World) -> str:
    return month_of(world.clock.now())


async def paid(world: World, resident: Person, fen: int, about: str = "绿苑物业 物业费 2026-11") -> None:
    """Points spent on a bill."""
    name, until = f"payment/{unique('P')}", world.clock.now() + timedelta(minutes=5)

    async def spent(tx: Any) -> None:
        await ledger.reserve(tx, name, resident.id, fen, until, by="test", about=about)
        await ledger.spend(tx, name, f"{name}/points", fen, ledger.common("payee", name, "p1"), by="test")

    await world.house.db.atomically(spent)


def to_next_month(world: World) -> None:
    """The third of the month after, at nine."""
    first = datetime.fromisoformat(f"{month_after(now(world))}-03").date()
    world.clock.set(datetime.combine(first, time(9), SHANGHAI))


async def anew(resident: Person) -> Person:
    """The same one signed in again: a login does not last for months."""
    return await resident.world.resident(resident.openid)


# The doors.


async def _mine(world: World, path: str) -> Visit:
    resident, _, _ = await bought(world)
    return Visit(who=resident, path=path.replace("{month}", now(world)), stranger=await world.resident())


async def visit_months(world: World) -> Visit:
    return await _mine(world, "/v1/points/months")


async def visit_entry(world: World) -> Visit:
    return await _mine(world, "/v1/points/entries/1")


async def visit_statement(world: World) -> Visit:
    return await _mine(world, "/v1/points/statements/{month}")


async def visit_asked(world: World) -> Visit:
    visit = await _mine(world, "/v1/points/statements/{month}/paper")
    return Visit(who=visit.who, path=visit.path, body={}, stranger=visit.stranger)


async def visit_paper(world: World) -> Visit:
    visit = await visit_asked(world)
    assert visit.who is not None
    await visit.who.post(visit.path, {})
    return Visit(who=visit.who, path=visit.path, stranger=visit.stranger)


async def visit_table(world: World) -> Visit:
    return await _mine(world, "/v1/points/statements/{month}/entries.csv")


HAPPY: Happy = {
    ("GET", "/v1/points/months"): visit_months,
    ("GET", "/v1/points/entries/{seq}"): visit_entry,
    ("GET", "/v1/points/statements/{month}"): visit_statement,
    ("POST", "/v1/points/statements/{month}/paper"): visit_asked,
    ("GET", "/v1/points/statements/{month}/paper"): visit_paper,
    ("GET", "/v1/points/statements/{month}/entries.csv"): visit_table,
}


# What there is.


async def test_what_expires_soon_and_what_is_held_or_owed_explains_itself(world: World) -> None:
    resident, number, here = await bought(world)
    days = world.house.settings.points.expire_days
    for left in (5, 20, 100):
        at = (world.clock.now() - timedelta(days=days - left)).isoformat()
        await here.sent(here.swipe(number, 2000, at=at))
    told = (await resident.get("/v1/points")).json
    assert [(one["days"], one["fen"]) for one in told["expiring"]] == [(30, 20), (7, 10)]
    first = today(world.clock.now() + timedelta(days=5))
    assert {one["first_on"] for one in told["expiring"]} == {first.isoformat()}
    assert (told["held_text"], told["owed_text"]) == ("", "")
    until = world.clock.now() + timedelta(minutes=5)
    await world.house.db.atomically(
        lambda tx: ledger.reserve(tx, unique("reserve"), resident.id, 10, until, by="test")
    )
    told = (await resident.get("/v1/points")).json
    assert told["expiring"][0]["fen"] == 10
    assert "0.10 分正在付款" in told["held_text"]


async def test_an_entry_opens_to_its_purchase_and_to_what_is_left_of_it(world: World) -> None:
    resident, number, _ = await bought(world)
    await paid(world, resident, 30)
    used, earned = (await resident.get("/v1/points/entries")).json["items"]
    assert (used["kind_text"], used["text"], used["amount_fen"]) == (
        "支付账单",
        "绿苑物业 物业费 2026-11",
        -30,
    )
    assert (used["payment_id"] or "").startswith("P")
    assert (await resident.get(f"/v1/points/entries/{used['seq']}")).json["swipe"] is None
    told = (await resident.get(f"/v1/points/entries/{earned['seq']}")).json
    assert (told["swipe"]["place"], told["swipe"]["category_text"]) == ("绿苑窗口", "超市")
    assert (told["swipe"]["amount_fen"], told["swipe"]["card"]) == (20000, f"尾号 {number[-4:]}")
    assert (told["lot"]["left_fen"], told["entry"]["amount_fen"]) == (70, 100)
    for seq in ("0", "3", "x", "9" * 30):
        assert (await resident.get(f"/v1/points/entries/{seq}")).code == "entry_not_found"


# Months.


async def test_months_add_up_and_go_back_to_the_first_one(world: World) -> None:
    resident, number, here = await bought(world)
    await paid(world, resident, 30)
    first = now(world)
    for _ in range(2):
        to_next_month(world)
    resident = await anew(resident)
    await here.sent(here.swipe(number, 10000))
    months = (await resident.get("/v1/points/months")).json
    third, second = now(world), month_after(first)
    shown = [
        (one["month"], one["earned_fen"], one["used_fen"], one["closing_fen"]) for one in months["items"]
    ]
    assert shown == [(third, 50, 0, 120), (second, 0, 0, 70), (first, 100, 30, 70)]
    assert [one["running"] for one in months["items"]] == [True, False, False]
    one_by_one, cursor = [], None
    while cursor is not None or not one_by_one:
        page = (
            await resident.get("/v1/points/months", limit=1, **({"cursor": cursor} if cursor else {}))
        ).json
        one_by_one += page["items"]
        cursor = page["next"]
    assert one_by_one == months["items"]


async def test_a_month_ends_at_midnight_in_shanghai(world: World) -> None:
    resident, number, here = await bought(world)
    month = now(world)
    midnight = datetime.fromisoformat(f"{month_after(month)}-01T00:00:00+08:00")
    world.clock.set(midnight - timedelta(milliseconds=1))
    await here.sent(here.swipe(number, 2000))
    world.clock.set(midnight)
    await here.sent(here.swipe(number, 4000))
    resident = await anew(resident)
    told = (await resident.get(f"/v1/points/statements/{month}")).json
    assert (told["closing_fen"], told["running"]) == (110, False)
    after = (await resident.get(f"/v1/points/statements/{month_after(month)}")).json
    assert (after["opening_fen"], after["closing_fen"], after["running"]) == (110, 130, True)
    months = (await resident.get("/v1/points/months")).json["items"]
    assert [(one["earned_fen"], one["closing_fen"]) for one in months] == [(20, 130), (110, 110)]
    listed = await resident.get("/v1/points/entries", month=month)
    assert [one["amount_fen"] for one in listed.json["items"]] == [10, 100]


async def test_a_statement_says_where_everything_came_from_and_went(world: World) -> None:
    resident, number, here = await bought(world)
    more = here.swipe(number, 40000)
    await here.sent(more)
    await here.sent(here.swipe(number, 10000, reverses=more["trace"]))
    await paid(world, resident, 120)
    told = (await resident.get(f"/v1/points/statements/{now(world)}")).json
    lines = {one["kind"]: (one["count"], one["fen"]) for one in told["lines"]}
    assert lines == {"accrual": (2, 300), "clawback": (1, -50), "reserve": (1, -120)}
    assert (told["opening_fen"], told["closing_fen"]) == (0, 130)
    assert (told["swipes"]["count"], told["swipes"]["amount_fen"], told["swipes"]["points_fen"]) == (
        2,
        50000,
        250,
    )


async def test_there_is_no_statement_before_the_first_points_nor_of_days_to_come(world: World) -> None:
    resident, _, _ = await bought(world)
    for month in (
        month_after(now(world)),
        month_after(now(world), -1),
        "2026-13",
        "2026-1",
        "x" * 7,
        "２０２６-11",
    ):
        assert (await resident.get(f"/v1/points/statements/{month}")).status == 404, month
    nobody = await world.resident()
    assert (await nobody.get("/v1/points/months")).json == {"items": [], "next": None}
    assert (await nobody.get("/v1/points/months", cursor="later")).code == "bad_cursor"


async def test_a_statement_that_does_not_add_up_is_not_shown(world: World) -> None:
    resident, number, here = await bought(world)
    await here.sent(here.swipe(number, 20000))
    entry = ledger.entry_id(ledger.own("resident", resident.id), 1)
    await world.house.db.alone(lambda tx: _falsified(tx, entry))
    assert (await resident.get(f"/v1/points/statements/{now(world)}")).status == 500


async def _falsified(tx: Any, entry: str) -> None:
    """By hand, as no code of ours can: the collection is insert-only."""
    handle = tx._handle[ENTRIES.name]
    await handle.update_one({"_id": entry}, {"$set": {"amount": 99}})


# Papers.


async def test_a_statement_is_drawn_and_opened_by_its_link(world: World) -> None:
    resident, number, here = await bought(world)
    path = f"/v1/points/statements/{now(world)}/paper"
    assert (await resident.get(path)).code == "slip_not_found"
    asked = await resident.post(path, {})
    assert (asked.status, asked.json["url"]) == (201, "")
    await world.work()
    told = (await resident.get(path)).json
    reply = await world.call("GET", told["url"])
    assert (reply.status, reply.body[:5]) == (200, b"%PDF-")
    assert (await resident.post(path, {})).json["url"]
    await here.sent(here.swipe(number, 20000))
    assert (await resident.post(path, {})).json["url"] == ""


async def test_the_table_has_every_entry_and_adds_up_in_a_spreadsheet(world: World) -> None:
    resident, number, here = await bought(world)
    for _ in range(3):
        await here.sent(here.swipe(number, 2000))
    await paid(world, resident, 40, about="=1+1")
    reply = await resident.get(f"/v1/points/statements/{now(world)}/entries.csv")
    assert reply.body.startswith(b"\xef\xbb\xbf")
    first, *rows = csv.reader(io.StringIO(reply.body.decode("utf-8-sig")))
    assert first == ["时间", "类别", "说明", "积分变动", "余额"]
    opening, closing = rows[0], rows[-1]
    assert float(opening[4]) + sum(float(one[3]) for one in rows[1:-1]) == pytest.approx(float(closing[4]))
    assert [one[3] for one in rows[1:-1]] == ["1.00", "0.10", "0.10", "0.10", "-0.40"]
    assert rows[-2][2] == "'=1+1"


# Family.


async def look(who: Person, resident_id: str) -> list[Reply]:
    month = now(who.world)
    paths = [
        "",
        "/entries",
        "/entries/1",
        "/months",
        f"/statements/{month}",
        f"/statements/{month}/entries.csv",
    ]
    told = [await who.get(f"/v1/points{one}", resident_id=resident_id) for one in paths]
    return [*told, await who.post(f"/v1/points/statements/{month}/paper", {"resident_id": resident_id})]


async def lets(owner: Person, family: Person, scopes: list[str]) -> str:
    made = (await owner.post("/v1/proxies", {"scopes": scopes, "days": 30})).json
    assert (await family.post("/v1/proxies/accept", {"code": made["code"]})).status == 200
    return str(made["proxy"]["id"])


async def test_family_sees_points_and_statements_while_they_may_and_nothing_more(world: World) -> None:
    owner, _, _ = await bought(world)
    daughter, stranger = await world.resident(), await world.resident()
    await lets(owner, stranger, ["bookings"])
    proxy = await lets(owner, daughter, ["points_read"])
    assert {one.status for one in await look(daughter, owner.id)} == {200, 201}
    assert {one.status for one in await look(stranger, owner.id)} == {403}
    told = (await daughter.get("/v1/points", resident_id=owner.id)).json
    assert (told["balance_fen"], told["card"]) == (100, None)
    assert (await daughter.get("/v1/points")).json["balance_fen"] == 0
    both = await world.call(
        "GET", "/v1/points", token=daughter.token, query={"resident_id": owner.id},
        headers={"X-On-Behalf-Of": stranger.id},
    )  # fmt: skip
    assert both.status == 403
    await owner.delete(f"/v1/proxies/{proxy}")
    assert {(one.status, one.code) for one in await look(daughter, owner.id)} == {(403, "proxy_ended")}


async def test_nobody_opens_the_purchase_of_another_by_a_transfer_that_names_it(world: World) -> None:
    """An entry that points at somebody else's swipe, which no code of ours writes, shows nothing of it."""
    owner, _, _ = await bought(world)
    other, _, _ = await bought(world)
    mine = (await owner.get("/v1/points/entries/1")).json["swipe"]["key"]
    [transfer] = await world.house.db.reading(
        lambda reader: reader.all(TRANSFERS, {"legs.account_id": f"resident:{other.id}"}, limit=2)
    )
    forged = replace(transfer, why={"swipe": mine})
    await world.house.db.alone(
        lambda tx: tx._handle[TRANSFERS.name].replace_one({"_id": forged.id}, TRANSFERS.dump(forged))
    )
    assert (await other.get("/v1/points/entries/1")).code == "entry_not_found"
