"""A repeated request gets the first answer. The receipt is written in the same transaction as what it answers for.

Why the receipt is the last write and not the first: docs/decisions/idempotency.md.
"""

import hashlib
from datetime import datetime

from msgspec import Struct

from server.kit.db.collection import Collection, Index, Stored
from server.kit.errors import Conflict

KEPT_S = 7 * 24 * 3600


class IdempotencyMismatch(Conflict):
    """同一个幂等键已用于另一份内容，请换一个新的键再提交"""


class Receipt(Stored, kw_only=True):
    """`id` digests actor, route and key; `digest` the body."""

    digest: bytes
    status: int
    reply: bytes
    created_at: datetime


RECEIPTS: Collection[Receipt] = Collection(
    "idempotency", Receipt, Index(("created_at",), expire_after_s=KEPT_S)
)


class Reply(Struct, frozen=True):
    """What goes over the wire; `replayed` when it is the stored first answer."""

    status: int
    body: bytes
    replayed: bool = False


class Once(Struct, frozen=True):
    """Who asks for what under which key; equal bodies have equal digests."""

    actor: str
    route: str
    key: str
    body: bytes

    @property
    def receipt_id(self) -> str:
        return hashlib.sha256("\0".join((self.actor, self.route, self.key)).encode()).hexdigest()

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.body).digest()

    def receipt(self, reply: Reply, now: datetime) -> Receipt:
        return Receipt(
            id=self.receipt_id, digest=self.digest, status=reply.status, reply=reply.body, created_at=now
        )

    def replay(self, receipt: Receipt) -> Reply:
        """Raises IdempotencyMismatch when the key was used for another body."""
        if receipt.digest != self.digest:
            raise IdempotencyMismatch
        return Reply(receipt.status, receipt.reply, replayed=True)
