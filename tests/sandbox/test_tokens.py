"""Token rules: the part most clients get wrong."""

import pytest

from server.sandbox import Quota

from .phone import Phone

FORCED_APART_S = 31


def refusal(phone: Phone, token: str) -> int:
    """The errcode a business call answers this token with; 40097 means the token was fine."""
    return int(phone.get("/wxa/checksession", access_token=token)["errcode"])


GOOD = 40097


def test_stable_token_is_the_same_for_everybody_with_what_is_left_of_its_life(phone):
    first = phone.stable()
    phone.advance(600)
    assert phone.stable() == {"access_token": first["access_token"], "expires_in": 6_600}


def test_in_its_last_five_minutes_a_new_one_is_handed_out_and_both_work(phone):
    first = phone.token()
    phone.advance(7_200 - 299)
    second = phone.stable()
    assert second["access_token"] != first and second["expires_in"] == 7_200
    phone.advance(299)
    assert refusal(phone, first) == refusal(phone, second["access_token"]) == GOOD
    phone.advance(1)
    assert refusal(phone, first) == 42001


def test_a_token_expires_after_two_hours(phone):
    token = phone.token()
    phone.advance(7_199)
    assert refusal(phone, token) == GOOD
    phone.advance(1)
    assert refusal(phone, token) == 42001


def test_forcing_kills_the_token_before_at_once(phone):
    first = phone.token()
    second = phone.stable(force_refresh=True)["access_token"]
    assert second != first
    assert (refusal(phone, first), refusal(phone, second)) == (40001, GOOD)


def test_forcing_again_within_thirty_seconds_refreshes_nothing(phone):
    first = phone.stable(force_refresh=True)["access_token"]
    phone.advance(29)
    assert phone.stable(force_refresh=True)["access_token"] == first
    phone.advance(1)
    assert phone.stable(force_refresh=True)["access_token"] != first


def test_forcing_works_twenty_times_a_day(phone):
    for _ in range(20):
        assert "access_token" in phone.stable(force_refresh=True)
        phone.advance(FORCED_APART_S)
    assert phone.stable(force_refresh=True)["errcode"] == 45009
    assert "access_token" in phone.stable()
    phone.advance(86_400)
    assert "access_token" in phone.stable(force_refresh=True)


def test_each_old_fetch_replaces_the_token_before_it_after_five_minutes(phone):
    first, second = phone.old()["access_token"], phone.old()["access_token"]
    assert first != second
    phone.advance(299)
    assert refusal(phone, first) == refusal(phone, second) == GOOD
    phone.advance(1)
    assert (refusal(phone, first), refusal(phone, second)) == (40001, GOOD)


def test_old_and_stable_tokens_are_separate_worlds(phone):
    stable, old = phone.token(), phone.old()["access_token"]
    phone.stable(force_refresh=True)
    assert (refusal(phone, stable), refusal(phone, old)) == (40001, GOOD)
    stable = phone.token()
    phone.old()
    phone.advance(301)
    assert (refusal(phone, stable), refusal(phone, old)) == (GOOD, 40001)


@pytest.mark.parametrize(("token", "errcode"), [("", 41001), ("nonsense", 40014), ("98_" + "x" * 128, 40001)])
def test_a_wrong_token_says_how_it_is_wrong(phone, token, errcode):
    assert refusal(phone, token) == errcode


def test_a_token_of_wecom_is_none_of_the_mini_program(phone):
    assert refusal(phone, phone.corp_token()["access_token"]) == 40014


def test_a_minute_quota_is_renewed_with_the_minute(phones):
    phone = phones(quotas={"/cgi-bin/stable_token": (Quota("minute", 2, 45011),)})
    phone.stable(), phone.stable()
    assert phone.stable()["errcode"] == 45011
    phone.advance(60)
    assert "access_token" in phone.stable()


def test_a_day_quota_is_renewed_at_midnight_in_shanghai(phones):
    phone = phones(quotas={"/cgi-bin/token": (Quota("day", 1, 45009),)})
    phone.old()
    assert phone.old()["errcode"] == 45009
    phone.advance(15 * 3600 - 1)
    assert phone.old()["errcode"] == 45009
    phone.advance(1)
    assert "access_token" in phone.old()


def test_fetches_are_counted(phone):
    phone.stable(), phone.stable(), phone.old()
    assert (phone.calls("/cgi-bin/stable_token"), phone.calls("/cgi-bin/token")) == (2, 1)
