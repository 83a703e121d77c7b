"""The subscription templates as a page: each in words with its id here, and a telephone that shows what one writes."""

from typing import Any

import msgspec

from handlers.base import allow
from handlers.page import MenuItem, Page, Shown
from schemas.message_templates import MessageTemplatesView, PreviewTemplate, PreviewView
from server import message_templates

PATH = "/console/message-templates"
_TOO_LONG = "每一项最多 500 字，请写短一些"


class MessageTemplates(Page):
    path = PATH
    menu = MenuItem("消息模板", "note", 79, 1)

    @allow("admin")
    async def get(self) -> Shown:
        """All of them, by topic."""
        found = message_templates.listed(self.building.settings)
        return Shown("console/message_templates.html", picture(found))


def picture(found: MessageTemplatesView) -> dict[str, Any]:
    topics: dict[str, list[Any]] = {}
    for one in found.items:
        topics.setdefault(one.topic_text, []).append(one)
    return {"topics": topics, "missing": [one for one in found.items if one.missing]}


class MessageTemplate(Page):
    path = PATH + "/{name}"

    @allow("admin")
    async def get(self, name: str) -> Shown:
        """One, filled with examples."""
        return self._shown(name, {}, message_templates.previewed(PreviewTemplate(name=name)))

    @allow("admin")
    async def post(self, name: str, form: dict[str, str]) -> Shown:
        """The same filled with what was typed: what WeChat would show, and what it would refuse."""
        try:
            wanted = msgspec.convert({"name": name, "values": form}, PreviewTemplate)
        except msgspec.ValidationError:
            seen = message_templates.previewed(PreviewTemplate(name=name))
            return self._shown(name, form, seen, _TOO_LONG, 422)
        seen = message_templates.previewed(wanted)
        await self.saw("message_templates.preview", name)
        return self._shown(name, form, seen)

    def _shown(
        self, name: str, given: dict[str, str], seen: PreviewView, problem: str = "", status: int = 200
    ) -> Shown:
        settings = self.building.settings
        [view] = [one for one in message_templates.listed(settings).items if one.name == name]
        facts = {"view": view, "given": given, "seen": seen, "problem": problem}
        return Shown("console/message_template.html", facts, status)
