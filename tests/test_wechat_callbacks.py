"""WeChat calling us: only what is really WeChat's is heard, each event once, and credits are what WeChat has."""

import asyncio
import hashlib
import json
import os
import random
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from tornado.httpclient import HTTPRequest

from server.bookings import messages
from server.callbacks import CALLBACKS
from server.config import Settings
from server.credits import CREDITS
from server.push import MESSAGES
from server.sandbox.sealing import Seal
from tests.credit_game import Game
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.test_push import SUBMITTED, accept, credits_of, deliveries
from tests.world import Reply, World

PATH = "/wechat/callback"
COVERS = {("POST", PATH)}
CHANGED = "tmpl-booking-changed"


def signed(world: World, *sealed: str, at: int | None = None, token: str = "") -> dict[str, str]:
    own = world.house.settings.wechat
    moment = str(int(world.clock.now().timestamp()) if at is None else at)
    parts = {"timestamp": moment, "nonce": "47744683"}
    token = token or own.token
    query = parts | {"signature": _sha1(token, *parts.values())}
    return query | {"msg_signature": _sha1(token, *parts.values(), *sealed)} if sealed else query


def _sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def event(world: World, openid: str, name: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {
        "ToUserName": "gh_demo00000000",
        "FromUserName": openid,
        "CreateTime": int(world.clock.now().timestamp()),
        "MsgType": "event",
        "Event": name,
        "List": items[0] if len(items) == 1 else list(items),
    }


def popup(world: World, openid: str, template_id: str = SUBMITTED, answer: str = "accept") -> dict[str, Any]:
    item = {"TemplateId": template_id, "SubscribeStatusString": answer, "PopupScene": "0"}
    return event(world, openid, "subscribe_msg_popup_event", item)


def seal(settings: Settings, **other: str) -> Seal:
    own = settings.wechat
    given = {"token": own.token, "encoding_aes_key": own.encoding_aes_key, "receiver": own.appid} | other
    return Seal(**given)


async def told(
    world: World, parts: dict[str, Any], query: dict[str, str] | None = None, **other: str
) -> Reply:
    """As WeChat tells it, or whoever pretends to."""
    encrypted = seal(world.house.settings, **other).close(json.dumps(parts))
    sent = signed(world, encrypted, token=other.get("token", "")) | (query or {})
    request = HTTPRequest(
        f"{world.url}{PATH}?{urlencode(sent)}",
        method="POST",
        body=json.dumps({"ToUserName": "gh_demo00000000", "Encrypt": encrypted}),
        request_timeout=30,
    )
    response = await world.client.fetch(request, raise_error=False)
    return Reply(response.code, response.headers, response.body or b"")


async def remembered(world: World) -> int:
    return await world.house.db.reading(lambda reader: reader.count(CALLBACKS, {}))


async def visit_check(world: World) -> Visit:
    return Visit(path=PATH, query=signed(world) | {"echostr": "4375120948345356249"})


HAPPY: Happy = {("GET", PATH): visit_check}


async def test_the_address_is_checked_as_the_platform_does(world: World) -> None:
    query = signed(world) | {"echostr": "4375120948345356249"}
    reply = await world.call("GET", PATH, query=query)
    assert (reply.status, reply.body) == (200, b"4375120948345356249")
    for change in ({"signature": "0" * 40}, {"nonce": "1"}, {"timestamp": "1"}, {"signature": ""}):
        refused = await world.call("GET", PATH, query=query | change)
        assert (refused.status, refused.code) == (403, "callback_refused"), change
    assert (await world.call("GET", PATH)).status == 403
    own = f"{world.url}{PATH}"
    assert (await world.control("mini-callback", url=own))["url"] == own


async def test_what_is_forged_late_or_too_large_changes_nothing(world: World) -> None:
    resident = await world.resident()
    now = int(world.clock.now().timestamp())
    accepted = popup(world, resident.openid)
    forged: list[tuple[dict[str, str] | None, dict[str, str]]] = [
        (None, {"token": "guessed-token"}),
        (None, {"encoding_aes_key": "A" * 43}),
        (None, {"receiver": "wxsomebodyelse"}),
        ({"msg_signature": "0" * 40}, {}),
        ({"timestamp": str(now + 1)}, {}),
        ({"nonce": "other"}, {}),
    ]
    for query, other in forged:
        reply = await told(world, accepted, query, **other)
        assert (reply.status, reply.code) == (403, "callback_refused"), (query, other)
    encrypted = seal(world.house.settings).close(json.dumps(accepted))
    for at in (now - 301, now + 301):
        late = signed(world, encrypted, at=at)
        assert (await told(world, accepted, late)).status == 403
    assert (await told(world, accepted | {"filling": "x" * 70_000})).status in (403, 413)
    assert await credits_of(resident) == (0, "unknown")


@pytest.mark.parametrize("form", ["xml", "json"])
@pytest.mark.parametrize("mode", ["compatible", "secure"])
async def test_an_accept_told_by_wechat_alone_is_one_more_send(world: World, form: str, mode: str) -> None:
    await world.control("mini-callbacks-style", format=form, mode=mode)
    resident = await world.resident()
    popped = {"openid": resident.openid, "template_id": SUBMITTED}
    await world.control("subscribe", **popped, result="accept")
    assert await credits_of(resident) == (1, "accepted")
    world.clock.advance(timedelta(seconds=5))
    await world.control("subscribe", **popped, result="reject")
    assert await credits_of(resident) == (1, "rejected")
    last = (await world.told("mini-callbacks"))["items"][-1]
    assert last["delivered"] and last["tries"] == 1


async def test_what_is_not_encrypted_is_refused_where_it_should_be(world: World) -> None:
    await world.control("mini-callbacks-style", mode="plain")
    resident = await world.resident()
    await world.control("subscribe", openid=resident.openid, template_id=SUBMITTED, result="accept")
    last = (await world.told("mini-callbacks"))["items"][-1]
    assert (last["delivered"], last["status"], last["tries"]) == (False, 403, 3)
    assert await credits_of(resident) == (0, "unknown")


async def test_phone_and_wechat_tell_of_one_accept_once_in_any_order(world: World) -> None:
    first, second = await world.resident(), await world.resident()
    await accept(first, SUBMITTED)
    assert await credits_of(first) == (1, "accepted")
    await second.post("/v1/subscriptions", {"results": {SUBMITTED: "accept"}})
    world.clock.advance(timedelta(seconds=30))
    assert (await told(world, popup(world, second.openid))).body == b"success"
    assert await credits_of(second) == (1, "accepted")
    world.clock.advance(timedelta(minutes=3))
    assert (await told(world, popup(world, second.openid))).status == 200
    assert await credits_of(second) == (2, "accepted")


async def test_an_event_that_comes_again_is_heard_once_also_by_two_processes_at_once(world: World) -> None:
    resident = await world.resident()
    accepted, before = popup(world, resident.openid), await remembered(world)
    async with next_door(world) as other:
        replies = await asyncio.gather(*(told(house, accepted) for house in [world, other] * 5))
    assert {(one.status, one.body) for one in replies} == {(200, b"success")}
    assert await credits_of(resident) == (1, "accepted")
    assert await remembered(world) == before + 1


async def test_a_subscription_switched_off_in_wechat_has_no_sends_left(world: World) -> None:
    resident = await world.resident()
    popped = {"openid": resident.openid, "template_id": SUBMITTED}
    for _ in range(3):
        world.clock.advance(timedelta(minutes=5))
        await accept(resident, SUBMITTED)
    world.clock.advance(timedelta(minutes=5))
    await world.control("subscribe", **popped, result="reject", where="settings")
    assert await credits_of(resident) == (0, "rejected")
    world.clock.advance(timedelta(minutes=5))
    await accept(resident, SUBMITTED)
    assert await credits_of(resident) == (1, "accepted")


async def test_a_rejection_that_comes_late_takes_only_what_was_there_before_it(world: World) -> None:
    resident = await world.resident()
    old = popup(world, resident.openid)
    world.clock.advance(timedelta(seconds=10))
    item = {"TemplateId": SUBMITTED, "SubscribeStatusString": "reject"}
    rejected = event(world, resident.openid, "subscribe_msg_change_event", item)
    world.clock.advance(timedelta(seconds=10))
    new = popup(world, resident.openid)
    for parts in (new, rejected, old):
        assert (await told(world, parts)).status == 200
    assert await credits_of(resident) == (1, "accepted")


async def test_several_answers_in_one_event_and_templates_of_others(world: World) -> None:
    resident = await world.resident()
    items = [
        {"TemplateId": SUBMITTED, "SubscribeStatusString": "accept", "PopupScene": 0},
        {"TemplateId": CHANGED, "SubscribeStatusString": "reject", "PopupScene": 0},
        {"TemplateId": "tmpl-of-nobody", "SubscribeStatusString": "accept", "PopupScene": 0},
        {"SubscribeStatusString": "accept"},
    ]
    assert (
        await told(world, event(world, resident.openid, "subscribe_msg_popup_event", *items))
    ).status == 200
    assert await credits_of(resident, SUBMITTED) == (1, "accepted")
    assert await credits_of(resident, CHANGED) == (0, "rejected")
    of_theirs = {"_id": {"$regex": f"^{resident.openid}\\|"}}
    assert await world.house.db.reading(lambda reader: reader.count(CREDITS, of_theirs)) == 2


@pytest.mark.parametrize(
    "strange",
    [
        {"List": None},
        {"List": "accept"},
        {"CreateTime": "yesterday"},
        {"CreateTime": -5},
        {"CreateTime": "9" * 40},
        {"FromUserName": ["a"]},
        {"Event": "something_new"},
        {"MsgType": "text", "Content": "你好", "MsgId": 5},
    ],
)
async def test_a_strange_event_is_answered_well_and_harms_nothing(
    world: World, strange: dict[str, Any]
) -> None:
    resident = await world.resident()
    assert (await told(world, popup(world, resident.openid) | strange)).body == b"success"


async def test_a_message_that_wechat_could_not_deliver_is_said_so(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    await accept(resident, SUBMITTED)
    await shop.booked(resident)
    await world.work()
    assert await deliveries(resident) == ["sent"]
    [row] = await world.house.db.reading(lambda reader: reader.all(MESSAGES, {}, limit=9))
    await world.house.db.alone(
        lambda tx: tx.change(MESSAGES, {"_id": row.id}, {"$set": {"msgid": "1700827132819554304"}})
    )
    item = {"TemplateId": SUBMITTED, "MsgID": "1700827132819554304"}
    good = item | {"ErrorCode": "0", "ErrorStatus": "success"}
    await told(world, event(world, resident.openid, "subscribe_msg_sent_event", good))
    assert await deliveries(resident) == ["sent"]
    bad = item | {"ErrorCode": 43000, "ErrorStatus": "system failed"}
    await told(world, event(world, "somebody-else", "subscribe_msg_sent_event", bad))
    assert await deliveries(resident) == ["sent"]
    await told(world, event(world, resident.openid, "subscribe_msg_sent_event", bad))
    assert await deliveries(resident) == ["refused"]


CREDIT_STEPS = int(os.environ.get("CREDIT_STEPS", "300"))


@pytest.mark.gen_test(timeout=180 + CREDIT_STEPS)
async def test_our_credits_are_wechats_after_answers_lost_and_doubled(world: World) -> None:
    """And every message that says so was shown, no other."""
    steps = CREDIT_STEPS
    chance = random.Random(int(os.environ.get("CREDIT_SEED", "7")))
    people = [await world.resident() for _ in range(min(50, steps // 30))]
    tally = await Game(world, chance, people, [messages.SUBMITTED, messages.CHANGED]).play(steps)
    print(tally)
    assert (tally.acts, tally.differ) == (steps, 0)
    assert tally.sent == tally.received
    assert min(tally.lost, tally.doubled, tally.answers_lost, tally.sent) > 0
