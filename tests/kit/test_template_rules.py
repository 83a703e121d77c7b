"""Each value type of a subscription message: what may be sent, and what a longer or dirtier value becomes."""

import pytest

from server.kit.template_rules import RULES, fit, violations
from server.sandbox import values

GOOD = {
    "thing": ["理", "上门理发（含洗剪吹）第二次预约", "长" * 20, "Haircut 2026 🙂"],
    "number": ["0", "12.50", "1" * 32, "1" * 30 + ".55"],
    "letter": ["a", "ABCdef", "Z" * 32],
    "symbol": ["#", "?!…、_"],
    "character_string": ["HL20260302-0001", "a" * 32, "#1@b"],
    "time": ["09:30", "23:59:59", "2026年3月2日 09:30", "09:30~10:30", "2026-03-02 09:30~2026-03-02 10:30"],
    "date": [
        "2026年3月2日",
        "2026-03-02",
        "2026/3/2",
        "2026.03.02",
        "2026年3月2日 09:30",
        "2026-03-02~2026-03-05",
    ],
    "amount": ["¥12.50", "¥12.50元", "$1234567890"],
    "phone_number": ["13800000000", "+86-0766-66888866", "0477-8580000"],
    "car_number": ["蒙K12345", "粤A8Z888挂", "蒙KD12345"],
    "name": ["张三", "阿拉坦乌日娜其其格图", "John Smith", "J" * 20],
    "phrase": ["已预约", "等待受理中"],
    "enum": ["高"],
}
BAD = {
    "thing": ["", " ", "长" * 21, "两\n行", "tab\there"],
    "number": ["12a", "1" * 33, "1,200", "１２", "-5", "1."],
    "letter": ["a1", "字", "Z" * 33, "a b"],
    "symbol": ["a", "######", "1"],
    "character_string": ["编号1", "a" * 33, "a b"],
    "time": [
        "9:30",
        "24:00",
        "0930",
        "2026年3月2日",
        "2026年2月30日 09:30",
        "09:30~",
        "09:30-10:30",
        "1~2~3",
    ],
    "date": ["3月2日", "2026-13-01", "2026-3/2", "2026年3月2日09:30", "明天"],
    "amount": ["12.50", "¥12345678901", "¥1,200", "¥", "12元"],
    "phone_number": ["1" * 18, "电话138"],
    "car_number": ["蒙", "蒙K1234567", "K蒙12345", "蒙K·12345"],
    "name": ["一二三四五六七八九十一", "J" * 21, "张3"],
    "phrase": ["已预约1", "一二三四五六", "ok"],
    "enum": [""],
}


def cases(table):
    return [(kind, value) for kind, values in table.items() for value in values]


def test_every_type_is_tried_both_ways():
    assert set(GOOD) == set(BAD) == set(RULES)


@pytest.mark.parametrize(("kind", "value"), cases(GOOD))
def test_a_value_that_keeps_the_rule_is_left_as_it_is(kind, value):
    assert violations({f"{kind}1": value}) == []
    assert fit(f"{kind}1", value) == value


@pytest.mark.parametrize(("kind", "value"), cases(GOOD))
def test_the_platforms_stand_in_takes_what_we_let_pass(kind, value):
    assert values.fits(f"{kind}1", value, choices=("高",))


@pytest.mark.parametrize(("kind", "value"), cases(BAD))
def test_a_value_that_breaks_the_rule_is_named_by_its_key_only(kind, value):
    [fault] = violations({f"{kind}12": value})
    assert fault.startswith(f"{kind}12: ")
    assert len(value) < 3 or value not in fault


@pytest.mark.parametrize(
    ("key", "value", "fitted"),
    [
        (
            "thing1",
            "东胜区诃额伦街道\n便民服务中心二楼大厅五号窗口",
            "东胜区诃额伦街道 便民服务中心二楼大厅…",
        ),
        ("thing1", "  有  空格\r\n", "有 空格"),
        ("number1", "共 1,234.50 分", "1234.50"),
        ("letter1", "Gate-2 B", "GateB"),
        ("symbol1", "a#b!c", "#!"),
        ("character_string1", "编号：HL-2026 0302", "HL-20260302"),
        ("time1", "9：30～10：30", "09:30~10:30"),
        ("time1", "2026年3月2日9:30", "2026年3月2日 09:30"),
        ("date1", "2026-03-02T09:30", "2026-03-02 09:30"),
        ("amount1", "1,200.00 元", "¥1200.00元"),
        ("amount1", "￥12", "￥12"),
        ("phone_number1", "电话：0477－8580000", "0477-8580000"),
        ("car_number1", "蒙K·12345", "蒙K12345"),
        ("name1", "张三（2号楼）", "张三（号楼）"),
        ("name1", "一二三四五六七八九十甲乙", "一二三四五六七八九十"),
        ("phrase1", "已预约，请按时到场", "已预约请按"),
        ("enum1", " 高 ", "高"),
    ],
)
def test_a_value_is_cleaned_and_shortened_to_its_type(key, value, fitted):
    assert fit(key, value) == fitted
    assert violations({key: fitted}) == []


def test_what_cannot_be_mended_stays_a_violation():
    assert fit("date1", "明天上午") == "明天上午"
    assert violations({"date1": fit("date1", "明天上午")})
    assert fit("number1", "没有") == ""


@pytest.mark.parametrize("key", ["thing", "things1", "1thing", "word2", ""])
def test_a_key_is_a_type_and_a_number(key):
    assert violations({key: "理发"}) == [f"{key}: no such type"]
    assert fit(key, " 理发 ") == "理发"
