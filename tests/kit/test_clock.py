"""Time is an argument, aware, in UTC, and exact to what the database keeps."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from server.kit.clock import SHANGHAI, Clock, SettableClock, SharedClock, clock_of, to_millisecond, today

MOMENT = datetime(2026, 11, 24, 9, 0, 0, 123_456, SHANGHAI)


def test_the_machines_clock_is_aware_utc_to_the_millisecond() -> None:
    before, now, after = datetime.now(UTC), Clock().now(), datetime.now(UTC)

    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0
    assert before - timedelta(milliseconds=1) < now <= after


def test_a_moment_is_cut_and_never_rounded_up() -> None:
    cut = to_millisecond(datetime(2026, 11, 24, 23, 59, 59, 999_999, UTC))
    assert cut == datetime(2026, 11, 24, 23, 59, 59, 999_000, UTC)
    assert to_millisecond(cut) == cut


def test_a_set_clock_stands_still_in_utc() -> None:
    clock = SettableClock()
    clock.set(MOMENT)

    assert clock.now() == clock.now() == datetime(2026, 11, 24, 1, 0, 0, 123_000, UTC)
    assert clock.now().tzinfo is UTC


def test_a_set_clock_moves_when_told() -> None:
    clock = SettableClock(MOMENT)
    clock.advance(timedelta(days=1, milliseconds=2))
    assert clock.now() - to_millisecond(MOMENT) == timedelta(days=1, milliseconds=2)


def test_a_clock_that_is_not_set_runs_with_the_machine_ahead_by_what_it_was_moved() -> None:
    clock = SettableClock()
    clock.advance(timedelta(hours=2))
    assert abs(clock.now() - datetime.now(UTC) - timedelta(hours=2)) < timedelta(seconds=5)

    clock.set(MOMENT)
    clock.set(None)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_shanghai_has_no_summer_time() -> None:
    offsets = {datetime(2026, month, 1, tzinfo=SHANGHAI).utcoffset() for month in range(1, 13)}
    assert offsets == {timedelta(hours=8)}


def test_the_day_of_a_moment_does_not_depend_on_the_zone_it_is_given_in() -> None:
    afternoon = datetime(2026, 11, 28, 16, tzinfo=SHANGHAI)
    assert today(afternoon) == today(afternoon.astimezone(UTC)) == date(2026, 11, 28)


def test_a_shared_clock_is_moved_for_all_who_read_its_file(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    one, other = clock_of(str(file)), clock_of(str(file))
    assert isinstance(one, SharedClock)
    before = datetime.now(UTC)
    assert abs(one.now() - before) < timedelta(minutes=1)
    one.advance(timedelta(days=12))
    one.advance(timedelta(hours=1))
    for clock in (one, other):
        assert abs(clock.now() - before - timedelta(days=12, hours=1)) < timedelta(minutes=1)
    file.write_text("nonsense")
    assert abs(clock_of(str(file)).now() - before) < timedelta(minutes=1)
    assert type(clock_of("")) is Clock
