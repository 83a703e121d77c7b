"""Family proxy 亲属代办: one resident lets another act for them, within a scope, until a day, or until they change
their mind.

Every process keeps the proxies in memory and follows the database, so a revocation is felt everywhere within a
second; what is written on somebody's behalf is checked once more in its own transaction, where nothing is stale.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Literal

from schemas.cases import PersonView
from schemas.proxies import (
    InvitationView,
    NewProxy,
    ProxiesView,
    ProxyScope,
    ProxyState,
    ProxyView,
    ScopeChoice,
    TermChoice,
)
from server import push, residents
from server.config import Settings
from server.kit.chance import chance
from server.kit.clock import SHANGHAI, today
from server.kit.db import TEXT, Collection, Database, Index, Reader, Stored, Tx
from server.kit.errors import Conflict, Forbidden, Invalid, NotFound
from server.kit.events import Event, emit, event_id, on
from server.push import Notice, Template
from server.residents import RESIDENTS, Resident
from server.sessions import Actor, Principal
from server.words import said_day

_LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Nothing that looks or sounds like something else; eight of them are forty bits, for half an hour."""
_CODE_LENGTH = 8
_SHOWN = 100
_STATES: dict[ProxyState, str] = {
    "invited": "等对方接受",
    "active": "有效",
    "expired": "已到期",
    "revoked": "已收回",
}
_SCOPES: dict[ProxyScope, str] = {
    "bookings": "预约服务",
    "approvals": "办理审批",
    "points_read": "查看积分",
    "bills": "缴费",
}
_TERMS = {7: "一个星期", 30: "一个月", 90: "三个月", 365: "一年", 1095: "三年"}
PAGE = "packages/me/pages/proxies/index"


class ProxyNotFound(NotFound):
    """没有找到这份代办授权"""


class InvitationInvalid(Conflict):
    """邀请码不对、已经用过或已过期，请家人重新生成一个"""


class OwnInvitation(Conflict):
    """这是您自己的邀请码，请让家人在自己的手机上输入"""


class TooManyProxies(Conflict):
    """您的代办人已经满了，请先收回一位再添加"""


class TooLong(Invalid):
    """授权时间太长了，请缩短天数"""


class ProxyEnded(Forbidden):
    """您没有替这位居民办这件事的授权，或授权已到期、被收回"""


class Proxy(Stored, kw_only=True):
    """`code` is the SHA-256 of the invitation's code until somebody has accepted it; `relation` is what the principal
    is to the holder, such as 母亲."""

    principal_id: str
    principal_name: str
    holder_id: str | None = None
    holder_name: str = ""
    scopes: list[ProxyScope]
    code: str | None = None
    code_expires_at: datetime
    created_at: datetime
    accepted_at: datetime | None = None
    expires_at: datetime
    revoked_at: datetime | None = None
    relation: str = ""

    @property
    def stage(self) -> int:
        """A proxy is offered, accepted, revoked, and never the other way."""
        return 2 if self.revoked_at is not None else int(self.accepted_at is not None)

    def state(self, now: datetime) -> ProxyState:
        if self.revoked_at is not None:
            return "revoked"
        if now >= self.expires_at or (self.holder_id is None and now >= self.code_expires_at):
            return "expired"
        return "active" if self.holder_id is not None else "invited"


PROXIES: Collection[Proxy] = Collection(
    "proxies",
    Proxy,
    Index(("principal_id", "-created_at", "-_id")),
    Index(("holder_id", "-created_at", "-_id"), only={"holder_id": TEXT}),
    Index(("code",), unique=True, only={"code": TEXT}),
    whole=True,
)

_KEYS = {"thing1": "what", "time2": "time", "thing3": "tip"}
CHANGED = Template("proxy_changed", "代办授权通知", "proxy", _KEYS, topic="account", importance="high")


class Book:
    """Who acts for whom, out of memory."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._version = -1
        self._held: dict[str, list[Proxy]] = {}
        self._ahead: dict[str, Proxy] = {}

    def principals(self, holder_id: str, now: datetime) -> tuple[Principal, ...]:
        """For whom this resident may act now, and in what."""
        whole = self._db.reader().everything(PROXIES)
        if whole.version != self._version:
            self._version, self._held = whole.version, _by_holder(self._newest(whole.items))
        held = self._held.get(holder_id)
        return _principals(held, now) if held else ()

    async def principals_for_certain(self, holder_id: str, now: datetime) -> tuple[Principal, ...]:
        """The same from the database, for when memory cannot be trusted."""
        held = await self._db.reading(
            lambda reader: reader.all(PROXIES, {"holder_id": holder_id}, limit=_SHOWN)
        )
        return _principals(held, now)

    async def learn(self, proxy_id: str) -> None:
        """This process knows at once what it has just stored; the others hear of it within a second."""
        proxy = await self._db.reading(lambda reader: reader.get(PROXIES, proxy_id))
        if proxy is not None:
            self._ahead[proxy.id], self._version = proxy, -1

    def _newest(self, followed: Mapping[str, Proxy]) -> list[Proxy]:
        """What the stream has told, and what this process knows before the stream has told all of it."""
        for proxy_id, proxy in list(self._ahead.items()):
            told = followed.get(proxy_id)
            if told is not None and told.stage >= proxy.stage:
                del self._ahead[proxy_id]
        return list({**followed, **self._ahead}.values())


def _by_holder(proxies: Iterable[Proxy]) -> dict[str, list[Proxy]]:
    held: dict[str, list[Proxy]] = {}
    for one in proxies:
        if one.holder_id is not None:
            held.setdefault(one.holder_id, []).append(one)
    return held


def _principals(held: list[Proxy], now: datetime) -> tuple[Principal, ...]:
    return tuple(
        Principal(one.principal_id, frozenset(one.scopes), one.id)
        for one in held
        if one.state(now) == "active"
    )


async def confirm(reader: Reader, actor: Actor, principal_id: str, scope: str) -> Proxy:
    """The proxy by which the actor may do this now, as the database has it. Raises ProxyEnded."""
    ids = [
        one.proxy_id for one in actor.principals if one.resident_id == principal_id and scope in one.scopes
    ]
    for proxy in await reader.all(PROXIES, {"_id": {"$in": ids}}, limit=_SHOWN):
        if proxy.state(reader.now) == "active" and scope in proxy.scopes:
            return proxy
    raise ProxyEnded


def signature(reader: Reader, proxy_id: str, principal: str) -> str:
    """`王小明（代母亲李秀英）`: who wrote something, and for whom; whoever has left has no name any more."""
    proxy = reader.recall(PROXIES, proxy_id)
    holder, relation = (proxy.holder_name, proxy.relation) if proxy else ("", "")
    return f"{holder or '家人'}（代{relation}{principal}）"


async def invite(tx: Tx, actor: Actor, wanted: NewProxy, settings: Settings) -> tuple[Proxy, str]:
    """A new invitation and its code. Raises TooLong, TooManyProxies."""
    rules = settings.proxies
    if wanted.days > rules.longest_days:
        raise TooLong(field="days")
    principal, code = await _one_more(tx, actor.id, rules.max_granted), _new_code()
    proxy = Proxy(
        id=chance.hex(12),
        principal_id=principal.id,
        principal_name=principal.name,
        scopes=list(dict.fromkeys(wanted.scopes)),
        relation=wanted.relation,
        code=_digest(code),
        code_expires_at=tx.now + timedelta(minutes=rules.invitation_minutes),
        created_at=tx.now,
        expires_at=tx.now + timedelta(days=wanted.days),
    )
    await tx.insert(PROXIES, proxy)
    return proxy, code


async def _one_more(tx: Tx, principal_id: str, most: int) -> Resident:
    """Room for one more invitation. Two that are made at once, in whatever processes, both change the principal's row,
    so that the second counts what the first has made. Raises TooManyProxies."""
    principal = await residents.find(tx, principal_id)
    still = {
        "principal_id": principal_id,
        "revoked_at": None,
        "expires_at": {"$gt": tx.now},
        "$or": [{"holder_id": {"$type": "string"}}, {"code_expires_at": {"$gt": tx.now}}],
    }
    if await tx.count(PROXIES, still, limit=most) >= most:
        raise TooManyProxies
    await tx.change(RESIDENTS, {"_id": principal_id}, {"$inc": {"invitations": 1}})
    return principal


async def accept(tx: Tx, actor: Actor, code: str) -> Proxy:
    """Enter somebody's code: from now on the actor may act for them. Raises InvitationInvalid, OwnInvitation."""
    offered = {"code": _digest(code), "revoked_at": None, "code_expires_at": {"$gt": tx.now}}
    invitation = await tx.first(PROXIES, offered)
    if invitation is None:
        raise InvitationInvalid(field="code")
    if invitation.principal_id == actor.id:
        raise OwnInvitation(field="code")
    holder = await residents.find(tx, actor.id)
    accepted = {
        "holder_id": holder.id,
        "holder_name": holder.name,
        "accepted_at": tx.now,
        "code": None,
    }
    proxy = await tx.take(PROXIES, offered, {"$set": accepted})
    if proxy is None:
        raise InvitationInvalid(field="code")
    _emit(tx, proxy, "accept", actor, 1)
    return proxy


async def revoke(tx: Tx, actor: Actor, proxy_id: str) -> Proxy:
    """End it now; both sides may, as often as they like. Raises ProxyNotFound."""
    proxy = await tx.get(PROXIES, proxy_id)
    if proxy is None or actor.id not in (proxy.principal_id, proxy.holder_id):
        raise ProxyNotFound
    if proxy.revoked_at is not None:
        return proxy
    proxy.revoked_at, proxy.code = tx.now, None
    if await tx.replace(PROXIES, proxy, {"_id": proxy.id, "revoked_at": None}) and proxy.holder_id:
        _emit(tx, proxy, "revoke", actor, 2)
    return proxy


async def mine(reader: Reader, actor: Actor, settings: Settings) -> ProxiesView:
    """Those I have granted and those I hold, newest first; and what a new one may be."""
    both = {"$or": [{"principal_id": actor.id}, {"holder_id": actor.id}]}
    found = await reader.all(PROXIES, both, limit=_SHOWN, sort="-created_at")
    most = settings.proxies.longest_days
    terms = {days: text for days, text in _TERMS.items() if days <= most} or {most: f"{most} 天"}
    return ProxiesView(
        items=[view(one, actor.id, reader.now) for one in found],
        scopes=[ScopeChoice(value=value, text=text) for value, text in _SCOPES.items()],
        terms=[TermChoice(days=days, text=text) for days, text in terms.items()],
    )


def view(proxy: Proxy, resident_id: str, now: datetime) -> ProxyView:
    side: Literal["granted", "held"] = "granted" if proxy.principal_id == resident_id else "held"
    state = proxy.state(now)
    holder = PersonView(id=proxy.holder_id, name=proxy.holder_name) if proxy.holder_id else None
    return ProxyView(
        id=proxy.id,
        side=side,
        principal=PersonView(id=proxy.principal_id, name=proxy.principal_name),
        holder=holder,
        scopes=proxy.scopes,
        state=state,
        state_text=_STATES[state],
        relation=proxy.relation,
        created_at=proxy.created_at,
        accepted_at=proxy.accepted_at,
        expires_at=proxy.expires_at,
        revoked_at=proxy.revoked_at,
        sentence=_who(proxy, side),
        scopes_text=_scopes_text(proxy),
        until_text=f"到 {said_day(today(proxy.expires_at))}为止",
        can_end=state in ("invited", "active"),
    )


def _who(proxy: Proxy, side: str) -> str:
    if side == "held":
        return f"您替 {proxy.principal_name or proxy.relation or '家人'} 办"
    return f"{proxy.holder_name or '家人'} 替您办" if proxy.holder_id else "等家人输入邀请码"


def _scopes_text(proxy: Proxy) -> str:
    return "、".join(_SCOPES[one] for one in proxy.scopes)


def invitation(proxy: Proxy, code: str, now: datetime) -> InvitationView:
    return InvitationView(
        code=f"{code[:4]}-{code[4:]}",
        code_expires_at=proxy.code_expires_at,
        proxy=view(proxy, proxy.principal_id, now),
    )


def _new_code() -> str:
    return "".join(_LETTERS[chance.below(len(_LETTERS))] for _ in range(_CODE_LENGTH))


def _digest(code: str) -> str:
    plain = code.upper().replace("-", "").replace(" ", "")
    return hashlib.sha256(plain.encode()).hexdigest()


def _emit(tx: Tx, proxy: Proxy, what: str, actor: Actor, seq: int) -> None:
    emit(
        tx,
        Event(
            id=event_id(f"proxy-{proxy.id}", seq),
            type=f"proxy.{what}",
            subject=proxy.id,
            seq=seq,
            at=tx.now,
            by={"kind": actor.kind, "id": actor.id, "name": "", "role": "resident"},
            channel="mini_program",
            data={"action": what},
        ),
    )


@on("proxy.*")
async def tell(tx: Tx, event: Event) -> None:
    """The other side hears of it."""
    proxy = await tx.get(PROXIES, event.subject)
    if proxy is None or proxy.holder_id is None:
        return
    granted = event.by["id"] == proxy.principal_id
    other = await residents.find(tx, proxy.holder_id if granted else proxy.principal_id)
    notice = Notice(
        text=_sentence(proxy, event.data["action"], granted),
        payload={
            "what": "亲属代办",
            "time": f"{event.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}",
            "tip": "有人可以代您办事了" if event.data["action"] == "accept" else "代办授权已结束",
        },
        page=PAGE,
    )
    await push.send(tx, event, other, CHANGED, notice)


def _sentence(proxy: Proxy, action: str, granted: bool) -> str:
    holder, principal = proxy.holder_name or "家人", proxy.principal_name or "家人"
    if action == "accept":
        day = said_day(today(proxy.expires_at))
        return f"{holder}可以代您{_scopes_text(proxy)}了，{day}前有效。如果不是您的意思，请马上收回。"
    return f"{principal}收回了您的代办授权" if granted else f"{holder}不再代您办事了"
