"""Who is asking: a token, remembered by its hash; verified in memory, revoked everywhere within a second."""

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from schemas.sessions import SessionView, StaffSessionView
from schemas.staff import Grant
from server import residents, staff
from server.config import Settings
from server.kit.db import Collection, Duplicate, Index, Stored, Tx
from server.kit.errors import Conflict, Forbidden, TooMany, Unauthorized
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


class PhoneCodeInvalid(Conflict):
    """手机号授权已失效，请再点一次“获取手机号”"""


Kind = Literal["resident", "staff"]


class Session(Stored, kw_only=True):
    """`id` is the SHA-256 of the token. WeChat's session_key is sealed and never leaves."""

    kind: Kind
    actor_id: str
    created_at: datetime
    expires_at: datetime
    session_key: bytes | None = None


SESSIONS: Collection[Session] = Collection(
    "sessions", Session, Index(("expires_at",), expire_after_s=0), Index(("actor_id",))
)


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


class Actor(Struct, frozen=True):
    """Whoever asks. `grants` is empty for a resident, `principals` for everybody else; the system acts for nobody."""

    kind: Literal["resident", "staff", "system"]
    id: str
    name: str = ""
    grants: tuple[Grant, ...] = ()
    session_id: str = ""
    principals: tuple[Principal, ...] = ()

    @property
    def roles(self) -> frozenset[str]:
        return frozenset(one.role for one in self.grants) if self.kind == "staff" else frozenset({self.kind})

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.id}"

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
    tx: Tx, openid: str, unionid: str | None, session_key: str, vault: Vault, settings: Settings
) -> SessionView:
    """A new session for the resident behind an openid."""
    resident = await residents.welcome(tx, openid, unionid)
    session, token = _new("resident", resident.id, tx.now, timedelta(days=settings.sessions.resident_days))
    session.session_key = vault.seal(session_key, session.id)
    await tx.insert(SESSIONS, session)
    return SessionView(token=token, expires_at=session.expires_at, resident=residents.view(resident))


async def open_staff(tx: Tx, userid: str, settings: Settings) -> StaffSessionView:
    """A new session for a member of the staff. Raises NotStaff."""
    member = staff.find(tx, userid)
    session, token = _new("staff", member.id, tx.now, timedelta(hours=settings.sessions.staff_hours))
    await tx.insert(SESSIONS, session)
    return StaffSessionView(token=token, expires_at=session.expires_at, staff=staff.view(member))


async def spend_state(tx: Tx, state: str, valid_for: timedelta) -> None:
    """A login's state works once, also for whoever copied the browser's cookie. Raises LoginSpent."""
    try:
        await tx.insert(SPENT_STATES, SpentState(id=token_id(state), expires_at=tx.now + valid_for))
    except Duplicate as error:
        raise LoginSpent from error


def _new(kind: Kind, actor_id: str, now: datetime, life: timedelta) -> tuple[Session, str]:
    token = secrets.token_urlsafe(32)
    session = Session(id=token_id(token), kind=kind, actor_id=actor_id, created_at=now, expires_at=now + life)
    return session, token


async def close(tx: Tx, session_id: str) -> None:
    await tx.delete(SESSIONS, {"_id": session_id})


async def close_all(tx: Tx, actor: Actor) -> None:
    """Log out everywhere."""
    await tx.delete_all(SESSIONS, {"actor_id": actor.id, "kind": actor.kind})


def resident_actor(session: Session, principals: tuple[Principal, ...] = ()) -> Actor:
    return Actor("resident", session.actor_id, session_id=session.id, principals=principals)


def staff_actor(session: Session, member: Staff) -> Actor:
    return Actor("staff", member.id, member.name, tuple(member.grants), session.id)


def of_resident(resident: Resident) -> Actor:
    return Actor("resident", resident.id, resident.name)
