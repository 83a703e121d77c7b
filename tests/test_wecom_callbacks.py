"""What WeCom tells us: only what is really WeCom's is heard, each message once, and whoever types gets an answer."""

import asyncio
from datetime import timedelta

import pytest
from msgspec.structs import replace

from schemas.staff import Grant
from server.callbacks import CALLBACKS
from server.staff import STAFF
from server.staff_push import NOTICES
from tests.callbacks import PATH, Sealed, heard, message, signature, tapped, typed
from tests.doors import Happy, Visit
from tests.houses import next_door
from tests.world import Person, Shop, World

COVERS = {("POST", PATH)}


def check_of_the_address(world: World) -> dict[str, str]:
    """The query with which the platform checks whether the address is ours."""
    at, nonce = str(int(world.clock.now().timestamp())), "47744683"
    echostr = Sealed(world, "1288432023552776189").encrypted
    signed = signature(world, at, nonce, echostr)
    return {"timestamp": at, "nonce": nonce, "echostr": echostr, "msg_signature": signed}


async def visit_check(world: World) -> Visit:
    return Visit(path=PATH, query=check_of_the_address(world))


HAPPY: Happy = {("GET", PATH): visit_check}


async def waiting(world: World) -> tuple[Shop, str, str]:
    """A booking that waits for the manager's answer: its number, and the name of the card."""
    shop, resident = await world.shop(capacity=9), await world.resident()
    no = (await shop.booked(resident))["case_no"]
    await world.work()
    return shop, no, await task_of(world, shop.manager, no)


async def task_of(world: World, who: Person, case_no: str) -> str:
    where = {"userid": who.id, "card.case_no": case_no}
    [notice] = await world.house.db.reading(lambda reader: reader.all(NOTICES, where, limit=9))
    assert notice.card is not None
    return notice.card.task_id


async def state_of(shop: Shop, case_no: str) -> tuple[str, int]:
    case = (await shop.dispatcher.get(f"/v1/cases/{case_no}")).json
    return case["state"], case["version"]


async def remembered(world: World) -> int:
    return await world.house.db.reading(lambda reader: reader.count(CALLBACKS, {}))


async def test_the_address_is_checked_as_the_platform_does(world: World) -> None:
    query = check_of_the_address(world)
    reply = await world.call("GET", PATH, query=query)
    assert (reply.status, reply.body) == (200, b"1288432023552776189")
    for change in ({"msg_signature": "0" * 40}, {"nonce": "1"}, {"timestamp": "1"}, {"echostr": "AAAA"}):
        refused = await world.call("GET", PATH, query=query | change)
        assert (refused.status, refused.code) == (403, "callback_refused"), change
    assert (await world.call("GET", PATH)).status == 403


async def test_a_thousand_forged_replayed_or_late_callbacks_change_nothing(world: World) -> None:
    shop, no, task = await waiting(world)
    now = int(world.clock.now().timestamp())
    real = Sealed(world, tapped(world, shop.manager.id, task, "confirm"))
    before = await state_of(shop, no), await remembered(world)

    def made(number: int) -> tuple[Sealed, dict[str, str]]:
        parts = tapped(world, shop.manager.id, task, "confirm")
        match number % 8:
            case 0:
                return Sealed(world, parts, token="guessed-token"), {}
            case 1:
                return Sealed(world, parts, encoding_aes_key="A" * 43), {}
            case 2:
                return Sealed(world, parts, corpid="wwsomebodyelse0000"), {}
            case 3:
                return Sealed(world, parts, at=now - 301 - number), {}
            case 4:
                return Sealed(world, parts, at=now + 301 + number), {}
            case 5:
                return real, {"timestamp": str(now + 1)}
            case 6:
                return real, {"msg_signature": f"{number:040x}"}
        return real, {"nonce": f"other{number}"}

    async def sent(number: int) -> None:
        forged, query = made(number)
        reply = await forged.sent_to(world, **query)
        assert (reply.status, reply.code) == (403, "callback_refused"), (number, reply.body)
        assert set(reply.json["error"]) == {"code", "message", "request_id"}

    for start in range(0, 1000, 50):
        await asyncio.gather(*(sent(number) for number in range(start, start + 50)))
    assert (await state_of(shop, no), await remembered(world)) == before
    world.clock.advance(timedelta(minutes=5, seconds=1))
    assert (await real.sent_to(world)).status == 403
    assert (await state_of(shop, no))[0] == "submitted"


async def test_a_message_that_comes_again_is_heard_once_also_by_two_processes_at_once(world: World) -> None:
    shop, no, task = await waiting(world)
    real = Sealed(world, tapped(world, shop.manager.id, task, "confirm"))
    async with next_door(world) as other:
        replies = await asyncio.gather(*(real.sent_to(house) for house in [world, other] * 5))
    assert {(one.status, one.body) for one in replies} == {(200, b"success")}
    assert await state_of(shop, no) == ("confirmed", 2)
    steps = (await shop.manager.get(f"/v1/cases/{no}/history")).json["items"]
    assert [(one["action"], one["channel"]) for one in steps][1:] == [("confirm", "wecom")]
    asked, before = Sealed(world, typed(world, shop.manager.id, "帮助")), await remembered(world)
    answers = [(await asked.sent_to(world)).body for _ in range(3)]
    assert answers[0] != b"success" and answers[1:] == [b"success"] * 2
    assert await remembered(world) == before + 1


BOMB = '<!DOCTYPE xml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]><xml><Encrypt>&b;</Encrypt></xml>'
READS_A_FILE = (
    '<!DOCTYPE xml [<!ENTITY f SYSTEM "file:///etc/passwd">]><xml><MsgType>text</MsgType>'
    "<FromUserName>x</FromUserName><Content>&f;</Content></xml>"
)


@pytest.mark.parametrize("body", [b"", b"<xml>", b"{}", b"\xff\xfe", BOMB.encode(), b"<xml><Encrypt/></xml>"])
async def test_what_is_no_message_is_refused_without_a_word_why(world: World, body: bytes) -> None:
    sealed = Sealed(world, typed(world, "nobody", "待办"))
    sealed.body = body
    reply = await sealed.sent_to(world)
    assert (reply.status, reply.code) == (403, "callback_refused")


async def test_a_message_that_asks_for_a_file_or_is_too_large_is_refused(world: World) -> None:
    who = await world.staff(Grant(role="dispatcher"))
    reply = await Sealed(world, READS_A_FILE.replace("x<", f"{who.id}<")).sent_to(world)
    assert (reply.status, reply.code) == (403, "callback_refused")
    big = Sealed(world, typed(world, who.id, "长" * 60_000))
    assert (await big.sent_to(world)).status == 413
    before = await remembered(world)
    for odd in ("plain words", "<xml>just words</xml>", "<xml><MsgType>event</MsgType></xml>"):
        assert (await Sealed(world, odd).sent_to(world)).status in (200, 403), odd
    assert await remembered(world) == before


async def test_an_event_that_nobody_listens_for_is_well(world: World) -> None:
    event = message(world, "somebody", MsgType="event", Event="subscribe")
    assert await heard(world, event) == ""


async def test_a_typed_number_gets_its_case_and_nothing_that_is_not_theirs(world: World) -> None:
    shop, no, _ = await waiting(world)
    other = await world.shop()
    said = await heard(world, typed(world, shop.manager.id, f" {no.lower()} "))
    assert "日常保洁" in said and "等商家确认" in said and said.endswith(f"/console/cases/{no}")
    assert await heard(world, typed(world, other.manager.id, no)) == "没有找到"
    wrong = no[:-1] + str((int(no[-1]) + 1) % 10)
    assert await heard(world, typed(world, shop.manager.id, wrong)) == "没有找到"
    looked = (await (await admin(world)).get("/v1/audit", subject=no, actor=shop.manager.id)).json["items"]
    assert [(one["what"], one["channel"]) for one in looked] == [("cases.open", "wecom")]


async def admin(world: World) -> Person:
    return await world.staff(Grant(role="admin"))


async def test_todo_counts_and_names_the_first_five_and_all_else_gets_help(world: World) -> None:
    shop, resident = await world.shop(capacity=9), await world.resident()
    assert "现在没有等您办的事" in await heard(world, typed(world, shop.worker.id, "待办"))
    numbers = [
        (await shop.brought_to("assigned", resident, world.at(9, days=day)))["case_no"] for day in range(1, 8)
    ]
    said = await heard(world, typed(world, shop.worker.id, "待办"))
    assert said.startswith("我的 7") and said.count("/console/cases/") == 5
    assert all(one in said for one in numbers[:5]) and numbers[6] not in said
    for words in ("您好", "?", "帮助", "<a>待办</a>"):
        assert "办件编号" in await heard(world, typed(world, shop.worker.id, words))


async def test_who_is_no_staff_or_has_left_learns_nothing(world: World) -> None:
    shop, no, _ = await waiting(world)
    for who in ("stranger", await left(world, shop)):
        assert "还没有开通" in await heard(world, typed(world, who, no))
        assert await heard(world, message(world, who, MsgType="event", Event="enter_agent")) == ""


async def left(world: World, shop: Shop) -> str:
    member = world.house.db.reader().recall(STAFF, shop.dispatcher.id)
    assert member is not None
    await world.put(STAFF, replace(member, active=False))
    return shop.dispatcher.id


async def test_whoever_opens_the_app_is_greeted_once_a_day(world: World) -> None:
    who = await world.staff(Grant(role="dispatcher"), name="张敏")

    async def opened() -> str:
        world.clock.advance(timedelta(seconds=1))
        return await heard(world, message(world, who.id.upper(), MsgType="event", Event="enter_agent"))

    assert (await opened()).startswith("张敏，您好。")
    assert await opened() == ""
    world.clock.advance(timedelta(days=1))
    assert (await opened()).startswith("张敏，您好。")


async def test_the_reply_is_sealed(world: World) -> None:
    who = await world.staff(Grant(role="dispatcher"))
    reply = await Sealed(world, typed(world, who.id, "帮助")).sent_to(world)
    assert "编号" not in reply.body.decode() and reply.headers["Content-Type"].startswith("text/xml")
