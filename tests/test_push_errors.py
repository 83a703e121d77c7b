"""Every errcode that a send can be answered with: what the platform's table says is done, and the inbox has the message
all the same."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from typing import Any

import pytest
import structlog
from msgspec import Struct
from msgspec.structs import replace

from schemas.push import Delivery
from server import pauses
from server.credits import answered, credit_id
from server.gateways.errors import EVERY_CALL, MINI_PROGRAM, ErrorRow
from server.gateways.wechat import WeChat
from server.kit.clock import SHANGHAI
from server.kit.platform import Action, PlatformDown
from server.ladders import CLIMBS
from server.outbox import again as once_more
from server.pauses import EVERYTHING, of_template
from server.push import MESSAGES, OUTBOX, Message
from server.push.outcomes import BANNED, CROWDED
from server.residents import Resident
from server.sandbox.faults import Fault
from tests.houses import next_door
from tests.pushing import TEMPLATE, again, credits, crowd, patience, run, subscribers, written
from tests.world import World

SEND = "/cgi-bin/message/subscribe/send"
TOKEN = "/cgi-bin/stable_token"
UNDOCUMENTED = ErrorRow("send_subscribe", 99999, "not documented", Action.bug)
STALE = (40001, 40014, 42001)
ROWS = [one for one in MINI_PROGRAM.rows if one.api in ("send_subscribe", EVERY_CALL, "stable_token")]
QUIET = timedelta(0)


class Then(Struct, frozen=True, kw_only=True):
    """What has come of a message that somebody had one credit for: `left` is what they have now, `waits` until when it
    is tried again, at the latest. `told`: an important one is told otherwise. `pause`: what is paused, `asked` how often
    WeChat was asked."""

    delivery: Delivery = "queued"
    left: int = 0
    waits: timedelta = QUIET
    held: str = ""
    told: bool = False
    pause: str = ""
    asked: int = 1


SOON = timedelta(seconds=2)
DEAD = Then(delivery="dead", left=1, told=True)
REFUSED = Then(delivery="refused", left=1, told=True)
AGAIN = Then(waits=SOON)
THEN: dict[Action, Then] = {
    Action.retry: replace(AGAIN, asked=3),
    Action.refresh_token: replace(AGAIN, asked=2),
    Action.serialize: replace(AGAIN, held="busy"),
    Action.throttle: Then(waits=timedelta(seconds=60), held="throttled", pause=EVERYTHING),
    Action.stop_until_tomorrow: Then(waits=timedelta(days=1), held="quota", pause=EVERYTHING, told=True),
    Action.zero_credit: Then(delivery="no_credit", told=True),
    Action.drop_recipient: REFUSED,
    Action.flag_content: REFUSED,
    Action.config_alert: DEAD,
    Action.fix_data: DEAD,
    Action.bug: DEAD,
    Action.ask_new_code: DEAD,
}
BY_CODE = {BANNED: replace(DEAD, pause=of_template(TEMPLATE.name))}


@pytest.fixture(autouse=True)
def patient(world: World) -> Iterator[None]:
    with patience(world):
        yield


def label(row: ErrorRow) -> str:
    return f"{row.api}-{row.errcode}"


def test_every_row_of_the_table_has_a_case() -> None:
    assert {one.action for one in ROWS} <= THEN.keys()
    assert {one.errcode for one in ROWS} >= {*STALE, *BY_CODE, -1, 40003, 40037, 43101, 43108, 45009, 47003}


async def one_to_send(world: World, **more: Any) -> tuple[Resident, Message]:
    """Somebody with one credit, and an important message to them that no night holds up."""
    [resident] = await crowd(world, [1])
    [message] = await written(world, [resident], importance="high", **more)
    return resident, message


def provoke(world: World, row: ErrorRow) -> None:
    faults = world.town.sandbox.world.faults
    if row.api == "stable_token":
        faults.add(Fault(path=SEND, errcode=42001))
        faults.add(Fault(path=TOKEN, errcode=row.errcode, times=9))
        return
    repeats = {Action.retry: 3, Action.refresh_token: 2}
    faults.add(Fault(path=SEND, errcode=row.errcode, times=repeats.get(row.action, 1)))


async def asked(world: World) -> int:
    return int(world.town.sandbox.world.calls[SEND])


async def told_otherwise(world: World, message: Message) -> bool:
    return await world.house.db.reading(lambda reader: reader.get(CLIMBS, message.id)) is not None


def paused(world: World) -> list[str]:
    return [one.id for one in pauses.listed(world.house.db.reader())]


@pytest.mark.parametrize("row", [*ROWS, UNDOCUMENTED], ids=label)
async def test_what_the_table_says_is_done_and_the_inbox_has_the_message(world: World, row: ErrorRow) -> None:
    resident, message = await one_to_send(world)
    await world.house.wechat.ping()  # with a token at hand, which is found stale
    provoke(world, row)
    before = await asked(world)
    wanted = BY_CODE.get(row.errcode, THEN[row.action])

    await run(world.house, "messages")

    [now] = await again(world, [message])
    waits = now.due_at - world.clock.now() if now.due_at else QUIET
    assert (now.delivery, now.held, paused(world)) == (
        wanted.delivery,
        wanted.held,
        [wanted.pause][: bool(wanted.pause)],
    )
    assert (waits > QUIET) == (wanted.waits > QUIET) and waits <= wanted.waits
    assert await credits(world, [resident]) == [wanted.left]
    assert await told_otherwise(world, message) == wanted.told
    assert now.error.split()[0] == str(row.errcode)
    [receipt] = now.receipts
    assert (receipt.channel, receipt.error) == ("subscription", now.error)
    assert await asked(world) - before == (1 if row.api == "stable_token" else wanted.asked)
    assert (now.text, now.read_at) == (message.text, None)


@pytest.mark.parametrize("row", [*ROWS, UNDOCUMENTED], ids=label)
async def test_and_when_it_has_passed_the_message_arrives_where_it_still_can(
    world: World, row: ErrorRow
) -> None:
    """What waits is sent by itself, what was given up when somebody says so; the credits are WeChat's again."""
    resident, message = await one_to_send(world)
    provoke(world, row)
    await run(world.house, "messages")
    world.town.sandbox.world.faults.clear()
    [now] = await again(world, [message])
    if now.delivery == "dead":
        await world.house.db.atomically(lambda tx: pauses.lift(tx, of_template(TEMPLATE.name)))
        await world.house.db.atomically(lambda tx: once_more(tx, OUTBOX, message.id))
    elif now.due_at is not None:
        morning = timedelta(hours=8) if now.held == "quota" else QUIET
        world.clock.set(now.due_at + morning)

    await run(world.house, "messages")

    [now] = await again(world, [message])
    [there] = subscribers(world, [resident])
    if now.delivery in ("refused", "no_credit"):
        assert there.sent == 0
    else:
        assert (now.delivery, there.sent, now.held, now.error) == ("sent", 1, "", "")
        assert await credits(world, [resident]) == [0]


async def test_a_stale_token_is_renewed_on_the_way(world: World) -> None:
    for errcode in STALE:
        _, message = await one_to_send(world)
        world.town.sandbox.world.faults.add(Fault(path=SEND, errcode=errcode))
        await run(world.house, "messages")
        assert [one.delivery for one in await again(world, [message])] == ["sent"]


# The day's quota.


def five_past_midnight(world: World) -> datetime:
    day = world.clock.now().astimezone(SHANGHAI).date() + timedelta(days=1)
    return datetime.combine(day, time(0, 5), SHANGHAI)


async def test_when_the_days_quota_is_gone_no_worker_asks_again_until_tomorrow(world: World) -> None:
    people = await crowd(world, [1] * 60)
    rows = await written(world, people)
    world.town.sandbox.world.faults.add(Fault(path=SEND, errcode=45009, times=10_000))
    before = await asked(world)
    async with next_door(world) as other:
        await asyncio.gather(run(world.house, "messages"), run(other.house, "messages"))
        in_flight = await asked(world) - before
        assert 1 <= in_flight <= 2 * world.house.settings.push.parallel
        more = await written(world, people)
        world.clock.advance(timedelta(hours=3))
        await asyncio.gather(run(world.house, "messages"), run(other.house, "messages"))
    async with next_door(world) as restarted:
        await written(world, people[:5])
        await run(restarted.house, "messages")
        await run(restarted.house, "bulk")
    assert await asked(world) == before + in_flight
    held = await again(world, [*rows, *more])
    assert {(one.delivery, one.held, one.due_at) for one in held} == {
        ("queued", "quota", five_past_midnight(world))
    }

    world.town.sandbox.world.faults.clear()
    world.clock.set(five_past_midnight(world))
    await run(world.house, "messages")

    assert [one.delivery for one in await again(world, rows)] == ["sent"] * 60
    assert [one.sent for one in subscribers(world, people)] == [1] * 60
    assert await credits(world, people) == [0] * 60


async def test_the_minutes_quota_holds_up_everything_for_a_minute(world: World) -> None:
    people = await crowd(world, [1] * 5)
    [first] = await written(world, people[:1], importance="high")
    world.town.sandbox.world.faults.add(Fault(path=SEND, errcode=45011))
    await run(world.house, "messages")
    others = await written(world, people[1:])
    before = await asked(world)
    await run(world.house, "messages")
    assert await asked(world) == before
    assert not await told_otherwise(world, first), "in a minute it is there"

    world.clock.advance(timedelta(seconds=60))
    await run(world.house, "messages")
    assert {one.delivery for one in await again(world, [first, *others])} == {"sent"}


# A template that was banned, or is not there.


async def test_of_a_banned_template_nothing_is_sent_until_somebody_lifts_the_pause(world: World) -> None:
    people = await crowd(world, [1] * 3)
    rows = await written(world, people[:1])
    await world.control("templates", template_id="tmpl-booking-submitted", banned=True)
    with structlog.testing.capture_logs() as logs:
        await run(world.house, "messages")
    assert [one["event"] for one in logs if one["log_level"] == "error"] == ["push.misconfigured"]
    before = await asked(world)
    rows += await written(world, people[1:])
    await run(world.house, "messages")
    assert await asked(world) == before
    found = await again(world, rows)
    assert {(one.delivery, one.error) for one in found} == {("dead", "43107 config_alert")}
    assert all(one.dead_at for one in found)
    assert await credits(world, people) == [1] * 3

    await world.control("templates", template_id="tmpl-booking-submitted", banned=False)
    assert await world.house.db.atomically(lambda tx: pauses.lift(tx, of_template(TEMPLATE.name)))
    for one in rows:
        await world.house.db.atomically(lambda tx, name=one.id: once_more(tx, OUTBOX, name))  # type: ignore[misc]
    await run(world.house, "messages")
    assert {one.delivery for one in await again(world, rows)} == {"sent"}


async def test_a_wrong_template_is_said_once_an_hour_and_not_for_each_message(world: World) -> None:
    rows = await written(world, await crowd(world, [1] * 4))
    world.town.sandbox.world.faults.add(Fault(path=SEND, errcode=40037, times=4))
    with structlog.testing.capture_logs() as logs:
        await run(world.house, "messages")
    assert len([one for one in logs if one["event"] == "push.misconfigured"]) == 1
    assert {one.delivery for one in await again(world, rows)} == {"dead"}


async def test_a_payload_that_lacks_a_parameter_is_given_up_before_wechat_is_asked(world: World) -> None:
    resident, message = await one_to_send(world, payload={"service": "日常保洁"})
    before = await asked(world)
    await run(world.house, "messages")
    [now] = await again(world, [message])
    assert (now.delivery, now.error, await asked(world)) == ("dead", "47003 fix_data", before)
    assert await credits(world, [resident]) == [1]


# People.


async def test_whom_wechat_does_not_know_is_not_tried_again_for_a_day(world: World) -> None:
    [resident] = await crowd(world, [3])
    [first] = await written(world, [resident])
    world.town.sandbox.world.faults.add(Fault(path=SEND, errcode=40003))
    await run(world.house, "messages")
    before = await asked(world)
    [second] = await written(world, [resident])
    [third] = await written(world, [resident], bulk=True)
    await run(world.house, "messages")
    await run(world.house, "bulk")
    assert await asked(world) == before
    assert [one.delivery for one in await again(world, [first, second, third])] == ["refused"] * 3
    assert await credits(world, [resident]) == [3]

    world.clock.advance(timedelta(days=1))
    [fourth] = await written(world, [resident])
    await run(world.house, "messages")
    assert [one.delivery for one in await again(world, [fourth])] == ["sent"]


async def test_who_answers_the_popup_is_told_again_at_once(world: World) -> None:
    [resident] = await crowd(world, [3])
    await written(world, [resident])
    world.town.sandbox.world.faults.add(Fault(path=SEND, errcode=40003))
    await run(world.house, "messages")

    credit = credit_id(resident.openid, TEMPLATE.name)
    await world.house.db.atomically(lambda tx: answered(tx, credit, "accept", "phone", tx.now))

    [message] = await written(world, [resident])
    await run(world.house, "messages")
    assert [one.delivery for one in await again(world, [message])] == ["sent"]


async def test_a_crowded_person_is_tried_again_a_moment_later_and_not_for_ever(world: World) -> None:
    resident, message = await one_to_send(world)
    most = world.house.settings.push.max_attempts + CROWDED
    world.town.sandbox.world.faults.add(Fault(path=SEND, errcode=43108, times=most))
    before = await asked(world)
    began = world.clock.now()
    for number in range(most):
        [now] = await again(world, [message])
        assert now.delivery == "queued", number
        if number == CROWDED:
            assert world.clock.now() - began < timedelta(seconds=30) and now.attempts == 0
        assert now.due_at is not None
        world.clock.set(now.due_at)
        await run(world.house, "messages")
    [now] = await again(world, [message])
    assert (now.delivery, now.dead_at is not None, len(now.receipts)) == ("dead", True, 10)
    assert await asked(world) == before + most
    assert await told_otherwise(world, message)
    assert await credits(world, [resident]) == [1]


# The end.


async def test_after_the_last_attempt_it_is_told_otherwise_but_by_whom_holds_it_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = world.house.settings.push.max_attempts - 1
    resident, kept = await one_to_send(world, attempts=attempts)
    [lost] = await written(world, await crowd(world, [1]), importance="high", attempts=attempts)
    people = await crowd(world, [1, 1])
    [usual] = await written(world, people[:1], importance="normal", attempts=attempts)
    [bulk] = await written(world, people[1:], bulk=True, attempts=attempts)
    monkeypatch.setattr(WeChat, "send_subscribe", _taken_over(world, lost))
    await run(world.house, "messages")
    await run(world.house, "bulk")
    found = await again(world, [kept, usual, bulk, lost])
    assert [one.delivery for one in found] == ["dead", "dead", "dead", "queued"]
    assert [await told_otherwise(world, one) for one in found] == [True, False, False, False]
    assert await credits(world, [resident, *people]) == [1, 1, 1]


def _taken_over(world: World, lost: Message) -> Callable[..., Any]:
    """While this one is at WeChat, somebody else takes it; then the platform is out of order."""

    async def send(self: WeChat, openid: str, *more: Any, **named: Any) -> str:
        if openid == lost.openid:
            theirs = {"$inc": {"fence": 1}}
            await world.house.db.alone(lambda tx: tx.change(MESSAGES, {"_id": lost.id}, theirs))
        raise PlatformDown("send_subscribe", "busy")

    return send
