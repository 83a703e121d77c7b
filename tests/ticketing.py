"""Orders of tickets in tests: an agency and its people, passengers, and an order brought as far as a test needs it."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from schemas.passengers import NewPassenger
from schemas.staff import Grant
from server.catalogue import PROVIDERS, Provider
from server.kit.clock import SHANGHAI
from server.passengers import saving
from server.sessions import Actor
from tests.world import Person, Reply, World, member, unique

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
PRICE = 8650
_PEOPLE = itertools.count()


def id_no(year: int) -> str:
    """A made-up number of somebody born in this year."""
    body = f"152723{year}0308{next(_PEOPLE):03d}"
    return body + "10X98765432"[sum(w * int(d) for w, d in zip(_WEIGHTS, body, strict=True)) % 11]


class Office(Struct):
    """An agency with two agents, the street's dispatcher and window."""

    world: World
    agency_id: str
    agent: Person
    colleague: Person
    dispatcher: Person
    clerk: Person

    async def passenger(self, who: Person, year: int = 1990, name: str = "王桂英") -> str:
        new = NewPassenger(name=name, id_kind="id_card", id_no=id_no(year))
        house = self.world.house
        saved = await house.db.atomically(
            lambda tx: saving.save(tx, new, Actor("resident", who.id), house.vault, house.settings)
        )
        return saved.id

    def wish(self, passengers: list[str], days: int = 12, **more: Any) -> dict[str, Any]:
        at = datetime.fromisoformat(self.world.at(9, days=days))
        usual: dict[str, Any] = {
            "mode": "train",
            "origin": "东胜西",
            "destination": "呼和浩特东",
            "day": at.date().isoformat(),
            "alternatives": [
                {"number": "D6701", "seat_class": "second", "depart_at": at.isoformat()},
                {"number": "D6703", "seat_class": "first"},
            ],
            "ceiling_fen": 12000,
            "buy_by": self.world.at(20, days=0),
            "passenger_ids": passengers,
            "agency_id": self.agency_id,
        }
        return usual | more

    async def ordered(self, who: Person, *years: int, **more: Any) -> dict[str, Any]:
        ids = [await self.passenger(who, year) for year in years or (1990,)]
        reply = await who.post("/v1/tickets", self.wish(ids, **more))
        assert reply.status == 201, reply.body
        case: dict[str, Any] = reply.json
        return case

    def quoting(self, case: dict[str, Any], price_fen: int = PRICE, **more: Any) -> dict[str, Any]:
        return {
            "alternative": 1,
            "depart_at": case["details"]["alternatives"][0]["depart_at"],
            "price_fen": price_fen,
            **more,
        }

    async def quoted(self, who: Person, *years: int, price_fen: int = PRICE, **more: Any) -> dict[str, Any]:
        case = await self.ordered(who, *years, **more)
        return await moved(self.agent, case, "quote", **self.quoting(case, price_fen))

    async def authorised(self, who: Person, *years: int, **more: Any) -> dict[str, Any]:
        case = await self.quoted(who, *years, **more)
        return await moved(who, case, "authorise", quote_version=1)

    async def buying(self, who: Person, *years: int, **more: Any) -> dict[str, Any]:
        case = await self.authorised(who, *years, **more)
        return await moved(self.clerk, case, "pay_cash")

    def results(self, case: dict[str, Any], failed: int = 0, **more: Any) -> dict[str, Any]:
        """The last `failed` passengers have no ticket."""
        people = [one["id"] for one in case["details"]["passengers"]]
        good = people[: len(people) - failed]
        got = [
            {"passenger_id": one, "ok": True, "carriage": "05", "seat": f"{place + 3}F", **more}
            for place, one in enumerate(good)
        ]
        missed = [{"passenger_id": one, "ok": False, "reason": "没有票了"} for one in people[len(good) :]]
        return {"record_no": "E123456789" if good else "", "results": got + missed}

    async def ticketed(self, who: Person, *years: int, failed: int = 0, **more: Any) -> dict[str, Any]:
        case = await self.buying(who, *years, **more)
        return await moved(self.agent, case, "record", **self.results(case, failed))

    async def pay(self, who: Person, bill_id: str) -> str:
        """By WeChat; the payment's id. The order hears of it when the worker has worked."""
        reply = await who.post(f"/v1/bills/{bill_id}/pay", {"points_fen": 0})
        assert reply.status == 201, reply.body
        await who.get(f"/v1/payments/{reply.json['id']}")
        await self.world.control("pay", out_trade_no=reply.json["id"], notify=False)
        payment_id: str = reply.json["id"]
        return payment_id

    async def worked(self, minutes: float = 0.5) -> None:
        for _ in range(4):
            self.world.clock.advance(timedelta(minutes=minutes / 4))
            await self.world.work()


async def open_office(world: World) -> Office:
    agency = unique("agency")
    await world.put(
        PROVIDERS, Provider(id=agency, name="顺达票务", phone="0477-8300009", categories=["tickets"])
    )
    agent, colleague, dispatcher, clerk = await world.hired(
        member(Grant(role="provider", provider_id=agency), name="赵敏"),
        member(Grant(role="provider", provider_id=agency), name="钱亮"),
        member(Grant(role="dispatcher")),
        member(Grant(role="clerk", community_id=world.community)),
    )
    return Office(world, agency, agent, colleague, dispatcher, clerk)


async def moved(who: Person, case: dict[str, Any], action: str, **form: Any) -> dict[str, Any]:
    reply = await who.act(case["case_no"], action, **form)
    assert reply.status == 200, (action, reply.body)
    found: dict[str, Any] = reply.json
    return found


async def refused(who: Person, case: dict[str, Any], action: str, **form: Any) -> tuple[int, str | None]:
    reply: Reply = await who.act(case["case_no"], action, **form)
    return reply.status, reply.code


async def seen(who: Person, case: dict[str, Any]) -> dict[str, Any]:
    reply = await who.get(f"/v1/cases/{case['case_no']}")
    assert reply.status == 200, reply.body
    found: dict[str, Any] = reply.json
    return found


def local(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(SHANGHAI)
