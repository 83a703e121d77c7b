"""Where in an item something is, as a person would say it: `materials[2].when.is` is 第 3 份材料的“什么时候要交”."""

import re

_LISTS = {
    "materials": "份材料",
    "fields": "栏表单",
    "steps": "个步骤",
    "hints": "条“适合谁”",
    "basis": "条法律依据",
}
_WORDS = {
    "code": "事项编码",
    "name": "名称",
    "domain": "领域",
    "level": "级别",
    "summary": "简介",
    "basis": "法律依据",
    "legal_days": "法定时限",
    "promised_days": "承诺时限",
    "extension_days": "最多延长",
    "acceptance_days": "几天内告知受不受理",
    "deemed": "到时没告知就算受理",
    "supplement_days": "补材料的时间",
    "instant": "即办件",
    "four_eyes": "审核和决定要两个人",
    "fee_fen": "收费",
    "visits": "跑几次",
    "fields": "表单",
    "materials": "材料",
    "steps": "步骤",
    "hints": "适合谁",
    "result": "结果类型",
    "result_name": "结果名称",
    "deliveries": "怎么领",
    "guide": "办事说明",
    "rank": "排在第几",
    "key": "代号",
    "required": "要不要交",
    "when": "什么时候要交",
    "when.field": "什么时候要交",
    "when.is": "什么时候要交",
    "reusable": "可以用以前交过的",
    "copies": "要什么样的",
    "number": "几份",
    "sample": "样张",
    "issued_by": "谁开的",
    "hint": "提示",
    "role": "谁来办",
    "limit": "时限",
    "outside_limits": "不算在时限里",
    "days": "公示几天",
    "text": "文字",
    "min_age": "最小年龄",
    "max_age": "最大年龄",
    "local": "住在本街道",
    "label": "栏目名称",
    "type": "填什么",
    "options": "选项",
    "min": "最小值",
    "max": "最大值",
}
_ROW = re.compile(r"^(\w+)\[(\d+)\](?:\.(.*))?$")


def said(field: str) -> str:
    """The place in words; what has no word stands as it is."""
    row = _ROW.match(field)
    if row is None:
        return f"“{_word(field)}”"
    name, number, rest = row[1], int(row[2]) + 1, row[3]
    where = f"第 {number} {_LISTS.get(name, '行' + name)}"
    return f"{where}的“{_word(rest)}”" if rest else where


def _word(name: str) -> str:
    plain = re.sub(r"\[[^]]*\]", "", name)
    return _WORDS.get(plain) or _WORDS.get(plain.partition(".")[0]) or name
