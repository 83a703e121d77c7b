"""Calls back: who has to be told by telephone what WeChat did not show them."""

from handlers.base import Answer, Endpoint, allow
from schemas.return_calls import (
    CallOutcome,
    FindReturnCalls,
    HandedOverView,
    ReturnCallsView,
    ReturnCallView,
)
from server import return_calls, reveals
from server.kit.db import Reader, Tx

TITLE = "待回电"


class ReturnCalls(Endpoint):
    path = "/v1/return-calls"

    @allow("operator", "clerk", "admin")
    async def get(self, query: FindReturnCalls) -> ReturnCallsView:
        """Who waits for a call, what is urgent first, then whoever waits longest."""
        rules = self.building.settings
        return await self.building.db.reading(
            lambda reader: return_calls.listed(reader, query, self.actor, rules)
        )


class HandOver(Endpoint):
    path = "/v1/return-calls/hand-over"

    @allow("operator", "clerk")
    async def post(self) -> Answer[HandedOverView]:
        """The end of my shift: all that I have taken goes back to the queue."""

        async def handed(tx: Tx) -> HandedOverView:
            return HandedOverView(released=await return_calls.hand_over(tx, self.actor))

        return await self.once(handed)


class ReturnCall(Endpoint):
    path = "/v1/return-calls/{call_id}"

    @allow("operator", "clerk", "admin")
    async def get(self, call_id: str) -> ReturnCallView:
        """One of them; number and words are there for whoever has taken it."""
        actor, rules = self.actor, self.building.settings

        async def seen(reader: Reader) -> ReturnCallView:
            call = await return_calls.find(reader, call_id, actor)
            return await return_calls.view(reader, call, actor, rules)

        return await self.building.db.reading(seen)


class Take(Endpoint):
    path = "/v1/return-calls/{call_id}/take"

    @allow("operator", "clerk")
    async def post(self, call_id: str) -> Answer[ReturnCallView]:
        """I call them: the number is shown, which is on record, and mine for half an hour."""
        actor, rules = self.actor, self.building.settings

        async def taken(tx: Tx) -> ReturnCallView:
            call = await return_calls.take(tx, call_id, actor, rules)
            return await return_calls.view(tx, call, actor, rules)

        return await self.once(taken, lanes=[return_calls.lane(call_id), reveals.lane(actor)])


class Release(Endpoint):
    path = "/v1/return-calls/{call_id}/release"

    @allow("operator", "clerk")
    async def post(self, call_id: str) -> Answer[ReturnCallView]:
        """Not me after all; a colleague may."""
        actor, rules = self.actor, self.building.settings

        async def released(tx: Tx) -> ReturnCallView:
            call = await return_calls.release(tx, call_id, actor)
            return await return_calls.view(tx, call, actor, rules)

        return await self.once(released, lanes=[return_calls.lane(call_id)])


class Outcome(Endpoint):
    path = "/v1/return-calls/{call_id}/outcome"

    @allow("operator", "clerk")
    async def post(self, call_id: str, wanted: CallOutcome) -> Answer[ReturnCallView]:
        """They know now, nobody answered, or it is not needed."""
        actor, rules = self.actor, self.building.settings

        async def settled(tx: Tx) -> ReturnCallView:
            call = await return_calls.settle(tx, call_id, wanted, actor, rules)
            return await return_calls.view(tx, call, actor, rules)

        return await self.once(settled, lanes=[return_calls.lane(call_id)])


class Undo(Endpoint):
    path = "/v1/return-calls/{call_id}/undo"

    @allow("operator", "clerk")
    async def post(self, call_id: str) -> Answer[ReturnCallView]:
        """It was not so: it waits again, and I have it."""
        actor, rules = self.actor, self.building.settings

        async def undone(tx: Tx) -> ReturnCallView:
            call = await return_calls.undo(tx, call_id, actor, rules)
            return await return_calls.view(tx, call, actor, rules)

        return await self.once(undone, lanes=[return_calls.lane(call_id)])
