"""Walking a flow: everybody tries every action in every state, and the table says what must come of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from msgspec import Struct

from server.kit.flow import Flow, Row
from tests.world import Person, World


class Stage(Struct, frozen=True):
    """A case in the state that is walked. `cast` are all who knock, `parts` what each of them plays in it: somebody
    without a part is not to learn that it exists."""

    case: dict[str, Any]
    cast: Mapping[str, Person]
    parts: Mapping[str, frozenset[str]]

    @property
    def onlooker(self) -> Person:
        """The first who may see it; whoever moves it may be without a part in it afterwards."""
        return self.cast[next(name for name, mine in self.parts.items() if mine)]

    async def seen(self) -> dict[str, Any]:
        """The case as it is now, by somebody who may see it."""
        found: dict[str, Any] = (await self.onlooker.get(f"/v1/cases/{self.case['case_no']}")).json
        return found


class Walk(Struct, frozen=True):
    """`brought_to` makes a stage in that state; `forms` has the body of the actions that need one. `hidden` are actions
    that the table allows and this case does not need, so that they are not shown."""

    flow: Flow
    brought_to: Callable[[World, str], Awaitable[Stage]]
    forms: Mapping[str, dict[str, Any]]
    hidden: frozenset[str] = frozenset()

    def states(self) -> list[str]:
        return list(self.flow.states)

    def moves(self) -> list[tuple[Row, str]]:
        """Each row with each part that may go it, but for the system's."""
        return [
            (row, part)
            for row in self.flow.rows
            if row.source != Flow.OPENING
            for part in sorted(row.by - {"system"})
        ]

    async def refusals(self, world: World, state: str) -> None:
        """What the table does not allow is refused and changes nothing; what it allows is in the view."""
        stage = await self.brought_to(world, state)
        case_no, version = stage.case["case_no"], stage.case["version"]
        for who, person in stage.cast.items():
            mine = stage.parts[who]
            allowed = [row.action for row in self.flow.rows if row.source == state and row.by & mine]
            view = await person.get(f"/v1/cases/{case_no}")
            if mine:
                fitting = [one for one in allowed if one not in self.hidden]
                assert [one["name"] for one in view.json["actions"]] == fitting, who
            else:
                assert (view.status, view.code) == (404, "case_not_found"), who
            absent = [action for action in [*self.flow.actions, "fly"] if action not in allowed]
            tried = await asyncio.gather(
                *(person.act(case_no, action, **self.forms.get(action, {})) for action in absent)
            )
            expected = (409, "not_allowed_now") if mine else (404, "case_not_found")
            for action, reply in zip(absent, tried, strict=True):
                assert (reply.status, reply.code) == expected, (who, action, reply.body)
        after = await stage.seen()
        assert (after["state"], after["version"]) == (state, version)

    async def move(self, world: World, row: Row, part: str) -> None:
        """A row leads to its target and into the history."""
        stage = await self.brought_to(world, row.source)
        who = next(name for name, mine in stage.parts.items() if part in mine)
        case_no = stage.case["case_no"]
        reply = await stage.cast[who].act(case_no, row.action, **self.forms.get(row.action, {}))
        assert reply.status == 200, (who, row, reply.body)
        assert (reply.json["state"], reply.json["version"]) == (row.target, stage.case["version"] + 1)
        assert reply.json["open"] is not self.flow.states[row.target].final
        step = (await stage.onlooker.get(f"/v1/cases/{case_no}/history")).json["items"][-1]
        assert (step["action"], step["source"], step["target"]) == (row.action, row.source, row.target)


def label(value: Any) -> str:
    return f"{value.source}-{value.action}" if isinstance(value, Row) else str(value)
