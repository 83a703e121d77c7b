"""What the tests of bookings have in common: asking for one, looking at it, and the people round it."""

from typing import Any

from schemas.staff import Grant
from server import slots
from server.slots import OCCUPANCY
from tests.world import Person, Reply, Shop, World, unique


async def book(who: Person, shop: Shop, start: str | None = None, **more: Any) -> Reply:
    return await who.post("/v1/bookings", shop.wish(start or shop.world.at(10), **more))


def refused(reply: Reply) -> tuple[int, str, str | None]:
    """Status, name and field of a refusal."""
    return reply.status, reply.code, reply.json["error"].get("field") if reply.code else None


async def seen(who: Person, case: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (await who.get(f"/v1/cases/{case['case_no']}")).json
    return found


async def steps(who: Person, case: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await who.get(f"/v1/cases/{case['case_no']}/history")).json["items"]
    return items


async def newcomer(world: World) -> Person:
    """Signed in, and nothing told us yet."""
    code = (await world.control("codes", openid=unique("newcomer")))["code"]
    reply = await world.call("POST", "/v1/sessions", {"code": code})
    return Person(world, reply.json["resident"]["id"], reply.json["token"])


async def busy_quarters(world: World, worker: Person) -> int:
    days = await world.house.db.reading(lambda reader: reader.all(OCCUPANCY, {}, limit=5000))
    mine = [one for one in days if one.id.startswith(f"{slots.worker_owner(worker.id)}|")]
    return sum(count for one in mine for count in one.cells.values())


async def another_worker(shop: Shop, **more: Any) -> Person:
    grant = Grant(role="worker", provider_id=more.pop("provider_id", shop.provider_id))
    return await shop.world.staff(grant, skills=more.pop("skills", [shop.category]), **more)


async def confirmed(shop: Shop, resident: Person, start: str | None = None) -> dict[str, Any]:
    return await shop.brought_to("confirmed", resident, start)
