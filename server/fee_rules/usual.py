"""The rules that the house comes with: the first version of each mode, which has no document.

Trains: "退改说明" of 12306.cn (退票费 since 2013, free from eight days on; 改签费 by the table of 2025), without the
trains to Hong Kong. Planes: made up, for each airline has its own; a street writes what its agent goes by.
"""

from datetime import date

from schemas.fee_rules import FeeStep, FeeTable, Mode, NewFeeRules

_HOUR, _DAY = 60, 24 * 60
_ALWAYS = date(2000, 1, 1)


def _steps(*pairs: tuple[int, int]) -> list[FeeStep]:
    return [FeeStep(minutes=minutes, permyriad=permyriad) for minutes, permyriad in pairs]


_TRAIN = NewFeeRules(
    valid_from=_ALWAYS,
    tables=[
        FeeTable(
            name="所有席别",
            refund=_steps((8 * _DAY, 0), (2 * _DAY, 500), (_DAY, 1000), (0, 2000)),
            change=_steps((2 * _DAY, 0), (_DAY, 500), (0, 1500)),
            change_after=4000,
            change_same_day=0,
            late_change_permyriad=500,
        )
    ],
    minimum_fen=200,
    step_fen=50,
    difference="less_fee",
    source="12306.cn《退改说明》",
    note="不含广深港跨境列车和春运期间改签后的车票",
)
_PLANE = NewFeeRules(
    valid_from=_ALWAYS,
    tables=[
        FeeTable(
            name="头等舱、公务舱",
            seat_classes=["first", "business"],
            refund=_steps((7 * _DAY, 0), (2 * _DAY, 500), (4 * _HOUR, 1000), (0, 1500)),
            refund_after=2000,
            change=_steps((2 * _DAY, 0), (4 * _HOUR, 500), (0, 1000)),
            change_after=1500,
        ),
        FeeTable(
            name="超级经济舱",
            seat_classes=["premium"],
            refund=_steps((7 * _DAY, 500), (2 * _DAY, 1000), (4 * _HOUR, 2000), (0, 3000)),
            refund_after=4000,
            change=_steps((7 * _DAY, 0), (2 * _DAY, 500), (4 * _HOUR, 1500), (0, 2000)),
            change_after=3000,
        ),
        FeeTable(
            name="经济舱",
            refund=_steps((7 * _DAY, 1000), (2 * _DAY, 2000), (4 * _HOUR, 3000), (0, 4000)),
            refund_after=5000,
            change=_steps((7 * _DAY, 500), (2 * _DAY, 1000), (4 * _HOUR, 2000), (0, 3000)),
            change_after=4000,
        ),
    ],
    step_fen=100,
    difference="kept",
    source="示例数据",
    note="各航空公司规定不同，以代办员查到的为准",
)
USUAL: dict[Mode, NewFeeRules] = {"train": _TRAIN, "plane": _PLANE}
