"""A crowd: made in one call, counted in one answer, and small however much it is sent."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from .phone import Phone

TEMPLATE = "tmpl-booking-submitted"


@pytest.fixture
def crowd(phone: Phone) -> Phone:
    phone.control("crowd", prefix="o-crowd", template_id=TEMPLATE, credits=[0, 1, 2, 3])
    return phone


def test_each_has_the_credits_that_were_asked_for(crowd: Phone) -> None:
    assert [crowd.credits(f"o-crowd-0000{number}") for number in range(4)] == [0, 1, 2, 3]
    told = crowd.get("/_control/crowd", prefix="o-crowd", template_id=TEMPLATE)
    assert (told["people"], told["credits"], told["received"], told["most"]) == (4, 6, 0, 0)


def test_what_each_has_received_is_counted(crowd: Phone) -> None:
    codes = [crowd.send(f"o-crowd-0000{number}")["errcode"] for number in (0, 1, 1, 3, 3)]
    told = crowd.get("/_control/crowd", prefix="o-crowd", template_id=TEMPLATE, each=True)
    assert codes == [43101, 0, 43101, 0, 0]
    assert told["each"] == {"credits": [0, 0, 2, 1], "received": [0, 1, 0, 2]}
    assert (told["most"], told["by_count"], told["twice"]) == (2, {"0": 2, "1": 1, "2": 1}, ["o-crowd-00003"])


def test_it_keeps_no_messages_of_each_person(crowd: Phone) -> None:
    crowd.send("o-crowd-00001")
    assert crowd.get("/_control/messages", openid="o-crowd-00001") == {"items": [], "sent": 1}


def test_a_crowd_of_a_template_that_is_none_is_refused(phone: Phone) -> None:
    body = {"prefix": "o", "template_id": "tmpl-none", "credits": [1]}
    assert phone.http.post(f"{phone.base}/_control/crowd", json=body, timeout=10).status_code == 422


def test_one_event_in_so_many_is_lost_and_another_told_twice(phones: Callable[..., Phone]) -> None:
    phone = phones(mini_callback_url="http://127.0.0.1:9/nobody")
    phone.control("mini-callbacks-style", lose_one_in=3, double_one_in=2)
    told = [0]
    for _ in range(6):
        phone.accept("o-told")
        told.append(len(phone.get("/_control/mini-callbacks")["items"]))
    assert [after - before for before, after in pairwise(told)] == [1, 2, 0, 2, 1, 0]
