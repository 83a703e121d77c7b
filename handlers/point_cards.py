"""The post-office cards: bound at the window, lost, found, frozen, replaced."""

from handlers.base import Answer, Endpoint, allow
from schemas.point_cards import BindCard, CardView, ChangeCard, ReplaceCard
from server import point_cards, pos
from server.building import Building
from server.kit.db import Tx

TITLE = "便民邮储卡"
_BATCH = 10


class Cards(Endpoint):
    path = "/v1/point-cards"

    @allow("clerk", "operator", status=201)
    async def post(self, wanted: BindCard) -> Answer[CardView]:
        """Bind a card to a resident whose name and telephone are as we know them; what was bought with it counts."""
        house, actor = self.building, self.actor
        holder = await house.resident(wanted.resident_id, actor)

        async def bound(tx: Tx) -> CardView:
            card = await point_cards.bind(tx, wanted, holder, actor)
            return point_cards.view(card)

        answer = await self.once(bound, status=201, lanes=[f"points:{holder.id}"])
        await _post_waiting(house, wanted.number, holder.id)
        return answer


class Lost(Endpoint):
    path = "/v1/points/card/lost"

    @allow("resident")
    async def post(self, wanted: ChangeCard) -> Answer[CardView]:
        """My card is lost: nothing is paid with it until there is another."""
        mine, actor = self.actor.id, self.actor

        async def lost(tx: Tx) -> CardView:
            card = await point_cards.set_state(tx, mine, "lost", ("active",), wanted.reason, actor)
            return point_cards.view(card)

        return await self.once(lost)


class Freeze(Endpoint):
    path = "/v1/residents/{resident_id}/card/freeze"

    @allow("clerk", "operator")
    async def post(self, resident_id: str, wanted: ChangeCard) -> Answer[CardView]:
        """Nothing is paid with it until it is released."""
        house, actor = self.building, self.actor
        holder = await house.resident(resident_id, actor)

        async def frozen(tx: Tx) -> CardView:
            since = ("active", "lost")
            card = await point_cards.set_state(tx, holder.id, "frozen", since, wanted.reason, actor)
            return point_cards.view(card)

        return await self.once(frozen)


class Release(Endpoint):
    path = "/v1/residents/{resident_id}/card/release"

    @allow("clerk", "operator")
    async def post(self, resident_id: str, wanted: ChangeCard) -> Answer[CardView]:
        """It was found, or the doubt is settled."""
        house, actor = self.building, self.actor
        holder = await house.resident(resident_id, actor)

        async def released(tx: Tx) -> CardView:
            since = ("frozen", "lost")
            card = await point_cards.set_state(tx, holder.id, "active", since, wanted.reason, actor)
            return point_cards.view(card)

        return await self.once(released)


class Swap(Endpoint):
    path = "/v1/residents/{resident_id}/card/replace"

    @allow("clerk", "operator")
    async def post(self, resident_id: str, wanted: ReplaceCard) -> Answer[CardView]:
        """A new card in the place of the old one; the points stay."""
        house, actor = self.building, self.actor
        holder = await house.resident(resident_id, actor)

        async def swapped(tx: Tx) -> CardView:
            card = await point_cards.swap(tx, holder.id, wanted.number, actor)
            return point_cards.view(card)

        answer = await self.once(swapped, lanes=[f"points:{holder.id}"])
        await _post_waiting(house, wanted.number, holder.id)
        return answer


async def _post_waiting(house: Building, number: str, resident_id: str) -> None:
    """What was bought with the card before, some at a time; whoever asks again goes on where it stopped."""
    lanes = [f"points:{resident_id}"]
    posted = _BATCH
    while posted == _BATCH:
        posted = await house.db.atomically(
            lambda tx: pos.post_waiting(tx, number, resident_id, _BATCH, house.settings), lanes=lanes
        )
