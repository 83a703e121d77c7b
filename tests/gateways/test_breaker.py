from datetime import timedelta

import pytest

from server.gateways.breaker import Breaker, State

LATER = timedelta(seconds=5)


@pytest.fixture
def breaker(clock):
    return Breaker(clock, failures=2, cool_off_s=5)


def opened(breaker):
    breaker.failed()
    breaker.failed()
    return breaker


def test_failures_with_a_success_between_leave_it_closed(breaker):
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.state is State.closed
    assert breaker.allows()


def test_failures_in_a_row_open_it_for_the_cool_off(breaker, clock):
    opened(breaker)
    assert breaker.state is State.open
    assert not breaker.allows()
    assert breaker.wait_s == 5
    clock.advance(timedelta(seconds=4))
    assert not breaker.allows()


def test_half_open_one_may_try_and_the_others_wait(breaker, clock):
    opened(breaker)
    clock.advance(LATER)
    assert breaker.state is State.half_open
    assert breaker.wait_s == 0
    assert [breaker.allows(), breaker.allows()] == [True, False]


def test_a_failed_trial_opens_it_again(breaker, clock):
    opened(breaker)
    clock.advance(LATER)
    assert breaker.allows()
    breaker.failed()
    assert breaker.state is State.open
    assert breaker.wait_s == 5


def test_a_good_trial_closes_it_and_forgets_the_failures(breaker, clock):
    opened(breaker)
    clock.advance(LATER)
    assert breaker.allows()
    breaker.succeeded()
    breaker.failed()
    assert breaker.state is State.closed


def test_a_trial_that_never_reports_blocks_only_one_cool_off(breaker, clock):
    opened(breaker)
    clock.advance(LATER)
    assert breaker.allows()
    clock.advance(LATER)
    assert breaker.allows()
