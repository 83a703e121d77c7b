"""Which card has which buttons, and what a tap on each of them does: the table that sending, tapping and tests read.

| card | sent when | buttons |
|---|---|---|
| `offer` | work is offered to a worker | 接单, 不接 with a reason |
| `visit` | work was given to a worker | 接单, 退单 with a reason |
| `answer` | a booking waits for the provider's answer | 确认接单 |
| `escalated` | the provider has not answered in time | 我来处理, 确认接单 |
| `trouble` | a dispute or an appeal waits for the street, or a step of an approval for somebody | 我来处理 |
| `late` | a promise runs out, or has run out | 我来处理 |
| `more_time` | somebody asks for more time | 同意, 不同意 with a reason |
| `unhappy` | a resident is not content | 我来回访 |
| `nobody` | nobody has taken the work | 再问一遍 |
| `ride_offer` | a ride is offered to a driver | 接单, 不接 |

Every card leads to its page beside these (看详情).
"""

from server.cards import doors, rides
from server.cards.kinds import Button, CardKind, Choice
from server.dispatch import REASONS

_WHY_NOT_OFFER = Choice("不接的原因", tuple(REASONS.items()))
_WHY_NOT_VISIT = Choice(
    "退单的原因", tuple((value, text) for value, text in REASONS.items() if value != "price")
)
_WHY_NO_MORE = Choice(
    "不同意的原因",
    (
        ("in_time", "请按原来的时限办完"),
        ("explain", "理由没有说清楚"),
        ("too_long", "延长得太久"),
        ("other_way", "请换一种办法解决"),
    ),
)
_CLAIM = Button("claim", "我来处理", "在处理")
_CONFIRM = Button("confirm", "确认接单", "确认接单")

OFFER = CardKind(
    "offer",
    doors.OFFER,
    (Button("take", "接单", "接单"), Button("decline", "不接", "回复不接", style=3, takes_choice=True)),
    _WHY_NOT_OFFER,
)
VISIT = CardKind(
    "visit",
    doors.MOVE,
    (Button("acknowledge", "接单", "接单"), Button("decline", "退单", "退单", style=3, takes_choice=True)),
    _WHY_NOT_VISIT,
)
ANSWER = CardKind("answer", doors.MOVE, (_CONFIRM,))
ESCALATED = CardKind("escalated", doors.MOVE, (_CLAIM, _CONFIRM))
TROUBLE = CardKind("trouble", doors.MOVE, (_CLAIM,))
LATE = CardKind("late", doors.MOVE, (_CLAIM,))
MORE_TIME = CardKind(
    "more_time",
    doors.EXTENSION,
    (
        Button("allow", "同意", "同意延长"),
        Button("refuse", "不同意", "不同意延长", style=3, takes_choice=True),
    ),
    _WHY_NO_MORE,
)
UNHAPPY = CardKind("unhappy", doors.MOVE, (Button("claim", "我来回访", "来回访"),))
NOBODY = CardKind("nobody", doors.ROUND, (Button("again", "再问一遍", "再问一遍"),))
RIDE_OFFER = CardKind(
    "ride_offer",
    rides.RIDE_OFFER,
    (Button("accept", "接单", "接单"), Button("decline", "不接", "回复不接", style=3)),
)

CARDS: dict[str, CardKind] = {
    one.name: one
    for one in (OFFER, VISIT, ANSWER, ESCALATED, TROUBLE, LATE, MORE_TIME, UNHAPPY, NOBODY, RIDE_OFFER)
}
