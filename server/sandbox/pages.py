"""What the subscribers and the staff would see on their phones, as a page for people watching the demo."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader
from tornado.web import HTTPError, RequestHandler

from . import cards, members
from .people import Person
from .sms_account import ShortMessage
from .world import World

_SHANGHAI = ZoneInfo("Asia/Shanghai")
_PEOPLE_SHOWN = 60
_CARDS_SHOWN = 2
_WEEKDAYS = "一二三四五六日"

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    extensions=["jinja2.ext.loopcontrols"],
    trim_blocks=True,
    lstrip_blocks=True,
)


def moment(text: str) -> str:
    """`2026-11-24T01:00:00+00:00` -> `11月24日 周二 9:00`."""
    at = datetime.fromisoformat(text).astimezone(_SHANGHAI)
    return f"{at.month}月{at.day}日 周{_WEEKDAYS[at.weekday()]} {at.hour}:{at.minute:02d}"


def rows(line: str) -> tuple[str, str]:
    """`服务项目：日常保洁` as label and value; a line without a label has an empty one."""
    label, mark, value = line.partition("：")
    return (label, value) if mark and len(label) <= 8 else ("", line)


def plain(line: str) -> str:
    """A chat line without the tags WeCom allows in it."""
    return re.sub(r"<[^>]*>", "", line)


_templates.filters |= {"moment": moment, "rows": rows, "plain": plain}
_templates.filters |= {"tappable": cards.tappable, "questions": cards.questions}


class PageHandler(RequestHandler):
    """`/` shows everybody's newest messages, `/messages/{openid, userid or telephone number}` all of one person."""

    def initialize(self, world: World) -> None:
        self.world = world

    def get(self, name: str = "") -> None:
        texts = self.world.sms.received
        phones = {name: texts[name]} if name in texts else {} if name else self.phones()
        people = self.everybody() if not name else [] if phones else [self.one(name)]
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        facts = self.facts(people, name) | {"phones": phones}
        self.finish(_templates.get_template("messages.html").render(facts))

    def everybody(self) -> list[Person]:
        """Those with messages, the latest receiver first."""
        receivers = [person for person in self.world.people.all() if person.messages]
        return sorted(receivers, key=lambda person: person.messages[-1].at, reverse=True)[:_PEOPLE_SHOWN]

    def phones(self) -> dict[str, list[ShortMessage]]:
        """Those with short messages, the latest receiver first."""
        received = self.world.sms.received.items()
        latest = sorted(received, key=lambda item: item[1][-1].at, reverse=True)
        return dict(latest[:_PEOPLE_SHOWN])

    def one(self, name: str) -> Person:
        person = self.world.people.subscribers.get(name) or self.world.people.staff.get(name)
        if person is None:
            raise HTTPError(404)
        return person

    def facts(self, people: list[Person], name: str) -> dict[str, Any]:
        shelves = self.world.people
        return {
            "subscribers": [person for person in people if not person.staff],
            "staff": [person for person in people if person.staff],
            "shown": None if name else _CARDS_SHOWN,
            "name": name,
            "web_base": self.world.config.web_base,
            "sent": sum(person.sent for person in shelves.subscribers.values()),
            "texted": sum(len(one) for one in self.world.sms.received.values()),
            "staff_sent": sum(person.sent for person in shelves.staff.values()),
            "now": self.world.clock.now().isoformat(),
        }


_QUESTION = "of "
_LONGEST_TEXT = 500


class WeComHandler(RequestHandler):
    """`/wecom/{userid}`: the WeCom of one member, where cards can be tapped and the app be written to."""

    def initialize(self, world: World) -> None:
        self.world = world

    def get(self, userid: str) -> None:
        self.show(self.one(userid))

    async def post(self, userid: str) -> None:
        person = self.one(userid)
        if problem := await self.done(person):
            self.show(person, problem)
        else:
            self.redirect(f"/wecom/{quote(userid, safe='')}", status=303)

    def one(self, userid: str) -> Person:
        person = self.world.people.staff.get(userid)
        if person is None or person.blocked:
            raise HTTPError(404)
        return person

    async def done(self, person: Person) -> str:
        """Do what was tapped or written; why it came to nothing, or nothing."""
        if not self.world.callbacks.url:
            return "这个应用没有设置接收消息的地址"
        try:
            sent = await self.act(person)
        except members.NotThere:
            return "这张卡片已经处理过了，请看最新的内容"
        if sent is None:
            return "请先写要发的话"
        return "" if sent.delivered else f"应用没有回应（试了 {sent.tries} 次），请稍后再点一次"

    async def act(self, person: Person) -> members.Delivery | None:
        if task_id := self.get_body_argument("task_id", ""):
            key = self.get_body_argument("key", "")
            return await members.tap(self.world, person.id, task_id, key, self.chosen())
        if self.get_body_argument("do", "") == "enter":
            return await members.enter(self.world, person.id)
        text = self.get_body_argument("text", "")[:_LONGEST_TEXT]
        return await members.write(self.world, person.id, text) if text else None

    def chosen(self) -> dict[str, list[str]]:
        names = [name for name in self.request.body_arguments if name.startswith(_QUESTION)]
        return {name.removeprefix(_QUESTION): self.get_body_arguments(name) for name in names}

    def show(self, person: Person, note: str = "") -> None:
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.set_header("Cache-Control", "no-store")
        page = _templates.get_template("wecom.html")
        self.finish(page.render(person=person, note=note, web_base=self.world.config.web_base))
