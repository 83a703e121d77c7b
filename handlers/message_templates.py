"""The subscription templates: how each stands here, and what WeChat would show of given values."""

from handlers.base import Endpoint, allow
from schemas.message_templates import MessageTemplatesView, PreviewTemplate, PreviewView
from server import message_templates

TITLE = "消息模板"


class MessageTemplates(Endpoint):
    path = "/v1/message-templates"

    @allow("admin")
    async def get(self) -> MessageTemplatesView:
        """All of them, with their ids in this environment."""
        return message_templates.listed(self.building.settings)


class Preview(Endpoint):
    path = "/v1/message-templates/preview"

    @allow("admin", once=False)
    async def post(self, wanted: PreviewTemplate) -> PreviewView:
        """What WeChat would show of these values, and what it would refuse."""
        seen = message_templates.previewed(wanted)
        await self.saw("message_templates.preview", wanted.name)
        return seen
