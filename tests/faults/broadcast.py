"""One announcement for fifty thousand telephones while workers are killed and urgent messages go to single people: the
inbox has it for everybody, nobody is sent it twice, the credits are what WeChat says, and who is in a hurry overtakes.

What WeChat has delivered is read from the stand-in, which counts for itself; what we believe from the database.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct
from pymongo.errors import PyMongoError

from schemas.residents import Household
from schemas.staff import Grant
from server.broadcasts import BROADCASTS, CHUNKS
from server.config import Push
from server.credits import CREDITS, Credit, credit_id
from server.demo import company
from server.demo import street as made_up
from server.kit.db import MOMENT, Collection, DatabaseUnavailable, Reader
from server.kit.events import EVENTS, history_of
from server.push import BULK, MESSAGES, URGENT
from server.residents import RESIDENTS, Resident
from server.staff import STAFF, Staff
from tests.faults.gauges import Memory, Progress, Readers, Scales, Waits, meanwhile, waits
from tests.faults.street import COMPOUND, NO_QUIET, Street, open_street

PATH = "/cgi-bin/message/subscribe/send"
BULK_TEMPLATE, URGENT_TEMPLATE = "announcement_new", "ride_changed"
PREFIX = "o-crowd"
RIDES = 3
"""So many rides of one resident may be open."""
_AT_ONCE = 250
_PATIENCE_S = 3_600

T = TypeVar("T")
Stage = tuple[Collection[Any], dict[str, Any]]
_DUE: dict[str, Any] = {"due_at": MOMENT}
_SENT: tuple[Stage, ...] = (
    (BROADCASTS, {"planned": False, "ended_at": None}),
    (CHUNKS, _DUE),
    (EVENTS, _DUE),
    (MESSAGES, _DUE),
)


class Broadcast(Struct):
    """`missing`: people whose inbox does not have it, `doubled`: those who have it more than once. `twice`: telephones
    that got it more than once; `unreached`: those that had a credit and got nothing. `miscounted`: people whose credits
    are not what WeChat counts. `unsent`: urgent messages that never arrived. `unread`: readers who were asked to come
    back.

    `urgent` is from what has happened to its arrival at WeChat at the first attempt; `caught` are those that took more
    than one, as a killed worker had them in hand; `alone` is with nothing else going on. `core_ms` of each role for a
    message that arrived."""

    audience: int
    inbox: int
    missing: int
    doubled: int
    received: int
    twice: int
    unreached: int
    miscounted: int
    unsent: int
    unread: int
    deliveries: dict[str, int]
    kills: int
    seconds: float
    per_s: float
    core_ms: dict[str, float]
    urgent: Waits
    caught: Waits
    alone: Waits
    inbox_read: Waits
    inbox_alone: Waits
    memory: Memory

    @property
    def violations(self) -> int:
        wrong = self.missing + self.doubled + self.twice + self.unreached + self.miscounted
        return wrong + self.unsent + self.deliveries.get("unknown", 0)


@asynccontextmanager
async def open_crowded(
    folder: Path, *, uncertain_s: int = 60, per_minute: int = Push().bulk_per_minute
) -> AsyncIterator[Street]:
    """A street with two workers that sends at any hour of the day; WeChat's word of what it has sent is waited for
    `uncertain_s`."""
    push = Push(
        lease_s=5,
        max_attempts=20,
        quiet_hours=NO_QUIET,
        uncertain_s=uncertain_s,
        bulk_per_minute=per_minute,
    )
    async with open_street(folder, workers=2, push=push) as street:
        yield street


class Crowd(Struct):
    """`credits` of each, in the order of their numbers; `riders` have tokens, a ride each that can be called off, and
    are in the audience as well."""

    credits: list[int]
    staff: str
    tokens: list[str]
    rides: list[str]

    @property
    def with_credit(self) -> int:
        return sum(1 for one in self.credits if one)


async def gathered(street: Street, subscribers: int, urgent: int, seed: int = 1) -> Crowd:
    """Subscribers with no, one or two credits each, the same on both sides, and residents with rides ahead."""
    credits = random.Random(seed).choices([0, 1, 2], [1, 5, 4], k=subscribers)
    body = {"prefix": PREFIX, "template_id": _template_id(BULK_TEMPLATE), "credits": credits}
    told = await _control(street, "POST", "crowd", body)
    assert told["people"] == subscribers
    for start in range(0, subscribers, _AT_ONCE):
        part = range(start, min(start + _AT_ONCE, subscribers))
        await _settle(street, [(number, credits[number]) for number in part])
    staff = await _signed_in(street)
    tokens = await street.residents(-(-urgent // RIDES), "rider")
    rides = await asyncio.gather(*(_rides(street, number, one) for number, one in enumerate(tokens)))
    return Crowd(
        credits, staff, tokens, [one for three in zip(*rides, strict=True) for one in three][:urgent]
    )


async def _settle(street: Street, people: Sequence[tuple[int, int]]) -> None:
    now = street.house.db.now()
    residents = [
        Resident(
            id=_resident(number),
            openid=_openid(number),
            name="王桂英",
            household=Household(compound_id=COMPOUND, room="1-1-101"),
            community_id="community-faults",
            created_at=now,
        )
        for number, _ in people
    ]
    known = [
        Credit(id=credit_id(_openid(number), BULK_TEMPLATE), count=count, updated_at=now)
        for number, count in people
        if count or number % 2
    ]

    async def put(tx: Any) -> None:
        await tx.put_all(RESIDENTS, residents)
        await tx.put_all(CREDITS, known)

    await _patiently(lambda: street.house.db.alone(put))


async def _signed_in(street: Street) -> str:
    """Somebody who may publish and call off rides."""
    userid = company.members(made_up.read())[0].userid
    grants = [Grant(role="operator"), Grant(role="dispatcher")]
    member = Staff(id=userid, name="王芳", grants=grants)
    await street.house.db.alone(lambda tx: tx.put(STAFF, member))
    while True:
        code = (await _control(street, "POST", "wecom-codes", {"userid": userid}))["code"]
        session = await street.ask("POST", "/v1/staff-sessions", {"code": code})
        if session.status == 201:
            return str(session.body["token"])
        await asyncio.sleep(0.05)


async def _rides(street: Street, number: int, token: str) -> list[str]:
    """Three rides of tomorrow, and a credit for being told of each that it is called off."""
    openid = f"rider-{number:04d}"
    for template, times in ((URGENT_TEMPLATE, RIDES), (BULK_TEMPLATE, 1)):
        await _accept(street, openid, template, times)
    made = []
    for one in range(RIDES):
        told = await street.insist(
            "POST", "/v1/rides", _ride(street, 9 + one), token=token, key=f"{openid}-{one}"
        )
        assert told.status == 201, told
        made.append(str(told.body["case_no"]))
    return made


async def _accept(street: Street, openid: str, template: str, times: int) -> None:
    """So many accepts of one second tell us the same, and would count once: the credits are as if between them it had
    passed."""
    accepted = {"openid": openid, "template_id": _template_id(template), "result": "accept"}
    for _ in range(times):
        await _control(street, "POST", "subscribe", accepted)
    credit = Credit(id=credit_id(openid, template), count=times, updated_at=street.house.db.now())
    await _patiently(lambda: street.house.db.alone(lambda tx: tx.put(CREDITS, credit)))


def _ride(street: Street, hour: int) -> dict[str, Any]:
    lng, lat = street.settings.rides.centre
    return {
        "pickup": {"spot": {"lng": lng, "lat": lat}, "text": "绿苑小区东门"},
        "dropoff": {"spot": {"lng": lng, "lat": lat + 0.03}, "text": "火车站"},
        "at": street.start(hour),
        "contact": {"name": "王桂英", "phone": "13947700001"},
    }


async def broadcast(
    street: Street,
    crowd: Crowd,
    *,
    kills: int = 2,
    alone: int = 0,
    lose_one_in: int = 0,
    one_lane: bool = False,
) -> Broadcast:
    """Publish to everybody and measure until all is settled; `alone` of the rides are called off before that. Of WeChat's
    words of what it has sent, one in twenty comes twice and one in `lose_one_in` never. With `one_lane` what goes to
    everybody stands in line with what goes to one person, which is the control."""
    loop = asyncio.get_running_loop()
    before = Readers(street, crowd.tokens)
    async with meanwhile(reading=before.read(0.1)):
        await _call_off(street, crowd.staff, crowd.rides[:alone], lambda left: 0.1)
        await _all_settled(street)
    style = {"double_one_in": 20, "lose_one_in": lose_one_in}
    await _control(street, "POST", "mini-callbacks-style", style)
    progress = Progress(street, PATH, crowd.with_credit)
    await progress.begin()
    scales, during = Scales(street), Readers(street, crowd.tokens, seed=2)
    began, killed, over = loop.time(), Counter[str](), asyncio.Event()

    def pause(left: int) -> float:
        """As many as are left over what is left of the time, by what has passed so far."""
        share = min(max(progress.share, 0.01), 1.0)
        return min((loop.time() - began) * (1 - share) / share / left, 2.0)

    async def kill() -> None:
        for number in range(kills):
            if await progress.reaches(0.3 * (number + 1), over.is_set):
                before = street.processes.pids("worker")
                await street.kill("worker")
                killed["worker"] += 1
                while (
                    street.processes.pids("worker") == before
                ):  # the next blow does not meet the last one left
                    await asyncio.sleep(0.2)

    announcement = await _published(street, crowd.staff)
    async with meanwhile(
        following=progress.follow(1),
        weighing=scales.weigh(1),
        reading=during.read(0.2),
        killing=kill(),
        merging=_merging(street, over) if one_lane else _nothing(),
    ):
        calling = asyncio.create_task(
            _call_off(street, crowd.staff, crowd.rides[alone:], pause), name="calling off"
        )
        await _all_settled(street)
        seconds = loop.time() - began
        over.set()
        await calling
        await _all_settled(street, (BROADCASTS, _DUE))
    result = await _counted(street, crowd, announcement, alone)
    result.kills, result.seconds = killed["worker"], round(seconds, 1)
    result.per_s = round(result.received / seconds, 1)
    result.core_ms = {
        role: round(1000 * spent / max(result.received, 1), 2) for role, spent in scales.core_s().items()
    }
    result.inbox_read, result.inbox_alone = waits(during.seconds), waits(before.seconds)
    result.unread, result.memory = during.failed + before.failed, scales.memory()
    return result


async def _published(street: Street, staff: str) -> str:
    body = {
        "audience": {"kind": "street"},
        "title": "周三停水",
        "text": "上午九点到下午五点停水，请先存水。",
    }
    drafted = await street.insist("POST", "/v1/staff-announcements", body, token=staff, key="draft")
    assert drafted.status == 201, drafted
    made = str(drafted.body["id"])
    path = f"/v1/staff-announcements/{made}/publish"
    told = await street.insist("POST", path, {"push": True}, token=staff, key="publish")
    assert told.status == 200, told
    return made


async def _call_off(street: Street, staff: str, rides: Sequence[str], pause: Callable[[int], float]) -> None:
    for number, case_no in enumerate(rides):
        path, key = f"/v1/cases/{case_no}/cancel", f"off-{case_no}"
        told = await street.insist("POST", path, {"reason": "司机生病了"}, token=staff, key=key)
        assert told.status == 200, told
        await asyncio.sleep(pause(len(rides) - number))


async def _merging(street: Street, over: asyncio.Event) -> None:
    """What is written for everybody is put into the line of urgent messages to one person."""
    while not over.is_set():
        await _patiently(
            lambda: street.house.db.alone(
                lambda tx: tx.change_all(MESSAGES, {"lane": BULK}, {"$set": {"lane": URGENT}})
            )
        )
        await asyncio.sleep(0.2)


async def _nothing() -> None:
    return


async def _patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """On a busy machine an answer may take longer than anybody waits for it."""
    while True:
        try:
            return await ask()
        except (DatabaseUnavailable, PyMongoError):
            await asyncio.sleep(0.5)


async def _all_settled(street: Street, *stages: Stage) -> None:
    """Until nothing waits to be planned, written, told or sent: each of these makes only what comes after it."""
    reader = street.house.db.reader()
    async with asyncio.timeout(_PATIENCE_S):
        for collection, where in (*_SENT, *stages):
            while await _patiently(lambda: reader.count(collection, where, limit=1)):  # noqa: B023
                await asyncio.sleep(0.2)


async def _counted(street: Street, crowd: Crowd, announcement: str, alone: int) -> Broadcast:
    reader = street.house.db.reader()
    audience = await _patiently(lambda: _ids(reader))
    rows = {"broadcast_id": f"{announcement}.1"}
    steps = [
        {"$match": rows},
        {"$group": {"_id": "$resident_id", "rows": {"$sum": 1}}},
    ]
    inboxes = {one["_id"]: one["rows"] for one in await _patiently(lambda: reader.groups(MESSAGES, steps))}
    states = [{"$match": rows}, {"$group": {"_id": "$delivery", "rows": {"$sum": 1}}}]
    deliveries = {
        one["_id"]: one["rows"] for one in await _patiently(lambda: reader.groups(MESSAGES, states))
    }
    told = await _control(
        street, "GET", f"crowd?prefix={PREFIX}&template_id={_template_id(BULK_TEMPLATE)}&each=true"
    )
    received, left = told["each"]["received"], told["each"]["credits"]
    ours = await _patiently(lambda: _our_credits(reader, len(crowd.credits)))
    urgent = [await _patiently(lambda one=one: _arrival(street, one)) for one in crowd.rides]  # type: ignore[misc]
    arrived = [one for one in urgent if one is not None]
    nothing, empty = Waits(0, 0, 0, 0), Memory({}, {})
    return Broadcast(
        audience=len(audience),
        inbox=len(inboxes.keys() & audience),
        missing=len(audience - inboxes.keys()),
        doubled=sum(1 for one in inboxes.values() if one > 1),
        received=told["received"],
        twice=sum(1 for one in received if one > 1),
        unreached=sum(1 for had, got in zip(crowd.credits, received, strict=True) if had and not got),
        miscounted=sum(1 for one, other in zip(ours, left, strict=True) if one != other),
        unsent=len(urgent) - len(arrived),
        unread=0,
        deliveries=deliveries,
        kills=0,
        seconds=0.0,
        per_s=0.0,
        core_ms={},
        urgent=waits([one.seconds for one in arrived[alone:] if not one.caught]),
        caught=waits([one.seconds for one in arrived[alone:] if one.caught]),
        alone=waits([one.seconds for one in arrived[:alone]]),
        inbox_read=nothing,
        inbox_alone=nothing,
        memory=empty,
    )


async def _ids(reader: Reader) -> set[str]:
    return {one.id async for one in reader.each(RESIDENTS, {"deleted_at": None}, batch=1000)}


async def _our_credits(reader: Reader, people: int) -> list[int]:
    counts = [0] * people
    where = {"_id": {"$gt": f"{PREFIX}-", "$lt": f"{PREFIX}."}}
    async for one in reader.each(CREDITS, where, batch=1000):
        openid, _, template = one.id.partition("|")
        if template == BULK_TEMPLATE:
            counts[int(openid.rpartition("-")[2])] = one.count
    return counts


class Arrival(Struct):
    """`seconds` from what has happened until WeChat had the message; `caught`: not at the first attempt."""

    seconds: float
    caught: bool


async def _arrival(street: Street, case_no: str) -> Arrival | None:
    """None where it never came."""
    where = {"case_no": case_no, "template": URGENT_TEMPLATE}
    reader = street.house.db.reader()
    rows = await reader.all(MESSAGES, where, limit=5)
    events = await reader.all(EVENTS, history_of(case_no), limit=50)
    for row in rows:
        event = next(one for one in events if row.id.startswith(f"{one.id}."))
        caught = max(row.fence, event.fence) > 1
        told = await _control(street, "GET", f"messages?openid={row.openid}")
        for one in told["items"]:
            if case_no in one["data"].values():
                return Arrival((datetime.fromisoformat(one["at"]) - row.at).total_seconds(), caught)
    return None


async def _control(street: Street, method: str, name: str, body: Any = None) -> Any:
    while True:
        told = await street.ask(method, f"/_control/{name}", body, base=street.sandbox_url)
        if told.status:
            assert told.status == 200, told
            return told.body


def _openid(number: int) -> str:
    return f"{PREFIX}-{number:05d}"


def _resident(number: int) -> str:
    return f"crowd-{number:05d}"


def _template_id(template: str) -> str:
    return f"tmpl-{template.replace('_', '-')}"
