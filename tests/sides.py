"""Two halves of a street that have nothing in common: a community with its compound and residents, a provider with its
people, and one of everything that somebody's scope is about. What each half has to keep to itself is known by words that
stand nowhere else."""

from datetime import timedelta
from typing import Any, get_args

from msgspec import Struct, field
from msgspec.structs import replace

from schemas.staff import Grant, Role
from server.catalogue import POOLS, SERVICES, Pool
from server.kit.clock import today
from server.places import PLACES, Place
from server.return_calls import RETURN_CALLS
from tests.test_certificates import approved
from tests.test_concessions import paper as disability_paper
from tests.test_plans import plan_for
from tests.test_waitlist import TEN_TO_NOON, wait_for
from tests.world import Person, Shop, World, unique

ROLES: tuple[str, ...] = get_args(Role)


class Side(Struct):
    """One half. `fills` has what a placeholder of a path stands for here; nobody outside reads the words of `cases`,
    and of the `business` none but the street and the accountant. `crew` are its people by role."""

    name: str
    phone: str
    fills: dict[str, str]
    cases: list[str]
    business: list[str]
    shop: Shop
    resident: Person
    crew: dict[str, Person] = field(default_factory=dict)


async def make_side(world: World, name: str, phone: str) -> Side:
    world.community, world.compound = unique("community"), unique("compound")
    await world.put(
        PLACES,
        Place(id=world.community, kind="community", name=f"{name}社区", parent_id=None),
        Place(id=world.compound, kind="compound", name=f"{name}小区", parent_id=world.community),
    )
    shop = await world.shop(capacity=9, dispatch="grab")
    resident = await _resident(world, f"{name}居民", phone)
    case_no = await _visit(world, shop, resident, name)
    offered, offer_id = await _offered(world, shop, resident)
    plan = await plan_for(resident, shop, time="16:00")
    waiting_id, full = await _line(world, shop, resident)
    certificate_id = await _papers(world, shop, name)
    number, suspension_id = await _business(world, shop, name)
    call_id = await _call(world, resident)
    disability = disability_paper(world)
    desk, community = await world.staff(Grant(role="operator")), world.community
    window = await world.staff(Grant(role="clerk", community_id=community))
    draft = {
        "audience": {"kind": "community", "place_id": community},
        "title": "停水通知",
        "text": f"{name}还没有发的公告",
    }
    announcement_id = (await _ok(window.post("/v1/staff-announcements", draft)))["id"]
    later = (await _ok(window.post("/v1/staff-announcements", draft)))["id"]
    await _ok(window.post(f"/v1/staff-announcements/{later}/publish", {"at": world.at(9, days=300)}))
    comment_id = await _comment(window, resident, draft, f"{name}的留言")
    await _ok(world.call("PUT", f"/v1/residents/{resident.id}/disability", disability, token=desk.token))
    return Side(
        name=name,
        phone=phone,
        fills={
            "case_no": case_no,
            "dispatched": offered,
            "provider_id": shop.provider_id,
            "resident_id": resident.id,
            "worker_id": shop.worker.id,
            "certificate_id": certificate_id,
            "plan_id": plan["id"],
            "waiting_id": waiting_id,
            "offer_id": offer_id,
            "suspension_id": suspension_id,
            "number": str(number),
            "service_id": shop.service_id,
            "userid": shop.manager.id,
            "call_id": call_id,
            "community_id": community,
            "announcement_id": announcement_id,
            "broadcast_id": f"{later}.1",
            "comment_id": comment_id,
            "month": world.at(0)[:7],
        },
        cases=[
            f"{name}居民",
            f"{name}悄悄话",
            f"{name}还没有发的公告",
            f"{name}的留言",
            phone,
            case_no,
            offered,
            full,
        ],
        business=[f"{name}证件单位", f"{name}涨价", f"{name}整改"],
        shop=shop,
        resident=resident,
    )


async def _comment(window: Person, resident: Person, draft: dict[str, Any], text: str) -> str:
    """One that waits under an announcement of the window's."""
    made = (
        await _ok(window.post("/v1/staff-announcements", draft | {"comments": True, "text": "请先存水"}))
    )["id"]
    await _ok(window.post(f"/v1/staff-announcements/{made}/publish", {"push": False}))
    comment = await _ok(resident.post(f"/v1/announcements/{made}/comments", {"text": text}))
    comment_id: str = comment["id"]
    return comment_id


async def _ok(reply: Any) -> Any:
    done = await reply
    assert done.status in (200, 201), done.body
    return done.json


async def _resident(world: World, name: str, phone: str) -> Person:
    resident = await world.resident(name=name)
    code = (await world.control("phone-codes", openid=resident.openid, phone=phone))["code"]
    await _ok(resident.post("/v1/me/phone", {"code": code}))
    return resident


async def _visit(world: World, shop: Shop, resident: Person, name: str) -> str:
    """A visit that the worker goes to, with something said on it."""
    case_no: str = (await shop.brought_to("assigned", resident))["case_no"]
    await _ok(resident.post(f"/v1/cases/{case_no}/messages", {"text": f"{name}悄悄话"}))
    return case_no


async def _offered(world: World, shop: Shop, resident: Person) -> tuple[str, str]:
    """A visit that is offered to the worker, and the offer."""
    case_no: str = (await shop.booked(resident, world.at(14)))["case_no"]
    await shop.manager.act(case_no, "confirm")
    await world.work()
    offers = (await shop.worker.get("/v1/offers")).json["items"]
    assert len(offers) == 1, offers
    return case_no, offers[0]["id"]


async def _line(world: World, shop: Shop, resident: Person) -> tuple[str, str]:
    """Somebody waits for a seat that another booking has; both numbers."""
    usual = world.house.db.reader().recall(SERVICES, shop.service_id)
    assert usual is not None
    pool_id = unique("pool")
    await world.put(POOLS, Pool(id=pool_id, provider_id=shop.provider_id, name="小组", capacity=1))
    one = replace(usual, id=unique("service"), pool_id=pool_id, weekly=TEN_TO_NOON, dispatch="assign")
    await world.put(SERVICES, one)
    small = replace(shop, service_id=one.id)
    taken = (await small.booked(resident, world.at(10, days=3)))["case_no"]
    other = await world.resident()
    return (await wait_for(other, small, world.at(10, days=3)))["id"], taken


async def _call(world: World, resident: Person) -> str:
    """Somebody is to call them about what WeChat did not show."""
    await world.work()
    where = {"resident_id": resident.id, "open": True}
    call = await world.house.db.reading(lambda reader: reader.first(RETURN_CALLS, where))
    assert call is not None
    return call.id


async def _papers(world: World, shop: Shop, name: str) -> str:
    until = today(world.clock.now()) + timedelta(days=20)
    item_id: str = (await approved(shop, shop.worker.id, "health", until))["id"]
    body = {
        "owner_id": shop.worker.id,
        "kind": "health",
        "number": "A1234567",
        "issuer": f"{name}证件单位",
        "valid_until": (until + timedelta(days=300)).isoformat(),
    }
    await _ok(shop.manager.post("/v1/certificates", body))
    return item_id


async def _business(world: World, shop: Shop, name: str) -> tuple[int, str]:
    """A price list that waits to be approved, and a suspension that begins in ten days."""
    path = f"/v1/providers/{shop.provider_id}"
    day = (today(world.clock.now()) + timedelta(days=3)).isoformat()
    line = {"service_id": shop.service_id, "unit": "hour", "amount_fen": 4100}
    new = {"valid_from": day, "prices": [line], "note": f"{name}涨价"}
    number = (await _ok(shop.manager.post(f"{path}/price-lists", new)))["number"]
    pause = {"reason": f"{name}整改", "from": world.at(8, days=10)}
    return number, (await _ok(shop.dispatcher.post(f"{path}/suspensions", pause)))["id"]


async def crew_of(world: World, side: Side) -> dict[str, Person]:
    """One person for each role, in this half's scope."""
    place = {"community_id": world.community}
    scopes: dict[str, dict[str, str]] = {
        "clerk": place,
        "elder_team": place | {"compound_id": world.compound},
        "provider": {"provider_id": side.shop.provider_id},
        "driver": {"provider_id": side.shop.provider_id},
    }
    crew = {
        role: await world.staff(Grant(role=role, **scopes.get(role, {})), name=f"{side.name}{role}")  # type: ignore[arg-type]
        for role in ROLES
        if role != "worker"
    }
    return crew | {"worker": side.shop.worker}
