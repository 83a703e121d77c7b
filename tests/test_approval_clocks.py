"""How long an approval may take: cases worked out by hand on the calendar of 2026.

| days off | worked though a weekend |
|---|---|
| Spring Festival 15 to 23 February | 14 and 28 February |
| Labour Day 1 to 5 May | 9 May |
| Mid-Autumn 25 to 27 September, National Day 1 to 7 October | 20 September, 10 October |

The day on which something begins is not counted; the last one ends when the offices close, at half past five.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace
from tornado.ioloop import IOLoop

from schemas.items import Step
from server.kit.clock import SHANGHAI
from tests.applying import ANSWERED, SIGN, VISIT, Office, open_office, told, tried
from tests.ticking import calendar_file, clock_of, put_in_force, reminders
from tests.world import Town, World

COMMUNITY = Step(name="community_review", role="clerk", limit=3)
VISIT_INSIDE = Step(name="home_visit", role="clerk", limit=5)
VISIT_OUTSIDE = replace(VISIT_INSIDE, outside_limits=True)
PUBLIC = Step(name="publicity", role="clerk", days=7, outside_limits=True)
REVIEW = Step(name="street_review", role="reviewer", limit=5)
DISTRICT = Step(name="district", role="reviewer", limit=10, outside_limits=True)
JUDGED = {"key": "id_card", "verdict": "fine"}
WRONG = {"key": "id_card", "verdict": "wrong"}
BACK = {"node": "pre_review", "reason": "要再核实"}
WHY = {"reason": "情况复杂", "amount": 10}

Do = tuple[str, str, str]
"""When, who, what."""


@pytest.fixture(scope="module", autouse=True)
def kept(io_loop: IOLoop, town: Town) -> Iterator[None]:
    """These days are over for the database, which would forget whoever is signed in on them."""
    admin = town.house.db._client.admin

    def sweeping(on: bool) -> None:
        io_loop.run_sync(lambda: admin.command({"setParameter": 1, "ttlMonitorEnabled": on}))

    sweeping(False)
    yield
    sweeping(True)


class Case(Struct, frozen=True, kw_only=True):
    """What is done when, and when which clock is due then; `used` is how much of the clock is gone at `at`."""

    why: str
    steps: tuple[Step, ...] = (REVIEW,)
    body: dict[str, Any] = {}
    script: tuple[Do, ...]
    clock: str = "promised"
    due: str = ""
    at: str = ""
    used: int | None = None
    overdue: bool | None = None


FORMS: dict[str, dict[str, Any]] = {
    "submit": SIGN,
    "resubmit": SIGN,
    "judge": JUDGED,
    "judge_wrong": WRONG,
    "report": VISIT,
    "send_back": BACK,
    "answer_objection": ANSWERED,
    "district_answer": {"agreed": True},
    "pause": {"reason": "等法院的判决", "owner": "other"},
    "ask": WHY,
}


def accepted(day: str, hour: str = "09:00") -> tuple[Do, ...]:
    """Handed in and accepted at once."""
    when = f"{day} {hour}"
    return (
        (when, "owner", "submit"),
        (when, "clerk", "take_up"),
        (when, "clerk", "judge"),
        (when, "clerk", "accept"),
    )


INSTANT = {"steps": [], "instant": True, "legal_days": 0, "promised_days": 0, "extension_days": 0}
LICENCE = {"extension_days": 10}

CASES = (
    Case(
        why="an instant item has five days to be taken up: 29 30 8 9 10",
        steps=(),
        body=INSTANT,
        script=(("2026-09-28 09:00", "owner", "submit"),),
        clock="acceptance",
        due="2026-10-10",
    ),
    Case(
        why="ten days over National Day: 29 30 8 9 10 12 13 14 15 16",
        script=accepted("2026-09-28"),
        due="2026-10-16",
    ),
    Case(
        why="twenty by law: ten more after 16: 19-23 26-30",
        script=accepted("2026-09-28"),
        clock="legal",
        due="2026-10-30",
    ),
    Case(
        why="a licence's twenty and ten: after 30 October 2-6 and 9-13 November",
        body=LICENCE,
        script=(
            *accepted("2026-09-28"),
            ("2026-10-12 09:00", "clerk", "ask"),
            ("2026-10-12 09:30", "admin", "allow"),
        ),
        clock="legal",
        due="2026-11-13",
    ),
    Case(
        why="accepted on a Saturday that is worked, which is not counted: 12-16 19-23",
        script=accepted("2026-10-10"),
        due="2026-10-23",
    ),
    Case(
        why="accepted at night before the holiday: 8 9 10 12-16 19 20",
        script=accepted("2026-09-30", "23:00"),
        due="2026-10-20",
    ),
    Case(
        why="accepted on a day off: it begins with the 8th as well",
        script=accepted("2026-10-03"),
        due="2026-10-20",
    ),
    Case(
        why="it is made public for seven days: 29 30 8 9 10 12 13",
        steps=(PUBLIC, REVIEW),
        script=accepted("2026-09-28"),
        clock="publicity",
        due="2026-10-13",
    ),
    Case(
        why="the days of publicity do not count: from the 14th 14-16 19-23 26 27",
        steps=(PUBLIC, REVIEW),
        script=(*accepted("2026-09-28"), ("2026-10-13 17:31", "system", "work")),
        due="2026-10-27",
    ),
    Case(
        why="one day before the publicity (29), nine after it: 16 19-23 26-28",
        steps=(COMMUNITY, PUBLIC, REVIEW),
        script=(
            *accepted("2026-09-28"),
            ("2026-09-30 10:00", "clerk", "pass"),
            ("2026-10-15 17:31", "system", "work"),
        ),
        due="2026-10-28",
    ),
    Case(
        why="a visit outside the limits: 13 14 are lost, 15 16 19-23 26-28 count",
        steps=(VISIT_OUTSIDE, REVIEW),
        script=(*accepted("2026-10-12"), ("2026-10-15 10:00", "clerk", "report")),
        due="2026-10-28",
    ),
    Case(
        why="a visit within the limits costs nothing: 13-16 19-23 26",
        steps=(VISIT_INSIDE, REVIEW),
        script=(*accepted("2026-10-12"), ("2026-10-15 10:00", "clerk", "report")),
        due="2026-10-26",
    ),
    Case(
        why="a benefit with visit and publicity: nothing counts until the 23rd, then 26-30 and 2-6 November",
        steps=(VISIT_OUTSIDE, PUBLIC, REVIEW),
        script=(
            *accepted("2026-10-12"),
            ("2026-10-14 10:00", "clerk", "report"),
            ("2026-10-23 17:31", "system", "work"),
        ),
        due="2026-11-06",
    ),
    Case(
        why="while it lies with the district nothing counts: 13 counts, 14 15 16 are lost, then 19-23 26-29",
        steps=(REVIEW, DISTRICT),
        script=(
            *accepted("2026-10-12"),
            ("2026-10-14 10:00", "reviewer", "pass"),
            ("2026-10-19 10:00", "reviewer", "district_answer"),
        ),
        due="2026-10-29",
    ),
    Case(
        why="it counts as accepted from the day it came in: as if accepted on 28 September",
        body={"deemed": True},
        script=(("2026-09-28 09:00", "owner", "submit"), ("2026-10-10 17:31", "system", "work")),
        due="2026-10-16",
        at="2026-10-10 18:00",
        used=5,
    ),
    Case(
        why="what was supplemented is looked at for five days anew: 13-16 19",
        script=(
            ("2026-09-28 09:00", "owner", "submit"),
            ("2026-09-29 09:00", "clerk", "take_up"),
            ("2026-09-29 09:00", "clerk", "judge_wrong"),
            ("2026-09-29 09:00", "clerk", "supplement"),
            ("2026-10-12 09:00", "owner", "resubmit"),
        ),
        clock="acceptance",
        due="2026-10-19",
    ),
    Case(
        why="ten days to supplement: 30 8 9 10 12-16 19",
        body={"supplement_days": 10},
        script=(
            ("2026-09-28 09:00", "owner", "submit"),
            ("2026-09-29 09:00", "clerk", "take_up"),
            ("2026-09-29 09:00", "clerk", "judge_wrong"),
            ("2026-09-29 09:00", "clerk", "supplement"),
        ),
        clock="supplement",
        due="2026-10-19",
    ),
    Case(
        why="sent back and supplemented after acceptance: 13-16 stand for the resident, then 19-23 26-30",
        script=(
            *accepted("2026-10-12"),
            ("2026-10-13 10:00", "reviewer", "send_back"),
            ("2026-10-13 11:00", "clerk", "judge_wrong"),
            ("2026-10-13 11:00", "clerk", "supplement"),
            ("2026-10-19 09:00", "owner", "resubmit"),
        ),
        due="2026-10-30",
    ),
    Case(
        why="a step's own five days: 29 30 8 9 10",
        script=accepted("2026-09-28"),
        clock="step",
        due="2026-10-10",
    ),
    Case(
        why="the next step's five begin with it: 8 9 10 12 13",
        steps=(COMMUNITY, REVIEW),
        script=(*accepted("2026-09-28"), ("2026-09-30 10:00", "clerk", "pass")),
        clock="step",
        due="2026-10-13",
    ),
    Case(
        why="paused by hand from the 13th to the 15th: 15 16 19-23 26-28",
        script=(
            *accepted("2026-10-12"),
            ("2026-10-13 10:00", "clerk", "pause"),
            ("2026-10-15 10:00", "clerk", "resume"),
        ),
        due="2026-10-28",
    ),
    Case(
        why="granted in the last half hour of the last day: nine used up, in time",
        script=(
            *accepted("2026-10-12"),
            ("2026-10-13 10:00", "reviewer", "pass"),
            ("2026-10-26 17:00", "decider", "grant"),
        ),
        at="2026-10-30 09:00",
        used=9,
        overdue=False,
    ),
    Case(
        why="granted the morning after: ten used up, too late",
        script=(
            *accepted("2026-10-12"),
            ("2026-10-13 10:00", "reviewer", "pass"),
            ("2026-10-27 10:00", "decider", "grant"),
        ),
        at="2026-10-30 09:00",
        used=10,
        overdue=True,
    ),
    Case(
        why="over the Spring Festival: 14 24-28 February, 2-5 March",
        script=accepted("2026-02-13"),
        due="2026-03-05",
    ),
    Case(
        why="over Labour Day: 6-9 11-15 18 May",
        script=accepted("2026-04-30"),
        due="2026-05-18",
    ),
)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


async def go_to(office: Office, when: str, who: str) -> None:
    """That moment, with this person signed in."""
    office.world.clock.set(moment(when))
    if who == "owner":
        office.owner = await office.world.resident(openid=office.owner.openid)
    elif who != "system":
        setattr(office, who, await office.world.sign_in(getattr(office, who).id))


async def played(world: World, case: Case) -> tuple[Office, str]:
    when = case.script[0][0]
    world.clock.set(moment(when))
    office = await open_office(world, *case.steps, **case.body)
    case_no = await office.drafted()
    for next_time, who, action in case.script:
        if next_time != when:
            await go_to(office, next_time, who)
        when = next_time
        await did(office, case_no, case, who, action)
    return office, case_no


async def did(office: Office, case_no: str, case: Case, who: str, action: str) -> None:
    if action == "work":
        await office.world.work()
        return
    path = {
        "pause": f"clocks/{case.clock}/pause",
        "resume": f"clocks/{case.clock}/resume",
        "ask": f"clocks/{case.clock}/extension",
        "allow": f"clocks/{case.clock}/extension/allow",
    }.get(action, action.removesuffix("_wrong"))
    reply = await getattr(office, who).post(f"/v1/cases/{case_no}/{path}", FORMS.get(action, {}))
    assert reply.status == 200, (action, reply.body)


@pytest.mark.parametrize("case", CASES, ids=lambda one: one.why)
async def test_it_is_due_on_the_day_that_was_worked_out_by_hand(world: World, case: Case) -> None:
    office, case_no = await played(world, case)
    await go_to(office, case.at or case.script[-1][0], "clerk")
    clock = await clock_of(office.clerk, case_no, case.clock)
    if case.due:
        assert clock["state"] == "running"
        assert moment(f"{case.due} 17:30") == datetime.fromisoformat(clock["due_at"])
    if case.used is not None:
        assert clock["used"] == case.used
    if case.overdue is not None:
        assert (clock["state"], clock["overdue"]) == ("stopped", case.overdue)


def test_there_are_at_least_twenty_of_them() -> None:
    assert len(CASES) >= 20


async def test_a_year_that_is_not_published_yet_is_called_provisional(world: World) -> None:
    late = Case(why="", script=accepted("2026-12-30"))
    office, case_no = await played(world, late)
    clock = await clock_of(office.operator, case_no)
    assert (clock["due_at"][:10], clock["provisional"]) == ("2027-01-13", True)


async def test_the_resident_reads_what_the_clock_stood_for(world: World) -> None:
    visit = Case(
        why="",
        steps=(VISIT_OUTSIDE, REVIEW),
        script=(*accepted("2026-10-12"), ("2026-10-15 10:00", "clerk", "report")),
    )
    office, case_no = await played(world, visit)
    await go_to(office, "2026-10-19 09:00", "owner")
    [pause] = (await clock_of(office.owner, case_no))["pauses"]
    assert (pause["owner"], pause["reason"]) == ("other", "入户调查")
    sentence = (await office.owner.get(f"/v1/cases/{case_no}")).json["clock"]["sentence"]
    assert sentence == "已用 2 天，共 10 个工作日；为入户调查停了 2 天"


async def test_a_limit_is_extended_by_another_once_and_no_further_than_the_item_lets(world: World) -> None:
    office, case_no = await played(world, Case(why="", script=accepted("2026-10-12")))
    path = f"/v1/cases/{case_no}/clocks/promised/extension"
    too_much = await office.clerk.post(path, {"amount": 6, "reason": "情况复杂"})
    law = await office.clerk.post(
        f"/v1/cases/{case_no}/clocks/legal/extension", {"amount": 6, "reason": "情况复杂"}
    )
    step = await office.reviewer.post(
        f"/v1/cases/{case_no}/clocks/step/extension", {"amount": 5, "reason": "复杂"}
    )
    assert (too_much.code, law.code, step.status) == ("too_much_more", "too_much_more", 200)
    assert "不能超过 5 个工作日" in too_much.json["error"]["message"]
    waiting = await office.submitted()
    path = f"/v1/cases/{waiting}/clocks/acceptance/extension"
    assert (await office.clerk.post(path, {"amount": 1, "reason": "复杂"})).code == "not_extendable"
    fixed = await open_office(world, extension_days=0)
    other = await fixed.accepted()
    path = f"/v1/cases/{other}/clocks/promised/extension"
    assert (await fixed.clerk.post(path, {"amount": 1, "reason": "复杂"})).code == "not_extendable"


async def test_half_most_and_all_of_it_are_told_once_each(world: World) -> None:
    office, case_no = await played(world, Case(why="", script=accepted("2026-10-12")))
    for day in range(13, 32):
        world.clock.set(moment(f"2026-10-{day} 18:00"))
        await world.work()
    assert await reminders(world, case_no) == [(50, "handler"), (80, "leader"), (100, "street")]
    assert len(await told(world, office.admin, "时限已到")) >= 1


async def test_a_correction_of_the_calendar_moves_what_is_open_and_says_so(
    world: World, tmp_path: Any
) -> None:
    deemed = Case(why="", body={"deemed": True}, script=(("2026-10-12 09:00", "owner", "submit"),))
    office, case_no = await played(world, deemed)
    async with calendar_file(world, tmp_path) as file:
        file.write_text("days_off = [2026-10-14]\n")
        await put_in_force(world)
        moved = await clock_of(office.owner, case_no, "acceptance")
        step = (await office.owner.get(f"/v1/cases/{case_no}/history")).json["items"][-1]
        world.clock.set(moment("2026-10-19 17:31"))
        await world.work()
        early = await world.sign_in(office.clerk.id)
        still = (await early.get(f"/v1/cases/{case_no}")).json["state"]
        world.clock.set(moment("2026-10-20 17:31"))
        await world.work()
        after = (await (await world.sign_in(office.clerk.id)).get(f"/v1/cases/{case_no}")).json["state"]
    assert moved["due_at"] == "2026-10-20T09:30:00Z"
    assert "受理时限从 2026 年 10 月 19 日改到 2026 年 10 月 20 日" in step["reason"]
    assert (still, after) == ("submitted", "street_review")


async def test_nobody_is_too_late_to_accept_where_silence_counts_as_acceptance(world: World) -> None:
    """The law accepts at the moment itself, whenever a worker comes round."""
    deemed = Case(why="", body={"deemed": True}, script=(("2026-10-12 09:00", "owner", "submit"),))
    office, case_no = await played(world, deemed)
    await go_to(office, "2026-10-19 17:29", "clerk")
    await office.act(office.clerk, case_no, "take_up")
    world.clock.advance(timedelta(minutes=2))
    seen = (await office.clerk.get(f"/v1/cases/{case_no}")).json
    assert (seen["state"], seen["actions"]) == ("street_review", [])
    assert (await tried(office.clerk, case_no, "not_accept", reason="晚了", ground="第三条"))[
        1
    ] == "time_is_up"
