"""A resident's own profile, and the desk's search for a caller."""

from handlers.base import Answer, Endpoint, allow
from schemas.residents import (
    BindPhone,
    ChangeMe,
    FindResident,
    ResidentCard,
    ResidentsFound,
    ResidentView,
)
from server import accounts, residents, reveals, sessions
from server.kit.db import Reader, Tx
from server.kit.platform import PlatformRefusal

TITLE = "居民"


class Me(Endpoint):
    path = "/v1/me"

    @allow("resident")
    async def get(self) -> ResidentView:
        """My profile."""
        resident = await self.building.db.reading(lambda reader: residents.find(reader, self.actor.id))
        return residents.view(resident)

    @allow("resident")
    async def patch(self, wanted: ChangeMe) -> ResidentView:
        """Change my name, household or preferences; only what is sent."""
        changed = await self.building.db.atomically(lambda tx: residents.change(tx, self.actor.id, wanted))
        self.building.profile_changed(self.actor.id)
        return residents.view(changed)

    @allow("resident")
    async def post(self, wanted: ChangeMe) -> Answer[ResidentView]:
        """The same for a mini-program, whose wx.request has no PATCH."""

        async def changed(tx: Tx) -> ResidentView:
            return residents.view(await residents.change(tx, self.actor.id, wanted))

        answer = await self.once(changed)
        self.building.profile_changed(self.actor.id)
        return answer

    @allow("resident")
    async def delete(self) -> None:
        """Leave: what is personal is wiped. Refused, with the reason, while something of mine is open."""
        house, origin = self.building, self.origin()
        await house.db.atomically(lambda tx: accounts.close(tx, self.actor, origin, house.vault))
        house.account_closed(self.actor)


class MyPhone(Endpoint):
    path = "/v1/me/phone"

    @allow("resident")
    async def post(self, bind: BindPhone) -> Answer[ResidentView]:
        """Take the phone number that WeChat knows, with the code of the phone button."""
        replayed = await self.replayed()
        if replayed is not None:
            return replayed
        resident = await self.building.db.reading(lambda reader: residents.find(reader, self.actor.id))
        try:
            phone = await self.building.wechat.phone_number(bind.code, resident.openid)
        except PlatformRefusal as error:
            raise sessions.phone_refusal(error) from error

        async def bound(tx: Tx) -> ResidentView:
            return residents.view(await residents.bind_phone(tx, self.actor.id, phone))

        answer = await self.once(bound)
        self.building.profile_changed(self.actor.id)
        return answer


class Residents(Endpoint):
    path = "/v1/residents"

    @allow("operator", "clerk", "dispatcher")
    async def get(self, query: FindResident) -> ResidentsFound:
        """Who calls: residents with this phone number, masked; for a window those of its own community."""

        async def seen(reader: Reader) -> list[ResidentCard]:
            known = await residents.by_phone(reader, query.phone)
            return [reveals.card(reader, one) for one in known if self.actor.serves(one.community_id)]

        found = await self.building.db.reading(seen)
        await self.saw("residents.find", *(one.id for one in found))
        return ResidentsFound(items=found)
