"""Who is asking: a token, remembered by its hash; verified in memory, revoked everywhere within a second."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from schemas.sessions import LoginView, SessionsView, SessionView, StaffSessionView
from schemas.staff import Grant
from server import residents, staff
from server.config import Settings
from server.kit.db import Collection, Duplicate, Index, Reader, Stored, Tx
from server.kit.errors import Conflict, Forbidden, NotFound, TooMany, Unauthorized
from server.kit.platform import Action, PlatformRefusal
from server.kit.vault import Vault
from server.residents import Resident
from server.staff import Staff


class LoginCodeInvalid(Unauthorized):
    """登录凭证已失效，请重新打开小程序"""


class LoginRefused(Forbidden):
    """暂时无法登录，请到社区窗口办理或拨打街道服务热线"""


class LoginsTooMany(TooMany):
    """现在登录的人太多，请一分钟后再试"""


class SessionExpired(Unauthorized):
    """登录已过期，请重新登录"""


class LoginSpent(Forbidden):
    """这次登录已经用过了，请重新登录"""


class SessionNotFound(NotFound):
    """这次登录已经结束了，请刷新后再看"""


class PhoneCodeInvalid(Conflict):
    """手机号授权已失效，请再点一次“获取手机号”"""


Kind = Literal["resident", "staff"]
_SEEN_EVERY = timedelta(minutes=1)
MOST_SHOWN = 100


class Whence(Struct, frozen=True):
    """Where a login comes from: the kind of client, and its address. `idle` is how long it may rest, None for as long as
    it likes."""

    device: str = ""
    ip: str = ""
    idle: timedelta | None = None


class Session(Stored, kw_only=True):
    """`id` is the SHA-256 of the token. WeChat's session_key is sealed and never leaves.

    `seen_at` is when it was last used, to the minute; one that rests for `idle_s` is over before `expires_at`.
    """

    kind: Kind
    actor_id: str
    created_at: datetime
    expires_at: datetime
    session_key: bytes | None = None
    device: str = ""
    ip: str = ""
    seen_at: datetime | None = None
    idle_s: float | None = None

    def over(self, now: datetime) -> bool:
        resting = self.idle_s is not None and now - self._used >= timedelta(seconds=self.idle_s)
        return self.expires_at <= now or resting

    def unseen(self, now: datetime) -> bool:
        """Whether its use has to be written down again: the staff's, once a minute."""
        return self.kind == "staff" and now - self._used >= _SEEN_EVERY

    @property
    def _used(self) -> datetime:
        return self.seen_at or self.created_at


SESSIONS: Collection[Session] = Collection(
    "sessions", Session, Index(("expires_at",), expire_after_s=0), Index(("actor_id", "-created_at", "-_id"))
)


NOWHERE = Whence()


class SpentState(Stored, kw_only=True):
    """A login's `state` that has come back once; `id` is its SHA-256."""

    expires_at: datetime


SPENT_STATES: Collection[SpentState] = Collection(
    "spent_states", SpentState, Index(("expires_at",), expire_after_s=0)
)


class Principal(Struct, frozen=True):
    """Somebody for whom a resident may act, within these scopes (server/proxies.py)."""

    resident_id: str
    scopes: frozenset[str]
    proxy_id: str


class StandIn(Struct, frozen=True):
    """A colleague who is away, and what they may do (server/approvals/delegations.py)."""

    userid: str
    grants: tuple[Grant, ...]


class Actor(Struct, frozen=True):
    """Whoever asks. `grants` is empty for a resident, `principals` for everybody else; the system acts for nobody.
    `standing_in` are the colleagues for whom a member of the staff acts while they are away."""

    kind: Literal["resident", "staff", "system"]
    id: str
    name: str = ""
    grants: tuple[Grant, ...] = ()
    session_id: str = ""
    principals: tuple[Principal, ...] = ()
    standing_in: tuple[StandIn, ...] = ()

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(one.role for one in self.grants) if self.kind == "staff" else frozenset({self.kind})

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.id}"

    def serves(self, community_id: str | None) -> bool:
        """Whether a resident of this community, or of none yet, is theirs to serve: the street serves all, a window its
        own community."""
        if self.kind != "staff" or self.roles & staff.STREET_WIDE:
            return True
        return any(one.role == "clerk" and community_id in (None, one.community_id) for one in self.grants)

    def acts_for(self, resident_id: str | None, scope: str | None) -> bool:
        """Whether a family proxy lets them do this for that resident."""
        return any(one.resident_id == resident_id and scope in one.scopes for one in self.principals)


SYSTEM = Actor("system", "system", "系统")

_REFUSALS: dict[Action, type[Exception]] = {
    Action.ask_new_code: LoginCodeInvalid,
    Action.refuse_login: LoginRefused,
    Action.throttle: LoginsTooMany,
    Action.stop_until_tomorrow: LoginsTooMany,
}


def refusal(error: PlatformRefusal) -> Exception:
    """WeChat's refusal of a login as ours; what is none of the resident's business stays an outage."""
    named = _REFUSALS.get(error.action)
    if named is LoginsTooMany:
        return LoginsTooMany(retry_after=60)
    return named() if named else error


def phone_refusal(error: PlatformRefusal) -> Exception:
    """The same for the phone button, whose code is another one."""
    return PhoneCodeInvalid(field="code") if error.action is Action.ask_new_code else refusal(error)


def token_id(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def open_resident(
    tx: Tx,
    openid: str,
    unionid: str | None,
    session_key: str,
    vault: Vault,
    settings: Settings,
    whence: Whence = NOWHERE,
) -> SessionView:
    """A new session for the resident behind an openid."""
    resident = await residents.welcome(tx, openid, unionid)
    life = timedelta(days=settings.sessions.resident_days)
    session, token = _new("resident", resident.id, tx.now, life, whence)
    session.session_key = vault.seal(session_key, session.id)
    await tx.insert(SESSIONS, session)
    return SessionView(token=token, expires_at=session.expires_at, resident=residents.view(resident))


async def open_staff(tx: Tx, userid: str, settings: Settings, whence: Whence = NOWHERE) -> StaffSessionView:
    """A new session for a member of the staff. Raises NotStaff."""
    member = staff.find(tx, userid)
    life = timedelta(hours=settings.sessions.staff_hours)
    session, token = _new("staff", member.id, tx.now, life, whence)
    await tx.insert(SESSIONS, session)
    return StaffSessionView(token=token, expires_at=session.expires_at, staff=staff.view(member))


async def spend_state(tx: Tx, state: str, valid_for: timedelta) -> None:
    """A login's state works once, also for whoever copied the browser's cookie. Raises LoginSpent."""
    try:
        await tx.insert(SPENT_STATES, SpentState(id=token_id(state), expires_at=tx.now + valid_for))
    except Duplicate as error:
        raise LoginSpent from error


def _new(kind: Kind, actor_id: str, now: datetime, life: timedelta, whence: Whence) -> tuple[Session, str]:
    token = secrets.token_urlsafe(32)
    session = Session(
        id=token_id(token),
        kind=kind,
        actor_id=actor_id,
        created_at=now,
        expires_at=now + life,
        device=whence.device,
        ip=whence.ip,
        seen_at=now,
        idle_s=whence.idle.total_seconds() if whence.idle is not None else None,
    )
    return session, token


async def seen(tx: Tx, session_id: str) -> None:
    """It is in use. Of many requests at once, in any process, one writes."""
    long_ago = {"_id": session_id, "seen_at": {"$not": {"$gt": tx.now - _SEEN_EVERY}}}
    await tx.change(SESSIONS, long_ago, {"$set": {"seen_at": tx.now}})


async def listed(reader: Reader, kind: str, actor_id: str, own: str = "") -> SessionsView:
    """The logins that are good now, the latest first, no more than a hundred; `own` is the one that is asking."""
    where = {"actor_id": actor_id, "kind": kind, "expires_at": {"$gt": reader.now}}
    found = await reader.all(SESSIONS, where, limit=MOST_SHOWN, sort="-created_at")
    return SessionsView(items=[_login(one, own) for one in found if not one.over(reader.now)])


def _login(session: Session, own: str) -> LoginView:
    return LoginView(
        id=session.id,
        device=session.device,
        ip=session.ip,
        created_at=session.created_at,
        seen_at=session.seen_at or session.created_at,
        expires_at=session.expires_at,
        current=session.id == own,
    )


async def close(tx: Tx, session_id: str) -> None:
    await tx.delete(SESSIONS, {"_id": session_id})


async def close_one(tx: Tx, kind: str, actor_id: str, session_id: str) -> None:
    """One of theirs. Raises SessionNotFound."""
    if not await tx.delete(SESSIONS, {"_id": session_id, "actor_id": actor_id, "kind": kind}):
        raise SessionNotFound


async def close_all(tx: Tx, kind: str, actor_id: str) -> int:
    """Log out everywhere; how many logins that ended."""
    return await tx.delete_all(SESSIONS, {"actor_id": actor_id, "kind": kind})


def resident_actor(session: Session, principals: tuple[Principal, ...] = ()) -> Actor:
    return Actor("resident", session.actor_id, session_id=session.id, principals=principals)


def staff_actor(session: Session, member: Staff, standing_in: tuple[StandIn, ...] = ()) -> Actor:
    return Actor("staff", member.id, member.name, tuple(member.grants), session.id, standing_in=standing_in)


def of_resident(resident: Resident) -> Actor:
    return Actor("resident", resident.id, resident.name)
