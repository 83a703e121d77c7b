"""Items to apply for, and approvals brought to any state by their usual way, for tests of several nouns."""

from datetime import timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from schemas.items import Condition, ItemBody, ItemField, Material, Step
from schemas.staff import Grant
from server.cases import CASES
from server.items import ITEMS, ItemVersion, version_id
from server.staff_push import NOTICES
from tests import pictures
from tests.bookings import refused
from tests.world import Person, World, unique

STEPS = (
    Step(name="community_review", role="clerk", limit=3),
    Step(name="home_visit", role="elder_team", limit=5, outside_limits=True),
    Step(name="appraisal", role="clerk", limit=5),
    Step(name="publicity", role="clerk", days=7, outside_limits=True),
    Step(name="street_review", role="reviewer", limit=5),
    Step(name="district", role="reviewer", limit=10),
)
USUAL: dict[str, Any] = {
    "name": "示例津贴",
    "domain": "civil_affairs",
    "level": "street",
    "legal_days": 20,
    "promised_days": 10,
    "extension_days": 5,
    "result": "payment",
    "result_name": "示例津贴",
    "deliveries": ["pick_up", "mail", "electronic"],
    "fields": [
        ItemField(name="account", label="收款卡号", type="text", required=True),
        ItemField(name="rents", label="租房吗", type="yes_no"),
    ],
    "materials": [
        Material(key="id_card", name="身份证", reusable=True),
        Material(key="lease", name="租房合同", when=Condition(field="rents", is_=[True])),
        Material(key="letter", name="情况说明", required=False),
    ],
}
FORM = {"account": "6222000000000000"}
PAPER = [{"key": "id_card", "paper": True}]
SIGN = {"truthful": True}
GROUND = {"ground": "《示例办法》第三条", "reason": "不符合条件"}
VISIT = {"visitors": "王芳、李梅", "report": "家里两口人，情况属实"}
APPRAISED = {"present": 9, "agreed": 8, "minutes": "多数同意"}
ANSWERED = {"upheld": False, "answer": "核实过，不属实"}


async def item(world: World, *steps: Step, **body: Any) -> str:
    """An item in force, by its code; with the review of the street alone unless steps are given."""
    code = unique("ITEM").upper()
    usual = [Step(name="street_review", role="reviewer", limit=5)]
    made = ItemBody(code=code, steps=list(steps) or body.pop("steps", usual), **{**USUAL, **body})
    await publish(world, made)
    return code


async def publish(world: World, body: ItemBody, number: int = 1) -> None:
    now = world.clock.now()
    version = ItemVersion(
        id=version_id(body.code, number),
        code=body.code,
        number=number,
        state="published",
        body=body,
        author_id="author",
        author="王芳",
        writers=["author"],
        created_at=now,
        published_by="publisher",
        published_at=now,
    )
    await world.put(ITEMS, version)


class Office(Struct):
    """An item and the people round it, all signed in."""

    world: World
    code: str
    owner: Person
    clerk: Person
    elder: Person
    reviewer: Person
    decider: Person
    operator: Person
    admin: Person

    async def act(self, who: Person, case_no: str, action: str, **form: Any) -> dict[str, Any]:
        reply = await who.post(f"/v1/cases/{case_no}/{action}", form)
        assert reply.status == 200, (action, reply.body)
        found: dict[str, Any] = reply.json
        return found

    async def drafted(self, who: Person | None = None, **more: Any) -> str:
        reply = await (who or self.owner).post("/v1/approvals", {"item_id": self.code, "form": FORM, **more})
        assert reply.status == 201, reply.body
        case_no: str = reply.json["case_no"]
        await self.act(who or self.owner, case_no, "edit", materials=PAPER, delivery="pick_up")
        return case_no

    async def submitted(self) -> str:
        case_no = await self.drafted()
        await self.act(self.owner, case_no, "submit", **SIGN)
        return case_no

    async def taken_up(self) -> str:
        case_no = await self.submitted()
        await self.act(self.clerk, case_no, "take_up")
        return case_no

    async def supplementing(self) -> str:
        case_no = await self.taken_up()
        await self.act(self.clerk, case_no, "judge", key="id_card", verdict="unclear", remark="看不清号码")
        await self.act(self.clerk, case_no, "supplement")
        return case_no

    async def accepted(self) -> str:
        """At the first step of the item."""
        case_no = await self.taken_up()
        await self.act(self.clerk, case_no, "judge", key="id_card", verdict="fine")
        await self.act(self.clerk, case_no, "accept")
        return case_no

    async def state_of(self, case_no: str) -> str:
        state: str = (await self.owner.get(f"/v1/cases/{case_no}")).json["state"]
        return state

    async def onward(self, case_no: str) -> str:
        """One step further, by who does it; the state that is reached."""
        state = await self.state_of(case_no)
        if state == "publicity":
            await self.later(case_no, timedelta(days=20))
            return await self.state_of(case_no)
        who, action, form = {
            "community_review": (self.clerk, "pass", {}),
            "home_visit": (self.elder, "report", VISIT),
            "appraisal": (self.clerk, "appraise", APPRAISED),
            "street_review": (self.reviewer, "pass", {}),
            "district": (self.reviewer, "district_answer", {"agreed": True}),
            "decision": (self.decider, "grant", {}),
        }[state]
        reached: str = (await self.act(who, case_no, action, **form))["state"]
        return reached

    async def brought_to(self, state: str) -> str:
        """A case of the item in this state."""
        early = {
            "draft": self.drafted,
            "submitted": self.submitted,
            "pre_review": self.taken_up,
            "supplement": self.supplementing,
        }
        if state in early:
            return await early[state]()
        if state == "withdrawn":
            case_no = await self.submitted()
            await self.act(self.owner, case_no, "withdraw")
            return case_no
        if state == "not_accepted":
            case_no = await self.taken_up()
            await self.act(self.clerk, case_no, "not_accept", **GROUND)
            return case_no
        return await self._after_acceptance(state)

    async def _after_acceptance(self, state: str) -> str:
        case_no = await self.accepted()
        goal = {"denied": "decision", "delivered": "granted", "archived": "granted"}.get(state, state)
        while await self.state_of(case_no) != goal:
            await self.onward(case_no)
        if state == "denied":
            await self.act(self.decider, case_no, "deny", **GROUND)
        if state in ("delivered", "archived"):
            code = (await self.owner.get(f"/v1/cases/{case_no}")).json["details"]["pick_up_code"]
            await self.act(self.clerk, case_no, "deliver", method="pick_up", code=code)
        if state == "archived":
            await self.later(case_no, timedelta(days=30, seconds=1))
        return case_no

    async def later(self, case_no: str, how_much: timedelta) -> None:
        """Time passes for this case; what other tests have left is not waited for."""
        others = {"_id": {"$ne": case_no}}
        await self.world.house.db.alone(lambda tx: tx.change_all(CASES, others, {"$set": {"due_at": None}}))
        self.world.clock.advance(how_much)
        await self.world.work()
        await self.morning()

    async def morning(self) -> None:
        """After nights the staff sign in again, and so does a resident who was long away."""
        for name in ("clerk", "elder", "reviewer", "decider", "operator", "admin"):
            setattr(self, name, await self.world.sign_in(getattr(self, name).id))
        code = (await self.world.control("codes", openid=self.owner.openid))["code"]
        reply = await self.world.call("POST", "/v1/sessions", {"code": code})
        self.owner = replace(self.owner, token=reply.json["token"])


async def open_office(world: World, *steps: Step, **body: Any) -> Office:
    return Office(
        world=world,
        code=await item(world, *steps, **body),
        owner=await world.resident(),
        clerk=await world.staff(Grant(role="clerk", community_id=world.community), name="王芳"),
        elder=await world.staff(
            Grant(role="elder_team", community_id=world.community, compound_id=world.compound), name="赵大爷"
        ),
        reviewer=await world.staff(Grant(role="reviewer"), name="李建军"),
        decider=await world.staff(Grant(role="reviewer"), name="张红"),
        operator=await world.staff(Grant(role="operator"), name="陈话务"),
        admin=await world.staff(Grant(role="admin"), name="管理员"),
    )


async def photo(who: Person, case_no: str) -> str:
    """A photo that was sent to the case; its id."""
    reply = await who.world.call(
        "POST",
        f"/v1/cases/{case_no}/attachments",
        raw=pictures.photo(),
        token=who.token,
        headers={"Content-Type": "image/jpeg"},
    )
    assert reply.status == 201, reply.body
    found: str = reply.json["id"]
    return found


async def details(who: Person, case_no: str) -> dict[str, Any]:
    found: dict[str, Any] = (await who.get(f"/v1/cases/{case_no}")).json["details"]
    return found


async def tried(who: Person, case_no: str, action: str, **form: Any) -> tuple[int, str, str | None]:
    """Status, name and field of what came of it."""
    return refused(await who.post(f"/v1/cases/{case_no}/{action}", form))


async def inbox(who: Person, title: str) -> list[str]:
    items = (await who.get("/v1/inbox")).json["items"]
    return [one["text"] for one in items if one["title"] == title]


async def told(world: World, who: Person, title: str) -> list[str]:
    """The work notices of one member with this title."""
    where = {"userid": who.id, "title": title}
    found = await world.house.db.reading(lambda reader: reader.all(NOTICES, where, limit=50))
    return [one.text for one in found]
