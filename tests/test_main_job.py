"""The main job, end to end over HTTP: a resident books, staff serve, the pushes arrive."""

from typing import Any

from server.kit.events import EVENTS
from server.push import MESSAGES
from tests.world import Person, World

MOMENTS = ("booking_submitted", "booking_confirmed", "booking_assigned", "booking_started", "booking_done")


async def test_a_resident_books_staff_serve_it_and_five_pushes_arrive(world: World) -> None:
    shop = await world.shop()
    resident = await world.resident()
    offered = (await resident.get("/v1/subscriptions")).json["items"]
    templates = [one for one in offered if one["moment"] in ("submit", "visit")]
    for template in templates:
        answer = {"openid": resident.openid, "template_id": template["template_id"], "result": "accept"}
        await world.control("subscribe", **answer)
    accepted = {one["template_id"]: "accept" for one in templates}
    assert (await resident.post("/v1/subscriptions", {"results": accepted})).status == 200

    services = (await resident.get("/v1/services")).json["items"]
    assert shop.service_id in [one["id"] for one in services]
    days = (await resident.get(f"/v1/services/{shop.service_id}/slots")).json["days"]
    assert len(days) == 14
    start = days[1]["slots"][2]["start"]

    booked = await resident.post("/v1/bookings", {"service_id": shop.service_id, "start": start})
    assert booked.status == 201
    case_no, code = booked.json["case_no"], booked.json["details"]["start_code"]
    waiting = (await shop.manager.get("/v1/cases", box="unassigned")).json["items"]
    assert [one["case_no"] for one in waiting] == [case_no]

    async def step(who: Person, action: str, state: str, **form: Any) -> None:
        await world.work()
        reply = await who.act(case_no, action, **form)
        assert reply.json["state"] == state, reply.json

    await step(shop.manager, "confirm", "confirmed")
    worker_id = (await shop.manager.get(f"/v1/cases/{case_no}/candidates")).json["items"][0]["id"]
    await step(shop.manager, "assign", "assigned", worker_id=worker_id)
    await step(shop.worker, "depart", "en_route")
    await step(shop.worker, "start", "in_service", code=code)
    await step(shop.worker, "finish", "done", note="厨房也擦了")
    await step(resident, "accept", "completed")

    sent = (await world.told("messages", openid=resident.openid))["items"]
    assert [one["template_id"] for one in sent] == [f"tmpl-{one.replace('_', '-')}" for one in MOMENTS]
    inbox = (await resident.get("/v1/inbox")).json["items"]
    assert [one["delivery"] for one in inbox] == ["sent"] * 5
    steps = (await resident.get(f"/v1/cases/{case_no}/history")).json["items"]
    assert [one["action"] for one in steps] == [
        "submit",
        "confirm",
        "assign",
        "depart",
        "start",
        "finish",
        "accept",
    ]


async def test_one_id_leads_from_the_request_to_its_event_and_its_message(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    asked = {"X-Request-ID": "a-request-of-the-proxy"}
    wish = shop.wish(world.at(10))
    reply = await world.call("POST", "/v1/bookings", wish, token=resident.token, headers=asked)
    await world.work()
    case_no = reply.json["case_no"]
    event = await world.house.db.reading(lambda reader: reader.first(EVENTS, {"subject": case_no}))
    message = await world.house.db.reading(lambda reader: reader.first(MESSAGES, {"case_no": case_no}))
    assert event is not None and message is not None
    assert event.request_id == message.request_id == "a-request-of-the-proxy"
