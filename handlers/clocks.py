"""The clocks of a case: how long it may take, and what it waits for."""

from handlers.base import Answer, Endpoint, allow
from schemas.clocks import ClocksView, PauseClock, ResumeClock
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
