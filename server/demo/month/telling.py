"""The street tells everybody how the month went: it is in each inbox, and on the phones of those who have agreed."""

import asyncio
from collections.abc import Callable

from server.demo.crowd import openid_of
from server.demo.month.doors import Doors

OPERATOR = "demo-operator"
TITLE = "这个月的账单代缴情况（示例数据）"
TEXT = "这个月的物业费、电费、话费账单已经代缴，每一笔都能在“账单”里点开看。有不清楚的，请到社区窗口或者打 0477-8300000。"
MOMENT = "announcements"
AGREE = 12
_LOOK_S, _PATIENCE_S = 0.2, 120.0
Say = Callable[[str], None]


async def tell(doors: Doors, numbers: list[int], say: Say) -> None:
    """The first few of these residents agree beforehand. What an earlier demo has published is not told again.

    Raises Refused, TimeoutError.
    """
    token = await doors.staff(OPERATOR)
    published = await doors.get("/v1/staff-announcements?state=published&place_id=street", token)
    if any(one["title"] == TITLE for one in published["items"]):
        return
    for number in numbers[:AGREE]:
        await _agree(doors, openid_of(number))
    draft = {"audience": {"kind": "street"}, "title": TITLE, "text": TEXT}
    made = await doors.post("/v1/staff-announcements", draft, token)
    await doors.post(f"/v1/staff-announcements/{made['id']}/publish", {"push": True}, token)
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            seen = await doors.get(f"/v1/broadcasts/{made['id']}.1", token)
            if seen["state"] == "done":
                return say(f"  an announcement: in {seen['written']} inboxes, on {seen['sent']} phones")
            await asyncio.sleep(_LOOK_S)


async def _agree(doors: Doors, openid: str) -> None:
    """They tap allow, and their phone tells us."""
    token = await doors.resident(openid)
    asked = (await doors.get("/v1/subscriptions", token))["items"]
    wanted = next(one["template_id"] for one in asked if one["moment"] == MOMENT)
    await doors.control("subscribe", openid=openid, template_id=wanted, result="accept")
    await doors.post("/v1/subscriptions", {"results": {wanted: "accept"}}, token)
