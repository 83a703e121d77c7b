"""Messages written straight into inboxes, to one person or to a crowd whose credits are the same on both sides."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from msgspec.structs import replace

from schemas.push import Importance
from server.app import House
from server.bookings import messages
from server.credits import CREDITS, Credit, credit_id
from server.gateways.wechat import WeChat
from server.push import BULK, MESSAGES, URGENT_BULK, Message, Notice, Template, made
from server.residents import RESIDENTS, Resident
from server.sandbox.people import Person as Subscriber
from tests.world import World, unique

TEMPLATE = messages.SUBMITTED
PAYLOAD = {
    "service": "日常保洁",
    "case_no": "HB-20261128-0000012",
    "time": "2026-11-28 10:00",
    "state": "已提交",
    "tip": "请留意",
}


@contextmanager
def patience(world: World) -> Iterator[None]:
    """A worker that waits for WeChat's answers as long as a busy machine takes: what is lost here is lost on purpose."""
    house, usual, settings = world.house, world.house.wechat, world.house.settings
    own = replace(settings.wechat, timeout_s=30)
    house.settings = replace(settings, wechat=own)
    house.wechat = WeChat(own.base_url, own.appid, own.secret, timeout_s=30, clock=world.clock)
    yield
    house.wechat, house.settings = usual, settings


async def crowd(world: World, credits: Sequence[int], template: Template = TEMPLATE) -> list[Resident]:
    """One resident for each of `credits`, which is how many messages of the template they still get."""
    prefix, now = unique("crowd"), world.clock.now()
    named = template.template_id(world.house.settings)
    body = {"prefix": prefix, "template_id": named, "credits": list(credits)}
    await world.control("crowd", **body)
    people = [
        Resident(id=f"{prefix}.{number}", openid=f"{prefix}-{number:05d}", created_at=now)
        for number in range(len(credits))
    ]
    rows = [
        Credit(id=credit_id(one.openid, template.name), count=count, updated_at=now)
        for one, count in zip(people, credits, strict=True)
    ]
    await world.house.db.alone(lambda tx: tx.put_all(RESIDENTS, people))
    await world.house.db.alone(lambda tx: tx.put_all(CREDITS, rows))
    return people


async def written(
    world: World,
    people: Sequence[Resident],
    template: Template = TEMPLATE,
    *,
    importance: Importance = "urgent",
    bulk: bool = False,
    **more: Any,
) -> list[Message]:
    """A message to each of them, due at once: urgent ones wait for no morning."""
    broadcast = f"{unique('announcement')}.1"
    rows = []
    for one in people:
        name = f"{broadcast}.{one.id}" if bulk else unique("message")
        notice = Notice(
            text="您的预约已提交", payload=PAYLOAD, page="pages/home/index", importance=importance
        )
        row = made(name, world.clock.now(), one, template, notice)
        if bulk:
            row = replace(row, lane=URGENT_BULK if row.lane else BULK, broadcast_id=broadcast)
        rows.append(replace(row, **more))
    await world.house.db.alone(lambda tx: tx.put_all(MESSAGES, rows))
    return rows


async def again(world: World, rows: Sequence[Message]) -> list[Message]:
    """The same messages as they are now, in the same order."""
    ids = [one.id for one in rows]
    found = await world.house.db.reading(
        lambda reader: reader.all(MESSAGES, {"_id": {"$in": ids}}, limit=len(ids))
    )
    known = {one.id: one for one in found}
    return [known[one] for one in ids]


async def credits(world: World, people: Sequence[Resident], template: Template = TEMPLATE) -> list[int]:
    """Of each, as we count them."""
    names = [credit_id(one.openid, template.name) for one in people]
    rows = await world.house.db.reading(
        lambda reader: reader.all(CREDITS, {"_id": {"$in": names}}, limit=len(names))
    )
    known = {one.id: one.count for one in rows}
    return [known.get(one, 0) for one in names]


def subscribers(world: World, people: Sequence[Resident]) -> list[Subscriber]:
    """The same people at WeChat."""
    known = world.town.sandbox.world.people
    return [known.subscriber(one.openid) for one in people]


async def run(house: House, name: str) -> int:
    """Let one queue of a worker do all that is due; of messages to one person, those that are urgent first."""
    names = ("urgent_messages", "messages") if name == "messages" else (name,)
    queues = {one.name: one for one in house.worker().queues}
    return sum([await queues[one].run_due(house.db, unique("worker"), house.metrics) for one in names])
