"""What a process is made of, built once from Settings; handlers and worker get it whole."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

import structlog

from server import (
    documents,
    ledger,
    message_templates,
    nouns,
    push_figures,
    residents,
    sessions,
    staff,
    workdays,
)
from server.approvals import delegations
from server.cases import CaseNumbers
from server.cases.pages import CasePages
from server.catalogue import Pages
from server.config import Attachments, Settings
from server.distances import Ways
from server.drivers import DRIVERS, Driver
from server.kit.clock import Clock
from server.kit.db import Cache, Database
from server.kit.files import Files
from server.kit.lifecycle import Lifecycle
from server.kit.metrics import Metrics
from server.kit.pace import Pace
from server.kit.pictures import Bounds, Pictures
from server.kit.vault import Vault
from server.live import Live
from server.positions import Onlookers, Trips, Whereabouts
from server.progress import Paces
from server.proxies import Book
from server.residents import RESIDENTS, Resident
from server.sessions import SESSIONS, Actor, Principal, Session
from server.slots import Availability
from server.staff import Staff
from server.statistics import Figures
from server.unread import Unread

log = structlog.get_logger()

_LOOKED_AGAIN_S = 600
"""Who of the staff follows a car is written down again after so long, and not each time their page asks."""


class WeChatGateway(Protocol):
    """What the nouns' verbs ask of WeChat; the real gateway and its null twin both offer it."""

    @property
    def rests_s(self) -> float: ...
    async def code_to_session(self, code: str) -> Any: ...
    async def phone_number(self, code: str, openid: str) -> str: ...
    async def send_subscribe(
        self, openid: str, template_id: str, data: dict[str, str], page: str, *, state: str = ...
    ) -> str: ...
    async def check_text(self, openid: str, content: str, scene: int) -> Any: ...
    async def ping(self) -> None: ...
    async def close(self) -> None: ...


class WeComGateway(Protocol):
    async def userid_of(self, code: str) -> str: ...
    async def send_notice(self, agentid: int, userid: str, title: str, text: str, url: str = "") -> None: ...
    async def send_card(self, agentid: int, userid: str, card: dict[str, Any]) -> str: ...
    async def update_card(
        self, agentid: int, userid: str, response_code: str, card: dict[str, Any]
    ) -> None: ...
    async def members(self) -> list[Any]: ...
    async def departments(self) -> list[Any]: ...
    async def tags(self) -> list[Any]: ...
    async def ping(self) -> None: ...
    async def close(self) -> None: ...


class PayGateway(Protocol):
    """What the nouns ask of WeChat Pay."""

    async def prepay(
        self, out_trade_no: str, openid: str, total_fen: int, description: str, expires_at: datetime
    ) -> str: ...
    def client_params(self, prepay_id: str) -> dict[str, str]: ...
    async def query(self, out_trade_no: str) -> Any: ...
    async def close(self, out_trade_no: str) -> None: ...
    async def refund(
        self, out_refund_no: str, out_trade_no: str, refund_fen: int, total_fen: int, reason: str
    ) -> Any: ...
    async def query_refund(self, out_refund_no: str) -> Any: ...
    async def trade_bill(self, day: date) -> list[Any]: ...
    async def open_notification(self, headers: Mapping[str, str], body: bytes) -> Any:
        """Raises NotificationRefused."""

    async def ping(self) -> None: ...
    async def close_connections(self) -> None: ...


class PayeeGateway(Protocol):
    """What the nouns ask of the payees' collecting agency."""

    async def bills(self, payee_id: str, account_no: str) -> list[Any]: ...
    async def pay(self, payment_no: str, bill_no: str, amount_fen: int) -> None: ...
    async def close(self) -> None: ...


class SmsGateway(Protocol):
    """What the nouns ask of the provider of short messages; where none is `configured` there is nobody to ask."""

    configured: bool

    async def send(self, phone: str, text: str, out_id: str) -> str: ...
    async def ping(self) -> None: ...
    async def close(self) -> None: ...


class WeComCallbacks(Protocol):
    """The door for what WeCom sends us. Raises a HoelunError for what is not WeCom's, or no message."""

    def verify_url(self, query: Mapping[str, str]) -> str: ...
    def open(self, query: Mapping[str, str], body: bytes) -> dict[str, Any]: ...
    def seal(self, xml: str) -> bytes: ...


class WeChatCallbacks(Protocol):
    """The door for what WeChat sends our mini-program. Raises as the other does."""

    def verify_url(self, query: Mapping[str, str]) -> str: ...
    def open(self, query: Mapping[str, str], body: bytes) -> dict[str, Any]: ...


class Building:
    """Everything that verbs and queues need. Resources are opened by `server.app.open_building`."""

    wecom_callbacks: WeComCallbacks
    wechat_callbacks: WeChatCallbacks
    pay: PayGateway
    payees: PayeeGateway
    sms: SmsGateway

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        db: Database,
        wechat: WeChatGateway,
        wecom: WeComGateway,
        metrics: Metrics,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.db = db
        self.wechat = wechat
        self.wecom = wecom
        self.metrics = metrics
        self.lifecycle = Lifecycle()
        self.callers = Pace(settings.limits.actor_per_s, settings.limits.actor_burst)
        self.addresses = Pace(settings.limits.address_per_s, settings.limits.address_burst)
        self.progress = Paces(settings.progress)
        self.verifying = Pace(settings.documents.verify_per_minute / 60, settings.documents.verify_burst)
        self.reporting = Pace(settings.positions.per_s, settings.positions.burst)
        self.sharing = Pace(settings.positions.share_per_s, settings.positions.share_burst)
        self.looked = Pace(1 / _LOOKED_AGAIN_S, 1)
        self.vault = Vault(settings.field_key)
        self.ways = Ways(settings.distances, clock, None)
        self.files: Files = db.files()
        self.pictures = _pictures(settings.attachments)
        self.availability = Availability(db)
        self.catalogue = Pages(db)
        self.case_numbers = CaseNumbers(db)
        self.unread = Unread(db.follower)
        self.case_pages = CasePages(db.follower, self.unread)
        self.proxies = Book(db)
        self.whereabouts = Whereabouts(db)
        self.trips = Trips(db)
        self.onlookers = Onlookers(db, self.whereabouts, settings)
        self._drivers: Cache[Driver] = Cache(db.follower, DRIVERS.name, settings.sessions.remembered)
        self.statistics = Figures(db)
        self._residents: Cache[Resident] = Cache(db.follower, RESIDENTS.name, settings.sessions.remembered)
        self._sessions: Cache[Session] = Cache(db.follower, SESSIONS.name, settings.sessions.remembered)
        self.live = Live(
            db.follower,
            self._onlooker,
            per_member=settings.live.per_member,
            per_process=settings.live.per_process,
        )
        self.lifecycle.when_draining(self.live.end_all)
        self.lifecycle.when_draining(self.onlookers.end_all)
        push_figures.tell(metrics, db, settings)
        metrics.lines.set_function(lambda: len(self.live))
        metrics.ride_lines.set_function(lambda: len(self.onlookers))

    def known_actor(self, token: str) -> Actor | None:
        """Who the token stands for, from memory alone; None when memory cannot say, or there is something to write."""
        session, now = self._sessions.peek(sessions.token_id(token)), self.clock.now()
        if session is None or session.over(now) or session.unseen(now):
            return None
        if session.kind == "resident":
            principals = self.proxies.principals(session.actor_id, now)
            return sessions.resident_actor(session, principals)
        member = self.db.reader().recall(staff.STAFF, session.actor_id)
        return self._staff_actor(session, member) if member and member.active else None

    async def actor(self, token: str) -> Actor:
        """Who the token stands for. Raises SessionExpired, NotStaff."""
        known = self.known_actor(token)
        if known is not None:
            return known
        session_id = sessions.token_id(token)
        session = await self._sessions.get(session_id, lambda: self._load(session_id))
        if session is None or session.over(self.clock.now()):
            raise sessions.SessionExpired
        if session.unseen(self.clock.now()):
            await self._seen(session_id)
        if session.kind == "resident":
            return sessions.resident_actor(session, await self._principals(session.actor_id))
        if not self.db.follower.trusted:
            await self.db.renew()
        return self._staff_actor(session, staff.find(self.db.reader(), session.actor_id))

    def onlooker(self, token: str) -> Actor | None:
        """Which member of the staff has a page open, from memory alone. A page that looks by itself is nothing that
        somebody did: it keeps no login alive."""
        return self._onlooker(sessions.token_id(token))

    def _onlooker(self, session_id: str) -> Actor | None:
        session = self._sessions.peek(session_id)
        if session is None or session.kind != "staff" or session.over(self.clock.now()):
            return None
        member = self.db.reader().recall(staff.STAFF, session.actor_id)
        return self._staff_actor(session, member) if member and member.active else None

    async def onlooking(self, token: str) -> Actor:
        """The same, asking the database where memory cannot say. Raises SessionExpired, NotStaff."""
        known = self.onlooker(token)
        if known is not None:
            return known
        session_id = sessions.token_id(token)
        session = await self._sessions.get(session_id, lambda: self._load(session_id))
        if session is None or session.kind != "staff" or session.over(self.clock.now()):
            raise sessions.SessionExpired
        if not self.db.follower.trusted:
            await self.db.renew()
        return self._staff_actor(session, staff.find(self.db.reader(), session.actor_id))

    def _staff_actor(self, session: Session, member: Staff) -> Actor:
        """With the colleagues for whom they stand in just now."""
        return sessions.staff_actor(session, member, delegations.standing_in(self.db.reader(), member.id))

    async def _principals(self, resident_id: str) -> tuple[Principal, ...]:
        if self.db.follower.trusted:
            return self.proxies.principals(resident_id, self.clock.now())
        return await self.proxies.principals_for_certain(resident_id, self.clock.now())

    async def resident(self, resident_id: str, actor: Actor | None = None) -> Resident:
        """Their profile, from memory in steady state. Raises ResidentNotFound, also to an actor who does not serve
        them."""
        resident = await self._residents.get(resident_id, lambda: self._find(resident_id))
        assert resident is not None
        if actor is not None and not actor.serves(resident.community_id):
            raise residents.ResidentNotFound
        return resident

    async def driver(self, driver_id: str) -> Driver | None:
        """Whether they are on duty, and with which ride, from memory in steady state; that they are not at work is never
        taken from memory, which hears of it a moment later."""
        known = self._drivers.peek(driver_id)
        if known is not None and known.state == "off":
            self._drivers.drop(driver_id)
        return await self._drivers.get(
            driver_id, lambda: self.db.reading(lambda reader: reader.get(DRIVERS, driver_id))
        )

    def duty_changed(self, driver_id: str) -> None:
        """This process knows at once who has just gone home, or has come."""
        self._drivers.drop(driver_id)

    def profile_changed(self, resident_id: str) -> None:
        """This process forgets at once what it has just changed; the others hear of it within a second."""
        self._residents.drop(resident_id)

    async def _find(self, resident_id: str) -> Resident:
        return await self.db.reading(lambda reader: residents.present(reader, resident_id))

    async def _seen(self, session_id: str) -> None:
        await self.db.alone(lambda tx: sessions.seen(tx, session_id))
        self._sessions.drop(session_id)

    def session_ended(self, session_id: str) -> None:
        """This process forgets at once a login that is over; the others hear of it within a second."""
        self._sessions.drop(session_id)

    def account_closed(self, actor: Actor) -> None:
        """This process forgets at once who has left; the others hear of it within a second."""
        self._residents.drop(actor.id)
        self._sessions.drop(actor.session_id)

    async def _load(self, session_id: str) -> Session | None:
        return await self.db.reading(lambda reader: reader.get(SESSIONS, session_id))

    async def check(self) -> list[str]:
        """What is not as it should be: collections, indexes, platforms, the books."""
        problems = await self.db.problems(nouns.collections())
        problems += [one async for one in ledger.differences(self.db.reader())]
        problems += await asyncio.to_thread(workdays.problems, self.settings)
        problems += await documents.problems(self.db.reader(), self.settings)
        problems += message_templates.problems(self.settings)
        for name, ping in self.pings():
            try:
                await ping()
            except Exception as error:
                problems.append(f"{name}: {type(error).__name__} {error}")
        return problems

    def pings(self) -> Sequence[tuple[str, Any]]:
        """Those that are configured."""
        others = [("sms", self.sms.ping)] if self.sms.configured else []
        return (
            ("mongodb", self.db.ping),
            ("wechat", self.wechat.ping),
            ("wecom", self.wecom.ping),
            *others,
        )


def _pictures(own: Attachments) -> Pictures:
    return Pictures(own.drawing_threads, Bounds(own.max_pixels, own.max_side, own.thumbnail_side))
