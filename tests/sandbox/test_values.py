"""Each parameter type of a subscribe message, at its edges, over the wire and alone."""

import pytest

from server.sandbox import Template
from server.sandbox.values import RULES, fits, type_of

from .phone import somebody

GOOD = {
    "thing": ["保", "a b，1！", "字" * 20, "　全角空格"],
    "number": ["0", "12.50", "9" * 32],
    "letter": ["a", "Z" * 32],
    "symbol": ["!", "？！…—_"],
    "character_string": ["A", "JZ-20261124-000137", "a" * 32],
    "time": [
        "09:00",
        "23:59:59",
        "2026年11月25日 09:00",
        "2026-11-25 09:00~11:00",
        "2026/11/25 09:00~2026/11/26 09:00",
    ],
    "date": ["2026年1月5日", "2026-11-25", "2026.11.25", "2026/11/25 09:30", "2026-11-25~2026-11-30"],
    "amount": ["¥70.00", "￥1234567890", "$8元"],
    "phone_number": ["13800000001", "+86-0475-123456", "138****0001"],
    "car_number": ["蒙G12345", "粤A8Z888挂", "A12345"],
    "name": ["李师傅", "字" * 10, "a" * 20, "Li Lei", "李 Lei"],
    "phrase": ["已提交", "字" * 5],
    "all": ["字" * 200, "a1!"],
}
BAD = {
    "thing": ["", " ", "字" * 21, "换\n行", "响\a铃"],
    "number": ["1a", "-1", "9" * 33, "1.", "一", "１２"],
    "letter": ["a1", "a" * 33, "字"],
    "symbol": ["a", "!" * 6, "1"],
    "character_string": ["字", "a" * 33, "a b"],
    "time": [
        "9点",
        "24:00",
        "09:60",
        "2026年13月1日 09:00",
        "2026-02-30 09:00",
        "09:00~",
        "周三 09:00",
        "2026-11-25",
    ],
    "date": ["11月25日", "2026-11-31", "25/11/2026", "2026-1-1~2026-1-2~2026-1-3"],
    "amount": ["70", "¥12345678901", "元70", "¥"],
    "phone_number": ["1" * 18, "电话", "138 a"],
    "car_number": ["蒙", "蒙G1234567", "蒙字12345", "蒙G 1234"],
    "name": ["字" * 11, "a" * 21, "李1", "李 " + "a" * 9],
    "phrase": ["abc", "字" * 6, "已提交!"],
    "all": ["两\n行"],
}


def pairs(table):
    return [(kind, value) for kind, values in table.items() for value in values]


@pytest.mark.parametrize(("kind", "value"), pairs(GOOD))
def test_a_value_within_the_rule_fits(kind, value):
    assert fits(f"{kind}1", value)


@pytest.mark.parametrize(("kind", "value"), pairs(BAD))
def test_a_value_against_the_rule_does_not_fit(kind, value):
    assert not fits(f"{kind}1", value)


@pytest.mark.parametrize("value", [None, 5, ["字"], {"value": "字"}])
def test_only_text_fits(value):
    assert not fits("thing1", value)


def test_every_type_has_its_edges_here():
    assert set(GOOD) == set(BAD) == set(RULES) - {"enum"}


def test_an_enum_takes_only_its_published_values():
    assert fits("enum1", "晴", ("晴", "雨"))
    assert not fits("enum1", "雪", ("晴", "雨"))


@pytest.mark.parametrize("key", ["thing", "1thing", "thign1", "thing_1", "THING1"])
def test_a_key_is_a_type_and_a_number(key):
    with pytest.raises(ValueError):
        type_of(key)
    with pytest.raises(ValueError):
        Template(template_id="t", title="t", keys={key: "标签"})


def test_each_type_is_checked_on_the_wire_and_the_key_is_named(phones):
    keys = {f"{kind}{number}": kind for number, kind in enumerate(RULES, 1)}
    every = Template(
        template_id="every", title="全部类型", kind="long_term", keys=keys, choices={_enum(keys): ("晴",)}
    )
    phone, openid = phones(templates=(every,)), somebody()
    phone.accept(openid, "every")
    good = {key: GOOD.get(kind, ["晴"])[0] for key, kind in keys.items()}
    assert phone.send(openid, "every", values=good)["errcode"] == 0
    for key, kind in keys.items():
        bad = next(value for value in BAD.get(kind, ["雪"]) if value.strip())
        answer = phone.send(openid, "every", values=good | {key: bad})
        assert answer["errcode"] == 47003 and f"data.{key}.value" in answer["errmsg"]
    assert len(phone.items(openid)) == 1


def _enum(keys):
    return next(key for key, kind in keys.items() if kind == "enum")
