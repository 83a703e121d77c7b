"""A link by which somebody at home sees the car come closer: a secret, good while the ride is on.

It is found by its hash. The secret itself is kept sealed beside it, so that whoever asks twice gets the same link twice,
and the one that was sent to the family stays good.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from schemas.positions import RideShareView
from server.cases import CASES, Case, CaseNotFound, parts
from server.config import Settings
from server.keeping import Keeping, by_case
from server.kit.db import Collection, Duplicate, Index, Reader, Stored, Tx
from server.kit.errors import NotFound
from server.kit.vault import Vault
from server.positions.trips import KIND, RideNotFollowed, Trip, Trips, trip_of
from server.sessions import Actor

_BYTES = 24
_PAGE = "/packages/rides/pages/shared/index?token="


class RideShareNotFound(NotFound):
    """这个链接已经失效：行程结束了，或者分享的人收回了链接"""


class RideShare(Stored, kw_only=True):
    """`id` is the SHA-256 of the secret."""

    case_no: str
    secret: bytes
    made_by: str
    created_at: datetime
    expires_at: datetime


SHARES: Collection[RideShare] = Collection(
    "ride_shares",
    RideShare,
    Index(("case_no",), unique=True),
    Index(("expires_at",), expire_after_s=0),
)
KEPT = Keeping(
    title="行程分享",
    collection=SHARES,
    find=by_case("case_no"),
    hidden=frozenset({"_id", "secret"}),
)


def id_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


async def share(tx: Tx, case_no: str, actor: Actor, vault: Vault, rules: Settings, url: str) -> RideShareView:
    """The link of this ride, the one there is or a new one; for the passenger and who acts for them. `url` is where we
    are reached. Raises CaseNotFound, RideNotFollowed."""
    trip_of(await _theirs(tx, case_no, actor))
    await tx.delete_all(SHARES, {"case_no": case_no, "expires_at": {"$lte": tx.now}})
    found = await tx.first(SHARES, {"case_no": case_no})
    if found is None:
        try:
            found = await _new(tx, case_no, actor, vault, rules)
        except Duplicate:
            found = await tx.first(SHARES, {"case_no": case_no})
    if found is None:
        raise RideShareNotFound
    token = vault.open(found.secret, found.id)
    return RideShareView(
        token=token, url=f"{url}/r/{token}", path=f"{_PAGE}{token}", expires_at=found.expires_at
    )


async def _new(tx: Tx, case_no: str, actor: Actor, vault: Vault, rules: Settings) -> RideShare:
    token = secrets.token_urlsafe(_BYTES)
    made = RideShare(
        id=id_of(token),
        case_no=case_no,
        secret=vault.seal(token, id_of(token)),
        made_by=actor.key,
        created_at=tx.now,
        expires_at=tx.now + timedelta(hours=rules.positions.share_hours),
    )
    await tx.insert(SHARES, made)
    return made


async def revoke(tx: Tx, case_no: str, actor: Actor) -> None:
    """Whoever has the link sees nothing more. Raises CaseNotFound for a ride that is not theirs."""
    await _theirs(tx, case_no, actor)
    await tx.delete_all(SHARES, {"case_no": case_no})


async def _theirs(reader: Reader, case_no: str, actor: Actor) -> Case:
    case = await reader.get(CASES, case_no)
    if case is None or case.kind != KIND or "resident" not in parts(actor, case):
        raise CaseNotFound
    return case


async def find(reader: Reader, token: str) -> RideShare:
    """Raises RideShareNotFound for what is not there, is over or was never one, all in the same words."""
    found = await reader.get(SHARES, id_of(token))
    if found is None or found.expires_at <= reader.now:
        raise RideShareNotFound
    return found


async def trip(trips: Trips, found: RideShare) -> Trip:
    """The ride behind a link. Raises RideShareNotFound when it is not on any more."""
    try:
        return await trips.known(found.case_no)
    except (CaseNotFound, RideNotFollowed) as error:
        raise RideShareNotFound from error
