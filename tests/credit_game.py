"""What many people do with their subscriptions, drawn at random: both WeChat and we count what each may still get.

Of each accept one of the two tellings may be lost, and whatever WeChat tells may come twice; the answer to a send may be
lost, too, so that only WeChat's own word says what became of it. People act side by side, each once in three minutes:
two accepts within two minutes are taken for one.
"""

import asyncio
import random
from datetime import timedelta
from typing import Any

from msgspec import Struct

from server.credits import CREDITS, credit_id
from server.kit.db import DatabaseUnavailable
from server.kit.jobs import Queue
from server.push import MESSAGES, Notice, Template, made
from server.residents import RESIDENTS
from server.sandbox.faults import Fault
from server.sandbox.mini_callbacks import Style
from server.sandbox.subscribe import PATH, answer_popup
from tests.world import Person, World, unique

ACTS = ("accept", "accept", "reject", "switch", "send", "send")
_LOST_ANSWERS = 0.5
"""In so many rounds an answer is lost; in each of them, and WeChat that was left alone once would stay so."""


class Tally(Struct):
    """What was played, and for how many of how many pairs of person and template the counts differ at the end; `sent`
    is how many messages say so, `received` how many WeChat has shown; `breaks`: the database was too busy for the worker.
    """

    acts: int = 0
    events: int = 0
    lost: int = 0
    doubled: int = 0
    answers_lost: int = 0
    pairs: int = 0
    differ: int = 0
    sent: int = 0
    received: int = 0
    breaks: int = 0


class Game:
    """One street of people and their answers."""

    def __init__(
        self, world: World, chance: random.Random, people: list[Person], named: list[Template]
    ) -> None:
        self._world = world
        self._chance = chance
        self._people = people
        self._templates = named
        self._wechat = world.town.sandbox.world
        self._wechat.mini.style = Style(sent=True)
        queues = {one.name: one for one in world.house.worker().queues}
        self._queues = [queues["urgent_messages"], queues["messages"]]
        self.tally = Tally()

    async def play(self, steps: int) -> Tally:
        while self.tally.acts < steps:
            self._world.clock.advance(timedelta(minutes=3))
            some = self._people[: steps - self.tally.acts]
            drawn = [self._drawn() for _ in some]
            await asyncio.gather(*(self._act(who, *act) for who, act in zip(some, drawn, strict=True)))
            if self._chance.random() < _LOST_ANSWERS:
                self._wechat.faults.add(Fault(path=PATH, drop=True, after=True))
                self.tally.answers_lost += 1
            await self._deliver()
        await self._end()
        return self.tally

    def _drawn(self) -> tuple[Template, str, str, bool]:
        self.tally.acts += 1
        draw = self._chance.choice
        return draw(self._templates), draw(ACTS), draw(["neither", "phone", "platform"]), draw([True, False])

    async def _act(self, who: Person, template: Template, act: str, lost: str, twice: bool) -> None:
        if act == "send":
            await self._written(who, template)
            return
        name = template.template_id(self._world.house.settings)
        known, result = self._wechat.templates[name], "accept" if act == "accept" else "reject"
        answer_popup(self._wechat, who.openid, known, result, act == "switch")  # type: ignore[arg-type]
        kind = "subscribe_msg_change_event" if act == "switch" else "subscribe_msg_popup_event"
        if act != "accept" or lost != "platform":
            await self._told(who.openid, kind, {"TemplateId": name, "SubscribeStatusString": result}, twice)
        if act == "accept" and lost != "phone":
            await _tapped(who, name)
        self.tally.lost += act == "accept" and lost != "neither"

    async def _told(self, openid: str, event: str, item: dict[str, Any], twice: bool) -> None:
        [told] = await self._wechat.mini.tell(openid, event, [item])
        while not told.delivered:
            told = await self._wechat.mini.send(told.fields)
        self.tally.events += 1
        if twice:
            await self._wechat.mini.send(told.fields)
            self.tally.doubled += 1

    async def _written(self, who: Person, template: Template) -> None:
        house = self._world.house
        resident = await house.db.reading(lambda reader: reader.get(RESIDENTS, who.id))
        assert resident is not None
        payload = {"service": "日常保洁", "case_no": "HB-20261128-0000012", "time": "2026-11-28 10:00"}
        payload |= {"state": "已提交", "tip": "请留意"}
        notice = Notice(text="您的预约已提交", payload=payload, page="pages/home/index")
        message = made(unique("told"), house.db.now(), resident, template, notice)
        await house.db.alone(lambda tx: tx.insert(MESSAGES, message))

    async def _deliver(self) -> None:
        for queue in self._queues:
            await self._worked_off(queue)
        await self._world.until(self._quiet, "WeChat has told everything", seconds=60)

    async def _worked_off(self, queue: Queue[Any]) -> None:
        """As a worker does: where the database is too busy it comes again."""
        house = self._world.house
        while True:
            try:
                await queue.run_due(house.db, "teller", house.metrics)
                return
            except DatabaseUnavailable:
                self.tally.breaks += 1

    async def _quiet(self) -> bool:
        return not self._wechat.mini._under_way

    async def _end(self) -> None:
        """All that waits for the morning, or for a word, is told; then both are counted."""
        self.tally.answers_lost -= len(self._wechat.faults.waiting)
        self._wechat.faults.clear()
        for _ in range(3):
            self._world.clock.advance(timedelta(hours=9))
            await self._deliver()
        for who in self._people:
            await self._count(who)

    async def _count(self, who: Person) -> None:
        db, settings = self._world.house.db, self._world.house.settings
        person = self._wechat.people.subscriber(who.openid)
        told = await db.reading(lambda reader: reader.all(MESSAGES, {"resident_id": who.id}, limit=100_000))
        assert all(one.delivery != "queued" for one in told)
        self.tally.received += person.sent
        self.tally.sent += sum(one.delivery == "sent" for one in told)
        names = {credit_id(who.openid, one.name): one.template_id(settings) for one in self._templates}
        rows = await db.reading(lambda reader: reader.all(CREDITS, {"_id": {"$in": list(names)}}, limit=9))
        ours = {one.id: one.count for one in rows}
        self.tally.pairs += len(names)
        for name, template_id in names.items():
            self.tally.differ += ours.get(name, 0) != person.credits.get(template_id, 0)


async def _tapped(who: Person, template_id: str) -> None:
    """What the phone tells of it, with the same key until it is answered: a busy machine says to come again."""
    key = unique("tap")
    for _ in range(20):
        reply = await who.post("/v1/subscriptions", {"results": {template_id: "accept"}}, key=key)
        if reply.status == 200:
            return
        assert reply.status == 503, reply.body
    raise AssertionError("never answered")
