"""The post-office cards: bound at the window, lost, found, frozen, replaced."""

from handlers.base import Answer, Endpoint, allow
from schemas.point_cards import BindCard, CardCodeView, CardView, ChangeCard, ClaimCard, ReplaceCard
from server import card_codes, point_cards, pos
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
        await post_waiting(house, wanted.number, holder.id)
        return answer


class CardCodes(Endpoint):
    path = "/v1/point-cards/codes"

    @allow("clerk", "operator", status=201)
    async def post(self, wanted: BindCard) -> Answer[CardCodeView]:
        """A code by which the resident takes the card that lies here on their own phone."""
        house, actor = self.building, self.actor
        holder = await house.resident(wanted.resident_id, actor)

        async def given(tx: Tx) -> CardCodeView:
            return await card_codes.give_out(tx, wanted, holder, actor, house.vault, house.settings)

        return await self.once(given, status=201)


class Claim(Endpoint):
    path = "/v1/points/card/claim"

    @allow("resident", status=201)
    async def post(self, wanted: ClaimCard) -> Answer[CardView]:
        """Take my card with the code from the window; what was bought with it counts."""
        house, actor = self.building, self.actor
        if (before := await self.replayed()) is not None:
            return before
        refusal = await house.db.atomically(
            lambda tx: card_codes.count(tx, actor.id, wanted, house.vault, house.settings)
        )
        if refusal is not None:
            raise refusal

        async def claimed(tx: Tx) -> CardView:
            return point_cards.view(await card_codes.claim(tx, wanted, actor, house.vault))

        answer = await self.once(claimed, status=201, lanes=[f"points:{actor.id}"])
        await post_waiting(house, wanted.number, actor.id)
        return answer


class Lost(Endpoint):
    path = "/v1/points/card/lost"

    @allow("resident")
    async def post(self, wanted: ChangeCard) -> Answer[CardView]:
        """My card is lost: nothing is paid with it until there is another, or the window releases it."""
        actor = self.actor

        async def lost(tx: Tx) -> CardView:
            return point_cards.view(await point_cards.move(tx, actor.id, "lost", wanted.reason, actor))

        return await self.once(lost)


class Move(Endpoint):
    path = "/v1/residents/{resident_id}/card/{action}"

    @allow("clerk", "operator")
    async def post(self, resident_id: str, action: str, wanted: ChangeCard) -> Answer[CardView]:
        """At the window: `lost` or `freeze`, and nothing is paid with it until `release`, when it was found or the doubt
        is settled."""
        actor = self.actor
        holder = await self.building.resident(resident_id, actor)

        async def moved(tx: Tx) -> CardView:
            return point_cards.view(await point_cards.move(tx, holder.id, action, wanted.reason, actor))

        return await self.once(moved)


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
        await post_waiting(house, wanted.number, holder.id)
        return answer


async def post_waiting(house: Building, number: str, resident_id: str) -> None:
    """What was bought with the card before, some at a time; whoever asks again goes on where it stopped."""
    lanes = [f"points:{resident_id}"]
    posted = _BATCH
    while posted == _BATCH:
        posted = await house.db.atomically(
            lambda tx: pos.post_waiting(tx, number, resident_id, _BATCH, house.settings), lanes=lanes
        )
