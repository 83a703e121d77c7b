"""Points: what a purchase earns, to the fen; swipes heard once; reversals; cards; nothing that is forged."""

import asyncio
import json
from datetime import date, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.points import Campaign, NewRates, Rate
from schemas.staff import Grant
from server import ledger
from server.kit.clock import today
from server.points import RATES, RateVersion
from server.pos import TERMINALS
from server.pos.terminals import register, signature
from tests.doors import Happy, Visit
from tests.world import Person, Reply, World, unique

SECRET = "example-terminal-secret"
FOREVER = date(2020, 1, 1)


def rates(**more: Any) -> NewRates:
    usual: dict[str, Any] = {
        "valid_from": FOREVER,
        "rates": [
            Rate(category="grocery", name="超市", permyriad=50),
            Rate(category="pharmacy", name="药店", permyriad=100),
        ],
    }
    return NewRates(**usual | more)


async def in_force(world: World, body: NewRates | None = None, *, beside: bool = False) -> None:
    """These are the rates, and no others unless `beside`."""
    known = list(world.house.db.reader().everything(RATES).items.values())
    if not beside:
        await world.put(RATES, *(replace(one, state="returned") for one in known))
    number = max((one.number for one in known), default=0) + 1
    version = RateVersion(
        id=f"{number:06d}",
        number=number,
        state="approved",
        body=body or rates(),
        author_id="someone",
        author="某人",
        created_at=world.clock.now(),
    )
    await world.put(RATES, version)


async def clerk(world: World) -> Person:
    return await world.staff(Grant(role="clerk", community_id=world.community))


class Till:
    """A terminal of one window."""

    def __init__(self, world: World, terminal_id: str, secret: str = SECRET) -> None:
        self.world, self.id, self.trace, self.secret = world, terminal_id, 0, secret

    def swipe(self, card: str, amount_fen: int, **more: Any) -> dict[str, Any]:
        self.trace += 1
        usual = {
            "batch": "000001",
            "trace": f"{self.trace:06d}",
            "card": card,
            "category": "grocery",
            "amount_fen": amount_fen,
            "at": self.world.clock.now().isoformat(),
        }
        return usual | more

    def headers(self, body: dict[str, Any], **more: str) -> dict[str, str]:
        timestamp, nonce = str(int(self.world.clock.now().timestamp())), unique("nonce")
        sealed = signature(self.secret, timestamp, nonce, json.dumps(body).encode())
        usual = {"X-Terminal": self.id, "X-Timestamp": timestamp, "X-Nonce": nonce, "X-Signature": sealed}
        return usual | {f"X-{name}": value for name, value in more.items()}

    async def send(self, body: dict[str, Any], **headers: str) -> Reply:
        return await self.world.call("POST", "/v1/pos/swipes", body, headers=self.headers(body, **headers))

    async def sent(self, body: dict[str, Any]) -> dict[str, Any]:
        reply = await self.send(body)
        assert reply.status == 200, reply.body
        answer: dict[str, Any] = reply.json
        return answer


async def till(world: World) -> Till:
    terminal_id = unique("terminal")
    await world.put(TERMINALS, register(terminal_id, "绿苑窗口", world.community, SECRET, world.house.vault))
    return Till(world, terminal_id)


def card_no() -> str:
    return f"62{int(unique('').encode().hex(), 16) % 10**14:014d}"


async def bind(world: World, who: Person, number: str, by: Person | None = None, **more: Any) -> Reply:
    me = (await who.get("/v1/me")).json
    body = {"resident_id": who.id, "number": number, "name": me["name"], "phone": me["phone"]} | more
    return await (by or await clerk(world)).post("/v1/point-cards", body)


async def holder(world: World) -> tuple[Person, str]:
    resident, number = await world.resident(), card_no()
    assert (await bind(world, resident, number)).status == 201
    return resident, number


async def balance(who: Person) -> tuple[int, int]:
    """To spend, and owed."""
    told = (await who.get("/v1/points")).json
    return told["balance_fen"], told["owed_fen"]


async def spend_all(world: World, who: Person) -> None:
    """Everything is spent on something."""
    fen, _ = await balance(who)
    name, until = unique("reserve"), world.clock.now() + timedelta(minutes=5)

    async def spent(tx: Any) -> None:
        await ledger.reserve(tx, name, who.id, fen, until, by="test")
        await ledger.spend(
            tx, name, f"{name}/paid", fen, ledger.common("clearing", f"{name}/paid"), by="test"
        )

    await world.house.db.atomically(spent)


# The doors.


async def visit_mine(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/points")


async def visit_entries(world: World) -> Visit:
    return Visit(who=await world.resident(), path="/v1/points/entries")


async def visit_preview(world: World) -> Visit:
    await in_force(world)
    body = {"category": "grocery", "amount_fen": 12850}
    return Visit(who=await world.resident(), path="/v1/points/preview", query=body)


async def visit_rates(world: World) -> Visit:
    return Visit(who=await world.staff(Grant(role="accountant")), path="/v1/points/rates")


def next_rates(world: World, **more: Any) -> dict[str, Any]:
    tomorrow = today(world.clock.now()) + timedelta(days=1)
    lines = [{"category": "grocery", "name": "超市", "permyriad": 50}]
    return {"valid_from": tomorrow.isoformat(), "rates": lines} | more


async def visit_draft(world: World) -> Visit:
    who = await world.staff(Grant(role="accountant"))
    return Visit(who=who, path="/v1/points/rates", body=next_rates(world))


async def drafted(world: World) -> str:
    author = await world.staff(Grant(role="accountant"))
    return str((await author.post("/v1/points/rates", next_rates(world))).json["number"])


async def visit_approve(world: World) -> Visit:
    path = f"/v1/points/rates/{await drafted(world)}/approve"
    return Visit(who=await world.staff(Grant(role="accountant")), path=path, shared=True)


async def visit_return(world: World) -> Visit:
    path = f"/v1/points/rates/{await drafted(world)}/return"
    who = await world.staff(Grant(role="accountant"))
    return Visit(who=who, path=path, body={"reason": "利率写错了"}, shared=True)


async def visit_bind(world: World) -> Visit:
    resident = await world.resident()
    me = (await resident.get("/v1/me")).json
    body = {"resident_id": resident.id, "number": card_no(), "name": me["name"], "phone": me["phone"]}
    return Visit(who=await clerk(world), path="/v1/point-cards", body=body)


async def visit_lost(world: World) -> Visit:
    resident, _ = await holder(world)
    return Visit(who=resident, path="/v1/points/card/lost", body={"reason": "找不到了"})


async def _card_of(world: World, act: str, body: dict[str, Any]) -> Visit:
    resident, _ = await holder(world)
    path = f"/v1/residents/{resident.id}/card/{act}"
    elsewhere = await world.staff(Grant(role="clerk", community_id=unique("community")))
    return Visit(who=await clerk(world), path=path, body=body, stranger=elsewhere)


async def visit_freeze(world: World) -> Visit:
    return await _card_of(world, "freeze", {"reason": "有人冒用"})


async def visit_replace(world: World) -> Visit:
    return await _card_of(world, "replace", {"number": card_no()})


async def visit_swipe(world: World) -> Visit:
    await in_force(world)
    here, (_, number) = await till(world), await holder(world)
    body = here.swipe(number, 12850)
    return Visit(path="/v1/pos/swipes", body=body, headers=here.headers(body), shared=True)


HAPPY: Happy = {
    ("GET", "/v1/points"): visit_mine,
    ("GET", "/v1/points/entries"): visit_entries,
    ("GET", "/v1/points/preview"): visit_preview,
    ("GET", "/v1/points/rates"): visit_rates,
    ("POST", "/v1/points/rates"): visit_draft,
    ("POST", "/v1/points/rates/{number}/approve"): visit_approve,
    ("POST", "/v1/points/rates/{number}/return"): visit_return,
    ("POST", "/v1/point-cards"): visit_bind,
    ("POST", "/v1/points/card/lost"): visit_lost,
    ("POST", "/v1/residents/{resident_id}/card/{action}"): visit_freeze,
    ("POST", "/v1/residents/{resident_id}/card/replace"): visit_replace,
    ("POST", "/v1/pos/swipes"): visit_swipe,
}


# What a purchase earns.


async def test_a_purchase_earns_to_the_fen_and_explains_itself(world: World) -> None:
    await in_force(world)
    here, (resident, number) = await till(world), await holder(world)
    told = await here.sent(here.swipe(number, 12850))
    text = "超市消费 128.50 元 × 0.5 %，按 2020-01 费率，积 0.64 分"
    assert (told["state"], told["points_fen"], told["text"]) == ("posted", 64, text)
    assert await balance(resident) == (64, 0)
    [entry] = (await resident.get("/v1/points/entries")).json["items"]
    assert (entry["amount_fen"], entry["balance_fen"], entry["text"]) == (64, 64, text)


@pytest.mark.parametrize(
    ("more", "amount_fen", "points"),
    [
        ({}, 199, 0),
        ({}, 200, 1),
        ({"rounding": "half_up"}, 100, 1),
        ({"rounding": "half_up"}, 99, 0),
        ({"rounding": "half_up"}, 12850, 64),
        ({"rounding": "half_up"}, 12900, 65),
        ({"minimum_fen": 1000}, 999, 0),
        ({"minimum_fen": 1000}, 1000, 5),
    ],
)
async def test_rounding_and_minimum_are_those_of_the_version(
    world: World, more: dict[str, Any], amount_fen: int, points: int
) -> None:
    await in_force(world, rates(**more))
    body = {"category": "grocery", "amount_fen": amount_fen}
    assert (await (await world.resident()).get("/v1/points/preview", **body)).json["points_fen"] == points


async def test_the_campaign_that_gives_most_counts_and_only_on_its_days(world: World) -> None:
    day = today(world.clock.now())
    double = Campaign(name="双倍积分", category="grocery", first=day, last=day, percent=200)
    half_more = Campaign(name="社区节", first=day, last=day, percent=150)
    await in_force(world, rates(campaigns=[half_more, double]))
    here, (_, number) = await till(world), await holder(world)
    assert (await here.sent(here.swipe(number, 10000)))["points_fen"] == 100
    assert (await here.sent(here.swipe(number, 10000, category="pharmacy")))["points_fen"] == 150
    yesterday = (world.clock.now() - timedelta(days=1)).isoformat()
    assert (await here.sent(here.swipe(number, 10000, at=yesterday)))["points_fen"] == 50


async def test_a_day_has_a_cap_and_the_text_says_so(world: World) -> None:
    await in_force(world, rates(daily_cap_fen=120))
    here, (resident, number) = await till(world), await holder(world)
    told = [await here.sent(here.swipe(number, 10000)) for _ in range(4)]
    assert [one["points_fen"] for one in told] == [50, 50, 20, 0]
    assert "每天最多积 1.20 分，这次积 0.20 分" in told[2]["text"]
    world.clock.advance(timedelta(days=1))
    assert (await here.sent(here.swipe(number, 10000)))["points_fen"] == 50
    assert await balance(resident) == (170, 0)


async def test_a_late_purchase_earns_by_the_rates_of_its_day(world: World) -> None:
    await in_force(world)
    today_ = today(world.clock.now())
    newer = rates(valid_from=today_, rates=[Rate(category="grocery", name="超市", permyriad=10)])
    await in_force(world, newer, beside=True)
    here, (_, number) = await till(world), await holder(world)
    then = (world.clock.now() - timedelta(days=3)).isoformat()
    assert (await here.sent(here.swipe(number, 10000, at=then)))["points_fen"] == 50
    assert (await here.sent(here.swipe(number, 10000)))["points_fen"] == 10


# Once.


async def test_a_swipe_is_posted_once_however_often_it_comes(world: World) -> None:
    await in_force(world)
    here, (resident, number) = await till(world), await holder(world)
    body = here.swipe(number, 12850)
    answers = await asyncio.gather(*(here.send(body) for _ in range(10)))
    assert sum(one.status == 200 and not one.json["again"] for one in answers) == 1
    assert (await here.sent(body | {"trace": body["trace"].lstrip("0")}))["again"]
    assert await balance(resident) == (64, 0)


async def test_the_same_numbers_with_another_amount_are_refused(world: World) -> None:
    await in_force(world)
    here, (resident, number) = await till(world), await holder(world)
    body = here.swipe(number, 12850)
    await here.sent(body)
    reply = await here.send(body | {"amount_fen": 99999})
    assert (reply.status, reply.code) == (409, "swipe_differs")
    assert await balance(resident) == (64, 0)


# Forged, replayed, late.


async def test_what_is_forged_replayed_or_late_changes_nothing(world: World) -> None:
    await in_force(world)
    here, (resident, number) = await till(world), await holder(world)
    body = here.swipe(number, 12850)
    late = str(int(world.clock.now().timestamp()) - 301)
    sealed = signature(SECRET, late, "n", json.dumps(body).encode())
    forgeries = [
        await here.send(body, Signature="0" * 64),
        await here.send(body, Signature=""),
        await here.send(body, Terminal="nobody"),
        await here.send(body, Timestamp=late),
        await here.send(body, Timestamp=late, Nonce="n", Signature=sealed),
        await here.send(body, Timestamp="1e9"),
        await world.call("POST", "/v1/pos/swipes", body),
        await world.call("POST", "/v1/pos/swipes", body | {"amount_fen": 1}, headers=here.headers(body)),
    ]
    assert {one.status for one in forgeries} == {401}
    headers = here.headers(body)
    first, replayed = [await world.call("POST", "/v1/pos/swipes", body, headers=headers) for _ in range(2)]
    assert (first.status, replayed.status, replayed.code) == (200, 401, "sent_before")
    assert await balance(resident) == (64, 0)


async def test_a_terminal_that_is_switched_off_is_heard_no_more(world: World) -> None:
    await in_force(world)
    here, (_, number) = await till(world), await holder(world)
    terminal = world.house.db.reader().recall(TERMINALS, here.id)
    assert terminal is not None
    await world.put(TERMINALS, replace(terminal, active=False))
    assert (await here.send(here.swipe(number, 12850))).status == 401


# Reversals.


async def test_a_reversal_in_parts_takes_back_what_was_earned_to_the_fen(world: World) -> None:
    await in_force(world)
    here, (resident, number) = await till(world), await holder(world)
    bought = here.swipe(number, 12850)
    await here.sent(bought)
    parts = [await here.sent(here.swipe(number, fen, reverses=bought["trace"])) for fen in (5000, 5000, 2850)]
    assert [one["points_fen"] for one in parts] == [-24, -25, -15]
    assert await balance(resident) == (0, 0)
    more = await here.send(here.swipe(number, 1, reverses=bought["trace"]))
    assert (more.status, more.code) == (409, "swipe_reversed_too_much")


async def test_what_was_spent_already_is_owed_and_the_next_points_make_it_good(world: World) -> None:
    await in_force(world)
    here, (resident, number) = await till(world), await holder(world)
    bought = here.swipe(number, 20000)
    await here.sent(bought)
    await spend_all(world, resident)
    await here.sent(here.swipe(number, 20000, reverses=bought["trace"]))
    assert await balance(resident) == (0, 100)
    assert "还欠 1.00 分" in (await resident.get("/v1/points")).json["text"]
    await here.sent(here.swipe(number, 30000))
    assert await balance(resident) == (50, 0)
    assert [one async for one in ledger.differences(world.house.db.reader())] == []


async def test_a_reversal_of_nothing_or_of_another_card_is_refused(world: World) -> None:
    await in_force(world)
    here, (_, number), (_, other) = await till(world), await holder(world), await holder(world)
    bought = here.swipe(number, 20000)
    await here.sent(bought)
    for body in (here.swipe(number, 1, reverses="999"), here.swipe(other, 1, reverses=bought["trace"])):
        reply = await here.send(body)
        assert (reply.status, reply.code, reply.json["error"]["field"]) == (
            409,
            "reverses_nothing",
            "reverses",
        )


# Cards.


async def test_what_was_bought_before_the_card_was_bound_counts_then(world: World) -> None:
    await in_force(world)
    here, resident, number = await till(world), await world.resident(), card_no()
    bought = here.swipe(number, 12850)
    assert (await here.sent(bought))["state"] == "waiting"
    await here.sent(here.swipe(number, 2850, reverses=bought["trace"]))
    await here.sent(here.swipe(number, 20000))
    assert (await bind(world, resident, number)).status == 201
    assert await balance(resident) == (150, 0)
    await here.sent(here.swipe(number, 10000, reverses=bought["trace"]))
    assert await balance(resident) == (100, 0)


async def test_however_much_was_bought_before_all_of_it_counts(world: World) -> None:
    await in_force(world)
    here, resident, number = await till(world), await world.resident(), card_no()
    for _ in range(23):
        await here.sent(here.swipe(number, 200))
    assert (await bind(world, resident, number)).status == 201
    assert await balance(resident) == (23, 0)


async def test_a_card_is_bound_to_whoever_we_know_it_is_once(world: World) -> None:
    resident, number = await world.resident(), card_no()
    assert (await bind(world, resident, number, name="别人")).code == "holder_differs"
    assert (await bind(world, resident, number, phone="13900000000")).code == "holder_differs"
    elsewhere = await world.staff(Grant(role="clerk", community_id=unique("community")))
    assert (await bind(world, resident, number, by=elsewhere)).status == 404
    assert (await bind(world, resident, number)).status == 201
    assert (await bind(world, resident, card_no())).code == "has_card"
    assert (await bind(world, await world.resident(), number)).code == "card_of_another"
    shown = (await resident.get("/v1/points")).json["card"]
    assert shown["number"] == f"尾号 {number[-4:]}"


async def test_a_lost_card_is_replaced_and_the_points_stay(world: World) -> None:
    await in_force(world)
    here, (resident, number), desk = await till(world), await holder(world), await clerk(world)
    await here.sent(here.swipe(number, 20000))
    assert (await resident.post("/v1/points/card/lost", {"reason": "找不到了"})).json["state"] == "lost"
    assert (await resident.post("/v1/points/card/lost", {"reason": "找不到了"})).code == "card_not_in_use"
    new = card_no()
    assert (await desk.post(f"/v1/residents/{resident.id}/card/replace", {"number": new})).json[
        "state"
    ] == "active"
    await here.sent(here.swipe(new, 20000))
    assert await balance(resident) == (200, 0)


# Rates.


async def test_rates_are_written_by_one_and_approved_by_another(world: World) -> None:
    author, other = [await world.staff(Grant(role="accountant")) for _ in range(2)]
    number = (await author.post("/v1/points/rates", next_rates(world))).json["number"]
    path = f"/v1/points/rates/{number}"
    assert (await author.post(f"{path}/approve")).code == "own_rates"
    assert (await other.post(f"{path}/approve")).json["state"] == "approved"
    assert (await other.post(f"{path}/return", {"reason": "晚了"})).code == "rates_answered"
    assert (await other.post("/v1/points/rates/0/approve")).code == "rates_not_found"
    assert (await (await clerk(world)).get("/v1/points/rates")).status == 403


async def test_bad_rates_name_the_field(world: World) -> None:
    author = await world.staff(Grant(role="accountant"))
    day = today(world.clock.now()).isoformat()
    twice = [{"category": "grocery", "name": "超市", "permyriad": 50}] * 2
    campaign = {"name": "节", "category": "toys", "first": day, "last": day, "percent": 200}
    wrong = [
        (next_rates(world, valid_from=day), 409, "rates_start_too_soon", "valid_from"),
        (next_rates(world, rates=twice), 422, "category_twice", "rates[1].category"),
        (next_rates(world, campaigns=[campaign]), 422, "unknown_category", "campaigns[0].category"),
    ]
    for body, status, code, field in wrong:
        reply = await author.post("/v1/points/rates", body)
        assert (reply.status, reply.code, reply.json["error"]["field"]) == (status, code, field)
