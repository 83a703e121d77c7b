"""A resident's name, telephone and door in full, for a desk that says why."""

from handlers.base import Answer, Endpoint, allow
from schemas.reveals import NewReveal, RevealedView
from server import reveals

TITLE = "完整信息"


class Reveal(Endpoint):
    path = "/v1/residents/{resident_id}/reveal"

    @allow("operator", "clerk")
    async def post(self, resident_id: str, wanted: NewReveal) -> Answer[RevealedView]:
        """Look, with the reason on record."""
        rules = self.building.settings
        return await self.once(
            lambda tx: reveals.reveal(tx, resident_id, wanted, self.actor, rules),
            lanes=[reveals.lane(self.actor)],
        )
