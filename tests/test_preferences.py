"""When a message is told: by its importance, by what the resident wants of its topic, and by the hour of the day."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec import structs

from schemas.push import Importance, Topic
from schemas.residents import How, Preferences, QuietHours
from server.config import Push, Settings
from server.kit.clock import SHANGHAI
from server.push import Message, made, templates
from server.push.stored import Notice
from server.push.timing import Later, Never, Now, decide, quiet_until, spread
from server.residents import Resident
from tests.test_push import SUBMITTED, accept, deliveries, received, stored
from tests.world import Person, World

RULES = Settings(mongo_url="mongodb://nowhere")
NOBODY = Resident(id="r-1", openid="o-1", created_at=datetime(2026, 1, 1, tzinfo=UTC))


def at(text: str) -> datetime:
    """A moment in Shanghai."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def who(**preferences: Any) -> Resident:
    return structs.replace(NOBODY, preferences=Preferences(**preferences))


def hours(start: str, end: str) -> QuietHours:
    return QuietHours(
        start=datetime.strptime(start, "%H:%M").time(), end=datetime.strptime(end, "%H:%M").time()
    )


def message(importance: Importance, topic: Topic | None = "visits") -> Message:
    template = structs.replace(templates()["booking_submitted"], importance=importance)
    one = made("m-1", at("2026-11-27T12:00"), NOBODY, template, Notice(text="", payload={}, page=""))
    one.topic = topic
    return one


DAY, NIGHT = at("2026-11-27T12:00"), at("2026-11-27T23:30")
TOLD = {
    # importance: told without a choice, by day and at night; and by day with each choice
    "urgent": ("now", "now", "now", "now", "now"),
    "high": ("now", "quiet", "now", "now", "now"),
    "normal": ("now", "quiet", "now", "digest", "none"),
    "low": ("digest", "digest", "now", "digest", "none"),
}


def word(decision: Now | Later | Never) -> str:
    match decision:
        case Now():
            return "now"
        case Later(_, why):
            return why
        case Never(delivery):
            return delivery


@pytest.mark.parametrize(("importance", "told"), TOLD.items())
def test_importance_and_choice_say_when(importance: Importance, told: tuple[str, ...]) -> None:
    one = message(importance)
    ways: tuple[How, ...] = ("now", "digest", "inbox")
    chosen = [word(decide(one, who(topics={"visits": how}), DAY, RULES)) for how in ways]
    usual = [word(decide(one, NOBODY, now, RULES)) for now in (DAY, NIGHT)]
    assert (*usual, *chosen) == told


def test_a_choice_holds_for_its_own_topic_only() -> None:
    wanted = who(topics={"money": "inbox"})
    assert word(decide(message("normal", "visits"), wanted, DAY, RULES)) == "now"
    assert word(decide(message("normal", None), wanted, DAY, RULES)) == "now"
    assert word(decide(message("normal", "money"), wanted, DAY, RULES)) == "none"


def test_what_somebody_wants_at_once_waits_for_the_morning_all_the_same() -> None:
    assert word(decide(message("low"), who(topics={"visits": "now"}), NIGHT, RULES)) == "quiet"


def test_who_has_closed_the_account_hears_nothing() -> None:
    left = structs.replace(NOBODY, deleted_at=DAY)
    assert {word(decide(message("urgent"), one, DAY, RULES)) for one in (left, None)} == {"none"}


@pytest.mark.parametrize(
    ("own", "now", "end"),
    [
        (None, "2026-11-27T21:59:59.999", None),
        (None, "2026-11-27T22:00", "2026-11-28T07:00"),
        (None, "2026-11-27T23:59:59.999", "2026-11-28T07:00"),
        (None, "2026-11-28T00:00", "2026-11-28T07:00"),
        (None, "2026-11-28T06:59:59.999", "2026-11-28T07:00"),
        (None, "2026-11-28T07:00", None),
        (None, "2026-12-31T23:00", "2027-01-01T07:00"),
        (("13:00", "15:00"), "2026-11-27T12:59", None),
        (("13:00", "15:00"), "2026-11-27T13:00", "2026-11-27T15:00"),
        (("13:00", "15:00"), "2026-11-27T15:00", None),
        (("13:00", "15:00"), "2026-11-27T23:00", None),
        (("21:00", "00:00"), "2026-11-27T21:00", "2026-11-28T00:00"),
        (("21:00", "00:00"), "2026-11-28T00:00", None),
        (("00:00", "06:00"), "2026-11-28T00:00", "2026-11-28T06:00"),
        (("08:00", "08:00"), "2026-11-27T08:00", None),
        (("00:00", "00:00"), "2026-11-27T23:00", None),
    ],
)
def test_quiet_hours_end_when_they_say(own: tuple[str, str] | None, now: str, end: str | None) -> None:
    resident = who(quiet_hours=hours(*own)) if own else NOBODY
    assert quiet_until(resident, at(now), RULES.push) == (at(end) if end else None)


def test_a_street_may_have_no_quiet_hours() -> None:
    rules = structs.replace(RULES, push=Push(quiet_hours="00:00-00:00"))
    assert word(decide(message("normal"), NOBODY, NIGHT, rules)) == "now"


def test_who_waited_for_the_morning_is_not_told_in_one_second_with_all_others() -> None:
    push = Push()
    waits = [spread(f"resident-{number}", push) for number in range(3000)]
    minutes = [wait // timedelta(minutes=1) for wait in waits]
    assert set(minutes) == {0, 1, 2, 3, 4}
    assert max(minutes.count(one) for one in range(5)) < 800
    assert spread("resident-1", push) == spread("resident-1", push)
    decided = decide(message("high"), NOBODY, NIGHT, RULES)
    assert decided == Later(at("2026-11-28T07:00") + spread(NOBODY.id, push), "quiet")


# With WeChat.


async def night(world: World) -> None:
    evening = world.clock.now().astimezone(SHANGHAI).replace(hour=22, minute=30)
    world.clock.set(evening)


async def morning(world: World) -> None:
    world.clock.advance(timedelta(hours=8, minutes=35))
    await world.work()


async def test_at_night_the_inbox_has_it_and_wechat_shows_it_in_the_morning(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    await accept(resident, SUBMITTED)
    await night(world)
    await shop.booked(resident, world.at(10, days=3))
    await world.work()

    assert await deliveries(resident) == ["queued"]
    assert await received(resident) == []
    [waiting] = await stored(world, resident)
    assert (waiting.held, waiting.attempts, waiting.paid) == ("quiet", 0, False)

    await morning(world)

    assert await deliveries(resident) == ["sent"]
    assert len(await received(resident)) == 1


async def test_who_has_no_quiet_hours_is_told_at_night(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    await resident.patch("/v1/me", {"preferences": {"quiet_hours": {"start": "00:00:00", "end": "00:00:00"}}})
    await accept(resident, SUBMITTED)
    await night(world)
    await shop.booked(resident, world.at(10, days=3))
    await world.work()
    assert await deliveries(resident) == ["sent"]


async def test_a_topic_that_is_for_the_inbox_costs_no_credit(world: World) -> None:
    shop, resident = await world.shop(), await world.resident()
    await resident.patch("/v1/me", {"preferences": {"topics": {"visits": "inbox"}}})
    subscriptions = await accept(resident, SUBMITTED)
    await shop.booked(resident)
    await world.work()

    assert await deliveries(resident) == ["none"]
    assert await received(resident) == []
    after = {one["template_id"]: one for one in (await resident.get("/v1/subscriptions")).json["items"]}
    assert after[SUBMITTED]["credits"] == subscriptions[SUBMITTED]["credits"] == 1


@pytest.mark.parametrize(("state", "importance"), [("expired", "normal"), ("rejected", "high")])
async def test_of_one_template_a_step_that_can_wait_matters_less_than_one_that_cannot(
    world: World, state: str, importance: Importance
) -> None:
    """That a seat was let go after the minutes that everybody reads is no reason to telephone."""
    shop, resident = await world.shop(), await world.resident()
    await shop.brought_to(state, resident)
    await world.work()
    told = [one for one in await stored(world, resident) if one.template == "booking_changed"]
    assert [one.importance for one in told] == [importance]


# What is kept of them.


async def preferences(resident: Person) -> dict[str, Any]:
    found: dict[str, Any] = (await resident.get("/v1/me")).json["preferences"]
    return found


async def test_a_change_of_one_preference_leaves_the_others(world: World) -> None:
    resident = await world.resident()
    assert await preferences(resident) == {
        "large_text": False,
        "quiet_hours": None,
        "topics": {},
        "sms": True,
        "calls": True,
    }
    for wanted in (
        {"topics": {"money": "digest", "talks": "inbox"}},
        {"quiet_hours": {"start": "21:00:00", "end": "08:00:00"}, "sms": False},
        {"topics": {"talks": None, "rides": "now"}},
        {"large_text": True},
    ):
        reply = await resident.post("/v1/me", {"preferences": wanted})
        assert reply.status == 200, reply.body

    assert await preferences(resident) == {
        "large_text": True,
        "quiet_hours": {"start": "21:00:00", "end": "08:00:00"},
        "topics": {"money": "digest", "rides": "now"},
        "sms": False,
        "calls": True,
    }


@pytest.mark.parametrize(
    "wanted",
    [
        {"topics": {"weather": "now"}},
        {"topics": {"money": "never"}},
        {"topics": ["money"]},
        {"quiet_hours": {"start": "25:00:00", "end": "07:00:00"}},
        {"calls": None},
    ],
    ids=str,
)
async def test_what_is_no_preference_is_refused(world: World, wanted: dict[str, Any]) -> None:
    resident = await world.resident()
    before = await preferences(resident)
    assert (await resident.patch("/v1/me", {"preferences": wanted})).status == 422
    assert await preferences(resident) == before
