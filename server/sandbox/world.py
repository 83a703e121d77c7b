"""All the state behind the sandbox's answers, in one place that every call is handed."""

import functools
import secrets
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import msgspec
from msgspec import Struct

from . import tokens
from .callbacks import Callbacks
from .clock import Now, SandboxClock
from .codes import Codes
from .company import Company
from .config import SandboxConfig, Template
from .dues import Agency
from .errors import Refused
from .faults import Faults
from .mini_callbacks import MiniCallbacks, Style
from .pay import Pay
from .pay_keys import make
from .pay_notices import Notifier
from .people import Message, People, Person
from .quotas import Counters
from .sealing import Seal
from .sms_account import Phones
from .sms_reports import Reporting, Reports
from .store import Store

WHOLE_COMPANY = 1
_CODES_REMEMBERED = 100_000


class CardCode(Struct, frozen=True):
    """A response code: of which card, and since when."""

    msgid: str
    made_at: float


class World:
    """`calls` counts the calls of each path, `refusals` the error codes of each path. Of the app's messages to the staff,
    `sent_to` has when each member got some and `sent_before` when each was sent last."""

    def __init__(self, config: SandboxConfig, clock: Now) -> None:
        self.config = config
        self.clock = SandboxClock(clock)
        self.people = People(config.messages_per_user)
        self.codes = Codes()
        self.mini_tokens = tokens.mini_tokens()
        self.corp_tokens = tokens.corp_tokens()
        self.stable = tokens.Stable(self.mini_tokens)
        self.old = tokens.Old(self.mini_tokens)
        self.corp = tokens.Corp(self.corp_tokens)
        self.counters = Counters(config.quotas)
        self.faults = Faults()
        self.templates: dict[str, Template] = {one.template_id: one for one in config.templates}
        self.banned: set[str] = set()
        self.media: Counter[str] = Counter()
        self.unchecked_pages: set[str] = set()
        self.paths: set[str] = set()
        self.calls: Counter[str] = Counter()
        self.refusals: dict[str, Counter[int]] = {}
        self._busy: set[str] = set()
        self.task_ids: set[str] = set()
        self.card_codes: dict[str, CardCode] = {}
        self.tickets: dict[str, tokens.Token] = {}
        self.sent_to: dict[str, list[float]] = {}
        self.sent_before: dict[str, float] = {}
        self.store = Store(config.state_file, self.people)
        self.store.load()
        self.directory = Company(config.departments, config.tags)
        seal = Seal(token=config.token, encoding_aes_key=config.encoding_aes_key, receiver=config.corpid)
        self.callbacks = Callbacks(config.callback_url, seal, config.agentid, self.clock)
        mini = Seal(
            token=config.mini_token, encoding_aes_key=config.mini_encoding_aes_key, receiver=config.appid
        )
        self.mini = MiniCallbacks(config.mini_callback_url, mini, config.account, self.clock)
        self.agency = Agency(dues=dict(config.dues))
        self.sms = Phones(config.sms, self.clock)
        self.reports = Reports(config.sms.report_url, self.clock)
        self.notifier = Notifier(lambda: self.pay, self.clock)
        self._employ()
        self._remember_cards()

    @functools.cached_property
    def pay(self) -> Pay:
        """Made when somebody pays: keys take a moment."""
        return Pay(self.config.pay or make(), self.config.appid, self.clock)

    def _employ(self) -> None:
        """Those of the configuration; what the state file says of them goes before it."""
        for one in self.config.members:
            person = self.people.member(one.userid)
            if not person.name:
                person.name, person.position = one.name, one.note
                person.department, person.tags = list(one.department), list(one.tags)

    def _remember_cards(self) -> None:
        for person in self.people.staff.values():
            person.department = person.department or [WHOLE_COMPANY]
            for message in person.messages:
                if message.task_id:
                    self.task_ids.add(message.task_id)
                if message.response_code:
                    sent_at = datetime.fromisoformat(message.at).timestamp()
                    self.card_codes[message.response_code] = CardCode(message.msgid, sent_at)

    def settle(self) -> None:
        """No fault waits, events and reports are told as usual, and no phone has a short message."""
        self.faults.clear()
        self.mini.style = Style()
        self.sms.settle()
        self.reports.style = Reporting()

    @property
    def now_s(self) -> float:
        return self.clock.seconds()

    def known(self, openid: object) -> Person:
        """The subscriber, or Refused 40003 when nobody has this openid."""
        person = self.people.subscribers.get(openid) if isinstance(openid, str) else None
        if person is None:
            raise Refused(40003)
        return person

    def member(self, userid: str) -> Person | None:
        """Whoever has this userid; without members in the configuration, everybody exists."""
        if self.config.members:
            return self.people.staff.get(userid)
        return self.people.member(userid)

    def members(self) -> list[Person]:
        """All who have not left."""
        return [one for one in self.people.staff.values() if not one.blocked]

    def tagged(self, number: int) -> list[Person]:
        """Those with the tag, also by their department."""
        inside: set[int] = set()
        for department in self.directory.tags[number].departments:
            inside |= self.directory.below(department)
        return [one for one in self.members() if number in one.tags or inside & set(one.department)]

    def card_code(self, msgid: str) -> str:
        """A new response code for a card."""
        code = secrets.token_urlsafe(48)
        self.card_codes[code] = CardCode(msgid, self.now_s)
        if len(self.card_codes) > _CODES_REMEMBERED:
            del self.card_codes[next(iter(self.card_codes))]
        return code

    def spend_card_code(self, code: str) -> None:
        spent = self.card_codes.pop(code)
        for person in self.people.staff.values():
            for place, message in enumerate(person.messages):
                if message.msgid == spent.msgid and message.response_code == code:
                    person.messages[place] = msgspec.structs.replace(message, response_code="")

    def session_key(self, person: Person) -> str:
        """The current key, or Refused 87007 when it is gone; using it keeps it alive."""
        if not person.session_key or self.session_is_old(person):
            raise Refused(87007)
        person.session_used_at = self.now_s
        return person.session_key

    def session_is_old(self, person: Person) -> bool:
        return self.now_s - person.session_used_at > self.config.session_key_days * 86_400

    def refused(self, path: str, errcode: int) -> None:
        self.refusals.setdefault(path, Counter())[errcode] += 1

    def deliver(self, person: Person, message: Message) -> None:
        self.people.deliver(person, message)
        self.store.changed()

    @contextmanager
    def alone(self, openid: str) -> Iterator[None]:
        """Refused 43108 while another send to the same person is under way."""
        if openid in self._busy:
            raise Refused(43108)
        self._busy.add(openid)
        try:
            yield
        finally:
            self._busy.discard(openid)

    def page_exists(self, page: str) -> bool:
        """Released pages only; a query behind the path is fine."""
        return page.partition("?")[0] in self.config.pages

    def check_address(self, address: str, errcode: int) -> None:
        if self.config.allowed_ips and address not in self.config.allowed_ips:
            raise Refused(errcode, address)
