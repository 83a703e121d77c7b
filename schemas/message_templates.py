"""The subscription templates: how each stands in this environment, and what WeChat would show of given values."""

from typing import Annotated

from msgspec import Meta

from schemas.common import ONE_LINE, Request, View
from schemas.push import Importance, Topic

Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=ONE_LINE)]
Value = Annotated[str, Meta(max_length=500)]


class ParameterView(View, frozen=True, kw_only=True):
    """`key` is the platform's, `name` ours; `rule` says what may stand there."""

    key: str
    name: str
    label: str
    rule: str
    example: str


class LineView(View, frozen=True, kw_only=True):
    """A line of the message on the telephone. `cut`: it is not what was given; `problem` says why WeChat would refuse it,
    and is empty where it would not."""

    key: str
    label: str
    text: str
    cut: bool
    problem: str


class PreviewView(View, frozen=True, kw_only=True):
    """What the telephone shows. Not `sendable`: WeChat would refuse the message with 47003, and nothing is sent."""

    title: str
    lines: list[LineView]
    sendable: bool


class MessageTemplateView(View, frozen=True, kw_only=True):
    """`asked` says at which tap it is asked for, `reaches` how far it is taken. `mapped`: this environment has named its
    id; otherwise the one of the demo stands there. `missing`: it should have been."""

    name: str
    title: str
    moment: str
    asked: str
    topic: Topic
    topic_text: str
    importance: Importance
    importance_text: str
    reaches: str
    long_term: bool
    template_id: str
    mapped: bool
    missing: bool
    parameters: list[ParameterView]
    preview: PreviewView


class MessageTemplatesView(View, frozen=True, kw_only=True):
    items: list[MessageTemplateView]
    next: str | None = None


class PreviewTemplate(Request, frozen=True, kw_only=True):
    """A template, and values by our names; those that are not given are examples."""

    name: Name
    values: Annotated[dict[Name, Value], Meta(max_length=10)] = {}
