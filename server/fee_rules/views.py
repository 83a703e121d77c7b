"""Versions of the fee rules as people say them."""

from schemas.fee_rules import (
    Difference,
    FeeRulesListView,
    FeeRulesView,
    FeeStep,
    FeeTable,
    Mode,
    NewFeeRules,
    Rounding,
)
from server.catalogue import yuan
from server.fee_rules.quotes import LEAVES, percent, span
from server.fee_rules.stored import VERSIONS, FeeRules
from server.kit.db import Reader
from server.kit.errors import Invalid
from server.sessions import Actor

MODES: dict[Mode, str] = {"train": "火车票", "plane": "飞机票"}
ROUNDINGS: dict[Rounding, str] = {"down": "舍去", "half_up": "四舍五入", "up": "进上去"}
DIFFERENCES: dict[Difference, str] = {
    "less_fee": "退差价，差价也按退票收费",
    "whole": "差价全退",
    "kept": "差价不退",
}


class SeatClassTwice(Invalid):
    """同一个席别写进了两张表，或者有两张表没写席别"""


def check(new: NewFeeRules) -> None:
    """Each seat class has one table, and one at most is for all others. Raises SeatClassTwice."""
    known: set[str] = set()
    for number, table in enumerate(new.tables):
        mine = table.seat_classes or [""]
        if len(set(mine)) < len(mine) or known & set(mine):
            raise SeatClassTwice(field=f"tables[{number}].seat_classes")
        known |= set(mine)


def mode_of(rules: FeeRules) -> Mode:
    return "train" if rules.series == "train" else "plane"


def listed(reader: Reader, actor: Actor, mode: Mode | None = None) -> FeeRulesListView:
    """Every version, the newest first, trains before planes."""
    series = [mode] if mode else list(MODES)
    return FeeRulesListView(
        items=[view(reader, one, actor) for each in series for one in VERSIONS.all(reader, each)]
    )


def view(reader: Reader, one: FeeRules, actor: Actor) -> FeeRulesView:
    mode = mode_of(one)
    return FeeRulesView(
        mode=mode,
        mode_text=MODES[mode],
        version=VERSIONS.view(reader, one, actor),
        rules=one.body,
        lines=list(terms(mode, one.body).values()),
    )


def terms(mode: Mode, body: NewFeeRules) -> dict[str, str]:
    """By field: its name and what stands there, in one line."""
    said: dict[str, str] = {}
    for table in body.tables:
        said |= _table(mode, table)
    said["step_fen"] = f"算到：{yuan(body.step_fen)} 元，尾数{ROUNDINGS[body.rounding]}"
    if body.minimum_fen:
        said["minimum_fen"] = f"退票费最低：{yuan(body.minimum_fen)} 元"
    said["difference"] = f"改到便宜的票：{DIFFERENCES[body.difference]}"
    if body.source:
        said["source"] = f"依据：{body.source}"
    return said


def _table(mode: Mode, table: FeeTable) -> dict[str, str]:
    leaves, name, at = LEAVES[mode], table.name, f"{','.join(table.seat_classes)}"
    said = {
        f"{at} refund": f"{name}退票：{_steps(table.refund, leaves)}，{_after(table.refund_after, leaves)}",
        f"{at} change": f"{name}改签：{_steps(table.change, leaves)}，{_after(table.change_after, leaves)}",
    }
    if table.change_same_day is not None:
        said[f"{at} same day"] = f"{name}改到当天或更早：{_rate(table.change_same_day)}"
    if table.late_change_permyriad:
        said[f"{at} late"] = (
            f"{name}过了免费退票的时间改签：再退最少收 {percent(table.late_change_permyriad)}"
        )
    return said


def _steps(steps: list[FeeStep], leaves: str) -> str:
    """`开车前 8 天以上不收，…，不到 24 小时收 20%`."""
    said, above = [], 0
    for one in steps:
        if one.minutes:
            said.append(f"{leaves}前 {span(one.minutes)}以上{_rate(one.permyriad)}")
        else:
            when = f"不到 {span(above)}" if above else f"{leaves}前"
            said.append(f"{when}{_rate(one.permyriad)}")
        above = one.minutes
    return "，".join(said)


def _rate(permyriad: int) -> str:
    return f"收 {percent(permyriad)}" if permyriad else "不收"


def _after(permyriad: int | None, leaves: str) -> str:
    return f"{leaves}后不办" if permyriad is None else f"{leaves}后{_rate(permyriad)}"
