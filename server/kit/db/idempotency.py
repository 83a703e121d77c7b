"""A repeated request gets the first answer. The receipt is written in the same transaction as what it answers for.

Why the receipt is the last write and not the first: docs/decisions/idempotency.md. A reply holds what its reader may
see, so it is sealed with the client's own key, of which only a digest is stored: nobody else can read it, also when
what it tells of has been deleted since.
"""

import hashlib
from collections.abc import Callable
from datetime import datetime

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from server.kit.chance import chance
from server.kit.db.collection import Collection, Document, Index, Stored
from server.kit.errors import Conflict

_NONCE_BYTES = 12
KEPT_S = 7 * 24 * 3600


class IdempotencyMismatch(Conflict):
    """同一个幂等键已用于另一份内容，请换一个新的键再提交"""


class Receipt(Stored, kw_only=True):
    """`id` digests actor, route and key; `digest` the body; `reply` is sealed."""

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
        return hashlib.sha256(self._whole.encode()).hexdigest()

    @property
    def _whole(self) -> str:
        return "\0".join((self.actor, self.route, self.key))

    def _cipher(self) -> AESGCM:
        """Whoever has the key of the call can make it; the receipt's id, which is stored, does not tell it."""
        return AESGCM(hashlib.sha256(f"reply\0{self._whole}".encode()).digest())

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.body).digest()

    def receipt(self, reply: Reply, now: datetime) -> Callable[[], Document]:
        """How to make the receipt: sealing lets go of the interpreter lock, and the event loop would wait to get it
        back, so it is left to a thread."""
        nonce = chance.take(_NONCE_BYTES)

        def made() -> Document:
            sealed = nonce + self._cipher().encrypt(nonce, reply.body, None)
            return RECEIPTS.dump(
                Receipt(
                    id=self.receipt_id, digest=self.digest, status=reply.status, reply=sealed, created_at=now
                )
            )

        return made

    def replay(self, receipt: Receipt) -> Reply:
        """Raises IdempotencyMismatch when the key was used for another body."""
        if receipt.digest != self.digest:
            raise IdempotencyMismatch
        nonce, sealed = receipt.reply[:_NONCE_BYTES], receipt.reply[_NONCE_BYTES:]
        return Reply(receipt.status, self._cipher().decrypt(nonce, sealed, None), replayed=True)
