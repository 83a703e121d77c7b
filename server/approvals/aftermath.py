"""What comes after an approval: it is rated by the national levels, in other respects when it was sent from the
mini-program than when somebody at the window or on the phone took it in, and a low rating is put right."""

from server import ratings
from server.kit.db import Tx
from server.kit.events import Event, on
from server.ratings import Dimensions, Respects

RATED = Dimensions(
    kind="approval",
    rated_in=frozenset({"granted", "denied", "delivered", "archived", "not_accepted"}),
    names={
        "once": "一次办好",
        "simple": "流程简便",
        "fast": "办得快",
        "guide": "指南清楚",
    },
    tags=(
        "一张表就填完",
        "不用跑腿",
        "进度看得见",
        "材料能重复用",
        "要的材料太多",
        "填写太麻烦",
        "办得太慢",
        "和指南说的不一样",
    ),
    by_staff=Respects(
        names={
            "attitude": "服务态度",
            "told_once": "一次告知",
            "waiting": "等候时间",
            "skill": "业务熟练",
        },
        tags=(
            "热情周到",
            "一次说清楚",
            "没有多跑",
            "办得快",
            "态度不好",
            "多跑了几趟",
            "等得太久",
            "推给别的部门",
        ),
    ),
    put_right=True,
)


@on("approval.grant", "approval.grant_now", "approval.deny", "approval.not_accept")
async def ask_for_rating(tx: Tx, event: Event) -> None:
    """As soon as it is decided, also against them."""
    await ratings.ask(tx, event)
