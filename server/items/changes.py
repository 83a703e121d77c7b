"""Two versions of an item beside each other: what differs, field by field, in words."""

from collections.abc import Callable, Iterable

from msgspec import Struct

from schemas.items import ItemBody, ItemChange
from server.items import words

_YES_NO = {True: "是", False: "否"}


class Part(Struct, frozen=True):
    """Something that has a name and says several things: a material, a step, a field."""

    name: str
    lines: dict[str, str]

    def __str__(self) -> str:
        said = [f"{word}：{text}" for word, text in self.lines.items() if text and word != "名称"]
        return "；".join([self.name, *said])


Parts = dict[str, Part]


def compared(old: ItemBody | None, new: ItemBody) -> list[ItemChange]:
    """From the top of an item to its end; against nothing, everything is new."""
    found = _lines(_facts(old) if old else {}, _facts(new))
    for word, parts in _GROUPS:
        found += _group(word, parts(old) if old else {}, parts(new))
    return found


def _lines(old: dict[str, str], new: dict[str, str], about: str = "") -> list[ItemChange]:
    names = [*new, *(one for one in old if one not in new)]
    pairs = [(one, old.get(one, ""), new.get(one, "")) for one in names]
    return [ItemChange(where=f"{about}{one}", before=a, after=b) for one, a, b in pairs if a != b]


def _group(word: str, old: Parts, new: Parts) -> list[ItemChange]:
    found: list[ItemChange] = []
    for key, part in new.items():
        if key in old:
            found += _lines(old[key].lines, part.lines, f"{word}“{part.name}”的")
        else:
            found.append(ItemChange(where=f"新加的{word}", before="", after=str(part)))
    gone = [part for key, part in old.items() if key not in new]
    found += [ItemChange(where=f"去掉的{word}", before=str(one), after="") for one in gone]
    a, b = [one for one in old if one in new], [one for one in new if one in old]
    if a != b:
        found.append(ItemChange(where=f"{word}的先后", before=_names(old, a), after=_names(new, b)))
    return found


def _names(parts: Parts, keys: Iterable[str]) -> str:
    return "、".join(parts[one].name for one in keys)


def _facts(body: ItemBody) -> dict[str, str]:
    return {
        "名称": body.name,
        "领域": words.DOMAINS[body.domain],
        "级别": words.LEVELS[body.level],
        "简介": body.summary,
        "法律依据": "\n".join(body.basis),
        "即办件": _YES_NO[body.instant],
        "法定时限": f"{body.legal_days} 个工作日",
        "承诺时限": f"{body.promised_days} 个工作日",
        "最多延长": f"{body.extension_days} 个工作日" if body.extension_days else "不能延长",
        "告知受不受理": f"{body.acceptance_days} 个工作日内",
        "到时没告知就算受理": _YES_NO[body.deemed],
        "补材料的时间": f"{body.supplement_days} 天",
        "审核和决定要两个人": _YES_NO[body.four_eyes],
        "收费": words.fee_text(body),
        "跑腿": words.visits_text(body),
        "结果": words.result_text(body),
        "怎么领": "、".join(words.DELIVERIES[one] for one in body.deliveries),
        "适合谁": "\n".join(_hints(body)),
        "办事说明": body.guide,
        "排在第几": str(body.rank),
    }


def _hints(body: ItemBody) -> list[str]:
    return [f"{one.text}{_when_it_fits(one.min_age, one.max_age, one.local)}" for one in body.hints]


def _when_it_fits(min_age: int | None, max_age: int | None, local: bool) -> str:
    said = [
        f"满 {min_age} 岁" if min_age is not None else "",
        f"不超过 {max_age} 岁" if max_age is not None else "",
        "住在本街道" if local else "",
    ]
    found = "、".join(one for one in said if one)
    return f"（系统会看：{found}）" if found else ""


def _fields(body: ItemBody) -> Parts:
    return {
        one.name: Part(
            one.label,
            {
                "名称": one.label,
                "填什么": words.FIELD_TYPES[one.type],
                "必须填": _YES_NO[one.required],
                "选项": "、".join(each["text"] for each in one.options),
                "最小": "" if one.min is None else f"{one.min:g}",
                "最大": "" if one.max is None else f"{one.max:g}",
                "提示": one.hint,
            },
        )
        for one in body.fields
    }


def _materials(body: ItemBody) -> Parts:
    return {
        one.key: Part(
            one.name,
            {
                "名称": one.name,
                "要不要交": words.need_text(body, one),
                "要什么样的": words.copies_text(one),
                "可以用以前交过的": _YES_NO[one.reusable],
                "谁开的": one.issued_by,
                "提示": one.hint,
                "样张": one.sample,
            },
        )
        for one in body.materials
    }


def _steps(body: ItemBody) -> Parts:
    return {
        one.name: Part(
            words.STEPS[one.name],
            {"谁来办": words.STEP_ROLES[one.role], "时限": words.step_limit(one) or "没有单独的时限"},
        )
        for one in body.steps
    }


_GROUPS: tuple[tuple[str, Callable[[ItemBody], Parts]], ...] = (
    ("表单", _fields),
    ("材料", _materials),
    ("步骤", _steps),
)
