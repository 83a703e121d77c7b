"""A street with a history: as many cases as wanted, spread over people, places, providers and states as they are.

A few thousand are made as the server stores them; the database then copies them for residents of their own, which
is how a million are there in a minute. Two in a hundred are open; the others have ended.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schemas.common import Address, Contact
from schemas.staff import Grant
from server import nouns, sessions
from server.app import House
from server.approvals import APPROVAL, Approval
from server.bookings import BOOKING
from server.bookings.details import Booking
from server.cases import CASES, Case, with_check_digit
from server.cases.turns import turn_of
from server.catalogue import CATEGORIES, POOLS, PROVIDERS, SERVICES, Category, Pool, Price, Provider, Service
from server.demo.items import read
from server.items import ITEMS
from server.kit.clock import SHANGHAI
from server.kit.db import Collection, Stored, Tx
from server.kit.events import EVENTS, Event, event_id
from server.places import PLACES, Place
from server.plans import PLANS, Plan
from server.push import MESSAGES, Message
from server.residents import RESIDENTS, Resident
from server.slots import OCCUPANCY, Occupancy
from server.staff import STAFF, Staff
from server.waitlist import WAITLIST, Waiting

COMMUNITIES, COMPOUNDS, PROVIDED, WORKERS = 20, 5, 25, 8
EACH = 50
"""Cases of one resident."""

_OPEN = ("submitted", "confirmed", "assigned", "en_route", "in_service", "done", "disputed")
_ENDED = ("completed",) * 85 + ("cancelled",) * 9 + ("expired",) * 3 + ("rejected",) * 2 + ("upheld",)
_WAITING = ("submitted", "pre_review", "street_review", "decision")
APPLIED = 20
"""One case in so many is an application, and of the open ones, which are every fiftieth, every second."""
ITEM = next(one for one in read() if one.body.steps and not one.body.instant)
_ANSWERED_BY = frozenset({"submitted", "confirmed", "cancelled", "expired", "rejected"})


class Crowd(Struct):
    """Who may ask, by role, and what they may ask for."""

    tokens: dict[str, str]
    residents: list[str]
    case_no: str
    phone: str
    service_id: str


async def fill(house: House, copies: int, *, seeds: int = 10_000) -> Crowd:
    """`seeds` cases, and as many again for each copy. The database has to be empty of cases."""
    people = max(seeds // EACH, 1)
    await _furnish(house)
    cases = list(_cases(house.db.now(), seeds, people))
    booked = [one for one in cases if one.kind == BOOKING.name]
    handle = house.db._handle
    for collection, items in (
        (CASES, cases),
        (EVENTS, [one for case in cases[::5] for one in _history(case)]),
        (MESSAGES, [_message(one) for one in cases[::2]]),
        (WAITLIST, [_waiting(one) for one in booked[::10]]),
        (PLANS, [_plan(one) for one in booked[::10]]),
        (RESIDENTS, [_resident(number, house.db.now()) for number in range(people)]),
    ):
        await _multiplied(handle, collection, items, copies)
    await house.db.ensure(nouns.collections())
    return await _crowd(house, cases, people)


async def _multiplied(handle: Any, collection: Collection[Any], items: Sequence[Stored], copies: int) -> None:
    """Store the items; the copies are made without indexes, which are built over all of it afterwards."""
    target = handle[collection.name]
    documents = [collection.dump(one) for one in items]
    for start in range(0, len(documents), 1000):
        await target.insert_many(documents[start : start + 1000], ordered=False)
    if not copies:
        return
    await target.drop_indexes()
    source = handle[f"seeds_{collection.name}"]
    await source.insert_many(documents)
    known = documents[0].keys()
    cursor = source.aggregate(
        [
            {"$set": {"copy": {"$range": [1, copies + 1]}}},
            {"$unwind": "$copy"},
            {"$set": {name: how for name, how in _COPIED.items() if name in known}},
            {"$unset": "copy"},
            {"$merge": {"into": collection.name, "whenMatched": "fail", "whenNotMatched": "insert"}},
        ]
    )
    await cursor.to_list(None)
    await source.drop()


_COPY = {"$toString": "$copy"}


def _own(field: str) -> dict[str, Any]:
    return {"$concat": [field, "-", _COPY]}


def _later(field: str) -> dict[str, Any]:
    return {"$add": [field, {"$multiply": ["$copy", 777]}]}


_TAIL = {"$mod": [{"$add": [{"$toInt": "$phone_tail"}, {"$multiply": ["$copy", 37]}]}, 10_000]}
_TAIL_TEXT = {"$substrCP": [{"$toString": {"$add": [10_000, _TAIL]}}, 1, 4]}
_COPIED: dict[str, Any] = {
    "_id": {"$concat": [{"$substrCP": ["$_id", 0, 19]}, "-", _COPY, {"$substrCP": ["$_id", 19, 20]}]},
    "resident_id": _own("$resident_id"),
    "openid": _own("$openid"),
    "case_no": _own("$case_no"),
    "subject": _own("$subject"),
    "created_at": _later("$created_at"),
    "updated_at": _later("$updated_at"),
    "turn": _later("$turn"),
    "at": _later("$at"),
    "joined_at": _later("$joined_at"),
    "phone_tail": _TAIL_TEXT,
}


async def _furnish(house: House) -> None:
    """Places, providers and staff, known to this process when it returns."""
    names = [f"provider-{number}" for number in range(PROVIDED)]
    things: list[tuple[Collection[Any], list[Any]]] = [
        (CATEGORIES, [Category(id="cleaning", name="保洁", icon="sparkles")]),
        (PLACES, list(_places())),
        (PROVIDERS, [Provider(id=one, name="爱洁家政", phone="0477-8300001") for one in names]),
        (POOLS, [Pool(id=f"pool-{one}", provider_id=one, name="保洁组", capacity=5) for one in names]),
        (SERVICES, [_service(one) for one in names]),
        (OCCUPANCY, [day for one in names for day in _days(one, house.db.now())]),
        (ITEMS, [ITEM]),
        (STAFF, list(_staff(names))),
    ]
    for collection, items in things:
        await house.db.alone(lambda tx, of=collection, items=items: tx.put_all(of, items))  # type: ignore[misc]
    async with asyncio.timeout(20):
        while any(house.db.reader().recall(STAFF, one.id) is None for one in things[-1][1]):
            await asyncio.sleep(0.01)


def _places() -> Iterator[Place]:
    for number in range(COMMUNITIES):
        community = f"community-{number}"
        yield Place(id=community, kind="community", name=f"第{number}社区")
        for part in range(COMPOUNDS):
            yield Place(id=f"{community}-{part}", kind="compound", name="小区", parent_id=community)


def _staff(providers: list[str]) -> Iterator[Staff]:
    grants = {
        "dispatcher": Grant(role="dispatcher"),
        "operator": Grant(role="operator"),
        "reviewer": Grant(role="reviewer"),
        "clerk": Grant(role="clerk", community_id="community-0"),
        "provider": Grant(role="provider", provider_id="provider-0"),
        "elder_team": Grant(role="elder_team", community_id="community-0", compound_id="community-0-0"),
    }
    for userid, grant in grants.items():
        yield Staff(id=userid, name="李燕", grants=[grant])
    for provider in providers:
        for number in range(WORKERS):
            at_work = Grant(role="worker", provider_id=provider)
            userid = f"worker-{provider}-{number}"
            yield Staff(id=userid, name="李师傅", grants=[at_work], skills=["cleaning"])


def _service(provider: str) -> Service:
    return Service(
        id=f"service-{provider}",
        name="日常保洁",
        category="cleaning",
        summary="示例数据",
        mode="slot",
        provider_id=provider,
        pool_id=f"pool-{provider}",
        price=Price(unit="visit", amount_fen=7000),
        duration_min=60,
        lead_time_min=0,
        horizon_days=14,
        weekly=[[(8 * 60, 20 * 60)]] * 7,
        open_on_holidays=True,
    )


def _days(provider: str, now: datetime) -> Iterator[Occupancy]:
    for offset in range(14):
        date = (now.astimezone(SHANGHAI) + timedelta(days=offset)).date()
        cells = {str(cell): (cell * offset) % 6 for cell in range(32, 80)}
        yield Occupancy(id=f"pool-{provider}|{date.isoformat()}", cells=cells)


def _cases(now: datetime, count: int, people: int) -> Iterator[Case]:
    picked = Random(1)
    for number in range(count):
        is_open = number % 50 == 0
        state = picked.choice(_OPEN if is_open else _ENDED)
        age = timedelta(hours=picked.randint(1, 72) if is_open else picked.randint(72, 17_520))
        made = now - age - timedelta(seconds=number)
        case = _case(number, state, is_open, made, picked, people)
        yield _applied(case, number, picked) if number % APPLIED == 0 else case


def _applied(case: Case, number: int, picked: Random) -> Case:
    """The same, as an application for an item."""
    state = picked.choice(_WAITING) if case.open else "archived"
    details = Approval(
        item_id=ITEM.id,
        code=ITEM.code,
        item=ITEM.body.name,
        instant=False,
        submitted_at=case.created_at,
        step="street_review" if state == "street_review" else None,
        role="reviewer" if state == "street_review" else "clerk",
    )
    applied = replace(
        case,
        id=with_check_digit("SP", case.created_at.astimezone(SHANGHAI).strftime("%Y%m%d"), 900_000 + number),
        kind=APPROVAL.name,
        title=ITEM.body.name,
        state=state,
        provider_id=None,
        worker_id=None,
        promised_at=case.created_at + timedelta(days=5) if case.open else None,
        details=APPROVAL.store_details(details),
    )
    return replace(applied, turn=turn_of(applied))


def _case(number: int, state: str, is_open: bool, made: datetime, picked: Random, people: int) -> Case:
    community, provider = picked.randrange(COMMUNITIES), f"provider-{picked.randrange(PROVIDED)}"
    worker = f"worker-{provider}-{picked.randrange(WORKERS)}" if state not in _ANSWERED_BY else None
    phone = _phone(number % people)
    start = made + timedelta(days=2)
    details = Booking(
        service_id=f"service-{provider}",
        service="日常保洁",
        category="cleaning",
        pool_id=f"pool-{provider}",
        start=start,
        end=start + timedelta(hours=1),
        day=start.astimezone(SHANGHAI).date().isoformat(),
        seats=["40", "41", "42", "43"],
        price_fen=7000,
        price_text="70 元/次",
        address="绿苑小区 3-2-501",
        contact_name="王桂英",
        contact_phone=phone,
        note="家里有狗，请先打电话",
        form={},
        start_code="4711",
        free_until=start,
    )
    case = Case(
        id=with_check_digit("HB", made.astimezone(SHANGHAI).strftime("%Y%m%d"), 900_000 + number),
        kind=BOOKING.name,
        title="日常保洁",
        state=state,
        version=4,
        open=is_open,
        channel="mini_program",
        resident_id=_resident_id(number % people),
        resident_name="王桂英",
        opened_by=f"resident:{_resident_id(number % people)}",
        community_id=f"community-{community}",
        compound_id=f"community-{community}-{picked.randrange(COMPOUNDS)}",
        provider_id=provider,
        worker_id=worker,
        handler_id="dispatcher" if picked.random() < 0.01 else None,
        created_at=made,
        updated_at=made + timedelta(hours=1),
        promised_at=made + timedelta(hours=48) if state in ("submitted", "confirmed", "disputed") else None,
        phone=phone,
        phone_tail=phone[-4:],
        details=BOOKING.store_details(details),
    )
    return replace(case, turn=turn_of(case))


def _phone(number: int) -> str:
    return f"1394770{number % 10_000:04d}"


def _resident_id(number: int) -> str:
    return f"resident-{number:06d}"


def _resident(number: int, now: datetime) -> Resident:
    name = _resident_id(number)
    return Resident(id=name, openid=name, name="王桂英", community_id="community-0", created_at=now)


_STEPS = (
    ("submit", "new", "submitted"),
    ("confirm", "submitted", "confirmed"),
    ("assign", "confirmed", "assigned"),
    ("depart", "assigned", "en_route"),
)


def _history(case: Case) -> Iterator[Event]:
    for seq, (action, source, target) in enumerate(_STEPS, 1):
        yield Event(
            id=event_id(case.id, seq),
            type=f"booking.{action}",
            subject=case.id,
            seq=seq,
            at=case.created_at,
            by={"kind": "system", "id": "system", "name": "", "role": "system"},
            channel="system",
            data={"action": action, "source": source, "target": target, "reason": ""},
        )


def _message(case: Case) -> Message:
    assert case.resident_id is not None
    return Message(
        id=f"{case.id}.message",
        resident_id=case.resident_id,
        openid=case.resident_id,
        template="booking_submitted",
        title="预约结果",
        text="您的预约已提交",
        payload={},
        page="packages/cases/pages/case/index",
        case_no=case.id,
        at=case.created_at,
        read_at=None if case.open else case.updated_at,
        delivery="sent",
    )


def _waiting(case: Case) -> Waiting:
    assert case.resident_id is not None
    return Waiting(
        id=f"{case.id}.waiting",
        resident_id=case.resident_id,
        resident_name=case.resident_name,
        opened_by=case.opened_by,
        service_id=case.details["service_id"],
        service=case.title,
        pool_id=case.details["pool_id"],
        provider_id=case.provider_id or "",
        community_id=case.community_id,
        compound_id=case.compound_id,
        day=case.details["day"],
        start=None,
        address=Address(compound_id=case.compound_id or "", room="3-2-501"),
        contact=Contact(name="王桂英", phone=case.phone),
        form={},
        note="",
        ticket=1,
        state="missed",
        open=False,
        joined_at=case.created_at,
    )


def _plan(case: Case) -> Plan:
    assert case.resident_id is not None
    return Plan(
        id=f"{case.id}.plan",
        resident_id=case.resident_id,
        resident_name=case.resident_name,
        opened_by=case.opened_by,
        service_id=case.details["service_id"],
        service=case.title,
        provider_id=case.provider_id or "",
        community_id=case.community_id,
        compound_id=case.compound_id,
        weekdays=[1],
        minute=600,
        first=case.details["day"],
        until=case.details["day"],
        address=Address(compound_id=case.compound_id or "", room="3-2-501"),
        contact=Contact(name="王桂英", phone=case.phone),
        form={},
        note="",
        state="ended",
        created_at=case.created_at,
    )


async def _crowd(house: House, cases: list[Case], people: int) -> Crowd:
    async def signed_in(tx: Tx, open_session: Callable[[Tx], Any]) -> str:
        return str((await open_session(tx)).token)

    rules = house.settings
    staff = ("dispatcher", "operator", "reviewer", "clerk", "provider", "elder_team", "worker-provider-0-0")
    tokens = {
        one.partition("-")[0]: await house.db.atomically(
            lambda tx, one=one: signed_in(tx, lambda tx: sessions.open_staff(tx, one, rules))  # type: ignore[misc]
        )
        for one in staff
    }
    residents = [
        await house.db.atomically(
            lambda tx, number=number: signed_in(  # type: ignore[misc]
                tx,
                lambda tx: sessions.open_resident(
                    tx, _resident_id(number), None, "example-key", house.vault, rules
                ),
            )
        )
        for number in range(min(people, 20))
    ]
    booked = next(one for one in cases if one.kind == BOOKING.name)
    return Crowd(tokens, residents, booked.id, booked.phone, "service-provider-0")
