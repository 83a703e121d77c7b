"""Where the terminals at the community windows send each swipe, signed."""

from handlers.base import Endpoint, allow
from schemas.pos import NewSwipe, SwipeView
from server import pos
from server.kit.db import Tx

TITLE = "刷卡终端"
_NONCE = 64


class Swipes(Endpoint):
    path = "/v1/pos/swipes"

    @allow("anyone", once=False)  # the terminal's own numbers tell repeats apart
    async def post(self, new: NewSwipe) -> SwipeView:
        """A purchase or its reversal. `X-Terminal`, `X-Timestamp` (seconds since 1970), `X-Nonce` and `X-Signature`, the
        HMAC-SHA256 in hexadecimal of `timestamp\\nnonce\\nbody`, say who sends it."""
        house = self.building
        told = {name: self.request.headers.get(f"X-{name}", "") for name in _TOLD}
        terminal = pos.terminals.check(
            house.db.reader(),
            house.vault,
            told["Terminal"],
            told["Timestamp"],
            told["Nonce"],
            told["Signature"],
            self.request.body,
        )
        lanes = await house.db.reading(lambda reader: pos.lanes(reader, terminal.id, new))

        async def heard(tx: Tx) -> SwipeView:
            await pos.terminals.hear_once(tx, terminal, told["Nonce"][:_NONCE])
            return await pos.receive(tx, terminal.id, new, "api")

        return await house.db.atomically(heard, lanes=lanes)


_TOLD = ("Terminal", "Timestamp", "Nonce", "Signature")
