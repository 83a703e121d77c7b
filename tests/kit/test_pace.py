"""How fast somebody may ask: a burst at once, then at the usual speed, and everybody for themselves."""

from server.kit.pace import Pace


def asked(pace: Pace, who: str, now_s: float, times: int) -> int:
    """How many of so many were let through."""
    return sum(pace.late(who, now_s) == 0 for _ in range(times))


def test_a_burst_is_let_through_and_what_is_beyond_it_waits_for_its_turn() -> None:
    pace = Pace(per_s=2, burst=10)
    assert asked(pace, "wang", 100.0, 15) == 10
    assert pace.late("wang", 100.0) == 0.5
    assert asked(pace, "li", 100.0, 15) == 10
    assert asked(pace, "wang", 101.0, 15) == 2
    assert asked(pace, "wang", 200.0, 15) == 10


def test_asking_at_the_usual_speed_goes_on_for_ever() -> None:
    pace = Pace(per_s=4, burst=2)
    assert sum(pace.late("wang", one / 4) == 0 for one in range(1000)) == 1000


def test_who_has_not_asked_for_long_is_forgotten_and_nobody_gains_by_it() -> None:
    pace = Pace(per_s=1, burst=10)
    for second in range(200):
        pace.late(f"guest-{second}", float(second))
    assert len(pace) <= 21

    let = sum(asked(pace, "greedy", 1000 + second / 10, 3) for second in range(1000))
    assert 100 <= let <= 110


def test_nothing_a_second_is_no_limit() -> None:
    assert asked(Pace(per_s=0, burst=1), "wang", 5.0, 1000) == 1000
