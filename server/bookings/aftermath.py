"""What comes after a booking: it is rated, or complained about."""

from server import ratings
from server.complaints import Grounds
from server.kit.db import Tx
from server.kit.events import Event, on
from server.ratings import Dimensions

RATED = Dimensions(
    kind="booking",
    rated_in=frozenset({"done", "completed"}),
    names={"punctual": "准时", "attitude": "态度", "quality": "质量"},
    tags=("准时上门", "做得干净", "有礼貌", "价格清楚", "来晚了", "没做干净", "态度不好", "多收了钱"),
)

GROUNDS = Grounds(
    kind="booking",
    states=frozenset(
        {
            "submitted",
            "confirmed",
            "assigned",
            "en_route",
            "in_service",
            "done",
            "disputed",
            "completed",
            "rejected",
            "cancelled",
            "no_show",
        }
    ),
    reasons={
        "late": "迟到或没有来",
        "attitude": "态度不好",
        "quality": "做得不好",
        "charge": "乱收费",
        "damage": "损坏东西",
        "other": "其他",
    },
)


@on("booking.accept", "booking.settle")
async def ask_for_rating(tx: Tx, event: Event) -> None:
    """Once the work is done and nobody argues about it."""
    await ratings.ask(tx, event)
