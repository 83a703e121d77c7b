"""The example street: whole, plausible, marked as made up, and put into the database as often as one likes."""

import re
import shutil
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from schemas.common import FormField
from server import role_changes, tags
from server.bundles import BUNDLES
from server.cases.kinds import CASES
from server.catalogue import (
    CATEGORIES,
    POOLS,
    PROVIDERS,
    SERVICES,
    Category,
    Service,
    check_form,
    find,
    priced,
    total_fen,
)
from server.certificates import missing
from server.demo import seed, street
from server.demo.rows import BadData
from server.kit.clock import SHANGHAI, today
from server.kit.db import Collection, Duplicate, Tx
from server.landmarks import LANDMARKS
from server.ledger import as_of, differences, expiring, own
from server.places import PLACES
from server.residents import RESIDENTS, Declined, Resident
from server.role_changes import PROPOSALS
from server.roles import ROLE_RULES
from server.rosters import ROSTERS
from server.slots import OCCUPANCY
from server.staff import STAFF, serves
from tests.world import Person, World

STREET = street.read()
PEOPLE = {one.id: one for one in STREET.staff}
SEEDED: tuple[Collection[Any], ...] = (
    PLACES,
    LANDMARKS,
    CATEGORIES,
    PROVIDERS,
    POOLS,
    SERVICES,
    BUNDLES,
    STAFF,
    RESIDENTS,
    ROSTERS,
)

PER_HOUR = {"cleaning": (2500, 8000), "nanny": (2500, 4000), "care": (8000, 12000), "medical": (8000, 12000)}
"""Fen, as the street's price list has them; cleaning from daily to deep."""
PER_VISIT = {"repair": (3000, 5000), "moving": (20000, 50000), "freight": (3000, 6000)}
LOW_COST = (0, 2000)


def staff_of(role: str) -> list[str]:
    return [one.id for one in STREET.staff if any(grant.role == role for grant in one.grants)]


def named(prefix: str) -> int:
    return sum(one.startswith(prefix) for one in PEOPLE)


# What is in it.


def test_the_street_has_the_size_that_was_promised() -> None:
    assert Counter(one.kind for one in STREET.places) == {"street": 1, "community": 7, "compound": 20}
    assert (len(STREET.providers), len(STREET.services), len(STREET.residents)) == (12, 25, 200)
    assert (named("worker-"), named("driver-"), named("manager-"), named("clerk-")) == (40, 15, 12, 7)
    assert named("elder-") > 0


def test_what_can_be_asked_for_as_one_thing_has_several_parts_that_the_street_can_do() -> None:
    known = {one.id for one in STREET.services}
    assert {one.name for one in STREET.bundles} >= {"搬家一件事", "出院回家一件事"}
    for bundle in STREET.bundles:
        assert len(bundle.parts) > 1 and any(one.required for one in bundle.parts)
        assert all(known.issuperset(one.services) for one in bundle.parts)


def test_every_provider_has_a_manager_and_every_community_a_clerk() -> None:
    run = {grant.provider_id for one in STREET.staff if one.id.startswith("manager-") for grant in one.grants}
    assert run == {one.id for one in STREET.providers}
    served = {grant.community_id for one in STREET.staff for grant in one.grants if grant.role == "clerk"}
    assert served == {one.id for one in STREET.places if one.kind == "community"}


@pytest.mark.parametrize(
    "role",
    ["operator", "clerk", "reviewer", "dispatcher", "provider", "worker", "driver", "accountant", "admin"],
)
def test_there_is_somebody_to_be_in_the_demo(role: str) -> None:
    assert f"demo-{role}" in staff_of(role)


def test_the_demo_provider_and_worker_are_at_home_everywhere() -> None:
    everywhere = [one.id for one in STREET.providers]
    assert [one.provider_id for one in PEOPLE["demo-provider"].grants] == everywhere
    assert [one.provider_id for one in PEOPLE["demo-worker"].grants] == everywhere
    assert set(PEOPLE["demo-worker"].skills) == {one.id for one in STREET.categories}


def test_residents_are_named_as_promised_and_live_in_every_compound() -> None:
    names = [f"demo-resident-{number:03d}" for number in range(1, 201)]
    assert [one.id for one in STREET.residents] == names
    assert [one.openid for one in STREET.residents] == names
    homes = Counter(one.household.compound_id for one in STREET.residents if one.household)
    assert len(homes) == 20 and set(homes.values()) == {10}
    assert all(re.fullmatch(r"\d+-\d-\d0\d", one.household.room) for one in STREET.residents if one.household)
    assert 5 <= sum(one.preferences.large_text for one in STREET.residents) <= 20


def test_the_same_people_are_made_each_time() -> None:
    assert street.read() == STREET


def test_nobody_shares_a_phone() -> None:
    phones = [one.phone for one in (*STREET.providers, *STREET.staff, *STREET.residents)]
    assert max(Counter(phones).values()) == 1


def test_everything_is_marked_as_made_up() -> None:
    assert all("示例数据" in one.name for one in STREET.places if one.kind == "street")
    assert all(one.licence.startswith("示例数据") for one in STREET.providers)
    assert all(one.notes.startswith("示例数据") for one in STREET.services)
    assert [
        one.name for one in street.DATA.iterdir() if not one.read_text("utf-8").startswith("# 示例数据")
    ] == []


def test_no_phone_can_ring() -> None:
    """139 0000 stands for examples here, and no local number starts with 0."""
    assert all(one.phone.startswith("0477-0") for one in STREET.providers)
    assert all((one.phone or "").startswith("1390000") for one in (*STREET.staff, *STREET.residents))


# What can be booked.


def usual_price(service: Service) -> tuple[float, tuple[int, int]]:
    """What is compared with which range: the hour where work is paid by time, else the visit."""
    if service.category in PER_HOUR:
        return total_fen(service) * 60 / service.duration_min, PER_HOUR[service.category]
    return service.price.amount_fen, PER_VISIT.get(service.category, LOW_COST)


@pytest.mark.parametrize("service", STREET.services, ids=lambda one: one.id)
def test_a_service_is_one_that_a_street_would_offer(service: Service) -> None:
    price, (least, most) = usual_price(service)
    assert service.price.unit == "free" or least <= price <= most
    assert 30 <= service.duration_min <= 240
    assert 60 <= service.lead_time_min <= 240
    assert 7 <= service.horizon_days <= 30
    assert any(
        closing - opening >= service.duration_min for day in service.weekly for opening, closing in day
    )


@pytest.mark.parametrize("service", STREET.services, ids=lambda one: one.id)
def test_a_form_can_be_filled(service: Service) -> None:
    answers = {field.name: answer(field) for field in service.fields}
    assert check_form(service, answers).keys() == answers.keys()


def answer(field: FormField) -> Any:
    match field.type:
        case "number":
            return field.min or 1
        case "choice":
            return field.options[0]["value"]
        case "yes_no":
            return True
    return "看情况"


def test_every_pool_has_as_many_workers_as_it_takes_bookings() -> None:
    for pool in STREET.pools:
        served = {one.category for one in STREET.services if one.pool_id == pool.id}
        team = [one for one in STREET.staff if all(serves(one, pool.provider_id, each) for each in served)]
        assert served and pool.capacity == len(team) - 1, f"{pool.id}, without demo-worker"


def test_no_worker_is_counted_twice() -> None:
    assert sum(one.capacity for one in STREET.pools) == named("worker-")


def test_most_services_are_booked_by_slot_and_some_are_quoted() -> None:
    modes = Counter(one.mode for one in STREET.services)
    assert modes["slot"] >= 20 and modes["quote"] >= 3


def test_the_first_services_are_open_every_day_and_ask_nothing() -> None:
    first = sorted(STREET.services, key=lambda one: one.rank)[:3]
    capacities = {one.id: one.capacity for one in STREET.pools}
    assert (first[0].id, total_fen(first[0]), first[0].duration_min) == ("svc01", 7000, 120)
    for one in first:
        assert (one.mode, one.fields, one.lead_time_min) == ("slot", [], 60)
        assert one.weekly == [[(480, 1200)]] * 7 and one.open_on_holidays
        assert capacities[one.pool_id] >= 3


def test_services_differ_in_what_a_slot_depends_on() -> None:
    assert {1, 7} <= {one.capacity for one in STREET.pools}
    assert len({one.step_min for one in STREET.services}) >= 4
    assert any(len(one.weekly[0]) == 2 for one in STREET.services), "a gap at noon"
    assert any(one.weekly[5] and not one.weekly[6] for one in STREET.services), "closed on Sundays"
    assert {one.open_on_holidays for one in STREET.services} == {True, False}


# What is wrong with a file is said before anything is written.


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("places.toml", 'parent_id = "c07"', 'parent_id = "c99"', r"place 27 \(p0701\).*'c99'"),
        ("places.toml", 'kind = "street"', 'kind = "road"', r"place 1 \(heelun\).*kind"),
        ("pools.toml", 'skills = ["care"]', 'skills = ["cure"]', r"pool 5 \(pool-care\).*'cure'"),
        ("pools.toml", 'id = "worker-002"', 'id = "worker-001"', r"worker is there twice"),
        ("pools.toml", 'phone = "13900002001"', 'phone = "12"', r"pool 1 \(pool-cleaning\).*phone"),
        ("people.toml", 'provider_id = "prv04"', 'provider_id = "prv44"', r"\(manager-04\).*'prv44'"),
        ("people.toml", 'compound_id = "p0203"', 'compound_id = "c02"', r"\(elder-03\).*compound 'c02'"),
        ("people.toml", 'community_id = "c01"', 'community = "c01"', r"\(demo-clerk\).*'community'"),
        ("providers.toml", 'id = "prv02"', 'id = "prv01"', r"provider 2 \(prv01\).*another"),
        ("providers.toml", '"0477-0100001"', '"none"', r"provider 1 \(prv01\).*phone"),
        ("services.toml", '"pool-cleaning"', '"pool-nanny"', r"service 1 \(svc01\).*nobody.*'cleaning'"),
        ("services.toml", '"pool-cleaning"', '"pool-care"', r"service 1 \(svc01\).*not of provider 'prv01'"),
        ("services.toml", '"pool-cleaning"', '"pool-zero"', r"service 1 \(svc01\).*unknown pool 'pool-zero'"),
        ("services.toml", 'category = "cleaning"', 'category = "x"', r"service 1 \(svc01\).*category 'x'"),
        ("services.toml", 'hours = "every_day"', 'hours = "never"', r"service 1 \(svc01\).*hours 'never'"),
        ("services.toml", "lead_time_min = 60", "lead_time = 60", r"service 1 \(svc01\).*'lead_time'"),
        ("services.toml", 'type = "number"', 'type = "digits"', r"service 4 \(svc04\).*'digits'"),
        ("services.toml", 'text = "能自己走"', 'label = "能自己走"', r"service 6 \(svc06\).*'mobility'"),
        ("hours.toml", '"08:00-20:00"', '"20:00-08:00"', r"hours 1 \(every_day\).*open before"),
        ("hours.toml", '"08:00-20:00"', '"8-20"', r"hours 1 \(every_day\).*weekdays"),
        ("residents.toml", "count = 200", "count = 0", r"count"),
        ("categories.toml", "[[category]]", "[[category]", r"line 3"),
        ("hours.toml", "[[hours]]", "[[open]]", r"no hours"),
    ],
)
def test_a_bad_row_is_named(tmp_path: Path, file: str, old: str, new: str, said: str) -> None:
    shutil.copytree(street.DATA, tmp_path, dirs_exist_ok=True)
    text = (tmp_path / file).read_text("utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, -1 if old == "[[hours]]" else 1), "utf-8")
    with pytest.raises(BadData, match=rf"{file}.*{said}"):
        street.read(tmp_path)


# In the database.


async def contents(world: World, *collections: Collection[Any]) -> dict[str, list[Any]]:
    reader = world.building.db.reader()
    return {one.name: await reader.all(one, {}, limit=1000) for one in collections}


async def empty(world: World, *collections: Collection[Any]) -> None:
    async def gone(tx: Tx) -> None:
        for one in collections:
            await tx.delete_all(one, {})

    await world.building.db.alone(gone)
    await world.building.db.renew()


async def test_a_seeded_street_is_no_longer_empty(world: World) -> None:
    await empty(world, *SEEDED)
    assert await seed.is_empty(world.building)
    counts = await seed.load(world.building)
    assert not await seed.is_empty(world.building)
    assert counts == {name: len(items) for name, items in (await contents(world, *SEEDED)).items()}


async def test_everybody_may_do_their_work_some_papers_end_soon_and_a_price_changes(world: World) -> None:
    await seed.load(world.building)
    reader, day = world.building.db.reader(), today(world.clock.now())
    lacking = [
        (one.id, skill, missing(reader, one, skill, day, one.grants[0].provider_id))
        for one in STREET.staff
        for skill in one.skills
    ]
    assert [one for one in lacking if one[2]] == []
    worker = PEOPLE["worker-002"]
    assert missing(reader, worker, "cleaning", day + timedelta(days=20)) == []
    assert missing(reader, worker, "cleaning", day + timedelta(days=21)) != []
    changed = find(reader, "svc02"), priced(reader, find(reader, "svc02"), day + timedelta(days=14))
    assert [total_fen(one) for one in changed] == [10500, 11500]
    people = await world.building.db.reading(lambda reader: reader.all(RESIDENTS, {}, limit=1000))
    papers = [one.disability.valid_until for one in people if one.disability]
    assert len(papers) == 3 and min(papers) == day + timedelta(days=10)
    care = find(reader, "svc03").concession
    assert care is not None and care.disabled


async def test_some_residents_have_tags_that_seeding_again_does_not_bring_back(world: World) -> None:
    await seed.load(world.building)
    reader = world.building.db.reader()
    assert {one.kind for one in tags.active(reader)} == {"self", "desk"}

    async def alone() -> list[Resident]:
        return await reader.all(RESIDENTS, {"tags.id": "tag-alone"}, limit=100)

    before = await alone()
    assert before and all(
        tag.reason and tag.by for one in before for tag in one.tags if tag.id == "tag-alone"
    )
    first = before[0]
    declined = [Declined(id="tag-alone", at=first.created_at)]
    await world.put(RESIDENTS, replace(first, tags=[], declined=declined))
    await seed.load(world.building)
    assert [one.id for one in await alone()] == [one.id for one in before[1:]]


async def test_some_roles_come_from_the_table_and_a_proposal_waits(world: World) -> None:
    await seed.load(world.house)
    reader = world.house.db.reader()
    assert sorted(one.grant.role for one in reader.everything(ROLE_RULES).items.values()) == [
        "accountant",
        "dispatcher",
        "operator",
    ]
    member = reader.recall(STAFF, "demo-dispatcher")
    assert member is not None and (member.given, [one.role for one in member.mapped]) == ([], ["dispatcher"])
    assert [one.grants for one in STREET.staff] == [
        one.grants for member in STREET.staff if (one := reader.recall(STAFF, member.id)) is not None
    ]
    waiting = await world.house.db.reading(lambda reader: reader.all(PROPOSALS, {"state": "open"}, limit=9))
    assert [role_changes.nobody_can_answer(reader, one) for one in waiting] == [False]


async def test_a_second_run_changes_nothing_and_leaves_bookings_alone(world: World) -> None:
    await seed.load(world.building)
    resident = await resident_of_the_street(world, "demo-resident-001")
    assert resident.id == "demo-resident-001"
    start = (await free_slots(resident, "svc01"))[0]["start"]
    booked = await resident.post("/v1/bookings", {"service_id": "svc01", "start": start})
    assert booked.status == 201, booked.body
    before = await contents(world, *SEEDED, CASES, OCCUPANCY)
    await seed.load(world.building)
    assert await contents(world, *SEEDED, CASES, OCCUPANCY) == before


async def test_what_was_changed_is_put_right_and_what_was_added_stays(world: World) -> None:
    await seed.load(world.building)
    extra = Category(id="extra", name="其他", icon="box")
    await world.put(CATEGORIES, extra, Category(id="cleaning", name="打扫", icon="box"))
    await seed.load(world.building)
    reader = world.building.db.reader()
    assert reader.recall(CATEGORIES, "cleaning") == STREET.categories[0]
    assert reader.recall(CATEGORIES, "extra") == extra


async def test_who_was_there_before_keeps_the_id(world: World) -> None:
    await empty(world, RESIDENTS)
    resident = await world.resident("demo-resident-007")
    await seed.load(world.building)
    found = await world.building.db.reader().all(RESIDENTS, {"openid": "demo-resident-007"}, limit=2)
    assert [(one.id, one.name) for one in found] == [(resident.id, STREET.residents[6].name)]


async def test_every_service_has_free_time_in_a_week_without_holidays(world: World) -> None:
    await seed.load(world.building)
    world.clock.set(datetime(2030, 3, 4, 9, tzinfo=SHANGHAI))
    resident = await resident_of_the_street(world, "demo-resident-002")
    assert [one.id for one in STREET.services if not await free_slots(resident, one.id)] == []


async def test_demo_staff_come_in_through_wecom(world: World) -> None:
    await seed.load(world.building)
    for userid in (one for one in PEOPLE if one.startswith("demo-")):
        assert (await world.sign_in(userid)).id == userid


async def test_many_are_put_together_or_not_at_all(world: World) -> None:
    await seed.load(world.building)
    before = await contents(world, RESIDENTS)
    changed = replace(STREET.residents[0], name="改名")
    twins = [replace(changed, id=name, openid="twin") for name in ("a", "b")]
    with pytest.raises(Duplicate):
        await world.building.db.atomically(lambda tx: tx.put_all(RESIDENTS, [changed, *twins]))
    assert await contents(world, RESIDENTS) == before


async def test_some_have_points_of_two_years_and_bills_to_pay(world: World) -> None:
    await seed.load(world.building)
    resident = await resident_of_the_street(world, "demo-resident-002")
    points, reader = (await resident.get("/v1/points")).json, world.building.db.reader()
    assert 20_000 < points["balance_fen"] < 40_000 and points["card"]["state"] == "active"
    now = world.clock.now()
    week, month = [await expiring(reader, resident.id, now + timedelta(days=days)) for days in (7, 30)]
    assert 0 < week < month < points["balance_fen"]
    before = await as_of(reader, own("resident", resident.id), now - timedelta(days=365))
    assert 0 < before < points["balance_fen"]
    bills = (await resident.get("/v1/bills", state="open")).json["items"]
    assert Counter(one["payee"]["kind"] for one in bills) == {"electricity": 1, "telecom": 1, "property": 1}
    without = await resident_of_the_street(world, "demo-resident-010")
    assert (await without.get("/v1/points")).json["card"] is None
    paying = await resident_of_the_street(world, "demo-resident-001")
    (bill,) = (await paying.get("/v1/bills", state="paying")).json["items"]
    labels = [one["label"] for one in (await paying.get("/v1/bills", state="open")).json["items"]]
    assert "妈妈家的电费" in labels
    await world.work()
    assert (await paying.get("/v1/bills", state="paid")).json["items"][0]["id"] == bill["id"]
    assert [one async for one in differences(reader)] == []


async def resident_of_the_street(world: World, openid: str) -> Person:
    """A resident as they were seeded, signed in."""
    code = (await world.control("codes", openid=openid))["code"]
    reply = await world.call("POST", "/v1/sessions", {"code": code})
    assert reply.status == 201, reply.body
    return Person(world, reply.json["resident"]["id"], reply.json["token"], openid)


async def free_slots(person: Person, service_id: str) -> list[dict[str, Any]]:
    reply = await person.get(f"/v1/services/{service_id}/slots", days=31)
    assert reply.status == 200, reply.body
    return [slot for day in reply.json["days"] for slot in day["slots"] if slot["free"]]
