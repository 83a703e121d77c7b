"""The disability certificate in a resident's profile."""

from handlers.base import Answer, Endpoint, allow
from schemas.disability import DisabilityView, NewDisability
from server import disability, residents
from server.kit.db import Reader, Tx

TITLE = "残疾人证"


class ResidentsDisability(Endpoint):
    path = "/v1/residents/{resident_id}/disability"

    @allow("operator", "clerk")
    async def get(self, resident_id: str) -> DisabilityView:
        """What is recorded; its number is not shown."""

        async def seen(reader: Reader) -> DisabilityView:
            found = await disability.find(reader, resident_id, self.actor)
            if found.disability is None:
                raise disability.NoDisability
            return residents.view_disability(found.disability)

        view = await self.building.db.reading(seen)
        await self.saw("disability.get", resident_id)
        return view

    @allow("operator", "clerk")
    async def put(self, resident_id: str, wanted: NewDisability) -> Answer[DisabilityView]:
        """Write down what the certificate on the desk says, in the place of what was there."""
        house = self.building
        answer = await self.once(
            lambda tx: disability.record(tx, resident_id, wanted, self.actor, house.vault)
        )
        house.profile_changed(resident_id)
        return answer

    @allow("operator", "clerk")
    async def delete(self, resident_id: str) -> None:
        """Take it out of the profile, number and all."""

        async def removed(tx: Tx) -> None:
            await disability.remove(tx, resident_id, self.actor)

        await self.once(removed)
        self.building.profile_changed(resident_id)


class MyDisability(Endpoint):
    path = "/v1/me/disability"

    @allow("resident")
    async def delete(self) -> None:
        """Take my certificate out of my profile; it is gone at once."""
        await self.building.db.atomically(lambda tx: disability.remove_own(tx, self.actor))
        self.building.profile_changed(self.actor.id)
