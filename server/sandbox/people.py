"""Who exists in the sandbox: subscribers by openid and staff by userid, and what they received."""

import base64
import secrets
from collections import deque
from typing import Any, Literal

from msgspec import Struct, field

Result = Literal["accept", "reject", "ban", "filter"]
_CROWD_KEPT = 1_000


class Message(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A delivered message. `lines` is what the person reads; `at` is RFC 3339; the rest is what was sent.

    A card has its present face in `card`, and in `replaced` the text that took the place of its buttons, if any.
    `response_code` is the one of its sending, for as long as that can be used.
    """

    to: str
    title: str
    lines: list[str]
    at: str
    data: dict[str, str] = field(default_factory=dict)
    template_id: str = ""
    page: str = ""
    lang: str = ""
    miniprogram_state: str = ""
    msgtype: str = ""
    url: str = ""
    msgid: str = ""
    task_id: str = ""
    card: dict[str, Any] = field(default_factory=dict)
    replaced: str = ""
    response_code: str = ""


class Person(Struct, kw_only=True, omit_defaults=True):
    """`credits` counts the one-time sends left of each template, `results` keeps the last popup answer.

    `sent` counts every message ever received, `received` those of each template, `messages` holds the newest of them,
    newest last. One of a `crowd` keeps none, and is not in the state file. The last seven are of members only: `hidden`
    lies outside of what the app may see, `unlicensed` cannot be written to.
    """

    id: str
    staff: bool = False
    unionid: str = ""
    session_key: str = ""
    session_used_at: float = 0.0
    logged_in_at: float = 0.0
    blocked: bool = False
    foreign: bool = False
    credits: dict[str, int] = field(default_factory=dict)
    results: dict[str, Result] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    sent: int = 0
    received: dict[str, int] = field(default_factory=dict)
    crowd: bool = False
    name: str = ""
    department: list[int] = field(default_factory=list)
    tags: list[int] = field(default_factory=list)
    position: str = ""
    disabled: bool = False
    hidden: bool = False
    unlicensed: bool = False


class People:
    """Anyone asked for by name comes into being; `keep` bounds the messages kept for each, `of_crowds` has the last
    ones of all that belong to a crowd."""

    def __init__(self, keep: int) -> None:
        self._keep = keep
        self.of_crowds: deque[Message] = deque(maxlen=_CROWD_KEPT)
        self.subscribers: dict[str, Person] = {}
        self.staff: dict[str, Person] = {}

    def subscriber(self, openid: str) -> Person:
        person = self.subscribers.get(openid)
        if person is None:
            person = self.subscribers[openid] = Person(id=openid)
        return person

    def member(self, userid: str) -> Person:
        person = self.staff.get(userid)
        if person is None:
            person = self.staff[userid] = Person(id=userid, staff=True, department=[1])
        return person

    def put(self, person: Person) -> None:
        (self.staff if person.staff else self.subscribers)[person.id] = person

    def all(self) -> list[Person]:
        return [*self.subscribers.values(), *self.staff.values()]

    def deliver(self, person: Person, message: Message) -> None:
        person.sent += 1
        if message.template_id:
            person.received[message.template_id] = person.received.get(message.template_id, 0) + 1
        if person.crowd:
            self.of_crowds.append(message)
            return
        person.messages.append(message)
        if len(person.messages) > self._keep:
            del person.messages[0]


def new_session_key() -> str:
    """Sixteen random bytes in base64, as the platform's."""
    return base64.b64encode(secrets.token_bytes(16)).decode()
