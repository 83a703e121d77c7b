"""A counter for the tests of the console: an item, who works on it, and cases of it at any step."""

from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schemas.items import Step
from schemas.staff import Grant
from server.demo import items as demo_items
from server.items import ITEMS
from tests.pictures import photo
from tests.test_attachments import attached
from tests.world import Person, World, unique

ALLOWANCE = next(one for one in demo_items.read() if one.code == "ELDER-ALLOWANCE")
FORM = {"hukou": "绿苑社区", "applicant": "self", "account": "6217000000000001", "other": False}
MATERIALS = ("id_card", "household_book", "photo", "bank_card")
REVIEW = Step(name="street_review", role="reviewer", limit=5)
VISIT = Step(name="home_visit", role="clerk", limit=5, outside_limits=True)


class Counter(Struct):
    """`code` is what can be applied for."""

    world: World
    code: str
    clerk: Person
    colleague: Person
    reviewer: Person
    decider: Person
    operator: Person

    async def draft(self, resident: Person, **more: Any) -> str:
        reply = await resident.post("/v1/approvals", {"item_id": self.code, "form": FORM, **more})
        assert reply.status == 201, reply.body
        case_no: str = reply.json["case_no"]
        return case_no

    async def submitted(self, resident: Person, *, photos: bool = False) -> str:
        """Handed in on paper, or with a photo of each material."""
        case_no = await self.draft(resident)
        given = [{"key": one, "paper": not photos} for one in MATERIALS]
        for one in given if photos else ():
            one["files"] = [(await attached(resident, case_no, photo()))["id"]]
        await ok(resident.act(case_no, "edit", materials=given, delivery="electronic"))
        await ok(resident.act(case_no, "submit", truthful=True))
        return case_no

    async def pre_review(self, resident: Person, *, photos: bool = False) -> str:
        case_no = await self.submitted(resident, photos=photos)
        await ok(self.clerk.act(case_no, "take_up"))
        return case_no

    async def judged(self, case_no: str, **otherwise: str) -> None:
        """Every material fine, but for those that are named."""
        for key in MATERIALS:
            said = {"key": key, "verdict": otherwise.get(key, "fine")}
            await ok(self.clerk.post(f"/v1/cases/{case_no}/judge", said))

    async def accepted(self, resident: Person) -> str:
        case_no = await self.pre_review(resident)
        await self.judged(case_no)
        await ok(self.clerk.act(case_no, "accept"))
        return case_no

    async def decision(self, resident: Person) -> str:
        """Through the street's review."""
        case_no = await self.accepted(resident)
        await ok(self.reviewer.act(case_no, "pass"))
        return case_no

    async def granted(self, resident: Person) -> str:
        case_no = await self.decision(resident)
        await ok(self.decider.act(case_no, "grant"))
        return case_no

    async def denied(self, resident: Person) -> str:
        case_no = await self.decision(resident)
        await ok(self.decider.act(case_no, "deny", ground="《示例办法》第三条", reason="不满 80 岁"))
        return case_no


async def ok(reply: Any) -> Any:
    done = await reply
    assert done.status in (200, 201), done.body
    return done.json


async def open_counter(world: World, *steps: Step, **changed: Any) -> Counter:
    """An item like 高龄津贴 with these steps, the street's review alone if none are named."""
    code = unique("ITEM").upper()
    body = replace(ALLOWANCE.body, code=code, steps=list(steps or (REVIEW,)), **changed)
    await world.put(ITEMS, replace(ALLOWANCE, id=f"{code}|1", code=code, body=body))
    here = Grant(role="clerk", community_id=world.community)
    return Counter(
        world=world,
        code=code,
        clerk=await world.staff(here, name="王芳"),
        colleague=await world.staff(here, name="赵敏"),
        reviewer=await world.staff(Grant(role="reviewer"), name="李强"),
        decider=await world.staff(Grant(role="reviewer"), name="孙丽"),
        operator=await world.staff(Grant(role="operator"), name="周洁"),
    )
