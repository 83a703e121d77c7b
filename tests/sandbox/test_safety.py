"""The text check's verdicts."""

import pytest

from .test_errors import ME, text


@pytest.mark.parametrize(
    ("content", "suggest", "label"),
    [("您好，师傅很准时", "pass", 100), ("来玩赌博", "risky", 20006), ("兼职刷单日结", "review", 20008)],
)
def test_words_decide_the_verdict(phone, content, suggest, label):
    phone.login(ME)
    answer = text(phone, content=content)
    assert answer["errcode"] == 0 and answer["trace_id"]
    assert answer["result"] == {"suggest": suggest, "label": label}


def test_each_word_found_is_told(phone):
    phone.login(ME)
    detail = text(phone, content="兼职刷单", nickname="赌博大王")["detail"]
    assert [one.get("keyword") for one in detail] == [None, "赌博", "兼职刷单"]
    assert detail[0]["strategy"] == "content_model" and detail[1]["strategy"] == "keyword"


def test_being_known_is_not_enough_the_person_must_have_logged_in(phone):
    phone.login_code(ME)
    assert text(phone)["errcode"] == 61010
