"""The clocks of a case: how long it may take, and what it waits for."""

from handlers.base import Answer, Endpoint, allow
from schemas.clocks import AllowExtension, AskExtension, ClocksView, PauseClock, RefuseExtension, ResumeClock
from server import cases, clocks
from server.kit.db import Reader, Tx

TITLE = "办理时限"


class Clocks(Endpoint):
    path = "/v1/cases/{case_no}/clocks"

    @allow("resident", "staff")
    async def get(self, case_no: str) -> ClocksView:
        """How much of what was promised is used, and what was paused for what."""

        async def read(reader: Reader) -> ClocksView:
            return clocks.views(reader, await cases.find(reader, case_no, self.actor))

        return await self.building.db.reading(read)


class Pause(Endpoint):
    path = "/v1/cases/{case_no}/clocks/{name}/pause"

    @allow("clerk", "reviewer", "dispatcher")
    async def post(self, case_no: str, name: str, wanted: PauseClock) -> Answer[ClocksView]:
        """Pause a clock: the resident reads the reason, and nothing is used up until it is resumed."""

        async def paused(tx: Tx) -> ClocksView:
            return await clocks.pause_by_hand(tx, case_no, name, wanted, self.actor, self.channel)

        return await self.once(paused, lanes=[case_no])


class Resume(Endpoint):
    path = "/v1/cases/{case_no}/clocks/{name}/resume"

    @allow("clerk", "reviewer", "dispatcher")
    async def post(self, case_no: str, name: str, wanted: ResumeClock) -> Answer[ClocksView]:
        """Let a paused clock run again."""

        async def resumed(tx: Tx) -> ClocksView:
            return await clocks.resume_by_hand(tx, case_no, name, wanted, self.actor, self.channel)

        return await self.once(resumed, lanes=[case_no])


class Extension(Endpoint):
    path = "/v1/cases/{case_no}/clocks/{name}/extension"

    @allow("clerk", "reviewer", "dispatcher")
    async def post(self, case_no: str, name: str, wanted: AskExtension) -> Answer[ClocksView]:
        """Ask for more time; somebody else has to allow it."""
        rules = self.building.settings

        async def asked(tx: Tx) -> ClocksView:
            return await clocks.ask_extension(tx, case_no, name, wanted, self.actor, self.channel, rules)

        return await self.once(asked, lanes=[case_no])


class AllowedExtension(Endpoint):
    path = "/v1/cases/{case_no}/clocks/{name}/extension/allow"

    @allow("reviewer", "dispatcher", "admin")
    async def post(self, case_no: str, name: str, wanted: AllowExtension) -> Answer[ClocksView]:
        """Allow what somebody else has asked for: the resident is told, with the reason."""

        async def allowed(tx: Tx) -> ClocksView:
            return await clocks.allow_extension(tx, case_no, name, wanted, self.actor, self.channel)

        return await self.once(allowed, lanes=[case_no])


class RefusedExtension(Endpoint):
    path = "/v1/cases/{case_no}/clocks/{name}/extension/refuse"

    @allow("reviewer", "dispatcher", "admin")
    async def post(self, case_no: str, name: str, wanted: RefuseExtension) -> Answer[ClocksView]:
        """Refuse what somebody else has asked for: the time stays as it was promised."""

        async def refused(tx: Tx) -> ClocksView:
            return await clocks.refuse_extension(tx, case_no, name, wanted, self.actor, self.channel)

        return await self.once(refused, lanes=[case_no])
